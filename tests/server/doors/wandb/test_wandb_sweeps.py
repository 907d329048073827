"""Sweeps by the wandb wire: what `wandb sweep`, agents and controllers send, by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.support.server import RunningServer
from tests.support.wandb_wire import Wire

UPSERT = """mutation UpsertSweep($id: ID, $config: String, $description: String, $entityName: String,
  $projectName: String, $controller: JSONString, $scheduler: JSONString, $state: String,
  $priorRunsFilters: JSONString, $displayName: String, $launchScheduler: JSONString) {
  upsertSweep(input: {id: $id, config: $config, description: $description, entityName: $entityName,
    projectName: $projectName, controller: $controller, scheduler: $scheduler, state: $state,
    priorRunsFilters: $priorRunsFilters, displayName: $displayName, launchScheduler: $launchScheduler}) {
    sweep { id name state config project { name entity { name } } } configValidationWarnings } }"""
AGENT = """mutation CreateAgent($host: String!, $p: String, $e: String, $sweep: String!) {
  createAgent(input: {host: $host, projectName: $p, entityName: $e, sweep: $sweep}) { agent { id } } }"""
BEAT = """mutation Heartbeat($id: ID!, $metrics: JSONString, $runState: JSONString) {
  agentHeartbeat(input: {id: $id, metrics: $metrics, runState: $runState}) { agent { id } commands } }"""
READ = """query Q($p: String, $e: String, $s: String!, $specs: [JSONString!]!) {
  project(name: $p, entityName: $e) { totalSweeps sweep(sweepName: $s) { id name method state bestLoss
    controller scheduler runCount runCountExpected earlyStopJobRunning priorRuns { edges { node { name } } }
    agents { edges { node { id name host state totalRuns } } }
    runs { edges { node { name state config stopped sampledHistory(specs: $specs) summaryMetrics
      wandbConfig(keys: ["t"]) sweepName } } } } } }"""
GRID: dict[str, Any] = {
    "program": "train.py",
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"values": [1, 2]}, "net": {"parameters": {"depth": {"value": 3}}}},
}


class Sweeping(Wire):
    def sweep(self, config: dict[str, Any], **fields: Any) -> dict[str, Any]:
        found = self.graphql(UPSERT, config=yaml.dump(config), projectName=self.project, **fields)
        return found["upsertSweep"]["sweep"]

    def state(self, sweep: dict[str, Any], state: str) -> dict[str, Any]:
        return self.graphql(UPSERT, id=sweep["id"], state=state)["upsertSweep"]["sweep"]

    def agent(self, sweep: dict[str, Any], host: str = "h") -> str:
        found = self.graphql(AGENT, host=host, p=self.project, e=self.entity, sweep=sweep["name"])
        return found["createAgent"]["agent"]["id"]

    def beat(self, agent: str, *going: str) -> list[dict[str, Any]]:
        told = json.dumps(dict.fromkeys(going, True))
        return json.loads(
            self.graphql(BEAT, id=agent, metrics="{}", runState=told)["agentHeartbeat"]["commands"]
        )

    def read(self, sweep: dict[str, Any]) -> dict[str, Any]:
        place = {"p": self.project, "e": self.entity, "s": sweep["name"]}
        return self.graphql(READ, **place, specs=["{}"])["project"]["sweep"]

    def finish(self, run: str, loss: float, *, code: int = 0) -> None:
        self.upsert(run, host="h", program="train.py")
        summary = {"offset": 0, "content": [json.dumps({"loss": loss})]}
        self.stream({"files": {"wandb-summary.json": summary}}, run)
        self.stream({"complete": True, "exitcode": code}, run)


@pytest.fixture
def w(shared_server: RunningServer) -> Iterator[Sweeping]:
    made = Sweeping(shared_server)
    yield made
    made.http.close()


def test_a_grid_is_handed_out_one_run_at_a_time_and_then_agents_are_told_to_exit(w: Sweeping) -> None:
    sweep = w.sweep(GRID)
    assert sweep["state"] == "PENDING" and sweep["project"]["entity"]["name"] == w.entity
    agent = w.agent(sweep)
    (first,) = w.beat(agent)
    assert first["type"] == "run" and first["program"] == "train.py"
    assert first["args"] == {"x": {"value": 1}, "net": {"value": {"depth": 3}}}
    placeholder = w.read(sweep)["runs"]["edges"][0]["node"]
    assert placeholder["name"] == first["run_id"] and placeholder["state"] == "pending"
    assert "t" not in json.loads(placeholder["wandbConfig"]) and placeholder["sweepName"] == sweep["name"]
    assert json.loads(placeholder["config"])["x"] == {"value": 1}
    assert w.beat(agent, first["run_id"]) == []
    w.finish(first["run_id"], 0.5)
    (second,) = w.beat(agent)
    assert second["args"]["x"] == {"value": 2}
    w.finish(second["run_id"], 0.25)
    assert w.beat(agent) == [{"type": "exit"}]
    found = w.read(sweep)
    assert found["state"] == "FINISHED" and found["runCountExpected"] == 2 and found["bestLoss"] == 0.25
    assert {edge["node"]["state"] for edge in found["runs"]["edges"]} == {"finished"}
    assert found["agents"]["edges"][0]["node"]["totalRuns"] == 2


def test_a_command_whose_answer_was_lost_is_given_again(w: Sweeping) -> None:
    sweep = w.sweep(GRID)
    agent = w.agent(sweep)
    (first,) = w.beat(agent)
    (again,) = w.beat(agent)  # it reports nothing: the command did not arrive
    assert again["args"] == first["args"] and again["run_id"] != first["run_id"]
    # A second time it is a process that dies before its run begins: the trial has failed.
    (other,) = w.beat(agent)
    assert other["args"]["x"] == {"value": 2}


def test_cancel_stops_runs_and_pause_hands_out_none(w: Sweeping) -> None:
    sweep = w.sweep(GRID)
    agent = w.agent(sweep)
    (first,) = w.beat(agent)
    w.upsert(first["run_id"], host="h")
    assert w.state(sweep, "PAUSED")["state"] == "PAUSED"
    assert w.beat(w.agent(sweep)) == []
    assert w.state(sweep, "RUNNING")["state"] == "RUNNING"
    assert w.state(sweep, "CANCELED")["state"] == "CANCELED"
    assert w.beat(agent, first["run_id"]) == [{"type": "stop", "run_id": first["run_id"]}]
    assert w.beat(agent) == [{"type": "exit"}]
    refused = w.post(UPSERT, {"id": sweep["id"], "state": "RUNNING"})
    assert refused.status_code == 400 and "cancelled" in refused.json()["errors"][0]["message"]


def test_a_deleted_sweep_answers_agents_with_404(w: Sweeping, shared_server: RunningServer) -> None:
    sweep = w.sweep(GRID)
    agent = w.agent(sweep)
    path = f"/api/v1/projects/{w.entity}/{w.project}/sweeps/{sweep['name']}"
    headers = {"Authorization": f"Bearer {shared_server.admin_key}"}
    assert w.http.delete(path, headers=headers).status_code == 204
    assert w.post(BEAT, {"id": agent, "runState": "{}"}).status_code == 404
    assert w.post(AGENT, {"host": "h", "p": w.project, "sweep": sweep["name"]}).status_code == 404


def test_wrong_configurations_are_told_by_key_and_unknown_keys_are_warned_of(w: Sweeping) -> None:
    wrong = yaml.dump({"method": "bayes", "parameters": {"x": {"values": []}}})
    answer = w.post(UPSERT, {"config": wrong, "projectName": w.project})
    message = answer.json()["errors"][0]["message"]
    assert answer.status_code == 400 and "parameters.x.values" in message and "metric" in message
    fine = w.graphql(UPSERT, config=yaml.dump({**GRID, "colour": "red"}), projectName=w.project)
    assert "colour" in fine["upsertSweep"]["configValidationWarnings"][0]
    for text in ("a: [", "[1, 2]", "a: &x [1]\nb: *x"):
        assert w.post(UPSERT, {"config": text, "projectName": w.project}).status_code == 400


def test_prior_runs_teach_and_are_listed(w: Sweeping) -> None:
    w.upsert("old", host="h", config=json.dumps({"x": {"value": 2}, "net": {"value": {"depth": 3}}}))
    w.rows({"_step": 0, "loss": 7.0}, run="old")
    w.stream({"complete": True, "exitcode": 0}, "old")
    filters = json.dumps({"$or": [{"name": "old"}]})
    sweep = w.sweep({**GRID, "method": "bayes"}, priorRunsFilters=filters)
    assert [e["node"]["name"] for e in w.read(sweep)["priorRuns"]["edges"]] == ["old"]


def test_a_controller_of_the_client_schedules_and_stops_runs(w: Sweeping) -> None:
    sweep = w.sweep({**GRID, "method": "custom", "controller": {"type": "local"}})
    agent = w.agent(sweep)
    assert w.beat(agent) == []
    args = {"x": {"value": 9}, "net": {"value": {"depth": 3}}}
    controller = {"schedule": [{"id": "s1", "data": {"args": args}}]}
    for _ in range(2):  # sent again it is scheduled once
        w.graphql(UPSERT, id=sweep["id"], controller=json.dumps(controller))
    (scheduled,) = json.loads(w.read(sweep)["scheduler"])["scheduled"]
    assert scheduled["id"] == "s1"
    (command,) = w.beat(agent)
    assert command["run_id"] == scheduled["runid"] and command["args"] == args
    w.upsert(command["run_id"], host="h")
    stop = {"schedule": [], "earlystop": [command["run_id"]]}
    w.graphql(UPSERT, id=sweep["id"], controller=json.dumps(stop))
    assert w.beat(agent, command["run_id"]) == [{"type": "stop", "run_id": command["run_id"]}]
    done = {"schedule": [{"id": "s2", "data": {"args": None}}]}
    w.graphql(UPSERT, id=sweep["id"], controller=json.dumps(done))
    assert w.read(sweep)["state"] == "FINISHED"


def test_a_scheduler_enqueues_runs_of_its_own(w: Sweeping) -> None:
    sweep = w.sweep({**GRID, "method": "custom"})
    made = w.graphql(
        "mutation M($id: ID!, $c: JSONString!) { enqueueSweepRun(input: {id: $id, config: $c, "
        'displayName: "mine"}) { id runQueueItemId } }',
        id=sweep["id"],
        c=json.dumps({"x": 5}),
    )["enqueueSweepRun"]
    (command,) = w.beat(w.agent(sweep))
    assert command["run_id"] == made["id"] and command["args"] == {"x": {"value": 5}}


def test_sweeps_are_listed_filtered_and_counted(w: Sweeping) -> None:
    names = [w.sweep({**GRID, "name": f"s{n}"})["name"] for n in range(3)]
    query = """query Q($p: String!, $f: JSONString, $a: String, $n: Int) { project(name: $p) { totalSweeps
      sweeps(filters: $f, after: $a, first: $n) { edges { node { name displayName } cursor }
      pageInfo { endCursor hasNextPage } } } }"""

    def listed(**given: Any) -> dict[str, Any]:
        return w.graphql(query, p=w.project, **given)["project"]

    first = listed(n=2)
    assert first["totalSweeps"] == 3 and first["sweeps"]["pageInfo"]["hasNextPage"]
    rest = listed(n=2, a=first["sweeps"]["pageInfo"]["endCursor"])
    found = [e["node"]["name"] for page in (first, rest) for e in page["sweeps"]["edges"]]
    assert found == names[::-1]
    only = listed(f=json.dumps({"$or": [{"name": names[1]}, {"state": "FINISHED"}]}))
    assert [e["node"]["name"] for e in only["sweeps"]["edges"]] == [names[1]]
    assert (
        listed(f=json.dumps({"displayName": {"$regex": "s2"}}))["sweeps"]["edges"][0]["node"]["name"]
        == names[2]
    )
    refused = w.post(query, {"p": w.project, "f": '{"colour": 1}'}).json()
    assert "Sweeps have no 'colour'" in refused["errors"][0]["message"]
