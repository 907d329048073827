"""Sweeps that ran where no server was."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from runstone.server.doors.rest.models.base import Model


class TrialCopy(Model):
    number: int = Field(ge=0, le=2**31 - 1)
    params: dict[str, Any]
    state: Literal["queued", "running", "finished", "failed", "pruned", "stopped", "crashed", "oom"]
    attempt: int = Field(0, ge=0)
    run_id: str = Field("", max_length=128)
    host: str = Field("", max_length=1000)
    failures: int = Field(0, ge=0)
    losses: int = Field(0, ge=0)
    stop: str = Field("", max_length=10_000)
    objective: list[float | None] = Field([], max_length=100)
    excess: list[float] = Field([], max_length=1000)
    curve: list[list[float]] = Field([], max_length=100_000)
    memo: dict[str, Any] = {}
    sampler: str = Field("", max_length=200)
    reason: str = Field("", max_length=10_000)
    parents: list[int] = Field([], max_length=10_000)
    verdict: dict[str, Any] | None = None
    exit_code: int | None = None
    error: str = Field("", max_length=100_000)
    past: list[dict[str, Any]] = Field([], max_length=1000)
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None


class SweepCopyWanted(Model):
    """A sweep of a directory, with some of its trials; send the others with the same."""

    config: dict[str, Any]
    config_text: str = ""
    seed: int = Field(ge=0, le=2**63 - 1)
    state: Literal["pending", "running", "paused", "finished", "cancelled"]
    created_at: float
    finished_at: float | None = None
    trials: list[TrialCopy] = Field([], max_length=1000)
