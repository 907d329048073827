"""The shared rig: no test reads or writes the home of whoever runs it, nor reaches their servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from tests.support.order import longest_first
from tests.support.server import RunningServer, running_server

# A shared machine of two cores may stop a test for seconds: how long an example took says nothing.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)


_FOREIGN = ("RUNSTONE_", "WANDB_", "SLURM_", "OMPI_")


@pytest.fixture(autouse=True)
def isolated_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A local home and a netrc of this test's own; nothing configured. An uplink that a run of the
    test started there does not outlive it."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN) or name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
            monkeypatch.delenv(name)
    root = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("RUNSTONE_DATA", str(root / "runstone"))
    monkeypatch.setenv("NETRC", str(root / "netrc"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(root / "wandb-config"))
    monkeypatch.setenv("WANDB_CACHE_DIR", str(root / "wandb-cache"))
    yield root / "runstone"
    if (root / "runstone" / "uplink").is_dir():
        from tests.support.written_runs import end_uplinks

        end_uplinks(root / "runstone")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """A fresh server for one test."""
    with running_server(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for the tests of a module that each keep to a project of their own."""
    with running_server(tmp_path_factory.mktemp("shared")) as running:
        yield running
