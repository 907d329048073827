"""V12 over GraphQL: each query and mutation of the schema, tried with the names and ids of somebody
else's things. The schema says what there is to try, and the owner's own answers say which ids, so a
new noun is tried without anybody remembering to."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from graphql import GraphQLNamedType, build_schema
from tests.support.graphql_documents import MISSING, Root, document, roots
from tests.support.rest import People, new_name
from tests.support.server import RunningServer
from tests.support.wandb_artifacts import Artifacts
from tests.support.wandb_wire import Wire, put_files

from runstone.server.doors.wandb import ids
from runstone.server.doors.wandb.gql.schema import schema_text

SCHEMA = build_schema(schema_text())
QUERIES = [root for root in roots(SCHEMA) if root.operation == "query"]
MUTATIONS = [root for root in roots(SCHEMA) if root.operation == "mutation"]

# What only the tenant may read. None of these is in any request of the others.
PLANTED = [
    "planted-config",
    "planted-note",
    "planted-tag",
    "planted-metric",
    "planted-summary",
    "planted-line",
    "planted-words",
    "planted-spec",
    "planted-file",
    "planted-set",
    "planted-said",
    "planted-alias",
    "planted-links",
]
# These change from one moment to the next by themselves, or hold the hour in a signature.
MOVING = {
    "heartbeatAt",
    "updatedAt",
    "lastActive",
    "lastUsedAt",
    "duration",
    "computeSeconds",
    "url",
    "directUrl",
    "uploadUrl",
    "parquetUrls",
    "downloadUrl",
}


class Tenant:
    def __init__(self, server: RunningServer, people: People) -> None:
        self.people = people
        self.wire = Wire(server, new_name("secret"), key=people.member.key)
        self.wire.entity = people.team
        self.run = "one"
        self.build()
        self.ids = sorted(self._crawl())
        self.first = self.snapshot()

    def build(self) -> None:
        wire = self.wire
        wire.upsert(
            self.run,
            entity=wire.entity,
            config=json.dumps({"lr": {"value": "planted-config"}}),
            notes="planted-note",
            tags=["planted-tag"],
            summaryMetrics=json.dumps({"best": "planted-summary"}),
        )
        files = {
            "wandb-history.jsonl": {"offset": 0, "content": ['{"_step": 0, "planted-metric": 1.0}']},
            "output.log": {"offset": 0, "content": ["2024-01-31T09:30:00.000000 planted-line"]},
        }
        assert wire.stream({"files": files}, self.run).status_code == 200
        put_files(wire, {"planted-file.txt": b"x"}, run=self.run)
        wire.graphql(
            "mutation U($i: UpsertModelInput!) { upsertModel(input: $i) { model { id } } }",
            i={"name": wire.project, "entityName": wire.entity, "description": "planted-words"},
        )
        artifacts = Artifacts(wire)
        made = artifacts.log(
            "planted-set",
            {"planted-entry.txt": b"planted-bytes"},
            runName=self.run,
            description="planted-said",
            aliases=[{"artifactCollectionName": "planted-set", "alias": "planted-alias"}],
            clientID="planted-client-id",
        )
        wire.graphql(
            "mutation L($i: LinkArtifactInput!) { linkArtifact(input: $i) { versionIndex } }",
            i={
                "artifactID": made["id"],
                "artifactPortfolioName": "planted-links",
                "entityName": wire.entity,
                "projectName": wire.project,
            },
        )
        wire.graphql(
            "mutation V($i: UpsertViewInput!) { upsertView(input: $i) { view { id } } }",
            i={
                "entityName": wire.entity,
                "projectName": wire.project,
                "type": "runs",
                "displayName": "report",
                "spec": '{"text": "planted-spec"}',
            },
        )

        Artifacts(wire).log(
            "set",
            {"planted-file.csv": b"x"},
            runName=self.run,
            description="planted-artifact",
            metadata='{"k": "planted-metadata"}',
        )
        wire.graphql(
            "mutation S($i: UpsertSweepInput!) { upsertSweep(input: $i) { sweep { name } } }",
            i={
                "entityName": wire.entity,
                "projectName": wire.project,
                "config": "method: grid\nname: planted-sweep\nparameters: {x: {values: [1, 2]}}\n",
            },
        )

    @property
    def names(self) -> list[str]:
        people = self.people
        return [
            self.wire.project,
            self.run,
            people.team,
            people.organization,
            people.member.name,
        ]

    def guide(self, this: str) -> Any:
        """Values for all arguments: what their names say, `this` where they say only `id` or `name`."""
        known = {
            "entityName": self.people.team,
            "entity": self.people.team,
            "teamName": self.people.team,
            "ownerName": self.people.team,
            "organizationName": self.people.organization,
            "projectName": self.wire.project,
            "project": self.wire.project,
            "modelName": self.wire.project,
            "oldProjectName": self.wire.project,
            "runName": self.run,
            "metricName": "_step",
            "state": "running",
            # Below a project, where `name` alone would be any name.
            "Project.run.name": self.run,
            "Project.bucket.name": self.run,
            "Project.artifact.name": "planted-set",
            "Project.artifactType.name": "dataset",
            "Project.artifactCollection.name": "planted-set",
            "Project.artifactCollectionMembership.name": "planted-links:latest",
            "artifactName": "planted-set",
            "artifactCollectionName": "planted-set",
            "artifactPortfolioName": "planted-links",
            "clientID": "planted-client-id",
            "Run.history.samples": 100,
            "Run.events.samples": 100,
            "Run.logLines.last": 100,
        }

        def value(place: str, kind: GraphQLNamedType) -> Any:
            name = place.rpartition(".")[2]
            if place.startswith("!"):
                return {"String": this, "ID": this, "Boolean": False}.get(kind.name, 1)
            if place in known or name in known:
                return known.get(place, known.get(name))
            if kind.name == "ID" or name.lower().endswith(("id", "ids")):
                return this if kind.name in ("ID", "String") else MISSING
            if place.count(".") == 2 and not place.startswith(("Query.", "Mutation.")):
                # Below the root nothing is narrowed down.
                needed = {"name": this, "id": this, "specs": "{}", "liveKeys": "x", "aliasName": "latest"}
                return needed.get(name, MISSING)
            if kind.name in ("JSONString", "JSON"):
                return "{}"
            if name in ("name", "query", "search"):
                return this
            if kind.name == "String":
                return "stolen"
            return 0 if kind.name in ("Int", "Int64", "Float", "Duration") and name != "first" else MISSING

        return value

    def ask(self, root: Root, this: str, *, key: str) -> httpx.Response:
        text, variables = document(SCHEMA, root, self.guide(this))
        return self.post(text, variables, key)

    def post(self, text: str, variables: dict[str, Any], key: str) -> httpx.Response:
        body = {"query": text, "variables": variables}
        return self.wire.http.post("/graphql", json=body, auth=("api", key) if key else None)

    def documents(self, root: Root, these: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """For each of these one, save where it changes nothing."""
        seen = []
        for this in these:
            made = document(SCHEMA, root, self.guide(this))
            if made not in seen:
                seen.append(made)
                yield made

    def _crawl(self) -> set[str]:
        """Every id that the owner is told of."""
        found: set[str] = set()
        for root, name in itertools.product(QUERIES, self.names):
            answer = self.ask(root, name, key=self.people.member.key).json()
            found |= set(_ids(answer.get("data")))
        assert len(found) > 8, self.ask(
            Root("query", "project"), self.names[0], key=self.people.member.key
        ).text[:1500]
        return {one for one in found if not any(word in one for word in PLANTED)}

    def snapshot(self) -> Any:
        """All that GraphQL tells a team's admin of the project, the run, the team and its people."""
        admin = self.people.admin.key
        told = [
            _still(self.ask(Root("query", name), this, key=admin).json().get("data"))
            for name, this in (("project", self.wire.project), ("entity", self.people.team))
        ]
        assert all(told), told
        fields = "notes tags config summaryMetrics state fileCount historyLineCount"
        return [*told, self.wire.run(fields, self.run)]


def _ids(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _ids(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _ids(item, key)
    elif isinstance(value, str) and key.lower().endswith("id") and 0 < len(value) < 1000:
        yield value


def _still(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _still(item) for name, item in value.items() if name not in MOVING}
    if isinstance(value, list):
        return [_still(item) for item in value]
    return value


@pytest.fixture(scope="module")
def tenant(rest: RunningServer, people: People) -> Iterator[Tenant]:
    made = Tenant(rest, people)
    yield made
    made.wire.http.close()


def test_the_owner_is_told_all_of_it(tenant: Tenant) -> None:
    """Otherwise the tests below would prove nothing."""
    told = "".join(
        tenant.ask(root, name, key=tenant.people.member.key).text
        for root, name in itertools.product(QUERIES, tenant.names)
    )
    assert [word for word in PLANTED if word not in told] == []


@pytest.mark.parametrize("root", QUERIES, ids=str)
def test_others_are_told_nothing(tenant: Tenant, root: Root) -> None:
    for key, these in (
        (tenant.people.stranger.key, [*tenant.names, *tenant.ids]),
        ("", [*tenant.names, *tenant.ids[:5]]),
    ):
        for text, variables in tenant.documents(root, these):
            answer = tenant.post(text, variables, key)
            assert answer.status_code < 500, answer.text
            for word in [*PLANTED, f"{tenant.people.member.name}@"]:
                assert word not in answer.text, (root, variables, answer.text)


@pytest.mark.parametrize("root", MUTATIONS, ids=str)
def test_others_change_nothing(tenant: Tenant, root: Root) -> None:
    these = [*tenant.names[:2], *tenant.ids]
    for text, variables in tenant.documents(root, these):
        answer = tenant.post(text, variables, tenant.people.stranger.key)
        assert answer.status_code < 500, answer.text
        for word in PLANTED:
            assert word not in answer.text, (root, variables, answer.text)
    own = ids.member_id(tenant.people.team, tenant.people.viewer.name)  # anybody may leave a team
    for text, variables in tenant.documents(root, [*these[:2], *these[2::3]]):
        if own not in str(variables):
            assert tenant.post(text, variables, tenant.people.viewer.key).status_code < 500
    for text, variables in tenant.documents(root, these[:3]):
        answer = tenant.post(text, variables, "")
        data = answer.json().get("data") or {}
        assert answer.status_code in (401, 403) or data.get(root.name) is None, (root, answer.text)
    assert tenant.snapshot() == tenant.first
