"""The history store on a SQL database: see the contract for what callers may rely on."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from runstone.server.domain.errors import Unavailable
from runstone.server.domain.identity import RunKey
from runstone.server.stores.blobs.contract import BlobStore
from runstone.server.stores.history.contract import (
    STEP,
    Buckets,
    KeyInfo,
    KeyKind,
    Points,
    Row,
    RowBatch,
    SetInfo,
    SetKey,
    Window,
)
from runstone.server.stores.history.sql import (
    append,
    branches,
    charts,
    codec,
    copying,
    intake,
    listing,
    rows,
    schema,
)
from runstone.server.stores.history.sql.append import Append, bytes_text, text_bytes
from runstone.server.stores.history.sql.catalog import PlaceCache
from runstone.server.stores.history.sql.codec import KIND_NUMBERS
from runstone.server.stores.history.sql.database import Database, Tx
from runstone.server.stores.history.sql.export import record_batches
from runstone.server.stores.history.sql.maintenance import Maintenance
from runstone.server.stores.history.sql.writer import Writer

log = logging.getLogger(__name__)


class SqlHistory:
    """SQLite in a file of its own, or PostgreSQL; the same statements on both."""

    def __init__(self, url: str, *, blobs: BlobStore | None = None) -> None:
        self._database = Database(url)
        schema.create(self._database)
        codec.warm()
        self._cache = PlaceCache()
        self._intake = intake.open_intake(self._database)
        self._writer: Writer[Append] = Writer(
            self._database, append.write_group, lambda item: item.size + 256, self._intake
        )
        self._behind = False  # what is appended could not be brought into the database
        self._maintenance = Maintenance(self._database, self._writer, self._cache)
        self._blobs = blobs

    # -- writing

    def append(self, where: SetKey, stream: str, batch: RowBatch, *, note: bytes | None = None) -> int:
        return int(self._writer.add(append.prepare(where, stream, batch, note)))

    def append_many(self, batches: Sequence[tuple[SetKey, str, RowBatch, bytes | None]]) -> list[int]:
        return self._writer.add_many([append.prepare(*one) for one in batches])

    def settle(self, run: RunKey | None = None) -> None:
        self._writer.settle(None if run is None else [SetKey(run, space) for space in branches.SPACES])

    def _read(self, wheres: Sequence[SetKey] | None = None) -> AbstractContextManager[Tx]:
        """A view of all that was appended to these sets. While the disk is full, say, of all but the last
        moment's."""
        if self._intake is not None and self._intake.pending():
            self._try_to_settle(None if wheres is None or self._stand_on_others(wheres) else wheres)
        return self._database.read()

    def _stand_on_others(self, wheres: Sequence[SetKey]) -> bool:
        with self._database.read() as tx:
            return branches.stand_on_others(tx, wheres)

    def _try_to_settle(self, part: Sequence[SetKey] | None = None) -> None:
        try:
            self._writer.settle(part)
            self._behind = False
        except Unavailable as error:
            if not self._behind:  # told once, not at each look
                log.warning("the newest rows do not show until there is room: %s", error.message)
            self._behind = True

    def next_offset(self, where: SetKey, stream: str) -> int:
        return self.next_offsets([where], stream)[0]

    def note(self, where: SetKey, stream: str) -> bytes | None:
        if self._intake is not None:
            waiting = self._intake.note(where, text_bytes(stream))
            if waiting is not None:
                return waiting
        with self._database.read() as tx:
            row = tx.one(
                "SELECT t.note FROM hist_set s JOIN hist_stream t ON t.branch = s.branch "
                "WHERE s.run = ? AND s.space = ? AND t.stream = ?",
                (*branches.set_row(where), text_bytes(stream)),
            )
        return bytes(row[0]) if row and row[0] is not None else None

    def notes(self) -> list[tuple[SetKey, str, bytes]]:
        with self._read() as tx:
            rows = tx.all(
                "SELECT s.run, s.space, t.stream, t.note FROM hist_stream t "
                "JOIN hist_branch b ON b.id = t.branch "
                "JOIN hist_set s ON s.run = b.run AND s.space = b.space AND s.branch = b.id "
                "WHERE t.note IS NOT NULL"
            )
        spaces = {number: space for space, number in branches.SPACES.items()}
        return [
            (SetKey(RunKey(run), spaces[space]), bytes_text(stream), bytes(note))
            for run, space, stream, note in rows
        ]

    def forget_notes(self, streams: Sequence[tuple[SetKey, str, int]]) -> None:
        gone = [(*branches.set_row(where), text_bytes(stream), offset) for where, stream, offset in streams]
        if gone:
            self._writer.run(
                lambda tx: tx.run_many(
                    "UPDATE hist_stream SET note = NULL WHERE branch = "
                    "(SELECT branch FROM hist_set WHERE run = ? AND space = ?) AND stream = ? "
                    "AND next_offset <= ?",
                    gone,
                )
            )

    # -- reading

    def info(self, where: SetKey) -> SetInfo:
        with self._read([where]) as tx:
            return listing.info(tx, where)

    def infos(self, wheres: Sequence[SetKey]) -> list[SetInfo]:
        with self._read(wheres) as tx:
            return listing.infos(tx, wheres)

    def next_offsets(self, wheres: Sequence[SetKey], stream: str) -> list[int]:
        waiting = [0] * len(wheres)
        if self._intake is not None:  # looked at first: what waits goes to the database, never back
            waiting = [self._intake.offset(where, text_bytes(stream)) for where in wheres]
        with self._database.read() as tx:
            return list(map(max, waiting, listing.next_offsets(tx, wheres, stream)))

    def versions(self, wheres: Sequence[SetKey]) -> list[int]:
        with self._read(wheres) as tx:
            chains = branches.chains(tx, wheres)
        return [sum(branch.version for branch in chains.get(where, ())) for where in wheres]

    def keys(
        self,
        where: SetKey,
        *,
        search: str = "",
        after: str = "",
        limit: int = 1000,
        kind: KeyKind | None = None,
    ) -> list[KeyInfo]:
        with self._read([where]) as tx:
            return listing.keys(tx, where, search=search, after=after, limit=limit, kind=kind)

    def key_infos(self, where: SetKey, names: Sequence[str]) -> dict[str, KeyInfo]:
        with self._read([where]) as tx:
            return listing.key_infos(tx, where, names)

    def label_keys(self, wanted: Sequence[tuple[SetKey, str]]) -> list[list[str]]:
        with self._read([where for where, _ in wanted]) as tx:
            return listing.label_keys(tx, wanted)

    def buckets(self, wanted: Sequence[tuple[SetKey, str]], *, x: str, window: Window) -> list[Buckets]:
        with self._read([where for where, _ in wanted]) as tx:
            return charts.buckets(tx, wanted, x=x, window=window)

    def points(
        self, where: SetKey, key: str, *, x: str = STEP, lo: float | None = None, hi: float | None = None
    ) -> Points:
        with self._read([where]) as tx:
            return charts.points(tx, where, key, x=x, lo=lo, hi=hi)

    def rows(
        self,
        where: SetKey,
        *,
        keys: Sequence[str] | None = None,
        min_step: int | None = None,
        max_step: int | None = None,
        limit: int = 1000,
        require_all: bool = False,
    ) -> list[Row]:
        with self._read([where]) as tx:
            return rows.rows(
                tx,
                where,
                keys=keys,
                min_step=min_step,
                max_step=max_step,
                limit=limit,
                require_all=require_all,
            )

    def sample(
        self,
        where: SetKey,
        *,
        keys: Sequence[str] | None,
        samples: int,
        min_step: int | None = None,
        max_step: int | None = None,
        require_all: bool = False,
    ) -> list[Row]:
        with self._read([where]) as tx:
            return rows.sample(
                tx,
                where,
                keys=keys,
                samples=samples,
                min_step=min_step,
                max_step=max_step,
                require_all=require_all,
            )

    def tail(self, where: SetKey, n: int) -> list[Row]:
        with self._read([where]) as tx:
            return rows.tail(tx, where, n)

    def export(self, where: SetKey, *, keys: Sequence[str] | None = None) -> Iterator[Any]:
        return record_batches(lambda: self._read([where]), where, keys=keys)

    # -- branches

    def fork(self, parent: SetKey, child: SetKey, *, last_step: int) -> None:
        if not self._writer.run(lambda tx: branches.fork(tx, parent, child, last_step=last_step)):
            copy = self._copy(parent, child, last_step)
            if copy is not None:
                self._writer.run(lambda tx: copying.give_to_fork(tx, copy, child, last_step=last_step))

    def rewind(self, where: SetKey, *, last_step: int) -> int:
        if not self._writer.run(lambda tx: branches.rewind(tx, where, last_step=last_step)):
            copy = self._copy(where, where, last_step)
            self._writer.run(lambda tx: copying.give_to_set(tx, copy, where))
        return self.info(where).rows

    def _copy(self, source: SetKey, target: SetKey, last_step: int) -> int | None:
        return copying.copy_chain(
            self._database, self._writer, self._maintenance.merge, source, target, last_step=last_step
        )

    def delete(self, run: RunKey) -> None:
        self._writer.run(lambda tx: branches.forget(tx, run))

    # -- keys of a project

    def note_keys(self, group: int, keys: Mapping[str, KeyKind]) -> None:
        noted = [(int(group), text_bytes(key), KIND_NUMBERS[kind]) for key, kind in keys.items()]
        self._writer.run(
            lambda tx: tx.run_many(
                "INSERT INTO hist_group_key (grp, key, kind) VALUES (?,?,?) ON CONFLICT DO NOTHING", noted
            ),
            settled=False,
        )

    def group_keys(
        self, group: int, *, search: str = "", after: str = "", limit: int = 200
    ) -> list[tuple[str, KeyKind]]:
        with self._database.read() as tx:
            contains = "position(? in key) > 0" if tx.dialect == "postgresql" else "instr(key, ?) > 0"
            names = tx.all(
                "SELECT DISTINCT key FROM hist_group_key WHERE grp = ? AND key > ?"
                + (f" AND {contains}" if search else "")
                + " ORDER BY key LIMIT ?",
                (int(group), text_bytes(after), *((text_bytes(search),) if search else ()), limit),
            )
            kinds: dict[bytes, set[int]] = {}
            for key, kind in tx.all_in(
                f"SELECT key, kind FROM hist_group_key WHERE grp = {int(group)} "
                "AND key IN (VALUES {values})",
                [(bytes(row[0]),) for row in names],
            ):
                kinds.setdefault(bytes(key), set()).add(kind)
        return [(bytes_text(key), listing.kind_of(kinds[key])) for key in sorted(kinds)]

    # -- background work

    def seal(self, where: SetKey) -> None:
        with self._read([where]) as tx:
            chain = branches.chains(tx, [where]).get(where)
        if chain and not chain[-1].sealed:
            self._maintenance.seal(chain[-1].id)

    def maintain(self, *, seconds: float) -> bool:
        self._try_to_settle()
        return self._maintenance.run(seconds)

    def bytes_used(self) -> int:
        return self._database.bytes_used()

    def close(self) -> None:
        self._writer.close()
        self._try_to_settle()  # else it lies in the intake's file until the next start
        if self._intake is not None:
            self._intake.close()
        self._database.close()
