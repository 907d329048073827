"""What the pages for operators and API users say is there is there, and all of it."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import typer.main
from tests.support.server import RunningServer

from runstone.cli.main import app
from runstone.server import settings

DOCS = Path(__file__).parents[2] / "docs"


def test_every_setting_of_the_server_is_named_in_the_deployment_page() -> None:
    page = (DOCS / "deploy.md").read_text()
    known = set(re.findall(r'"(RUNSTONE_[A-Z_]+)"', Path(settings.__file__).read_text()))
    assert len(known) > 10
    assert {name for name in known if f"`{name}`" not in page} == set()
    named = set(re.findall(r"`(RUNSTONE_[A-Z_]+)`", page))
    assert named - known == set()


def test_every_option_of_the_command_is_named_in_the_deployment_page() -> None:
    page = (DOCS / "deploy.md").read_text()
    command = typer.main.get_command(app).get_command(None, "server")  # type: ignore[attr-defined,arg-type]
    options = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert "--data" in options
    missing = {option for option in options if option.startswith("--") and f"`{option}`" not in page}
    assert missing <= {"--help", "--no-access-log"}


def test_every_route_is_named_in_the_api_page(shared_server: RunningServer) -> None:
    page = (DOCS / "api.md").read_text()
    document = httpx.get(shared_server.base_url + "/api/v1/openapi.json").json()
    routes = {
        f"| {method.upper()} | `{path.removeprefix('/api/v1')}` | {operation['x-needs'].replace('_', ' ')} |"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert {route for route in routes if route not in page} == set()
    named = set(re.findall(r"^\| [A-Z]+ \| `/[^`]*` \| [a-z ]+ \|", page, re.MULTILINE))
    assert named - routes == set()
