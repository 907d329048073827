"""What was answered, and the moment until the records say so too.

The record store gets offsets and derived summaries of many bodies at once, a moment after they were
answered; until then they lie in notes beside the rows. Here is that transaction, the thread that sees to
it, and what is done after a crash with the notes that are left.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import msgspec
from sqlalchemy import Connection

from runstone.journal.kinds import End, RunFields
from runstone.server.domain import ingest_writers
from runstone.server.domain.errors import Invalid, RunstoneError, Unavailable
from runstone.server.domain.feed import Feed
from runstone.server.domain.identity import RunKey
from runstone.server.domain.ingest_records import Item, Outcome, Refused, Work, WriterFields, end_state
from runstone.server.domain.ingest_writers import STREAM_PREFIX, Address, LiveWriter
from runstone.server.domain.runs import ENDED
from runstone.server.domain.summary import encode_stats
from runstone.server.stores.history.contract import HistoryStore, SetKey
from runstone.server.stores.records import writers as statements
from runstone.server.stores.records.contract import Records

log = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0
_IDLE_SECONDS = 600.0
_FLUSH_COST_FACTOR = 50  # what takes long to write, a large summary or many of them, is written less often
_FLUSH_WAIT_MAX_SECONDS = 15.0


class Overtaken(Exception):
    """The record store does not say what this process remembered."""


class KeptWriters:
    """The writers that are sending, and writing what they sent to the records."""

    def __init__(
        self,
        records: Records,
        history_store: HistoryStore,
        feed: Feed,
        *,
        flush_seconds: float | None,
    ) -> None:
        """flush_seconds: how long the offset and derived summary of bodies of rows may wait to be
        written, 0 for never. By default a second; with PostgreSQL, where other replicas may
        take the next body, 0."""
        self._records = records
        self._history_store = history_store
        self._feed = feed
        if flush_seconds is None:
            flush_seconds = 0.0 if records.dialect == "postgresql" else FLUSH_SECONDS
        self._flush_seconds = flush_seconds
        self._writers: dict[Address, LiveWriter] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._flusher: threading.Thread | None = None

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
            except Overtaken:
                continue  # another process wrote it
            except RunstoneError as error:
                log.info("stream %s of run %s is left as it is: %s", stream, where.run, error.message)
        self._history_store.forget_notes(done)

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

    # -- the records' transaction

    def _commit(
        self, live: LiveWriter, end: int, items: Sequence[Item] = (), refused: Sequence[Refused] = ()
    ) -> None:
        """Items, derived summary, writer and offset in one transaction; the caller holds the lock."""
        # A copy of the records that is made while the server runs never says more than the history's.
        self._history_store.settle(live.run)
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
            raise Overtaken
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
        if due:
            with contextlib.suppress(Unavailable):  # told for each of them below
                self._history_store.settle()  # of all together, in place of one by one
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
                except Overtaken:
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
            raise Overtaken


def _fields_after(live: LiveWriter, items: Sequence[Item]) -> WriterFields:
    fields = live.fields
    for item in items:
        if isinstance(item.value, RunFields):
            fields = fields.updated(item.value)
    return fields


def _end_values(end: End) -> dict[str, Any]:
    return {"ended_at": end.at or time.time(), "end_state": end_state(end), "exit_code": end.exit_code}
