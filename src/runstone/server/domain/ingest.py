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
import logging
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

import msgspec
from sqlalchemy import Connection

from runstone.journal.format import HEADER_BYTES
from runstone.journal.kinds import End, MetricDefinition, RunFields
from runstone.server.domain import ingest_writers
from runstone.server.domain.access import Access
from runstone.server.domain.console import Console
from runstone.server.domain.errors import (
    Conflict,
    Invalid,
    MissingFile,
    NotFound,
    OffsetMismatch,
    RunstoneError,
    Unavailable,
)
from runstone.server.domain.feed import Feed
from runstone.server.domain.history import History, batch_of
from runstone.server.domain.identity import Actor, Permission, RunKey
from runstone.server.domain.ingest_bodies import Sorted
from runstone.server.domain.ingest_records import Item, Outcome, Refused, Work, WriterFields, end_state
from runstone.server.domain.ingest_writers import STREAM_PREFIX, Address, LiveWriter
from runstone.server.domain.journal_batches import Frames, decode, frames_of, skip_header
from runstone.server.domain.leases import Leases
from runstone.server.domain.places import PLACE_SECONDS
from runstone.server.domain.runs import ENDED, Runs
from runstone.server.domain.summary import encode_stats
from runstone.server.stores.history.contract import HistoryStore, RowBatch, SetKey
from runstone.server.stores.records import files as file_statements
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records import writers as statements
from runstone.server.stores.records.contract import Records

log = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0
_WRITERS_MAX = 20_000
_IDLE_SECONDS = 600.0
_FLUSH_COST_FACTOR = 50  # what takes long to write, a large summary or many of them, is written less often
_FLUSH_WAIT_MAX_SECONDS = 15.0
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


class Ingest:
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
        """flush_seconds: how long the offset and derived summary of bodies of rows may wait to be
        written, 0 for never. By default a second; with PostgreSQL, where other replicas may
        take the next body, 0."""
        self._records = records
        self._access = access
        self._runs = runs
        self._history = history
        self._history_store = history_store
        self._console = console
        self._leases = leases
        self._feed = feed
        if flush_seconds is None:
            flush_seconds = 0.0 if records.dialect == "postgresql" else FLUSH_SECONDS
        self._flush_seconds = flush_seconds
        self._writers: dict[Address, LiveWriter] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._flusher: threading.Thread | None = None

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
                except _Overtaken:
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
                except (_Overtaken, RunstoneError):
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

    def recover(self) -> None:
        """Write what a server that was killed had answered and not written to the records. Called
        once, before the first request."""
        done: list[tuple[SetKey, str, int]] = []
        for where, stream, note in self._history_store.notes():
            done.append((where, stream, 2**63 - 1))
            try:
                with self._records.read() as conn:
                    place = statements.place(conn, where.run)
                    row = statements.writer(conn, where.run, stream.removeprefix(STREAM_PREFIX))
                    if place is None or row is None:
                        continue
                    live = ingest_writers.load(conn, place, row)
                if live.catch_up(note):
                    self._commit(live, live.next_offset)
            except _Overtaken:
                continue  # another process wrote it
            except RunstoneError as error:
                log.info("stream %s of run %s is left as it is: %s", stream, where.run, error.message)
        self._history_store.forget_notes(done)

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
            with contextlib.suppress(_Overtaken):
                self._commit(fresh, fresh.next_offset)
            with self._records.read() as conn:
                row = statements.writer(conn, fresh.run, fresh.writer)
            return 0 if row is None else int(row.next_offset)
        return fresh.kept_offset

    def flush(self) -> None:
        """Write what is waiting to be written."""
        self._flush([live for live in self._all() if live.dirty_since is not None], wait=True)

    def forget(self, runs: Sequence[RunKey]) -> None:
        """Those runs are gone for good."""
        gone = set(runs)
        for live in self._all():
            if live.run in gone:
                with live.lock:
                    self._break(live)

    def close(self) -> None:
        """Write what is waiting. Called when no request runs any more, before the stores close."""
        self._stop.set()
        if self._flusher is not None:
            self._flusher.join()
        self.flush()
        self._forget_notes(self._all())

    # -- the writer

    def _load(
        self, actor: Actor, address: Address, offset: int, body: bytes | memoryview
    ) -> LiveWriter | None:
        """The writer's live state, checked against the records; made for a journal's first record.
        None for a heartbeat of one never seen."""
        with self._records.read() as conn:
            found = ingest_writers.find(conn, self._access, actor, address)
            fresh = None if found is None else ingest_writers.load(conn, *found)
        if fresh is None:
            if not body:
                if offset > HEADER_BYTES:
                    self._mismatch(HEADER_BYTES, offset)
                return None
            fresh = self._enter(actor, address, offset, body)
        with self._lock:
            kept = self._writers.get(address)
            if kept is not None and not kept.broken and kept.run == fresh.run:
                # Ours is at least as new as the records, or notices when it writes that it is not.
                kept.place, kept.checked_at = fresh.place, fresh.checked_at
                return kept
        if fresh.catch_up(self._history_store.note(SetKey(fresh.run, "history"), fresh.stream)):
            fresh.dirty_since = time.monotonic()
        with self._lock:
            kept = self._writers.get(address)
            if kept is not None and not kept.broken and kept.run == fresh.run:
                return kept  # another request was first
            if kept is not None:
                kept.broken = True
            if len(self._writers) >= _WRITERS_MAX:
                self._let_go(idle_seconds=1.0)
            self._writers[address] = fresh
            return fresh

    def _enter(self, actor: Actor, address: Address, offset: int, body: bytes | memoryview) -> LiveWriter:
        view, offset = self._from_first_record(body, offset, address.writer)
        if offset > HEADER_BYTES:
            self._mismatch(HEADER_BYTES, offset)
        frames = frames_of(view, offset=offset, wanted=HEADER_BYTES)
        if not frames.offsets:
            self._damaged(frames)
        fields = decode(frames.kinds[0], frames.payloads[0], offset=HEADER_BYTES)
        if not isinstance(fields, RunFields):
            raise Invalid(
                "A journal begins with a RUN record, which says what run it is about; this one begins with "
                f"kind {frames.kinds[0]}.",
                offset=HEADER_BYTES,
            )
        ingest_writers.check_first(fields, address)
        now = time.time()
        event, again = self._records.write(
            lambda conn: ingest_writers.enter(conn, self._runs, actor, address, fields, now=now)
        )
        with self._records.read() as conn:
            found = ingest_writers.find(conn, self._access, actor, address)
            if found is None:
                raise NotFound(
                    f"Run {address.run_id!r} was deleted while its journal came.", run=address.run_id
                )
            live = ingest_writers.load(conn, *found)
        if event is not None:
            self._feed.publish(event)
        if again:
            self._feed.publish(live.place.event("run", state="running"))
        return live

    def _from_first_record(
        self, body: bytes | memoryview, offset: int, writer: str
    ) -> tuple[memoryview, int]:
        if 0 < offset < HEADER_BYTES or offset < 0:
            raise Invalid(
                f"Offset {offset} lies within the journal's header. Begin at 0 (with the header) or at "
                f"{HEADER_BYTES}, the first record.",
                offset=offset,
            )
        if offset == 0 and body:
            return skip_header(body, writer=writer), HEADER_BYTES
        return memoryview(body), offset

    # -- one body

    def _take(self, actor: Actor, live: LiveWriter, offset: int, body: bytes | memoryview) -> IngestAnswer:
        live.used_at = time.monotonic()
        view, offset = self._from_first_record(body, offset, live.writer)
        if offset > live.next_offset:
            self._look_whether_overtaken(live)
            self._mismatch(live.next_offset, offset)
        if offset + len(view) > live.next_offset:
            frames = frames_of(view, offset=offset, wanted=live.next_offset)
            if frames.offsets:
                self._apply(actor, live, frames)
            if frames.damage is not None:
                self._damaged(frames)
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

    # -- the records' transaction

    def _commit(
        self, live: LiveWriter, end: int, items: Sequence[Item] = (), refused: Sequence[Refused] = ()
    ) -> None:
        """Items, derived summary, writer and offset in one transaction; the caller holds the lock."""
        try:
            outcome = self._records.write(
                lambda conn: self._write(conn, live, end, items, refused, careful=False)
            )
        except Invalid:
            # One of them breaks a rule. Look at each by itself: all but that one are applied.
            outcome = self._records.write(
                lambda conn: self._write(conn, live, end, items, refused, careful=True)
            )
        self._committed(live, end, outcome, _fields_after(live, items))

    def _write(
        self,
        conn: Connection,
        live: LiveWriter,
        end: int,
        items: Sequence[Item],
        refused: Sequence[Refused],
        *,
        careful: bool,
    ) -> Outcome:
        fields = _fields_after(live, items)
        values: dict[str, Any] = {"is_primary": fields.is_primary}
        for item in items:
            if isinstance(item.value, End):
                values |= _end_values(item.value)
        if live.fields.is_primary and live.label and not live.deriver.changed.keys() <= live.own_keys:
            values["summary_keys"] = msgspec.msgpack.encode(
                sorted(live.own_keys | live.deriver.changed.keys())
            )
        moved = statements.move_writer(
            conn,
            live.run,
            live.writer,
            from_offset=live.kept_offset,
            next_offset=end,
            stats=encode_stats(live.deriver),
            **values,
        )
        if not moved:
            raise _Overtaken
        work = Work(conn, live.run, live.writer, fields)
        if careful:
            work.each(items)
        else:
            work.all(items)
        if any(one.state_changed and one.state in ENDED for one in work.outcome.applied):
            # Rows of others that came before this end do not bring the run back when they are written.
            for other in self._all():
                if other.run == live.run and other is not live:
                    other.came_since_end = False
        if live.deriver.changed:
            primaries = [] if fields.is_primary else statements.primary_summary_keys(conn, live.run)
            work.derived(live.derived(primaries), careful=careful)
            if not live.ended and live.came_since_end:
                work.revive()
        work.note([*refused, *work.outcome.refused])
        return work.outcome

    def _committed(self, live: LiveWriter, end: int, outcome: Outcome, fields: WriterFields) -> None:
        changed = live.deriver.take()
        if live.label:
            live.own_keys |= changed.keys()
        live.next_offset = live.kept_offset = end
        live.dirty_since = None
        live.fields = fields
        if outcome.ended is not None:
            live.ended = True
            self._forget_notes([live])
        detail = outcome.detail()
        if detail is not None:
            self._feed.publish(live.place.event("run", **detail))
        for alert in outcome.alerts:
            self._feed.publish(live.place.event("alert", title=alert.title, level=alert.level, at=alert.at))

    # -- writing a moment later

    def _is_late(self, live: LiveWriter) -> bool:
        """The flusher did not get to it: a writer that is always busy is written by its own request."""
        return live.dirty_since is not None and time.monotonic() > max(
            live.dirty_since + 2 * self._flush_seconds, live.flush_after
        )

    def _flush_later(self, live: LiveWriter) -> None:
        if live.dirty_since is None:
            live.dirty_since = time.monotonic()
        if self._flusher is None:
            with self._lock:
                if self._flusher is None and not self._stop.is_set():
                    self._flusher = threading.Thread(
                        target=self._run, name="runstone-ingest-flush", daemon=True
                    )
                    self._flusher.start()

    def _run(self) -> None:
        swept = time.monotonic()
        while not self._stop.wait(self._flush_seconds / 2):
            now = time.monotonic()
            due = [
                live
                for live in self._all()
                if live.dirty_since is not None
                and now >= max(live.dirty_since + self._flush_seconds / 2, live.flush_after)
            ]
            try:
                self._flush(due, wait=False)
            except Exception:
                log.exception("writing the offsets of journals failed; it is tried again")
            if now - swept > 30.0:
                swept = now
                with self._lock:
                    gone = self._let_go(idle_seconds=_IDLE_SECONDS)
                self._forget_notes(gone)

    def _flush(self, due: Sequence[LiveWriter], *, wait: bool) -> None:
        """Write the offsets and derived summaries of these writers. Without `wait` those that are
        busy are left for the next time."""
        for live in due:
            if not live.lock.acquire(blocking=wait):
                continue
            with ExitStack() as held:
                held.callback(live.lock.release)
                if live.broken or live.dirty_since is None:
                    continue
                began = time.monotonic()
                try:
                    self._commit(live, live.next_offset)
                except _Overtaken:
                    self._break(live)
                except Unavailable as error:
                    log.warning("the offset of writer %s waits: %s", live.writer, error.message)
                    if wait:
                        raise
                except RunstoneError as error:
                    # In the trash, or gone. The rows are kept; the journal is asked for again.
                    log.info("writer %s is given up: %s", live.writer, error.message)
                    self._break(live)
                cost = time.monotonic() - began
                pause = min(_FLUSH_COST_FACTOR * cost, _FLUSH_WAIT_MAX_SECONDS)
                live.flush_after = time.monotonic() + pause

    # -- small things

    def _all(self) -> list[LiveWriter]:
        with self._lock:
            return list(self._writers.values())

    def _break(self, live: LiveWriter) -> None:
        live.broken = True
        live.dirty_since = None
        with self._lock:
            for address in [address for address, kept in self._writers.items() if kept is live]:
                del self._writers[address]

    def _let_go(self, *, idle_seconds: float) -> list[LiveWriter]:
        """Forget idle writers with nothing to be written. The caller holds the lock of the map."""
        before = time.monotonic() - idle_seconds
        gone = []
        for address, live in list(self._writers.items()):
            if live.used_at < before and live.dirty_since is None and live.lock.acquire(blocking=False):
                live.broken = True
                live.lock.release()
                del self._writers[address]
                gone.append(live)
        return gone

    def _forget_notes(self, lives: Sequence[LiveWriter]) -> None:
        """The records say all that these writers' notes do. One left behind is passed over."""
        noted = [live for live in lives if live.noted and live.dirty_since is None]
        try:
            self._history_store.forget_notes(
                [(SetKey(live.run, "history"), live.stream, live.kept_offset) for live in noted]
            )
        except Unavailable as error:
            log.warning("notes of %d writers are left: %s", len(noted), error.message)
            return
        for live in noted:
            live.noted = False

    def _look_whether_overtaken(self, live: LiveWriter) -> None:
        with self._records.read() as conn:
            row = statements.writer(conn, live.run, live.writer)
        if row is None or row.next_offset != live.kept_offset:
            self._break(live)
            raise _Overtaken

    def _mismatch(self, wanted: int, offset: int) -> NoReturn:
        raise OffsetMismatch(
            f"The journal goes on at offset {wanted}; the body begins at {offset}. Send from {wanted}.",
            next_offset=wanted,
        )

    def _damaged(self, frames: Frames) -> NoReturn:
        if frames.damage is None:
            raise Invalid("The body holds no record.", offset=frames.end)
        raise Invalid(f"{frames.damage} (offset {frames.damage.offset})", offset=frames.damage.offset)


class _Overtaken(Exception):
    """The record store does not say what this process remembered."""


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


def _fields_after(live: LiveWriter, items: Sequence[Item]) -> WriterFields:
    fields = live.fields
    for item in items:
        if isinstance(item.value, RunFields):
            fields = fields.updated(item.value)
    return fields


def _end_values(end: End) -> dict[str, Any]:
    return {"ended_at": end.at or time.time(), "end_state": end_state(end), "exit_code": end.exit_code}
