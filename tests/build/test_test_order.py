from __future__ import annotations

from pathlib import Path

from tests.support.order import LONGEST


def test_each_file_that_is_to_begin_early_is_there() -> None:
    root = Path(__file__).parents[2]
    assert [name for name in LONGEST if not (root / name).is_file()] == []
