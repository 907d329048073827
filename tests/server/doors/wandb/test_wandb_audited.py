"""Whatever a wandb client changes of artifacts, collections and registries leaves a row in the audit log.

The mutations come from the schema: one that is neither shown here to leave a row, nor named as one that
has none to leave, fails the test.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.wandb_artifacts import Artifacts, digest_of
from tests.support.wandb_wire import Wire

OF_ARTIFACTS = re.compile(r"Artifact|Alias|ProjectMember|ProjectTeamMember|Model$|renameProject")
# Mutations that change nothing anybody answers for, and why.
SILENT = {
    "createArtifactManifest": "a version is answered for by its commit",
    "updateArtifactManifest": "a version is answered for by its commit",
    "createArtifactFiles": "bytes that no version holds yet",
    "completeMultipartUploadArtifact": "bytes that no version holds yet",
    "useArtifact": "an edge of lineage, which is its own record: run, version and time",
    "renameProject": "of projects, which this log does not tell of",
}


class Watched:
    """Mutations, and the rows that each left."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.done: set[str] = set()

    def rows(self, **asked: Any) -> list[Mapping[str, Any]]:
        found = self.wire.http.get("/api/v1/admin/audit", params={"limit": 50, **asked}).json()["rows"]
        assert isinstance(found, list)
        return found

    def head(self) -> int:
        rows = self.rows(limit=1)
        return int(rows[0]["seq"]) if rows else 0

    def send(self, mutation: str, given: Mapping[str, Any]) -> dict[str, Any]:
        kind = mutation[0].upper() + mutation[1:] + "Input"
        query = f"mutation M($i: {kind}!) {{ {mutation}(input: $i) {{ __typename }} }}"
        answer: dict[str, Any] = self.wire.post(query, {"i": dict(given)}).json()
        return answer

    def did(self, mutation: str, action: str, **given: Any) -> Mapping[str, Any]:
        before = self.head()
        answer = self.send(mutation, given)
        assert "errors" not in answer, f"{mutation}: {answer}"
        return self.left(mutation, action, before)

    def left(self, mutation: str, action: str, before: int) -> Mapping[str, Any]:
        new = [row for row in self.rows() if row["seq"] > before]
        found = [row for row in new if row["action"] == action]
        assert found, f"{mutation} left no row {action!r}, but {[row['action'] for row in new]}"
        assert {row["by"] for row in new} == {"admin"}
        self.done.add(mutation)
        return found[0]


@pytest.fixture
def watched(wire: Wire) -> Watched:
    return Watched(wire)


def test_every_mutation_of_artifacts_and_registries_is_in_the_audit_log(wire: Wire, watched: Watched) -> None:
    did, artifacts = watched.did, Artifacts(wire)
    place = {"entityName": wire.entity, "projectName": wire.project}
    assert "errors" not in watched.send("upsertModel", {"entityName": wire.entity, "name": wire.project})
    did("createArtifactType", "artifact_type.set", **place, name="dataset", description="rows")

    before = watched.head()
    files = {"a": uuid.uuid4().bytes}
    version = artifacts.log("set", files)["id"]
    watched.left("commitArtifact", "artifact.commit", before)
    artifacts.log("set", {"a": uuid.uuid4().bytes})
    # Content that is there is that version: its aliases move with no commit of its own.
    again = {"artifactTypeName": "dataset", "artifactCollectionName": "set", "digest": digest_of(files)}
    wanted = {
        "aliases": [{"artifactCollectionName": "set", "alias": "best"}],
        "digestAlgorithm": "MANIFEST_MD5",
    }
    row = did("createArtifact", "alias.move", **place, **again, **wanted, enableDigestDeduplication=True)
    assert row["detail"]["set"] == ["best", "latest"] and row["subject"].endswith("/set:v0")

    told = {"description": "x", "metadata": json.dumps({"n": 1}), "ttlDurationSeconds": 86_400}
    row = did("updateArtifact", "artifact.update", artifactID=version, tagsToAdd=[{"tagName": "t"}], **told)
    assert row["detail"]["tags"] == [[], ["t"]] and row["detail"]["metadata"]["set"] == ["n"]
    alias = [{"artifactCollectionName": "set", "alias": "good", **place}]
    did("addAliases", "alias.move", artifactID=version, aliases=alias)
    did("deleteAliases", "alias.move", artifactID=version, aliases=alias)
    tags = {**place, "artifactCollectionName": "set", "tags": [{"tagName": "gold"}]}
    did("createArtifactCollectionTagAssignments", "collection.update", **tags)
    did("deleteArtifactCollectionTagAssignments", "collection.update", **tags)
    did("linkArtifact", "artifact.link", artifactID=version, artifactPortfolioName="shelf", **place)

    def node(name: str) -> str:
        found: str = artifacts.project(f'artifactCollection(name: "{name}") {{ id }}')["artifactCollection"][
            "id"
        ]
        return found

    shelf, sequence = node("shelf"), node("set")
    did("updateArtifactPortfolio", "collection.update", artifactPortfolioID=shelf, description="y")
    did("updateArtifactSequence", "collection.update", artifactSequenceID=sequence, description="z")
    moved = {"artifactSequenceID": sequence, "destinationArtifactTypeName": "table"}
    assert did("moveArtifactSequence", "collection.update", **moved)["detail"]["type"] == ["dataset", "table"]
    did("unlinkArtifact", "artifact.unlink", artifactID=version, artifactPortfolioID=shelf)
    did("deleteArtifactPortfolio", "collection.delete", artifactPortfolioID=shelf)
    did("deleteArtifact", "artifact.delete", artifactID=version, deleteAliases=True)
    did("deleteArtifactSequence", "collection.delete", artifactSequenceID=sequence)

    organization, person = f"org-{uuid.uuid4().hex[:8]}", f"person-{uuid.uuid4().hex[:8]}"
    team = f"team-{uuid.uuid4().hex[:8]}"
    for path, body in (
        ("users", {"username": person}),
        ("organizations", {"name": organization, "owner": "admin"}),
        (f"organizations/{organization}/members", {"username": person, "role": "viewer"}),
        ("teams", {"name": team, "organization": organization, "owner": "admin"}),
    ):
        assert wire.http.post(f"/api/v1/admin/{path}", json=body).is_success, path
    name = "wandb-registry-models"
    did("upsertModel", "registry.create", entityName=organization, name=name, access="PRIVATE")
    did("upsertModel", "registry.update", entityName=organization, name=name, description="all")
    query = """query Q($e: String, $p: String, $u: String!, $t: String!) {
        project(name: $p, entityName: $e) { id } entity(name: $t) { id }
        users(query: $u) { edges { node { id username } } } }"""
    ids = wire.graphql(query, e=organization, p=name, u=person, t=team)
    project, seat = ids["project"]["id"], ids["users"]["edges"][0]["node"]["id"]
    group = ids["entity"]["id"]
    did("createProjectMembers", "registry.member", projectId=project, userIds=[seat], teamIds=[group])
    did("updateProjectMember", "registry.member", projectId=project, userId=seat, userProjectRole="member")
    did(
        "updateProjectTeamMember", "registry.member", projectId=project, teamId=group, teamProjectRole="admin"
    )
    did("deleteProjectMembers", "registry.member", projectId=project, userIds=[seat])
    did("deleteModel", "registry.delete", id=project)

    schema = wire.graphql("{ __schema { mutationType { fields { name } } } }")["__schema"]
    changing = {
        field["name"] for field in schema["mutationType"]["fields"] if OF_ARTIFACTS.search(field["name"])
    }
    assert watched.done <= changing
    assert changing - watched.done - SILENT.keys() == set(), "neither shown to be audited nor excused"
    assert wire.http.get("/api/v1/admin/audit/verify").json()["ok"]
