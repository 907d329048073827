"""A version on a server, and the collection it lies in.

version = runstone.Api().artifact("mnist/cats:latest")
folder = version.download()
version.aliases.append("checked")
version.save()
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runstone.client.artifact_models import (
    ArtifactRecord,
    CollectionRecord,
    DiffRecord,
    EntryRecord,
)
from runstone.client.errors import Misuse
from runstone.content.manifest import NO_DIGEST, Entry, Reference

if TYPE_CHECKING:
    from runstone.client.artifact_download import Differences, Downloaded
    from runstone.client.lineage_models import LineageGraph
    from runstone.client.native import Client
    from runstone.client.run import Run

_LINKS = ("auto", "copy")


class ArtifactFile:
    """One file of a version. size: bytes."""

    def __init__(self, version: ArtifactVersion, entry: Entry) -> None:
        self._version = version
        self._entry = entry
        self.name = entry.path
        self.size = max(entry.size, 0)
        self.sha256 = entry.sha256.hex() if entry.sha256 != NO_DIGEST else ""
        self.ref = entry.reference.uri if entry.reference is not None else ""

    def download(self, root: str | None = None, *, use_cache: bool = True) -> str:
        """The path it has then."""
        return self._version.download_file(self.name, root, use_cache=use_cache)

    def __repr__(self) -> str:
        return f"<ArtifactFile {self.name} ({self.size} bytes)>"


class ArtifactVersion:
    """A committed version, as it stood when it was asked for. description, metadata, aliases, tags and
    ttl_seconds may be changed; `save` carries that to the server."""

    def __init__(self, client: Client, record: ArtifactRecord) -> None:
        self._client = client
        self._take(record)

    @classmethod
    def by_name(
        cls, client: Client, entity: str, project: str, name: str, version: str = "latest"
    ) -> ArtifactVersion:
        """Raises NotFound."""
        return cls(client, client.artifacts.get(entity, project, f"{name}:{version}"))

    @classmethod
    def by_id(cls, client: Client, version_id: str | int) -> ArtifactVersion:
        """Raises NotFound."""
        return cls(client, client.artifacts.get("", "", f"@{version_id}"))

    def _take(self, record: ArtifactRecord) -> None:
        self.record = record
        self.entity, _, self.project = record.within.partition("/")
        self.aliases = [alias.alias for alias in record.aliases]
        self.tags = list(record.tags)
        self.metadata: dict[str, Any] = dict(record.metadata)
        self.description = record.description
        self.ttl_seconds = record.ttl_seconds
        self._entries: list[Entry] | None = None
        self._roots: list[str] = []

    # --- what it is

    @property
    def id(self) -> str:
        return str(self.record.id)

    @property
    def name(self) -> str:
        """`collection:v3`."""
        return self.record.name

    @property
    def qualified_name(self) -> str:
        return f"{self.entity}/{self.project}/{self.record.name}"

    @property
    def version(self) -> str:
        """ "v3"."""
        return self.record.version

    @property
    def collection_name(self) -> str:
        return self.record.collection

    @property
    def collection(self) -> ArtifactCollection:
        calls = self._client.artifacts
        record = calls.collection(self.entity, self.project, self.record.collection)
        return ArtifactCollection(self._client, record)

    @property
    def type(self) -> str:
        return self.record.type

    @property
    def state(self) -> str:
        """pending, committed, deleted."""
        return self.record.state

    @property
    def digest(self) -> str:
        return self.record.digest

    @property
    def sha256(self) -> str:
        """Of the list of its files, with the SHA-256 of each."""
        return self.record.sha256

    @property
    def commit_hash(self) -> str:
        return self.record.sha256

    @property
    def size(self) -> int:
        """Bytes."""
        return self.record.size

    @property
    def file_count(self) -> int:
        return self.record.file_count

    @property
    def created_at(self) -> float:
        """Unix seconds."""
        return self.record.created_at

    @property
    def updated_at(self) -> float:
        return self.record.updated_at

    @property
    def history_step(self) -> int | None:
        return self.record.history_step

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of its content: schema, preprocessing, roles."""
        return dict(self.record.facts)

    @property
    def source_qualified_name(self) -> str:
        """ENTITY/PROJECT/NAME:vN where it was made."""
        return self.record.source

    @property
    def source_name(self) -> str:
        return self.record.source.rpartition("/")[2]

    @property
    def source_version(self) -> str:
        return self.record.source.rpartition(":")[2]

    @property
    def source_entity(self) -> str:
        return self.record.source.split("/")[0]

    @property
    def source_project(self) -> str:
        return self.record.source.split("/")[1]

    @property
    def is_link(self) -> bool:
        """Whether it was asked for through a collection that it is linked into."""
        return self.record.source != f"{self.record.within}/{self.record.name}"

    @property
    def linked_artifacts(self) -> list[ArtifactVersion]:
        """It again, in each other collection that has it."""
        found = self._client.artifacts.members(self.entity, self.project, f"@{self.id}")
        source = self.record.source
        return [
            ArtifactVersion(self._client, record)
            for record in found
            if f"{record.within}/{record.name}" != source
        ]

    @property
    def source_artifact(self) -> ArtifactVersion:
        return ArtifactVersion(self._client, self._client.artifacts.members("", "", f"@{self.id}")[0])

    @property
    def url(self) -> str:
        """Its page."""
        from urllib.parse import quote

        parts = (self.entity, self.project, "artifacts", self.type, self.record.collection, self.version)
        return "/".join([self._client.base_url, *(quote(part, safe="") for part in parts)])

    def __repr__(self) -> str:
        return f"<ArtifactVersion {self.qualified_name} ({self.type}, {self.file_count} files)>"

    # --- what it holds

    def entries(self) -> list[Entry]:
        """By path; asked for once."""
        if self._entries is None:
            found = self._client.artifacts.manifest(self.entity, self.project, f"@{self.id}")
            self._entries = [entry_of(record) for record in found]
        return self._entries

    def files(self, names: Sequence[str] | None = None) -> list[ArtifactFile]:
        wanted = None if names is None else set(names)
        return [
            ArtifactFile(self, entry) for entry in self.entries() if wanted is None or entry.path in wanted
        ]

    @cached_property
    def default_root(self) -> str:
        """Where `download` puts it: $RUNSTONE_ARTIFACT_DIR or ./artifacts, and NAME:vN there."""
        folder = (
            os.environ.get("RUNSTONE_ARTIFACT_DIR") or os.environ.get("WANDB_ARTIFACT_DIR") or "artifacts"
        )
        name = self.record.name.replace(":", "-") if os.name == "nt" else self.record.name
        return os.path.join(os.path.abspath(folder), name)

    def download(
        self,
        root: str | os.PathLike[str] | None = None,
        *,
        path_prefix: str = "",
        allow_missing_references: bool = False,
        use_cache: bool = True,
        links: str | None = None,
    ) -> str:
        """Its files in `root`, whole and checked; the folder. links: "auto" (share blocks, else hard links,
        which are read-only, else copies) or "copy"; RUNSTONE_LINKS where it is not given."""
        target = os.path.abspath(os.fspath(root)) if root is not None else self.default_root
        entries = [entry for entry in self.entries() if entry.path.startswith(path_prefix)]
        self.fetch(
            entries,
            target,
            allow_missing_references=allow_missing_references,
            use_cache=use_cache,
            links=links,
        )
        if target not in self._roots:
            self._roots.append(target)
        return target

    def fetch(
        self,
        entries: Sequence[Entry],
        root: str,
        *,
        allow_missing_references: bool = False,
        use_cache: bool = True,
        links: str | None = None,
    ) -> Downloaded:
        """Some of its files into `root`; what was done. Raises BadAnswer where bytes are not right."""
        from runstone.client.artifact_download import Download

        chosen = links or os.environ.get("RUNSTONE_LINKS") or "auto"
        if chosen not in _LINKS:
            raise Misuse(f"links is one of {', '.join(_LINKS)}; met {chosen!r}.")
        calls, name = self._client.artifacts, f"@{self.id}"
        work = Download(
            lambda path, start, etag: calls.file(
                self.entity, self.project, name, path, start=start, etag=etag
            ),
            links=chosen,  # type: ignore[arg-type]
            use_cache=use_cache,
            allow_missing_references=allow_missing_references,
        )
        return work.run(entries, root)

    def download_file(self, path: str, root: str | None = None, *, use_cache: bool = True) -> str:
        """One file; where it is then. Raises KeyError."""
        entry = next((entry for entry in self.entries() if entry.path == path), None)
        if entry is None:
            raise KeyError(f"{self.name} has no file {path!r}.")
        target = os.path.abspath(root) if root is not None else self.default_root
        self.fetch([entry], target, use_cache=use_cache)
        return os.path.join(target, *path.split("/"))

    def file(self, root: str | os.PathLike[str] | None = None) -> str:
        """Its only file. Raises ValueError."""
        entries = self.entries()
        if len(entries) != 1:
            raise ValueError(
                f"{self.name} holds {len(entries)} files, not one. Use download() or get_entry()."
            )
        return self.download_file(entries[0].path, os.fspath(root) if root is not None else None)

    def checkout(self, root: str | os.PathLike[str] | None = None) -> str:
        """As `download`; files there that it does not hold are removed. Raises ValueError for a folder
        that one works or lives in, of which that is never meant: the current one, the home, and above."""
        from runstone.content.trees import walk

        if root is not None:
            _check_may_be_emptied(os.path.realpath(root))
        target = self.download(root)
        mine = {entry.path for entry in self.entries()}
        for found in walk(target):
            if found.path not in mine:
                os.unlink(found.local)
        for folder, _, _ in os.walk(target, topdown=False):
            if folder != target and not os.listdir(folder):
                os.rmdir(folder)
        return target

    def differences(self, root: str | os.PathLike[str] | None = None) -> Differences:
        """Between a folder it was downloaded to and what it holds, every file hashed anew."""
        from runstone.client.artifact_download import compare

        place = root if root is not None else (self._roots[-1] if self._roots else self.default_root)
        return compare(os.path.abspath(os.fspath(place)), self.entries())

    def verify(self, root: str | os.PathLike[str] | None = None) -> None:
        """Raises ValueError naming the files that differ, lack, or are too many."""
        different = self.differences(root)
        if different:
            raise ValueError(f"{self.name} is not what lies there: {different.words()}")

    def damaged(self) -> list[str]:
        """Read every file from the server and hash it; paths whose bytes are not right."""
        import hashlib

        from runstone.client.errors import ClientError, ServerAway

        bad = []
        for entry in self.entries():
            if entry.reference is not None:
                continue
            digest = hashlib.sha256()
            try:
                with self._client.artifacts.file(
                    self.entity, self.project, f"@{self.id}", entry.path
                ) as answer:
                    for chunk in answer.iter_bytes():
                        digest.update(chunk)
            except ClientError as error:
                if isinstance(error, ServerAway) or getattr(error, "status", 0) in (401, 403, 429):
                    raise
                bad.append(entry.path)
                continue
            if digest.digest() != entry.sha256:
                bad.append(entry.path)
        return bad

    def diff(self, other: str | ArtifactVersion, *, limit: int = 10_000) -> DiffRecord:
        """From this version to another: added, removed and changed files."""
        name = f"@{other.id}" if isinstance(other, ArtifactVersion) else other
        return self._client.artifacts.diff(self.entity, self.project, f"@{self.id}", name, limit=limit)

    # --- changing it

    def save(self) -> None:
        """Carry what was changed here to the server."""
        calls, name = self._client.artifacts, f"{self.record.collection}:{self.version}"
        changes: dict[str, Any] = {}
        if self.description != self.record.description:
            changes["description"] = self.description
        if self.metadata != self.record.metadata:
            changes["metadata"] = self.metadata
        if self.tags != list(self.record.tags):
            changes["tags"] = list(self.tags)
        if self.ttl_seconds != self.record.ttl_seconds:
            if self.ttl_seconds is None:
                changes["inherit_ttl"] = True
            else:
                changes["ttl_seconds"] = self.ttl_seconds
        before = {alias.alias for alias in self.record.aliases}
        add = [alias for alias in self.aliases if alias not in before]
        remove = [alias for alias in before if alias not in self.aliases]
        record = self.record
        if changes:
            record = calls.update(self.entity, self.project, name, **changes)
        if add or remove:
            record = calls.move_aliases(self.entity, self.project, name, add=add, remove=remove)
        entries = self._entries
        self._take(record)
        self._entries = entries

    def delete(self, *, delete_aliases: bool = False, reason: str = "") -> None:
        """To the trash. delete_aliases: although aliases beside `latest` point to it."""
        self._client.artifacts.delete(
            self.entity, self.project, f"@{self.id}", aliases=delete_aliases, reason=reason
        )

    def link(
        self, target_path: str, aliases: Sequence[str] = (), *, reason: str = "", force: bool = False
    ) -> ArtifactVersion:
        """Into another collection; it as it is known there. target_path: `COLLECTION` of its own project,
        `PROJECT/COLLECTION` of its entity, `ENTITY/PROJECT/COLLECTION`, or a registry's:
        `wandb-registry-NAME/COLLECTION`."""
        target = self._client.registries.target(target_path, entity=self.entity, project=self.project)
        record = self._client.artifacts.link(
            self.entity,
            self.project,
            f"@{self.id}",
            target,
            aliases=aliases,
            reason=reason,
            force=force,
        )
        return ArtifactVersion(self._client, record)

    def unlink(self, *, reason: str = "") -> None:
        """Out of the collection that it was asked for through. Raises Misuse where it was made there."""
        if not self.is_link:
            raise Misuse(f"{self.name} was made in this collection; only links can be taken out of one.")
        self._client.artifacts.unlink(
            self.entity, self.project, f"{self.collection_name}:{self.version}", reason=reason
        )

    # --- where it comes from

    def logged_by(self) -> Run | None:
        """The run that made it; None where none did, or it is gone."""
        from runstone.client.errors import NotFound
        from runstone.client.run import Run

        parts = self.record.run.split("/")
        if len(parts) != 3:
            return None
        try:
            return Run(self._client, self._client.run(parts[0], parts[1], parts[2]))
        except NotFound:
            return None

    def used_by(self) -> list[Run]:
        """The runs that read it; those that may not be seen are left out."""
        from runstone.client.errors import NotFound
        from runstone.client.run import Run

        graph = self.lineage(direction="down", depth=1)
        readers = {edge.target for edge in graph.edges if edge.kind == "used"}
        found = []
        for node in graph.nodes:
            parts = node.name.split("/")
            if node.key in readers and not node.locked and len(parts) == 3:
                try:
                    found.append(Run(self._client, self._client.run(*parts)))
                except NotFound:
                    continue
        return found

    def lineage(self, *, direction: str = "both", depth: int = 5, limit: int = 1000) -> LineageGraph:
        """What it was made from (up), and what was made of it (down)."""
        return self._client.lineage.of_artifact(
            self.entity, self.project, f"@{self.id}", direction=direction, depth=depth, limit=limit
        )


class ArtifactCollection:
    """Versions of one thing under numbers and aliases."""

    def __init__(self, client: Client, record: CollectionRecord) -> None:
        self._client = client
        self.record = record
        self.name = record.name
        self.entity = record.entity
        self.project = record.project
        self.type = record.type
        self.description = record.description
        self.tags = list(record.tags)

    @property
    def id(self) -> str:
        return str(self.record.id)

    def versions(self, **query: Any) -> Iterator[ArtifactVersion]:
        """Newest first."""
        for record in self._client.artifacts.versions(self.entity, self.project, self.name, **query):
            yield ArtifactVersion(self._client, record)

    artifacts = versions

    @property
    def aliases(self) -> list[str]:
        return sorted({alias for version in self.versions() for alias in version.aliases})

    def is_sequence(self) -> bool:
        """Whether versions are made in it; else it holds links only."""
        return self.record.kind == "sequence"

    def save(self) -> None:
        """Carry a changed name, description or tags to the server."""
        changes: dict[str, Any] = {"description": self.description, "tags": self.tags}
        if self.name != self.record.name:
            changes["name"] = self.name
        self.record = self._client.artifacts.change_collection(
            self.entity, self.project, self.record.name, **changes
        )

    def delete(self) -> None:
        """To the trash, with its versions."""
        self._client.artifacts.delete_collection(self.entity, self.project, self.record.name)

    def __repr__(self) -> str:
        return f"<ArtifactCollection {self.entity}/{self.project}/{self.name} ({self.type})>"


def _check_may_be_emptied(folder: str) -> None:
    for kept in (os.getcwd(), os.path.expanduser("~")):
        if Path(os.path.realpath(kept)).is_relative_to(folder):
            raise ValueError(
                f"checkout() removes all other files of the folder, and {kept} lies in {folder}. Give it a "
                "folder of its own, or use download(), which removes nothing."
            )


def entry_of(record: EntryRecord) -> Entry:
    """A server's entry as this host's."""
    if not record.ref:
        return Entry(record.path, record.size, bytes.fromhex(record.sha256) if record.sha256 else NO_DIGEST)
    extra = dict(record.extra or {})
    size = -1 if extra.pop("size_unknown", False) else record.size
    sha256 = extra.pop("sha256", "") or record.sha256
    digest = bytes.fromhex(sha256) if sha256 else NO_DIGEST
    return Entry(record.path, size, digest, Reference(record.ref, record.digest, extra))


def artifact_path(path: str) -> tuple[str, str, str]:
    """(entity, project, name with version) of `[[ENTITY/]PROJECT/]NAME[:VERSION]`. Raises Misuse."""
    parts = path.strip("/").split("/")
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise Misuse(f"{path!r} names no artifact. Write 'entity/project/name:version'.")
    name = parts[-1] if ":" in parts[-1] or parts[-1].startswith("@") else f"{parts[-1]}:latest"
    return (["", "", *parts[:-1]])[-2], (["", *parts[:-1]])[-1], name
