"""Real agents on a directory, trials that log offline into it, and the way from there to a server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.server import RunningServer, clean_environment
from tests.support.sweep_agents import GRID, TRAIN

from runstone.agents.folder import open_folder
from runstone.agents.folder.runs import RunLog, run_folder
from runstone.client.native import Client

QUIET = '{"system": False, "git": False, "packages": False, "environment": False}'


def runstone(*words: str, folder: Path, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "runstone.cli", *words],
        cwd=folder,
        env=clean_environment(RUNSTONE_DATA=str(folder / "home"), **env),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make(folder: Path, program: str, **config: Any) -> Path:
    (folder / "train.py").write_text(program)
    (folder / "sweep.yaml").write_text(yaml.safe_dump(GRID | config))
    made = runstone("sweep", "create", "sweep.yaml", "--folder", "shared", "-p", "swept", folder=folder)
    assert made.strip() == str(folder / "shared")
    return folder / "shared"


def test_without_a_server_a_sweep_runs_shows_its_best_and_is_synced_later(
    shared_server: RunningServer, tmp_path: Path
) -> None:
    root = make(tmp_path, TRAIN)
    runstone("agent", "./shared", "--parallel", "2", folder=tmp_path)
    sweep = open_folder(root)
    assert sweep.counts() == {"finished": 6}
    assert [trial.objective for trial in sweep.trials()] == [
        [float(a * 10 + b)] for a in (0, 1) for b in (0, 1, 2)
    ]

    shown = json.loads(runstone("sweep", "show", "./shared", "--json", folder=tmp_path))
    assert (shown["state"], shown["best"], shown["trials"]) == ("finished", 0.0, {"finished": 6})
    best = json.loads(runstone("sweep", "best", "./shared", "--json", folder=tmp_path))
    assert best["combinations"][0]["params"] == {"a": 0, "b": 0}
    assert "cell 6 of the grid" in runstone("sweep", "trials", "./shared", folder=tmp_path)

    environment = {"RUNSTONE_BASE_URL": shared_server.base_url, "RUNSTONE_API_KEY": shared_server.admin_key}
    runstone("sync", "./shared", folder=tmp_path, **environment)
    with Client(shared_server.base_url, api_key=shared_server.admin_key) as client:
        for trial in sweep.trials():
            run = client.run("", "swept", trial.run_id)
            assert run.sweep == sweep.spec.id
            assert run.state == "finished"
            assert run.config == trial.params
            assert run.summary["loss"] == trial.objective[0]


def test_what_is_set_in_the_summary_and_asked_of_metrics_is_what_counts(tmp_path: Path) -> None:
    program = f"""
import runstone
run = runstone.init(settings={QUIET})
run.define_metric("loss", summary="min")
for value in (3.0, 1.0, 2.0):
    run.log({{"loss": value, "deep/acc": value}})
run.summary["latency"] = 70 + run.config.a * 20
run.finish()
"""
    root = make(tmp_path, program, parameters={"a": {"values": [0, 1]}}, constraints=["latency < 80"])
    runstone("agent", "./shared", folder=tmp_path)
    first, second = open_folder(root).trials()
    assert (first.objective, second.objective) == ([1.0], [1.0])
    assert (first.excess[0] <= 0, second.excess[0] > 0) == (True, True)


def test_trials_are_stopped_early_by_what_their_journals_say(tmp_path: Path) -> None:
    program = f"""
import time, runstone
run = runstone.init(settings={QUIET})
for step in range(600):
    run.log({{"loss": float(run.config.a)}})
    time.sleep(0.05 if run.config.a else 0.0)
run.finish()
"""
    rule = {"type": "asha", "min_iter": 4, "eta": 2}
    root = make(tmp_path, program, parameters={"a": {"values": [0, 1]}}, early_terminate=rule)
    kept = json.loads((root / "sweep.json").read_text())
    (root / "sweep.json").write_text(json.dumps({**kept, "lease_seconds": 3.0}))
    runstone("agent", "./shared", "--grace", "2", folder=tmp_path)
    good, bad = open_folder(root).trials()
    assert good.state == "finished"
    assert (bad.state, bad.verdict["rule"] if bad.verdict else "") == ("pruned", "asha")


def test_a_script_that_fails_is_a_failed_trial_and_want_of_memory_is_told_apart(tmp_path: Path) -> None:
    program = f"""
import sys, runstone
run = runstone.init(settings={QUIET})
if run.config.a:
    raise MemoryError("CUDA out of memory. Tried to allocate 2 GiB")
sys.exit(3)
"""
    root = make(tmp_path, program, parameters={"a": {"values": [0, 1]}})
    runstone("agent", "./shared", folder=tmp_path)
    assert [trial.state for trial in open_folder(root).trials()] == ["failed", "oom"]


def test_scripts_that_use_the_published_client_are_read_too(tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    program = """
import wandb
settings = wandb.Settings(console="off", x_disable_stats=True, disable_git=True, silent=True)
run = wandb.init(settings=settings)
run.define_metric("loss", summary="min")
for value in (3.0, 1.0, 2.0):
    run.log({"loss": run.config.a + value, "deep": {"acc": value}, "text": "x" * 40_000})
run.summary["latency"] = 70 + 20 * run.config.a
run.finish()
"""
    rules = {"constraints": ["latency < 80"], "early_terminate": {"type": "median", "min_iter": 9}}
    root = make(tmp_path, program, parameters={"a": {"values": [0, 1]}}, **rules)
    runstone("agent", "./shared", folder=tmp_path)
    first, second = open_folder(root).trials()
    assert (first.objective, second.objective) == ([1.0], [2.0])
    assert (first.excess[0] <= 0, second.excess[0] > 0) == (True, True)
    log = RunLog(run_folder(root, second.run_id, 1), "loss")
    assert log.read() > 120_000
    assert log.points == [(0, 4.0), (1, 2.0), (2, 3.0)]
    assert log.ended()[:2] == ("finished", 0)
    assert log.summary()["deep"] == {"acc": 2.0}


def test_a_torn_file_of_the_published_client_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    root = make(
        tmp_path,
        "import wandb\n"
        "run = wandb.init(settings=wandb.Settings(console='off', x_disable_stats=True, disable_git=True))\n"
        "[run.log({'loss': float(step)}) for step in range(50)]\nrun.finish()\n",
        parameters={"a": {"values": [0]}},
    )
    runstone("agent", "./shared", folder=tmp_path)
    [trial] = open_folder(root).trials()
    assert trial.objective == [49.0]
    folder = run_folder(root, trial.run_id, 0)
    [path] = folder.glob("wandb/*run-*/*.wandb")
    whole = path.read_bytes()
    counts = []
    for cut in range(0, len(whole), 97):
        path.write_bytes(whole[:cut])
        log = RunLog(folder, "loss")
        log.read()
        assert log.points == [(step, float(step)) for step in range(len(log.points))]
        assert log.ended()[0] is None
        counts.append(len(log.points))
    assert counts == sorted(counts) and counts[-1] > 40


def test_a_training_that_outlives_its_agent_is_not_begun_again(tmp_path: Path) -> None:
    """Its run goes on growing; when it has ended by itself, its result is the trial's."""
    root = make(tmp_path, TRAIN, parameters={"a": {"values": [5]}, "b": {"value": 1}})
    kept = json.loads((root / "sweep.json").read_text())
    (root / "sweep.json").write_text(json.dumps({**kept, "lease_seconds": 60.0}))
    now = [0.0]
    sweep = open_folder(root)
    dead, other = sweep.source(clock=lambda: now[0]), sweep.source(clock=lambda: now[0])
    dead.join(host="h", name="")
    other.join(host="h", name="")
    trial = dead.claim(1).assignments[0]
    program = f"""
import runstone, sys
run = runstone.init(settings={QUIET}, config={{"a": 5, "b": 1}})
for line in sys.stdin:
    run.log({{"loss": 51.0}})
    print(flush=True)
run.finish()
"""
    training = subprocess.Popen(
        [sys.executable, "-c", program],
        env=clean_environment(
            RUNSTONE_DATA=str(tmp_path / "home"),
            RUNSTONE_RUN_ID=trial.run_id,
            **dead.sweep.environment,
            **trial.environment,
        ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert training.stdin and training.stdout
    with training:
        for _ in range(14):  # far longer than a lease, the agent silent all the while
            training.stdin.write("\n")
            training.stdin.flush()
            training.stdout.readline()
            now[0] += 10.0
            other.beat({})
        assert sweep.trials()[0].state == "running"
        assert sweep.trials()[0].attempt == 1
        training.stdin.close()
        assert training.wait(30) == 0
    other.claim(1)
    now[0] += 10.0
    other.claim(1)
    done = sweep.trials()[0]
    assert (done.state, done.objective, done.attempt) == ("finished", [51.0], 1)


def test_a_run_that_never_began_says_nothing(tmp_path: Path) -> None:
    log = RunLog(run_folder(tmp_path, "abc-0", 0), "loss")
    assert log.read() == 0
    assert log.summary() == {}
    assert log.ended() == (None, None, "")
