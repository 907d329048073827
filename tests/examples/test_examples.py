"""Every script under examples/ runs as its first lines say, against a real server, and leaves what it
promises."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.server import RunningServer, clean_environment, running_server
from tests.support.written_runs import end_uplinks

from runstone.client.api import Api

EXAMPLES = Path(__file__).parents[2] / "examples"
HELPERS = {"prompt_sweep/stub_model.py"}  # started by others


def found() -> list[str]:
    names = {path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.py")}
    return sorted(names - HELPERS)


@dataclass
class Place:
    """A server, and a home and folder of one script's own."""

    server: RunningServer
    folder: Path

    def run(self, example: str, *arguments: str, **environ: str) -> str:
        """What it printed."""
        environment = {
            "RUNSTONE_DATA": str(self.folder / "home"),
            "RUNSTONE_BASE_URL": self.server.base_url,
            "RUNSTONE_API_KEY": self.server.admin_key,
            "WANDB_BASE_URL": self.server.base_url,
            "WANDB_API_KEY": self.server.admin_key,
            "WANDB_DIR": str(self.folder),
            "WANDB_ERROR_REPORTING": "false",
            **environ,
        }
        done = subprocess.run(
            [sys.executable, str(EXAMPLES / example), *arguments],
            env=clean_environment(**{name: value for name, value in environment.items() if value}),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=170,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def api(self) -> Api:
        return Api(self.server.base_url, self.server.admin_key)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Fresh, as after the first start: no organisation is there, and the admin's key alone."""
    with running_server(tmp_path_factory.mktemp("examples")) as made:
        yield made


@pytest.fixture
def place(server: RunningServer, tmp_path: Path) -> Iterator[Place]:
    yield Place(server, tmp_path)
    end_uplinks(tmp_path / "home")


def quickstart(place: Place) -> None:
    place.run("quickstart.py")
    with place.api() as api:
        (run,) = api.runs("quickstart")
        assert run.state == "finished" and 0.9 < run.summary["accuracy"]["max"] <= 1


def digits(place: Place) -> None:
    for client in ("runstone", "wandb"):
        place.run("digits.py", "--client", client, "--epochs", "3")
    with place.api() as api:
        runs = {run.config["client"]: run for run in api.runs("digits")}
        assert sorted(runs) == ["runstone", "wandb"]
        for run in runs.values():
            assert run.state == "finished" and run.summary["val/accuracy"]["max"] > 0.7


def artifacts(place: Place) -> None:
    place.run("artifacts.py", RUNSTONE_MODE="offline", RUNSTONE_BASE_URL="", RUNSTONE_API_KEY="")
    with place.api() as api:
        assert "artifacts-example" not in [one.name for one in api.projects("admin")]
        told = place.run("artifacts.py")
        assert "which digits-model:v0 has never seen" in told and "production is v0" in told
        model = api.artifact("example-org/wandb-registry-example-models/digits:production")
        at = api.client.registries.in_registry("example-org/example-models/digits")
        move = next(iter(api.client.registries.log(at, alias="production")))
        assert move.act == "promote" and move.evidence["accuracy"] > 0.9
        evaluation = api.run(move.evidence["run"])
        assert evaluation.summary["accuracy"] == pytest.approx(move.evidence["accuracy"], abs=1e-4)
        assert sorted(one.name for one in evaluation.used_artifacts()) == [
            "digits-held-out:v0",
            "digits-model:v0",
        ]
        maker = model.logged_by()
        assert maker is not None and [one.name for one in maker.used_artifacts()] == ["digits-train:v0"]
        assert model.facts["roles"]["missing"] == ["evaluation"] and model.facts["roles"]["pickles"] == []
        again = place.run("artifacts.py", "-C", "0.01")  # another model, the same data
        assert "digits:production is v1" in again
        assert api.artifact("artifacts-example/digits-train:latest").version == "v0"


def own_strategy(place: Place) -> None:
    assert float(place.run("own_strategy.py").rpartition(":")[2]) < 5  # from 5 at the beginning


def prompt_sweep(place: Place) -> None:
    told = place.run("prompt_sweep/evaluate.py").splitlines()
    assert len(told) == 1 + 18 and told[1].split()[:2] == ["steps", "two"]


def sweep(place: Place) -> None:
    place.run("sweep/train.py")
    with place.api() as api:
        (run,) = api.runs("digits-sweep")
        assert run.state == "finished" and run.summary["loss"] < 2


def demo(place: Place) -> None:
    told = place.run("demo.py", DEMO_EXIT="1", RUNSTONE_BASE_URL="", RUNSTONE_API_KEY="")
    assert "6 runs by both clients are on the server." in told


CHECKS: dict[str, Callable[[Place], None]] = {
    "artifacts.py": artifacts,
    "demo.py": demo,
    "digits.py": digits,
    "own_strategy.py": own_strategy,
    "prompt_sweep/evaluate.py": prompt_sweep,
    "quickstart.py": quickstart,
    "sweep/train.py": sweep,
}


@pytest.mark.slow
@pytest.mark.parametrize("example", found())
def test_the_example_runs_and_leaves_what_it_promises(example: str, place: Place) -> None:
    assert example in CHECKS, f"Say here what {example} leaves behind."
    CHECKS[example](place)


def test_examples_that_are_gone_are_not_asked_for() -> None:
    assert set(CHECKS) == set(found())
