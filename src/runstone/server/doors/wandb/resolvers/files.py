"""Files of runs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.domain.files import RunFile, check_file_name
from runstone.server.domain.identity import Permission, RunKey
from runstone.server.domain.runs import Run
from runstone.server.doors.wandb import ids
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.base import connection, page_size
from runstone.server.doors.wandb.resolvers.projects import DEFAULT_PROJECT

run = Fields("Run")
file = Fields("File")
mutation = Fields("Mutation")

FILES_MAX = 10_000  # names in one request


@dataclass(frozen=True, slots=True)
class File:
    """A file of a run, or a name that a file may be put under (`kept` None)."""

    run: RunKey
    name: str
    kept: RunFile | None = None


@run("fileCount")
def file_count(parent: Run, call: Call) -> int:
    return call.domain.files.count(call.signed_in(), parent.key)


@run("files")
def files(
    parent: Run,
    call: Call,
    names: Sequence[str | None] | None = None,
    pattern: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> dict[str, Any]:
    """By name. `names` may begin with `./`; those that are not there have no edge."""
    actor = call.signed_in()
    size = page_size(first, 1000, most=5000)
    wanted = [name for name in (_clean(one) for one in names or () if one) if name]
    if names and not wanted:
        return {**connection([], [], has_next=False), "uploadHeaders": []}
    found = call.domain.files.find(
        actor,
        parent.key,
        names=wanted or None,
        pattern=pattern or "",
        after=ids.cursor_text(after),
        limit=size + 1,
    )
    page = [File(parent.key, one.name, one) for one in found[:size]]
    cursors = [ids.cursor(one.name) for one in page]
    return {
        **connection(page, cursors, has_next=len(found) > size, total=lambda: file_count(parent, call)),
        "uploadHeaders": [],
    }


def _clean(name: str) -> str:
    try:
        return check_file_name(name)
    except Invalid:
        return ""  # there can be no such file


@file("id")
def file_id(parent: File, _call: Call) -> str:
    return ids.file_id(parent.run, parent.name)


file.plain("name", displayName="name")
file.constant(uploadHeaders=[])


@file("url")
def url(parent: File, call: Call, upload: bool | None = None) -> str:
    return (
        call.links.put_file(parent.run, parent.name)
        if upload
        else call.links.get_file(parent.run, parent.name)
    )


@file("directUrl")
def direct_url(parent: File, call: Call) -> str:
    return call.links.get_file(parent.run, parent.name)


@file("uploadUrl")
def upload_url(parent: File, call: Call) -> str:
    return call.links.put_file(parent.run, parent.name)


@file("sizeBytes")
def size_bytes(parent: File, _call: Call) -> int:
    return parent.kept.size if parent.kept else 0


@file("mimetype")
def mimetype(parent: File, _call: Call) -> str | None:
    return parent.kept.mimetype if parent.kept else None


@file("updatedAt")
def updated_at(parent: File, _call: Call) -> float | None:
    return parent.kept.updated_at if parent.kept else None


@file("md5")
def md5(parent: File, _call: Call) -> str | None:
    return b64encode(bytes.fromhex(parent.kept.md5)).decode() if parent.kept else None


@file("digest")
def digest(parent: File, call: Call) -> str | None:
    return md5(parent, call)


@mutation("createRunFiles")
def create_run_files(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """Where to put each file; the names come back as they were asked for, since clients match by them."""
    found = _run(call, input)
    names = input["files"]
    if len(names) > FILES_MAX:
        raise Invalid(f"{len(names)} files at once; the most is {FILES_MAX}. Ask for some at a time.")
    for name in names:
        check_file_name(name)
    return {
        "runID": ids.run_id(found.entity, found.project, found.id),
        "uploadHeaders": [],
        "files": [File(found.key, name) for name in names],
        "clientMutationId": input.get("client_mutation_id"),
    }


@mutation("markRunFilesUploaded")
def mark_run_files_uploaded(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """A file counts from the moment its bytes are in; this only says whether they all are."""
    found = _run(call, input)
    wanted = [check_file_name(name) for name in input["files"]]
    kept = call.domain.files.find(call.signed_in(), found.key, names=wanted, limit=len(wanted) or 1)
    missing = sorted(set(wanted) - {one.name for one in kept})
    if missing:
        raise NotFound(
            f"Run {found.id!r} has no file {missing[0]!r}. Put its bytes first.", files=missing[:100]
        )
    return {"success": True, "clientMutationId": input.get("client_mutation_id")}


@mutation("deleteFiles")
def delete_files(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    actor = call.signed_in()
    by_run: dict[RunKey, list[str]] = {}
    for node in input["files"]:
        key, name = ids.file_of(node)
        by_run.setdefault(key, []).append(name)
    for key, names in by_run.items():
        call.domain.files.delete(actor, key, names)
    return {"success": True, "clientMutationId": input.get("client_mutation_id")}


def _run(call: Call, given: dict[str, Any]) -> Run:
    actor = call.signed_in()
    entity = call.entity_name(given.get("entity_name"))
    found = call.domain.runs.get(
        actor, entity, given.get("project_name") or DEFAULT_PROJECT, given["run_name"]
    )
    call.domain.runs.check(actor, found.key, Permission.WRITE)
    return found


FIELDS = [
    run,
    file,
    mutation,
    *maps(
        "FileConnection",
        "FileEdge",
        "CreateRunFilesPayload",
        "MarkRunFilesUploadedPayload",
        "DeleteFilesPayload",
    ),
]
