"""Sweeps of directories, brought to a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runstone.client.connection import segment
from runstone.client.native import Client

TRIALS_AT_ONCE = 500


def bring(
    client: Client,
    entity: str,
    project: str,
    sweep: str,
    said: Mapping[str, Any],
    trials: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The sweep as the server then has it. said: config, config_text, seed, state, created_at, finished_at.
    trials: number, params, state and what else a trial has. Again is harmless. Raises Conflict once agents
    of that server have taken part in it."""
    path = f"/projects/{segment(entity or '-')}/{segment(project)}/sweeps/{segment(sweep)}/copy"
    answer: dict[str, Any] = {}
    for at in range(0, max(1, len(trials)), TRIALS_AT_ONCE):
        body = {**said, "trials": list(trials[at : at + TRIALS_AT_ONCE])}
        answer = client.connection.value("PUT", path, json=body)
    return answer
