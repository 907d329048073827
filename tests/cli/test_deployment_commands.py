"""`runstone deployments`, approvals of `runstone registry`: real commands against a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.support.server import RunningServer
from typer.testing import CliRunner

from runstone.cli.main import app
from runstone.client.errors import Invalid, NotFound

Call = Callable[..., Any]
_NUMBERS = count()
KEYS = {name: (name * 40)[:40] for name in ("ann", "bob", "eve")}


@pytest.fixture
def call(shared_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUNSTONE_BASE_URL", shared_server.base_url)

    def run(*arguments: str, status: int = 0, who: str = "", plain: bool = False) -> Any:
        monkeypatch.setenv("RUNSTONE_API_KEY", KEYS[who] if who else shared_server.admin_key)
        done = CliRunner().invoke(app, [*arguments, *([] if plain else ["--json"])])
        assert done.exit_code == status, (done.exit_code, done.output, done.exception)
        return done.output if plain else json.loads(done.stdout or "null")

    return run


@pytest.fixture
def acme(call: Call, shared_server: RunningServer) -> str:
    """An organisation of three members, with a registry whose production takes two of them."""
    acme = f"acme{next(_NUMBERS)}"
    with shared_server.client() as client:
        assert call("registry", "organization", acme)["name"] == acme
        for name, key in KEYS.items():
            client.connection.value("POST", "/admin/users", json={"username": name, "api_key": key})
            client.connection.value(
                "POST", f"/admin/organizations/{acme}/members", json={"username": name, "role": "member"}
            )
    call("registry", "create", "models", "--organization", acme, "--approvals", "2")
    for number in range(2):
        Path("w.safetensors").write_text(f"weights {number}")
        call("artifact", "put", "w.safetensors", "-n", f"{acme}-work/net", "-t", "model")
        call(
            "registry",
            "link",
            f"{acme}-work/net:v{number}",
            f"{acme}/models/net",
            "--allow-unlinked",
            "by hand",
        )
    return acme


def test_two_persons_move_a_protected_alias_to_the_content_they_looked_at(call: Call, acme: str) -> None:
    net = f"{acme}/models/net"
    told = call("registry", "promote", net, "v0", "production", "-r", "x", "--force", status=1, plain=True)
    assert "when 2 persons have approved it" in told
    asked = call(
        "registry", "ask", net, "v0", "production", "-r", "best so far", "--force", "--evidence", "acc=0.9",
        who="ann",
    )  # fmt: skip
    request = str(asked["id"])
    assert (asked["needed"], asked["version"], asked["evidence"]) == (2, "v0", {"acc": 0.9})
    call("registry", "approve", net, request, who="ann", status=3)  # who asks does not approve
    other = call("registry", "approve", net, request, "--sha256", "00", who="bob", status=2, plain=True)
    assert f"is for the content {asked['sha256']}, not 00" in other
    call("registry", "approve", net, "999", who="bob", status=4, plain=True)
    assert (
        call("registry", "approve", net, request, "--sha256", asked["sha256"][:8], who="bob")["state"]
        == "open"
    )
    (waiting,) = call("registry", "approvals", net, "--state", "open", who="eve")
    assert [vote["by"] for vote in waiting["votes"]] == ["bob"]
    assert "has moved" in call("registry", "approve", net, request, who="eve", plain=True)
    (move,) = call("registry", "log", net, "--alias", "production")
    assert (move["to_version"], move["reason"]) == ("v0", "best so far")
    assert move["evidence"]["acc"] == 0.9 and move["evidence"]["approved_by"] == ["bob", "eve"]

    again = str(call("registry", "ask", net, "v1", "production", "-r", "newer", "--force", who="ann")["id"])
    assert call("registry", "reject", net, again, "-c", "too slow", who="bob")["state"] == "rejected"
    call("registry", "approve", net, again, who="eve", status=1)
    assert call("registry", "ls", f"{acme}/models")[0]["aliases"]["production"] == "v0"


def test_what_runs_at_two_sites_is_recorded_compared_and_traced_back(call: Call, acme: str) -> None:
    first = call(
        "deployments",
        "record",
        "berlin",
        f"{acme}/models/net:v0",
        "--name",
        "api",
        "--metadata",
        '{"gpu": 1}',
    )
    assert (first["entity"], first["site"], first["name"], first["alias"]) == (acme, "berlin", "api", "v0")
    call("deployments", "record", "paris", f"{acme}/models/net:v1", "--name", "api")
    call("deployments", "record", "paris", f"{acme}/models/net:v0")
    where = ("--entity", acme)
    differing = {row["name"]: row for row in call("deployments", "diff", "berlin", "paris", *where)}
    assert not differing["api"]["same"] and differing["net"]["berlin"] is None
    assert "DIFFERS" in call("deployments", "diff", "berlin", "paris", *where, plain=True)
    second = call("deployments", "record", "berlin", f"{acme}/models/net:v1", "--name", "api")
    (same,) = [row for row in call("deployments", "diff", "berlin", "paris", *where) if row["name"] == "api"]
    assert same["same"] and same["berlin"]["sha256"] == same["paris"]["sha256"]
    assert [one["id"] for one in call("deployments", "ls", "berlin", *where)] == [second["id"]]
    ever = call("deployments", "ls", "berlin", "--all", *where)
    assert [(one["id"], one["ended_at"] is None) for one in ever] == [
        (second["id"], True),
        (first["id"], False),
    ]

    call("deployments", "predicted", "req-1", "--deployment", str(first["id"]), *where)
    call("deployments", "predicted", "req-1", *where, status=2, plain=True)
    call("deployments", "predicted", "a/b", "--deployment", str(first["id"]), *where, status=1)
    traced = call("trace-back", f"{acme}/req-1", who="eve")
    assert traced["artifact"]["sha256"] == first["sha256"]
    assert call("deployments", "end", str(second["id"]), *where)["ended_at"] > 0
    assert call("deployments", "ls", "berlin", *where) == []


def test_a_run_that_may_not_be_seen_is_told_as_locked_in_a_trace(
    call: Call, acme: str, shared_server: RunningServer
) -> None:
    with shared_server.client() as client:
        client.put_run("", "traced", "train1")
        data = client.artifacts.create("", "traced", name="raw", type="dataset").artifact
        client.artifacts.commit("", "traced", data.id)
        client.artifacts.use("", "traced", "train1", f"@{data.id}")
        made = client.artifacts.create("", "traced", name="traced", type="model", run="train1").artifact
        client.artifacts.commit("", "traced", made.id)
        at = client.registries.in_registry(f"{acme}/models/traced")
        client.artifacts.link("", "traced", f"@{made.id}", at)
        client.deployments.add_prediction(acme, "req-2", version=made.id)
    assert "admin/traced/train1" in call("trace-back", f"{acme}/req-2", plain=True)
    told = call("trace-back", f"{acme}/req-2", plain=True, who="eve")
    assert "train1" not in told and told.count("(locked)") == 2  # the run, and the dataset


def test_a_deployment_of_the_future_is_refused(acme: str, shared_server: RunningServer) -> None:
    with shared_server.client() as client:
        version = client.artifacts.get(acme, "wandb-registry-models", "net:v0")
        milliseconds = time.time() * 1000
        for call in (client.deployments.record, client.deployments.add_prediction):
            kept = {"site": "s", "name": "n", "artifact": f"@{version.id}"}
            wanted = kept if call == client.deployments.record else {"version": version.id}
            with pytest.raises(Invalid, match="give Unix seconds that are not in the future"):
                call(acme, at=milliseconds, **wanted)


def test_a_registry_that_is_not_there_is_not_made_by_a_link(
    call: Call, acme: str, shared_server: RunningServer
) -> None:
    call("registry", "link", f"{acme}-work/net:v0", f"{acme}/nosuch/net", "--allow-unlinked", "x", status=4)
    assert [found["name"] for found in call("registry", "ls", "--organization", acme)] == ["models"]
    with shared_server.client() as client, pytest.raises(NotFound):
        client.project(acme, "wandb-registry-nosuch")
