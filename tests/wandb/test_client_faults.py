"""What becomes of a run when the client, or the server, is killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from tests.support.server import RunningServer, free_port
from tests.support.wandb_clients import RELEASES, WandbClient, end, graphql

from runstone.server.app import build_app
from runstone.server.house import House, open_house
from runstone.server.settings import ServerSettings


class OwnServer(RunningServer):
    """A server in a thread of this process, so that a test can tell its leases what time it is."""

    house: House

    def start(self, *, wait: bool = True) -> RunningServer:
        settings = ServerSettings.load(port=self.port, data=self.data, environ={}, start_uplink=False)
        self.house = open_house(settings)
        key = self.house.domain.accounts.ensure_first_admin(None)
        assert key is not None
        (self.data / "admin.key").write_text(key)
        app, _ = build_app(settings, self.house)
        self.uvicorn = uvicorn.Server(uvicorn.Config(app, port=self.port, log_level="warning"))
        self.thread = threading.Thread(target=self.uvicorn.run, daemon=True)
        self.thread.start()
        deadline = time.monotonic() + 30
        while not self.uvicorn.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
        return self

    def end(self) -> None:
        self.uvicorn.should_exit = True
        self.thread.join(30)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[OwnServer]:
    server = OwnServer(tmp_path / "own", port=free_port())
    server.start()
    yield server
    server.end()


TALKING = """
    run = wandb.init(project="faults", id="victim")
    for n in range(1000):
        run.log({"x": n})
        if n == 20:
            result("logging")
        time.sleep(0.02)
"""

STATE = '{ project(name: "faults") { run(name: "victim") { state historyLineCount eventsLineCount } } }'


@pytest.mark.faults
@pytest.mark.parametrize("release", RELEASES)
def test_a_killed_run_crashes_and_runs_again_when_it_is_resumed(
    own_server: OwnServer, tmp_path: Path, release: str
) -> None:
    client = WandbClient(release, own_server, tmp_path / "work")
    process = client.start(TALKING, env={"STATS": "1"})
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("RESULT"):
                break
    finally:
        end(process)  # with the client's core or service, which would send the rest
    assert graphql(own_server, STATE)["project"]["run"]["state"] == "running"
    own_server.house.domain.leases.expire(now=time.time() + 250)
    assert graphql(own_server, STATE)["project"]["run"]["state"] == "running"
    own_server.house.domain.leases.expire(now=time.time() + 1000)
    assert graphql(own_server, STATE)["project"]["run"]["state"] == "crashed"
    client.run(
        """
        run = wandb.init(project="faults", id="victim", resume="must")
        run.log({"y": 1})
        run.finish()
        """
    )
    assert graphql(own_server, STATE)["project"]["run"]["state"] == "finished"


@pytest.mark.faults
@pytest.mark.slow
def test_a_server_killed_in_the_middle_costs_no_row_and_doubles_none(
    server: RunningServer, tmp_path: Path
) -> None:
    client = WandbClient("0.31.0", server, tmp_path / "work")
    process = client.start(
        """
        run = wandb.init(project="faults", id="victim", settings=wandb.Settings(
            x_file_stream_transmit_interval=0.2))
        result("started")
        for n in range(400):
            run.log({"x": n})
            time.sleep(0.02)
        run.finish()
        """
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("RESULT"):
            break
    for _ in range(3):
        time.sleep(1.2)
        server.kill9()
        server.start()
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    found = client.run(
        """
        run = wandb.Api().run("admin/faults/victim")
        result([run.state, [row["x"] for row in run.scan_history()]])
        """
    ).result
    assert found == ["finished", list(range(400))]
