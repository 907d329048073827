"""What of artifacts a run writes into its journal, and what comes back from who ships it."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from runstone.content.digests import HashCache
from runstone.content.store import LocalStore
from runstone.journal.home import home_path
from runstone.journal.kinds import ArtifactLogged, ArtifactUsed, Kind, Link
from runstone.sdk.errors import Error, UsageError

if TYPE_CHECKING:
    from runstone.journal.outcomes import ArtifactOutcome
    from runstone.sdk.artifacts.draft import Draft
    from runstone.sdk.run import Run


class NotCommittedError(Error):
    """A version did not get onto a server: in time, or ever. The message says why."""


def hash_cache(home: str = "") -> HashCache:
    return HashCache(os.path.join(home or home_path(), "artifacts", "hashes"))


class RunArtifacts:
    """The artifacts of one run in one process."""

    def __init__(self, run: Run) -> None:
        self._run = run
        assert run._recorder is not None
        self._recorder = run._recorder
        self.store = LocalStore.beside(run._recorder.folder)
        self.cache = hash_cache(run._recorder.home)
        self._known: dict[bytes, bytes] | None = None
        self.waiting: dict[str, str] = {}  # id of each version that was logged here -> its name

    def collect_into(self, draft: Draft) -> None:
        """Have a draft's bytes kept in this run's store from now on. Raises OSError."""
        draft.keep_in(self.store, self._elsewhere())

    def _elsewhere(self) -> dict[bytes, bytes]:
        """Where the run goes to a server that is known, what that has need not be kept here too."""
        if self._known is None:
            online = self._run.mode == "online" and bool(self._run._base_url)
            self._known = self.store.known(self._run._base_url) if online else {}
        return self._known

    def log(
        self,
        draft: Draft,
        *,
        name: str,
        type: str,
        description: str | None,
        metadata: dict[str, Any],
        facts: dict[str, Any],
        aliases: list[str],
        tags: list[str],
        ttl_seconds: int | None,
        base: str,
        distributed: str,
        last: bool,
        links: list[Link],
    ) -> ArtifactLogged:
        """Keep the draft as a version of this run: bytes, then what it holds, then the record. A disk
        that is full is told, and training goes on; the record is not written then."""
        run = self._run
        if run._finished:
            raise UsageError(f"Run {run.id!r} is finished: log artifacts before finish().")
        record = ArtifactLogged(id=os.urandom(16).hex(), name=name, type=type, manifest="")
        try:
            self.collect_into(draft)
            for local in draft.read_waiting():
                print(
                    f"runstone: {local} was written to after it was added to artifact {name!r}; it is logged "
                    "as it is now.",
                    file=sys.stderr,
                )
            content = draft.manifest()
            manifest = self.store.put_manifest(content)
            record = ArtifactLogged(
                id=record.id,
                name=name,
                type=type,
                manifest=manifest.hex(),
                files=draft.count(),
                bytes=draft.size(),
                description=description,
                metadata=metadata,
                facts=facts,
                aliases=aliases,
                tags=tags,
                ttl_seconds=ttl_seconds,
                base=base,
                distributed=distributed,
                last=last,
                links=links,
                roots=list(draft.roots),
                step=run.step,
                at=time.time(),
            )
            self.store.pend(f"{os.path.basename(self._recorder.folder)}~{record.id}", manifest)
        except OSError as error:
            self._recorder.lost["artifact"] = self._recorder.lost.get("artifact", 0) + 1
            self._recorder.say(
                f"artifact {name}", f"artifact {name!r} could not be kept ({error}). Training goes on."
            )
            draft.let_go()
            return record
        run._record(Kind.ARTIFACT, record)
        draft.let_go()
        self.waiting[record.id] = name
        return record

    def use(self, used: ArtifactUsed) -> None:
        self._run._record(Kind.USE, used)

    def wait(self, record_id: str, name: str, timeout: float | None) -> ArtifactOutcome | None:
        """What became of a version on the server; None in mode offline, where nothing comes back.
        Raises NotCommittedError after `timeout` seconds, or where it was refused."""
        run = self._run
        if run.mode != "online":
            return None
        from runstone.journal.outcomes import read_outcome

        self._recorder.wake_uplink()
        deadline = None if timeout is None else time.monotonic() + timeout
        pause = 0.01
        while True:
            outcome = read_outcome(self._recorder.folder, record_id)
            if outcome is not None and outcome.state != "committed":
                raise NotCommittedError(f"Artifact {name!r} was not taken: {outcome.message}")
            if outcome is not None:
                return outcome
            if deadline is not None and time.monotonic() >= deadline:
                raise NotCommittedError(
                    f"Artifact {name!r} is not on the server after {timeout:g} seconds"
                    f"{self._reason()}. It is sent in the background; wait() again, or log on."
                )
            time.sleep(pause)
            pause = min(pause * 1.4, 0.25)

    def _reason(self) -> str:
        from runstone.sdk.ending import status

        for entry in self._recorder.entries:
            said = status(entry)
            if said.message:
                return f" ({said.message})"
        return ""
