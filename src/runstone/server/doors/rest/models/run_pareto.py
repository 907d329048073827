"""Fronts of runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from runstone.server.doors.rest.models.base import Model


class ParetoObjective(Model):
    key: Annotated[str, Field(max_length=1100)] = Field(
        description="`summary.loss`, `config.lr`, `duration`; a bare name is the summary's."
    )
    goal: Literal["minimize", "maximize"] = "minimize"


class ParetoWanted(Model):
    """Of which runs, in what, under which limits."""

    objectives: Annotated[list[ParetoObjective], Field(min_length=2, max_length=3)]
    constraints: Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=20)] = Field(
        default=[], description="`latency_p95 < 80`; keys as in objectives."
    )
    reference: list[float] | None = Field(
        default=None, description="Per objective; null: the worst value of the runs that keep the limits."
    )
    filter: dict[str, Any] = {}
    search: Annotated[str, Field(max_length=1000)] = ""
    limit: Annotated[int, Field(ge=1, le=10_000)] = Field(default=2000, description="Points to bring.")


class RunParetoPoint(Model):
    run: str
    name: str
    colour: int
    created_at: float
    values: list[float] = Field(description="One per objective.")
    place: Literal["front", "dominated", "infeasible"]
    broken: list[int] = Field(description="Which constraints it breaks, by their place.")


class HypervolumeThen(Model):
    run: str = Field(description="With which it rose to this.")
    at: float = Field(description="When that run was made.")
    runs: int = Field(description="How many feasible ones there were by then.")
    hypervolume: float


class RunPareto(Model):
    """total: runs that match; compared: those with a number in every objective."""

    objectives: list[ParetoObjective]
    constraints: list[str]
    points: list[RunParetoPoint] = Field(
        description="The front by its first objective, then the youngest of the others."
    )
    total: int
    compared: int
    front: int
    dominated: int
    infeasible: int
    reference: list[float]
    hypervolume: float | None
    curve: list[HypervolumeThen] = Field(
        description="By time, where it rose: at up to 500 times, of three objectives at up to 100."
    )
