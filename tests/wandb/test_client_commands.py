"""What a person types: `wandb login` and `wandb verify`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.server import RunningServer
from tests.support.wandb_clients import WandbClient


def test_login_checks_the_key_and_keeps_it(client: WandbClient, shared_server: RunningServer) -> None:
    env = {"WANDB_API_KEY": "", "WANDB_BASE_URL": ""}
    client.command("login", "--relogin", "--host", shared_server.base_url, client.key, env=env)
    kept = Path(client.folder / "netrc").read_text()
    assert client.key in kept and f"127.0.0.1:{shared_server.port}" in kept.replace(
        "127.0.0.1 ", "127.0.0.1:"
    )
    if not client.modern:
        return  # with a requests of today the old one finds no key in netrc where the address has a port
    found = client.run(
        """
        result([wandb.Api().viewer.username, wandb.Api().default_entity])
        """,
        env={"WANDB_API_KEY": ""},
    ).result
    assert found == ["admin", "admin"]


def test_login_refuses_a_wrong_key(newest: WandbClient, shared_server: RunningServer) -> None:
    wrong = "local-" + "x" * 40
    env = {"WANDB_API_KEY": "", "WANDB_BASE_URL": ""}
    done = newest.command("login", "--relogin", "--host", shared_server.base_url, wrong, check=False, env=env)
    assert done.returncode != 0
    assert not (newest.folder / "netrc").exists() or wrong not in (newest.folder / "netrc").read_text()


def test_the_checks_of_verify_pass(client: WandbClient, shared_server: RunningServer) -> None:
    """All that do not ask for https, which a server on the loopback has not."""
    if client.version < (0, 28):
        pytest.skip("verify of an older client has other checks")
    done = client.command("verify", "--host", shared_server.base_url, check=False, timeout=170)
    passed = {line.partition("...")[0] for line in done.output.splitlines() if line.endswith("✅")}
    assert passed >= {
        "Checking if logged in",
        "Checking signed URL upload",
        "Checking ability to send large payloads through proxy",
        "Checking CORs configuration of the bucket",
        "Checking wandb package version is up to date",
        "Checking logged metrics, saving and downloading a file",
        "Checking artifact save and download workflows",
        "Checking sweep creation and agent execution",
    }, done.output
