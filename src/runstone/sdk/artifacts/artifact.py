"""An artifact: a version of named content. Put together as a draft, logged by a run, read by others.

artifact = runstone.Artifact("cats", type="dataset")
artifact.add_dir("data/")
run.log_artifact(artifact, aliases=["clean"])

folder = run.use_artifact("cats:clean").download()
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any

from runstone.sdk.artifacts import names
from runstone.sdk.artifacts.draft import Draft, Policy
from runstone.sdk.errors import Error, UsageError
from runstone.sdk.values import plain_value

if TYPE_CHECKING:
    from pathlib import Path

    from runstone.client.artifacts import ArtifactFile, ArtifactVersion
    from runstone.journal.kinds import ArtifactLogged
    from runstone.sdk.artifacts.manifest import ArtifactManifest, ArtifactManifestEntry
    from runstone.sdk.artifacts.preprocessing import Preprocessing
    from runstone.sdk.artifacts.recording import RunArtifacts

POLICIES = ("mutable", "immutable")


class NotLoggedError(Error):
    """What was asked for is known once the version is on a server."""


class Artifact:
    """name: of the collection it becomes a version of. type: "dataset", "model", any text.

    metadata: JSON values. incremental: start from the latest version's files. policy: how added files
    are treated where `add_file` and `add_dir` do not say: "mutable" (kept as they are when they are
    added) or "immutable" (sent from where they lie; nothing is copied). Safe in one thread at a time.
    """

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
        self._metadata: dict[str, Any] = dict(plain_value(dict(metadata or {})))
        self._incremental = incremental
        self.use_as = use_as
        self._policy: Policy = policy or _default_policy()
        self._draft: Draft | None = Draft(hash_cache())
        self._facts: dict[str, Any] = {}
        self._tables: list[dict[str, Any]] = []
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

    @classmethod
    def _of_version(cls, version: ArtifactVersion) -> Artifact:
        artifact = cls(version.collection_name, version.type)
        artifact._became(version)
        return artifact

    @classmethod
    def _by_number(cls, address: names.Address, type: str) -> Artifact:
        """A version that nobody was asked about: a run without a server reads it."""
        artifact = cls(address.name, type)
        artifact._draft = None
        artifact._number = address.version
        return artifact

    def _became(self, version: ArtifactVersion) -> None:
        self._version = version
        self._draft = None

    # --- content

    def add_file(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        is_tmp: bool | None = False,
        skip_cache: bool | None = False,
        policy: Policy | None = None,
        overwrite: bool = False,
    ) -> ArtifactManifestEntry:
        """A file, under its own name unless another is given. Raises UsageError where it cannot be
        read, or the name could leave the folder it is placed in."""
        local = os.fspath(local_path)
        draft = self._drafting()
        path = draft.add_file(
            local, name or os.path.basename(local), self._policy_of(policy), replace=overwrite
        )
        return self._entry(path)

    def add_dir(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        skip_cache: bool | None = False,
        policy: Policy | None = None,
        merge: bool = False,
        *,
        follow_links: bool = False,
    ) -> None:
        """All files below a folder, under their paths there, within the folder `name` if given. Links
        that lead out of it are refused, unless follow_links."""
        self._drafting().add_dir(
            os.fspath(local_path),
            name or "",
            self._policy_of(policy),
            replace=merge,
            follow_links=follow_links,
        )

    @contextmanager
    def new_file(
        self, name: str, mode: str = "x", encoding: str | None = None, policy: Policy | None = None
    ) -> Iterator[IO[Any]]:
        """A file to be written: `with artifact.new_file("notes.txt") as file: file.write(…)`. It is
        added when the block ends well."""
        draft = self._drafting()
        binary = "b" in mode
        buffer: IO[Any] = io.BytesIO() if binary else io.StringIO(newline="")
        yield buffer
        content = buffer.getvalue()  # type: ignore[attr-defined]
        data = content if binary else content.encode(encoding or "utf-8")
        draft.add_bytes(data, name, replace="x" not in mode, scratch=self._folder())

    def add_bytes(self, data: bytes, name: str, *, overwrite: bool = False) -> ArtifactManifestEntry:
        """`data` as the file `name`."""
        path = self._drafting().add_bytes(data, name, replace=overwrite, scratch=self._folder())
        return self._entry(path)

    def add_reference(
        self,
        uri: str | ArtifactManifestEntry,
        name: str | None = None,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> Sequence[ArtifactManifestEntry]:
        """Point at files that stay where they are: file:, s3:, gs:, az:, http(s):, hf: (a Hugging Face
        revision), or a .dvc file or Git LFS pointer by its path. With checksum, what the place says of
        them (version id, etag, size, checksum) is asked with this user's own rights and kept."""
        from runstone.client.references import resolve

        target = uri if isinstance(uri, str) else uri.ref_url()
        draft = self._drafting()
        added = []
        for path, size, reference, digest in resolve(
            target, name, checksum=checksum, objects_max=max_objects, cache=draft.cache
        ):
            added.append(self._entry(draft.add_reference(path, size, reference, digest)))
        return added

    def add(self, obj: Any, name: str, overwrite: bool = False) -> ArtifactManifestEntry:
        """A table or a medium (Image, Audio, …) as an entry that `get` gives back; a data frame as
        Parquet, with its schema."""
        from runstone.sdk.artifacts.objects import add_object

        path = add_object(self, obj, name, overwrite)
        self._added[id(obj)] = (obj, path)
        return self._entry(path)

    def __setitem__(self, name: str, obj: Any) -> None:
        self.add(obj, name)

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def remove(self, item: str | os.PathLike[str] | ArtifactManifestEntry) -> None:
        """An entry, or all below a folder. Raises FileNotFoundError."""
        path = item if isinstance(item, str) else getattr(item, "path", None) or os.fspath(item)  # type: ignore[arg-type]
        if not self._drafting().remove(str(path)):
            raise FileNotFoundError(f"Artifact {self._name!r} has no file {path!r}.")

    def get_added_local_path_name(self, local_path: str) -> str | None:
        """The entry's path of a file that was added from `local_path`; None for none."""
        return self._draft.path_of(os.path.abspath(local_path)) if self._draft is not None else None

    # --- what is known of the content

    @property
    def preprocessing(self) -> Preprocessing:
        """How the data came to be, in order: `artifact.preprocessing.add(function, params)`."""
        if self._steps is None:
            from runstone.sdk.artifacts.preprocessing import Preprocessing

            given = self._version.record.facts.get("preprocessing") if self._version is not None else None
            self._steps = Preprocessing(given)
        return self._steps

    @property
    def schema(self) -> list[dict[str, Any]]:
        """The tables in it, with the columns of each; see `content/schemas.py`. Of a draft: read from its
        files now."""
        if self._version is not None:
            return list(self._version.record.facts.get("schema") or [])
        from runstone.content import schemas as schema

        draft = self._drafting()
        said = {table["path"] for table in self._tables}
        files = [
            (path, local)
            for path in schema.tabular(draft.paths())
            if path not in said and (local := draft.local_of(path)) is not None
        ]
        return [*self._tables, *schema.of_files(files)]

    def set_schema(self, frame: Any, path: str = "") -> None:
        """Take the schema of a frame or dataset in memory, for content whose files do not say it: pandas,
        polars, Arrow, Hugging Face. Raises UsageError for anything else."""
        from runstone.content import schemas as schema

        found = schema.of_frame(frame, path)
        if found is None:
            raise UsageError(
                f"The schema of {type(frame).__name__} cannot be told. Use a data frame or dataset."
            )
        self._tables = [table for table in self._tables if table["path"] != path] + [found]

    def set_role(self, role: str, paths: str | Sequence[str]) -> None:
        """Say which files of a model are its weights, training_script, evaluation or environment."""
        from runstone.sdk.artifacts.roles import check_role

        self._roles[check_role(role)] = [paths] if isinstance(paths, str) else list(paths)

    @property
    def roles(self) -> dict[str, Any]:
        """The files of a model by role, `missing` roles, and files that are `pickles`."""
        if self._version is not None and not self._roles:
            return dict(self._version.record.facts.get("roles") or {})
        from runstone.sdk.artifacts.roles import find

        draft = self._draft
        return find(draft.paths() if draft is not None else self.manifest.entries, self._roles)

    def _known_facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        if self._type != "model" or self._tables:
            schema = self.schema
            if schema:
                facts["schema"] = schema
        if self._steps is not None and len(self._steps):
            facts["preprocessing"] = self._steps.as_list()
        if self._type == "model" or self._roles:
            facts["roles"] = self.roles
        return facts

    # --- who it is

    @property
    def name(self) -> str:
        """With its version, once that is known: "cats:v3"."""
        if self._version is not None:
            return self._version.name
        return f"{self._name}:{self._number}" if self._number else self._name

    @property
    def type(self) -> str:
        return self._type

    @property
    def description(self) -> str | None:
        return self._version.description if self._version is not None else self._description

    @description.setter
    def description(self, value: str | None) -> None:
        if self._version is not None:
            self._version.description = value or ""
        self._description = value

    @property
    def metadata(self) -> dict[str, Any]:
        return self._version.metadata if self._version is not None else self._metadata

    @metadata.setter
    def metadata(self, value: Mapping[str, Any]) -> None:
        if self._version is not None:
            self._version.metadata = dict(plain_value(dict(value)))
        self._metadata = dict(plain_value(dict(value)))

    @property
    def ttl(self) -> timedelta | None:
        """How long the version is kept; None for as its collection says."""
        seconds = self._version.ttl_seconds if self._version is not None else self._ttl_seconds
        return None if seconds is None or seconds < 0 else timedelta(seconds=seconds)

    @ttl.setter
    def ttl(self, value: timedelta | float | None) -> None:
        seconds = (
            None if value is None else int(value.total_seconds() if isinstance(value, timedelta) else value)
        )
        if seconds is not None and seconds <= 0:
            raise UsageError(f"An artifact is kept for a time above zero, met {value!r}.")
        self._ttl_seconds = seconds
        if self._version is not None:
            self._version.ttl_seconds = seconds

    @property
    def aliases(self) -> list[str]:
        """Of a logged version: change the list, then `save()`."""
        return self._version.aliases if self._version is not None else self._aliases

    @aliases.setter
    def aliases(self, value: Sequence[str]) -> None:
        checked = names.labels(value, "an alias")
        if self._version is not None:
            self._version.aliases = checked
        self._aliases = checked

    @property
    def tags(self) -> list[str]:
        return self._version.tags if self._version is not None else self._tags

    @tags.setter
    def tags(self, value: Sequence[str]) -> None:
        checked = names.labels(value, "a tag")
        if self._version is not None:
            self._version.tags = checked
        self._tags = checked

    @property
    def incremental(self) -> bool:
        return self._incremental

    @property
    def distributed_id(self) -> str | None:
        return self._distributed or None

    @distributed_id.setter
    def distributed_id(self, value: str | None) -> None:
        self._distributed = value or ""

    @property
    def digest(self) -> str:
        """Of a draft: SHA-256 of the list of its files, read for that where they are not yet."""
        if self._version is not None:
            return self._version.digest
        import hashlib

        return (
            self._record.manifest if self._record else hashlib.sha256(self._drafting().manifest()).hexdigest()
        )

    @property
    def size(self) -> int:
        """Bytes of its files."""
        if self._version is not None:
            return self._version.size
        return self._record.bytes if self._record else self._drafting().size()

    @property
    def file_count(self) -> int:
        if self._version is not None:
            return self._version.file_count
        return self._record.files if self._record else self._drafting().count()

    @property
    def state(self) -> str:
        """DRAFT, PENDING (logged, and on its way), or what the server says: COMMITTED, DELETED."""
        if self._version is not None:
            return self._version.state.upper()
        return "DRAFT" if self._record is None else "PENDING"

    def is_draft(self) -> bool:
        return self._version is None and self._record is None and not self._number

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

    def __getattr__(self, name: str) -> Any:
        """What only a version on a server has: id, version, entity, project, url, created_at, …"""
        if name.startswith("_"):
            raise AttributeError(name)
        from runstone.client.artifacts import ArtifactVersion

        if not hasattr(ArtifactVersion, name):
            raise AttributeError(f"'Artifact' has no attribute {name!r}")
        return getattr(self._logged(name), name)

    def __repr__(self) -> str:
        return f"<Artifact {self.name!r} ({self._type}, {self.state.lower()})>"

    # --- on a server

    def wait(self, timeout: float | None = None) -> Artifact:
        """Until the server has it; then it knows its version. In mode offline there is nothing to wait
        for. Raises NotCommittedError after `timeout` seconds, or where the server refused it; ServerAway
        where it has it, but went away before it told the version, and stayed away for `timeout`."""
        if self._version is None:
            if self._record is None or self._run is None:
                raise self._not_logged("a version", "Log it with run.log_artifact(), then wait.")
            deadline = None if timeout is None else time.monotonic() + timeout
            outcome = self._run.wait(self._record.id, self._name, timeout)
            if outcome is not None:
                from runstone.sdk.artifacts.using import committed

                self._became(committed(outcome, deadline))
        return self

    def save(self, project: str | None = None, settings: Any = None) -> None:
        """Of a draft: log it, by the current run or one made for that. Of a version: carry changes of
        description, metadata, aliases, tags and ttl to the server."""
        if self._version is not None:
            self._version.save()
        elif self._record is None:
            from runstone.sdk.artifacts.using import log_alone

            log_alone(self, project, settings)

    def new_draft(self) -> Artifact:
        """A draft that holds this version's files, to add to and remove from; logging it makes the next
        version. Bytes that stay are not sent again."""
        version = self._logged("new_draft()")
        draft = Artifact(version.collection_name, version.type, self.description, self.metadata)
        draft._base = version.id
        draft._drafting().take_over(version.entries())
        draft._incremental = True
        return draft

    def finalize(self) -> None:
        """Nothing to do: a version is final once it is logged."""

    def get_entry(self, name: str | os.PathLike[str]) -> ArtifactManifestEntry:
        """Raises KeyError."""
        return self.manifest.entry(os.fspath(name))

    get_path = get_entry

    def get(self, name: str) -> Any:
        """What `add` was given under this name: a Table, an Image, …; None where there is none."""
        from runstone.sdk.artifacts.objects import get_object

        for obj, path in self._added.values():
            if path == name or path.startswith(name + "."):
                return obj
        return get_object(self, name)

    def download(
        self,
        root: str | os.PathLike[str] | None = None,
        allow_missing_references: bool = False,
        skip_cache: bool | None = None,
        path_prefix: str | os.PathLike[str] | None = None,
        multipart: bool | None = None,
        *,
        links: str | None = None,
    ) -> str:
        """Bring its files to `root` (default: ./artifacts/NAME:VERSION), each checked; what is there
        already is not fetched again, what was begun goes on. Returns the folder. See
        `client/artifact_download.py`."""
        return self._logged("download()").download(
            root,
            allow_missing_references=allow_missing_references,
            path_prefix=os.fspath(path_prefix) if path_prefix is not None else "",
            use_cache=not skip_cache,
            links=links,
        )

    def checkout(self, root: str | os.PathLike[str] | None = None) -> str:
        """As `download`, and files of the folder that the version does not hold are removed."""
        return self._logged("checkout()").checkout(root)

    def verify(self, root: str | os.PathLike[str] | None = None) -> None:
        """Hash the files of the folder it was downloaded to. Raises ValueError naming what differs."""
        self._logged("verify()").verify(root)

    def file(self, root: str | os.PathLike[str] | None = None) -> str:
        """Download its only file; the path. Raises ValueError where there are several."""
        return self._logged("file()").file(root)

    def files(self, names: Sequence[str] | None = None, per_page: int = 50) -> list[ArtifactFile]:
        return self._logged("files()").files(names)

    def delete(self, delete_aliases: bool = False) -> None:
        """To the trash."""
        self._logged("delete()").delete(delete_aliases=delete_aliases)

    def link(self, target_path: str, aliases: Iterable[str] | None = None) -> Artifact | None:
        """Into a registry's collection, `[REGISTRY/]COLLECTION`. Of what is not on a server yet: when it
        arrives there; None then."""
        wanted = names.own_aliases(aliases)
        if self._version is None and self._record is None:
            self._links.append((target_path, wanted))
            return None
        linked = self.wait()._logged("link()").link(target_path, wanted)
        return Artifact._of_version(linked)

    def unlink(self) -> None:
        self._logged("unlink()").unlink()

    def json_encode(self) -> dict[str, Any]:
        version = self._logged("json_encode()")
        return {
            "_type": "artifactVersion",
            "_version": "v0",
            "id": version.id,
            "version": version.version,
            "sequenceName": version.collection_name,
            "usedAs": self.use_as,
        }

    # ---------------------------------------------------------------------------------------------

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

    def _folder(self) -> str:
        """For files that have no other place yet; gone with this object."""
        if not self._scratch:
            import shutil
            import tempfile
            import weakref

            self._scratch = tempfile.mkdtemp(prefix="runstone-artifact-")
            weakref.finalize(self, shutil.rmtree, self._scratch, True)
        return self._scratch

    def _logged(self, what: str) -> ArtifactVersion:
        if self._version is None and self._record is not None:
            self.wait()
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


if TYPE_CHECKING:
    _ = Path
