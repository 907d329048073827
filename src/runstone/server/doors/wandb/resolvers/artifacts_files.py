"""Files of artifacts: their manifests, what lies in them, and what is being put into them."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runstone.server.domain.artifact_model import Entry, Version
from runstone.server.domain.errors import Invalid
from runstone.server.domain.files import check_file_name
from runstone.server.domain.uploads import Blob
from runstone.server.doors.wandb import ids, manifests
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.ids import ManifestRef
from runstone.server.doors.wandb.links import Links
from runstone.server.doors.wandb.resolvers.base import connection, page_size

PAGE_MAX = 5000  # what clients ask for at once (0.16 to 0.31)
NAMES_MAX = 20_000  # 0.18 to 0.31 ask for the addresses of 10,000 entries at once

_TYPES = {"full": "FULL", "patch": "PATCH", "incremental": "INCREMENTAL"}
_NAMES = {
    "full": "wandb_manifest.json",
    "patch": "wandb_manifest.patch.json",
    "incremental": "wandb_manifest.incremental.json",
}

manifest = Fields("ArtifactManifest")


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """An entry of a version."""

    version: Version
    entry: Entry

    @property
    def name(self) -> str:
        return self.entry.path

    @property
    def node_id(self) -> str:
        return ids.artifact_file_id(self.version.id, self.entry.path)

    @property
    def size(self) -> int:
        return self.entry.size

    @property
    def mimetype(self) -> str | None:
        return mimetypes.guess_type(self.entry.path, strict=False)[0]

    @property
    def updated_at(self) -> float | None:
        return self.version.committed_at

    @property
    def digest(self) -> str:
        return manifests.digest_of(self.entry)

    @property
    def storage_path(self) -> str | None:
        return (
            None if self.entry.ref else storage_path(self.version.entity, self.entry.md5, self.entry.xxh128)
        )

    @property
    def birth(self) -> int:
        return self.entry.birth or self.version.id

    def get_url(self, links: Links) -> str:
        """A reference's is where it refers to: the bytes are not here."""
        return self.entry.ref or links.get_blob(self.version.id, self.entry)

    def put_url(self, links: Links) -> None:
        return None  # what lies in a version does not change

    def part_urls(self, links: Links) -> None:
        return None


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A version's manifest; `put_md5` (hexadecimal) where its bytes are to come."""

    version: Version
    ref: ManifestRef
    put_md5: str = ""

    @property
    def name(self) -> str:
        return _NAMES[self.ref.kind]

    @property
    def node_id(self) -> str:
        return ids.named_id("ManifestFile", f"{self.ref.version}:{self.ref.kind}")

    @property
    def size(self) -> int:
        return 0  # it is written while it is sent

    @property
    def mimetype(self) -> str:
        return "application/json"

    @property
    def updated_at(self) -> float | None:
        return self.version.updated_at

    @property
    def digest(self) -> str | None:
        return manifests.b64_of(self.put_md5) if self.put_md5 else None

    @property
    def storage_path(self) -> None:
        return None

    @property
    def birth(self) -> int:
        return self.version.id

    def get_url(self, links: Links) -> str:
        return links.get_manifest(self.version.id)

    def put_url(self, links: Links) -> str | None:
        return links.put_manifest(self.version.id, self.ref.kind, self.put_md5)

    def part_urls(self, links: Links) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is to lie in a pending version; `kept` where its bytes are here already."""

    version: Version
    name: str
    md5: str  # hexadecimal
    xxh128: str  # hexadecimal, where it is told by that
    kept: Blob | None
    parts: tuple[tuple[int, str], ...] = ()  # (number, MD5 of the part) where it may come in parts

    @property
    def node_id(self) -> str:
        return ids.artifact_file_id(self.version.id, self.name)

    @property
    def size(self) -> int:
        return self.kept.size if self.kept else 0

    @property
    def mimetype(self) -> str | None:
        return mimetypes.guess_type(self.name, strict=False)[0]

    @property
    def updated_at(self) -> None:
        return None

    @property
    def digest(self) -> str:
        return manifests.b64_of(self.xxh128 or self.md5)

    @property
    def storage_path(self) -> str:
        return storage_path(self.version.entity, self.md5, self.xxh128)

    @property
    def birth(self) -> int:
        return (self.kept.birth if self.kept else 0) or self.version.id

    def get_url(self, links: Links) -> None:
        return None

    def put_url(self, links: Links) -> str | None:
        if self.kept:
            return None
        return links.put_blob(self.version.entity, self.version.id, self.md5, xxh128=self.xxh128)

    def part_urls(self, links: Links) -> dict[str, Any] | None:
        if self.kept or not self.parts:
            return None
        return {
            "uploadID": f"{self.version.id}-{self.md5}",
            "uploadUrlParts": [
                {
                    "partNumber": number,
                    "uploadUrl": links.put_blob(self.version.entity, self.version.id, md5),
                }
                for number, md5 in self.parts
            ],
        }


@dataclass(frozen=True, slots=True)
class Manifest:
    version: Version
    ref: ManifestRef
    put_md5: str = ""

    @property
    def file(self) -> ManifestFile:
        return ManifestFile(self.version, self.ref, self.put_md5)


@manifest("id")
def manifest_id(parent: Manifest, _call: Call) -> str:
    return ids.manifest_id(parent.ref)


@manifest("type")
def manifest_type(parent: Manifest, _call: Call) -> str:
    return _TYPES[parent.ref.kind]


@manifest("digest")
def manifest_digest(parent: Manifest, _call: Call) -> str | None:
    return parent.file.digest


manifest.plain("file")


def storage_path(entity: str, md5: str, xxh128: str) -> str:
    return f"{entity}/{md5}.{xxh128}" if xxh128 else f"{entity}/{md5}"


_DIGESTS = re.compile(r"([0-9a-f]{32})(?:\.([0-9a-f]{32}))?")


def digests_in(path: str) -> tuple[str, str]:
    """MD5 and XXH128 (or "") in what `storage_path` made. Raises Invalid."""
    found = _DIGESTS.fullmatch(path.rpartition("/")[2])
    if found is None:
        raise Invalid(f"{path[:200]!r} is no storage path of this server.")
    return found[1], found[2] or ""


def file_page(
    call: Call,
    version: Version,
    names: Sequence[str] | None,
    first: int | None,
    after: str | None,
) -> dict[str, Any]:
    """Entries by path, or those of `names` that are there; references among them, as clients download
    what is listed (0.16 to 0.31: `Artifact._download`)."""
    actor = call.signed_in()
    size = page_size(first, 50, most=PAGE_MAX)
    if version.state != "committed":
        return {**connection([], [], has_next=False), "uploadHeaders": []}
    seen = ids.cursor_text(after)
    more = False
    found: list[Entry] = []
    if names:
        found = _named(call, version, names)
        found = [entry for entry in found if entry.path > seen]
        found, more = found[:size], len(found) > size
    else:
        for entry in call.domain.artifacts.entries(actor, version.id, after=seen):
            if len(found) == size:
                more = True
                break
            found.append(entry)
    nodes = [ArtifactFile(version, entry) for entry in found]
    cursors = [ids.cursor(entry.path) for entry in found]
    total = (lambda: len(_named(call, version, names))) if names else (lambda: version.file_count)
    return {**connection(nodes, cursors, has_next=more, total=total), "uploadHeaders": []}


def _named(call: Call, version: Version, names: Sequence[str]) -> list[Entry]:
    """Those of the names that are in the version, by path."""
    if len(names) > NAMES_MAX:
        raise Invalid(f"At most {NAMES_MAX:,} names at once, met {len(names):,}.")
    paths = [path for path in map(_clean, names) if path]
    return call.domain.artifacts.named(call.signed_in(), version.id, paths)


def _clean(name: str) -> str:
    try:
        return check_file_name(name)
    except Invalid:
        return ""  # there can be no such file


def files_by_entries(call: Call, version: Version, entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Addresses of entries that a client has read in a manifest, by path, all at once."""
    found = _named(call, version, [one["name"] for one in entries if one.get("name")])
    nodes = [ArtifactFile(version, entry) for entry in found]
    cursors = [ids.cursor(node.name) for node in nodes]
    return {**connection(nodes, cursors, has_next=False, total=len(nodes)), "uploadHeaders": []}


FIELDS = [manifest, *maps("FileConnection")]
