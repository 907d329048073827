"""`runstone sweep …`, as a person types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.support.server import RunningServer, clean_environment

from runstone.client.sweeps import Sweep

CONFIG = {
    "program": "train.py",
    "method": "grid",
    "name": "a grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.1, 0.2]}, "depth": {"values": [1, 2, 3]}},
}


class Desk:
    """Commands, as typed in one folder by somebody who is signed in."""

    def __init__(self, server: RunningServer, folder: Path) -> None:
        self.folder = folder
        self.env = clean_environment(
            RUNSTONE_BASE_URL=server.base_url,
            RUNSTONE_API_KEY=server.admin_key,
            RUNSTONE_DATA=str(folder / "home"),
        )

    def file(self, config: object, name: str = "sweep.yaml") -> str:
        (self.folder / name).write_text(config if isinstance(config, str) else yaml.safe_dump(config))
        return name

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "runstone.cli", "sweep", *words],
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def json(self, *words: str) -> object:
        done = self.call(*words, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def desk(shared_server: RunningServer, tmp_path: Path) -> Desk:
    return Desk(shared_server, tmp_path)


def test_unknown_keys_are_refused_each_by_name_and_nothing_is_made(desk: Desk) -> None:
    wrong = {**CONFIG, "metod": "grid", "run_capp": 3, "metric": {"name": "loss", "gaol": "minimize"}}
    done = desk.call("create", desk.file(wrong), "--project", "refused")
    assert done.returncode == 2
    assert "metod: unknown key" in done.stderr and "run_cap" in done.stderr
    assert "metric.gaol: unknown key. Did you mean 'goal'?" in done.stderr
    told = desk.call("create", desk.file(wrong), "--json")
    problems = json.loads(told.stdout)["error"]["problems"]
    assert {one["path"] for one in problems} == {"metod", "run_capp", "metric.gaol"}
    listed = desk.call("list", "refused")
    assert listed.returncode == 4  # not even the project


def test_a_file_that_is_none_is_refused(desk: Desk) -> None:
    assert desk.call("create", "absent.yaml").returncode == 2
    assert "no YAML" in desk.call("create", desk.file("a: [1", "torn.yaml")).stderr
    assert "no map" in desk.call("create", desk.file("[1, 2]", "list.yaml")).stderr


def test_preview_shows_the_first_trials_and_makes_nothing_without_any_server(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(CONFIG))
    done = subprocess.run(
        [sys.executable, "-m", "runstone.cli", "sweep", "create", "sweep.yaml", "--preview", "5", "--json"],
        env=clean_environment(RUNSTONE_DATA=str(tmp_path / "home")),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    cells = [(one["params"]["lr"], one["params"]["depth"]) for one in told["proposals"]]
    assert told["expected"] == 6 and len(set(cells)) == 5
    assert all(one["reason"] for one in told["proposals"])


def test_what_preview_shows_is_what_is_tried(desk: Desk, shared_server: RunningServer) -> None:
    config = {**CONFIG, "method": "random", "seed": 7, "parameters": {"x": {"min": 0.0, "max": 1.0}}}
    shown = desk.json("create", desk.file(config), "--preview", "3")
    made = desk.json("create", "sweep.yaml", "--project", "previewed")
    assert isinstance(shown, dict) and isinstance(made, dict)
    with shared_server.client() as client:
        asked = Sweep(made["id"], "previewed", client=client).ask(3)
    assert [one.params for one in asked] == [one["params"] for one in shown["proposals"]]


def test_a_sweep_from_creation_to_its_best(desk: Desk, shared_server: RunningServer) -> None:
    done = desk.call("create", desk.file({**CONFIG, "project": "told"}), "--name", "mine")
    assert done.returncode == 0, done.stderr
    path = done.stdout.strip()
    assert path.count("/") == 2 and "runstone agent " + path in done.stderr
    sweep_id = path.rsplit("/", 1)[1]
    assert desk.call("best", path).returncode == 4  # nothing yet
    with shared_server.client() as client:
        sweep = Sweep(sweep_id, "told", client=client)
        for trial in sweep.ask(4):
            if trial.number == 1:
                trial.tell(state="failed", error="Traceback\nValueError: no luck")
            else:
                trial.tell(trial.params["lr"] * trial.params["depth"])

    (listed,) = desk.json("list", "told")  # type: ignore[misc]
    assert listed["name"] == "mine" and listed["trials"]["finished"] == 3
    assert "4/6" in desk.call("list", "told").stdout
    # By its id alone, by project and id, by its page's address: the same sweep.
    for name in (sweep_id, f"told/{sweep_id}", path, sweep_url(shared_server, path)):
        shown = desk.json("show", name)
        assert isinstance(shown, dict) and shown["id"] == sweep_id
    assert "minimize loss" in desk.call("show", path).stdout

    trials = desk.json("trials", path)
    assert isinstance(trials, list) and [one["number"] for one in trials] == list(range(6))
    assert all(one["reason"] and one["params"] and "objective" in one for one in trials)
    table = desk.call("trials", path, "--state", "failed").stdout
    assert "ValueError: no luck" in table and len(table.splitlines()) == 2

    found = desk.json("best", path, "--best-single")
    assert isinstance(found, dict)
    assert found["combinations"][0]["params"] == {"lr": 0.1, "depth": 1}
    assert "0.1" in desk.call("best", path).stdout
    assert desk.call("pareto", path).returncode == 0
    assert "of the 10" in desk.call("importance", path).stdout  # too few to tell

    assert desk.call("retry", path, "--failed").stdout == "1 trials go back to the queue\n"
    for command, state in (
        ("pause", "paused"),
        ("resume", "running"),
        ("cancel", "cancelled"),
    ):
        done = desk.call(command, path)
        assert done.returncode == 0 and done.stdout.strip() == f"{path} is {state}"
    again = desk.call("resume", path)
    assert again.returncode == 1 and "cancelled" in again.stderr


def test_robust_and_luckiest_differ_where_one_seed_was_lucky(
    desk: Desk, shared_server: RunningServer
) -> None:
    config = {**CONFIG, "repeats": 3, "parameters": {"lr": {"values": ["steady", "lucky"]}}}
    made = desk.json("create", desk.file(config), "--project", "noisy")
    assert isinstance(made, dict)
    losses = {"steady": [0.50, 0.51, 0.52], "lucky": [0.1, 1.5, 1.6]}
    with shared_server.client() as client:
        for trial in Sweep(made["id"], "noisy", client=client).ask(6):
            trial.tell(losses[trial.params["lr"]][trial.trial["repeat"]])
    ranked = {
        way: desk.json("best", made["id"], way)["combinations"][0]["params"]["lr"]  # type: ignore[index]
        for way in ("--robust", "--best-single")
    }
    assert ranked == {"--robust": "steady", "--best-single": "lucky"}


def test_names_that_name_nothing(desk: Desk) -> None:
    assert desk.call("show", "nosuchproject/abc").returncode == 4
    assert desk.call("show", "nosuchsweep").returncode == 4
    for wrong in ("a/b/c/d", "", "https://host/somewhere"):
        assert desk.call("show", wrong).returncode == 2


def sweep_url(server: RunningServer, path: str) -> str:
    entity, project, sweep = path.split("/")
    return f"{server.base_url}/{entity}/{project}/sweeps/{sweep}?view=trials"


def test_the_example_runs_to_its_end_and_shows_the_best(desk: Desk, tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "examples" / "sweep"
    given = yaml.safe_load((folder / "sweep.yaml").read_text()) | {"run_cap": 4}
    (tmp_path / "train.py").write_text((folder / "train.py").read_text())
    done = desk.call("run", desk.file(given), "--agents", "2", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["sweep"]["state"] == "finished" and sum(told["sweep"]["trials"].values()) == 4
    best = told["best"][0]
    assert best["mean"][0] < 2.5  # guessing at random is ln 10
    assert ("momentum" in best["params"]) == (best["params"]["optimizer"] == "sgd")


def test_run_refuses_a_file_without_a_program_before_anything_is_made(desk: Desk) -> None:
    config = {key: value for key, value in CONFIG.items() if key != "program"}
    done = desk.call("run", desk.file(config), "--project", "noprogram")
    assert done.returncode == 2 and "program: train.py" in done.stderr
    assert desk.call("list", "noprogram").returncode == 4
