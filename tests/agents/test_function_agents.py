"""`runstone.sweep` and `runstone.agent`: trials as calls of a function, in a process of a test's own."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from tests.support.server import RunningServer

from runstone.client.sweeps import Sweep

BEFORE = """
import json, os, sys, time
import runstone
QUIET = {"console": "off", "silent": True}
QUIET |= dict.fromkeys(["system", "git", "packages", "environment"], False)
CONFIG = {"method": "grid", "metric": {"name": "loss"}, "parameters": {"x": {"values": [1, 2, 3]}}}
"""


class Script:
    def __init__(self, server: RunningServer, folder: Path) -> None:
        self.server = server
        self.folder = folder

    def start(self, text: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", BEFORE + textwrap.dedent(text)],
            cwd=self.folder,
            env=self.server.environment(**env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, text: str, **env: str) -> Any:
        """What the script's last line of output says, as JSON."""
        process = self.start(text, **env)
        said, _ = process.communicate(timeout=90)
        assert process.returncode == 0, said
        return json.loads(said.splitlines()[-1])


@pytest.fixture
def script(shared_server: RunningServer, tmp_path: Path) -> Script:
    return Script(shared_server, tmp_path)


def test_each_trial_is_a_call_with_a_run_of_its_own(script: Script, shared_server: RunningServer) -> None:
    told = script.run(
        """
        seen = []
        def train():
            run = runstone.init(project="ignored", settings=QUIET, config={"x": 0, "own": True})
            seen.append([run.id, run.sweep_id, run.project, run.config.x, run.config.own])
            runstone.log({"loss": run.config.x ** 2})
            if run.config.x == 2:
                raise ValueError("no luck")

        sweep_id = runstone.sweep(CONFIG, project="functions")
        runstone.agent(sweep_id, function=train, project="functions")
        left = [name for name in os.environ if "SWEEP" in name or "RUN_ID" in name]
        print(json.dumps([sweep_id, seen, left, runstone.run.is_finished]))
        """
    )
    sweep_id, seen, left, is_finished = told
    assert [row[1:] for row in seen] == [[sweep_id, "functions", x, True] for x in (1, 2, 3)]
    assert len({row[0] for row in seen}) == 3 and left == [] and is_finished
    with shared_server.client() as client:
        sweep = Sweep(sweep_id, "functions", client=client)
        trials = list(sweep.trials())
        assert [t["state"] for t in trials] == ["finished", "failed", "finished"]
        assert trials[1]["error"] == "ValueError: no luck" and sweep.read()["state"] == "finished"
        assert [t["objective"] for t in trials][::2] == [[1.0], [9.0]]
        states = [client.run("", "functions", t["run"]).state for t in trials]
        assert states == ["finished", "failed", "finished"]


def test_count_is_kept_and_a_sweep_may_be_a_function_with_its_project_inside(script: Script) -> None:
    told = script.run(
        """
        calls = []
        def train():
            with runstone.init(settings=QUIET) as run:
                calls.append(run.project)
                run.log({"loss": 1.0})

        sweep_id = runstone.sweep(lambda: CONFIG | {"project": "inside"})
        runstone.agent(f"inside/{sweep_id}", train, count=2)
        print(json.dumps(calls))
        """
    )
    assert told == ["inside", "inside"]


def test_earlier_runs_teach_the_sweep(script: Script, shared_server: RunningServer) -> None:
    with shared_server.client() as client:
        client.put_run("", "taught", "old", config={"x": 0.5}, summary={"loss": 0.25}, state="finished")
    sweep_id = script.run(
        """
        config = CONFIG | {"method": "bayes", "parameters": {"x": {"min": 0.0, "max": 1.0}}}
        print(json.dumps(runstone.sweep(config, project="taught", prior_runs=["old"])))
        """
    )
    with shared_server.client() as client:
        (old,) = Sweep(sweep_id, "taught", client=client).trials()
        assert old["number"] < 0 and old["objective"] == [0.25]


def test_a_stop_reaches_the_function_and_the_next_trial_begins(
    script: Script, shared_server: RunningServer
) -> None:
    with shared_server.client() as client:
        sweep = Sweep.create(
            "stopped", {"method": "grid", "parameters": {"x": {"values": [1, 2]}}}, client=client
        )
        process = script.start(
            f"""
            def train():
                run = runstone.init(settings=QUIET)
                print("on", run.config.x, flush=True)
                while run.config.x == 1:
                    try:
                        time.sleep(0.02)
                    except Exception:
                        pass

            runstone.agent("stopped/{sweep.id}", train)
            """
        )
        assert process.stdout is not None
        while "on 1" not in process.stdout.readline():
            assert process.poll() is None
        sweep.stop(0, why="enough")
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
        assert [t["state"] for t in sweep.trials()] == ["stopped", "finished"]
        assert next(iter(sweep.trials()))["stop"] == "enough"


def test_an_interrupt_gives_the_trial_back(script: Script, shared_server: RunningServer) -> None:
    with shared_server.client() as client:
        sweep = Sweep.create(
            "interrupted", {"method": "grid", "parameters": {"x": {"values": [1]}}}, client=client
        )
        process = script.start(
            f"""
            def train():
                runstone.init(settings=QUIET)
                raise KeyboardInterrupt

            try:
                runstone.agent("interrupted/{sweep.id}", train)
            except KeyboardInterrupt:
                print("came through", runstone.run.is_finished)
            """
        )
        said, _ = process.communicate(timeout=60)
        assert "came through True" in said
        assert [(t["state"], t["losses"]) for t in sweep.trials()] == [("queued", 0)]


def test_misuse_is_said_where_it_happens(script: Script) -> None:
    told = script.run(
        """
        said = []
        for act in (
            lambda: runstone.agent("nosuch/sweep", print),
            lambda: runstone.agent("a/b/c/d", print),
            lambda: runstone.agent("x", function=3),
            lambda: runstone.sweep({"method": "grid", "parametres": {}}, project="p"),
            lambda: runstone.sweep([1]),
        ):
            try:
                act()
            except runstone.Error as error:
                said.append([type(error).__name__, str(error)])
        print(json.dumps(said))
        """
    )
    kinds = [kind for kind, _ in told]
    assert kinds == ["Error", "UsageError", "UsageError", "Error", "UsageError"]
    assert "parametres" in told[3][1]


def test_importing_the_package_loads_no_agents() -> None:
    heavy = "('runstone.agents', 'runstone.client', 'runstone.search', 'yaml', 'httpx')"
    code = f"import runstone, sys; print([name for name in sys.modules if name.startswith({heavy})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
