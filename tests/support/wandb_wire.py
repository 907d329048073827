"""By hand what a wandb client does: requests of its wire, without the client."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

import httpx
from tests.support.server import RunningServer

UPSERT = """
mutation UpsertBucket($id: String, $name: String, $project: String, $entity: String, $groupName: String,
  $displayName: String, $notes: String, $config: JSONString, $host: String, $program: String,
  $jobType: String, $state: String, $sweep: String, $tags: [String!], $summaryMetrics: JSONString) {
  upsertBucket(input: {id: $id, name: $name, modelName: $project, entityName: $entity, groupName: $groupName,
    displayName: $displayName, notes: $notes, config: $config, host: $host, jobProgram: $program,
    jobType: $jobType, state: $state, sweep: $sweep, tags: $tags, summaryMetrics: $summaryMetrics}) {
    bucket { id name displayName config sweepName tags notes state project { id name entity { id name } }
      historyLineCount }
    inserted
  }
}"""

RESUME = """query RunResumeStatus($project: String, $entity: String, $name: String!) {
  model(name: $project, entityName: $entity) { id name entity { id name }
    bucket(name: $name, missingOk: true) { id name summaryMetrics displayName logLineCount historyLineCount
      eventsLineCount historyTail eventsTail config tags notes wandbConfig(keys: ["t"]) } } }"""

_numbers = itertools.count()


class Wire:
    """By hand what a client does, in one project of its own."""

    def __init__(self, server: RunningServer, project: str = "", *, key: str = "") -> None:
        self.http = httpx.Client(base_url=server.base_url, auth=("api", key or server.admin_key), timeout=30)
        self.project = project or f"p{next(_numbers)}"
        self.entity = self.graphql("{ viewer { entity } }")["viewer"]["entity"]

    def post(self, query: str, variables: Mapping[str, Any] | None = None) -> httpx.Response:
        return self.http.post("/graphql", json={"query": query, "variables": dict(variables or {})})

    def graphql(self, query: str, **variables: Any) -> Any:
        answer = self.post(query, variables)
        assert answer.status_code == 200 and "errors" not in answer.json(), answer.text
        return answer.json()["data"]

    def upsert(self, name: str = "r1", **fields: Any) -> Any:
        return self.graphql(UPSERT, name=name, project=self.project, **fields)["upsertBucket"]

    def stream(self, body: Any, run: str = "r1", **headers: str) -> httpx.Response:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(
            f"/files/{self.entity}/{self.project}/{run}/file_stream", content=sent, headers=headers
        )

    def rows(self, *rows: Mapping[str, Any], offset: int = 0, run: str = "r1", writer: str = "") -> None:
        """`writer`: one of several, as in shared mode."""
        lines = [json.dumps(row) for row in rows]
        headers = (
            {"X-WANDB-ASYNC-CLIENT-ID": writer, "X-WANDB-USE-ASYNC-FILESTREAM": "true"} if writer else {}
        )
        answer = self.stream(
            {"files": {"wandb-history.jsonl": {"offset": offset, "content": lines}}}, run, **headers
        )
        assert answer.status_code == 200, answer.text

    def run(self, fields: str, run: str = "r1", *, declared: str = "", **variables: Any) -> Any:
        """`fields` of a run; `declared` declares the variables they use."""
        query = (
            f"query Q($p: String, $e: String, $r: String! {declared}) {{ "
            f"project(name: $p, entityName: $e) {{ run(name: $r) {{ {fields} }} }} }}"
        )
        return self.graphql(query, p=self.project, e=self.entity, r=run, **variables)["project"]["run"]

    def history(self, run: str = "r1", arguments: str = "(samples: 1000)") -> list[dict[str, Any]]:
        return [json.loads(row) for row in self.run(f"history{arguments}", run)["history"]]


REWIND = """mutation R($run: String!, $entity: String, $project: String, $value: Float!) {
  rewindRun(input: {runName: $run, entityName: $entity, projectName: $project, metricName: "_step",
    metricValue: $value}) {
    rewoundRun { id name historyLineCount config project { name entity { name } } } } }"""

CREATE = """mutation C($e: String!, $p: String!, $r: String!, $f: [String!]!) {
  createRunFiles(input: {entityName: $e, projectName: $p, runName: $r, files: $f}) {
    runID uploadHeaders files { name uploadUrl } } }"""

FILES = """fileCount files(first: 50) {
  edges { node { id name url directUrl sizeBytes md5 mimetype updatedAt } cursor }
  pageInfo { hasNextPage endCursor } }"""


def put_files(wire: Wire, files: Mapping[str, bytes], *, run: str = "r1") -> dict[str, str]:
    made = wire.graphql(CREATE, e=wire.entity, p=wire.project, r=run, f=list(files))["createRunFiles"]
    assert [one["name"] for one in made["files"]] == list(files)
    urls = {one["name"]: one["uploadUrl"] for one in made["files"]}
    for name, url in urls.items():
        answer = httpx.put(url, content=files[name])  # no credentials, as Go clients do
        assert answer.status_code == 200, answer.text
    return urls
