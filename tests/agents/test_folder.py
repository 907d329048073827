"""A sweep in a directory: trials handed out once, leases without clocks, states, retries, limits."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.agents.conftest import GRID, Clock

from runstone.agents.folder import FolderError, FolderSweep, create_folder, is_folder, log, open_folder
from runstone.agents.folder.following import Folder
from runstone.agents.folder.source import FolderSource
from runstone.agents.source import Ending, SourceAway
from runstone.search.problems import ConfigError

Make = Callable[..., FolderSweep]


def joined(sweep: FolderSweep, clock: Clock | None = None, host: str = "h1") -> FolderSource:
    source = open_folder(sweep.root).source(**({"clock": clock} if clock else {}))
    source.join(host=host, name="")
    return source


def let_lapse(watcher: FolderSource, clock: Clock, held: dict[int, int] | None = None) -> None:
    """A lease's time passes, and more, while `watcher` goes on beating."""
    for _ in range(8):
        clock.now += 10.0
        watcher.beat(held or {})


def test_a_grid_is_done_cell_by_cell_and_then_the_sweep_is_finished(make: Make) -> None:
    sweep = make()
    source = joined(sweep)
    params = []
    while not (found := source.claim(2)).done:
        for trial in found.assignments:
            params.append(tuple(trial.params.values()))
            assert source.complete(trial.number, trial.attempt, Ending("finished", [trial.params["a"]]))
    assert params == [(a, b) for a in (1, 2, 3) for b in (10, 20)]
    assert sweep.state == "finished"
    assert sweep.best()[0].ranked.params == {"a": 1, "b": 10}


def test_two_agents_are_never_handed_the_same_trial(make: Make) -> None:
    sweep = make(parameters={"x": {"values": list(range(60))}})
    numbers: list[int] = []
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            source = joined(sweep)
            while found := source.claim(1).assignments:
                numbers.append(found[0].number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(numbers) == list(range(60))


def test_the_trial_of_a_silent_agent_goes_to_another_as_its_next_attempt(make: Make, clock: Clock) -> None:
    sweep = make()
    silent, other = joined(sweep, clock), joined(sweep, clock)
    lost = silent.claim(1).assignments[0]
    let_lapse(other, clock)
    again = other.claim(1).assignments[0]
    assert (again.number, again.attempt) == (lost.number, 2)
    assert again.run_id == f"{lost.run_id}-2"
    assert sweep.trials()[0].past[0]["state"] == "lost"


def test_an_agent_that_beats_keeps_its_trial_however_long_it_takes(make: Make, clock: Clock) -> None:
    sweep = make()
    busy, other = joined(sweep, clock), joined(sweep, clock)
    mine = busy.claim(1).assignments[0]
    for _ in range(40):
        clock.now += 10.0
        assert busy.beat({mine.number: mine.attempt}).lost == []
        other.beat({})
    assert other.claim(1).assignments[0].number == mine.number + 1


def test_time_in_which_nobody_could_look_is_no_silence(make: Make, clock: Clock) -> None:
    """The file system hung for an hour, or the watcher's host slept."""
    sweep = make()
    held, watcher = joined(sweep, clock), joined(sweep, clock)
    mine = held.claim(1).assignments[0]
    watcher.beat({})
    clock.now += 3_600.0
    watcher.beat({})
    assert held.beat({mine.number: mine.attempt}).lost == []
    assert sweep.trials()[0].state == "running"


def test_no_wall_clock_decides_whose_lease_lapsed(
    make: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One host's clock is a day ahead, then a day behind: nobody loses a trial for that."""
    import time

    sweep = make()
    here, there = joined(sweep, clock), joined(sweep, clock, host="h2")
    mine = here.claim(1).assignments[0]
    for shift in (86_400.0, -86_400.0):
        monkeypatch.setattr(time, "time", lambda shift=shift: 1_800_000_000.0 + shift)
        for _ in range(10):
            clock.now += 10.0
            here.beat({mine.number: mine.attempt})
            there.beat({})
        assert there.claim(1).assignments[0].number != mine.number
    assert here.complete(mine.number, mine.attempt, Ending("finished", [1.0]))


def test_a_late_result_is_taken_only_where_nobody_else_was_handed_the_trial(make: Make, clock: Clock) -> None:
    sweep = make()
    late, other = joined(sweep, clock), joined(sweep, clock)
    first, second = late.claim(2).assignments
    let_lapse(other, clock)
    assert {trial.state for trial in sweep.trials()[:2]} == {"queued"}
    again = other.claim(1).assignments[0]
    assert again.number == first.number
    assert late.complete(first.number, first.attempt, Ending("finished", [1.0])) is False
    assert late.complete(second.number, second.attempt, Ending("finished", [2.0])) is True
    assert sweep.trials()[1].objective == [2.0]
    assert late.beat({first.number: first.attempt}).lost == [first.number]


def test_what_was_taken_from_an_agent_goes_on_where_nobody_else_has_it(make: Make, clock: Clock) -> None:
    sweep = make()
    slow, other = joined(sweep, clock), joined(sweep, clock)
    mine = slow.claim(1).assignments[0]
    let_lapse(other, clock)
    assert sweep.trials()[0].state == "queued"
    assert slow.beat({mine.number: mine.attempt}).lost == []
    assert sweep.trials()[0].state == "running"
    assert sweep.agents()[0].lives


def test_saying_the_end_twice_changes_nothing(make: Make) -> None:
    sweep = make(retries=3)
    source = joined(sweep)
    trial = source.claim(1).assignments[0]
    assert source.complete(trial.number, trial.attempt, Ending("finished", [1.0]))
    assert source.complete(trial.number, trial.attempt, Ending("failed"))
    assert sweep.trials()[0].state == "finished"
    assert sweep.trials()[0].objective == [1.0]


def test_an_agent_that_leaves_gives_back_what_it_holds_with_nothing_counted(make: Make) -> None:
    sweep = make()
    leaving, other = joined(sweep), joined(sweep)
    trial = leaving.claim(1).assignments[0]
    leaving.leave()
    assert (sweep.trials()[0].state, sweep.trials()[0].losses) == ("queued", 0)
    assert other.claim(1).assignments[0].number == trial.number


def test_an_answer_that_never_arrived_does_not_keep_its_trial_from_others(make: Make, clock: Clock) -> None:
    """The agent was given it, never knew, and lives on."""
    sweep = make()
    source = joined(sweep, clock)
    source.claim(1)
    source._given.clear()  # as if the call had failed after its act
    source.beat({})
    assert sweep.trials()[0].state == "queued"
    assert source.claim(1).assignments[0].attempt == 2


def test_a_failed_trial_is_tried_again_on_another_host_first(make: Make) -> None:
    sweep = make(retries=1, parameters={"x": {"values": [1, 2]}})
    one, two = joined(sweep, host="h1"), joined(sweep, host="h2")
    trial = one.claim(1).assignments[0]
    one.complete(trial.number, trial.attempt, Ending("failed", exit_code=3, error="boom"))
    assert one.claim(1).assignments[0].number == 1
    assert two.claim(1).assignments[0].number == trial.number


def test_a_host_whose_trials_keep_failing_is_passed_over_while_another_fares_better(make: Make) -> None:
    sweep = make(parameters={"x": {"values": list(range(9))}})
    bad, good = joined(sweep, host="bad"), joined(sweep, host="good")
    for _ in range(3):
        trial = bad.claim(1).assignments[0]
        bad.complete(trial.number, trial.attempt, Ending("failed"))
    found = bad.claim(1)
    assert not found.assignments
    assert "trials keep failing on bad" in found.why
    assert len(good.claim(1).assignments) == 1


def test_pausing_hands_out_nothing_and_resuming_goes_on(make: Make) -> None:
    sweep = make()
    source = joined(sweep)
    source.claim(1)
    sweep.set_state("paused")
    assert source.claim(1).why == "the sweep is paused"
    sweep.set_state("running")
    assert len(source.claim(1).assignments) == 1


def test_cancelling_stops_what_runs_and_is_final(make: Make) -> None:
    sweep = make()
    source = joined(sweep)
    trial = source.claim(1).assignments[0]
    sweep.set_state("cancelled")
    orders = source.beat({trial.number: trial.attempt})
    assert orders.stop == {trial.number: "the sweep was cancelled"}
    source.complete(trial.number, trial.attempt, Ending("failed", exit_code=-15))
    assert sweep.trials()[0].state == "stopped"
    assert source.claim(1).done
    with pytest.raises(FolderError, match="cancelled"):
        sweep.set_state("running")


def test_a_stopped_sweep_that_goes_on_does_the_cells_that_were_dropped(make: Make) -> None:
    sweep = make()
    source = joined(sweep)
    source.claim(1)
    sweep.set_state("finished")
    assert sweep.counts() == {"running": 1, "stopped": 5}
    sweep.set_state("running")
    assert len(source.claim(9).assignments) == 5


def test_retry_puts_failed_trials_back_and_the_sweep_goes_on(make: Make) -> None:
    sweep = make(parameters={"x": {"values": [1]}})
    source = joined(sweep)
    trial = source.claim(1).assignments[0]
    source.complete(trial.number, trial.attempt, Ending("failed"))
    assert source.claim(1).done
    assert sweep.retry() == 1
    again = source.claim(1).assignments[0]
    assert (again.number, again.attempt) == (trial.number, 2)


def test_no_more_run_at_once_than_max_parallel(make: Make) -> None:
    source = joined(make(max_parallel=2))
    assert len(source.claim(5).assignments) == 2
    assert "max_parallel" in source.claim(1).why


def test_a_target_that_is_reached_ends_the_sweep(make: Make) -> None:
    sweep = make(metric={"name": "loss", "target": 0.5})
    source = joined(sweep)
    trial = source.claim(1).assignments[0]
    source.complete(trial.number, trial.attempt, Ending("finished", [0.4]))
    assert source.claim(1).done
    assert sweep.counts() == {"finished": 1, "stopped": 5}


def test_a_trial_that_is_worse_than_the_others_is_told_to_stop(make: Make) -> None:
    sweep = make(early_terminate={"type": "asha", "min_iter": 2, "eta": 2})
    source = joined(sweep)
    good, bad = source.claim(2).assignments
    assert source.report(good.number, good.attempt, [(0, 1.0), (1, 0.5)]) == ""
    why = source.report(bad.number, bad.attempt, [(0, 9.0), (1, 9.0)])
    assert why.startswith("asha: ")
    assert source.beat({bad.number: bad.attempt}).stop == {bad.number: why}
    source.complete(bad.number, bad.attempt, Ending("failed", exit_code=-15))
    trial = sweep.trials("pruned")[0]
    assert (trial.number, trial.verdict["rule"] if trial.verdict else None) == (bad.number, "asha")


def test_a_reader_who_slept_through_tidying_goes_on_from_a_snapshot(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that was used is never free again, so it cannot act on what is long over."""
    monkeypatch.setattr(log, "SNAPSHOT_EVERY", 5)
    monkeypatch.setattr(log, "SEGMENT", 7)
    sweep = make(parameters={"x": {"values": list(range(40))}})
    sleeper = joined(sweep)
    first = sleeper.claim(1).assignments[0]
    busy = joined(sweep)
    for _ in range(30):
        trial = busy.claim(1).assignments[0]
        busy.complete(trial.number, trial.attempt, Ending("finished", [trial.params["x"]]))
    sealed = [path for path in (sweep.root / "log").glob("*/0*.json") if b"sealed" in path.read_bytes()]
    assert len(sealed) > 30
    assert sleeper.claim(1).assignments[0].number == 31
    assert sleeper.complete(first.number, first.attempt, Ending("finished", [0.0]))
    assert open_folder(sweep.root).counts() == sweep.counts() == {"finished": 31, "running": 1, "queued": 8}


def test_what_a_claim_reads_does_not_grow_with_the_sweep(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "SNAPSHOT_EVERY", 50)
    sweep = make(method="random", parameters={"x": {"min": 0.0, "max": 1.0}}, run_cap=600)
    source = joined(sweep)
    reads: list[str] = []
    source._folder.files.step = lambda name: reads.append(name)  # type: ignore[method-assign]
    costs = []
    for _ in range(600):
        reads.clear()
        trial = source.claim(1).assignments[0]
        costs.append(len(reads))
        source.complete(trial.number, trial.attempt, Ending("finished", [trial.params["x"]]))
    assert max(costs) <= 20  # one with a snapshot among them
    reads.clear()
    open_folder(sweep.root).trials()
    newcomer = Folder(sweep.root)
    newcomer.files.step = lambda name: reads.append(name)  # type: ignore[method-assign]
    newcomer.follow()
    assert reads.count("read") < 110  # of 1,200 acts


def test_a_link_whose_answer_was_lost_is_known_for_ones_own(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An NFS client sends it again, and it fails for its own success."""
    sweep = make()
    source = joined(sweep)
    real = os.link

    def twice(*args: Any) -> None:
        real(*args)
        real(*args)

    monkeypatch.setattr(os, "link", twice)
    trial = source.claim(1).assignments[0]
    monkeypatch.undo()
    assert (trial.number, trial.attempt) == (0, 1)
    assert sweep.trials()[0].attempt == 1


def test_a_directory_that_cannot_be_reached_is_away_and_then_there_again(make: Make) -> None:
    sweep = make()
    source = joined(sweep)
    hidden = sweep.root.with_name("elsewhere")
    sweep.root.rename(hidden)
    with pytest.raises(SourceAway, match="cannot be reached"):
        source.claim(1)
    hidden.rename(sweep.root)
    assert len(source.claim(1).assignments) == 1


def test_a_damaged_act_is_named_and_nothing_is_guessed(make: Make) -> None:
    sweep = make()
    joined(sweep).claim(1)
    path = sweep.root / "log" / "000000" / "000000002.json"
    path.write_text('{"trials": {"0"')
    with pytest.raises(FolderError, match=r"000000002\.json is damaged"):
        open_folder(sweep.root).trials()


def test_a_configuration_that_cannot_run_leaves_no_directory(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="method"):
        create_folder({"method": "magic"}, tmp_path / "sweep")
    with pytest.raises(FolderError, match="warm_start needs a server"):
        create_folder({**GRID, "warm_start": {"sweeps": ["x"]}}, tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()


def test_one_directory_holds_one_sweep(make: Make) -> None:
    make()
    with pytest.raises(FolderError, match="holds a sweep already"):
        make()


def test_a_path_is_told_from_a_sweep_id(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = make()
    monkeypatch.chdir(tmp_path)
    assert is_folder(str(sweep.root))
    assert is_folder("sweep")
    assert is_folder("./nothing-there")
    assert not is_folder("entity/project/abc123")
    with pytest.raises(FolderError, match="holds no sweep"):
        open_folder("./nothing-there")


def test_attempts_log_offline_into_the_directory_and_name_the_sweep(make: Make) -> None:
    sweep = make(project="digits", entity="ml")
    source = joined(sweep)
    environment = source.sweep.environment
    assert environment["RUNSTONE_MODE"] == environment["WANDB_MODE"] == "offline"
    assert environment["RUNSTONE_SWEEP_ID"] == source.sweep.id
    assert (environment["RUNSTONE_PROJECT"], environment["RUNSTONE_ENTITY"]) == ("digits", "ml")
    trial = source.claim(1).assignments[0]
    assert Path(trial.environment["RUNSTONE_DIR"]) == sweep.root / "runs" / "0000" / trial.run_id


def test_an_infinite_result_comes_back_as_it_was(make: Make) -> None:
    sweep = make()
    source = joined(sweep)
    trial = source.claim(1).assignments[0]
    source.complete(trial.number, trial.attempt, Ending("finished", [float("inf")]))
    assert open_folder(sweep.root).trials()[0].objective == [float("inf")]
    assert json.loads((sweep.root / "log" / "000000" / "000000003.json").read_text())["trials"]
