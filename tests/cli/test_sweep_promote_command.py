"""`runstone sweep promote`: from a sweep to a registry, as a person types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.server.doors.rest.test_rest_sweep_promotion import Swept
from tests.support.rest import new_name
from tests.support.server import RunningServer
from typer.testing import CliRunner

from runstone.cli.main import app

Call = Callable[..., Any]


@pytest.fixture
def call(shared_server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("RUNSTONE_BASE_URL", shared_server.base_url)
    monkeypatch.setenv("RUNSTONE_API_KEY", shared_server.admin_key)

    def run(*arguments: str, status: int = 0, plain: bool = False) -> Any:
        done = CliRunner().invoke(app, [*arguments, *([] if plain else ["--json"])])
        assert done.exit_code == status, (done.exit_code, done.output, done.exception)
        return done if plain else json.loads(done.stdout)

    return run


@pytest.fixture
def api(shared_server: RunningServer) -> Any:
    headers = {"Authorization": f"Bearer {shared_server.admin_key}"}
    with httpx.Client(base_url=f"{shared_server.base_url}/api/v1", headers=headers, timeout=60) as made:
        yield made


@pytest.fixture
def organization(api: httpx.Client) -> str:
    name = new_name("org")
    api.post("/admin/organizations", json={"name": name, "owner": "admin"}).raise_for_status()
    return name


def test_the_best_trial_goes_to_a_registry_and_the_log_names_the_sweep(
    call: Call, api: httpx.Client, organization: str
) -> None:
    swept = Swept(api, "admin", [0.5, 0.2, 0.9])
    sweep = swept.sweep.removeprefix("/projects/").replace("/sweeps/", "/")
    to = f"{organization}/models/asr"
    missing = call("sweep", "promote", sweep, "--to", to, status=4, plain=True)
    assert "has no registry 'models'" in missing.stderr
    call("registry", "create", "models", "--organization", organization)
    shown = call("sweep", "promote", sweep, "--to", to, "--dry-run")
    assert shown["trial"] == 1 and shown["artifacts"][0]["name"] == "net:v1"
    assert call("registry", "ls", f"{organization}/models") == []
    done = call("sweep", "promote", sweep, "--to", to, plain=True)
    assert f"{organization}/wandb-registry-models/asr:candidate is v0" in done.stdout
    assert "best trial, 1 of 3" in done.stdout
    moves = call("registry", "log", to)
    promoted = next(move for move in moves if move["alias"] == "candidate")
    assert promoted["act"] == "promote"
    assert promoted["evidence"]["sweep"] == sweep
    assert promoted["evidence"]["trial"] == 1
    single = call("sweep", "promote", sweep, "--to", to, "--best-single", "--alias", "lucky", "-r", "a try")
    assert single["evidence"]["rule"] == "single"
    log = call("registry", "log", to, "--alias", "lucky")
    assert log[0]["reason"] == "a try"


def test_what_keeps_a_trial_from_being_promoted_is_said_with_the_way_on(
    call: Call, api: httpx.Client, organization: str
) -> None:
    call("registry", "create", "models", "--organization", organization, "--approvals", "1")
    swept = Swept(api, "admin", [0.5, 0.2])
    sweep = swept.sweep.removeprefix("/projects/").replace("/sweeps/", "/")
    to = ("--to", f"{organization}/models/asr")
    waits = call("sweep", "promote", sweep, *to, "--alias", "production", status=1, plain=True)
    assert "Ask for an approval" in waits.stderr
    none = call("sweep", "promote", sweep, *to, "--artifact", "speaker", status=1, plain=True)
    assert "made no artifact called 'speaker'" in none.stderr and "net:v1" in none.stderr
    unknown = call("sweep", "promote", sweep, *to, "--trial", "99", status=4, plain=True)
    assert "no trial 99" in unknown.stderr
