"""A version on a server.

version = runstone.Api().artifact("mnist/cats:latest")
folder = version.download()
version.aliases.append("checked")
version.save()
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runstone.client.artifact_files import VersionFiles
from runstone.client.artifact_models import ArtifactRecord, DiffRecord
from runstone.client.errors import Misuse
from runstone.content.manifest import Entry

if TYPE_CHECKING:
    from runstone.client.artifact_collections import ArtifactCollection
    from runstone.client.lineage_models import LineageGraph
    from runstone.client.native import Client
    from runstone.client.run import Run


class ArtifactVersion(VersionFiles):
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
        return cls(client, client.artifacts.get(entity, project, f"{name}:{version}" if version else name))

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
        from runstone.client.artifact_collections import ArtifactCollection

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
