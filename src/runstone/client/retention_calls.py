"""Retention policies of projects and entities, and deletions of many versions at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from runstone.client.calls import NounCalls, at_entity, at_place
from runstone.client.connection import segment


class PolicyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """type: "" for every one."""

    type: str = ""
    rule: dict[str, Any] = {}
    by: str = ""
    updated_at: float = 0.0


class PoliciesRecord(msgspec.Struct, frozen=True, kw_only=True):
    project: list[PolicyRecord] = []
    entity: list[PolicyRecord] = []
    collections: list[dict[str, Any]] = []  # {name, type, rule}


class PreviewRecord(msgspec.Struct, frozen=True, kw_only=True):
    """freed_bytes: what a garbage collection would give back once they have left the trash."""

    versions: int = 0
    bytes: int = 0
    freed_bytes: int = 0
    collections: list[dict[str, Any]] = []  # {name, type, rule_from, versions, bytes}
    shown: list[dict[str, Any]] = []  # {id, name, type, size, created_at}


class DeletionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """state: running, done, cancelled, undoing or undone. versions = in_trash + restored + purged."""

    id: int
    entity: str = ""
    project: str = ""
    kind: str = "query"
    state: str = "running"
    query: dict[str, Any] = {}
    reason: str = ""
    by: str = ""
    scanned: int = 0
    to_scan: int = 0
    versions: int = 0
    bytes: int = 0
    in_trash: int = 0
    restored: int = 0
    purged: int = 0
    undo_by: str = ""
    undo_at: float | None = None
    created_at: float = 0.0
    updated_at: float = 0.0
    ended_at: float | None = None


class RetentionCalls(NounCalls):
    """One method per route. All raise `ClientError` and its kinds."""

    def get(self, entity: str, project: str) -> PoliciesRecord:
        return self._policies("GET", entity, project)

    def set(self, entity: str, project: str, rule: Mapping[str, Any], *, type: str = "") -> PoliciesRecord:
        """The project's default, or that of a type; {} takes it away."""
        return self._policies("PUT", entity, project, json={"type": type, "rule": dict(rule)})

    def set_collection(self, entity: str, project: str, collection: str, rule: Mapping[str, Any]) -> None:
        path = f"{at_place(entity, project)}/collections/{segment(collection)}"
        self._send("PATCH", path, json={"retention": dict(rule)})

    def get_entity(self, entity: str) -> list[PolicyRecord]:
        answer = self._send("GET", f"{at_entity(entity)}/retention")
        return msgspec.convert(answer["policies"], list[PolicyRecord])

    def set_entity(self, entity: str, rule: Mapping[str, Any], *, type: str = "") -> list[PolicyRecord]:
        """Of all projects of an entity that say nothing else."""
        path = f"{at_entity(entity)}/retention"
        answer = self._send("PUT", path, json={"type": type, "rule": dict(rule)})
        return msgspec.convert(answer["policies"], list[PolicyRecord])

    def preview(self, entity: str, project: str, **wanted: Any) -> PreviewRecord:
        """wanted: rule, type, collection, shown. Nothing is changed."""
        path = f"{at_place(entity, project)}/retention/preview"
        return msgspec.convert(self._send("POST", path, json=wanted), PreviewRecord)

    def apply(self, entity: str, project: str) -> DeletionRecord:
        """Now rather than within the hour; done by the server's job."""
        path = f"{at_place(entity, project)}/retention/apply"
        return msgspec.convert(self._send("POST", path), DeletionRecord)

    def preview_deletion(self, entity: str, project: str, query: Mapping[str, Any]) -> PreviewRecord:
        path = f"{at_place(entity, project)}/deletions/preview"
        return msgspec.convert(self._send("POST", path, json=dict(query)), PreviewRecord)

    def delete(self, entity: str, project: str, query: Mapping[str, Any]) -> DeletionRecord:
        """query: type, collection (a pattern), created_before, tag, unaliased, metadata [{path, op, value}],
        keep_last, keep_used, reason. To the trash, by the server's job."""
        path = f"{at_place(entity, project)}/deletions"
        return msgspec.convert(self._send("POST", path, json=dict(query)), DeletionRecord)

    def deletion(self, entity: str, project: str, number: int) -> DeletionRecord:
        path = f"{at_place(entity, project)}/deletions/{number}"
        return msgspec.convert(self._get(path), DeletionRecord)

    def deletions(self, entity: str, project: str) -> Iterator[DeletionRecord]:
        """The newest first."""
        for item in self._pages(f"{at_place(entity, project)}/deletions", "deletions", {}):
            yield msgspec.convert(item, DeletionRecord)

    def cancel(self, entity: str, project: str, number: int) -> DeletionRecord:
        path = f"{at_place(entity, project)}/deletions/{number}/cancel"
        return msgspec.convert(self._send("POST", path), DeletionRecord)

    def find_deletion(self, number: int) -> DeletionRecord:
        """Wherever it is: the record says the entity and the project."""
        return msgspec.convert(self._get(f"/deletions/{number}"), DeletionRecord)

    def undo(self, entity: str, project: str, number: int) -> DeletionRecord:
        """What it took and is still in the trash comes back, by the server's job; a deletion that still runs
        stops first."""
        path = f"{at_place(entity, project)}/deletions/{number}/undo"
        return msgspec.convert(self._send("POST", path), DeletionRecord)

    def _policies(self, method: str, entity: str, project: str, **rest: Any) -> PoliciesRecord:
        path = f"{at_place(entity, project)}/retention"
        return msgspec.convert(self._send(method, path, **rest), PoliciesRecord)
