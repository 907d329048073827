"""Artifacts: types, collections, versions, what lies in them, and their bytes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from runstone.server.doors.rest.models.base import Model

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Md5 = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
TtlSeconds = Annotated[int | None, Field(description="Positive seconds; -2: never; null: as the collection.")]


class ArtifactType(Model):
    name: str
    description: str
    collection_count: int
    created_at: float


class ArtifactTypes(Model):
    types: list[ArtifactType]


class ArtifactTypeWanted(Model):
    description: str | None = None


class Collection(Model):
    id: int
    entity: str
    project: str
    type: str
    kind: Literal["sequence", "portfolio"]
    name: str
    description: str
    tags: list[str]
    metadata: dict[str, Any]
    version_count: int
    ttl_seconds: int | None
    retention: dict[str, Any]
    created_by: str
    created_at: float
    updated_at: float
    deleted_at: float | None
    deleted_by: str = ""
    purge_at: float | None = Field(None, description="When it is gone for good, of one in the trash.")
    bytes: int | None = Field(
        None, description="Of its versions, each counted in full; where the trash was asked for."
    )


class CollectionRestored(Model):
    """Which: by its `id`, or by `name` where one of that name is in the trash."""

    id: int | None = Field(None, ge=1)
    name: str = Field("", max_length=1024)
    new_name: str = Field("", max_length=1024, description="Where its name was taken meanwhile.")


class Collections(Model):
    collections: list[Collection]
    next: str = ""
    total: int | None = Field(None, description="How many there are, where `count` asked for it.")


class CollectionWanted(Model):
    name: str
    type: str
    kind: Literal["sequence", "portfolio"] = "sequence"
    description: str = ""


class CollectionChange(Model):
    name: str | None = None
    description: str | None = None
    type: str | None = None
    tags: list[str] | None = None
    metadata: dict[str, Any] | None = None
    ttl_seconds: int | None = Field(None, description="Of versions that inherit; -2: they stay.")
    retention: dict[str, Any] | None = Field(
        None, description='{"last": 1, "best": 3, "metric": "accuracy", "goal": "max"}; {}: all stay.'
    )


class ArtifactAlias(Model):
    alias: str
    set_by: str
    set_at: float
    reason: str


class StandingAlias(ArtifactAlias):
    version: str = Field(description="Where it points: `v3` in the collection.")
    version_id: int
    digest: str
    sha256: str


class StandingAliases(Model):
    aliases: list[StandingAlias]


class ArtifactVersion(Model):
    """A version. `name` and `aliases` are those in the collection it was asked for through
    (`in`: ENTITY/PROJECT/COLLECTION); `source` is where it was made."""

    id: int
    name: str
    version: str = Field(description="`v3`, or empty while pending.")
    aliases: list[ArtifactAlias]
    collection: str = Field(description="The collection it was asked for through.")
    within: str = Field(description="ENTITY/PROJECT of that collection.")
    source: str = Field(description="ENTITY/PROJECT/NAME:vN where it was made.")
    type: str
    state: Literal["pending", "committed", "deleted"]
    digest: str
    digest_algorithm: str
    sha256: str
    size: int
    file_count: int
    description: str
    metadata: dict[str, Any]
    facts: dict[str, Any]
    tags: list[str]
    ttl_seconds: int | None
    expires_at: float | None
    run: str = Field(description="ENTITY/PROJECT/RUN that made it, or empty.")
    created_by: str
    client_id: str
    base_id: int | None
    history_step: int | None
    created_at: float
    committed_at: float | None
    updated_at: float
    deleted_at: float | None = Field(None, description="When it went to the trash.")


class ArtifactVersions(Model):
    versions: list[ArtifactVersion]
    next: str = ""
    total: int | None = Field(None, description="How many there are, where `count` asked for it.")
    skip: int = Field(0, description="How many come before the first, where `skip` or `at` asked for it.")


class VersionsRestored(Model):
    count: int


class VersionsWanted(Model):
    versions: list[int] = Field(description="Ids of versions made in the collection.", max_length=1000)


class ArtifactCreated(Model):
    """existed: the collection holds that content already; nothing is left to do."""

    artifact: ArtifactVersion
    existed: bool


class ArtifactWanted(Model):
    type: str
    name: str
    description: str = ""
    metadata: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    aliases: list[str] = []
    tags: list[str] = []
    ttl_seconds: TtlSeconds = None
    sha256: Sha256 | Literal[""] = Field("", description="Of the manifest, if known.")
    digest: Annotated[str, Field(max_length=128)] = ""
    digest_algorithm: str = "manifest-md5"
    run: str = Field("", description="The run of this project that makes it.")
    client_id: str = ""
    distributed_id: str = Field("", description="Several processes that name one add to one version.")
    base: str = Field("", description="The version incremental entries are laid over, as NAME:ALIAS or @ID.")
    history_step: int | None = None
    dedupe: bool = True


class ArtifactChange(Model):
    description: str | None = None
    metadata: dict[str, Any] | None = None
    facts: dict[str, Any] | None = None
    tags: list[str] | None = None
    ttl_seconds: int | None = Field(None, description="Positive seconds, or -2 for never.")
    inherit_ttl: bool = False


class AliasChange(Model):
    add: list[str] = []
    remove: list[str] = []
    reason: str = ""


class Entry(Model):
    path: str
    size: int = 0
    sha256: Sha256 | Literal[""] = ""
    md5: Md5 | Literal[""] = ""
    ref: str = ""
    digest: str = ""
    extra: dict[str, Any] | None = None
    removed: bool = False


class EntriesWanted(Model):
    """At most 20,000 at once; of a path that comes again the later one stands."""

    entries: list[Entry]
    manifest: Literal["full", "patch", "incremental"] = "full"
    replace_all: bool = Field(False, description="Forget what came before in manifests of this kind.")
    part: str = Field(
        "",
        description="Of a version made by several: a name of the part that these entries belong to. Sent "
        "again when it is whole, it changes nothing.",
    )
    run: str = Field("", description="The run whose part it is.")
    at: int | None = Field(
        None,
        ge=0,
        description="How many entries of the part went before these; 0 begins it anew. Where it is said, the "
        "part counts when it is whole, else each call for itself.",
    )
    more: bool = Field(False, description="More entries of the part follow; with the last call it is whole.")


class EntriesTaken(Model):
    taken: int


class FileEntry(Model):
    path: str
    size: int
    sha256: str
    md5: str
    ref: str
    digest: str
    extra: dict[str, Any] | None


class FolderEntry(Model):
    """files, bytes: of all that lies below it, at any depth."""

    path: str = Field(description="With a slash at its end.")
    files: int
    bytes: int


class Below(Model):
    files: int
    bytes: int


class ArtifactFiles(Model):
    """A page may hold fewer than `limit`, even none, while there is more: `next` tells."""

    files: list[FileEntry]
    folders: list[FolderEntry] = Field([], description="With a delimiter; they come before the files.")
    below: Below | None = Field(None, description="With a delimiter: all paths that begin with the prefix.")
    searched: int | None = Field(
        None, description="Of a search: how many files were looked at for this page."
    )
    next: str = ""


class FileChange(Model):
    path: str
    change: Literal["added", "removed", "changed"]
    old: FileEntry | None
    new: FileEntry | None


class FolderChange(Model):
    """Files below a folder that differ, and their bytes in both versions."""

    path: str = Field(description="With a slash at its end.")
    added: int
    removed: int
    changed: int
    old_bytes: int
    new_bytes: int


class ArtifactDiff(Model):
    """Counts and bytes are of all files below the prefix that differ."""

    old: ArtifactVersion
    new: ArtifactVersion
    added: int
    removed: int
    changed: int
    old_bytes: int
    new_bytes: int
    folders: list[FolderChange] = Field([], description="With a delimiter; they come before `changes`.")
    changes: list[FileChange] = Field(description="The first ones by path; `truncated` if there are more.")
    truncated: bool
    next: str = Field("", description="With a delimiter: `after` of the next page.")


class UseWanted(Model):
    artifact: str
    entity: str = Field("", description="Of the artifact, where it is another's.")
    project: str = ""
    used_as: str = ""


class RunArtifact(Model):
    artifact: ArtifactVersion
    role: Literal["input", "output"]
    used_as: str
    at: float


class RunArtifacts(Model):
    artifacts: list[RunArtifact]
    next: str = ""


class ArtifactPaths(Model):
    paths: list[Annotated[str, Field(max_length=1024)]] = Field(
        min_length=1, max_length=20_000, description="Files of the version, each once."
    )


class BlobsAsked(Model):
    sha256: list[Sha256] = []
    md5: list[Md5] = []


class Blob(Model):
    sha256: str
    md5: str
    size: int


class BlobsFound(Model):
    """By the digest asked for: those need not be sent."""

    found: dict[str, Blob]


class BlobsKept(Model):
    blobs: list[Blob]


class UploadWanted(Model):
    """What is known of the blob; digests are checked at the end."""

    size: int | None = Field(None, ge=0)
    sha256: Sha256 | Literal[""] = ""
    md5: Md5 | Literal[""] = ""


class Upload(Model):
    id: str
    size: int | None
    offset: int = Field(description="How much has come: where to go on.")
    direct: bool = Field(False, description="Pieces may be put into the blob store itself: `addresses`.")
    piece_bytes: int = Field(description="How large those are, but the last.")
    pieces: list[int] = Field([], description="Where those begin that are there already.")


class PiecesWanted(Model):
    offsets: list[Annotated[int, Field(ge=0)]] = Field(max_length=100)


class PieceAddress(Model):
    """PUT `size` bytes of the blob, from `offset` on, to `url` with `headers`; no key goes there."""

    offset: int
    size: int
    url: str
    headers: dict[str, str]


class PieceAddresses(Model):
    addresses: list[PieceAddress]
    seconds: float = Field(description="How long they are good for.")
