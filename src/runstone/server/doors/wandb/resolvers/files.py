"""Files of runs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from runstone.server.domain.artifact_model import Version
from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.domain.files import RunFile, check_file_name
from runstone.server.domain.identity import Permission, RunKey
from runstone.server.domain.runs import Run
from runstone.server.doors.wandb import ids
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.links import Links
from runstone.server.doors.wandb.resolvers.base import connection, page_size
from runstone.server.doors.wandb.resolvers.projects import DEFAULT_PROJECT

run = Fields("Run")
file = Fields("File")
mutation = Fields("Mutation")

FILES_MAX = 10_000  # names in one request


class AnyFile(Protocol):
    """What stands behind the schema's File: a file of a run, or of an artifact."""

    @property
    def name(self) -> str: ...
    @property
    def node_id(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def mimetype(self) -> str | None: ...
    @property
    def updated_at(self) -> float | None: ...
    @property
    def digest(self) -> str | None:
        """As this wire tells it: mostly the base64 of an MD5."""
        ...

    @property
    def storage_path(self) -> str | None: ...
    def get_url(self, links: Links) -> str | None: ...
    def put_url(self, links: Links) -> str | None: ...
    def part_urls(self, links: Links) -> dict[str, Any] | None:
        """Where to put it in parts, where that is possible."""
        ...

    @property
    def birth(self) -> int:
        """The artifact that its bytes first came for; 0 for none."""
        ...


@dataclass(frozen=True, slots=True)
class File:
    """A file of a run, or a name that a file may be put under (`kept` None)."""

    run: RunKey
    name: str
    kept: RunFile | None = None

    @property
    def node_id(self) -> str:
        return ids.file_id(self.run, self.name)

    @property
    def size(self) -> int:
        return self.kept.size if self.kept else 0

    @property
    def mimetype(self) -> str | None:
        return self.kept.mimetype if self.kept else None

    @property
    def updated_at(self) -> float | None:
        return self.kept.updated_at if self.kept else None

    @property
    def digest(self) -> str | None:
        return b64encode(bytes.fromhex(self.kept.md5)).decode() if self.kept else None

    @property
    def storage_path(self) -> None:
        return None

    @property
    def birth(self) -> int:
        return 0

    def get_url(self, links: Links) -> str:
        return links.get_file(self.run, self.name)

    def put_url(self, links: Links) -> str:
        return links.put_file(self.run, self.name)

    def part_urls(self, links: Links) -> None:
        return None


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


file.plain(
    "name",
    "mimetype",
    "digest",
    "storagePath",
    id="node_id",
    displayName="name",
    sizeBytes="size",
    updatedAt="updated_at",
    md5="digest",
)
file.constant(uploadHeaders=[])


@file("url")
def url(parent: AnyFile, call: Call, upload: bool | None = None) -> str | None:
    return parent.put_url(call.links) if upload else parent.get_url(call.links)


@file("directUrl")
def direct_url(parent: AnyFile, call: Call) -> str | None:
    return parent.get_url(call.links)


@file("uploadUrl")
def upload_url(parent: AnyFile, call: Call) -> str | None:
    return parent.put_url(call.links)


@file("uploadMultipartUrls")
def upload_multipart_urls(parent: AnyFile, call: Call) -> dict[str, Any] | None:
    return parent.part_urls(call.links)


@file("artifact")
def artifact(parent: AnyFile, call: Call) -> Version | None:
    """The first may have been deleted since: then the one that the file lies in, never none (Go clients
    end without a word where it is null: 0.25 to 0.31, `saver.go`)."""
    if not parent.birth:
        return None
    own: Version | None = getattr(parent, "version", None)
    return call.version(parent.birth) or own


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
        "UploadMultipartUrls",
        "UploadUrlPart",
        "CreateRunFilesPayload",
        "MarkRunFilesUploadedPayload",
        "DeleteFilesPayload",
    ),
]
