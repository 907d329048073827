"""Whatever changes an artifact, a collection, a registry or a deployment leaves a row in the audit log.

The routes come from the server's own description: one that is neither shown here to leave a row, nor
named as one that has none to leave, fails the test.
"""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from tests.server.doors.rest.test_rest_registry import Models
from tests.support.artifacts import entry, frames, log_artifact
from tests.support.rest import People, log_run, new_name

OF_ARTIFACTS = re.compile(
    r"/(artifacts|artifact-types|collections|registries|deployments|predictions|uploads|blobs|gc|retention|deletions)\b"
)
# Routes that change nothing anybody answers for, and why.
SILENT = {
    "read_artifact_files": "reads the bytes of many files; its body names them",
    "put_blob": "bytes that no version holds yet",
    "put_blobs": "bytes that no version holds yet",
    "find_blobs": "asks only",
    "begin_upload": "bytes that no version holds yet",
    "append_upload": "bytes that no version holds yet",
    "get_upload_addresses": "bytes that no version holds yet",
    "finish_upload": "bytes that no version holds yet",
    "abort_upload": "bytes that no version holds yet",
    "create_artifact": "a version is answered for by its commit",
    "add_artifact_entries": "a version is answered for by its commit",
    "abandon_artifact": "a version that never was",
    "use_artifact": "an edge of lineage, which is its own record: run, version and time",
    "add_prediction": "an edge of lineage, one for each answer of a deployment",
    "preview_retention": "asks only",
    "preview_deletion": "asks only",
    "cancel_deletion": "shown by tests/server/domain/test_deletions.py, where it is not over at once",
    "undo_deletion": "shown by tests/server/domain/test_deletion_undo.py: here nothing went",
    "ask_approval_from_sweep": "ask_approval with evidence; its own tests show the row",
}


class Watched:
    """Calls, and the rows that each left."""

    def __init__(self, log: httpx.Client) -> None:
        self._log = log
        self.done: set[str] = set()

    def did(self, operation: str, action: str, answer: httpx.Response, *, by: str) -> Any:
        assert answer.is_success, f"{operation}: {answer.text}"
        row = self._log.get("/admin/audit", params={"action": action, "limit": 1}).json()["rows"]
        assert row, f"{operation} left no row {action!r}"
        assert row[0]["by"] == by, f"{operation}: the newest {action!r} is not this one: {row[0]}"
        before, self.seq = getattr(self, "seq", 0), row[0]["seq"]
        assert self.seq > before, f"{operation} left no row {action!r} of its own"
        self.done.add(operation)
        return row[0]


@pytest.fixture
def watched(api: httpx.Client) -> Watched:
    return Watched(api)


def test_every_change_of_artifacts_and_registries_is_in_the_audit_log(
    api: httpx.Client, people: People, org: str, watched: Watched
) -> None:
    member, boss = people.member.api, people.admin.api
    mine, his = people.member.name, people.admin.name
    project = f"/projects/{people.team}/{new_name()}"
    assert member.put(project).status_code == 201
    did = watched.did

    kind = member.put(f"{project}/artifact-types/dataset", json={"description": "rows"})
    did("ensure_artifact_type", "artifact_type.set", kind, by=mine)
    made = member.post(f"{project}/collections", json={"name": "set", "type": "dataset"})
    did("create_collection", "collection.create", made, by=mine)
    changed = member.patch(
        f"{project}/collections/set", json={"description": "better", "tags": ["gold"], "metadata": {"a": 1}}
    )
    row = did("update_collection", "collection.update", changed, by=mine)
    assert row["detail"]["tags"] == [[], ["gold"]]
    assert row["detail"]["metadata"] == {"set": ["a"], "removed": []}

    member.post(f"/entities/{people.team}/blobs", content=frames([b"1,2"])).raise_for_status()
    begun = member.post(f"{project}/artifacts", json={"type": "dataset", "name": "set"}).json()
    place = f"{project}/artifacts/@{begun['artifact']['id']}"
    member.post(f"{place}/entries", json={"entries": [entry("rows.csv", b"1,2")]}).raise_for_status()
    did("commit_artifact", "artifact.commit", member.post(f"{place}/commit"), by=mine)
    body = {"metadata": {"rows": 2}, "add_tags": ["clean"], "ttl_seconds": 86_400}
    row = did("update_artifact", "artifact.update", member.patch(place, json=body), by=mine)
    assert row["detail"]["metadata"]["set"] == ["rows"] and row["detail"]["ttl_seconds"] == [None, 86_400]
    moved = member.post(f"{place}/aliases", json={"add": ["best"], "reason": "checked"})
    did("move_aliases", "alias.move", moved, by=mine)
    gone = member.delete(place, params={"aliases": True})
    did("delete_artifact", "artifact.delete", gone, by=mine)
    did("restore_artifact", "artifact.restore", member.post(f"{place}/restore"), by=mine)
    member.delete(place, params={"aliases": True}).raise_for_status()
    body = {"versions": [begun["artifact"]["id"]]}
    back = member.post(f"{project}/collections/set/versions/restore", json=body)
    did("restore_versions", "artifact.restore", back, by=mine)
    did("delete_collection", "collection.delete", member.delete(f"{project}/collections/set"), by=mine)
    whole = member.post(f"{project}/collections/restore", json={"name": "set"})
    row = did("restore_collection", "collection.restore", whole, by=mine)
    assert row["detail"]["versions"] == 1 and row["detail"]["deleted_by"] == mine
    member.delete(f"{project}/collections/set").raise_for_status()  # for the collection of garbage, below

    rule = {"type": "dataset", "rule": {"last": 2}}
    set_ = boss.put(f"{project}/retention", json=rule)
    did("set_retention", "retention.policy", set_, by=his)
    everywhere = boss.put(f"/entities/{people.team}/retention", json=rule)
    did("set_entity_retention", "retention.policy", everywhere, by=his)
    applied = boss.post(f"{project}/retention/apply")
    did("apply_retention", "deletion.begin", applied, by=his)
    query = {"collection": "nothing-like-it", "reason": "a test"}
    begun = member.post(f"{project}/deletions", json=query)
    did("delete_by_query", "deletion.begin", begun, by=mine)
    cancelled = member.post(f"{project}/deletions/{begun.json()['id']}/cancel")
    assert cancelled.status_code in (200, 409), cancelled.text  # it may be done already

    registries = f"/organizations/{org}/registries"
    name = new_name("reg")
    did("create_registry", "registry.create", boss.post(registries, json={"name": name}), by=his)
    did(
        "update_registry",
        "registry.update",
        boss.patch(f"{registries}/{name}", json={"description": "x"}),
        by=his,
    )
    seat = f"{registries}/{name}/members/{mine}"
    did("set_registry_member", "registry.member", boss.put(seat, json={"role": "admin"}), by=his)
    did("remove_registry_member", "registry.member", boss.delete(seat), by=his)
    did("delete_registry", "registry.delete", boss.delete(f"{registries}/{name}"), by=his)

    models = Models(people, org, approvals_needed=1, default_role="member")
    log_run(member, models.project, "more", {"accuracy": [0.9]})
    extra = log_artifact(member, models.project, "net", {"w": b"more"}, type="model", run="more")
    did("link_artifact", "artifact.link", models.link(boss, extra["id"], force=True, reason="a test"), by=his)
    off = boss.post(f"{models.place}/artifacts/net:v4/unlink", json={"reason": "too early"})
    did("unlink_artifact", "artifact.unlink", off, by=his)
    for version in ("v1", "v2"):
        did("promote_version", "alias.promote", models.promote(boss, version), by=his)
    did("roll_back_version", "alias.rollback", models.rollback(boss), by=his)
    wish = {"version": "v2", "alias": "production", "reason": "passed"}
    asked = member.post(f"{models.collection}/approvals", json=wish)
    did("ask_approval", "approval.ask", asked, by=mine)
    path = f"{models.collection}/approvals/{asked.json()['id']}"
    did("decide_approval", "approval.decide", boss.post(path, json={"approves": True}), by=his)

    where = f"/entities/{people.team}/deployments"
    artifact = f"{org}/wandb-registry-{models.name}/net:v1"
    begun = member.post(where, json={"site": "s", "name": new_name("d"), "artifact": artifact})
    did("record_deployment", "deployment.record", begun, by=mine)
    did("end_deployment", "deployment.end", member.post(f"{where}/{begun.json()['id']}/end"), by=mine)

    collected = api.post("/admin/gc", json={"dry_run": False, "spared_seconds": 0, "trash_seconds": 0})
    did("collect_garbage", "storage.collect", collected, by="admin")

    document = api.get("/openapi.json").json()
    changing = {
        one["operationId"]
        for path, methods in document["paths"].items()
        for method, one in methods.items()
        if method != "get" and OF_ARTIFACTS.search(path)
    }
    assert changing - watched.done - SILENT.keys() == set(), "neither shown to be audited nor excused"
    assert api.get("/admin/audit/verify").json()["ok"]
