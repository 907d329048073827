"""Aliases that come back with their versions: where somebody put them last, unless they were moved since.

An alias that went because its version did stands nowhere, or (`latest`) where the server put it, until
somebody claims it: sets it, takes it off, promotes, rolls back. Before that, its version's return brings it
back as it was, who set it and when; after that, the newer claim stands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.alias_moves import set_aliases
from runstone.server.domain.artifact_names import LATEST
from runstone.server.domain.errors import Conflict, NotAllowed
from runstone.server.domain.identity import Actor
from runstone.server.domain.registry_rules import check_protected, protected_among
from runstone.server.stores.records import aliases as statements
from runstone.server.stores.records import artifacts as version_statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records.rows import AnyRow

_BY_ITSELF = frozenset({"delete", "restore"})  # moves that nobody asked for by the alias
_AT_ONCE = 100


def return_aliases(
    conn: Connection,
    actor: Actor,
    version_ids: Collection[int],
    places: Collection[int],
    *,
    access: Access | None,
    now: float,
) -> list[str]:
    """After these versions left the trash, within the transaction that holds `places`, the collections they
    are in. `latest` is in each of them then. Protected aliases come back where the actor may move them
    (never where access is None). Returns what moved, as `NAME:alias`."""
    wanted = {
        *((number, alias) for number, alias in statements.removed_with(conn, version_ids)),
        *((number, LATEST) for number in places),
    }
    moved = []
    for number, alias in sorted(wanted):
        place = collection_statements.collection_by_id(conn, number)
        if number not in places or place is None:
            continue
        if _return(conn, actor, place, alias, access=access, now=now):
            moved.append(f"{place.name}:{alias}")
    return moved


def _return(
    conn: Connection, actor: Actor, place: AnyRow, alias: str, *, access: Access | None, now: float
) -> bool:
    stands = statements.alias(conn, place.id, alias)
    claim, touched = _last_claim(conn, place.id, alias)
    if not touched and (stands is not None or alias != LATEST):
        return False  # it never went, or was claimed since
    target = None if claim is None else claim.version_id
    if target is None or not _is_there(conn, place.id, target):
        if alias != LATEST:
            return False
        claim, target = None, collection_statements.newest_version(conn, place.id)
    if target is None or (stands is not None and stands.version_id == target):
        return False
    if not _may_move(conn, actor, place, alias, access):
        return False
    set_aliases(conn, actor, place.id, target, [alias], act="restore", now=now)
    if claim is not None:
        statements.set_alias(
            conn, place.id, alias, target, user_id=claim.user_id, reason=claim.reason, now=claim.at
        )
    return True


def _last_claim(conn: Connection, collection_id: int, alias: str) -> tuple[AnyRow | None, bool]:
    """The last move that somebody asked for, and whether the alias was moved without being asked for
    since."""
    touched = False
    for move in _newest_first(conn, collection_id, alias):
        if move.act not in _BY_ITSELF:
            return move, touched
        touched = True
    return None, touched


def _newest_first(conn: Connection, collection_id: int, alias: str) -> Iterator[AnyRow]:
    before: int | None = None
    while rows := statements.moves(conn, collection_id, alias=alias, before=before, limit=_AT_ONCE):
        yield from rows
        before = rows[-1].id


def _is_there(conn: Connection, collection_id: int, version_id: int) -> bool:
    version = version_statements.version(conn, version_id)
    return (
        version is not None
        and version.state == "committed"
        and collection_statements.index_in(conn, collection_id, version_id) is not None
    )


def _may_move(conn: Connection, actor: Actor, place: AnyRow, alias: str, access: Access | None) -> bool:
    if access is None:
        return not protected_among(conn, place, [alias])[0]
    try:
        check_protected(access, conn, actor, place, [alias], approvals=False)
    except (NotAllowed, Conflict):
        return False
    return True
