"""Two doors move one alias at the same time: it is on one version, and its moves are told whole."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.artifacts import log_artifact
from tests.support.postgres import running_postgres
from tests.support.rest import client
from tests.support.server import RunningServer, running_server
from tests.support.wandb_wire import Wire

pytestmark = [pytest.mark.faults, pytest.mark.slow]

PROJECT = "/projects/admin/p"
VERSIONS = 4
MOVES = 15
ADD = "mutation A($i: AddAliasesInput!) { addAliases(input: $i) { success } }"
IDS = """{ project(name: "p", entityName: "admin") { artifactCollection(name: "set") {
    artifactMemberships { edges { node { versionIndex artifact { id } } } } } } }"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    with contextlib.ExitStack() as closing:
        env = {}
        if request.param == "postgresql":
            url = closing.enter_context(running_postgres()).new_database()
            env = {"RUNSTONE_DATABASE_URL": url, "RUNSTONE_HISTORY_URL": url}
        yield closing.enter_context(running_server(tmp_path, env=env))


def test_writers_by_both_doors_race_for_one_alias(server: RunningServer) -> None:
    with client(server) as api:
        for number in range(VERSIONS):
            log_artifact(api, PROJECT, "set", {"a": b"%d" % number})
        wire = Wire(server, "p")
        found = wire.graphql(IDS)["project"]["artifactCollection"]["artifactMemberships"]["edges"]
        nodes = {edge["node"]["versionIndex"]: edge["node"]["artifact"]["id"] for edge in found}
        wire.http.close()
        begin, over = threading.Barrier(VERSIONS + 1), threading.Event()
        wrong: list[str] = []

        def by_rest(index: int) -> None:
            with client(server) as mine:
                begin.wait()
                for _ in range(MOVES):
                    answer = mine.post(f"{PROJECT}/artifacts/set:v{index}/aliases", json={"add": ["best"]})
                    if answer.status_code != 200:
                        wrong.append(answer.text)

        def by_wandb(index: int) -> None:
            mine = Wire(server, "p")
            alias = {
                "artifactCollectionName": "set",
                "alias": "best",
                "entityName": "admin",
                "projectName": "p",
            }
            begin.wait()
            for _ in range(MOVES):
                answer = mine.post(ADD, {"i": {"artifactID": nodes[index], "aliases": [alias]}})
                if answer.status_code != 200 or "errors" in answer.json():
                    wrong.append(answer.text)
            mine.http.close()

        def look() -> None:
            """At every moment it is on one version at most, and once set never on none."""
            seen = False
            with client(server) as mine:
                begin.wait()
                while not over.is_set():
                    listed = mine.get(f"{PROJECT}/collections/set/versions").json()["versions"]
                    on = [one["version"] for one in listed if "best" in {a["alias"] for a in one["aliases"]}]
                    seen = seen or bool(on)
                    if len(on) != seen:
                        wrong.append(f"best is on {on}")
                    time.sleep(0.005)

        writers = [
            threading.Thread(target=by_rest if number % 2 else by_wandb, args=(number,))
            for number in range(VERSIONS)
        ]
        watcher = threading.Thread(target=look)
        for thread in (*writers, watcher):
            thread.start()
        for thread in writers:
            thread.join()
        over.set()
        watcher.join()
        assert wrong == []
        moves = _moves(api)
        assert moves[0]["from_version"] == ""
        for before, after in itertools.pairwise(moves):
            assert after["from_version"] == before["to_version"], "a move began where the alias was not"
        last = api.get(f"{PROJECT}/artifacts/set:best").json()["version"]
        assert last == moves[-1]["to_version"]
        audited = api.get("/admin/audit", params={"action": "alias.move", "limit": 1000}).json()["rows"]
        assert len(audited) == len(moves)
        assert {move["to_version"] for move in moves} == {f"v{number}" for number in range(VERSIONS)}
        assert api.get("/admin/audit/verify").json()["ok"]


def _moves(api: httpx.Client) -> list[dict[str, str]]:
    """The oldest first."""
    asked = {"alias": "best", "limit": 1000}
    told = api.get(f"{PROJECT}/collections/set/log", params=asked).json()["moves"]
    return list(reversed(told))
