"""upsertBucket: what makes and changes a run."""

from __future__ import annotations

import json

import pytest
from tests.support.wandb_wire import UPSERT, Wire


def test_a_run_is_made_with_its_project_in_the_default_entity(wire: Wire) -> None:
    made = wire.upsert(entity=None, config='{"lr":{"value":0.1}}', host="h", tags=["a"])
    bucket = made["bucket"]
    assert made["inserted"] is True
    assert bucket["project"]["name"] == wire.project
    assert bucket["project"]["entity"]["name"] == wire.entity
    assert bucket["displayName"] and bucket["state"] == "running" and bucket["sweepName"] is None
    assert bucket["historyLineCount"] == 0
    assert wire.upsert()["inserted"] is False


def test_an_empty_entity_is_the_default_one(wire: Wire) -> None:
    assert wire.upsert(entity="")["bucket"]["project"]["entity"]["name"] == wire.entity


def test_nulls_leave_what_is_there(wire: Wire) -> None:
    wire.upsert(tags=["a"], notes="n", displayName="d", groupName="g", config='{"a":{"value":1}}')
    bucket = wire.upsert(config='{"a":{"value":2}}')["bucket"]
    assert (bucket["tags"], bucket["notes"], bucket["displayName"]) == (["a"], "n", "d")
    assert json.loads(bucket["config"])["a"] == {"value": 2}
    assert wire.upsert(tags=[])["bucket"]["tags"] == []


def test_what_the_client_keeps_in_the_config_comes_back_whole(wire: Wire) -> None:
    internal = {
        "t": {"1": [1, 5], "3": [2]},
        "m": [{"1": "a", "6": [3]}],
        "cli_version": "0.31.0",
        "visualize": {"x": {}},
    }
    config = {"a": {"value": None}, "_wandb": {"value": internal}}
    wire.upsert(config=json.dumps(config))
    assert json.loads(wire.run("config")["config"]) == config
    assert json.loads(wire.run('wandbConfig(keys: ["t", "nope"])')["wandbConfig"]) == {"t": internal["t"]}


def test_config_holds_nan_and_big_numbers_and_gives_them_as_words(wire: Wire) -> None:
    wire.upsert(config='{"a":{"value":NaN},"b":{"value":[Infinity,1e400]},"c":{"value":123456789012345678}}')
    found = json.loads(wire.run("config")["config"])
    assert found["a"]["value"] == "NaN" and found["b"]["value"][0] == "Infinity"
    assert found["c"]["value"] == 123456789012345678


def test_an_update_by_an_unknown_id_makes_nothing(wire: Wire) -> None:
    answer = wire.post(UPSERT, {"id": "bm90aGluZw==", "notes": "x"})
    assert answer.status_code == 404 and answer.json()["errors"]
    assert wire.graphql("query Q($p: String) { project(name: $p) { id } }", p=wire.project)["project"] is None


def test_an_update_by_id_does_not_start_the_run_again(wire: Wire) -> None:
    node = wire.upsert()["bucket"]["id"]
    wire.stream({"complete": True, "exitcode": 0})
    bucket = wire.graphql(UPSERT, id=node, summaryMetrics='{"x": 1}', notes="n")["upsertBucket"]["bucket"]
    assert (bucket["state"], bucket["notes"]) == ("finished", "n")
    assert wire.upsert(host="h")["bucket"]["state"] == "running"


def test_bad_config_is_400_and_says_so(wire: Wire) -> None:
    answer = wire.post(UPSERT, {"name": "r", "project": wire.project, "config": "{"})
    assert answer.status_code == 400 and "config is not JSON" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("name", ["a/b", "..", "a?b", "x" * 200, "a\x00b"])
def test_a_run_id_that_is_not_allowed_is_400(wire: Wire, name: str) -> None:
    assert wire.post(UPSERT, {"name": name, "project": wire.project}).status_code == 400


def test_twenty_upserts_of_one_id_at_once_make_one_run(wire: Wire) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(20) as pool:
        made = list(pool.map(lambda n: wire.upsert(config=json.dumps({"n": {"value": n}})), range(20)))
    assert sum(one["inserted"] for one in made) == 1
    assert len({one["bucket"]["id"] for one in made}) == 1


def test_deleting_twice_is_not_an_error(wire: Wire) -> None:
    node = wire.upsert()["bucket"]["id"]
    for _ in range(2):
        wire.graphql("mutation D($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }", id=node)
    assert wire.run("id") is None


def test_only_some_changes_of_state_are_allowed(wire: Wire) -> None:
    node = wire.upsert()["bucket"]["id"]
    mutation = "mutation U($i: UpdateRunStateInput!) { updateRunState(input: $i) { success } }"
    assert wire.graphql(mutation, i={"id": node, "state": "failed"})["updateRunState"]["success"]
    answer = wire.post(mutation, {"i": {"id": node, "state": "failed"}})
    assert answer.status_code == 400 and "invalid state transition" in answer.json()["errors"][0]["message"]
    assert wire.graphql(mutation, i={"id": node, "state": "pending"})["updateRunState"]["success"]
    assert wire.run("state")["state"] == "pending"
    assert wire.post(mutation, {"i": {"id": node, "state": "finished"}}).status_code == 400
