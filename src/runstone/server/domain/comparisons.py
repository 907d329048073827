"""Two versions side by side: what is better, what was done otherwise, what lies in them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from runstone.server.domain.artifact_model import Member
from runstone.server.domain.artifacts import Artifacts
from runstone.server.domain.errors import RunstoneError
from runstone.server.domain.identity import Actor, Permission
from runstone.server.domain.places import Places
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records.contract import Records

_DIFFERENCES_MAX = 1000


@dataclass(frozen=True, slots=True)
class Comparison:
    """`metrics`: {name, candidate, baseline, delta} of numbers in the summaries of the runs that made
    them; `config` and `metadata`: {name, candidate, baseline} that differ; `files`: counts."""

    candidate: Member
    baseline: Member
    metrics: list[dict[str, Any]]
    config: list[dict[str, Any]]
    metadata: list[dict[str, Any]]
    files: dict[str, int]
    same_content: bool


class Comparisons:
    """All raise NotSignedIn, NotFound."""

    def __init__(self, records: Records, artifacts: Artifacts, places: Places) -> None:
        self._records = records
        self._artifacts = artifacts
        self._places = places

    def compare(self, actor: Actor, entity: str, project: str, candidate: str, baseline: str) -> Comparison:
        """Two versions by name: the numbers of the runs that made them, what differs in their configs
        and metadata, and how many files differ."""
        new = self._artifacts.get(actor, entity, project, candidate)
        old = self._artifacts.get(actor, entity, project, baseline)
        new_config, new_summary = self._run(actor, new)
        old_config, old_summary = self._run(actor, old)
        files = {"added": 0, "removed": 0, "changed": 0}
        same = new.version.sha256 == old.version.sha256
        if not same:
            for change in self._artifacts.diff(actor, old.version.id, new.version.id):
                kind = "added" if change.old is None else "removed" if change.new is None else "changed"
                files[kind] += 1
        return Comparison(
            new,
            old,
            _numbers(new_summary, old_summary),
            _differences(new_config, old_config),
            _differences(new.version.metadata, old.version.metadata),
            files,
            same,
        )

    def _run(self, actor: Actor, member: Member) -> tuple[dict[str, Any], dict[str, Any]]:
        """config and summary of the run that made it; empty where there is none to be seen."""
        key = member.version.run_key
        if key is None:
            return {}, {}
        try:
            self._places.checked(actor, key, Permission.READ)
        except RunstoneError:
            return {}, {}
        with self._records.read() as conn:
            summary, _ = run_statements.summary(conn, key)
            return run_statements.config(conn, key), summary


def _flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, dict) and item:
            out.update(_flat(item, f"{prefix}{key}."))
        else:
            out[prefix + key] = item
    return out


def _numbers(new: dict[str, Any], old: dict[str, Any]) -> list[dict[str, Any]]:
    left, right = _flat(new), _flat(old)
    found = []
    for name in sorted(left.keys() | right.keys()):
        one, other = left.get(name), right.get(name)
        if name.startswith("_") or not (_is_number(one) or _is_number(other)):
            continue
        both = _is_number(one) and _is_number(other)
        delta = float(one) - float(other) if both else None  # type: ignore[arg-type]
        if delta is not None and math.isnan(delta):
            delta = None
        found.append({"name": name, "candidate": one, "baseline": other, "delta": delta})
    return found[:_DIFFERENCES_MAX]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _differences(new: dict[str, Any], old: dict[str, Any]) -> list[dict[str, Any]]:
    left, right = _flat(new), _flat(old)
    return [
        {"name": name, "candidate": left.get(name), "baseline": right.get(name)}
        for name in sorted(left.keys() | right.keys())
        if left.get(name) != right.get(name)
    ][:_DIFFERENCES_MAX]
