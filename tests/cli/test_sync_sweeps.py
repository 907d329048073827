"""`runstone sync` of a sweep that ran in a directory: the server then has it, with its trials and runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.rest import new_name
from tests.support.server import RunningServer, clean_environment

from runstone.agents.folder import FolderSweep, create_folder

TRAIN = """
import runstone
run = runstone.init(settings={"system": False, "git": False, "packages": False})
run.log({"loss": run.config.a * 10 + run.config.b})
run.finish()
"""


class Site:
    def __init__(self, server: RunningServer, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.project = new_name("away")
        (folder / "train.py").write_text(TRAIN)
        config = {
            "name": "away",
            "method": "grid",
            "program": "train.py",
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {"a": {"values": [3, 1, 2]}, "b": {"values": [2, 1]}},
        }
        self.sweep: FolderSweep = create_folder(config, folder / "shared", project=self.project)
        key = {"Authorization": f"Bearer {server.admin_key}"}
        self.api = httpx.Client(base_url=f"{server.base_url}/api/v1", headers=key, timeout=30)
        self.path = f"/projects/admin/{self.project}/sweeps/{self.sweep.kept['id']}"

    def told(self, *words: str, status: int = 0) -> list[Any]:
        environment = clean_environment(
            RUNSTONE_DATA=str(self.folder / "home"),
            RUNSTONE_BASE_URL=self.server.base_url,
            RUNSTONE_API_KEY=self.server.admin_key,
            PYTHONPATH=str(Path(__file__).parents[2] / "src"),
        )
        done = subprocess.run(
            [sys.executable, "-m", "runstone.cli", *words],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def agent(self, count: int) -> None:
        self.told("agent", "./shared", "--count", str(count))

    def sync(self, status: int = 0) -> dict[str, Any]:
        told = self.told("sync", "shared", "--json", status=status)
        return next(one for one in told if "sweep" in one)

    def trials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.get(f"{self.path}/trials").json()["trials"]
        return found


@pytest.fixture
def site(shared_server: RunningServer, tmp_path: Path) -> Iterator[Site]:
    made = Site(shared_server, tmp_path)
    with made.api:
        yield made


def test_a_sweep_of_a_directory_is_on_the_server_with_its_trials_and_runs(site: Site) -> None:
    site.agent(2)
    told = site.sync()
    assert (told["sweep"], told["state"], told["message"]) == (site.sweep.kept["id"], "paused", "")
    half = [trial["state"] for trial in site.trials()]
    assert half.count("finished") == 2
    site.agent(10)
    assert site.sync()["state"] == "finished"
    shown = site.api.get(site.path).json()
    assert (shown["state"], shown["name"], shown["best"]) == ("finished", "away", 11.0)
    assert shown["created_at"] == pytest.approx(site.sweep.kept["created_at"])
    trials = site.trials()
    own = site.sweep.trials()
    keys = ("number", "params", "state", "attempt", "objective", "sampler", "created_at", "finished_at")
    for there, here in zip(trials, own, strict=True):
        assert {key: there[key] for key in keys} == {key: getattr(here, key) for key in keys}
        assert there["run"] == here.run_id
        run = site.api.get(f"/projects/admin/{site.project}/runs/{there['run']}").json()
        assert (run["sweep"], run["summary"]["loss"]) == (site.sweep.kept["id"], here.objective[0])
    graph = site.api.get(f"{site.path}/lineage").json()
    assert [edge["kind"] for edge in graph["edges"]].count("best") == 1
    before = (site.api.get(site.path).json()["trials"], trials)
    assert site.sync()["state"] == "finished"  # again changes nothing
    assert (site.api.get(site.path).json()["trials"], site.trials()) == before


def test_once_agents_of_the_server_took_part_the_directory_is_not_taken_any_more(site: Site) -> None:
    site.agent(1)
    site.sync()
    site.api.patch(site.path, json={"state": "running"}).raise_for_status()
    joined = site.api.post(f"{site.path}/agents", json={"host": "h", "name": "h"})
    assert joined.status_code == 201, joined.text
    told = site.sync(status=1)
    assert "goes on at this server" in told["message"]


def test_a_copy_is_refused_where_a_sweep_of_that_id_is_the_servers_own(site: Site) -> None:
    body = {"config": dict(site.sweep.kept["config"]), "id": site.sweep.kept["id"]}
    site.api.put(f"/projects/admin/{site.project}").raise_for_status()
    site.api.post(site.path.rsplit("/", 1)[0], json=body).raise_for_status()
    assert "goes on at this server" in site.sync(status=1)["message"]
