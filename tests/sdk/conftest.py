from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import runstone
from runstone.sdk import hooks, module

QUIET = {
    "console": "off",
    "system": False,
    "git": False,
    "packages": False,
    "environment": False,
    "silent": True,
}


@pytest.fixture(autouse=True)
def no_run_of_another_test() -> None:
    module.set_current(None)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., runstone.Run]]:
    """Begin runs that are offline, capture nothing and lie in tmp_path; all are finished at the end."""

    def begin(**given: Any) -> runstone.Run:
        settings = {**QUIET, **given.pop("settings", {})}
        given = {"project": "tests", "mode": "offline", "dir": str(tmp_path), "reinit": "create_new", **given}
        return runstone.init(settings=runstone.Settings(**settings), **given)

    yield begin
    for run in hooks.live_runs():
        run.finish()


@pytest.fixture
def run(start: Callable[..., runstone.Run]) -> runstone.Run:
    return start()
