"""What a person types: `wandb login`, and the checks of `wandb verify` that need no sweep."""

from __future__ import annotations

from pathlib import Path

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


def test_the_checks_of_verify_pass(newest: WandbClient) -> None:
    done = newest.run(
        """
        import requests
        from wandb.sdk.verify import verify

        os.environ["WANDB_SILENT"] = "true"
        os.environ["WANDB_PROJECT"] = verify.PROJECT_NAME = "verify"
        host = os.environ["WANDB_BASE_URL"]
        api = wandb.Api()
        put, url = verify.check_graphql_put(api, host)
        verify.check_cors_configuration(url, host)
        verify.check_wandb_version(api)
        result([verify.check_logged_in(api, host), put, verify.check_large_post(), verify.check_run(api),
                verify.check_artifacts()])
        """
    )
    assert done.result == [True, True, True, True, True], done.output
    assert "CORs configuration that" not in done.output
