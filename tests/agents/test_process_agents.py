"""`runstone agent`: real agents, real trial processes, a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.server import RunningServer, clean_environment, running_server
from tests.support.sweep_agents import BARE, GRID, TRAIN, SweepDesk, cells, is_alive, sweep_desk, wait_dead
from tests.support.written_runs import wait_until

from runstone.agents.folder import create_folder

# Tells its process ids, then stays; a grandchild in its group, one in a session of its own.
STAYS = """
import os, subprocess, sys, time
if os.path.exists("again"):
    sys.exit(0)
sleep = [sys.executable, "-c", "import time; time.sleep(300)"]
near = subprocess.Popen(sleep)
far = subprocess.Popen(sleep, start_new_session=True)
with open("pids.tmp", "w") as file:
    file.write(f"{os.getpid()} {near.pid} {far.pid}\\n")
os.replace("pids.tmp", "pids")
time.sleep(300)
"""


@pytest.fixture
def desk(shared_server: RunningServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SweepDesk]:
    with sweep_desk(shared_server, tmp_path, request.node.name.replace("[", "-").strip("]")[:60]) as made:
        yield made


def test_a_grid_is_run_to_its_end_with_the_parameters_over_the_scripts_own(desk: SweepDesk) -> None:
    program = TRAIN.replace("init(", 'init(project="elsewhere", id="mine", config={"a": 99, "c": 3}, ')
    sweep = desk.sweep(program, parameters={"a": {"values": [1, 2]}, "b": {"value": 5}})
    desk.agent(sweep)
    assert desk.done() == 0, desk.said()
    trials = list(sweep.trials())
    assert [trial["state"] for trial in trials] == ["finished"] * 2
    assert [trial["objective"] for trial in trials] == [[15.0], [25.0]]
    assert sweep.read()["state"] == "finished"
    for trial in trials:
        run = desk.client.run("", desk.project, trial["run"])
        assert run.config == {"a": trial["params"]["a"], "b": 5, "c": 3} and run.sweep == sweep.id
    assert "init(project='elsewhere') is left aside" in desk.said()


def test_four_agents_do_each_cell_of_a_grid_of_a_hundred_once(desk: SweepDesk) -> None:
    numbers = {name: {"values": list(range(count))} for name, count in (("a", 5), ("b", 5), ("c", 4))}
    sweep = desk.sweep(parameters=numbers)
    for _ in range(4):
        desk.agent(sweep, "--parallel", "2")
    assert [desk.done(place) for place in range(4)] == [0] * 4, desk.said()
    trials = list(sweep.trials())
    assert len(trials) == 100 and {trial["state"] for trial in trials} == {"finished"}
    wanted = sorted((a, b, c) for a in range(5) for b in range(5) for c in range(4))
    assert cells(trials) == wanted
    ran = sorted(tuple(one["params"].values()) for one in desk.logged())
    assert ran == wanted  # each cell was begun once, too
    assert {trial["attempt"] for trial in trials} == {1}
    assert Counter(trial["agent"] for trial in trials).total() == 100


def test_count_and_parallel_are_kept(desk: SweepDesk) -> None:
    sweep = desk.sweep(BARE + "time.sleep(0.7)")
    desk.agent(sweep, "--count", "5", "--parallel", "2", "--gpus", "0,1")
    assert desk.done() == 0, desk.said()
    assert Counter(trial["state"] for trial in sweep.trials()) == {"finished": 5, "queued": 1}
    logged = desk.logged()
    assert len(logged) == 5 and {one["gpus"] for one in logged} == {"0", "1"}
    for one in logged:
        at_once = [two["gpus"] for two in logged if 0 <= one["at"] - two["at"] < 0.7]
        assert len(at_once) <= 2 and len(set(at_once)) == len(at_once)


def test_failing_trials_do_not_end_the_agent_and_say_why(desk: SweepDesk) -> None:
    program = BARE + (
        'if params["b"] == 0: raise ValueError("no luck")\n'
        'if params["b"] == 1: raise MemoryError\n'
        "sys.exit(params['a'] * 3)\n"
    )
    sweep = desk.sweep(program)
    desk.agent(sweep)
    assert desk.done() == 0, desk.said()
    states = {tuple(t["params"].values()): (t["state"], t["exit_code"], t["error"]) for t in sweep.trials()}
    assert states[(0, 0)] == states[(1, 0)] == ("failed", 1, "exit code 1: ValueError: no luck")
    assert states[(0, 1)] == ("oom", 1, "MemoryError")
    assert states[(1, 2)][:2] == ("failed", 3) and states[(0, 2)][0] == "finished"
    assert "trial 0 failed after" in desk.said()
    assert desk.agents[0].returncode == 0


def test_a_program_that_is_not_there_fails_its_trials_and_says_so(desk: SweepDesk) -> None:
    sweep = desk.sweep(command=["no-such-program", "${args}"], run_cap=1)
    desk.agent(sweep)
    assert desk.done() == 0
    (trial,) = sweep.trials("failed")
    assert "no-such-program cannot be run: No such file" in trial["error"]


def test_a_killed_agent_takes_all_of_its_trial_with_it_and_another_does_it_once(desk: SweepDesk) -> None:
    sweep = desk.sweep(STAYS, run_cap=1)
    killed = desk.agent(sweep)
    pids = [int(pid) for pid in desk.wait_for_file("pids").split()]
    assert all(map(is_alive, pids))
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    wait_dead(*pids)
    (desk.folder / "again").touch()
    desk.agent(sweep)
    assert desk.done() == 0, desk.said()
    (trial,) = sweep.trials()
    assert (trial["state"], trial["attempt"], trial["losses"]) == ("finished", 2, 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["sigterm", "sigint"])
def test_told_to_end_it_gives_back_what_it_holds_and_leaves_nobody(
    desk: SweepDesk, number: signal.Signals
) -> None:
    sweep = desk.sweep(STAYS, run_cap=1)
    told = desk.agent(sweep)
    pids = [int(pid) for pid in desk.wait_for_file("pids").split()]
    told.send_signal(number)
    assert desk.done() == 128 + number, desk.said()
    wait_dead(*pids[:2])  # its group; who left it on purpose was told nothing
    (trial,) = sweep.trials()
    assert (trial["state"], trial["attempt"], trial["losses"]) == ("queued", 1, 0)
    assert [agent["state"] for agent in sweep.agents()] == ["ended"]
    (desk.folder / "again").touch()
    desk.agent(sweep)
    assert desk.done() == 0 and [t["state"] for t in sweep.trials()] == ["finished"]
    if is_alive(pids[2]):
        os.kill(pids[2], signal.SIGKILL)


def test_a_trial_of_our_sdk_that_was_given_back_is_not_told_as_stopped(desk: SweepDesk) -> None:
    """Its run says `killed`; the trial is in the queue nevertheless, and stays there."""
    program = TRAIN.replace("run.finish()", 'import os, time\nopen("on\\n".strip(), "w").write("\\n")\n'
                            'time.sleep(0 if os.path.exists("again") else 300)')  # fmt: skip
    sweep = desk.sweep(program, run_cap=1)
    told = desk.agent(sweep)
    desk.wait_for_file("on")
    told.terminate()
    assert desk.done() == 143, desk.said()
    (trial,) = sweep.trials()
    wait_until(lambda: desk.client.run("", desk.project, trial["run"]).state == "killed")
    time.sleep(3)  # a round of the server's own look at runs
    assert [one["state"] for one in sweep.trials()] == ["queued"]
    (desk.folder / "again").touch()
    desk.agent(sweep)
    assert desk.done() == 0, desk.said()
    (trial,) = sweep.trials()
    assert (trial["state"], trial["attempt"], trial["objective"]) == ("finished", 2, [0.0])


def test_told_twice_it_does_not_wait(desk: SweepDesk) -> None:
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + STAYS
    sweep = desk.sweep(deaf, run_cap=1)
    told = desk.agent(sweep, "--grace", "300")
    pids = [int(pid) for pid in desk.wait_for_file("pids").split()]
    told.terminate()
    time.sleep(1.0)
    assert told.poll() is None and is_alive(pids[0])
    told.terminate()
    assert desk.done() == 143
    wait_dead(*pids)


def test_a_stopped_trial_is_ended_within_its_grace_and_told_as_stopped(desk: SweepDesk) -> None:
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + STAYS
    sweep = desk.sweep(deaf, run_cap=1)
    desk.agent(sweep, "--grace", "0.5")
    pids = [int(pid) for pid in desk.wait_for_file("pids").split()]
    sweep.stop(0, why="enough of it")
    assert desk.done() == 0, desk.said()
    wait_dead(*pids)
    (trial,) = sweep.trials()
    assert (trial["state"], trial["exit_code"]) == ("stopped", -9) and "enough of it" in trial["stop"]


def test_a_cancelled_sweep_ends_its_trials_and_its_agents(desk: SweepDesk) -> None:
    sweep = desk.sweep(STAYS)
    desk.agent(sweep)
    pids = [int(pid) for pid in desk.wait_for_file("pids").split()]
    sweep.set_state("cancelled")
    assert desk.done() == 0, desk.said()
    wait_dead(*pids[:2])
    assert Counter(trial["state"] for trial in sweep.trials()).keys() == {"stopped"}
    if is_alive(pids[2]):
        os.kill(pids[2], signal.SIGKILL)


def test_what_a_trial_leaves_in_its_group_ends_with_it(desk: SweepDesk) -> None:
    leaves = STAYS.replace('time.sleep(300)\n"""', "").rsplit("time.sleep(300)", 1)[0]
    sweep = desk.sweep(leaves, run_cap=1)
    desk.agent(sweep)
    pids = [int(pid) for pid in desk.wait_for_file("pids").split()]
    assert desk.done() == 0, desk.said()
    wait_dead(*pids[:2])
    assert is_alive(pids[2])  # a session of its own, by the program's own wish
    os.kill(pids[2], signal.SIGKILL)


def test_a_bare_agent_stays_forever_where_it_is_told_so(desk: SweepDesk) -> None:
    sweep = desk.sweep(parameters={"a": {"values": [1]}, "b": {"values": [1]}})
    agent = desk.agent(sweep, "--forever")
    wait_until(lambda: sweep.read()["state"] == "finished", 30, what=desk.said())
    time.sleep(1.0)
    assert agent.poll() is None
    agent.terminate()
    assert desk.done() == 143


def test_agents_outlive_a_server_that_is_killed_and_started_again(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, sweep_desk(server, tmp_path, "restarted") as desk:
        sweep = desk.sweep(BARE + "time.sleep(0.6)", parameters={"a": {"values": list(range(10))}})
        desk.agent(sweep, "--parallel", "2", "--lease", "30")
        wait_until(lambda: len(desk.logged()) >= 3)
        server.kill9()
        time.sleep(2.0)  # trials end, and nobody hears of it
        server.restart()
        assert desk.done() == 0, desk.said()
        assert "hears of the sweep again" in desk.said()
        trials = list(sweep.trials())
        assert {trial["state"] for trial in trials} == {"finished"} and cells(trials) == [
            (a,) for a in range(10)
        ]
        assert sorted(one["params"]["a"] for one in desk.logged()) == list(range(10))  # none was run twice


def test_a_directory_serves_the_same_agents_without_any_server(tmp_path: Path) -> None:
    shared, work = tmp_path / "shared", tmp_path / "work"
    work.mkdir()
    (work / "train.py").write_text(TRAIN + BARE)
    sweep = create_folder(GRID, shared, project="swept", lease_seconds=5.0)
    env = clean_environment(RUNSTONE_DATA=str(tmp_path / "home"))
    command = [sys.executable, "-m", "runstone.cli", "agent", str(shared), "--parallel", "2"]
    agents = [
        subprocess.Popen(
            command, cwd=work, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(2)
    ]
    said = [agent.communicate(timeout=60)[0] for agent in agents]
    assert [agent.returncode for agent in agents] == [0, 0], said
    trials = sweep.trials()
    assert sorted(tuple(t.params.values()) for t in trials) == [(a, b) for a in (0, 1) for b in (0, 1, 2)]
    assert {trial.state for trial in trials} == {"finished"}
    assert [t.objective for t in trials] == [[t.params["a"] * 10.0 + t.params["b"]] for t in trials]
    assert len((work / "trials.log").read_text().splitlines()) == 6


def test_an_agent_that_was_held_up_ends_what_is_somebody_elses_by_now_and_says_nothing_of_it(
    desk: SweepDesk,
) -> None:
    sweep = desk.sweep(STAYS, run_cap=1)
    held_up = desk.agent(sweep, "--grace", "0.5")
    pids = [int(pid) for pid in desk.wait_for_file("pids").split()]
    held_up.send_signal(signal.SIGSTOP)
    try:
        (desk.folder / "again").touch()
        desk.agent(sweep)
        assert desk.done(1) == 0, desk.said(1)
    finally:
        held_up.send_signal(signal.SIGCONT)
    assert desk.done(0) == 0, desk.said(0)
    assert "trial 0 is somebody else's by now" in desk.said(0)
    wait_dead(*pids[:2])
    (trial,) = sweep.trials()
    assert (trial["state"], trial["attempt"], trial["losses"]) == ("finished", 2, 1)
    if is_alive(pids[2]):
        os.kill(pids[2], signal.SIGKILL)


def test_a_bad_trial_is_pruned_by_the_sweeps_rule_and_the_agent_goes_on(desk: SweepDesk) -> None:
    program = TRAIN.replace(
        'run.log({"loss": run.config.a * 10 + run.config.b})',
        'import time\n'
        'for step in range(60):\n'
        '    run.log({"loss": run.config.a})\n'
        '    if run.config.a == 1: time.sleep(0.5)',
    )  # fmt: skip
    rule = {"type": "median", "min_iter": 3, "startup_trials": 1}
    sweep = desk.sweep(program, parameters={"a": {"values": [0, 1]}}, early_terminate=rule, method="grid")
    desk.agent(sweep, "--grace", "5")
    assert desk.done() == 0, desk.said()
    good, bad = sweep.trials()
    assert (good["state"], bad["state"]) == ("finished", "pruned"), desk.said()
    assert bad["verdict"] is not None and bad["verdict"]["rule"] == "median"
    assert desk.client.run("", desk.project, bad["run"]).state == "killed"
