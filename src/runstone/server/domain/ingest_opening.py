"""Journals that come for the first time, or again: whose they are, and where they go on."""

from __future__ import annotations

import time
from typing import NoReturn

from runstone.journal.format import HEADER_BYTES
from runstone.journal.kinds import RunFields
from runstone.server.domain import ingest_writers
from runstone.server.domain.access import Access
from runstone.server.domain.errors import Invalid, NotFound, OffsetMismatch
from runstone.server.domain.feed import Feed
from runstone.server.domain.identity import Actor
from runstone.server.domain.ingest_keeping import KeptWriters
from runstone.server.domain.ingest_writers import Address, LiveWriter
from runstone.server.domain.journal_batches import Frames, decode, frames_of, skip_header
from runstone.server.domain.runs import Runs
from runstone.server.stores.history.contract import HistoryStore, SetKey
from runstone.server.stores.records.contract import Records

_WRITERS_MAX = 20_000


class OpenedWriters(KeptWriters):
    """The writers that are sending, found in the records or entered there with their first record."""

    def __init__(
        self,
        records: Records,
        history_store: HistoryStore,
        feed: Feed,
        access: Access,
        runs: Runs,
        *,
        flush_seconds: float | None,
    ) -> None:
        super().__init__(records, history_store, feed, flush_seconds=flush_seconds)
        self._access = access
        self._runs = runs

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
                    refuse_offset(HEADER_BYTES, offset)
                return None
            fresh = self._enter(actor, address, offset, body)
        with self._lock:
            kept = self._writers.get(address)
            if kept is not None and not kept.broken and kept.run == fresh.run:
                # Ours is at least as new as the records, or notices when it writes that it is not.
                kept.place, kept.checked_at = fresh.place, fresh.checked_at
                return kept
        if fresh.catch_up(self._history_store.note(SetKey(fresh.run, "history"), fresh.stream)):
            self._flush_later(fresh)
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
        view, offset = from_first_record(body, offset, address.writer)
        if offset > HEADER_BYTES:
            refuse_offset(HEADER_BYTES, offset)
        frames = frames_of(view, offset=offset, wanted=HEADER_BYTES)
        if not frames.offsets:
            refuse_damaged(frames)
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


def from_first_record(body: bytes | memoryview, offset: int, writer: str) -> tuple[memoryview, int]:
    if 0 < offset < HEADER_BYTES or offset < 0:
        raise Invalid(
            f"Offset {offset} lies within the journal's header. Begin at 0 (with the header) or at "
            f"{HEADER_BYTES}, the first record.",
            offset=offset,
        )
    if offset == 0 and body:
        return skip_header(body, writer=writer), HEADER_BYTES
    return memoryview(body), offset


def refuse_offset(wanted: int, offset: int) -> NoReturn:
    raise OffsetMismatch(
        f"The journal goes on at offset {wanted}; the body begins at {offset}. Send from {wanted}.",
        next_offset=wanted,
    )


def refuse_damaged(frames: Frames) -> NoReturn:
    if frames.damage is None:
        raise Invalid("The body holds no record.", offset=frames.end)
    raise Invalid(f"{frames.damage} (offset {frames.damage.offset})", offset=frames.damage.offset)
