"""Journals arrive here: checked, applied exactly once, acknowledged after they are kept.

A body is sorted into rows, system rows, console lines and the rest. Rows go to the history, lines
to the console store, both idempotent by themselves; then the rest, the summary derived from the rows
and the new offset go to the record store in one transaction. A crash in between is healed by the
re-send.

A body of nothing but rows, system rows and lines changes no more than the offset and the derived
summary. Those two are written to the record store together a moment later (`flush_seconds`), for
many bodies at once; until then they lie in a note beside the rows, kept in the rows' own transaction.
So what was answered is kept: a server that is killed in between finds the note when it starts
(`recover`) or when the writer comes back, and goes on from there.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from runstone.journal.format import HEADER_BYTES
from runstone.journal.kinds import MetricDefinition, RunFields
from runstone.server.domain import ingest_writers
from runstone.server.domain.access import Access
from runstone.server.domain.batches import batch_of
from runstone.server.domain.console import Console
from runstone.server.domain.errors import (
    Conflict,
    MissingFile,
    RunstoneError,
    Unavailable,
)
from runstone.server.domain.feed import Feed
from runstone.server.domain.history import History
from runstone.server.domain.identity import Actor, Permission, RunKey
from runstone.server.domain.ingest_bodies import Sorted
from runstone.server.domain.ingest_keeping import Overtaken
from runstone.server.domain.ingest_opening import (
    OpenedWriters,
    from_first_record,
    refuse_damaged,
    refuse_offset,
)
from runstone.server.domain.ingest_records import Item
from runstone.server.domain.ingest_writers import Address, LiveWriter
from runstone.server.domain.journal_batches import Frames, frames_of
from runstone.server.domain.leases import Leases
from runstone.server.domain.places import PLACE_SECONDS
from runstone.server.domain.runs import Runs
from runstone.server.stores.history.contract import HistoryStore, RowBatch, SetKey
from runstone.server.stores.records import files as file_statements
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records import writers as statements
from runstone.server.stores.records.contract import Records

_TRIES = 4


@dataclass(frozen=True, slots=True)
class IngestAnswer:
    next_offset: int
    entity: str  # as decided: a journal may leave it to the key's default
    project: str
    run: str
    stop_requested: bool = False


class Body(NamedTuple):
    """A piece of a journal on its way in; the arguments of `Ingest.journal`."""

    actor: Actor
    entity: str
    project: str
    run_id: str
    writer: str
    offset: int
    data: bytes | memoryview


class Ingest(OpenedWriters):
    def __init__(
        self,
        records: Records,
        access: Access,
        runs: Runs,
        history: History,
        history_store: HistoryStore,
        console: Console,
        leases: Leases,
        feed: Feed,
        *,
        flush_seconds: float | None = None,
    ) -> None:
        """flush_seconds: see `KeptWriters`."""
        super().__init__(records, history_store, feed, access, runs, flush_seconds=flush_seconds)
        self._history = history
        self._console = console
        self._leases = leases

    def journal(
        self,
        actor: Actor,
        entity: str,
        project: str,
        run_id: str,
        writer: str,
        offset: int,
        body: bytes | memoryview,
    ) -> IngestAnswer:
        """Apply the records of `body`, the bytes of the journal from `offset` on (from 0 with its
        header, or from the first record). An empty body is a heartbeat. Bytes already applied are
        passed over. Raises OffsetMismatch where the offset lies ahead of what was applied (it
        carries the one wanted), Invalid for damaged records (the sound ones before it are applied
        and its offset is named), MissingFile for a record whose file has not arrived (those before
        it are applied).

        A sound record that breaks a rule (a config nested too deep, a file named `../x`) would be
        refused for ever and hold up all behind it: it is passed over, and the run remembers it
        under `wire.journal`, with an alert. So are kinds of records that a newer client writes.

        Order: rows into the history first, then everything else and the new offset in one
        transaction; each is idempotent by offset, so a crash in between is healed by the re-send.
        """
        self._access.check_signed_in(actor)
        if entity in ("", "-"):
            entity = actor.default_entity or actor.username
        address = Address(entity, project, run_id, writer)
        for _ in range(_TRIES):
            live = self._writers.get(address)
            if live is None or live.broken or time.monotonic() - live.checked_at > PLACE_SECONDS:
                live = self._load(actor, address, offset, body)
                if live is None:
                    return IngestAnswer(HEADER_BYTES, entity, project, run_id)
            self._access.check(actor, Permission.WRITE, live.place.entity_id)
            with live.lock:
                if live.broken:
                    continue
                try:
                    return self._take(actor, live, offset, body)
                except Overtaken:
                    continue  # another process takes this journal too: read anew where it stands
        raise Unavailable("Several servers take in this journal at once. Send it again in a moment.")

    def journals(self, bodies: Sequence[Body]) -> list[IngestAnswer | None]:
        """Pieces of many journals at once: the rows of all of them are kept in one transaction.

        None for each that brings more than rows, is not where its journal goes on, or has anything
        wrong with it: nothing was done with it, or what was done is harmless to repeat. `journal`
        takes those, one by one, and says what is wrong. Never raises for a single body's fault.
        """
        answers: list[IngestAnswer | None] = [None] * len(bodies)
        begun: list[tuple[int, LiveWriter, RowBatch, bytes | None]] = []
        try:
            for at, body in enumerate(bodies):
                live = self._at_hand(body)
                if live is None or not live.lock.acquire(blocking=False):
                    continue  # a writer's second body waits for its first
                batch = None
                try:
                    batch = self._only_rows(live, body)
                    if batch is not None:
                        begun.append((at, live, batch, self._folded(live, [batch], batch.end_offset)))
                finally:
                    if not begun or begun[-1][0] != at:
                        live.lock.release()
            try:
                self._history.append_many(
                    [(live.run, live.stream, batch, note) for _, live, batch, note in begun]
                )
            except BaseException as error:
                for _, live, _, _ in begun:
                    self._break(live)  # its summary says what the history may not hold
                if isinstance(error, RunstoneError):
                    return answers  # each will be told by itself
                raise
            for at, live, batch, note in begun:
                try:
                    answers[at] = self._kept(live, batch.end_offset, note)
                except (Overtaken, RunstoneError):
                    continue
        finally:
            for _, live, _, _ in begun:
                live.lock.release()
        return answers

    def _at_hand(self, body: Body) -> LiveWriter | None:
        """The writer's live state, where nothing need be read to trust it."""
        entity = body.entity
        if entity in ("", "-"):
            entity = body.actor.default_entity or body.actor.username
        live = self._writers.get(Address(entity, body.project, body.run_id, body.writer))
        if live is None or live.broken or time.monotonic() - live.checked_at > PLACE_SECONDS:
            return None
        if not self._access.allows(body.actor, Permission.WRITE, live.place.entity_id):
            return None
        return live

    def _only_rows(self, live: LiveWriter, body: Body) -> RowBatch | None:
        """The body as one batch of rows; None for one that is anything else."""
        if live.broken or body.offset != live.next_offset:
            return None
        try:
            frames = frames_of(body.data, offset=body.offset, wanted=body.offset)
            if frames.damage is not None or not frames.is_rows:
                return None
            prepared = Sorted(frames, live.pivot).batches()
        except RunstoneError:
            return None
        only = prepared[0] if len(prepared) == 1 else None
        return None if only is None or isinstance(only, Item) or only.end_offset != frames.end else only

    def _folded(self, live: LiveWriter, prepared: Sequence[RowBatch | Item], end: int) -> bytes | None:
        """Take the rows into the summary. Returns the note that goes with them into the history; None
        where the records are to be written before the answer."""
        try:
            _fold(live, prepared)
        except BaseException:
            self._break(live)
            raise
        live.came_since_end = live.came_since_end or any(not isinstance(one, Item) for one in prepared)
        return live.note(end) if self._flush_seconds and not self._is_late(live) else None

    def _kept(self, live: LiveWriter, end: int, note: bytes | None) -> IngestAnswer:
        """The history keeps the rows up to `end`, and the note: the offset moves on."""
        live.used_at = time.monotonic()
        try:
            if note is None:
                self._commit(live, end)
            else:
                live.noted = True
                live.next_offset = end
                self._flush_later(live)
        except BaseException:
            self._break(live)
            raise
        return self._answer(live)

    def _answer(self, live: LiveWriter) -> IngestAnswer:
        stop = self._leases.touch(live.run)
        place = live.place
        return IngestAnswer(live.next_offset, place.entity, place.project, place.run_id, stop)

    def next_offset(self, actor: Actor, entity: str, project: str, run_id: str, *, writer: str) -> int:
        """0 for a writer or a run never seen. All before it is kept, the derived summary too."""
        self._access.check_signed_in(actor)
        if entity in ("", "-"):
            entity = actor.default_entity or actor.username
        address = Address(entity, project, run_id, writer)
        live = self._writers.get(address)
        if live is not None:
            self._access.check(actor, Permission.WRITE, live.place.entity_id)
            self._flush([live], wait=True)
        with self._records.read() as conn:
            found = ingest_writers.find(conn, self._access, actor, address)
            fresh = None if found is None else ingest_writers.load(conn, *found)
        if fresh is None:
            return 0
        if fresh.catch_up(self._history_store.note(SetKey(fresh.run, "history"), fresh.stream)):
            with contextlib.suppress(Overtaken):
                self._commit(fresh, fresh.next_offset)
            with self._records.read() as conn:
                row = statements.writer(conn, fresh.run, fresh.writer)
            return 0 if row is None else int(row.next_offset)
        return fresh.kept_offset

    # -- one body

    def _take(self, actor: Actor, live: LiveWriter, offset: int, body: bytes | memoryview) -> IngestAnswer:
        live.used_at = time.monotonic()
        view, offset = from_first_record(body, offset, live.writer)
        if offset > live.next_offset:
            self._look_whether_overtaken(live)
            refuse_offset(live.next_offset, offset)
        if offset + len(view) > live.next_offset:
            frames = frames_of(view, offset=offset, wanted=live.next_offset)
            if frames.offsets:
                self._apply(actor, live, frames)
            if frames.damage is not None:
                refuse_damaged(frames)
        return self._answer(live)

    def _apply(self, actor: Actor, live: LiveWriter, frames: Frames) -> None:
        """Everything up to the first record that cannot be applied; then raise for that one."""
        sorted_ = Sorted(frames, live.pivot)
        missing = self._missing_file(live, sorted_.files)
        if missing is not None:
            sorted_.stop_at(missing[0], missing[1])
        prepared = sorted_.batches()
        # From here on only stores can fail. What they kept is idempotent by offset; the live state
        # is given up where they do not follow.
        if sorted_.fork is not None:
            self._fork(live, sorted_.fork)
        if sorted_.system:
            self._history.append(actor, live.run, live.stream, sorted_.system_rows(), space="system")
        if sorted_.lines:
            self._console.write(actor, live.run, live.writer, sorted_.lines, label=live.label)
        end = sorted_.end
        if end > live.next_offset:
            try:
                note = self._folded(live, prepared, end)
                if sorted_.items or sorted_.refused:
                    note = None
                batches = [one for one in prepared if not isinstance(one, Item)]
                if note is not None and not batches:
                    batches.append(batch_of([], end_offset=end))  # the note lies in the rows' stream
                for batch in batches:
                    self._history.append(actor, live.run, live.stream, batch, note=note)
                if note is None:
                    self._commit(live, end, sorted_.items, sorted_.refused)
                else:
                    live.noted = True
                    live.next_offset = end
                    self._flush_later(live)
            except BaseException:
                self._break(live)
                raise
        if sorted_.error is not None:
            raise sorted_.error

    def _missing_file(
        self, live: LiveWriter, files: Sequence[tuple[int, str]]
    ) -> tuple[int, MissingFile] | None:
        """The first file that a record names and the run has not: its record's offset, and the error."""
        if not files:
            return None
        names = {name for _, name in files}
        with self._records.read() as conn:
            rows = file_statements.find_files(conn, live.run, names=names, limit=len(names))
        there = {row.name for row in rows}
        for at, name in files:
            if name not in there:
                return at, MissingFile(
                    f"The record at offset {at} names file {name!r}, which run {live.place.run_id!r} lacks. "
                    "Send the file first, then the record again.",
                    name=name,
                    offset=at,
                )
        return None

    def _fork(self, live: LiveWriter, fields: RunFields) -> None:
        """The run goes on from another one's rows. Safe to repeat, so it comes before the records."""
        with self._records.read() as conn:
            parent = run_statements.key_of(conn, live.place.project_id, fields.fork_of or "")
        if parent is None:
            raise Conflict(
                f"Run {live.place.run_id!r} goes on from run {fields.fork_of!r}, which is not in project "
                f"{live.place.project!r} yet. Send that one first.",
                run=fields.fork_of,
            )
        last_step = fields.fork_step if fields.fork_step is not None else 2**63 - 1
        if parent == live.run:
            # It goes on from itself: what came later is hidden, also what an earlier try has kept.
            self._history_store.rewind(SetKey(live.run, "history"), last_step=last_step)
            return
        self._history_store.fork(
            SetKey(RunKey(parent), "history"), SetKey(live.run, "history"), last_step=last_step
        )


def _fold(live: LiveWriter, prepared: Sequence[RowBatch | Item]) -> None:
    """Rows into the derived summary, each by the definitions in front of it."""
    metrics: list[dict[str, Any]] = []
    for step in prepared:
        if isinstance(step, Item):
            if isinstance(step.value, MetricDefinition):
                metrics.append(msgspec.to_builtins(step.value))
            continue
        if metrics:
            live.define(metrics)
            metrics = []
        live.deriver.fold(step, label=live.label)
    if metrics:
        live.define(metrics)
