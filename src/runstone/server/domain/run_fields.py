"""Plain fields of a run's record and its state: pure rules of what a `RunChange` does to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import check_text
from runstone.server.domain.run_model import RunChange
from runstone.server.stores.records.rows import AnyRow

TAGS_MAX = 1000

# What ended by a word of the client stays ended so; what ended for want of one may be corrected.
_ENDED_FOR_CERTAIN = frozenset({"finished", "failed", "killed"})
_ENDED = _ENDED_FOR_CERTAIN | {"crashed", "preempted"}
_STATES = _ENDED | {"pending", "running", "preempting"}

_TEXTS = {
    # field of RunChange: (column, longest)
    "display_name": ("display_name", 1_000),
    "group": ("group_name", 1_000),
    "job_type": ("job_type", 1_000),
    "notes": ("notes", 1_000_000),
    "sweep": ("sweep", 1_000),
    "host": ("host", 1_000),
    "program": ("program", 10_000),
    "fork_of": ("fork_of", 128),
}


def base_values(row: AnyRow, change: RunChange, now: float) -> dict[str, Any]:
    """Columns of the run's row that change, and to what."""
    values: dict[str, Any] = {}
    for name, (column, chars_max) in _TEXTS.items():
        given = getattr(change, name)
        if given is not None:
            values[column] = check_text(given, what=name.replace("_", " ").capitalize(), chars_max=chars_max)
    if values.get("display_name") == "":
        del values["display_name"]  # a run always has a name to be called by
    if change.tags is not None:
        values["tags"] = _tags(change.tags)
    if change.command is not None:
        values["command"] = [check_text(word, what="Command", chars_max=1_000_000) for word in change.command]
    if change.fork_step is not None:
        values["fork_step"] = change.fork_step
    if change.ranks is not None:
        values["ranks"] = change.ranks
    if change.stop_requested is not None:
        values["stop_requested"] = change.stop_requested
    if change.started_at is not None and _is_time(change.started_at):
        # The earliest word counts: a run may have begun long before its records came.
        begun = row.started_at
        values["started_at"] = change.started_at if begun is None else min(begun, change.started_at)
    values.update(_state_values(row, change, now))
    return {column: value for column, value in values.items() if getattr(row, column) != value}


def _state_values(row: AnyRow, change: RunChange, now: float) -> dict[str, Any]:
    """The state machine.

    A run that ended for certain keeps its end and its exit code until it runs again. One that
    crashed or was preempted is corrected by any later word. Running again clears what ending set.
    """
    new = change.state
    if new is None:
        return {} if change.exit_code is None else {"exit_code": change.exit_code}
    if new not in _STATES:
        raise Invalid(f"{new!r} is not a run state. One of: {', '.join(sorted(_STATES))}.", state=new)
    if new in _ENDED:
        if row.state in _ENDED_FOR_CERTAIN or (row.state in _ENDED and new not in _ENDED_FOR_CERTAIN):
            return {}
        return {"state": new, "exit_code": change.exit_code, "finished_at": when(change, now)}
    if new == "preempting" and row.state in _ENDED:
        return {}
    if row.state in _ENDED:
        return {
            "state": new,
            "exit_code": None,
            "finished_at": None,
            "heartbeat_at": now,
            # A run that was stopped in an earlier life must not stop itself on its return.
            "stop_requested": False if change.stop_requested is None else change.stop_requested,
        }
    return {"state": new}


def _tags(tags: Sequence[str]) -> list[str]:
    if len(tags) > TAGS_MAX:
        raise Invalid(f"A run has at most {TAGS_MAX} tags, met {len(tags)}.")
    kept = (check_text(tag, what="Tag", chars_max=1_000) for tag in tags)
    return list(dict.fromkeys(tag for tag in kept if tag))


def when(change: RunChange, now: float) -> float:
    """Of a clock that says nonsense nothing is believed."""
    return change.at if change.at and _is_time(change.at) else now


def _is_time(seconds: float) -> bool:
    return math.isfinite(seconds) and 0 <= seconds < 1e11
