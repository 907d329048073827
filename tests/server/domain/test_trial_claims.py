"""Many who ask at the same moment: each is answered as if it had asked alone, and no two get the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.sweeping import SweepWorld
from tests.support.world import World

from runstone.server.domain.errors import Invalid, NotAllowed, NotFound, RunstoneError
from runstone.server.domain.sweep_model import Claim, Outcome
from runstone.server.domain.trial_claims import Ask, SweepName

RANDOM: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "y"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
}


@pytest.fixture
def sweeping(world: World, tmp_path: Path) -> Iterator[SweepWorld]:
    made = SweepWorld(world, tmp_path)
    yield made
    made.close()


def numbers(claims: list[Claim | RunstoneError]) -> list[list[int]]:
    return [[trial.number for trial in one.trials] if isinstance(one, Claim) else [] for one in claims]


def test_each_is_given_its_own_trials_under_its_own_name_and_lease(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(**RANDOM)
    agents = [sweeping.trials.register(sweeping.actor, sweep, host=f"h{n}") for n in range(40)]
    asks = [
        Ask(sweeping.actor, sweep, agent.id, count=1 + n % 3, lease_seconds=30.0 + n)
        for n, agent in enumerate(agents)
    ]
    claims = sweeping.trials.claims(asks)
    for ask, agent, claim in zip(asks, agents, claims, strict=True):
        assert isinstance(claim, Claim) and len(claim.trials) == ask.count
        for trial in claim.trials:
            kept = sweeping.trials.get(sweeping.actor, sweep, trial.number)
            assert kept == trial  # what was answered is what is kept
            assert (kept.agent, kept.host, kept.attempt) == (agent.id, agent.host, 1)
            assert kept.lease_until is not None and kept.started_at is not None
            assert kept.lease_until - kept.started_at == pytest.approx(ask.lease_seconds)
    flat = [number for own in numbers(claims) for number in own]
    assert sorted(flat) == list(range(sum(ask.count for ask in asks)))


def test_one_who_asks_wrongly_does_not_spoil_it_for_the_others(sweeping: SweepWorld) -> None:
    sweep, other = sweeping.make(**RANDOM), sweeping.make(**RANDOM)
    agent = sweeping.trials.register(sweeping.actor, sweep, host="h").id
    stranger = sweeping.trials.register(sweeping.actor, other, host="h").id
    good, no_count, unknown, elsewhere, forbidden, nowhere, named = sweeping.trials.claims(
        [
            Ask(sweeping.actor, sweep, agent),
            Ask(sweeping.actor, sweep, agent, count=0),
            Ask(sweeping.actor, sweep, "nobody"),
            Ask(sweeping.actor, sweep, stranger),
            Ask(sweeping.world.vic, sweep),
            Ask(sweeping.actor, SweepName("ml", "p", "nothing")),
            Ask(sweeping.actor, SweepName("ml", "p", sweeping.sweeps.get_by_key(sweeping.actor, sweep).id)),
        ]
    )
    assert isinstance(good, Claim) and isinstance(named, Claim)
    assert {good.trials[0].number, named.trials[0].number} == {0, 1}
    assert isinstance(no_count, Invalid) and isinstance(forbidden, NotAllowed)
    for missing, word in ((unknown, "nobody"), (elsewhere, stranger), (nowhere, "nothing")):
        assert isinstance(missing, NotFound) and word in str(missing)


def test_the_bound_on_trials_at_once_is_shared_and_the_end_is_told_to_all(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(**RANDOM, run_cap=4, max_parallel=3)
    asks = [Ask(sweeping.actor, sweep, host="h", count=2) for _ in range(3)]
    claims = sweeping.trials.claims(asks)
    assert numbers(claims) == [[0, 1], [2], []]
    assert all("max_parallel" in claim.why for claim in claims[1:] if isinstance(claim, Claim))
    for number in range(3):
        sweeping.trials.complete(sweeping.actor, sweep, number, 1, Outcome("finished", [0.0]))
    claims = sweeping.trials.claims(asks)
    assert numbers(claims) == [[3], [], []]
    sweeping.trials.complete(sweeping.actor, sweep, 3, 1, Outcome("finished", [0.0]))
    assert [claim.done for claim in sweeping.trials.claims(asks) if isinstance(claim, Claim)] == [True] * 3


def test_a_trial_that_failed_on_a_host_goes_to_another_that_asks_with_it(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(**RANDOM, run_cap=3, retries=1)
    (trial,) = sweeping.trials.claim(sweeping.actor, sweep, host="one").trials
    sweeping.trials.complete(sweeping.actor, sweep, trial.number, 1, Outcome("failed"))
    claims = sweeping.trials.claims(
        [Ask(sweeping.actor, sweep, host=host) for host in ("one", "two", "three")]
    )
    assert numbers(claims) == [[1], [0], [2]]


def test_a_host_that_is_shut_out_is_told_so_beside_others_that_are_served(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(**RANDOM)
    good, bad = (sweeping.trials.register(sweeping.actor, sweep, host=host).id for host in ("good", "bad"))
    for _ in range(3):
        (trial,) = sweeping.trials.claim(sweeping.actor, sweep, agent_id=bad).trials
        sweeping.trials.complete(sweeping.actor, sweep, trial.number, 1, Outcome("failed"))
    shut, served, also_shut = sweeping.trials.claims(
        [Ask(sweeping.actor, sweep, agent) for agent in (bad, good, bad)]
    )
    for one in (shut, also_shut):
        assert isinstance(one, Claim) and not one.trials and "keep failing on bad" in one.why
    assert isinstance(served, Claim) and len(served.trials) == 1


def test_batches_that_ask_at_the_same_time_never_share_a_trial(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(**RANDOM, run_cap=300)
    found: list[list[int]] = []

    def ask() -> None:
        for _ in range(5):
            asks = [Ask(sweeping.actor, sweep, host=f"h{n}") for n in range(12)]
            found.extend(numbers(sweeping.trials.claims(asks)))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    flat = [number for own in found for number in own]
    assert len(flat) == len(set(flat)) and sorted(flat) == list(range(300))
