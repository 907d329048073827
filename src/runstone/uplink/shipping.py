"""One journal's way to one server, a step at a time; the same for the uplink and `runstone sync`.

The server decides where to go on. Bytes go in batches of whole records; a record that names a file
goes after the file's bytes. What can go wrong, and what is done:

    no answer, 429, 5xx   raised; the caller waits. Nothing is lost: the journal stays where it is
    offset_mismatch       go on from the offset that the answer wants
    missing_file          the file is sent, then the record again. Where the file is gone from this
                          host, a blank record of the same length goes in its place (offsets must
                          not shift), and the name is kept in `missing_files` to be told
    invalid with offset   if the journal reads sound here, the copy was torn in flight or while it
                          was written: once more. Otherwise `JournalDamaged`: nobody will take it
    a version's bytes     an artifact's bytes go, and the version is committed, before its record: see
                          `artifacts`. One that can never be made is told, and its record goes alone
    401, 403, 404, 409    raised: somebody has to do something
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from runstone.journal.format import HEADER_BYTES, JournalError
from runstone.journal.home import SYNCED_SUFFIX, Synced
from runstone.uplink.artifacts import ArtifactShipper
from runstone.uplink.file_shipping import FileShipper, blank_record
from runstone.uplink.markers import write_whole
from runstone.uplink.reading import Batch, JournalDamaged, JournalFile, read_end

if TYPE_CHECKING:
    from runstone.client.models import IngestAnswer
    from runstone.client.native import Client
    from runstone.journal.kinds import End

BEAT_SECONDS = 30.0
BATCH_BYTES = 4 * 1024 * 1024
COMPRESS_BYTES_MIN = 16 * 1024
_TRIES = 4  # of one step, each for a reason that the answer gave


@dataclass(slots=True)
class Shipped:
    """What has gone so far, by this shipper."""

    records: int = 0
    rows: int = 0
    files: int = 0
    bytes: int = 0
    missing_files: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)  # what of artifacts could not be done, and never can


class Shipper:
    """Carries one journal. Not for several threads at once.

    offset: everything before it is kept by the server; 0 until the server was asked.
    behind: the last batch was as large as they get, so there is probably more.
    trusted: files outside the run's folder are sent too (the journal is this user's own).
    """

    def __init__(self, journal: JournalFile, *, trusted: bool | None = None) -> None:
        self.journal = journal
        self.offset = 0
        self.shipped = Shipped()
        self.behind = False
        self.complete = False  # the END record is kept by the server
        self.end: End | None = None
        self.entity = ""
        self.project = ""
        self.run = ""
        self.stop_requested = False
        self._from_the_start = False
        self._limit = BATCH_BYTES
        self._blanks: set[int] = set()  # offsets of records whose file is gone
        self._refused: set[str] = set()
        if trusted is None:
            trusted = _is_mine(journal.path)
        self._files = FileShipper(journal.path.parent, trusted=trusted)
        self._artifacts = ArtifactShipper(str(journal.path.parent), trusted=trusted)

    def has_more(self) -> bool:
        return self.journal.has_more(max(self.offset, HEADER_BYTES))

    def step(self, client: Client) -> bool:
        """Send one batch. False when there was nothing (whole) to send. Raises ClientError,
        JournalDamaged, OSError (the journal cannot be read)."""
        from runstone.client.errors import Invalid, MissingFile, OffsetMismatch, TooLarge

        if not self._identify():
            return False
        if self.offset == 0:
            self._ask(client)
        for _ in range(_TRIES):
            batch = self.journal.read(self.offset, limit_bytes=self._limit)
            if not batch.body:
                return False
            batch = self._with_files(client, batch)
            try:
                answer = self._post(client, batch)
            except OffsetMismatch as error:
                self._go_on_from(error.next_offset)
                continue
            except MissingFile as error:
                self._bring(client, batch, error.name)
                continue
            except TooLarge:
                if batch.records == 1:
                    raise JournalDamaged(
                        f"The server refuses a record of {len(batch.body)} bytes as too large.",
                        offset=self.offset,
                    ) from None
                self._limit = max(len(batch.body) // 2, 1)
                continue
            except Invalid as error:
                self._examine(error)
                continue
            self._acknowledge(batch, answer)
            return True
        raise JournalDamaged(
            f"The server refused {self.journal.path.name} at offset {self.offset} {_TRIES} times, "
            "each time for a reason that was then mended.",
            offset=self.offset,
        )

    def heartbeat(self, client: Client) -> None:
        """Say that the run lives, without anything to tell."""
        from runstone.client.errors import OffsetMismatch

        if not self._identify() or self.offset == 0:
            return
        try:
            answer = self._post(client, Batch(self.offset, b""))
        except OffsetMismatch as error:
            self._go_on_from(error.next_offset)
            return
        self.stop_requested = answer.stop_requested

    def confirm(self, client: Client) -> int:
        """The offset up to which the server says, asked anew, that it has this journal."""
        self._identify()
        return client.journal_offset(self.entity, self.project, self.run, writer=self.journal.writer)

    def settle(self, client: Client) -> bool:
        """Have the server put down for good what it has of a journal without an END (the END does
        that by itself): before somebody else reports the end, and before this is called done. False
        where it then wants bytes again."""
        confirmed = self.confirm(client)
        if confirmed == self.offset:
            return True
        self._go_on_from(confirmed)
        return False

    def mark_synced(self, base_url: str, *, at: float, complete: bool | None = None) -> Synced:
        """Leave a marker beside the journal: what arrived, and where."""
        shipped = self.shipped
        if self._from_the_start:
            records, rows, files = shipped.records, shipped.rows, shipped.files
        else:
            records, rows, files = self.journal.count(self.offset)
        synced = Synced(
            base_url=base_url,
            entity=self.entity,
            project=self.project,
            run=self.run,
            offset=self.offset,
            records=records,
            rows=rows,
            files=files,
            missing_files=sorted(set(shipped.missing_files)),
            troubles=shipped.troubles,
            complete=self.complete if complete is None else complete,
            at=at,
        )
        write_whole(self.journal.path.with_suffix(SYNCED_SUFFIX), msgspec.json.encode(synced))
        if synced.complete:
            self._artifacts.tidy()
        return synced

    # ---------------------------------------------------------------------------------------------

    def _identify(self) -> bool:
        if self.run:
            return True
        try:
            fields = self.journal.fields()
        except JournalError as error:
            raise JournalDamaged(str(error), offset=error.offset) from error
        if fields is None:
            return False
        self.entity, self.project, self.run = fields.entity, fields.project, fields.run
        return True

    def _ask(self, client: Client) -> None:
        from runstone.client.errors import NotFound

        try:
            wanted = client.journal_offset(self.entity, self.project, self.run, writer=self.journal.writer)
        except NotFound:
            wanted = 0  # no such project yet: the first record makes it
        self._from_the_start = wanted <= HEADER_BYTES
        self.offset = max(wanted, HEADER_BYTES)
        if not self._from_the_start:
            self._see_whether_complete()

    def _see_whether_complete(self) -> None:
        """The server may have all of it from an earlier uplink: then no batch will show the END."""
        if self.journal.has_more(self.offset):
            return
        at = HEADER_BYTES
        while at < self.offset:
            batch = self.journal.read(at, limit_bytes=BATCH_BYTES)
            if not batch.body:
                break
            at = batch.end
            if batch.ended and at <= self.offset:
                self.complete, self.end = True, read_end(batch)
        if at < self.offset:
            raise JournalDamaged(
                f"The server has {self.offset} bytes of {self.journal.path.name}, and here it ends at {at}: "
                "this copy is older than what was sent.",
                offset=at,
            )

    def _post(self, client: Client, batch: Batch) -> IngestAnswer:
        body = self._blanked(batch) if self._blanks else batch.body
        encoding = ""
        if len(body) >= COMPRESS_BYTES_MIN and not _is_near(client.base_url):
            import zstandard

            body = zstandard.ZstdCompressor(level=3).compress(body)
            encoding = "zstd"
        return client.post_journal(
            self.entity,
            self.project,
            self.run,
            writer=self.journal.writer,
            offset=batch.offset,
            body=body,
            encoding=encoding,
        )

    def _acknowledge(self, batch: Batch, answer: IngestAnswer) -> None:
        self.stop_requested = answer.stop_requested
        if answer.entity:
            # As decided by the server: from now on without the detour over the key's default.
            self.entity, self.project, self.run = answer.entity, answer.project, answer.run
        if answer.next_offset != batch.end:
            # It took a part, or knew more already. What lies between is counted at the end.
            self._from_the_start = False
            self._go_on_from(answer.next_offset)
            return
        self.offset = batch.end
        self._artifacts.moved()
        self.behind = len(batch.body) > self._limit // 2
        self._limit = BATCH_BYTES
        self.shipped.records += batch.records
        self.shipped.rows += batch.rows
        self.shipped.files += sum(batch.offset + file.start not in self._blanks for file in batch.files)
        self.shipped.bytes += len(batch.body)
        if batch.ended:
            self.complete, self.end = True, read_end(batch)

    def _go_on_from(self, wanted: int) -> None:
        self._from_the_start = False  # what was counted may go again
        self.offset = max(wanted, HEADER_BYTES)
        self._see_whether_complete()

    def _examine(self, error: Exception) -> None:
        """The server found damage. If the file is sound the copy was not, and may go once more."""
        try:
            self.journal.check(self.offset)
        except JournalError as damage:
            raise JournalDamaged(str(damage), offset=damage.offset) from error
        at = getattr(error, "fields", {}).get("offset")
        if isinstance(at, int) and at > self.offset:
            # The sound records in front of it were taken. If they were not, the offset will say so.
            self.offset = at
            self._from_the_start = False
        batch = self.journal.read(self.offset, limit_bytes=1)
        key = f"{self.offset}:{zlib.crc32(batch.body)}"
        if key in self._refused:
            raise JournalDamaged(f"The server refuses a record: {error}", offset=self.offset) from error
        self._refused.add(key)

    @property
    def _address(self) -> tuple[str, str, str]:
        return self.entity, self.project, self.run

    # Files ---------------------------------------------------------------------------------------

    def _with_files(self, client: Client, batch: Batch) -> Batch:
        """Send the files that the batch names. The run must exist for that: its first records go
        alone, if need be."""
        if not batch.files and not batch.artifacts:
            return batch
        if self.offset <= HEADER_BYTES:
            first = min([file.start for file in batch.files] + [item.start for item in batch.artifacts])
            return self.journal.read(self.offset, limit_bytes=first)
        with self._beating(client):
            for named in batch.files:
                self._files.send(client, self._address, named.logged)
            for mention in batch.artifacts:
                trouble = self._artifacts.ship(client, self._address, mention.said)
                if trouble and trouble not in self.shipped.troubles:
                    self.shipped.troubles.append(trouble)
        return batch

    @contextmanager
    def _beating(self, client: Client) -> Iterator[None]:
        """Large files may take longer than the server waits for a word of the run."""
        done = threading.Event()

        def beat() -> None:
            from runstone.client.errors import ClientError

            while not done.wait(BEAT_SECONDS):
                try:
                    self._post(client, Batch(self.offset, b""))
                    self._artifacts.moved()
                except ClientError:
                    pass  # the transfer itself meets the same trouble

        helper = threading.Thread(target=beat, name="beat", daemon=True)
        helper.start()
        try:
            yield
        finally:
            done.set()
            helper.join()

    def _bring(self, client: Client, batch: Batch, name: str) -> None:
        """The server lacks a file's bytes: send them again, or give the record up."""
        lacking = [named for named in batch.files if named.logged.name == name] or batch.files
        for named in lacking:
            self._files.forget(named.logged.name)
            if not self._files.send(client, self._address, named.logged):
                self._blanks.add(batch.offset + named.start)
                self.shipped.missing_files.append(named.logged.name)

    def _blanked(self, batch: Batch) -> bytes:
        """The batch with the records of files that are gone made blank, byte for byte as long."""
        body = bytearray(batch.body)
        for named in batch.files:
            if batch.offset + named.start in self._blanks:
                body[named.start : named.end] = blank_record(named)
        return bytes(body)


def _is_mine(path: Path) -> bool:
    return not hasattr(os, "getuid") or path.stat().st_uid == os.getuid()


def _is_near(base_url: str) -> bool:
    """The loopback moves bytes for less than it takes to pack them."""
    from runstone.client.credentials import is_loopback

    return is_loopback(urlsplit(base_url).hostname or "")
