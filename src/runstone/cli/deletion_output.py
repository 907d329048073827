"""A deletion of many versions, or its undo, watched until it is over and told in words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from runstone.cli.output import note, print_json

if TYPE_CHECKING:
    from runstone.client.native import Client
    from runstone.client.retention_calls import DeletionRecord

_POLL_SECONDS = 0.5
_GOING_ON = ("running", "undoing")


def follow(
    client: Client, place: tuple[str, str], begun: DeletionRecord, *, wait: bool, as_json: bool
) -> None:
    import msgspec

    found, said = begun, ""
    while wait and found.state in _GOING_ON:
        time.sleep(_POLL_SECONDS)
        found = client.retention.deletion(*place, found.id)
        if part(found) != said and not as_json:
            said = part(found)
            count = found.restored if found.state == "undoing" else found.versions
            note(f"{said}, {count} versions")
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        print(ended(found))


def ended(found: DeletionRecord) -> str:
    """What came of it, and what to do next."""
    if found.state in _GOING_ON:
        what = "Deletion" if found.state == "running" else "The undo of deletion"
        return f"{what} {found.id} runs. `runstone retention deletions` says how far it is."
    if found.state == "undone" or found.restored:
        words = [f"{found.state}: {found.restored} of {found.versions} versions are back"]
        if found.purged:
            words.append(f"{found.purged} are gone for good, as their time in the trash was over")
        if found.in_trash and found.state == "undone":
            words.append(
                f"{found.in_trash} stay in the trash with their artifact: restore that, then undo again"
            )
        elif found.in_trash:
            words.append(f"{found.in_trash} are in the trash")
        return "; ".join(words) + "."
    told = f"{found.state}: {found.versions} versions of {found.bytes} bytes went to the trash."
    if found.in_trash:
        told += f" Back with `runstone artifact restore --deletion {found.id}`."
    return told


def part(found: DeletionRecord) -> str:
    return "100%" if not found.to_scan else f"{100 * found.scanned // found.to_scan}%"


def query_words(found: DeletionRecord) -> str:
    """What was asked to go, in the words of `retention delete`."""
    if found.kind != "query":
        return "policies"
    query: dict[str, Any] = found.query
    words = []
    for name in ("type", "collection", "tag"):
        if query.get(name):
            words.append(f"{name} {query[name]}")
    for one in query.get("metadata") or []:
        value = "" if one.get("value") is None else one["value"]
        words.append(f"{one['path']} {one['op']} {value}".rstrip())
    if query.get("created_before"):
        from runstone.cli.query import when

        words.append(f"before {when(query['created_before'])}")
    if query.get("keep_last"):
        words.append(f"but the last {query['keep_last']}")
    if query.get("unaliased"):
        words.append("without alias")
    if query.get("keep_used"):
        words.append("unused")
    if query.get("ids"):
        words.append(f"{len(query['ids'])} by id")
    return ", ".join(words) or "all"
