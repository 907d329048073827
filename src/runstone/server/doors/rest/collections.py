"""Artifact types and collections."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path, Query
from starlette.responses import Response

from runstone.server.domain import artifact_model as domain
from runstone.server.domain.identity import Permission
from runstone.server.domain.projects import TRASH_SECONDS
from runstone.server.doors.http.answers import plain
from runstone.server.doors.rest.models.artifacts import (
    ArtifactTypes,
    ArtifactTypeWanted,
    Collection,
    CollectionChange,
    CollectionRestored,
    Collections,
    CollectionWanted,
    StandingAliases,
)
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

routes = Routes("collections")

C = P + "/collections/{collection}"
CollectionPath = Annotated[str, Path(max_length=1024, description="Collection name.")]
TypePath = Annotated[str, Path(max_length=1024, description="Artifact type.")]


@routes.typed("GET", P + "/artifact-types", needs=Permission.READ, answers=ArtifactTypes)
async def list_artifact_types(call: CallDep, entity: EntityPath, project: ProjectPath) -> Response:
    """By name."""
    return await call.answer(
        lambda: {"types": call.domain.collections.types(call.actor, entity_of(entity), project)}
    )


@routes.typed("PUT", P + "/artifact-types/{type}", needs=Permission.WRITE, status=204)
async def ensure_artifact_type(
    call: CallDep, entity: EntityPath, project: ProjectPath, type: TypePath, body: ArtifactTypeWanted
) -> Response:
    """Made if absent."""
    return await call.done(
        lambda: call.domain.collections.ensure_type(
            call.actor, entity_of(entity), project, type, description=body.description
        )
    )


@routes.typed("GET", P + "/collections", needs=Permission.READ, answers=Collections)
async def list_collections(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    type: Annotated[str, Query(max_length=200)] = "",
    kind: Literal["", "sequence", "portfolio"] = "",
    search: SearchQuery = "",
    tag: Annotated[str, Query(max_length=200)] = "",
    alias: Annotated[str, Query(max_length=200, description="One of its versions goes by it.")] = "",
    sort: Annotated[
        str,
        Query(
            description="name, created_at, updated_at or version_count, in the trash deleted_at too; `-` for "
            "descending."
        ),
    ] = "-updated_at",
    after: AfterQuery = "",
    skip: SkipQuery = 0,
    count: CountQuery = False,
    limit: LimitQuery = 100,
    trash: bool = False,
) -> Response:
    """Collections of a project, page by page."""

    def work() -> dict[str, Any]:
        page = call.domain.collections.find(
            call.actor,
            entity_of(entity),
            project,
            type=type,
            kind=kind,
            search=search,
            tag=tag,
            alias=alias,
            sort=sort,
            after=after,
            skip=skip,
            count=count,
            limit=limit,
            trash=trash,
        )
        found = [collection_out(one) for one in page.items]
        return {"collections": found, "next": page.next, "total": page.total}

    return await call.answer(work)


@routes.typed("POST", P + "/collections", needs=Permission.WRITE, answers=Collection, status=201)
async def create_collection(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: CollectionWanted
) -> Response:
    """Make a collection; one that is there already, of that type and kind, is no error."""

    def work() -> dict[str, Any]:
        made, _ = call.domain.collections.ensure(
            call.actor,
            entity_of(entity),
            project,
            body.name,
            type=body.type,
            kind=body.kind,
            description=body.description,
        )
        return collection_out(made)

    return await call.answer(work, status=201)


@routes.typed("GET", C, needs=Permission.READ, answers=Collection)
async def get_collection(
    call: CallDep, entity: EntityPath, project: ProjectPath, collection: CollectionPath
) -> Response:
    return await call.answer(
        lambda: collection_out(
            call.domain.collections.get(call.actor, entity_of(entity), project, collection)
        )
    )


@routes.typed("GET", C + "/aliases", needs=Permission.READ, answers=StandingAliases)
async def list_collection_aliases(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    collection: CollectionPath,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """What stands under each alias, by alias."""

    def work() -> dict[str, Any]:
        found = call.domain.collections.standing(
            call.actor, entity_of(entity), project, collection, limit=limit
        )
        return {
            "aliases": [
                {
                    "alias": one.alias.alias,
                    "set_by": one.alias.set_by,
                    "set_at": one.alias.set_at,
                    "reason": one.alias.reason,
                    "version": f"v{one.index}",
                    "version_id": one.alias.version_id,
                    "digest": one.digest,
                    "sha256": one.sha256,
                }
                for one in found
            ]
        }

    return await call.answer(work)


@routes.typed("PATCH", C, needs=Permission.WRITE, answers=Collection)
async def update_collection(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    collection: CollectionPath,
    body: CollectionChange,
) -> Response:
    """Change what is given."""

    def work() -> dict[str, Any]:
        if body.retention is not None:
            call.domain.retention_policies.set_rule(
                call.actor, entity_of(entity), project, collection, body.retention
            )
        return collection_out(
            call.domain.collections.update(
                call.actor,
                entity_of(entity),
                project,
                collection,
                new_name=body.name,
                description=body.description,
                type=body.type,
                tags=body.tags,
                metadata=body.metadata,
                ttl_seconds=body.ttl_seconds,
            )
        )

    return await call.answer(work)


@routes.typed("DELETE", C, needs=Permission.WRITE, status=204)
async def delete_collection(
    call: CallDep, entity: EntityPath, project: ProjectPath, collection: CollectionPath
) -> Response:
    """To the trash, with its versions; from there it can be restored whole."""
    return await call.done(
        lambda: call.domain.collection_trash.delete(call.actor, entity_of(entity), project, collection)
    )


@routes.typed("POST", P + "/collections/restore", needs=Permission.WRITE, answers=Collection)
async def restore_collection(
    call: CallDep, entity: EntityPath, project: ProjectPath, body: CollectionRestored
) -> Response:
    """Out of the trash, whole: versions, links, aliases, tags. 409 where its name was taken meanwhile (give
    `new_name`), or where several of that name are in the trash (give `id`)."""
    return await call.answer(
        lambda: collection_out(
            call.domain.collection_trash.restore(
                call.actor,
                entity_of(entity),
                project,
                id=body.id or 0,
                name=body.name,
                new_name=body.new_name,
            )
        )
    )


def collection_out(found: domain.Collection) -> dict[str, Any]:
    return {
        "id": found.id,
        "entity": found.entity,
        "project": found.project,
        "type": found.type,
        "kind": found.kind,
        "name": found.name,
        "description": found.description,
        "tags": found.tags,
        "metadata": plain(found.metadata),
        "version_count": found.version_count,
        "ttl_seconds": found.ttl_seconds,
        "retention": plain(found.retention),
        "created_by": found.created_by,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "deleted_at": found.deleted_at,
        "deleted_by": found.deleted_by,
        "purge_at": None if found.deleted_at is None else found.deleted_at + TRASH_SECONDS,
        "bytes": found.bytes,
    }
