"""The search over an organisation's registries: which there are, their collections, their versions.

Registries are few; their collections and versions are read on until a page is full, registry by
registry. Only an order over all of them reads them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from runstone.server.domain.artifact_model import Collection, Member
from runstone.server.domain.errors import Invalid
from runstone.server.domain.projects import Project
from runstone.server.domain.registry import Registry
from runstone.server.domain.registry_access import REGISTRY_PREFIX
from runstone.server.doors.wandb import ids, mongo
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.artifacts_pages import (
    collections_in,
    filter_of,
    members_in,
    order_of,
)
from runstone.server.doors.wandb.resolvers.base import sliced

REGISTRY_FIELDS: dict[str, mongo.Reader] = {
    "id": lambda one: one.project_id,
    "project_id": lambda one: one.project_id,
    "name": lambda one: one.project,
    "description": lambda one: one.description,
    "created_at": lambda one: mongo.moment(one.created_at),
    "createdAt": lambda one: mongo.moment(one.created_at),
    "updated_at": lambda one: mongo.moment(one.updated_at),
    "updatedAt": lambda one: mongo.moment(one.updated_at),
}
_LINKED_AT = "acm_created_at"
_SORTS: dict[str, Any] = {
    "created_at": lambda one: one.version.created_at,
    "size": lambda one: one.version.size,
    _LINKED_AT: lambda one: one.added_at,
}
_SORTED_MAX = 200_000


def registry_of(call: Call, place: Project) -> Registry | None:
    """None for a project that is none."""
    if not place.name.startswith(REGISTRY_PREFIX):
        return None
    return call.keep(
        "registry",
        place.entity,
        place.name,
        lambda: call.domain.registry.get(call.signed_in(), place.entity, place.name),
    )


def find_registries(call: Call, organization: str, filters: str | None, order: str | None) -> list[Registry]:
    """By name unless ordered."""
    _, test = filter_of(filters, REGISTRY_FIELDS)
    found = [one for one in call.domain.registry.find(call.signed_in(), organization) if test(one)]
    sort = order_of(order, "name")
    name = sort.lstrip("-")
    if name not in ("name", "created_at", "updated_at"):
        raise Invalid(f"{order!r:.100} is no order of registries. One of: name, created_at, updated_at.")
    return sorted(found, key=lambda one: (getattr(one, name), one.project_id), reverse=sort.startswith("-"))


def registry_projects(
    call: Call,
    organization: str,
    first: int | None,
    after: str | None,
    *,
    order: str | None,
    filters: str | None,
) -> dict[str, Any]:
    found = [
        place
        for one in find_registries(call, organization, filters, order)
        if (place := call.project(organization, one.project)) is not None
    ]
    return sliced(found, first, after)


def kind_of(collection_types: Sequence[str] | None) -> str:
    kinds = set(collection_types or ())
    return "" if len(kinds) != 1 else kinds.pop().lower()


def collections_of(
    call: Call, registries: Sequence[Registry], kind: str, after: str
) -> Iterator[tuple[Collection, str]]:
    """Registry by registry in the order of their numbers; a cursor is `REGISTRY:CURSOR`."""
    text, _, within = after.partition(":")
    begin = ids.number_of(text) or 0
    for one in sorted(registries, key=lambda one: one.project_id):
        if one.project_id < begin:
            continue
        inner = within if one.project_id == begin else ""
        found = collections_in(
            call, one.organization, one.project, type="", kind=kind, sort="created_at", after=inner
        )
        for collection, cursor in found:
            yield collection, f"{one.project_id}:{cursor}"


def members_of(
    call: Call, registries: Sequence[Registry], in_collection: mongo.Test, after: str
) -> Iterator[tuple[Member, str]]:
    """Collection by collection; a cursor is `CURSOR OF THE COLLECTION BEFORE|COLLECTION|CURSOR`."""
    before, _, rest = after.partition("|")
    resumed, _, within = rest.partition("|")
    for collection, cursor in collections_of(call, registries, "portfolio", before):
        call.budget.check()
        inner = within if resumed == str(collection.id) else ""
        if in_collection(collection):
            for member, place in members_in(call, collection, sort="version_index", after=inner):
                yield member, f"{before}|{collection.id}|{place}"
        before = cursor


def sorted_members(call: Call, found: Iterator[Member], order: str) -> list[Member]:
    sort = order_of(order.replace("linked_at", _LINKED_AT), "created_at")
    name = sort.lstrip("-")
    if name not in _SORTS:
        raise Invalid(
            f"{order!r:.100} is no order of versions. One of: created_at, artifact_size, linked_at."
        )
    kept: list[Member] = []
    for one in found:
        call.budget.check()
        kept.append(one)
        if len(kept) > _SORTED_MAX:
            raise Invalid(f"More than {_SORTED_MAX:,} versions would be sorted. Narrow the search down.")
    read = _SORTS[name]
    kept.sort(key=lambda one: (read(one), one.version.id), reverse=sort.startswith("-"))
    return kept
