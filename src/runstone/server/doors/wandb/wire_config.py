"""Config between this wire and the domain.

On the wire a config is `{key: {"value": …}}` (0.16 adds `"desc": null`, hand-written clients leave the
wrapping out) with the client's own part under `_wandb`. In the domain it is plain; what was under
`_wandb` is kept beside the run, whole, so that it is given back as it came, and what it means
(metric definitions, environment, fork) is told to the domain in its own words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runstone.server.doors.wandb import clock

INTERNAL = "_wandb"
WIRE_INTERNAL = "wandb"  # where run.wire keeps it
_OLD_INTERNAL = "wandb_version"  # config.yaml's own header, sent along by old tools


def unwrap(sent: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """(plain config, the client's own part or None where it was not sent)."""
    plain: dict[str, Any] = {}
    internal: dict[str, Any] | None = None
    for key, item in sent.items():
        value = item["value"] if _is_wrapped(item) else item
        if key == INTERNAL:
            internal = dict(value) if isinstance(value, Mapping) else {}
        elif key != _OLD_INTERNAL:
            plain[key] = value
    return plain, internal


def wrap(config: Mapping[str, Any], internal: Mapping[str, Any] | None) -> dict[str, Any]:
    """The config as this wire's readers want it."""
    wrapped: dict[str, Any] = {key: {"value": value} for key, value in config.items()}
    if internal:
        wrapped[INTERNAL] = {"value": dict(internal)}
    return wrapped


def _is_wrapped(item: Any) -> bool:
    return isinstance(item, Mapping) and "value" in item and set(item) <= {"value", "desc"}


_SUMMARIES = {
    "1": "min",
    "2": "max",
    "3": "mean",
    "4": "best",
    "5": "last",
    "6": "none",
    "7": "copy",
    "8": "first",
}
_GOALS = {1: "minimize", 2: "maximize"}


def metrics(internal: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Metric definitions of `_wandb.m`, a list of maps with numbered keys: 1 name, 2 glob, 4 name of
    the step metric, 5 its 1-based place in this list, 6 options (1 step_sync, 2 hidden), 7 summaries,
    8 goal. What cannot be read is left out: it must not cost the run its config."""
    found: list[dict[str, Any]] = []
    sent = internal.get("m")
    entries = (
        [entry if isinstance(entry, Mapping) else {} for entry in sent] if isinstance(sent, list) else []
    )
    for entry in entries:
        name = entry.get("1") or entry.get("2")
        if not isinstance(name, str) or not name:
            continue
        options = _numbers(entry.get("6"))
        definition: dict[str, Any] = {"name": name}
        step_metric = _step_metric(entry, entries)
        if step_metric:
            definition["step_metric"] = step_metric
        if 1 in options:
            definition["step_sync"] = True
        if 2 in options:
            definition["hidden"] = True
        summary = [_SUMMARIES[str(n)] for n in sorted(_numbers(entry.get("7"))) if str(n) in _SUMMARIES]
        if summary:
            definition["summary"] = summary
        goal = _GOALS.get(entry.get("8", 0))
        if goal:
            definition["goal"] = goal
        found.append(definition)
    return found


def _step_metric(entry: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> str:
    named = entry.get("4")
    if isinstance(named, str):
        return named
    place = entry.get("5")
    if isinstance(place, int) and 1 <= place <= len(entries):
        name = entries[place - 1].get("1")
        return name if isinstance(name, str) else ""
    return ""


def _numbers(value: Any) -> set[int]:
    if isinstance(value, Mapping):  # a message whose set fields are numbered keys
        value = [key for key, on in value.items() if on]
    if not isinstance(value, list):
        return set()
    return {int(item) for item in value if len(str(item)) < 10 and str(item).isdecimal()}


def environment(internal: Mapping[str, Any]) -> dict[str, Any]:
    """What `_wandb.e` says of the machine: one map per writer, the first one stands for the run."""
    writers = internal.get("e")
    if not isinstance(writers, Mapping) or not writers:
        return {}
    first = next(iter(writers.values()))
    return dict(first) if isinstance(first, Mapping) else {}


def started_at(internal: Mapping[str, Any]) -> float | None:
    """When the client says that the run began; what was logged offline began long before it came."""
    text = environment(internal).get("startedAt")
    return clock.seconds_of(text) if isinstance(text, str) else None


def fork(internal: Mapping[str, Any]) -> tuple[str, int] | None:
    """(run id, step) that this run was forked from, or None."""
    point = internal.get("branch_point")
    if isinstance(point, Mapping) and isinstance(point.get("run_id"), str):
        step = point.get("step")
        if isinstance(step, (int, float)) and not isinstance(step, bool) and abs(step) < 2**63:
            return point["run_id"], int(step)
    return None
