"""Artifact versions: made, found, read, named, used."""

from __future__ import annotations

import mimetypes
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from runstone.server.domain import artifact_model as domain
from runstone.server.domain.artifact_diff import Counts
from runstone.server.domain.artifact_names import parse_name
from runstone.server.domain.errors import Invalid
from runstone.server.domain.files import check_file_name
from runstone.server.domain.identity import Permission
from runstone.server.domain.manifests import Change
from runstone.server.doors.http.answers import encode, plain
from runstone.server.doors.http.downloads import Download, file_answer
from runstone.server.doors.rest.collections import C, CollectionPath
from runstone.server.doors.rest.models.artifacts import (
    AliasChange,
    ArtifactChange,
    ArtifactCreated,
    ArtifactDiff,
    ArtifactFiles,
    ArtifactVersion,
    ArtifactVersions,
    ArtifactWanted,
    EntriesTaken,
    EntriesWanted,
    RunArtifacts,
    UseWanted,
)
from runstone.server.doors.rest.models.registry import LinkWanted, UnlinkWanted
from runstone.server.doors.rest.routing import (
    AfterQuery,
    Call,
    CallDep,
    EntityPath,
    P,
    ProjectPath,
    R,
    Routes,
    RunPath,
    SearchQuery,
    call_for,
    entity_of,
    path_parameters,
    query_parameter,
)
from runstone.server.pool import Lane

routes = Routes("artifacts")

A = P + "/artifacts/{artifact}"
ArtifactPath = Annotated[
    str, Path(max_length=1024, description="`NAME` (its latest), `NAME:ALIAS`, `NAME:v3`, or `@ID`.")
]
_Delimiter = Annotated[
    Literal["", "/"], Query(description="`/`: one folder, in place of all that lies below it.")
]
_CHANGES_MAX = 10_000
_LINES_AT_ONCE = 500
_ADDRESS = path_parameters("entity", "project", "artifact", "name")


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
            call.actor, version_id, entries, manifest=body.manifest, replace_all=body.replace_all
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
    return await call.answer(lambda: _shown(call, entity, project, artifact))


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
        return _shown(call, entity, project, artifact)

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


@routes.typed("GET", A + "/files", needs=Permission.READ, answers=ArtifactFiles)
async def list_artifact_files(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    artifact: ArtifactPath,
    prefix: Annotated[str, Query(max_length=1024, description="Only paths that begin so.")] = "",
    delimiter: _Delimiter = "",
    search: Annotated[
        str, Query(max_length=1024, description="Only paths that hold this text, in any case; of all depths.")
    ] = "",
    after: AfterQuery = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """Files and references by path. With `delimiter=/` those of one folder: folders in it, each with the
    count and bytes of what lies below it, then its files; a `prefix` names the folder (`images/`), or
    how names in it begin (`images/0`). A page costs the same however much the version holds."""

    def work() -> dict[str, Any]:
        version_id = artifact_id(call, entity, project, artifact)
        artifacts = call.domain.artifacts
        if search:
            if delimiter:
                raise Invalid("A search goes through all depths: leave `delimiter` out, or `search`.")
            found = artifacts.search_files(
                call.actor, version_id, search, prefix=prefix, after=after, limit=limit
            )
            return {
                "files": [entry_out(entry) for entry in found.files],
                "searched": found.searched,
                "next": found.next,
            }
        if delimiter:
            listed = artifacts.folder(call.actor, version_id, prefix=prefix, after=after, limit=limit)
            files, size = artifacts.below(call.actor, version_id, prefix)
            return {
                "folders": [
                    {"path": folder.path, "files": folder.files, "bytes": folder.bytes}
                    for folder in listed.folders
                ],
                "files": [entry_out(entry) for entry in listed.files],
                "below": {"files": files, "bytes": size},
                "next": listed.next,
            }
        page = artifacts.files(call.actor, version_id, prefix=prefix, after=after, limit=limit)
        return {"files": [entry_out(entry) for entry in page.items], "next": page.next}

    return await call.answer(work)


@routes.raw(
    "GET",
    A + "/files/{name:path}",
    needs=Permission.READ,
    docs={
        "parameters": [
            *_ADDRESS,
            query_parameter("inline", "boolean", "Show it in place, if its type is harmless."),
            query_parameter("redirect", "boolean", "Straight from the blob store, where it can be."),
            {"name": "Range", "in": "header", "required": False, "schema": {"type": "string"}},
        ]
    },
    responses={
        200: {
            "description": "The bytes",
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        },
        206: {"description": "The range asked for"},
        307: {"description": "Where the blob store has it"},
        304: {"description": "As in If-None-Match"},
        416: {"description": "No byte of the range exists"},
    },
)
async def get_artifact_file(request: Request) -> Response:
    """A file's bytes, or a range of them."""
    call = await call_for(request, Permission.READ)
    path = request.path_params
    name = check_file_name(path["name"])
    inline = request.query_params.get("inline", "").lower() in ("1", "true")

    def find() -> tuple[int, domain.Entry]:
        version_id = artifact_id(call, path["entity"], path["project"], path["artifact"])
        return version_id, call.domain.artifacts.entry(call.actor, version_id, name)

    version_id, entry = await call.run(find)
    if request.query_params.get("redirect", "").lower() in ("1", "true") and not entry.ref:
        address = await call.run(lambda: call.domain.artifacts.address(call.actor, version_id, name))
        if address is not None:
            # The store answers with an ETag of its own: ours tells whether a range fits what came before.
            headers = {"Location": address, "Cache-Control": "no-store", "ETag": f'"{entry.sha256}"'}
            return Response(status_code=307, headers=headers)
    mimetype = mimetypes.guess_type(name.rsplit("/", 1)[-1])[0] or "application/octet-stream"
    return await file_answer(
        request,
        call.context,
        lambda start, end: call.domain.artifacts.read(call.actor, version_id, name, start=start, end=end)[1],
        name=name,
        mimetype=mimetype,
        digest=entry.sha256,
        size=entry.size,
        inline=inline,
    )


@routes.raw(
    "GET",
    A + "/manifest",
    needs=Permission.READ,
    docs={
        "parameters": [
            *path_parameters("entity", "project", "artifact"),
            query_parameter("prefix", "string", "Only paths that begin so."),
        ]
    },
    responses={
        200: {
            "description": "One JSON object a line, as in `files`, by path",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
)
async def get_artifact_manifest(request: Request) -> Response:
    """Everything that lies in a version, in one answer, however much it is."""
    call = await call_for(request, Permission.READ)
    path = request.path_params

    def lines() -> Any:
        version_id = artifact_id(call, path["entity"], path["project"], path["artifact"])
        prefix = request.query_params.get("prefix", "")
        entries = call.domain.artifacts.entries(call.actor, version_id, prefix=prefix)
        return _lines(entries)

    pieces = await call.run(lines)
    return await Download.begin(
        call.context,
        pieces,
        mimetype="application/x-ndjson",
        filename="manifest.ndjson",
        lane=Lane.SLOW,
    )


def _lines(entries: Any) -> Any:
    held: list[bytes] = []
    for entry in entries:
        held.append(encode(entry_out(entry)) + b"\n")
        if len(held) >= _LINES_AT_ONCE:
            yield b"".join(held)
            held = []
    yield b"".join(held)


@routes.typed("GET", A + "/diff", needs=Permission.READ, answers=ArtifactDiff)
async def diff_artifacts(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    artifact: ArtifactPath,
    to: Annotated[str, Query(max_length=1024, description="The newer version, as NAME:ALIAS or @ID.")],
    prefix: Annotated[str, Query(max_length=1024, description="Only paths that begin so.")] = "",
    delimiter: _Delimiter = "",
    after: Annotated[str, Query(max_length=2000, description="With a delimiter: `next`.")] = "",
    limit: Annotated[int, Query(ge=0, le=_CHANGES_MAX)] = 1000,
) -> Response:
    """What differs between this version and another. With `delimiter=/` by folder: those in which
    something differs, with counts, then files of this folder that do; `prefix` names the folder."""

    def work() -> dict[str, Any]:
        old, new = (artifact_id(call, entity, project, name) for name in (artifact, to))
        if delimiter:
            page, rest = call.domain.artifacts.diff_folder(
                call.actor, old, new, prefix=prefix, after=after, limit=limit
            )
            counts, truncated = page.counts, bool(rest)
            changes = [change_out(change) for change in page.files]
            folders = [{"path": path, **asdict(counted)} for path, counted in page.folders.items()]
        else:
            if after:
                raise Invalid("Changes are told in pages by folder only: give `delimiter=/` with `after`.")
            counts, changes, folders, rest = Counts(), [], [], ""
            for found in call.domain.artifacts.diff(call.actor, old, new, prefix=prefix):
                counts.count(found)
                if len(changes) < limit:
                    changes.append(change_out(found))
            truncated = counts.added + counts.removed + counts.changed > len(changes)
        return {
            "old": _shown(call, entity, project, artifact),
            "new": _shown(call, entity, project, to),
            **asdict(counts),
            "folders": folders,
            "changes": changes,
            "truncated": truncated,
            "next": rest,
        }

    return await call.answer(work, lane=Lane.SLOW)


def change_out(found: Change) -> dict[str, Any]:
    return {
        "path": found.path,
        "change": "added" if found.old is None else "removed" if found.new is None else "changed",
        "old": None if found.old is None else entry_out(found.old),
        "new": None if found.new is None else entry_out(found.new),
    }


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
    sort: Annotated[str, Query(description="version_index, created_at or size; `-` for descending.")] = (
        "-version_index"
    ),
    after: AfterQuery = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Versions of a collection, linked ones too."""

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
            sort=sort,
            after=after,
            limit=limit,
        )
        return {"versions": [member_out(member) for member in page.items], "next": page.next}

    return await call.answer(work)


@routes.typed("GET", R + "/artifacts", needs=Permission.READ, answers=RunArtifacts)
async def list_run_artifacts(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    run: RunPath,
    role: Literal["input", "output"] = "output",
    after: AfterQuery = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Versions the run used (input) or made (output)."""

    def work() -> dict[str, Any]:
        kept = call.domain.runs.get(call.actor, entity_of(entity), project, run)
        page = call.domain.artifacts.of_run(call.actor, kept.key, role, after=after, limit=limit)
        return {
            "artifacts": [
                {
                    "artifact": version_out(usage.version),
                    "role": usage.role,
                    "used_as": usage.used_as,
                    "at": usage.at,
                }
                for usage in page.items
            ],
            "next": page.next,
        }

    return await call.answer(work)


@routes.typed("POST", R + "/artifacts", needs=Permission.WRITE, answers=ArtifactVersion)
async def use_artifact(
    call: CallDep, entity: EntityPath, project: ProjectPath, run: RunPath, body: UseWanted
) -> Response:
    """Note that the run uses a version, of this project or another."""

    def work() -> dict[str, Any]:
        owner, place = body.entity or entity_of(entity), body.project or project
        member = call.domain.artifacts.get(call.actor, owner, place, body.artifact)
        call.domain.artifacts.use(
            call.actor, entity_of(entity), project, run, member.version.id, used_as=body.used_as
        )
        return member_out(member)

    return await call.answer(work)


# -- inside


def artifact_id(call: Call, entity: str, project: str, artifact: str) -> int:
    """The version an address means, pending ones by `@ID` too."""
    name = parse_name(artifact)
    if name.version_id is not None:
        return call.domain.artifacts.by_id(call.actor, name.version_id).id
    return call.domain.artifacts.get(call.actor, entity_of(entity), project, artifact).version.id


def _shown(call: Call, entity: str, project: str, artifact: str) -> dict[str, Any]:
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
