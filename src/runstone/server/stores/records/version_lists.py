"""Lists of the versions of a collection: one page of any place, how many there are, and where one stands.

What matches is first found as numbers alone, from indexes that hold the living (or the trashed) versions
of a collection in order, so that the hundred-thousandth costs what skipping in an index costs. The rows
themselves are then read for one page.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
)

from runstone.server.stores.records.artifacts import versions_with
from runstone.server.stores.records.collection_lists import has_tag
from runstone.server.stores.records.rows import AnyRow, like
from runstone.server.stores.records.schema.artifacts import artifact_versions
from runstone.server.stores.records.schema.collections import aliases, collection_versions

__all__ = ["VersionFilter", "count", "page", "place_of"]

# Written out, not bound: an index over the versions of one state is used only where the state is known.
_IN_STATE = {
    name: artifact_versions.c.state == literal_column(f"'{name}'") for name in ("committed", "deleted")
}


@dataclass(frozen=True, slots=True)
class VersionFilter:
    """Versions of one collection that match all of it. source: all of them were made there, so that an
    index has them in order. trash: those in the trash that were made there, else the committed ones."""

    collection_id: int
    source: bool = False
    search: str = ""
    tag: str = ""
    alias: str = ""
    created_since: float | None = None
    created_before: float | None = None
    trash: bool = False


def page(
    conn: Connection,
    wanted: VersionFilter,
    *,
    sort: str = "-version_index",
    after: tuple[Any, int] | None = None,
    skip: int = 0,
    limit: int = 100,
) -> Sequence[AnyRow]:
    """Versions with their source, `member_index`, their number here, and `added_at`. `sort`:
    version_index, created_at or size, `-` in front for descending; `after`: the value sorted by and the
    number of the last one seen; `skip`: so many more are left out."""
    column, number = _order(wanted, sort)
    statement = _matching(conn, wanted, artifact_versions.c.id)
    if after is not None:
        statement = statement.where(_beyond(column, number, sort, after))
    if _reads_rows(wanted) and column is not number:
        column = column + 0  # no index has it: the rows are read as they lie, and sorted after
    # The number alone where it is what is sorted by: said twice, an index in that order is not seen as such.
    order = [number] if column is number else [column, number]
    if sort.startswith("-"):
        order = [one.desc() for one in order]
    found = conn.execute(statement.order_by(*order).offset(skip or None).limit(limit)).scalars().all()
    rows = {row.id: row for row in versions_with(conn, wanted.collection_id, found)}
    return [rows[one] for one in found if one in rows]


def count(conn: Connection, wanted: VersionFilter) -> int:
    return int(conn.execute(_matching(conn, wanted, func.count())).scalar_one())


def place_of(conn: Connection, wanted: VersionFilter, version_id: int, *, sort: str) -> int | None:
    """How many come before a version in that order; None where it is not among them."""
    column, number = _order(wanted, sort)
    found = conn.execute(
        _matching(conn, wanted, column, number).where(artifact_versions.c.id == version_id)
    ).first()
    if found is None:
        return None
    flipped = sort[1:] if sort.startswith("-") else f"-{sort}"
    before = _beyond(column, number, flipped, (found[0], found[1]))
    return int(conn.execute(_matching(conn, wanted, func.count()).where(before)).scalar_one())


# -- inside


def _order(wanted: VersionFilter, sort: str) -> tuple[Any, Any]:
    number: Any = artifact_versions.c.version_index if _own(wanted) else collection_versions.c.version_index
    name = sort.lstrip("-")
    return (number if name == "version_index" else artifact_versions.c[name]), number


def _reads_rows(wanted: VersionFilter) -> bool:
    """What is asked for stands in the rows, not in an index."""
    return bool(wanted.search or wanted.tag)


def _own(wanted: VersionFilter) -> bool:
    return wanted.source or wanted.trash


def _matching(conn: Connection, wanted: VersionFilter, *columns: Any) -> Select[Any]:
    table: Any = artifact_versions
    if _own(wanted):
        where = [artifact_versions.c.collection_id == wanted.collection_id]
        number: Any = artifact_versions.c.version_index
    else:
        table = collection_versions.join(
            artifact_versions, artifact_versions.c.id == collection_versions.c.version_id
        )
        where = [collection_versions.c.collection_id == wanted.collection_id]
        number = collection_versions.c.version_index
    where.append(_IN_STATE["deleted" if wanted.trash else "committed"])
    if _reads_rows(wanted):
        # True of all, and said so that they are read by number, which is how they lie: by digest or by size
        # it would be from place to place, at four times the cost.
        where.append(number >= 0)
    if wanted.created_since is not None:
        where.append(artifact_versions.c.created_at >= wanted.created_since)
    if wanted.created_before is not None:
        where.append(artifact_versions.c.created_at < wanted.created_before)
    if wanted.alias:
        # An alias is of one version, which is asked for first: a list in order would be gone through whole.
        named = select(aliases.c.version_id).where(
            aliases.c.collection_id == wanted.collection_id, aliases.c.alias == wanted.alias
        )
        where.append(artifact_versions.c.id == (conn.execute(named).scalar() or 0))
    if wanted.tag:
        where.append(_tagged(conn, wanted.tag))
    if wanted.search:
        where.append(_found_by(conn, wanted.collection_id, number, wanted.search.strip()))
    return select(*columns).select_from(table).where(and_(*where))


def _beyond(column: Any, number: Any, sort: str, place: tuple[Any, int]) -> ColumnElement[bool]:
    value, at = place
    if column is number:
        return column < value if sort.startswith("-") else column > value  # type: ignore[no-any-return]
    if sort.startswith("-"):
        return and_(column <= value, or_(column < value, number < at))
    return and_(column >= value, or_(column > value, number > at))


def _tagged(conn: Connection, tag: str) -> ColumnElement[bool]:
    holds: ColumnElement[bool] = has_tag(conn, artifact_versions.c.tags, tag)
    if conn.dialect.name == "postgresql":
        return holds
    # Text without the name holds no such tag: few lists are then read as JSON. As `codec.dumps` writes it.
    text = type_coerce(artifact_versions.c.tags, Text)
    return and_(func.instr(text, json.dumps(tag, ensure_ascii=False)) > 0, holds)


def _found_by(conn: Connection, collection_id: int, number: Any, text: str) -> ColumnElement[bool]:
    """Its number (`v12`), or a piece of its description or of an alias, in any case."""

    def holds(column: Any) -> ColumnElement[bool]:
        if conn.dialect.name == "postgresql":
            return column.ilike(like(text), escape="\\")  # type: ignore[no-any-return]
        return column.like(like(text), escape="\\")  # type: ignore[no-any-return]  # in any case of ASCII

    aliased = select(aliases.c.version_id).where(
        aliases.c.collection_id == collection_id, holds(aliases.c.alias)
    )
    ways = [holds(artifact_versions.c.description), artifact_versions.c.id.in_(aliased)]
    digits = text.lower().removeprefix("v")
    if digits.isascii() and digits.isdigit() and len(digits) < 10:
        ways.append(number == int(digits))
    return or_(*ways)
