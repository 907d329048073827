"""Retention policies, and deletions of many versions at once."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from runstone.server.doors.rest.models.base import Model

RULE = (
    "`last`, `best` (by `metric`, `of` the run's summary or the metadata, `goal` max or min), `ttl_seconds`, "
    '`keep_used`; `{"all": true}` keeps all; {} is no rule.'
)


class RetentionPolicy(Model):
    type: str = Field(description="Empty: every type.")
    rule: dict[str, Any] = Field(description=RULE)
    by: str
    updated_at: float


class CollectionRule(Model):
    name: str
    type: str
    rule: dict[str, Any]


class RetentionPolicies(Model):
    """Of a collection holds its own rule; else that of its type in the project, the project's, that of its
    type in the entity, the entity's."""

    project: list[RetentionPolicy]
    entity: list[RetentionPolicy]
    collections: list[CollectionRule]


class EntityRetention(Model):
    policies: list[RetentionPolicy]


class PolicyWanted(Model):
    type: str = Field("", max_length=128, description="Empty: of every type.")
    rule: dict[str, Any] = Field(description=RULE)


class RetentionLook(Model):
    """Without `rule`: by the policies as they are."""

    rule: dict[str, Any] | None = Field(None, description="As if this were the policy. " + RULE)
    type: str = Field("", max_length=128)
    collection: str = Field("", max_length=128)
    shown: int = Field(100, ge=0, le=1000)


class ShownVersion(Model):
    id: int
    name: str
    type: str
    size: int
    created_at: float


class CollectionGoing(Model):
    name: str
    type: str
    rule_from: str = Field(description="collection, type, project, entity type, entity, or query.")
    versions: int
    bytes: int


class RetentionPreview(Model):
    versions: int
    bytes: int = Field(description="Each version counted in full.")
    freed_bytes: int = Field(
        description="What garbage collection would give back once they have left the trash."
    )
    collections: list[CollectionGoing]
    shown: list[ShownVersion]


class MetadataCondition(Model):
    path: str = Field(max_length=1024, description="Of a value in the metadata: eval.loss.")
    op: Literal["=", "!=", "<", "<=", ">", ">=", "exists", "absent"] = "="
    value: Any = None


class DeletionWanted(Model):
    """Versions that match all of it, save those under an alias beside `latest`, linked elsewhere, deployed,
    or told to stay for ever."""

    type: str = Field("", max_length=128)
    collection: str = Field("", max_length=128, description="A name, or a pattern with * and ?.")
    created_before: float | None = None
    tag: str = Field("", max_length=128)
    unaliased: bool = Field(False, description="Not even `latest` points to it.")
    metadata: list[MetadataCondition] = []
    keep_last: int = Field(0, ge=0, description="Of each collection the newest stay.")
    keep_used: bool = Field(False, description="What a run used stays.")
    versions: list[int] = Field([], max_length=1000, description="Only these, by their ids.")
    reason: str = ""


class Deletion(Model):
    """`versions` = `in_trash` + `restored` + `purged`."""

    id: int
    entity: str
    project: str
    kind: Literal["query", "retention"]
    state: Literal["running", "done", "cancelled", "undoing", "undone"]
    query: dict[str, Any]
    reason: str
    by: str
    scanned: int = Field(description="Numbers of versions seen, of about `to_scan`; by an undo: versions.")
    to_scan: int
    versions: int = Field(description="That went to the trash.")
    bytes: int
    in_trash: int = Field(description="Of `versions`, those that an undo can bring back.")
    restored: int = Field(description="Of `versions`, those that came back.")
    purged: int = Field(description="Of `versions`, those whose time in the trash was over.")
    undo_by: str
    undo_at: float | None
    created_at: float
    updated_at: float
    ended_at: float | None


class Deletions(Model):
    deletions: list[Deletion]
    next: str = ""
