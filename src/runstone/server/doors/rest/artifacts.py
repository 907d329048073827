"""Artifact versions: made, found, named, linked."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from runstone.server.domain import artifact_model as domain
from runstone.server.domain.artifact_names import parse_name
from runstone.server.domain.distributed import Part
from runstone.server.domain.identity import Permission
from runstone.server.doors.rest.artifact_answers import (
    A,
    ArtifactPath,
    artifact_id,
    member_out,
    shown,
    version_out,
)
from runstone.server.doors.rest.collections import C, CollectionPath
from runstone.server.doors.rest.models.artifacts import (
    AliasChange,
    ArtifactChange,
    ArtifactCreated,
    ArtifactVersion,
    ArtifactVersions,
    ArtifactWanted,
    EntriesTaken,
    EntriesWanted,
    VersionsRestored,
    VersionsWanted,
)
from runstone.server.doors.rest.models.registry import LinkWanted, UnlinkWanted
from runstone.server.doors.rest.routing import (
    AfterQuery,
    CallDep,
    CountQuery,
    EntityPath,
    LimitQuery,
    P,
    ProjectPath,
    Routes,
    SearchQuery,
    SkipQuery,
    entity_of,
)
from runstone.server.pool import Lane

routes = Routes("artifacts")


@routes.typed("POST", P + "/artifacts", needs=Permission.WRITE, answers=ArtifactCreated, status=201)
async def create_artifact(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: ArtifactWanted
) -> Response:
    """Begin a version: pending, to be filled (`entries`) and committed. Content that the collection
    holds already, told by `sha256` or `digest`, is that version: `existed`."""

    def work() -> dict[str, Any]:
        owner = entity_of(entity)
        base = call.domain.artifacts.get(call.actor, owner, project, body.base) if body.base else None
        wanted = domain.VersionWanted(
            type=body.type,
            collection=body.name,
            description=body.description,
            metadata=body.metadata,
            facts=body.facts,
            aliases=tuple(body.aliases),
            tags=tuple(body.tags),
            ttl_seconds=body.ttl_seconds,
            digest=body.digest,
            digest_algorithm=body.digest_algorithm,
            sha256=body.sha256,
            run=body.run,
            client_id=body.client_id,
            distributed_id=body.distributed_id,
            base_id=None if base is None else base.version.id,
            history_step=body.history_step,
            dedupe=body.dedupe,
        )
        made = call.domain.artifacts.create(call.actor, owner, project, wanted)
        return {"artifact": version_out(made.version), "existed": made.existed}

    return await call.answer(work, status=201)


@routes.typed("POST", A + "/entries", needs=Permission.WRITE, answers=EntriesTaken)
async def add_artifact_entries(
    call: CallDep, entity: EntityPath, project: ProjectPath, artifact: ArtifactPath, body: EntriesWanted
) -> Response:
    """Say what lies in a pending version (`@ID`), in as many requests as it takes."""

    def work() -> dict[str, Any]:
        entries = [
            domain.Entry(
                entry.path,
                entry.size,
                entry.sha256,
                entry.md5,
                entry.ref,
                entry.digest,
                entry.extra,
                removed=entry.removed,
            )
            for entry in body.entries
        ]
        version_id = artifact_id(call, entity, project, artifact)
        taken = call.domain.artifacts.add_entries(
            call.actor,
            version_id,
            entries,
            manifest=body.manifest,
            replace_all=body.replace_all,
            part=Part(body.part, body.run, body.at, body.more) if body.part else None,
        )
        return {"taken": taken}

    return await call.answer(work, lane=Lane.INGEST)


@routes.typed("POST", A + "/commit", needs=Permission.WRITE, answers=ArtifactVersion)
async def commit_artifact(
    call: CallDep, entity: EntityPath, project: ProjectPath, artifact: ArtifactPath
) -> Response:
    """Make a pending version (`@ID`) seen. Where the collection has the same content already, the
    answer is that version. 409 `missing_file` names files whose bytes have not come."""

    def work() -> dict[str, Any]:
        version_id = artifact_id(call, entity, project, artifact)
        return member_out(call.domain.artifacts.commit(call.actor, version_id))

    return await call.answer(work, lane=Lane.SLOW)


@routes.typed("GET", A, needs=Permission.READ, answers=ArtifactVersion)
async def get_artifact(
    call: CallDep, entity: EntityPath, project: ProjectPath, artifact: ArtifactPath
) -> Response:
    """A version by name, or by id (a pending one only so)."""
    return await call.answer(lambda: shown(call, entity, project, artifact))


@routes.typed("PATCH", A, needs=Permission.WRITE, answers=ArtifactVersion)
async def update_artifact(
    call: CallDep, entity: EntityPath, project: ProjectPath, artifact: ArtifactPath, body: ArtifactChange
) -> Response:
    """Change what is said of a version; what lies in it does not change."""

    def work() -> dict[str, Any]:
        version_id = artifact_id(call, entity, project, artifact)
        call.domain.artifacts.update(
            call.actor,
            version_id,
            description=body.description,
            metadata=body.metadata,
            facts=body.facts,
            tags=body.tags,
            ttl_seconds=body.ttl_seconds,
            inherit_ttl=body.inherit_ttl,
        )
        return shown(call, entity, project, artifact)

    return await call.answer(work)


@routes.typed("POST", A + "/abandon", needs=Permission.WRITE, status=204)
async def abandon_artifact(
    call: CallDep, entity: EntityPath, project: ProjectPath, artifact: ArtifactPath
) -> Response:
    """Give up a pending version (`@ID`)."""
    return await call.done(
        lambda: call.domain.artifacts.abandon(call.actor, artifact_id(call, entity, project, artifact))
    )


@routes.typed("POST", A + "/links", needs=Permission.READ, answers=ArtifactVersion, status=201)
async def link_artifact(
    call: CallDep, entity: EntityPath, project: ProjectPath, artifact: ArtifactPath, body: LinkWanted
) -> Response:
    """The version in a further collection too, such as a registry's (WRITE there)."""

    def work() -> dict[str, Any]:
        member = call.domain.artifacts.get(call.actor, entity_of(entity), project, artifact)
        return member_out(
            call.domain.artifacts.link(
                call.actor,
                member.version.id,
                body.entity or entity_of(entity),
                body.project or project,
                body.collection,
                aliases=body.aliases,
                reason=body.reason,
                force=body.force,
            )
        )

    return await call.answer(work, status=201)


@routes.typed("POST", A + "/unlink", needs=Permission.WRITE, status=204)
async def unlink_artifact(
    call: CallDep, entity: EntityPath, project: ProjectPath, artifact: ArtifactPath, body: UnlinkWanted
) -> Response:
    """Out of the collection it is named in here, which it was linked into."""

    def work() -> None:
        member = call.domain.artifacts.get(call.actor, entity_of(entity), project, artifact)
        call.domain.artifacts.unlink(call.actor, member.version.id, member.collection.id, reason=body.reason)

    return await call.done(work)


@routes.typed("DELETE", A, needs=Permission.WRITE, status=204)
async def delete_artifact(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    artifact: ArtifactPath,
    aliases: Annotated[bool, Query(description="Although it has aliases, which go with it.")] = False,
    reason: Annotated[str, Query(max_length=10_000)] = "",
) -> Response:
    """To the trash for 30 days; 409 where aliases beside `latest` point to it."""
    return await call.done(
        lambda: call.domain.artifacts.delete(
            call.actor,
            artifact_id(call, entity, project, artifact),
            delete_aliases=aliases,
            reason=reason,
        )
    )


@routes.typed("POST", A + "/restore", needs=Permission.WRITE, answers=ArtifactVersion)
async def restore_artifact(
    call: CallDep, entity: EntityPath, project: ProjectPath, artifact: ArtifactPath
) -> Response:
    """A version (`@ID`) out of the trash."""

    def work() -> dict[str, Any]:
        name = parse_name(artifact)
        version_id = name.version_id or artifact_id(call, entity, project, artifact)
        return member_out(call.domain.artifacts.restore(call.actor, version_id))

    return await call.answer(work)


@routes.typed("POST", A + "/aliases", needs=Permission.WRITE, answers=ArtifactVersion)
async def move_aliases(
    call: CallDep, entity: EntityPath, project: ProjectPath, artifact: ArtifactPath, body: AliasChange
) -> Response:
    """Move aliases of the collection to this version, take others off it; all at once."""

    def work() -> dict[str, Any]:
        member = call.domain.artifacts.get(call.actor, entity_of(entity), project, artifact)
        return member_out(
            call.domain.artifacts.set_aliases(
                call.actor, member, add=body.add, remove=body.remove, reason=body.reason
            )
        )

    return await call.answer(work)


@routes.typed("GET", A + "/members", needs=Permission.READ, answers=ArtifactVersions)
async def list_artifact_members(
    call: CallDep, entity: EntityPath, project: ProjectPath, artifact: ArtifactPath
) -> Response:
    """The version in each collection it lies in or is linked into, its source first."""

    def work() -> dict[str, Any]:
        version_id = artifact_id(call, entity, project, artifact)
        found = call.domain.artifacts.members_of(call.actor, version_id)
        return {"versions": [member_out(member) for member in found]}

    return await call.answer(work)


@routes.typed("GET", C + "/versions", needs=Permission.READ, answers=ArtifactVersions)
async def list_versions(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    collection: CollectionPath,
    search: SearchQuery = "",
    tag: Annotated[str, Query(max_length=200)] = "",
    alias: Annotated[str, Query(max_length=200)] = "",
    created_since: float | None = None,
    created_before: float | None = None,
    trash: Annotated[bool, Query(description="Those made there that are in the trash.")] = False,
    sort: Annotated[str, Query(description="version_index, created_at or size; `-` for descending.")] = (
        "-version_index"
    ),
    after: AfterQuery = "",
    skip: SkipQuery = 0,
    at: Annotated[
        str,
        Query(max_length=200, description="The page begins with this version: `v3`, an alias, or `@ID`."),
    ] = "",
    count: CountQuery = False,
    limit: LimitQuery = 100,
) -> Response:
    """Versions of a collection, linked ones too. `search` finds a number (`v12`), a piece of an alias, or
    a piece of the description."""

    def work() -> dict[str, Any]:
        page = call.domain.artifacts.find(
            call.actor,
            entity_of(entity),
            project,
            collection,
            search=search,
            tag=tag,
            alias=alias,
            created_since=created_since,
            created_before=created_before,
            trash=trash,
            sort=sort,
            after=after,
            skip=skip,
            at=at,
            count=count,
            limit=limit,
        )
        return {
            "versions": [member_out(member) for member in page.items],
            "next": page.next,
            "total": page.total,
            "skip": page.skip,
        }

    return await call.answer(work)


@routes.typed("POST", C + "/versions/restore", needs=Permission.WRITE, answers=VersionsRestored)
async def restore_versions(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    collection: CollectionPath,
    body: VersionsWanted,
) -> Response:
    """Versions out of the trash, under their numbers, all at once; those that are not there are left."""

    def work() -> dict[str, Any]:
        count = call.domain.artifacts.restore_many(
            call.actor, entity_of(entity), project, collection, body.versions
        )
        return {"count": count}

    return await call.answer(work)
