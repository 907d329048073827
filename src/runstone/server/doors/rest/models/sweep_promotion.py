"""From a sweep to a registry."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from runstone.server.doors.rest.models.artifacts import ArtifactVersion
from runstone.server.doors.rest.models.base import Model

Rule = Literal["robust", "single", "chosen"]
EVIDENCE = (
    "Kept with the alias's move: sweep, trial, run, rule, rank of how many, objectives with value, mean, std "
    "and bound, constraints, params."
)


class Promotable(Model):
    """The trial that would be promoted, and what its run made."""

    trial: int
    run: str
    rule: Rule = Field(description="By which ranking the trial was found; chosen: it was named.")
    rank: int = Field(description="Its combination's place in the ranking, from 1.")
    feasible: bool
    evidence: dict[str, Any] = Field(description=EVIDENCE)
    artifacts: list[ArtifactVersion] = Field(description="Those that could be meant.")
    problem: str = Field(description="Why none of them can be taken without more being said; empty: it can.")


class SweepChoice(Model):
    """Which trial, and what of it."""

    robust: bool = True
    trial: int | None = Field(default=None, description="This one rather than the best.")
    artifact: str = Field(default="", max_length=1024, description="NAME or NAME:v3 of those its run made.")
    type: str = Field(default="", max_length=200, description="Only an artifact of this type.")


class SweepPromotion(SweepChoice):
    organization: str = Field(description="Whose registry.")
    registry: str = Field(description="With or without `wandb-registry-`.")
    collection: str = Field(description="Made if absent.")
    alias: str = "candidate"
    reason: str = Field(default="", description="Empty: what the ranking says.")
    force: bool = Field(
        default=False, description="A trial that breaks a constraint, a model without a traceable past, too."
    )


class SweepPromoted(Model):
    artifact: ArtifactVersion = Field(description="As the collection knows it.")
    alias: str
    evidence: dict[str, Any] = Field(description=EVIDENCE)
