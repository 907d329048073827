"""Saved views of a project: a name and a JSON spec, of one person or of the team."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runstone.server.domain.identity import Actor


@dataclass(frozen=True, slots=True)
class View:
    id: str
    entity: str
    project: str
    kind: str  # "workspace", "runs", "report"
    name: str
    owner: str
    shared: bool
    spec: dict[str, Any]
    version: int
    created_at: float
    updated_at: float


class Views:
    def find(self, actor: Actor, entity: str, project: str, *, kind: str) -> list[View]:
        raise NotImplementedError

    def get(self, actor: Actor, view_id: str) -> View:
        raise NotImplementedError

    def save(
        self,
        actor: Actor,
        entity: str,
        project: str,
        *,
        kind: str,
        name: str,
        spec: dict[str, Any],
        shared: bool = False,
        view_id: str | None = None,
        if_version: int | None = None,
    ) -> View:
        """Conflict where `if_version` is not the kept one."""
        raise NotImplementedError

    def delete(self, actor: Actor, view_id: str) -> None:
        raise NotImplementedError
