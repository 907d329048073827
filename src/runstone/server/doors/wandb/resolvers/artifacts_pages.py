"""Pages of collections and of versions, filtered and ordered as this wire asks.

The stores know some filters; this wire's are Mongo-like over any field, so that what a filter keeps
is found by reading on until the page is full. Cursors are those of the stores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from runstone.server.domain.artifact_model import Collection, Member, Page
from runstone.server.domain.cursors import cursor_of
from runstone.server.doors.wandb import ids, jsonx, mongo
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.base import connection, page_size

BATCH = 500  # things read at once
_KINDS = {"SEQUENCE": "sequence", "PORTFOLIO": "portfolio"}
_ORDERS = {
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "versionIndex": "version_index",
    "artifact_created_at": "created_at",
    "artifact_size": "size",
}

COLLECTION_FIELDS: dict[str, mongo.Reader] = {
    "id": lambda one: one.id,
    "artifact_collection_id": lambda one: one.id,
    "collection_id": lambda one: one.id,
    "name": lambda one: one.name,
    "description": lambda one: one.description,
    "tag": lambda one: list(one.tags),
    "tags": lambda one: list(one.tags),
    "type": lambda one: one.type,
    "created_at": lambda one: mongo.moment(one.created_at),
    "createdAt": lambda one: mongo.moment(one.created_at),
    "updated_at": lambda one: mongo.moment(one.updated_at),
    "updatedAt": lambda one: mongo.moment(one.updated_at),
}
VERSION_FIELDS: dict[str, mongo.Reader] = {
    "id": lambda one: one.version.id,
    "artifact_id": lambda one: one.version.id,
    "state": lambda one: one.version.state.upper(),
    "version": lambda one: [f"v{one.index}", one.index],
    "version_index": lambda one: [f"v{one.index}", one.index],
    "versionIndex": lambda one: one.index,
    "description": lambda one: one.version.description,
    "digest": lambda one: one.version.digest,
    "tag": lambda one: list(one.version.tags),
    "tags": lambda one: list(one.version.tags),
    "alias": lambda one: alias_names(one),
    "aliases": lambda one: alias_names(one),
    "metadata": lambda one: one.version.metadata,
    "artifact_metadata": lambda one: one.version.metadata,
    "size": lambda one: one.version.size,
    "artifact_size": lambda one: one.version.size,
    "created_at": lambda one: mongo.moment(one.version.created_at),
    "createdAt": lambda one: mongo.moment(one.version.created_at),
    "artifact_created_at": lambda one: mongo.moment(one.version.created_at),
    "updated_at": lambda one: mongo.moment(one.version.updated_at),
    "updatedAt": lambda one: mongo.moment(one.version.updated_at),
}
_COMMITTED: tuple[dict[str, Any], ...] = ({}, {"state": "COMMITTED"})  # others are in no collection


def alias_names(member: Member) -> list[str]:
    """Its `vN` among them, as clients up to 0.22 insist (0.16: `Artifact._from_attrs`)."""
    return [f"v{member.index}", *(one.alias for one in member.aliases)]


def filter_of(filters: str | None, fields: dict[str, mongo.Reader]) -> tuple[dict[str, Any], mongo.Test]:
    """The filter as it came, and its test."""
    given = jsonx.parse_map(filters, what="filters") or {}
    return given, mongo.compiled(given, fields)


def order_of(order: str | None, otherwise: str) -> str:
    """`-createdAt` or `+name` in the domain's words; the domain refuses an order it has not."""
    name = (order or "").strip()
    if not name:
        return otherwise
    sign = "-" if name.startswith("-") else ""
    name = name.lstrip("+-")
    return sign + _ORDERS.get(name, name)


def all_pages(
    fetch: Callable[[str, int], Page], cursor: Callable[[Any], str], after: str = ""
) -> Iterator[tuple[Any, str]]:
    """Things, each with the cursor of what follows it."""
    while True:
        page = fetch(after, BATCH)
        for one in page.items:
            yield one, cursor(one)
        if not page.next:
            return
        after = page.next


def filled(
    call: Call, found: Iterator[tuple[Any, str]], test: mongo.Test, size: int
) -> tuple[list[Any], list[str], bool]:
    """The first `size` that pass, their cursors, and whether there are more."""
    kept: list[Any] = []
    cursors: list[str] = []
    for one, cursor in found:
        call.budget.check()
        if not test(one):
            continue
        if len(kept) == size:
            return kept, cursors, True
        kept.append(one)
        cursors.append(ids.cursor(cursor))
    return kept, cursors, False


def collections_in(
    call: Call, entity: str, project: str, *, type: str, kind: str, sort: str, after: str = ""
) -> Iterator[tuple[Collection, str]]:
    def fetch(at: str, limit: int) -> Page:
        return call.domain.collections.find(
            call.signed_in(), entity, project, type=type, kind=kind, sort=sort, after=at, limit=limit
        )

    return all_pages(fetch, lambda one: cursor_of(getattr(one, sort.lstrip("-")), one.id), after)


def members_in(call: Call, place: Collection, *, sort: str, after: str = "") -> Iterator[tuple[Member, str]]:
    name = sort.lstrip("-")

    def fetch(at: str, limit: int) -> Page:
        return call.domain.artifacts.find(
            call.signed_in(), place.entity, place.project, place.name, sort=sort, after=at, limit=limit
        )

    def cursor(one: Member) -> str:
        return cursor_of(one.index if name == "version_index" else getattr(one.version, name), one.index)

    return all_pages(fetch, cursor, after)


def collection_page(
    call: Call,
    entity: str,
    project: str,
    *,
    type: str = "",
    first: int | None = None,
    after: str | None = None,
    filters: str | None = None,
    order: str | None = None,
    collection_types: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Collections of a project, the newest first unless ordered."""
    size = page_size(first, 50)
    given, test = filter_of(filters, COLLECTION_FIELDS)
    kinds = {_KINDS[name] for name in collection_types or ()}
    kind = kinds.pop() if len(kinds) == 1 else ""
    sort = order_of(order, "-created_at")
    found = collections_in(
        call, entity, project, type=type, kind=kind, sort=sort, after=ids.cursor_text(after)
    )
    nodes, cursors, more = filled(call, found, test, size)

    def total() -> int:
        if not given and not kind:
            return call.domain.collections.count(call.signed_in(), entity, project, type=type)
        everything = collections_in(call, entity, project, type=type, kind=kind, sort=sort)
        return sum(1 for one, _ in everything if test(one))

    return connection(nodes, cursors, has_next=more, total=total)


def member_page(
    call: Call,
    place: Collection,
    first: int | None,
    after: str | None,
    order: str | None,
    filters: str | None,
) -> dict[str, Any]:
    """Versions of a collection, the newest first unless ordered."""
    size = page_size(first, 50)
    given, test = filter_of(filters, VERSION_FIELDS)
    sort = order_of(order, "-version_index")
    found = members_in(call, place, sort=sort, after=ids.cursor_text(after))
    nodes, cursors, more = filled(call, found, test, size)

    def total() -> int:
        if given in _COMMITTED:
            return place.version_count
        return sum(1 for one, _ in members_in(call, place, sort=sort) if test(one))

    return connection(nodes, cursors, has_next=more, total=total)
