"""How far an artifact is: a draft that is put together, logged by a run, or a version on a server."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runstone.sdk.artifacts import names
from runstone.sdk.artifacts.draft import Draft, Policy
from runstone.sdk.errors import Error, UsageError
from runstone.sdk.values import plain_value

if TYPE_CHECKING:
    from runstone.client.artifacts import ArtifactVersion
    from runstone.journal.kinds import ArtifactLogged
    from runstone.sdk.artifacts.manifest import ArtifactManifest, ArtifactManifestEntry
    from runstone.sdk.artifacts.preprocessing import Preprocessing
    from runstone.sdk.artifacts.recording import RunArtifacts


POLICIES = ("mutable", "immutable")


class NotLoggedError(Error):
    """What was asked for is known once the version is on a server."""


class ArtifactState:
    """Part of `Artifact`, beneath its other parts. A public name in any of them hides that of the version
    on a server (see `Artifact.__getattr__`), so none is added but those a script calls."""

    def __init__(
        self,
        name: str,
        type: str,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        incremental: bool = False,
        use_as: str | None = None,
        *,
        policy: Policy | None = None,
        storage_region: str | None = None,
    ) -> None:
        from runstone.sdk.artifacts.recording import hash_cache

        self._name = names.artifact_name(name)
        self._type = names.artifact_type(type)
        self._description = description
        self._metadata: dict[str, Any] = self._plain_metadata(metadata or {})
        self._incremental = incremental
        self.use_as = use_as
        self._policy: Policy = policy or _default_policy()
        self._draft: Draft | None = Draft(hash_cache())
        self._tables: list[dict[str, Any]] = []
        # Of the version that a draft begins as: its tables, the digests of its tabular files, and roles that
        # somebody gave.
        self._base_tables: list[dict[str, Any]] = []
        self._base_digests: dict[str, bytes] = {}
        self._base_roles: dict[str, list[str]] = {}
        self._roles: dict[str, list[str]] = {}
        self._steps: Preprocessing | None = None
        self._aliases: list[str] = []
        self._tags: list[str] = []
        self._ttl_seconds: int | None = None
        self._base = ""
        self._distributed = ""
        self._links: list[tuple[str, list[str]]] = []
        self._scratch = ""
        self._run: RunArtifacts | None = None  # that logged it
        self._record: ArtifactLogged | None = None
        self._version: ArtifactVersion | None = None  # on a server
        self._number = ""  # `v3` of a version that was named, and not asked for
        self._added: dict[int, tuple[Any, str]] = {}  # id of an added object -> (it, its entry)

    @staticmethod
    def _plain_metadata(given: Mapping[str, Any]) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            raise UsageError(f"An artifact's metadata is a mapping of names to values, met {given!r}.")
        return dict(plain_value(dict(given)))

    def _became(self, version: ArtifactVersion) -> None:
        self._version = version
        self._draft = None
        # What the server knows of its content counts, also where that was there before under other facts.
        self._tables, self._roles, self._steps = [], {}, None

    @property
    def name(self) -> str:
        """With its version, once that is known: "cats:v3"."""
        if self._version is not None:
            return self._version.name
        return f"{self._name}:{self._number}" if self._number else self._name

    @property
    def manifest(self) -> ArtifactManifest:
        from runstone.sdk.artifacts.manifest import ArtifactManifest

        if self._version is not None:
            return ArtifactManifest(self, self._version.entries())
        draft = self._draft
        if draft is None:
            raise self._not_logged("its files")
        draft.read_waiting()
        return ArtifactManifest(self, draft.entries.values())

    @property
    def state(self) -> str:
        """DRAFT, PENDING (logged, and on its way), or what the server says: COMMITTED, DELETED."""
        if self._version is not None:
            return self._version.state.upper()
        return "DRAFT" if self._record is None else "PENDING"

    def is_draft(self) -> bool:
        return self._version is None and self._record is None and not self._number

    def _settle(self, timeout: float | None = None) -> None:
        """Wait until the server has it; see `Artifact.wait`."""
        if self._version is None:
            if self._record is None or self._run is None:
                raise self._not_logged("a version", "Log it with run.log_artifact(), then wait.")
            deadline = None if timeout is None else time.monotonic() + timeout
            outcome = self._run.wait(self._record.id, self._name, timeout)
            if outcome is not None:
                from runstone.sdk.artifacts.using import committed

                self._became(committed(outcome, deadline))

    def _drafting(self) -> Draft:
        """The draft, bound to the current run's store if there is one."""
        draft = self._draft
        if draft is None or self._record is not None:
            raise UsageError(
                f"Artifact {self.name!r} is logged and cannot be changed. "
                "Make the next version with new_draft()."
            )
        if draft._store is None:
            from runstone.sdk.module import current_or_none

            run = current_or_none()
            if run is not None and run._recorder is not None:
                try:
                    run._artifact_store().collect_into(draft)
                except OSError as error:
                    run._recorder.say("artifacts", f"bytes of artifacts cannot be kept yet ({error}).")
        return draft

    def _policy_of(self, policy: Policy | None) -> Policy:
        if policy is not None and policy not in POLICIES:
            raise UsageError(f"policy is one of {', '.join(POLICIES)}; met {policy!r}.")
        return policy or self._policy

    def _entry(self, path: str) -> ArtifactManifestEntry:
        from runstone.sdk.artifacts.manifest import ArtifactManifestEntry

        return ArtifactManifestEntry(self, path)

    def _logged(self, what: str) -> ArtifactVersion:
        if self._version is None and self._record is not None:
            self._settle()
        if self._version is None:
            raise self._not_logged(what)
        return self._version

    def _not_logged(self, what: str, advice: str = "") -> NotLoggedError:
        state = "a draft" if self._record is None else "not on a server yet"
        if self._number:
            state = "used by a run without a server"
            advice = advice or "Fetch it ahead with `runstone artifact get`, and read the files from there."
        return NotLoggedError(
            f"Artifact {self._name!r} is {state}, and {what} is known of a version on a server. "
            f"{advice or 'Log it in an online run, or run `runstone sync` first.'}"
        )


def _default_policy() -> Policy:
    given = os.environ.get("RUNSTONE_ARTIFACT_POLICY", "mutable")
    if given not in POLICIES:
        raise UsageError(f"RUNSTONE_ARTIFACT_POLICY is one of {', '.join(POLICIES)}; met {given!r}.")
    return given  # type: ignore[return-value]
