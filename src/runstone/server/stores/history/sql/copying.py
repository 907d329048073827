"""A chain of branches that grew too long is copied into one branch of its own.

The copy is made beside everything else, stretch by stretch, and only then given to whoever asked
for it, in one transaction. A copy that was left half made is cleared a day later.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from runstone.server.stores.history.blocks import Block, BlockColumns, by_kind
from runstone.server.stores.history.contract import RUNTIME, TIMESTAMP, RowBatch, SetKey
from runstone.server.stores.history.sql import append, branches
from runstone.server.stores.history.sql.charts import values_at
from runstone.server.stores.history.sql.database import Database, Tx
from runstone.server.stores.history.sql.pieces import settled_values
from runstone.server.stores.history.sql.reading import STEP_HIGHEST, STEP_LOWEST, Reader
from runstone.server.stores.history.sql.rows import all_pieces, first_steps
from runstone.server.stores.history.sql.writer import Writer

COPY_ROWS = 2048
ABANDONED_SECONDS = 86_400.0
BEING_MADE = -1  # in hist_branch.dead: nobody's yet


def copy_chain(
    database: Database,
    writer: Writer[Any],
    merge: Callable[[int], bool],
    source: SetKey,
    target: SetKey,
    *,
    last_step: int,
) -> int | None:
    """A new branch with what `source` shows up to `last_step`; None where that is nothing."""

    def begin(tx: Tx) -> int:
        version = sum(b.version for b in branches.chains(tx, [source]).get(source, [])) + 1
        made = branches.make(tx, target, version=version)
        tx.run("UPDATE hist_branch SET dead = ? WHERE id = ?", (BEING_MADE, made))
        return made

    copy: int | None = None
    lo = STEP_LOWEST
    while True:
        with database.read() as tx:
            batch = _stretch(Reader(tx, [source]), source, lo, last_step)
        if batch is None:
            break
        if copy is None:
            copy = writer.run(begin, settled=False)
        item = append.prepare(target, "copy", batch)
        due = writer.run(
            lambda tx, item=item, copy=copy: append.write_to(tx, copy, item),  # type: ignore[misc]
            settled=False,
        )
        while due:
            due = merge(copy)
        lo = int(batch.steps[-1]) + 1
    if copy is not None:
        while merge(copy):
            pass
    return copy


def _stretch(reader: Reader, where: SetKey, lo: int, hi: int) -> RowBatch | None:
    chain = reader.chains.get(where)
    if not chain or lo > hi:
        return None
    steps = first_steps(reader, chain, lo, min(hi, STEP_HIGHEST), COPY_ROWS)
    if not len(steps):
        return None
    first, last = int(steps[0]), int(steps[-1])
    blocks = []
    for key, pieces in all_pieces(reader, chain, first, last).items():
        of_steps, values = settled_values(pieces)
        at = np.searchsorted(steps, of_steps).astype(np.int64)
        for kind, positions, kept in by_kind(values):
            matrix = kept.reshape(1, -1) if isinstance(kept, np.ndarray) else [kept]
            blocks.append(Block(kind, [key], at[positions], matrix))
    return RowBatch(
        np.arange(len(steps), dtype=np.int64),
        len(steps),
        steps,
        values_at(steps, *reader.numbers(chain, TIMESTAMP, first, last)),
        values_at(steps, *reader.numbers(chain, RUNTIME, first, last)),
        BlockColumns(blocks, len(steps)),
    )


def give_to_fork(tx: Tx, copy: int, child: SetKey, *, last_step: int) -> None:
    head = branches.ensure(tx, child)
    tx.run("UPDATE hist_branch SET dead = 0 WHERE id = ?", (copy,))
    tx.run(
        "UPDATE hist_branch SET parent = ?, fork_step = ?, depth = 1, version = version + 1 WHERE id = ?",
        (copy, last_step, head),
    )


def give_to_set(tx: Tx, copy: int | None, where: SetKey) -> None:
    """The set goes on from the copy; the branches it stood on stay, as earlier epochs, until the
    run is deleted."""
    branches.ensure(tx, where)
    if copy is None:
        copy = branches.make(tx, where)
    tx.run("UPDATE hist_branch SET dead = 0 WHERE id = ?", (copy,))
    branches.point_at(tx, where, copy)


def abandoned(tx: Tx) -> bool:
    """Whether a copy was left half made."""
    return tx.one("SELECT 1 FROM hist_branch WHERE dead = ? AND id < ? LIMIT 1", _left_behind()) is not None


def clear_abandoned(tx: Tx) -> None:
    tx.run("UPDATE hist_branch SET dead = 1 WHERE dead = ? AND id < ?", _left_behind())


def _left_behind() -> tuple[int, int]:
    return BEING_MADE, branches.id_at(time.time() - ABANDONED_SECONDS)
