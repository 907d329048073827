"""The shapes of sweeps as the native API gives them: plain dictionaries, typed. Times are Unix seconds;
numbers that JSON has no words for come as the texts "NaN", "Infinity" and "-Infinity"."""

from __future__ import annotations

from typing import Any, TypedDict

Json = Any
Number = Any  # a float, or one of the three texts


class Objective(TypedDict):
    """goal: minimize or maximize."""

    name: str
    goal: str
    target: float | None


class SweepRecord(TypedDict):
    """name: what to call it. config: as kept, distributions filled in. expected: trials there will be,
    repeats counted; None without an end. trials: how many by state. best: of the first objective, by
    any one feasible trial."""

    id: str
    entity: str
    project: str
    name: str
    display_name: str
    description: str
    state: str
    method: str
    sampler: str
    objectives: list[Objective]
    constraints: list[str]
    repeats: int
    config: dict[str, Json]
    username: str
    created_at: float
    updated_at: float
    heartbeat_at: float | None
    finished_at: float | None
    expected: int | None
    trials: dict[str, int]
    best: Number | None


class TrialRecord(TypedDict):
    """params: by dotted name; arguments: the same, nested as a program takes them. run: id of this
    attempt's run. stop: why it is asked to stop, or "". objective: one number or None per objective.
    reason: why it was proposed. verdict: the rule that stopped it early. past: earlier attempts."""

    number: int
    state: str
    params: dict[str, Json]
    arguments: dict[str, Json]
    repeat: int
    attempt: int
    run: str
    agent: str
    host: str
    lease_until: float | None
    failures: int
    losses: int
    stop: str
    objective: list[Number | None]
    excess: list[Number]
    feasible: bool
    curve: list[list[Number]]
    sampler: str
    reason: str
    parents: list[int]
    verdict: dict[str, Json] | None
    exit_code: int | None
    error: str
    past: list[dict[str, Json]]
    created_at: float
    started_at: float | None
    finished_at: float | None


class AgentRecord(TypedDict):
    """kind: native, wandb or ask. state: running, lost or ended. trials: how many it was handed."""

    id: str
    name: str
    host: str
    kind: str
    username: str
    state: str
    trials: int
    created_at: float
    heartbeat_at: float


class Claim(TypedDict):
    """wait_seconds: when to ask again. done: no more will come. why: in words."""

    trials: list[TrialRecord]
    state: str
    wait_seconds: float
    done: bool
    why: str


class Stop(TypedDict):
    number: int
    why: str


class Beat(TypedDict):
    """stop: to be ended now. lost: somebody else's by now."""

    state: str
    stop: list[Stop]
    lost: list[int]


class Combination(TypedDict):
    """A combination over its repeats. bound: the bad end of the mean's 90 % interval."""

    number: int
    trials: list[int]
    runs: list[str]
    params: dict[str, Json]
    arguments: dict[str, Json]
    mean: list[Number]
    std: list[Number | None]
    bound: list[Number | None]
    best: list[Number]
    feasible: bool


class Pareto(TypedDict):
    """points: combinations that no feasible other beats in every objective. dominated: how many are."""

    objectives: list[Objective]
    constraints: list[str]
    points: list[Combination]
    dominated: int
    infeasible: list[int]
    hypervolume: Number | None
    reference: list[Number]


class ImportanceOf(TypedDict):
    """Shares from 0 to 1, each with its uncertainty; correlation: None for unordered values."""

    name: str
    fanova: float
    fanova_std: float
    permutation: float
    permutation_std: float
    correlation: float | None


class Importance(TypedDict):
    """why: in words why there is none, or ""."""

    objective: str
    parameters: list[ImportanceOf]
    trials: int
    why: str


class Proposal(TypedDict):
    number: int
    params: dict[str, Json]
    arguments: dict[str, Json]
    sampler: str
    reason: str


class Preview(TypedDict):
    """expected: trials there would be; None without an end."""

    config: dict[str, Json]
    sampler: str
    expected: int | None
    proposals: list[Proposal]
