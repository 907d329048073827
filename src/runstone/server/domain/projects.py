"""Projects: where runs lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runstone.server.domain.identity import Actor, EntityId, ProjectId


@dataclass(frozen=True, slots=True)
class Project:
    id: ProjectId
    entity_id: EntityId
    entity: str
    name: str
    description: str
    created_at: float
    updated_at: float  # the last change of any of its runs
    run_count: int
    settings: dict[str, Any] = field(default_factory=dict)


class Projects:
    def get(self, actor: Actor, entity: str, name: str) -> Project:
        """entity "" is the actor's default entity."""
        raise NotImplementedError

    def ensure(self, actor: Actor, entity: str, name: str, *, description: str = "") -> tuple[Project, bool]:
        """The project, made if absent (WRITE on the entity); True where it was made."""
        raise NotImplementedError

    def find(
        self, actor: Actor, *, entity: str | None = None, search: str = "", after: str = "", limit: int = 100
    ) -> list[Project]:
        """By last activity, newest first; `after` is the cursor of the last one seen."""
        raise NotImplementedError

    def update(
        self,
        actor: Actor,
        entity: str,
        name: str,
        *,
        description: str | None = None,
        new_name: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> Project:
        raise NotImplementedError

    def delete(self, actor: Actor, entity: str, name: str) -> None:
        """To the trash, with its runs; the name is free at once."""
        raise NotImplementedError

    def trash(self, actor: Actor, entity: str) -> list[Project]:
        raise NotImplementedError

    def restore(self, actor: Actor, project: ProjectId, *, name: str | None = None) -> Project:
        raise NotImplementedError
