"""The nouns of artifacts as records: collections, versions, the names versions have, aliases, entries.

A *version* is made in its source collection (a `sequence`), under the next number there (`v3`). It
may be linked into other collections (`portfolio`, of which registries consist) and has a number and
aliases of each. An *entry* is one path in a version: a file's digests and size, or a reference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from runstone.server.domain.identity import EntityId, ProjectId, RunKey
from runstone.server.stores.records.rows import AnyRow

CollectionKind = Literal["sequence", "portfolio"]
VersionState = Literal["pending", "committed", "deleted"]
ManifestKind = Literal["full", "patch", "incremental"]
RunRole = Literal["input", "output"]

TTL_INHERIT = None  # as the collection says
TTL_NEVER = -2


@dataclass(frozen=True, slots=True)
class Collection:
    id: int
    entity_id: EntityId
    entity: str
    project_id: ProjectId
    project: str
    type: str
    kind: CollectionKind
    name: str
    description: str
    described: bool  # an empty description was set, rather than none ever
    tags: tuple[str, ...]
    metadata: dict[str, Any]
    version_count: int
    ttl_seconds: int | None  # of versions that inherit; None: they stay
    retention: dict[str, Any]
    created_by: str
    created_at: float
    updated_at: float
    deleted_at: float | None
    deleted_by: str = ""
    bytes: int | None = None  # of its versions, each in full; None where it was not asked for


@dataclass(frozen=True, slots=True)
class Version:
    id: int
    entity_id: EntityId
    entity: str
    project_id: ProjectId
    project: str
    collection_id: int
    collection: str
    type: str
    index: int | None  # None while pending
    state: VersionState
    digest: str  # hexadecimal, by `digest_algorithm` over paths and digests of files
    digest_algorithm: str
    sha256: str  # of the whole manifest; "" while pending
    size: int  # bytes of files, references included where their size is known
    file_count: int
    description: str
    metadata: dict[str, Any]
    facts: dict[str, Any]  # {schema?, preprocessing?, roles?}
    tags: tuple[str, ...]
    ttl_seconds: int | None  # None: as the collection says; -2: never
    expires_at: float | None
    run_key: RunKey | None
    run: str  # entity/project/run that made it; "" where none did. Outlives the run
    created_by: str
    client_id: str
    sequence_client_id: str
    distributed_id: str
    base_id: int | None
    history_step: int | None
    created_at: float
    committed_at: float | None
    updated_at: float
    deleted_at: float | None

    @property
    def name(self) -> str:
        """`collection:vN`, by its source."""
        return self.collection if self.index is None else f"{self.collection}:v{self.index}"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an alias points now: the version's number in the collection, and its content."""

    alias: Alias
    index: int
    digest: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Alias:
    alias: str
    collection_id: int
    version_id: int
    set_by: str
    reason: str
    set_at: float


@dataclass(frozen=True, slots=True)
class Member:
    """A version as one collection knows it: what a name resolves to."""

    version: Version
    collection: Collection
    index: int
    aliases: tuple[Alias, ...]  # of this collection, by name
    added_at: float  # when it was committed there, or linked

    @property
    def name(self) -> str:
        return f"{self.collection.name}:v{self.index}"


@dataclass(frozen=True, slots=True)
class AliasMove:
    """One line of "what was where when, by whom"."""

    id: int
    alias: str
    act: str  # set, remove, promote, rollback, delete
    from_index: int | None
    from_version_id: int | None
    index: int | None  # None: it points nowhere since
    version_id: int | None
    digest: str  # of where it points
    by: str
    reason: str
    evidence: dict[str, Any]
    at: float


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of a version. A file has `sha256` and `md5` (hexadecimal; on the way in either will
    do, or `xxh128`), a reference `ref` (its URL) and `digest` (ETag, checksum, version: whatever pins
    it). `xxh128` is kept where whoever made the version tells its files by that."""

    path: str
    size: int
    sha256: str = ""
    md5: str = ""
    ref: str = ""
    digest: str = ""
    extra: dict[str, Any] | None = None
    birth: int = 0  # the version the bytes first came for; 0: not known
    removed: bool = False  # in an incremental or patch manifest: this path is not in the version
    xxh128: str = ""  # hexadecimal


@dataclass(frozen=True, slots=True)
class VersionWanted:
    """What `Artifacts.create` makes. `run` is a run id of the same project."""

    type: str
    collection: str
    description: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    ttl_seconds: int | None = None
    digest: str = ""  # by `digest_algorithm`, if known: content that is there already is found by it
    digest_algorithm: str = "manifest-md5"
    sha256: str = ""  # of the manifest, if known: as good as `digest`, and checked at commit
    run: str = ""
    client_id: str = ""
    sequence_client_id: str = ""
    distributed_id: str = ""
    base_id: int | None = None  # the committed version that incremental manifests are over
    history_step: int | None = None
    dedupe: bool = True


@dataclass(frozen=True, slots=True)
class Usage:
    """A version a run used or made."""

    version: Version
    role: RunRole
    used_as: str
    at: float


@dataclass(frozen=True, slots=True)
class Page:
    """Things in order, and the cursor to go on with; "" at the end. Where it was asked for: how many there
    are (total), and how many come before the first of these (skip)."""

    items: list[Any]
    next: str = ""
    total: int | None = None
    skip: int = 0


def collection_of(row: AnyRow) -> Collection:
    return Collection(
        id=row.id,
        entity_id=EntityId(row.entity_id),
        entity=row.entity,
        project_id=ProjectId(row.project_id),
        project=row.project,
        type=row.type,
        kind=row.kind,
        name=row.name,
        description=row.description,
        described=row.described,
        tags=tuple(row.tags),
        metadata=row.metadata,
        version_count=row.version_count,
        ttl_seconds=row.ttl_seconds,
        retention=row.retention,
        created_by=row.created_by or "",
        created_at=row.created_at,
        updated_at=row.updated_at,
        deleted_at=row.deleted_at,
        deleted_by=row.deleted_by,
    )


def version_of(row: AnyRow) -> Version:
    return Version(
        id=row.id,
        entity_id=EntityId(row.entity_id),
        entity=row.entity,
        project_id=ProjectId(row.project_id),
        project=row.project,
        collection_id=row.collection_id,
        collection=row.collection,
        type=row.type,
        index=row.version_index,
        state=row.state,
        digest=row.digest,
        digest_algorithm=row.digest_algorithm,
        sha256=row.sha256,
        size=row.size,
        file_count=row.file_count,
        description=row.description,
        metadata=row.metadata,
        facts=row.facts,
        tags=tuple(row.tags),
        ttl_seconds=row.ttl_seconds,
        expires_at=row.expires_at,
        run_key=None if row.run_key is None else RunKey(row.run_key),
        run=row.run_name,
        created_by=row.username or "",
        client_id=row.client_id,
        sequence_client_id=row.sequence_client_id,
        distributed_id=row.distributed_id,
        base_id=row.base_id,
        history_step=row.history_step,
        created_at=row.created_at,
        committed_at=row.committed_at,
        updated_at=row.updated_at,
        deleted_at=row.deleted_at,
    )


def alias_of(row: AnyRow) -> Alias:
    return Alias(row.alias, row.collection_id, row.version_id, row.username or "", row.reason, row.set_at)


def move_of(row: AnyRow) -> AliasMove:
    return AliasMove(
        id=row.id,
        alias=row.alias,
        act=row.act,
        from_index=row.from_index,
        from_version_id=row.from_version_id,
        index=row.version_index,
        version_id=row.version_id,
        digest=row.digest,
        by=row.username,
        reason=row.reason,
        evidence=row.evidence,
        at=row.at,
    )
