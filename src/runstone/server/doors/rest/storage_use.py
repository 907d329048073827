"""What artifacts take up, and giving back what nothing refers to."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from runstone.server.domain.identity import Permission
from runstone.server.doors.rest.models.lineage import (
    Collected,
    CollectWanted,
    EntityUse,
    StorageUse,
)
from runstone.server.doors.rest.routing import CallDep, EntityPath, P, ProjectPath, Routes, entity_of
from runstone.server.pool import Lane

routes = Routes("storage")


@routes.typed("GET", P + "/storage", needs=Permission.READ, answers=StorageUse)
async def get_storage_use(call: CallDep, entity: EntityPath, project: ProjectPath) -> Response:
    """What the artifacts of a project take up, counted now: exact."""

    def work() -> dict[str, Any]:
        found = call.domain.storage.use(call.actor, entity_of(entity), project)
        return {
            "versions": found.versions,
            "logical_bytes": found.logical_bytes,
            "stored_bytes": found.stored_bytes,
            "blobs": found.blobs,
            "trash_versions": found.trash_versions,
            "trash_bytes": found.trash_bytes,
            "collections": [asdict(one) for one in found.collections],
        }

    return await call.answer(work, lane=Lane.SLOW)


@routes.typed("GET", "/entities/{entity}/storage", needs=Permission.READ, answers=EntityUse)
async def get_entity_storage_use(call: CallDep, entity: EntityPath) -> Response:
    """What the artifacts of all projects of an entity take up, counted now: exact."""

    def work() -> dict[str, Any]:
        return asdict(call.domain.storage.use_of_entity(call.actor, entity_of(entity)))

    return await call.answer(work, lane=Lane.SLOW)


@routes.typed("POST", "/admin/gc", needs=Permission.SERVER_ADMIN, answers=Collected)
async def collect_garbage(call: CallDep, body: CollectWanted) -> Response:
    """Give back what nothing refers to; with `dry_run` only say what that would be."""

    def work() -> dict[str, Any]:
        found = call.domain.storage.collect(
            call.actor,
            dry_run=body.dry_run,
            spared_seconds=body.spared_seconds,
            trash_seconds=body.trash_seconds,
            rewrite_packs=body.rewrite_packs,
        )
        return {
            "dry_run": found.dry_run,
            "versions": found.versions,
            "parts": found.parts,
            "blobs": found.blobs,
            "bytes": found.bytes,
            "packs_rewritten": found.packs_rewritten,
            "uploads": found.uploads,
            "strays": found.strays,
            "digests": found.digests,
        }

    return await call.answer(work, lane=Lane.SLOW)
