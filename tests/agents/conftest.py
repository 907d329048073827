"""Sweeps in directories of their own, and a clock that tests turn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runstone.agents.folder import FolderSweep, create_folder

GRID: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"a": {"values": [1, 2, 3]}, "b": {"values": [10, 20]}},
}


class Clock:
    """A monotonic clock of one host."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., FolderSweep]:
    def made(**config: Any) -> FolderSweep:
        return create_folder({**GRID, **config}, tmp_path / "sweep")

    return made
