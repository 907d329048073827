"""The native API's artifact routes as typed calls: `Client.artifacts`.

A version is named as `NAME`, `NAME:ALIAS`, `NAME:v3`, or `@ID`; `entity` "" is the key's default.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from struct import pack
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from runstone.client import direct
from runstone.client.artifact_models import (
    ArtifactRecord,
    CollectionRecord,
    CreatedRecord,
    DiffRecord,
    EntryRecord,
    FolderPage,
    PieceRecord,
    RunArtifactRecord,
    TypeRecord,
    UploadRecord,
)
from runstone.client.calls import NounCalls, at_artifact, at_entity, at_place, record
from runstone.client.connection import segment, segments
from runstone.client.errors import ClientError, Conflict, NotFound, ServerAway
from runstone.client.models import plain

if TYPE_CHECKING:
    import httpx

    from runstone.client.connection import Connection


class Target(NamedTuple):
    """Where a version is to be linked."""

    entity: str
    project: str
    collection: str


ENTRIES_AT_ONCE = 10_000
DIGESTS_AT_ONCE = 10_000
FINISH_POLL_SECONDS = 1.0
_UNDER_WAY = 202
_ELSEWHERE = 307
_decode_entry = msgspec.json.Decoder(EntryRecord).decode


class ArtifactCalls(NounCalls):
    """One method per route. All raise `ClientError` and its kinds."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.base_url = connection.base_url

    # Making --------------------------------------------------------------------------------------

    def create(self, entity: str, project: str, **wanted: Any) -> CreatedRecord:
        """A pending version, or the one that holds the same content (told by `sha256`). wanted: name,
        type, description, metadata, facts, aliases, tags, ttl_seconds, sha256, run, client_id,
        distributed_id, base, history_step, dedupe."""
        body = {name: plain(value) for name, value in wanted.items() if value is not None}
        answer = self._send("POST", f"{at_place(entity, project)}/artifacts", json=body, repeatable=True)
        return record(answer, CreatedRecord)

    def add_entries(
        self, entity: str, project: str, version_id: int, entries: Sequence[Mapping[str, Any]], **more: Any
    ) -> None:
        path = f"{at_artifact(entity, project, f'@{version_id}')}/entries"
        self._send("POST", path, json={"entries": list(entries), **more}, repeatable=True)

    def commit(self, entity: str, project: str, version_id: int) -> ArtifactRecord:
        """Raises MissingFile where bytes have not come."""
        path = f"{at_artifact(entity, project, f'@{version_id}')}/commit"
        return record(self._send("POST", path, repeatable=True), ArtifactRecord)

    def abandon(self, entity: str, project: str, version_id: int) -> None:
        self._send("POST", f"{at_artifact(entity, project, f'@{version_id}')}/abandon", repeatable=True)

    def find_blobs(self, entity: str, digests: Iterable[bytes]) -> set[bytes]:
        """Those of these SHA-256s whose bytes the entity has sent already."""
        listed = list(digests)
        found: set[bytes] = set()
        for at in range(0, len(listed), DIGESTS_AT_ONCE):
            some = [digest.hex() for digest in listed[at : at + DIGESTS_AT_ONCE]]
            answer = self._send("POST", f"{_blobs(entity)}/find", json={"sha256": some}, repeatable=True)
            found.update(bytes.fromhex(digest) for digest in answer["found"])
        return found

    def put_blobs(self, entity: str, blobs: Sequence[bytes]) -> None:
        """Many small ones in one request: at most 20,000 and 32 MiB."""
        parts: list[bytes] = []
        for blob in blobs:
            parts += (pack("<I", len(blob)), blob)
        headers = {"Content-Type": "application/octet-stream"}
        self._send("POST", _blobs(entity), content=b"".join(parts), headers=headers, repeatable=True)

    def put_blob(self, entity: str, sha256: bytes, size: int, content: Callable[[], Iterator[bytes]]) -> None:
        """One of any size. content: gives the bytes anew for each attempt. Raises Invalid where they are
        not those of `sha256`."""
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(size),
            "X-Sha256": sha256.hex(),
        }
        self._send("PUT", _blobs(entity), content=content, headers=headers)

    def begin_upload(self, entity: str, sha256: bytes, size: int) -> UploadRecord:
        """A blob that comes in pieces, and may be cut and gone on with."""
        body = {"size": size, "sha256": sha256.hex()}
        return record(self._send("POST", _uploads(entity), json=body, repeatable=True), UploadRecord)

    def upload(self, entity: str, upload: str) -> UploadRecord:
        """How much of it has come. Raises NotFound."""
        return record(self._get(f"{_uploads(entity)}/{segment(upload)}"), UploadRecord)

    def piece_addresses(self, entity: str, upload: str, offsets: Sequence[int]) -> list[PieceRecord]:
        """Where pieces of a direct upload are to be put, within minutes; at most 100. Raises StoreAway
        where that is no address to send bytes to from here, or there are none any more."""
        path = f"{_uploads(entity)}/{segment(upload)}/addresses"
        try:
            answer = self._send("POST", path, json={"offsets": list(offsets)}, repeatable=True)
        except Conflict as error:
            raise direct.StoreAway(str(error)) from error
        found = [record(item, PieceRecord) for item in answer["addresses"]]
        for piece in found:
            direct.check_address(piece.url, self.base_url)
        return found

    def put_piece(self, piece: PieceRecord, content: Callable[[], Iterator[bytes]]) -> None:
        """Straight into the store; the key stays here. Raises AddressOver, StoreAway."""
        direct.put(self.connection.bare, piece.url, piece.headers, piece.size, content())

    def append_upload(
        self, entity: str, upload: str, offset: int, size: int, content: Callable[[], Iterator[bytes]]
    ) -> int:
        """The next `size` bytes, from `offset` on; where to go on then. Raises OffsetMismatch."""
        answer = self._send(
            "PATCH",
            f"{_uploads(entity)}/{segment(upload)}",
            params={"offset": offset},
            content=content,
            headers={"Content-Type": "application/octet-stream", "Content-Length": str(size)},
        )
        return int(answer["offset"])

    def finish_upload(self, entity: str, upload: str, sha256: bytes) -> None:
        """All has come; returns when the server has made a blob of it, however long that takes. Raises
        Invalid where it is not what was announced."""
        path = f"{_uploads(entity)}/{segment(upload)}/finish"
        try:
            while self.connection.call("POST", path, repeatable=True).status_code == _UNDER_WAY:
                time.sleep(FINISH_POLL_SECONDS)
        except NotFound:
            # Finished by an earlier request, whose answer was lost.
            if sha256 not in self.find_blobs(entity, [sha256]):
                raise

    # Reading -------------------------------------------------------------------------------------

    def get(self, entity: str, project: str, name: str) -> ArtifactRecord:
        return record(self._get(at_artifact(entity, project, name)), ArtifactRecord)

    def manifest(self, entity: str, project: str, name: str, *, prefix: str = "") -> Iterator[EntryRecord]:
        """All entries, by path, as they come."""
        path = f"{at_artifact(entity, project, name)}/manifest"
        with self.connection.stream(
            "GET", path, params={"prefix": prefix or None}, headers={"Accept": "*/*"}
        ) as answer:
            for line in answer.iter_lines():
                if line:
                    yield _decode_entry(line)

    def folder(
        self, entity: str, project: str, name: str, *, prefix: str = "", limit: int = 1000
    ) -> FolderPage:
        """One folder of a version (`prefix`: "" or ending in a slash), at most `limit` of what is in it."""
        at = at_artifact(entity, project, name)
        found = FolderPage()
        while True:
            wanted = {
                "delimiter": "/",
                "prefix": prefix or None,
                "limit": min(10_000, limit - len(found.folders) - len(found.files)),
                "after": found.next or None,
            }
            page = msgspec.convert(self._get(f"{at}/files", wanted), FolderPage)
            found = FolderPage(
                folders=found.folders + page.folders, files=found.files + page.files, next=page.next
            )
            if not page.next or len(found.folders) + len(found.files) >= limit:
                return found

    @contextmanager
    def file(
        self, entity: str, project: str, name: str, path: str, *, start: int = 0, etag: str = ""
    ) -> Iterator[httpx.Response]:
        """A file's bytes from `start` on, streamed; from the beginning (status 200) where what has the
        path is not `etag` any more. Straight from the store where it can be."""
        headers = {"Accept": "*/*"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": f'"{etag}"'}
        url = f"{at_artifact(entity, project, name)}/files/{segments(path)}"
        if direct.may_go(self.base_url):
            with ExitStack() as closing:
                found = self._redirected(closing, url, headers, etag if start else "")
                if found is not None:
                    yield found
                    return
        with self.connection.stream("GET", url, headers=headers) as answer:
            yield answer

    def files_together(
        self, entity: str, project: str, name: str, paths: Sequence[str]
    ) -> AbstractContextManager[httpx.Response]:
        """Many small files in one answer, framed as in `artifact_batches`: at most 20,000 and 32 MiB."""
        url = f"{at_artifact(entity, project, name)}/files/read"
        return self.connection.stream("POST", url, json={"paths": list(paths)}, headers={"Accept": "*/*"})

    def _redirected(
        self, closing: ExitStack, url: str, headers: dict[str, str], etag: str
    ) -> httpx.Response | None:
        """What the store gives where the server points there, or what the server gives itself; None
        where the store is not reached."""
        problem: ClientError | None = None
        for attempt in range(direct.ATTEMPTS):
            if attempt:
                time.sleep(direct.WAIT_SECONDS)
            answer = closing.enter_context(
                self.connection.stream(
                    "GET", url, params={"redirect": "true"}, headers=headers, redirects=True
                )
            )
            if answer.status_code != _ELSEWHERE:
                return answer
            address, now = answer.headers.get("Location", ""), answer.headers.get("ETag", "")
            closing.pop_all().close()
            asked = {"Range": headers["Range"]} if etag and now == f'"{etag}"' else {}
            try:
                direct.check_address(address, self.base_url)
                found = closing.enter_context(self.connection.elsewhere(address, asked))
                direct.check_status(found, address)
            except (direct.AddressOver, direct.StoreAway, ServerAway) as error:
                closing.pop_all().close()
                problem = error
                continue
            return found
        assert problem is not None
        direct.remember_away(self.base_url, problem)
        return None

    def diff(self, entity: str, project: str, old: str, new: str, *, limit: int = 1000) -> DiffRecord:
        path = f"{at_artifact(entity, project, old)}/diff"
        return record(self._get(path, {"to": new, "limit": limit}), DiffRecord)

    def members(self, entity: str, project: str, name: str) -> list[ArtifactRecord]:
        """The version in each collection it lies in, its source first."""
        answer = self._get(f"{at_artifact(entity, project, name)}/members")
        return [record(item, ArtifactRecord) for item in answer["versions"]]

    def versions(self, entity: str, project: str, collection: str, **query: Any) -> Iterator[ArtifactRecord]:
        """Newest first unless `sort` says otherwise; query: search, tag, alias, created_since, …"""
        path = f"{at_place(entity, project)}/collections/{segment(collection)}/versions"
        for item in self._pages(path, "versions", query):
            yield record(item, ArtifactRecord)

    # Changing ------------------------------------------------------------------------------------

    def update(self, entity: str, project: str, name: str, **changes: Any) -> ArtifactRecord:
        """changes: description, metadata, facts, tags, ttl_seconds, inherit_ttl."""
        body = {key: plain(value) for key, value in changes.items() if value is not None}
        answer = self._send("PATCH", at_artifact(entity, project, name), json=body, repeatable=True)
        return record(answer, ArtifactRecord)

    def move_aliases(
        self,
        entity: str,
        project: str,
        name: str,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        reason: str = "",
    ) -> ArtifactRecord:
        body = {"add": list(add), "remove": list(remove), "reason": reason}
        path = f"{at_artifact(entity, project, name)}/aliases"
        return record(self._send("POST", path, json=body, repeatable=True), ArtifactRecord)

    def link(
        self,
        entity: str,
        project: str,
        name: str,
        target: Target,
        *,
        aliases: Sequence[str] = (),
        reason: str = "",
        force: bool = False,
    ) -> ArtifactRecord:
        """The version in a further collection too, such as a registry's."""
        body = {
            "entity": target.entity,
            "project": target.project,
            "collection": target.collection,
            "aliases": list(aliases),
            "reason": reason,
            "force": force,
        }
        path = f"{at_artifact(entity, project, name)}/links"
        return record(self._send("POST", path, json=body, repeatable=True), ArtifactRecord)

    def unlink(self, entity: str, project: str, name: str, *, reason: str = "") -> None:
        """Out of the collection it is named in here, which it was linked into."""
        path = f"{at_artifact(entity, project, name)}/unlink"
        self._send("POST", path, json={"reason": reason}, repeatable=True)

    def delete(
        self, entity: str, project: str, name: str, *, aliases: bool = False, reason: str = ""
    ) -> None:
        """To the trash. aliases: although it has some. Raises Conflict."""
        params = {"aliases": aliases or None, "reason": reason or None}
        self._send("DELETE", at_artifact(entity, project, name), params=params)

    def restore(self, entity: str, project: str, version_id: int | str) -> ArtifactRecord:
        """Out of the trash."""
        path = f"{at_artifact(entity, project, f'@{version_id}')}/restore"
        return record(self._send("POST", path, repeatable=True), ArtifactRecord)

    # Runs ----------------------------------------------------------------------------------------

    def use(self, entity: str, project: str, run: str, artifact: str, *, used_as: str = "") -> ArtifactRecord:
        """artifact: `@ID`, or a name in this project."""
        body = {"artifact": artifact, "used_as": used_as}
        path = f"{at_place(entity, project)}/runs/{segment(run)}/artifacts"
        return record(self._send("POST", path, json=body, repeatable=True), ArtifactRecord)

    def of_run(
        self, entity: str, project: str, run: str, *, role: str = "output"
    ) -> Iterator[RunArtifactRecord]:
        path = f"{at_place(entity, project)}/runs/{segment(run)}/artifacts"
        for item in self._pages(path, "artifacts", {"role": role}):
            yield record(item, RunArtifactRecord)

    # Collections ---------------------------------------------------------------------------------

    def types(self, entity: str, project: str) -> list[TypeRecord]:
        answer = self._get(f"{at_place(entity, project)}/artifact-types")
        return [record(item, TypeRecord) for item in answer["types"]]

    def collections(self, entity: str, project: str, **query: Any) -> Iterator[CollectionRecord]:
        """query: type, kind, search, tag, sort, trash."""
        for item in self._pages(f"{at_place(entity, project)}/collections", "collections", query):
            yield record(item, CollectionRecord)

    def collection(self, entity: str, project: str, name: str) -> CollectionRecord:
        return record(self._get(f"{at_place(entity, project)}/collections/{segment(name)}"), CollectionRecord)

    def change_collection(self, entity: str, project: str, name: str, **changes: Any) -> CollectionRecord:
        path = f"{at_place(entity, project)}/collections/{segment(name)}"
        body = {key: plain(value) for key, value in changes.items() if value is not None}
        return record(self._send("PATCH", path, json=body, repeatable=True), CollectionRecord)

    def delete_collection(self, entity: str, project: str, name: str) -> None:
        """To the trash, with its versions."""
        self._send("DELETE", f"{at_place(entity, project)}/collections/{segment(name)}")

    def restore_collection(
        self, entity: str, project: str, *, id: int = 0, name: str = "", new_name: str = ""
    ) -> CollectionRecord:
        """Out of the trash, whole, by its id or by its name; under `new_name` where that is given. Raises
        Conflict where the name was taken meanwhile, or where several of it are in the trash."""
        body = {"id": id or None, "name": name, "new_name": new_name}
        path = f"{at_place(entity, project)}/collections/restore"
        return record(self._send("POST", path, json=body), CollectionRecord)


def _uploads(entity: str) -> str:
    return f"{at_entity(entity)}/uploads"


def _blobs(entity: str) -> str:
    return f"{at_entity(entity)}/blobs"
