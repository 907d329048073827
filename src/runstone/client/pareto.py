"""The runs of a project that no other beats in every objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runstone.client.connection import segment
from runstone.client.errors import Misuse
from runstone.client.native import Client

_GOALS = {"min": "minimize", "minimize": "minimize", "max": "maximize", "maximize": "maximize"}


class ParetoPoint(msgspec.Struct, frozen=True, kw_only=True):
    """values: one per objective. place: front, dominated, infeasible. broken: places of the constraints
    that it breaks."""

    run: str
    name: str = ""
    created_at: float = 0.0
    values: list[float] = []
    place: str = ""
    broken: list[int] = []


class VolumeThen(msgspec.Struct, frozen=True, kw_only=True):
    run: str
    at: float = 0.0
    runs: int = 0
    hypervolume: float = 0.0


class ParetoFront(msgspec.Struct, frozen=True, kw_only=True):
    """Of `total` runs that match, `compared` have a number in every objective. points: the front by its
    first objective, then the youngest of the others, up to the limit. hypervolume: from `reference`;
    None where no run keeps the constraints. curve: how it rose as the runs came."""

    points: list[ParetoPoint] = []
    constraints: list[str] = []
    total: int = 0
    compared: int = 0
    front: int = 0
    dominated: int = 0
    infeasible: int = 0
    reference: list[float] = []
    hypervolume: float | None = None
    curve: list[VolumeThen] = []

    def on(self, place: str) -> list[ParetoPoint]:
        return [point for point in self.points if point.place == place]


def pareto(
    client: Client,
    entity: str,
    project: str,
    objectives: Mapping[str, str],
    *,
    constraints: Sequence[str] = (),
    filters: Mapping[str, Any] | None = None,
    search: str = "",
    reference: Sequence[float] | None = None,
    limit: int = 2_000,
) -> ParetoFront:
    """objectives: 2 or 3, each `min` or `max`; a bare key is the summary's, `config.lr` and fields such as
    `duration` may be named, too. constraints: `latency_p95 < 80`. filters: as in `Api.runs`. Raises Misuse,
    and what every call of a server may."""
    wrong = [goal for goal in objectives.values() if goal not in _GOALS]
    if wrong:
        raise Misuse(f"{wrong[0]!r} is no goal. One of: min, max.")
    body = {
        "objectives": [{"key": key, "goal": _GOALS[goal]} for key, goal in objectives.items()],
        "constraints": list(constraints),
        "filter": dict(filters or {}),
        "search": search,
        "reference": None if reference is None else list(reference),
        "limit": limit,
    }
    path = f"/projects/{segment(entity or '-')}/{segment(project)}/runs/pareto"
    answer = client.connection.value("POST", path, json=body, repeatable=True)
    return msgspec.convert(answer, ParetoFront)
