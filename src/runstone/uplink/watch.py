"""One queue entry: the process that writes, its journal, and the uplink's own side journal of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from runstone.journal.format import HEADER_BYTES, JournalError
from runstone.journal.home import QueueEntry, host_name
from runstone.journal.kinds import RunFields
from runstone.uplink.artifacts import NotYet
from runstone.uplink.processes import Watched
from runstone.uplink.reading import JournalDamaged, JournalFile
from runstone.uplink.shipping import BATCH_BYTES, Shipper
from runstone.uplink.side import SideJournal

if TYPE_CHECKING:
    from runstone.client.native import Client
    from runstone.uplink.machine import ProcessTree

HEARTBEAT_SECONDS = 30.0
CARRY_SECONDS = 2.0  # one turn in the pool, so that each journal gets one
ALIVE_SECONDS = 1.0  # how often the process is looked for
FOREIGN_QUIET_SECONDS = 120.0  # another host's journal is its own uplink's, until it falls quiet
FOREIGN_GONE_SECONDS = 24 * 3600.0


class Watch:
    """What the uplink knows of one journal. The loop's thread owns it, except between handing it to
    the shipping pool (`busy`) and getting it back.

    live: its process is there and the run is not ended. ended: the END record is in the journal, or
    was written to the side journal in its place.
    """

    def __init__(self, name: str, entry: QueueEntry) -> None:
        """Raises OSError where the journal cannot be opened."""
        self.name = name
        self.entry = entry
        self.path = Path(entry.journal)
        self.journal = JournalFile(self.path)
        self.shipper = Shipper(self.journal)
        self.fields: RunFields | None = None
        self.process = Watched(entry.pid, entry.pid_started, entry.journal)
        self.foreign = bool(entry.host) and entry.host != host_name()
        self.live = not self.foreign
        self.ended = False
        self.busy = False
        self.done = False
        self.stop_sent = False
        self.side: SideJournal | None = None
        self.tree: ProcessTree | None = None
        self.interval = 0.0
        self.poll_at = 0.0
        self.carried_at = float("-inf")
        self.contact_at = float("-inf")
        self.blocked_until = 0.0
        self.sample_at = 0.0
        self.damage = ""  # why no server will ever take it
        self.problem = ""  # the last state written to the status file
        self._alive_at = float("-inf")
        self._scanned = HEADER_BYTES
        self._side_shipper: Shipper | None = None

    @property
    def online(self) -> bool:
        return self.entry.mode == "online"

    def close(self) -> None:
        self.journal.close()
        if self._side_shipper is not None:
            self._side_shipper.journal.close()
        if self.side is not None:
            self.side.close()

    def look(self, now: float) -> None:
        """Read the journal's first record once it is there, and see whether the process still is.
        Raises JournalDamaged."""
        if self.fields is None:
            try:
                self.fields = self.journal.fields()
            except JournalError as error:
                raise JournalDamaged(str(error), offset=error.offset) from error
            if self.fields is not None:
                started = self.fields.started_at or self.journal.created_at
                self.side = SideJournal(self.path, self.fields, started_at=started)
        if self.live and now - self._alive_at >= ALIVE_SECONDS:
            self._alive_at = now
            self.live = self.process.is_alive() and not self.ended

    def has_news(self, now: float) -> bool:
        """Whether there is something to carry, or a heartbeat due."""
        if self.shipper.offset == 0 or self.shipper.has_more() or self._side_waits():
            return True
        if self.foreign:
            return self.quiet_seconds() > FOREIGN_GONE_SECONDS
        return not self.live or now - self.contact_at >= HEARTBEAT_SECONDS

    def backlog(self) -> bool:
        """Whether more than a batch waits: no reason to hold it back then."""
        return self.journal.has_more(self.shipper.offset + BATCH_BYTES)

    def quiet_seconds(self) -> float:
        return time.time() - self.journal.quiet_since()

    def settle(self) -> None:
        """Without a server: find out whether the run ended, and if its process is gone without
        having said so, say it in the side journal. Raises OSError, JournalDamaged."""
        if self.ended or self.fields is None:
            return
        at = max(self._scanned, self.shipper.offset)
        found = self.shipper.complete
        while not found:
            batch = self.journal.read(at, limit_bytes=BATCH_BYTES)
            if not batch.body:
                break
            at, found = batch.end, batch.ended
        self._scanned = at
        if found:
            self._end(killed=False)
        elif not self.live and not self.foreign:
            self._check_tail(at)
            self._end(killed=True)

    def carry(self, client: Client) -> None:
        """One turn: what there is, in order; a heartbeat if nothing was said for long. Sets `done`
        when all of it is kept by the server. In a shipping thread. Raises what `Shipper.step` does."""
        live = self.live  # before reading: what a process wrote before it went is then seen below
        deadline = time.monotonic() + CARRY_SECONDS
        while self._step(client):
            self.contact_at = time.monotonic()
            if self.contact_at > deadline:
                return
            if live and not self.shipper.behind:
                break  # rows that come meanwhile may gather
        if self.shipper.complete:
            self._end(killed=False)
        elif not live and not self.foreign and not self.ended:
            self._check_tail(self.shipper.offset)
            self._end(killed=True)
        if self.ended and not self.shipper.complete and not self.shipper.settle(client):
            return
        side = self._side()
        if side is not None and self.shipper.offset > HEADER_BYTES:
            while side.step(client):
                self.contact_at = time.monotonic()
                if self.contact_at > deadline:
                    return
        gone = self.foreign and self.quiet_seconds() > FOREIGN_GONE_SECONDS
        if gone or (self.ended and (side is None or side.complete)):
            self._finish(client)
        elif live and time.monotonic() - self.contact_at >= HEARTBEAT_SECONDS:
            self.shipper.heartbeat(client)
            self.contact_at = time.monotonic()

    def _step(self, client: Client) -> bool:
        try:
            return self.shipper.step(client)
        except NotYet:  # which may be so for hours: the server hears of the run meanwhile
            if time.monotonic() - self.contact_at >= HEARTBEAT_SECONDS:
                self.shipper.heartbeat(client)
                self.contact_at = time.monotonic()
            raise

    @property
    def stop_requested(self) -> bool:
        side = self._side_shipper
        return self.shipper.stop_requested or (side is not None and side.stop_requested)

    def stop(self) -> bool:
        """Pass on that somebody asked the run to end: a file `stop` beside the journal, and SIGTERM.
        Once; True the first time."""
        if self.stop_sent:
            return False
        self.stop_sent = True
        try:
            (self.path.parent / "stop").touch()
        except OSError:
            pass
        return self.process.ask_to_stop()

    # ---------------------------------------------------------------------------------------------

    def _end(self, *, killed: bool) -> None:
        if self.side is not None and not self.ended:
            self.side.end(killed=killed)
        self.ended = True
        self.live = False

    def _check_tail(self, at: int) -> None:
        """Nobody writes any more: what stands at the end and is not whole is torn, or damage."""
        if not self.journal.has_more(at):
            return
        try:
            end = self.journal.check(at)
        except JournalError as error:
            raise JournalDamaged(str(error), offset=error.offset) from error
        if end > at:
            raise JournalDamaged("Records that were not whole before are so now.", offset=at)

    def _side_waits(self) -> bool:
        side = self._side()
        return side is not None and not side.complete and (side.offset == 0 or side.has_more())

    def _side(self) -> Shipper | None:
        if self._side_shipper is None and self.side is not None and self.side.path.exists():
            self._side_shipper = Shipper(JournalFile(self.side.path), trusted=False)
        return self._side_shipper

    def _finish(self, client: Client) -> None:
        at = time.time()
        self.shipper.mark_synced(client.base_url, at=at, complete=self.ended)
        if self._side_shipper is not None:
            self._side_shipper.mark_synced(client.base_url, at=at)
        self.done = True
