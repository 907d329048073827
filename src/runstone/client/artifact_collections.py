"""A collection: versions of one thing under numbers and aliases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from runstone.client.artifact_models import CollectionRecord
from runstone.client.artifacts import ArtifactVersion

if TYPE_CHECKING:
    from runstone.client.native import Client


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
