"""What a person types: `wandb login` and `wandb verify`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.server import RunningServer, certificate, running_server
from tests.support.wandb_clients import NEWEST, WandbClient


def test_login_checks_the_key_and_keeps_it(client: WandbClient, shared_server: RunningServer) -> None:
    env = {"WANDB_API_KEY": "", "WANDB_BASE_URL": ""}
    client.command("login", "--relogin", "--host", shared_server.base_url, client.key, env=env)
    kept = Path(client.folder / "netrc").read_text()
    # Those up to 0.18 leave the port out of the machine's name.
    machine = "127.0.0.1" if client.version < (0, 19) else f"127.0.0.1:{shared_server.port}"
    assert client.key in kept and f"machine {machine}\n" in kept
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


def test_every_check_of_verify_passes_where_the_server_answers_https(
    client: WandbClient, tmp_path: Path
) -> None:
    if client.version < (0, 28):
        pytest.skip("verify of an older client has other checks")
    tls = certificate(tmp_path)
    # Python's clients and the compiled core look for whom to trust in different places.
    trust = {"SSL_CERT_FILE": str(tls.certificate), "REQUESTS_CA_BUNDLE": str(tls.certificate)}
    with running_server(tmp_path, tls=tls) as server:
        own = WandbClient(client.release, server, tmp_path / "verify", python=client.python)
        done = own.command("verify", "--host", server.base_url, check=False, timeout=170, env=trust)
    # "Checking …......✅", or ❌ with what was not right below it
    checks = {
        line.partition("...")[0]: line[-1]
        for line in done.output.splitlines()
        if "..." in line and line[-1] in "✅❌"
    }
    assert set(checks.values()) == {"✅"} and len(checks) >= 10, done.output
    assert client.release != NEWEST or "Checking sweep creation and agent execution" in checks
    assert done.returncode == 0
