"""Trials: each done once, whoever dies; leases, retries, breakers, limits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.sweeping import ChaoticAgents, SweepWorld
from tests.support.world import World

from runstone.search import endings
from runstone.server.domain import trial_progress
from runstone.server.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from runstone.server.domain.sweep_model import Outcome
from runstone.server.stores.records import runs as statements

GRID: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"a": {"values": [1, 2, 3]}, "b": {"values": [10, 20]}},
}


@pytest.fixture
def sweeping(world: World, tmp_path: Path) -> Iterator[SweepWorld]:
    made = SweepWorld(world, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(6))
def test_every_grid_cell_is_completed_once_whoever_dies(
    sweeping: SweepWorld, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m bench.sweeps.exactly_once` does 200 rounds of it."""
    monkeypatch.setattr(endings, "LOSSES_MAX", 10_000)  # nobody gives up, however often they die
    sweep = sweeping.make(**GRID, retries=100)
    agents = ChaoticAgents(sweeping, sweep, seed)
    assert agents.run(), "the sweep never ended"
    trials = sweeping.all(sweep)
    cells = [tuple(trial.params.values()) for trial in trials]
    assert sorted(cells) == sorted((a, b) for a in (1, 2, 3) for b in (10, 20))
    assert {trial.state for trial in trials} == {"finished"}
    # What nobody was told of may have been done as well, but never a second time.
    assert set(agents.ended.values()) <= {1}, agents.ended
    assert sweeping.sweeps.get_by_key(sweeping.actor, sweep).state == "finished"


def test_many_who_ask_at_once_are_given_different_trials(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(
        method="random", metric={"name": "y"}, parameters={"x": {"min": 0.0, "max": 1.0}}, run_cap=60
    )
    numbers: list[int] = []
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(5):
                claim = sweeping.trials.claim(sweeping.actor, sweep, host="h")
                numbers.extend(trial.number for trial in claim.trials)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(numbers) == list(range(60))


def test_a_lapsed_lease_puts_the_trial_back_and_the_late_result_counts_if_nobody_else_has_it(
    sweeping: SweepWorld,
) -> None:
    sweep = sweeping.make(**GRID)
    one, two = sweeping.trials.claim(sweeping.actor, sweep, count=2).trials
    sweeping.lapse()
    assert {t.state for t in sweeping.all(sweep)[:2]} == {"queued"}
    # Nobody took the first: its agent comes back with a result.
    done = sweeping.trials.complete(
        sweeping.actor, sweep, one.number, one.attempt, Outcome("finished", [1.0])
    )
    assert done.state == "finished" and done.objective == [1.0]
    # The second was handed to somebody else: the late result is refused, the new one counts.
    again = sweeping.trials.claim(sweeping.actor, sweep).trials[0]
    assert again.number == two.number and again.attempt == 2 and again.run_id != two.run_id
    assert again.past[0]["state"] == "lost"
    with pytest.raises(Conflict, match="attempt 2"):
        sweeping.trials.complete(sweeping.actor, sweep, two.number, two.attempt, Outcome("finished", [9.0]))
    assert sweeping.trials.beat(sweeping.actor, sweep, {two.number: 1}).lost == [two.number]
    sweeping.trials.complete(sweeping.actor, sweep, again.number, 2, Outcome("finished", [2.0]))


def test_a_training_that_outlives_its_agent_is_not_begun_again(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(**GRID)
    (trial,) = sweeping.trials.claim(sweeping.actor, sweep).trials
    # A run whose heartbeats go on, seen from a thousand seconds later.
    run = sweeping.world.run(trial.run_id)
    now = time.time() + 1000
    sweeping.world.records.write(lambda conn: statements.touch_heartbeat(conn, [run.key], now=now))
    sweeping.lapse()
    assert sweeping.all(sweep)[0].state == "running"
    sweeping.world.run(trial.run_id, summary={"loss": 0.5}, state="finished")
    sweeping.runs_of_trials.settle(sweep)
    ended = sweeping.all(sweep)[0]
    assert ended.state == "finished" and ended.objective == [0.5]


@pytest.mark.parametrize(
    ("run_state", "expected"),
    [("finished", "finished"), ("failed", "failed"), ("killed", "stopped"), ("crashed", "queued")],
)
def test_a_trial_ends_as_its_run_did(sweeping: SweepWorld, run_state: Any, expected: str) -> None:
    sweep = sweeping.make(**GRID)
    (trial,) = sweeping.trials.claim(sweeping.actor, sweep).trials
    sweeping.world.run(trial.run_id, summary={"loss": 1.5})
    sweeping.world.run(trial.run_id, state=run_state, exit_code=0 if run_state == "finished" else 1)
    sweeping.runs_of_trials.settle(sweep)
    found = sweeping.all(sweep)[0]
    assert found.state == expected
    if expected != "queued":
        assert found.objective == [1.5]


def test_a_trial_given_back_stays_in_the_queue_however_its_run_is_ended(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(**GRID)
    agent = sweeping.trials.register(sweeping.actor, sweep, host="h")
    killed, done = sweeping.trials.claim(sweeping.actor, sweep, agent_id=agent.id, count=2).trials
    for trial in (killed, done):
        sweeping.world.run(trial.run_id, summary={"loss": 1.5})
    sweeping.trials.leave(sweeping.actor, sweep, agent.id)
    sweeping.world.run(killed.run_id, state="killed", exit_code=143)
    sweeping.world.run(done.run_id, state="finished", exit_code=0)
    sweeping.runs_of_trials.settle(sweep)
    first, second, *_ = sweeping.all(sweep)
    assert first.state == "queued" and first.losses == 0
    assert second.state == "finished" and second.objective == [1.5]  # it was done before it heard


def test_what_a_lost_answer_handed_out_goes_back_when_the_agent_does_not_name_it(
    sweeping: SweepWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = sweeping.make(**GRID)
    agent = sweeping.trials.register(sweeping.actor, sweep, host="h")
    known, lost = sweeping.trials.claim(sweeping.actor, sweep, agent_id=agent.id, count=2).trials
    held = {known.number: known.attempt}
    sweeping.trials.beat(sweeping.actor, sweep, held, agent_id=agent.id)
    assert [t.state for t in sweeping.all(sweep)[:2]] == ["running", "running"]  # it may be on its way
    monkeypatch.setattr(trial_progress, "UNHEARD_SECONDS", 0.0)
    sweeping.trials.beat(sweeping.actor, sweep, held, agent_id=agent.id)
    first, second = sweeping.all(sweep)[:2]
    assert (first.state, second.state, second.losses) == ("running", "queued", 0)
    again = sweeping.trials.claim(sweeping.actor, sweep).trials[0]
    assert (again.number, again.attempt) == (lost.number, 2)


def test_failures_in_a_row_shut_a_host_out_while_another_does_well(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(method="random", metric={"name": "y"}, parameters={"x": {"min": 0.0, "max": 1.0}})
    good = sweeping.trials.register(sweeping.actor, sweep, host="good").id
    bad = sweeping.trials.register(sweeping.actor, sweep, host="bad").id

    def turn(agent: str, outcome: Outcome) -> None:
        (trial,) = sweeping.trials.claim(sweeping.actor, sweep, agent_id=agent).trials
        sweeping.trials.complete(sweeping.actor, sweep, trial.number, trial.attempt, outcome)

    turn(good, Outcome("finished", [1.0]))
    turn(bad, Outcome("oom"))  # a trial that needs too much memory says nothing of the host
    for _ in range(3):
        turn(bad, Outcome("failed", exit_code=1))
    shut = sweeping.trials.claim(sweeping.actor, sweep, agent_id=bad)
    assert shut.trials == [] and shut.wait_seconds > 0 and "keep failing on bad" in shut.why
    seen = {agent.host: agent.shut_until for agent in sweeping.trials.agents(sweeping.actor, sweep)}
    assert seen["good"] is None and seen["bad"] is not None and seen["bad"] > time.time()
    assert sweeping.trials.claim(sweeping.actor, sweep, agent_id=good).trials


def test_where_all_hosts_fail_alike_none_is_shut_out(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(**GRID)
    only = sweeping.trials.register(sweeping.actor, sweep, host="only").id
    for _ in range(6):
        (trial,) = sweeping.trials.claim(sweeping.actor, sweep, agent_id=only).trials
        sweeping.trials.complete(sweeping.actor, sweep, trial.number, 1, Outcome("failed"))
    assert sweeping.trials.claim(sweeping.actor, sweep, agent_id=only).done


def test_a_trial_that_failed_on_one_host_goes_to_another_first(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(**GRID, retries=1)
    one = sweeping.trials.register(sweeping.actor, sweep, host="one").id
    two = sweeping.trials.register(sweeping.actor, sweep, host="two").id
    (first,) = sweeping.trials.claim(sweeping.actor, sweep, agent_id=one).trials
    sweeping.trials.complete(sweeping.actor, sweep, first.number, 1, Outcome("failed"))
    assert sweeping.trials.claim(sweeping.actor, sweep, agent_id=one).trials[0].number != first.number
    assert sweeping.trials.claim(sweeping.actor, sweep, agent_id=two).trials[0].number == first.number


def test_run_cap_and_max_parallel_hold(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(
        method="random",
        metric={"name": "y"},
        parameters={"x": {"min": 0.0, "max": 1.0}},
        run_cap=5,
        max_parallel=2,
    )
    held = sweeping.trials.claim(sweeping.actor, sweep, count=4).trials
    assert len(held) == 2
    full = sweeping.trials.claim(sweeping.actor, sweep)
    assert full.trials == [] and "max_parallel" in full.why and not full.done
    total = 0
    while held:
        for trial in held:
            sweeping.trials.complete(sweeping.actor, sweep, trial.number, 1, Outcome("finished", [0.0]))
            total += 1
        held = sweeping.trials.claim(sweeping.actor, sweep, count=4).trials
    assert total == 5
    assert sweeping.sweeps.get_by_key(sweeping.actor, sweep).state == "finished"


def test_a_target_ends_the_sweep_and_leaves_what_runs(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(
        method="random",
        metric={"name": "acc", "goal": "maximize", "target": 0.9},
        parameters={"x": {"min": 0.0, "max": 1.0}},
    )
    one, other = sweeping.trials.claim(sweeping.actor, sweep, count=2).trials
    sweeping.trials.complete(sweeping.actor, sweep, one.number, 1, Outcome("finished", [0.95]))
    assert sweeping.sweeps.get_by_key(sweeping.actor, sweep).state == "finished"
    assert sweeping.trials.claim(sweeping.actor, sweep).done
    late = sweeping.trials.complete(sweeping.actor, sweep, other.number, 1, Outcome("finished", [0.1]))
    assert late.state == "finished"


def test_stopping_and_going_on_leaves_no_cell_out(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(**GRID)
    (trial,) = sweeping.trials.claim(sweeping.actor, sweep).trials
    sweeping.trials.complete(sweeping.actor, sweep, trial.number, 1, Outcome("finished", [0.0]))
    sweeping.sweeps.set_state(sweeping.actor, sweep, "finished")
    assert sweeping.trials.claim(sweeping.actor, sweep).done
    sweeping.sweeps.set_state(sweeping.actor, sweep, "running")
    rest = sweeping.trials.claim(sweeping.actor, sweep, count=10).trials
    assert [found.number for found in rest] == [1, 2, 3, 4, 5]


def test_repeats_rank_by_the_bad_end_of_the_mean_and_not_by_the_luckiest(sweeping: SweepWorld) -> None:
    config = {**GRID, "parameters": {"a": {"values": ["lucky", "steady"]}}, "repeats": 3}
    sweep = sweeping.make(**config)
    noise = {"lucky": [0.0, 5.0, 6.0], "steady": [1.0, 1.1, 0.9]}
    trials = sweeping.trials.claim(sweeping.actor, sweep, count=6).trials
    assert [(t.params["a"], t.repeat) for t in trials] == [
        (name, repeat) for name in ("lucky", "steady") for repeat in range(3)
    ]
    for trial in trials:
        value = noise[trial.params["a"]][trial.repeat]
        sweeping.trials.complete(sweeping.actor, sweep, trial.number, 1, Outcome("finished", [value]))
    robust = sweeping.results.best(sweeping.actor, sweep)[0]
    single = sweeping.results.best(sweeping.actor, sweep, robust=False)[0]
    assert robust.ranked.params == {"a": "steady"} and single.ranked.params == {"a": "lucky"}
    assert robust.ranked.mean == pytest.approx((1.0,)) and len(robust.run_ids) == 3


def test_earlier_runs_and_sweeps_teach_a_new_one(sweeping: SweepWorld) -> None:
    space = {"x": {"min": 0.0, "max": 1.0}}
    for number in range(12):
        sweeping.world.run(
            f"old{number}", config={"x": number / 12}, summary={"y": number / 12}, state="finished"
        )
    sweeping.world.run("elsewhere", config={"x": 7.0}, summary={"y": 0.0}, state="finished")
    sweep = sweeping.make(
        method="tpe",
        metric={"name": "y"},
        parameters=space,
        warm_start={"runs": {"id": {"$regex": "^(old|else)"}}},
    )
    (first,) = sweeping.trials.claim(sweeping.actor, sweep).trials
    assert first.number == 0 and first.sampler == "tpe"
    prior = [trial for trial in sweeping.all(sweep) if trial.number < 0]
    assert len(prior) == 13 and sum(bool(trial.objective) for trial in prior) == 12
    sweeping.trials.complete(sweeping.actor, sweep, 0, 1, Outcome("finished", [0.5]))
    name = sweeping.sweeps.get_by_key(sweeping.actor, sweep).id
    next_one = sweeping.make(
        method="tpe", metric={"name": "y"}, parameters=space, warm_start={"sweeps": [name]}
    )
    assert sum(trial.number < 0 for trial in sweeping.all(next_one)) == 13


def test_the_worst_slice_is_the_objective_where_it_is_asked_for(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(**{**GRID, "metric": {"name": "worst_slice(wer, by=language)"}})
    (trial,) = sweeping.trials.claim(sweeping.actor, sweep).trials
    summary = {"wer/language=de": 0.1, "wer/language=fi": 0.4, "wer": 0.2}
    sweeping.world.run(trial.run_id, summary=summary, state="finished")
    sweeping.runs_of_trials.settle(sweep)
    assert sweeping.all(sweep)[0].objective == [0.4]


def test_others_neither_see_nor_change_a_sweep(sweeping: SweepWorld) -> None:
    sweep = sweeping.make(**GRID)
    world = sweeping.world
    with pytest.raises(NotFound):
        sweeping.trials.claim(world.eve, sweep)
    with pytest.raises(NotAllowed):
        sweeping.trials.claim(world.vic, sweep)
    assert sweeping.trials.find(world.vic, sweep) == []
    with pytest.raises(NotFound):
        sweeping.sweeps.set_state(world.eve, sweep, "cancelled")
    with pytest.raises(Invalid, match="count is 0"):
        sweeping.trials.claim(world.ben, sweep, count=0)


def test_any_replica_proposes_the_same(sweeping: SweepWorld) -> None:
    space = {"x": {"min": 0.0, "max": 1.0}, "k": {"values": ["a", "b"]}}
    sweep = sweeping.make(method="bayes", metric={"name": "y"}, parameters=space, seed=7)
    for _ in range(14):
        (trial,) = sweeping.trials.claim(sweeping.actor, sweep).trials
        sweeping.trials.complete(
            sweeping.actor, sweep, trial.number, 1, Outcome("finished", [trial.params["x"]])
        )
    own = sweeping.sweeps.get_by_key(sweeping.actor, sweep)
    records = sweeping.searches.read(own)
    warm = sweeping.searches.of(own).search.propose(records, [14])[0]
    sweeping.restart()
    cold = sweeping.searches.of(own).search.propose(sweeping.searches.read(own), [14])[0]
    assert warm.params == cold.params and warm.sampler == "tpe"
