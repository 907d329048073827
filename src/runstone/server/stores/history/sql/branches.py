"""Sets and the branches they stand on: a set reads a chain of branches, each up to where the next
one left it. Forking and rewinding only add a branch; nothing is copied until the chain is long."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from runstone.server.domain.errors import Conflict
from runstone.server.domain.identity import RunKey
from runstone.server.stores.history.contract import SetKey, Space
from runstone.server.stores.history.sql.database import Tx

DEPTH_MAX = 16
SPACES: dict[Space, int] = {"history": 0, "system": 1}
_EPOCH_MS = 1_767_225_600_000  # 2026-01-01: 41 bits of milliseconds and 22 of chance fill 63


def new_id() -> int:
    """Rises with time; no two processes draw the same."""
    return id_at(time.time()) | secrets.randbits(22)


def id_at(seconds: float) -> int:
    """Ids drawn before that time are lower."""
    return max(int(seconds * 1000) - _EPOCH_MS, 0) << 22


@dataclass(slots=True)
class Branch:
    """One branch as read. `limit`: the highest step that shows through it; None is all."""

    id: int
    parent: int | None
    fork_step: int | None
    depth: int
    version: int
    next_seq: int
    merge_gen: int
    merged_rows: int
    merged_last: int | None
    first_step: int | None
    last_step: int | None
    first_ts: float | None
    last_ts: float | None
    log_batches: int
    log_rows: int
    log_bytes: int
    log_since: float
    log_rising: int
    sealed: int
    limit: int | None = None

    def all_shows(self) -> bool:
        return self.limit is None or self.last_step is None or self.last_step <= self.limit


COLUMNS = (
    "id, parent, fork_step, depth, version, next_seq, merge_gen, merged_rows, merged_last, first_step, "
    "last_step, first_ts, last_ts, log_batches, log_rows, log_bytes, log_since, log_rising, sealed"
)
Chain = list[Branch]  # the oldest first, the one that is written to last


def set_row(where: SetKey) -> tuple[int, int]:
    return int(where.run), SPACES[where.space]


def chains(tx: Tx, wheres: Iterable[SetKey]) -> dict[SetKey, Chain]:
    """The chain of each set that exists."""
    wanted = {set_row(where): where for where in wheres}
    runs = sorted({(run,) for run, _ in wanted})
    heads = tx.all_in(
        "SELECT run, space, branch FROM hist_set WHERE run IN (VALUES {values})"
        if len(runs) > 1
        else "SELECT run, space, branch FROM hist_set WHERE run IN {values}",
        runs,
    )
    of_set = {wanted[row[0], row[1]]: int(row[2]) for row in heads if (row[0], row[1]) in wanted}
    found = by_id(tx, of_set.values())
    return {where: _chain(found, head) for where, head in of_set.items() if head in found}


def stand_on_others(tx: Tx, wheres: Iterable[SetKey]) -> bool:
    """Whether any of the sets reads branches that it does not write to: another run's, after a fork."""
    return bool(
        tx.all_in(
            "SELECT 1 FROM hist_set s JOIN hist_branch b ON b.id = s.branch "
            "WHERE (s.run, s.space) IN (VALUES {values}) AND b.parent IS NOT NULL LIMIT 1",
            [set_row(where) for where in wheres],
        )
    )


def by_id(tx: Tx, ids: Iterable[int]) -> dict[int, Branch]:
    """Those branches and all they stand on."""
    found: dict[int, Branch] = {}
    missing = set(ids)
    while missing:
        rows = []
        batch = sorted(missing)
        if len(batch) == 1:
            rows = tx.all(f"SELECT {COLUMNS} FROM hist_branch WHERE id = ?", batch)
        else:
            rows = tx.all_in(
                f"SELECT {COLUMNS} FROM hist_branch WHERE id IN (VALUES {{values}})", [(i,) for i in batch]
            )
        for row in rows:
            found[row[0]] = Branch(*row)
        missing = {b.parent for b in found.values() if b.parent is not None} - set(found)
        if not rows:
            break
    return found


def _chain(found: dict[int, Branch], head: int) -> Chain:
    chain: Chain = []
    at: int | None = head
    limit: int | None = None
    while at is not None and at in found:
        branch = found[at]
        # A copy: one branch may show through several sets, each up to its own step.
        chain.append(_limited(branch, limit))
        if branch.fork_step is not None:
            limit = branch.fork_step if limit is None else min(limit, branch.fork_step)
        at = branch.parent
    chain.reverse()
    return chain


def _limited(branch: Branch, limit: int | None) -> Branch:
    if limit is None:
        return branch
    return replace(branch, limit=limit)


def make(
    tx: Tx,
    where: SetKey,
    *,
    parent: Branch | None = None,
    fork_step: int | None = None,
    version: int = 1,
) -> int:
    """A new, empty branch, not yet anybody's."""
    run, space = set_row(where)
    branch = new_id()
    tx.run(
        "INSERT INTO hist_branch (id, run, space, parent, fork_step, depth, version) VALUES (?,?,?,?,?,?,?)",
        (
            branch,
            run,
            space,
            parent.id if parent else None,
            fork_step,
            parent.depth + 1 if parent else 0,
            version,
        ),
    )
    return branch


def point_at(tx: Tx, where: SetKey, branch: int) -> None:
    run, space = set_row(where)
    tx.run(
        "INSERT INTO hist_set (run, space, branch) VALUES (?,?,?) "
        "ON CONFLICT (run, space) DO UPDATE SET branch = excluded.branch",
        (run, space, branch),
    )


def ensure(tx: Tx, where: SetKey) -> int:
    """The branch the set stands on, locked until the commit; made if the set is new."""
    run, space = set_row(where)
    for _ in range(2):
        row = tx.one(f"SELECT branch FROM hist_set WHERE run = ? AND space = ?{tx.lock}", (run, space))
        if row is not None:
            return int(row[0])
        branch = make(tx, where)
        if tx.run(
            "INSERT INTO hist_set (run, space, branch) VALUES (?,?,?) ON CONFLICT DO NOTHING",
            (run, space, branch),
        ):
            return branch
        tx.run("DELETE FROM hist_branch WHERE id = ?", (branch,))  # another process was first
    raise Conflict("The history of this run is being made by somebody else. Try again.", run=run)


def fork(tx: Tx, parent: SetKey, child: SetKey, *, last_step: int) -> bool:
    """Let the child's branch read the parent's. False: the chain is too long, copy it instead."""
    child_branch = ensure(tx, child)
    own = by_id(tx, [child_branch])[child_branch]
    chain = chains(tx, [parent]).get(parent)
    if not chain:
        return True  # nothing to read
    source = chain[-1]
    if own.parent is not None:
        if own.parent == source.id and own.fork_step == last_step:
            return True
        raise Conflict(
            f"This run's history already continues another's up to step {own.fork_step}. "
            "A run can be forked once; make a new run.",
            fork_step=own.fork_step,
        )
    if any(link.id == child_branch for link in chain):
        raise Conflict("A run's history cannot continue itself. Use rewind.")
    if source.depth + 1 > DEPTH_MAX:
        return False
    tx.run(
        "UPDATE hist_branch SET parent = ?, fork_step = ?, depth = ?, version = version + 1 WHERE id = ?",
        (source.id, last_step, source.depth + 1, child_branch),
    )
    # Branches that stand on the child are one further from the root now.
    _deepen(tx, child_branch, source.depth + 1)
    return True


def _deepen(tx: Tx, branch: int, depth: int) -> None:
    for (child,) in tx.all("SELECT id FROM hist_branch WHERE parent = ?", (branch,)):
        tx.run("UPDATE hist_branch SET depth = ? WHERE id = ?", (depth + 1, child))
        _deepen(tx, int(child), depth + 1)


def rewind(tx: Tx, where: SetKey, *, last_step: int) -> bool:
    """Go on from a new branch that reads the old one up to `last_step`. False: copy instead."""
    head = ensure(tx, where)
    old = by_id(tx, [head])[head]
    if old.depth + 1 > DEPTH_MAX:
        return False
    point_at(tx, where, make(tx, where, parent=old, fork_step=last_step))
    return True


def forget(tx: Tx, run: RunKey) -> None:
    """Take the run's sets away; `reap` clears what nobody reads any more."""
    heads = [
        int(row[0]) for row in tx.all(f"SELECT branch FROM hist_set WHERE run = ?{tx.lock}", (int(run),))
    ]
    tx.run("DELETE FROM hist_set WHERE run = ?", (int(run),))
    # Earlier epochs too: those a copy took the place of hang on no other branch.
    tips = tx.all(
        "SELECT id FROM hist_branch b WHERE run = ? AND dead = 0 AND NOT EXISTS "
        "(SELECT 1 FROM hist_branch c WHERE c.parent = b.id)",
        (int(run),),
    )
    for head in dict.fromkeys([*heads, *(int(row[0]) for row in tips)]):
        mark_unread(tx, head)


def mark_unread(tx: Tx, branch: int | None) -> None:
    """Mark the branch dead, and those it stood on, as far as no set and no live branch reads them."""
    while branch is not None:
        read = tx.one("SELECT 1 FROM hist_set WHERE branch = ?", (branch,)) or tx.one(
            "SELECT 1 FROM hist_branch WHERE parent = ? AND dead = 0", (branch,)
        )
        if read:
            return
        row = tx.one("SELECT parent FROM hist_branch WHERE id = ?", (branch,))
        tx.run("UPDATE hist_branch SET dead = 1, due = 0 WHERE id = ?", (branch,))
        branch = row[0] if row else None


_REAPED: Sequence[tuple[str, str]] = (
    ("hist_log", "seq"),
    ("hist_pack", "bucket, seq"),
    ("hist_seg", "sid, lvl, step_lo"),
    ("hist_bucket", "bucket"),
    ("hist_key", "key, kind"),
    ("hist_stream", "stream"),
)


def reap(tx: Tx, *, rows_max: int) -> bool:
    """Remove some rows of a dead branch. True: there may be more."""
    dead = tx.one("SELECT id FROM hist_branch WHERE dead > 0 ORDER BY id LIMIT 1")
    if dead is None:
        return False
    (branch,) = dead
    left = rows_max
    for table, key in _REAPED:
        # The subquery keeps one transaction short: a long run has thousands of blobs.
        done = tx.run(
            f"DELETE FROM {table} WHERE branch = ? AND ({key}) IN "
            f"(SELECT {key} FROM {table} WHERE branch = ? LIMIT ?)",
            (branch, branch, left),
        )
        left -= max(done, 0)
        if left <= 0:
            return True
    tx.run("DELETE FROM hist_branch WHERE id = ?", (branch,))
    return True
