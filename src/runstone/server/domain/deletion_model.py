"""A deletion of many versions as it is told: what was to go, how far it is, what came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from runstone.server.stores.records.rows import AnyRow

State = Literal["running", "done", "cancelled", "undoing", "undone"]


@dataclass(frozen=True, slots=True)
class Deletion:
    """versions = in_trash + restored + purged, whatever happens to them."""

    id: int
    entity: str
    project: str
    kind: str  # query, retention
    state: State
    query: dict[str, Any]
    reason: str
    by: str
    scanned: int  # numbers of versions seen, of about `to_scan`; of an undo: versions
    to_scan: int
    versions: int  # that went
    bytes: int
    in_trash: int  # what an undo can bring back
    restored: int
    purged: int  # gone for good: their time in the trash was over
    undo_by: str
    undo_at: float | None
    created_at: float
    updated_at: float
    ended_at: float | None


def deletion_of(row: AnyRow) -> Deletion:
    return Deletion(
        id=row.id,
        entity=row.entity,
        project=row.project,
        kind=row.kind,
        state=row.state,
        query=row.query,
        reason=row.reason,
        by=row.username,
        scanned=min(row.scanned, row.to_scan),
        to_scan=row.to_scan,
        versions=row.versions,
        bytes=row.bytes,
        in_trash=row.versions - row.restored - row.purged,
        restored=row.restored,
        purged=row.purged,
        undo_by=row.undo_by,
        undo_at=row.undo_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        ended_at=row.ended_at,
    )
