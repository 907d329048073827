"""Artifact versions and files in addresses and answers of the API: how one is named, how it is told."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path

from runstone.server.domain import artifact_model as domain
from runstone.server.domain.artifact_names import parse_name
from runstone.server.domain.manifests import Change
from runstone.server.doors.http.answers import plain
from runstone.server.doors.rest.routing import Call, P, entity_of

A = P + "/artifacts/{artifact}"
ArtifactPath = Annotated[
    str, Path(max_length=1024, description="`NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`.")
]


def artifact_id(call: Call, entity: str, project: str, artifact: str) -> int:
    """The version an address means, pending ones by `@ID` too."""
    name = parse_name(artifact)
    if name.version_id is not None:
        return call.domain.artifacts.by_id(call.actor, name.version_id).id
    return call.domain.artifacts.get(call.actor, entity_of(entity), project, artifact).version.id


def shown(call: Call, entity: str, project: str, artifact: str) -> dict[str, Any]:
    """The version an address means, as the collection it is named in has it."""
    name = parse_name(artifact)
    if name.version_id is not None:
        version = call.domain.artifacts.by_id(call.actor, name.version_id)
        if version.state == "pending":
            return version_out(version)
    return member_out(call.domain.artifacts.get(call.actor, entity_of(entity), project, artifact))


def member_out(member: domain.Member) -> dict[str, Any]:
    within = member.collection
    return {
        **version_out(member.version),
        "name": member.name,
        "version": f"v{member.index}",
        "aliases": [
            {"alias": alias.alias, "set_by": alias.set_by, "set_at": alias.set_at, "reason": alias.reason}
            for alias in member.aliases
        ],
        "collection": within.name,
        "within": f"{within.entity}/{within.project}",
    }


def version_out(version: domain.Version) -> dict[str, Any]:
    return {
        "id": version.id,
        "name": version.name,
        "version": "" if version.index is None else f"v{version.index}",
        "aliases": [],
        "collection": version.collection,
        "within": f"{version.entity}/{version.project}",
        "source": f"{version.entity}/{version.project}/{version.name}",
        "type": version.type,
        "state": version.state,
        "digest": version.digest,
        "digest_algorithm": version.digest_algorithm,
        "sha256": version.sha256,
        "size": version.size,
        "file_count": version.file_count,
        "description": version.description,
        "metadata": plain(version.metadata),
        "facts": plain(version.facts),
        "tags": version.tags,
        "ttl_seconds": version.ttl_seconds,
        "expires_at": version.expires_at,
        "run": version.run,
        "created_by": version.created_by,
        "client_id": version.client_id,
        "base_id": version.base_id,
        "history_step": version.history_step,
        "created_at": version.created_at,
        "committed_at": version.committed_at,
        "updated_at": version.updated_at,
        "deleted_at": version.deleted_at,
    }


def entry_out(entry: domain.Entry) -> dict[str, Any]:
    return {
        "path": entry.path,
        "size": entry.size,
        "sha256": entry.sha256,
        "md5": entry.md5,
        "ref": entry.ref,
        "digest": entry.digest,
        "extra": None if entry.extra is None else plain(entry.extra),
    }


def change_out(found: Change) -> dict[str, Any]:
    return {
        "path": found.path,
        "change": "added" if found.old is None else "removed" if found.new is None else "changed",
        "old": None if found.old is None else entry_out(found.old),
        "new": None if found.new is None else entry_out(found.new),
    }
