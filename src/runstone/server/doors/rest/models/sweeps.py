"""Sweeps, their trials and agents."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from runstone.server.doors.rest.models.base import Model

SweepState = Literal["pending", "running", "paused", "finished", "cancelled"]
TrialState = Literal["queued", "running", "finished", "failed", "pruned", "stopped", "crashed", "oom"]
EndState = Literal["finished", "failed", "pruned", "stopped", "crashed", "oom"]
# NaN and the infinities travel as the strings "NaN", "Infinity" and "-Infinity".
Number = float | Literal["NaN", "Infinity", "-Infinity"]


class Objective(Model):
    name: str
    goal: Literal["minimize", "maximize"]
    target: float | None = None


class Sweep(Model):
    id: str
    entity: str
    project: str
    name: str = Field(description="What to call it: its display name, its configured name, or its id.")
    display_name: str
    description: str
    state: SweepState
    method: str
    sampler: str = Field(description="What proposes: bayes is done by tpe.")
    objectives: list[Objective]
    constraints: list[str]
    repeats: int
    config: dict[str, Any] = Field(description="As kept, distributions filled in.")
    username: str
    created_at: float
    updated_at: float
    heartbeat_at: float | None
    finished_at: float | None
    expected: int | None = Field(description="Trials there will be, repeats counted; null without an end.")
    trials: dict[str, int] = Field(description="How many trials by state; no state without trials.")
    best: Number | None = Field(description="The first objective's best value by any one feasible trial.")


class Sweeps(Model):
    sweeps: list[Sweep]
    next: str = Field(description="Give it as `after` for the next page; empty at the end.")
    total: int


class SweepWanted(Model):
    config: dict[str, Any] = Field(description="The sweep file, as JSON.")
    id: str | None = Field(default=None, max_length=128, description="An id of one's own choice.")
    display_name: str = Field(default="", max_length=1000)


class SweepChange(Model):
    """What is left out stays as it is."""

    display_name: str | None = Field(default=None, max_length=1000)
    description: str | None = Field(default=None, max_length=1_000_000)
    config: dict[str, Any] | None = None
    state: Literal["running", "paused", "finished", "cancelled"] | None = None


class PreviewWanted(Model):
    config: dict[str, Any]
    count: int = Field(default=5, ge=0, le=1000)


class Proposal(Model):
    number: int
    params: dict[str, Any] = Field(description="By dotted name.")
    arguments: dict[str, Any] = Field(description="As the program is handed them.")
    sampler: str
    reason: str


class Preview(Model):
    config: dict[str, Any]
    sampler: str
    expected: int | None
    proposals: list[Proposal]


class Verdict(Model):
    """Why a trial was stopped early."""

    rule: str
    step: int
    value: Number
    threshold: Number
    reason: str


class Trial(Model):
    number: int
    state: TrialState
    params: dict[str, Any] = Field(description="By dotted name; only those whose conditions hold.")
    arguments: dict[str, Any] = Field(description="As the program is handed them, nested.")
    repeat: int
    attempt: int
    run: str = Field(description="Run id of this attempt; empty before the first.")
    agent: str
    host: str
    lease_until: float | None
    failures: int
    losses: int
    stop: str = Field(description="Why it is asked to stop; empty while it is not.")
    objective: list[Number | None]
    excess: list[Number] = Field(description="By how much each constraint is broken; 0 or less: it holds.")
    feasible: bool
    curve: list[list[Number]]
    sampler: str
    reason: str
    parents: list[int]
    verdict: Verdict | None
    exit_code: int | None
    error: str
    past: list[dict[str, Any]] = Field(description="Earlier attempts, oldest first.")
    created_at: float
    started_at: float | None
    finished_at: float | None


class Trials(Model):
    trials: list[Trial]
    next: int | None = Field(description="Give it as `after` for the next page; null at the end.")


class TrialsWanted(Model):
    params: list[dict[str, Any]] = Field(min_length=1, max_length=10_000)
    reason: str = Field(default="", max_length=1000)


class AgentWanted(Model):
    host: str = Field(max_length=1000)
    name: str = Field(default="", max_length=1000)


class Agent(Model):
    id: str
    name: str
    host: str
    kind: Literal["native", "wandb", "ask"]
    username: str
    state: Literal["running", "lost", "ended"]
    trials: int
    created_at: float
    heartbeat_at: float
    shut_until: float | None = Field(
        description="Its host is handed nothing until then, since trials keep failing on it."
    )


class Agents(Model):
    agents: list[Agent]


class ClaimWanted(Model):
    count: int = Field(default=1, ge=1, le=1000)
    lease_seconds: float = Field(default=60.0, ge=5, le=86_400)


class Claim(Model):
    trials: list[Trial]
    state: SweepState
    wait_seconds: float = Field(description="When to ask again, where there were fewer than asked for.")
    done: bool = Field(description="No more will come: the agent may end.")
    why: str


class Held(Model):
    number: int
    attempt: int


class BeatWanted(Model):
    trials: list[Held] = Field(default_factory=list, max_length=10_000)


class Stop(Model):
    number: int
    why: str


class Beat(Model):
    state: SweepState
    stop: list[Stop] = Field(description="End these now.")
    lost: list[int] = Field(description="These are no longer this agent's: end them, report nothing.")


Point = Annotated[list[Number], Field(min_length=2, max_length=2)]


class ReportWanted(Model):
    attempt: int
    points: list[Point] = Field(
        min_length=1, max_length=10_000, description="[step, value], values of the first objective."
    )


class Reported(Model):
    stop: str = Field(description="Why the trial should stop now; empty where it goes on.")


class CompleteWanted(Model):
    attempt: int
    state: EndState = "finished"
    values: list[Number | None] | None = Field(
        default=None, description="One per objective; null: as the run's summary says."
    )
    metrics: dict[str, Number] = Field(
        default_factory=dict, description="Further numbers, for constraints by name."
    )
    exit_code: int | None = None
    error: str = Field(default="", max_length=10_000)


class TellWanted(CompleteWanted):
    number: int


class RetryWanted(Model):
    states: list[Literal["failed", "crashed", "oom", "pruned", "stopped"]] = ["failed", "crashed", "oom"]


class Count(Model):
    count: int


class StopWanted(Model):
    why: str = Field(default="", max_length=1000)


class Combination(Model):
    """A combination over its repeats."""

    number: int = Field(description="Of its first trial.")
    trials: list[int]
    runs: list[str]
    params: dict[str, Any]
    arguments: dict[str, Any]
    mean: list[Number]
    std: list[Number | None]
    bound: list[Number | None] = Field(
        description="The bad end of the mean's 90 % confidence interval; null with one repeat of several."
    )
    best: list[Number]
    feasible: bool


class Best(Model):
    robust: bool
    objectives: list[Objective]
    combinations: list[Combination]


class Pareto(Model):
    objectives: list[Objective]
    constraints: list[str]
    points: list[Combination]
    dominated: int
    infeasible: list[int]
    hypervolume: Number | None
    reference: list[Number]


class ImportanceOf(Model):
    """Shares from 0 to 1, and the uncertainty of each."""

    name: str
    fanova: float = Field(description="Of the objective's variance, what the parameter explains alone.")
    fanova_std: float
    permutation: float = Field(description="Of what shuffling costs a model, the parameter's part.")
    permutation_std: float
    correlation: float | None = Field(
        description="Rank correlation with the objective; null for unordered values."
    )


class Importance(Model):
    objective: str
    parameters: list[ImportanceOf]
    trials: int
    why: str = Field(description="Why there is none, in words; empty otherwise.")
