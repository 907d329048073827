"""What the native API answers about artifacts, as frozen values."""

from __future__ import annotations

from typing import Any

import msgspec


class AliasRecord(msgspec.Struct, frozen=True, kw_only=True):
    alias: str
    set_by: str = ""
    set_at: float = 0.0
    reason: str = ""


class ArtifactRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A version. name, version and aliases are those of the collection it was asked for through
    (`within`: ENTITY/PROJECT); `source` is ENTITY/PROJECT/NAME:vN where it was made."""

    id: int
    name: str
    version: str = ""
    aliases: list[AliasRecord] = []
    collection: str = ""
    within: str = ""
    source: str = ""
    type: str = ""
    state: str = ""
    digest: str = ""
    digest_algorithm: str = ""
    sha256: str = ""
    size: int = 0
    file_count: int = 0
    description: str = ""
    metadata: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    tags: list[str] = []
    ttl_seconds: int | None = None
    expires_at: float | None = None
    run: str = ""
    created_by: str = ""
    client_id: str = ""
    base_id: int | None = None
    history_step: int | None = None
    created_at: float = 0.0
    committed_at: float | None = None
    updated_at: float = 0.0
    deleted_at: float | None = None  # in the trash since


class CollectionRecord(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    entity: str = ""
    project: str = ""
    type: str = ""
    kind: str = "sequence"  # portfolio: links only
    description: str = ""
    tags: list[str] = []
    metadata: dict[str, Any] = {}
    version_count: int = 0
    ttl_seconds: int | None = None
    retention: dict[str, Any] = {}
    created_by: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0
    deleted_at: float | None = None  # in the trash since, until purge_at
    deleted_by: str = ""
    purge_at: float | None = None
    bytes: int | None = None  # of its versions, each in full; of one in the trash


class TypeRecord(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    description: str = ""
    collection_count: int = 0
    created_at: float = 0.0


class EntryRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A file (sha256, md5), or a reference (ref, and the digest that pins it)."""

    path: str
    size: int = 0
    sha256: str = ""
    md5: str = ""
    ref: str = ""
    digest: str = ""
    extra: dict[str, Any] | None = None


class FolderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of a version: its path with a slash at the end, and what lies below it at any depth."""

    path: str
    files: int = 0
    bytes: int = 0


class FolderPage(msgspec.Struct, frozen=True, kw_only=True):
    """Folders right in a folder, then files right in it; `next` where there is more."""

    folders: list[FolderRecord] = []
    files: list[EntryRecord] = []
    next: str = ""


class UploadRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A blob on its way in pieces. offset: how much has come without a gap. direct: pieces of
    `piece_bytes` may be put into the store itself; `pieces`: where those begin that are there."""

    id: str
    offset: int = 0
    direct: bool = False
    piece_bytes: int = 0
    pieces: list[int] = []


class PieceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Where a piece is to be put. The address is an authority: it is never shown."""

    offset: int
    size: int
    url: str
    headers: dict[str, str] = {}


class ChangeRecord(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    change: str  # added, removed, changed
    old: EntryRecord | None = None
    new: EntryRecord | None = None


class DiffRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Counts are over all files; `changes` are the first of them, `truncated` if there are more."""

    old: ArtifactRecord
    new: ArtifactRecord
    added: int = 0
    removed: int = 0
    changed: int = 0
    changes: list[ChangeRecord] = []
    truncated: bool = False


class RunArtifactRecord(msgspec.Struct, frozen=True, kw_only=True):
    artifact: ArtifactRecord
    role: str = "output"
    used_as: str = ""
    at: float = 0.0


class CreatedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """existed: the collection held the same content; `artifact` is that version."""

    artifact: ArtifactRecord
    existed: bool = False
