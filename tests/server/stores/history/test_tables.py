"""Tables of merged rows hold each key's points in one place, however they arrived."""

from __future__ import annotations

import numpy as np

from runstone.server.stores.history.sql.codec import NUMBER
from runstone.server.stores.history.sql.tables import Group, Table, merge


def test_one_frame_of_several_batches_becomes_one_series() -> None:
    """A log frame may take in several batches of the same keys, each in rows of its own."""
    steps = np.arange(300, dtype=np.int64)
    slots = np.array([2, 3], np.int64)
    groups = [
        Group(NUMBER, slots, rows, np.vstack([rows * 0.5, rows * 2.0]))
        for rows in np.array_split(steps, [128, 256])
    ]
    whole = Group(NUMBER, np.array([0], np.int64), None, steps.reshape(1, -1) * 1.0)
    merged = merge([Table(steps, [whole, *groups])])
    found = merged.series(3)
    assert found is not None
    assert found[1].tolist() == steps.tolist()
    assert found[2].tolist() == (steps * 2.0).tolist()
