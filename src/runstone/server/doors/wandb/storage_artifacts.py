"""Bytes of artifacts: put and read by signed address, and read with a key where old clients make
addresses themselves.

`/artifacts/ENTITY/DIGEST`, `/artifactsV2/REGION/ENTITY/BIRTH/DIGEST` and
`/artifactsV2/REGION/ENTITY/PROJECT/COLLECTION[/ARTIFACT]/BIRTH/DIGEST/NAME` come from old clients, and from
later ones where they were given no address
(`wandb/sdk/artifacts/storage_policies/wandb_storage_policy.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from runstone.server.domain.artifact_model import Entry, ManifestKind
from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.domain.identity import Actor, Permission
from runstone.server.doors.http.bodies import read_body, stream_body
from runstone.server.doors.http.context import Context, context_of
from runstone.server.doors.http.credentials import authenticate, credentials_of
from runstone.server.doors.http.downloads import Download, file_answer
from runstone.server.doors.http.permissions import needs
from runstone.server.doors.wandb import ids, manifests
from runstone.server.pool import Lane

MANIFEST_BYTES_MAX = 512 * 1024 * 1024  # some million files
_DIGEST = re.compile(r"[0-9a-f]{32}")


async def put_blob(request: Request, context: Context, actor: Actor, claim: dict[str, Any]) -> Response:
    chunks = stream_body(request, limit=context.settings.limits.file_body_bytes)
    kept = await context.domain.uploads.put(
        actor,
        claim["entity"],
        chunks,
        md5=claim["md5"],
        xxh128=claim.get("xxh128", ""),
        birth=claim["version"],
    )
    # Parts of one upload are told apart by it (`completeMultipartUploadArtifact`).
    return Response(status_code=200, headers={"ETag": f'"{kept.md5}"'})


async def put_manifest(request: Request, context: Context, actor: Actor, claim: dict[str, Any]) -> Response:
    body = await read_body(request, limit=MANIFEST_BYTES_MAX)
    context.bodies.take(len(body))
    try:
        await context.run(lambda: _take_manifest(context, actor, claim, body), lane=Lane.SLOW)
    finally:
        context.bodies.give(len(body))
    return Response(status_code=200)


def _take_manifest(context: Context, actor: Actor, claim: dict[str, Any], body: bytes) -> None:
    if claim["md5"]:
        manifests.check_md5(body, claim["md5"])
    entries = manifests.parse(body)
    version, kind = claim["version"], claim["kind"]
    unsized = [entry.md5 for entry in entries if entry.size < 0 and entry.md5]
    if any(entry.size < 0 for entry in entries):
        known = context.domain.artifacts.by_id(actor, version)
        sizes = context.domain.uploads.find(actor, known.entity, md5=unsized)
        entries = [_sized(entry, sizes) for entry in entries]
    _add(context, actor, version, kind, entries)


def _sized(entry: Entry, known: dict[str, Any]) -> Entry:
    if entry.size >= 0:
        return entry
    if entry.md5 not in known:
        raise Invalid(f"The manifest does not say how large {entry.path!r} is, and its bytes have not come.")
    return replace(entry, size=known[entry.md5].size)


def _add(context: Context, actor: Actor, version: int, kind: ManifestKind, entries: list[Entry]) -> None:
    # Several writers send patches; of the other kinds there is one, sent whole each time.
    context.domain.artifacts.add_manifest(actor, version, entries, manifest=kind, replace_all=kind != "patch")


async def get_manifest(context: Context, actor: Actor, claim: dict[str, Any]) -> Response:
    version = claim["version"]

    def begin() -> Iterator[bytes]:
        return manifests.write(context.domain.artifacts.entries(actor, version), version)

    pieces = await context.run(begin)
    return await Download.begin(
        context,
        pieces,
        mimetype="application/json",
        filename="wandb_manifest.json",
        lane=Lane.READ,
    )


async def get_blob(request: Request, context: Context, actor: Actor, claim: dict[str, Any]) -> Response:
    # That the version holds these bytes was seen when the address was made; that it may still be
    # read is asked now.
    def find() -> str | None:
        context.domain.artifacts.by_id(actor, claim["version"])
        if request.method != "GET":
            return None
        # These clients know no way back to us: only where all are said to reach the store.
        return context.domain.uploads.address(claim["sha256"], fallback=False)

    address = await context.run(find)
    if address is not None:
        return Response(status_code=307, headers={"Location": address, "Cache-Control": "no-store"})
    return await _blob_answer(request, context, claim["name"], claim["sha256"], claim["md5"], claim["size"])


async def _blob_answer(
    request: Request, context: Context, name: str, sha256: str, md5: str, size: int
) -> Response:
    return await file_answer(
        request,
        context,
        lambda start, end: context.domain.uploads.read(sha256, start=start, end=end),
        name=name,
        mimetype="application/octet-stream",
        digest=md5,
        size=size,
    )


def artifact_routes() -> list[BaseRoute]:
    # The domain checks the actor on the entity whose bytes are asked for.
    @needs(Permission.NOBODY)
    async def by_digest(request: Request) -> Response:
        context = context_of(request)
        credentials = credentials_of(request)
        wanted = _wanted(request.path_params["path"].split("/"))

        def find() -> tuple[str, int]:
            actor = authenticate(context.domain.sign_in, credentials)
            return _find(context, actor, wanted)

        sha256, size = await context.run(find)
        return await _blob_answer(request, context, wanted.name, sha256, wanted.digest, size)

    return [
        Route("/artifacts/{path:path}", by_digest, methods=["GET"]),
        Route("/artifactsV2/{region}/{path:path}", by_digest, methods=["GET"]),
    ]


class _Wanted(NamedTuple):
    entity: str
    digest: str  # MD5, or XXH128 of a file that is told by it
    name: str
    versions: tuple[int, ...]  # that are said to hold it


def _wanted(parts: list[str]) -> _Wanted:
    """What `ENTITY[/PROJECT/COLLECTION[/ARTIFACT]][/BIRTH]/DIGEST[/NAME]` asks for."""
    for place in range(1, min(len(parts), 6)):
        if _DIGEST.fullmatch(parts[place]):
            named = [ids.artifact_or_none(part) for part in parts[1:place]]
            versions = tuple(version for version in named if version is not None)
            return _Wanted(parts[0], parts[place], "/".join(parts[place + 1 :]) or parts[place], versions)
    raise NotFound("This address names no file of an artifact: it holds no digest.")


def _find(context: Context, actor: Actor, wanted: _Wanted) -> tuple[str, int]:
    try:
        blob = context.domain.uploads.find_md5(actor, wanted.entity, wanted.digest)
    except NotFound as error:
        # The version may be linked to where the caller may look, out of where they may not.
        for version in wanted.versions:
            with suppress(NotFound):
                for entry in context.domain.artifacts.entries(actor, version):
                    if wanted.digest in (entry.md5, entry.xxh128):
                        return entry.sha256, entry.size
        raise error
    return blob.sha256, blob.size
