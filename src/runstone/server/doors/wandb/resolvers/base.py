"""What all nouns share: connections and pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from runstone.server.domain.errors import Invalid
from runstone.server.doors.wandb import ids
from runstone.server.doors.wandb.gql.binding import maps

PAGE_MAX = 10_000


def page_size(first: int | None, otherwise: int, *, most: int = 1000) -> int:
    """How many to bring. Raises Invalid for a negative number; more than `most` means `most`."""
    if first is None:
        return otherwise
    if first < 0:
        raise Invalid(f"first is {first}; it must be 0 or more.")
    return min(first, most)


def page_info(end: str, has_next: bool, *, start: str = "", has_previous: bool = False) -> dict[str, Any]:
    return {"endCursor": end, "startCursor": start, "hasNextPage": has_next, "hasPreviousPage": has_previous}


def connection(
    nodes: Sequence[Any],
    cursors: Sequence[str],
    *,
    has_next: bool,
    total: int | Callable[[], int] = 0,
    has_previous: bool = False,
) -> dict[str, Any]:
    """A page of nodes; `cursors` are theirs, opaque. `total` may be a function, called if it is asked for."""
    edges = [{"node": node, "cursor": cursor} for node, cursor in zip(nodes, cursors, strict=True)]
    end, start = (cursors[-1], cursors[0]) if cursors else ("", "")
    return {
        "edges": edges,
        "pageInfo": page_info(end, has_next, start=start, has_previous=has_previous),
        "totalCount": total,
    }


def sliced(
    nodes: Sequence[Any], first: int | None, after: str | None, *, otherwise: int = 50
) -> dict[str, Any]:
    """A page of a list that is at hand whole; its cursors are places."""
    begin = _place(after)
    size = page_size(first, otherwise)
    page = nodes[begin : begin + size]
    cursors = [ids.cursor(str(place)) for place in range(begin + 1, begin + 1 + len(page))]
    return connection(page, cursors, has_next=begin + size < len(nodes), total=len(nodes))


def _place(after: str | None) -> int:
    text = ids.cursor_text(after)
    if not text:
        return 0
    place = ids.number_of(text)
    if place is None:
        raise Invalid(f"{after!r:.100} is not a cursor of this list. Take `endCursor` of the page before.")
    return place


FIELDS = maps("PageInfo")
