"""A run's artifacts on their way to a server: what ARTIFACT and USE records ask for, before they go.

The bytes lie in the store beside the run folders, or where they were logged from; the version is made,
filled and committed with what the record says, and what came of it is left in the run folder for
whoever waits. All of it may be done again: the server knows equal content, and a version whose outcome
is written is not made twice. What can never be made (bytes that are gone, a name that is refused)
holds up nothing behind it: it is written down as refused, and told.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from runstone.content.manifest import Entry
from runstone.content.store import LocalStore, Place
from runstone.journal.kinds import ArtifactLogged, ArtifactUsed
from runstone.journal.outcomes import ArtifactOutcome, moving, note_moving, read_outcome, write_outcome

if TYPE_CHECKING:
    from runstone.client.artifact_models import ArtifactRecord
    from runstone.client.native import Client

TIDY_SECONDS = 30.0
# A run's journal waits for the version of another run that it read, while that one gets further. So long
# without a sign of it, and whoever was sending it is gone.
HELD_SECONDS = 120.0
_LOOK_SECONDS = 5.0  # before others get the thread
_APART_SECONDS_MAX = 10.0  # of two looks; more between them is time in which nobody looked
_MOVED_SECONDS = 1.0  # between signs


class NotYet(Exception):
    """Another run's version must be on the server first. Try again a little later."""


class _Patience:
    """How long a maker has shown no sign of life to somebody who looked for one. Not by the clock: while
    the server is away nobody looks, and no sign can come."""

    def __init__(self) -> None:
        self._sign = -1
        self._looked_at = 0.0
        self._seconds = 0.0

    def look(self, sign: int) -> float:
        """The seconds, after this look. sign: another one each time that something moved."""
        now = time.monotonic()
        if sign != self._sign:
            self._sign, self._seconds = sign, 0.0
        else:
            self._seconds += min(now - self._looked_at, _APART_SECONDS_MAX)
        self._looked_at = now
        return self._seconds


class ArtifactShipper:
    """For one run folder. Not for several threads at once.

    trusted: bytes outside the run's folders are sent too (the journal is this user's own).
    """

    def __init__(self, run_folder: str, *, trusted: bool) -> None:
        self._folder = run_folder
        self._trusted = trusted
        self._store = LocalStore.beside(run_folder)
        self._tidied_at = 0.0
        self._held: dict[str, _Patience] = {}  # by the ids of versions that are waited for
        self._moved_at = float("-inf")

    def ship(self, client: Client, address: tuple[str, str, str], said: ArtifactLogged | ArtifactUsed) -> str:
        """Do what the record says; "" or what could not be done and never can. Raises the kinds of
        ClientError that another time or other credentials may mend, and NotYet."""
        from runstone.client.artifact_upload import BytesGone
        from runstone.client.errors import Conflict, Invalid, NotFound

        if isinstance(said, ArtifactUsed):
            return self._use(client, address, said)
        self.moved()
        before = read_outcome(self._folder, said.id)
        if before is not None and before.base_url == client.base_url and before.state == "committed":
            return ""
        try:
            record = self._make(client, address, said)
        except (BytesGone, Invalid, Conflict, NotFound) as error:
            return self._refused(client, said, str(error))
        except (OSError, ValueError) as error:
            return self._refused(client, said, f"what it holds cannot be read on this host: {error}")
        self._committed(client, said, record)
        return self._link(client, said, record)

    def moved(self) -> None:
        """Something of the run got to the server, or a word of it: others may wait for its versions."""
        now = time.monotonic()
        if now - self._moved_at < _MOVED_SECONDS:
            return
        self._moved_at = now
        if self._store.pending(prefix=f"{os.path.basename(self._folder)}~"):
            note_moving(self._folder)

    def tidy(self) -> None:
        """All of the run is on the server: what only it needed may go, now or at the next one's end."""
        journals = [name for name in os.listdir(self._folder) if name.endswith(".journal")]
        if all(os.path.exists(os.path.join(self._folder, _synced(name))) for name in journals):
            self._store.settle(f"{os.path.basename(self._folder)}~")
        self._store.tidy()

    # ---------------------------------------------------------------------------------------------

    def _make(self, client: Client, address: tuple[str, str, str], said: ArtifactLogged) -> ArtifactRecord:
        from runstone.client.artifact_upload import publish

        entity, project, run = address
        entries = self._store.manifest(said.manifest)
        record = publish(
            client.artifacts,
            entity,
            project,
            entries,
            _Finder(self._store, said.roots if self._trusted else []),
            distributed_id=said.distributed,
            last=said.last,
            name=said.name,
            type=said.type,
            description=said.description,
            metadata=said.metadata,
            facts=said.facts,
            aliases=said.aliases,
            tags=said.tags,
            ttl_seconds=said.ttl_seconds,
            run=run,
            client_id=said.id,
            history_step=said.step,
        )
        self._store.note_known(
            client.base_url, (entry.sha256 for entry in entries if entry.reference is None)
        )
        return record

    def _committed(self, client: Client, said: ArtifactLogged, record: ArtifactRecord) -> None:
        entity, _, project = record.within.partition("/")
        write_outcome(
            self._folder,
            said.id,
            ArtifactOutcome(
                state="committed",
                base_url=client.base_url,
                entity=entity,
                project=project,
                name=record.name,
                version=record.version,
                id=str(record.id),
                digest=record.digest,
                sha256=record.sha256,
                at=time.time(),
            ),
        )
        self._store.settle(f"{os.path.basename(self._folder)}~{said.id}")
        if time.monotonic() - self._tidied_at > TIDY_SECONDS:
            self._tidied_at = time.monotonic()
            self._store.tidy()

    def _link(self, client: Client, said: ArtifactLogged, record: ArtifactRecord) -> str:
        """The version is there whatever becomes of its links."""
        from runstone.client.errors import Conflict, Invalid, Misuse, NotAllowed, NotFound

        entity, _, project = record.within.partition("/")
        troubles = []
        for link in said.links:
            try:
                target = client.registries.target(link.target, entity=entity, project=project)
                client.artifacts.link(entity, project, f"@{record.id}", target, aliases=link.aliases)
            except (Conflict, Invalid, Misuse, NotAllowed, NotFound) as error:
                troubles.append(f"the link of artifact {said.name} into {link.target}: {error}")
        return "; ".join(troubles)

    def _refused(self, client: Client, said: ArtifactLogged, message: str) -> str:
        outcome = ArtifactOutcome(
            state="refused", message=message, base_url=client.base_url, name=said.name, at=time.time()
        )
        write_outcome(self._folder, said.id, outcome)
        return f"artifact {said.name}: {message}"

    def _use(self, client: Client, address: tuple[str, str, str], said: ArtifactUsed) -> str:
        from runstone.client.errors import Conflict, Invalid, NotFound

        version = said.version
        if said.logged:
            outcome = self._outcome(client, said)
            version = outcome.id if outcome is not None and outcome.state == "committed" else ""
        named = not version and not said.logged and _is_numbered(said.name)
        if not version and not named:
            return f"the use of artifact {said.name}: it is not on the server{self._why(said)}"
        try:
            if named:  # by a run without a server, and by its number: nobody could be asked then
                version = _named(client, address, said.name)
            client.artifacts.use(*address, f"@{version}", used_as=said.use_as)
        except (Invalid, Conflict, NotFound) as error:
            return f"the use of artifact {said.name}: {error}"
        return ""

    def _why(self, said: ArtifactUsed) -> str:
        """Where that can be told."""
        name = self._store.pending(suffix=f"~{said.logged}") if said.logged else ""
        if not name:
            return ""
        return (
            f". The run in {_maker_of(self._folder, name)} has logged it, and nobody is sending that: "
            "`runstone sync` it, then note the use by the version's name"
        )

    def _outcome(self, client: Client, said: ArtifactUsed) -> ArtifactOutcome | None:
        """Of a version that this run has logged, or another one beside it (in the same process, mostly),
        whose journal goes its own way. None where it never got to this server, and does not get there:
        it is sent already, or nobody is sending it. Raises NotYet."""
        until = time.monotonic() + _LOOK_SECONDS
        patience = self._held.setdefault(said.logged, _Patience())
        while True:
            waits = self._store.pending(suffix=f"~{said.logged}")  # before the look: it ends with the outcome
            for folder in (self._folder, *_beside(self._folder)):
                outcome = read_outcome(folder, said.logged)
                if outcome is not None and outcome.base_url in ("", client.base_url):
                    return outcome
            if not waits or patience.look(moving(_maker_of(self._folder, waits))) > HELD_SECONDS:
                return None
            if time.monotonic() > until:
                raise NotYet(
                    f"The run read artifact {said.name}, which another run has made and not sent yet: that "
                    "run goes first, and what this one logged since waits. Where it is not under way, sync "
                    "it too."
                )
            time.sleep(0.1)


class _Finder:
    """Where an entry's bytes are: in the store, else where they were logged from."""

    def __init__(self, store: LocalStore, roots: list[tuple[str, str]]) -> None:
        self._store = store
        self._roots = roots

    def __call__(self, entry: Entry) -> Place | None:
        place = self._store.locate(entry.sha256)
        if place is not None:
            return place
        for prefix, local in reversed(self._roots):
            if prefix == entry.path:
                path = local
            elif not prefix or (prefix.endswith("/") and entry.path.startswith(prefix)):
                path = os.path.join(local, *entry.path[len(prefix) :].split("/"))
            else:
                continue
            try:
                return Place(path, 0, os.stat(path).st_size)
            except OSError:
                continue
        return None


def _maker_of(folder: str, pending: str) -> str:
    """The folder, beside this one, of the run that logged a version; by its pending name."""
    return os.path.join(os.path.dirname(os.path.abspath(folder)), pending.rpartition("~")[0])


def _beside(folder: str) -> list[str]:
    """The other run folders of this one's home."""
    with os.scandir(os.path.dirname(os.path.abspath(folder))) as found:
        return sorted(entry.path for entry in found if entry.is_dir() and entry.path != folder)


def _is_numbered(name: str) -> bool:
    """`…:v3`: of an alias it would be said only what it points to now, not what the run read."""
    number = name.rpartition(":")[2]
    return number.startswith("v") and number[1:].isdigit()


def _named(client: Client, address: tuple[str, str, str], name: str) -> str:
    """The id of `[[entity/]project/]name:vN`. Raises NotFound."""
    *place, last = name.removeprefix("runstone-artifact://").strip("/").split("/")
    entity, project = [*address[: 2 - len(place)], *place]
    return str(client.artifacts.get(entity, project, last).id)


def _synced(journal: str) -> str:
    from runstone.journal.home import JOURNAL_SUFFIX, SYNCED_SUFFIX

    return journal.removesuffix(JOURNAL_SUFFIX) + SYNCED_SUFFIX
