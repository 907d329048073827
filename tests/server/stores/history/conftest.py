"""Stores that merge at once, whole or in tiny parts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runstone.server.stores.history.sql import buckets, maintenance, segments


@pytest.fixture
def eager() -> Iterator[None]:
    """Every log is merged by the next `maintain`, however short it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maintenance, "IDLE_MERGE_SECONDS", -1.0)
        yield


@pytest.fixture
def tiny(eager: None) -> Iterator[None]:
    """Packs of 24 values, segments of 16 points, 8 cells: what takes millions of points elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "PACK_VALUES", 24)
        patch.setattr(buckets, "MOVE_POINTS", 10)
        patch.setattr(buckets, "SEAL_POINTS", 4)
        patch.setattr(segments, "POINTS_MAX", 16)
        patch.setattr(segments, "CELLS_MAX", 8)
        yield
