"""What somebody else's sweep would run is asked about before it is run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.server import RunningServer
from tests.support.sweep_agents import SweepDesk, sweep_desk

from runstone.client.sweeps import Sweep

MATE = "m" * 40


@pytest.fixture
def desk(shared_server: RunningServer, tmp_path: Path) -> Iterator[SweepDesk]:
    with httpx.Client(
        base_url=f"{shared_server.base_url}/api/v1/admin",
        headers={"Authorization": f"Bearer {shared_server.admin_key}"},
    ) as admin:
        for path, body in (
            ("/users", {"username": "mate", "api_key": MATE}),
            ("/organizations", {"name": "lab", "owner": "admin"}),
            ("/organizations/lab/members", {"username": "mate", "role": "member"}),
        ):
            assert admin.post(path, json=body).is_success
    with sweep_desk(shared_server, tmp_path, "theirs") as made:
        yield made


def mate(desk: SweepDesk) -> dict[str, str]:
    """Signed in as the other one, from a home of their own."""
    return {
        "RUNSTONE_BASE_URL": desk.server.base_url,
        "RUNSTONE_API_KEY": MATE,
        "RUNSTONE_DATA": str(desk.folder / "home"),
    }


@pytest.mark.parametrize(
    "config",
    [
        {"command": ["sh", "-c", "touch pwned"]},
        {"program": "-c", "command": None, "parameters": {"1;open('pwned','w')#": {"value": 1}}},
        {"program": "/tmp/theirs.py", "command": None},
        {"program": "../theirs.py", "command": None},
    ],
)
def test_a_foreign_command_is_refused_where_nobody_can_be_asked(
    desk: SweepDesk, config: dict[str, Any]
) -> None:
    grid = {"program": "train.py", "method": "grid", "parameters": {"a": {"value": 1}}}
    given = {key: value for key, value in (grid | config).items() if value is not None}
    sweep = Sweep.create("theirs", given, entity="lab", client=desk.client)
    desk.agent(
        sweep, RUNSTONE_BASE_URL=desk.server.base_url, RUNSTONE_API_KEY=MATE, RUNSTONE_DATA=str(desk.folder)
    )
    assert desk.done() == 2
    assert "made by admin" in desk.said() and "--trust" in desk.said()
    assert not (desk.folder / "pwned").exists() and not list(sweep.trials())


def test_with_trust_it_runs_and_a_program_that_lies_here_needs_none(desk: SweepDesk) -> None:
    (desk.folder / "train.py").write_text("open('ran', 'w')\n")
    grid = {"program": "train.py", "method": "grid", "parameters": {"a": {"value": 1}}}
    sweep = Sweep.create("theirs", grid, entity="lab", client=desk.client)
    desk.agent(sweep, **mate(desk))
    assert desk.done() == 0 and (desk.folder / "ran").exists(), desk.said()
    sweep = Sweep.create("theirs", grid | {"command": ["touch", "trusted"]}, entity="lab", client=desk.client)
    desk.agent(sweep, "--trust", **mate(desk))
    assert desk.done() == 0 and (desk.folder / "trusted").exists(), desk.said()
    assert [trial["state"] for trial in sweep.trials()] == ["finished"]
