"""Journals brought to a server by hand: after an offline run, from a node without internet, or where
an uplink could not finish. The same shipping as the uplink's; doing it twice is harmless.

    for outcome in Sync(client).run(find_journals([folder])):
        print(outcome.path, outcome.state)
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from runstone.journal.format import HEADER_BYTES, JournalError
from runstone.journal.home import JOURNAL_SUFFIX, queue_dir
from runstone.uplink.artifacts import NotYet
from runstone.uplink.markers import read_synced
from runstone.uplink.reading import JournalDamaged, JournalFile
from runstone.uplink.shipping import Shipper
from runstone.uplink.side import side_path

if TYPE_CHECKING:
    from runstone.client.native import Client
    from runstone.journal.home import Synced

_HEX = re.compile(r"[0-9a-f]{32}")
State = Literal["sent", "there", "open", "empty", "damaged", "refused", "away"]
FOLLOW_SECONDS = 0.5  # between looks at journals that are still written
AWAY_SECONDS = 60.0  # how long a server may be away before a journal is given up; for ever with follow


@dataclass(slots=True)
class Outcome:
    """How one journal fared. records and rows are those in the journal, confirmed_offset what the
    server says it has when asked at the end, end_offset where the journal's whole records end.

    sent: all of it is there, by this call in part at least. there: all of it was before. open: all of
    it is there, but its writer has not ended it. empty: no whole record, nothing to send. damaged,
    refused, away: something is left, and `message` says why.
    """

    path: Path
    state: State
    run: str = ""
    project: str = ""
    entity: str = ""
    records: int = 0
    rows: int = 0
    files: int = 0
    sent_records: int = 0
    sent_rows: int = 0
    confirmed_offset: int = 0
    end_offset: int = 0
    missing_files: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    message: str = ""

    @property
    def left(self) -> bool:
        return self.state in ("damaged", "refused", "away") or bool(self.missing_files or self.troubles)


def find_journals(paths: Iterable[Path]) -> list[Path]:
    """Every journal in these folders, and below, and these files; oldest run folder first, and in a
    folder the run's own journals before side journals. Raises FileNotFoundError."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            for journal in path.rglob(f"*{JOURNAL_SUFFIX}"):
                found[journal.absolute()] = None
        elif path.exists():
            found[path.absolute()] = None
        else:
            raise FileNotFoundError(path)
    sides = {side_path(journal) for journal in found if _HEX.fullmatch(journal.stem)}
    return sorted(
        found, key=lambda journal: (journal.parent.name, journal in sides, _created(journal), journal.name)
    )


def is_queued(root: Path, journal: Path) -> bool:
    """Whether a run of the local home asked for this journal to be shipped (its mode was online)."""
    wanted = os.path.realpath(journal)
    from runstone.uplink.queue import Queue

    if not queue_dir(root).is_dir():
        return False
    queue = Queue(root)
    for name in queue.names():
        entry = queue.read(name)
        if entry is not None and entry.mode == "online" and os.path.realpath(entry.journal) == wanted:
            return True
    return False


class Sync:
    """Ships journals over one client, a few at a time.

    again: look again at those a marker says are there. follow: go on while journals are written, and
    take in new ones, until all have ended. trusted: as in `Shipper`.
    """

    def __init__(
        self,
        client: Client,
        *,
        again: bool = False,
        follow: bool = False,
        trusted: bool | None = None,
        jobs: int = 4,
        away_seconds: float = AWAY_SECONDS,
        told: Callable[[str], None] = lambda message: None,
    ) -> None:
        self._client = client
        self._again = again
        self._follow = follow
        self._trusted = trusted
        self._jobs = max(1, jobs)
        self._away_seconds = away_seconds
        self._told = told
        self._stopping = False

    def stop(self) -> None:
        """End `follow`: ship what is there now, then finish."""
        self._stopping = True

    def run(
        self, journals: Iterable[Path], *, find: Callable[[], list[Path]] | None = None
    ) -> Iterator[Outcome]:
        """An outcome per journal, as they come. find: called now and then while following, for
        journals that are new."""
        seen: set[Path] = set()
        with ThreadPoolExecutor(self._jobs, thread_name_prefix="sync") as pool:
            if not self._follow:
                waiting = [pool.submit(self._some, paths) for paths in _by_folder(journals)]
                for future in as_completed(waiting):
                    yield from future.result()
                return
        yield from self._following(list(journals), seen, find)

    def _following(
        self, journals: list[Path], seen: set[Path], find: Callable[[], list[Path]] | None
    ) -> Iterator[Outcome]:
        """Each open journal in turn; one that has ended is reported and left."""
        last: dict[Path, Outcome] = {}
        trips: dict[Path, _Trip] = {}
        try:
            while True:
                for path in journals:
                    if path in seen:
                        continue
                    trip = trips.get(path) or trips.setdefault(path, _Trip(path, self._trusted))
                    outcome = self._go(trip)
                    if outcome.state in ("open", "empty", "away") and not self._stopping:
                        last[path] = outcome
                        continue
                    seen.add(path)
                    last.pop(path, None)
                    trips.pop(path).close()
                    yield outcome
                if not last or self._stopping:
                    break
                time.sleep(FOLLOW_SECONDS)
                if find is not None:
                    journals = find()
            yield from last.values()
        finally:
            for trip in trips.values():
                trip.close()

    def _some(self, paths: list[Path]) -> list[Outcome]:
        outcomes = []
        for path in paths:
            trip = _Trip(path, self._trusted)
            try:
                outcomes.append(self._go(trip))
            finally:
                trip.close()
        return outcomes

    def _go(self, trip: _Trip) -> Outcome:
        """Ship what there is of one journal now."""
        from runstone.client.errors import ClientError

        if not self._again:
            synced = read_synced(trip.path)
            if synced is not None and synced.complete and synced.base_url == self._client.base_url:
                return _there(trip.path, synced)
        try:
            return self._ship(trip)
        except JournalDamaged as damage:
            return trip.outcome("damaged", f"damaged at offset {damage.offset}: {damage}")
        except OSError as error:
            return trip.outcome("damaged", f"cannot be read: {error}")
        except (ClientError, NotYet) as error:
            away = _is_away(error)
            if away and self._follow:
                self._told(f"{error} Trying again.")
            return trip.outcome("away" if away else "refused", str(error))

    def _ship(self, trip: _Trip) -> Outcome:
        shipper = trip.open()
        deadline = time.monotonic() + self._away_seconds
        while True:
            try:
                if not shipper.step(self._client):
                    break
                deadline = time.monotonic() + self._away_seconds
            except Exception as error:
                if self._follow or not _is_away(error) or time.monotonic() > deadline:
                    raise
                time.sleep(min(2.0, max(0.0, deadline - time.monotonic())))
        if not shipper.run:
            return trip.outcome("empty", "its writer has not said yet which run it is")
        if shipper.has_more():
            trip.check_tail()
        confirmed = shipper.confirm(self._client)
        if confirmed != shipper.offset:
            return trip.outcome(
                "away", f"the server says it has {confirmed} bytes of {shipper.offset}: sync once more"
            )
        synced = shipper.mark_synced(self._client.base_url, at=time.time())
        outcome = trip.outcome("open" if not shipper.complete else "sent" if trip.moved else "there")
        outcome.confirmed_offset = confirmed
        outcome.records, outcome.rows, outcome.files = synced.records, synced.rows, synced.files
        return outcome


class _Trip:
    """One journal and its shipper, opened when it is needed."""

    def __init__(self, path: Path, trusted: bool | None) -> None:
        self.path = path
        self._trusted = trusted
        self._shipper: Shipper | None = None

    def open(self) -> Shipper:
        if self._shipper is None:
            self._shipper = Shipper(JournalFile(self.path), trusted=self._trusted)
        return self._shipper

    def close(self) -> None:
        if self._shipper is not None:
            self._shipper.journal.close()

    @property
    def moved(self) -> bool:
        return self._shipper is not None and self._shipper.shipped.bytes > 0

    def check_tail(self) -> None:
        """Raises JournalDamaged where what could not be sent is more than a torn end."""
        shipper = self.open()
        try:
            shipper.journal.check(max(shipper.offset, HEADER_BYTES))
        except JournalError as error:
            raise JournalDamaged(str(error), offset=error.offset) from error

    def outcome(self, state: State, message: str = "") -> Outcome:
        outcome = Outcome(self.path, state, message=message)
        if self._shipper is not None:
            shipped = self._shipper.shipped
            outcome.run, outcome.project = self._shipper.run, self._shipper.project
            outcome.entity, outcome.end_offset = self._shipper.entity, self._shipper.offset
            outcome.sent_records, outcome.sent_rows = shipped.records, shipped.rows
            outcome.missing_files = sorted(set(shipped.missing_files))
            outcome.troubles = list(shipped.troubles)
        return outcome


def _there(path: Path, synced: Synced) -> Outcome:
    return Outcome(
        path,
        "there",
        run=synced.run,
        project=synced.project,
        entity=synced.entity,
        records=synced.records,
        rows=synced.rows,
        files=synced.files,
        confirmed_offset=synced.offset,
        end_offset=synced.offset,
    )


def _is_away(error: Exception) -> bool:
    from runstone.client.errors import BadAnswer, ServerAway, TooMany, Unavailable

    return isinstance(error, (ServerAway, TooMany, Unavailable, BadAnswer, NotYet))


def _created(journal: Path) -> float:
    """When its writer began; journals that cannot be read come last, to be reported."""
    try:
        with JournalFile(journal) as file:
            return file.created_at if file.fields() is not None else float("inf")
    except (OSError, JournalError):
        return float("inf")


def _by_folder(journals: Iterable[Path]) -> list[list[Path]]:
    """Journals of one run go one after another, the run's own first: it says what the run is."""
    folders: dict[Path, list[Path]] = {}
    for journal in journals:
        folders.setdefault(journal.parent, []).append(journal)
    return list(folders.values())
