"""Which combinations are to be proposed next, and the trials that they become: rules alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runstone.search.config import SweepConfig
from runstone.search.records import Proposal

AHEAD = 64  # proposals that wait to be asked for, where results do not matter to them
AT_ONCE_MAX = 512
MODEL_SECONDS = 0.15  # that a model may think while agents wait


def next_combinations(config: SweepConfig, *, first: int, asking: int) -> range:
    """Numbers of combinations to propose now. first: the lowest number that no trial has; asking: how
    many trials are wanted. Empty where the cap on runs is reached, or proposals are not ours to make."""
    if config.sampler == "custom" or config.is_local:
        return range(0)
    combination = -(-first // config.repeats)
    wanted = max(1, -(-asking // config.repeats))
    if not config.is_adaptive:
        wanted = max(wanted, AHEAD)
    if config.run_cap is not None:
        left = config.run_cap - combination * config.repeats
        wanted = min(wanted, -(-left // config.repeats))
    return range(combination, combination + max(0, min(wanted, AT_ONCE_MAX)))


def trials_of(
    config: SweepConfig, numbers: Sequence[int], proposals: Sequence[Proposal]
) -> list[dict[str, Any]]:
    """One per repeat, within the cap on runs: number, params, sampler, reason, parents, memo."""
    found: list[dict[str, Any]] = [
        {
            "number": number * config.repeats + repeat,
            "params": proposal.params,
            "sampler": proposal.sampler,
            "reason": proposal.reason,
            "parents": list(proposal.parents),
            "memo": dict(proposal.memo),
        }
        for number, proposal in zip(numbers, proposals, strict=False)
        for repeat in range(config.repeats)
    ]
    cap = config.run_cap
    return found if cap is None else [trial for trial in found if trial["number"] < cap]


def run_name(sweep_id: str, number: int, attempt: int) -> str:
    """The id of the run that an attempt logs to."""
    return f"{sweep_id}-{number}" if attempt <= 1 else f"{sweep_id}-{number}-{attempt}"
