"""Registries through the native API: roles, promotion and the way back, approvals, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.support.artifacts import log_artifact
from tests.support.rest import People, log_run, new_name


class Models:
    """A registry with a collection, and models of a team's project, each of a run with an input."""

    def __init__(self, people: People, org: str, **rules: Any) -> None:
        self.people, self.org = people, org
        self.name = new_name("reg")
        made = people.admin.api.post(f"/organizations/{org}/registries", json={"name": self.name, **rules})
        assert made.status_code == 201, made.text
        self.place = f"/projects/{org}/wandb-registry-{self.name}"
        self.collection = f"{self.place}/collections/net"
        self.project = f"/projects/{people.team}/{new_name()}"
        api = people.member.api
        assert api.put(self.project).status_code == 201
        log_artifact(api, self.project, "data", {"rows.csv": b"1,2"})
        self.versions = []
        for number in range(4):
            run = f"train{number}"
            log_run(api, self.project, run, {"accuracy": [0.5 + number / 10]})
            api.post(f"{self.project}/runs/{run}/artifacts", json={"artifact": "data"})
            model = log_artifact(api, self.project, "net", {"w": b"%d" % number}, type="model", run=run)
            self.versions.append(model)
            linked = self.link(people.admin.api, model["id"])
            assert linked.status_code == 201, linked.text

    def link(self, api: httpx.Client, version_id: int, **wanted: Any) -> httpx.Response:
        body = {
            "entity": self.org,
            "project": f"wandb-registry-{self.name}",
            "collection": "net",
            **wanted,
        }
        return api.post(f"{self.project}/artifacts/@{version_id}/links", json=body)

    def promote(self, api: httpx.Client, version: str, alias: str = "staging") -> httpx.Response:
        body = {"version": version, "alias": alias, "reason": f"{version} is better"}
        return api.post(f"{self.collection}/promote", json=body)

    def rollback(self, api: httpx.Client, alias: str = "staging") -> httpx.Response:
        return api.post(f"{self.collection}/rollback", json={"alias": alias, "reason": "worse in use"})

    def at(self, alias: str = "staging") -> str:
        answer = self.people.admin.api.get(f"{self.place}/artifacts/net:{alias}")
        return str(answer.json()["version"])


@pytest.fixture
def models(people: People, org: str) -> Iterator[Models]:
    yield Models(people, org)


def test_a_linked_version_has_a_number_and_aliases_of_the_registry(models: Models) -> None:
    api = models.people.viewer.api
    listed = api.get(f"{models.collection}/versions").json()["versions"]
    assert [one["version"] for one in listed] == ["v3", "v2", "v1", "v0"]
    assert listed[0]["id"] == models.versions[3]["id"]
    assert listed[0]["source"].endswith("/net:v3")
    assert models.at("latest") == "v3"
    assert api.get(f"{models.place}/artifacts/net:v1/files/w").content == b"1"


def test_rolling_back_twice_goes_one_further_back(models: Models) -> None:
    api = models.people.member.api
    for version in ("v0", "v1", "v2"):
        assert models.promote(api, version).status_code == 200
    assert models.rollback(api).json()["version"] == "v1"
    assert models.rollback(api).json()["version"] == "v0"
    assert models.rollback(api).status_code == 409
    assert models.promote(api, "v3").json()["version"] == "v3"
    assert models.rollback(api).json()["version"] == "v0"  # v1 and v2 had proved bad
    moves = api.get(f"{models.collection}/log?alias=staging").json()["moves"]
    told = [(move["act"], move["from_version"], move["to_version"]) for move in reversed(moves)]
    assert told == [
        ("promote", "", "v0"),
        ("promote", "v0", "v1"),
        ("promote", "v1", "v2"),
        ("rollback", "v2", "v1"),
        ("rollback", "v1", "v0"),
        ("promote", "v0", "v3"),
        ("rollback", "v3", "v0"),
    ]
    assert {move["by"] for move in moves} == {models.people.member.name}
    assert moves[0]["reason"] == "worse in use"


def test_a_deleted_version_is_not_rolled_back_to(models: Models) -> None:
    api = models.people.member.api
    for version in ("v0", "v1", "v2"):
        models.promote(api, version)
    gone = api.delete(f"{models.project}/artifacts/net:v1?aliases=true")
    assert gone.status_code == 204, gone.text
    assert models.rollback(api).json()["version"] == "v0"


def test_a_promotion_needs_a_reason(models: Models) -> None:
    body = {"version": "v1", "alias": "staging", "reason": " "}
    assert models.people.member.api.post(f"{models.collection}/promote", json=body).status_code == 400


def test_a_protected_alias_is_moved_by_admins_of_the_registry_only(models: Models) -> None:
    member, admin = models.people.member.api, models.people.admin.api
    assert models.promote(member, "v1", "production").status_code == 403
    moved = member.post(f"{models.place}/artifacts/net:v1/aliases", json={"add": ["production"]})
    assert moved.status_code == 403
    assert models.promote(admin, "v1", "production").status_code == 200
    assert models.rollback(member, "production").status_code == 403
    taken = member.post(f"{models.place}/artifacts/net:v1/aliases", json={"remove": ["production"]})
    assert taken.status_code == 403
    assert models.at("production") == "v1"


def test_a_model_without_a_past_is_not_registered_unless_forced_with_a_reason(models: Models) -> None:
    api = models.people.member.api
    bare = log_artifact(api, models.project, "bare", {"w": b"from nowhere"}, type="model")
    refused = models.link(api, bare["id"], collection="bare")
    assert refused.status_code == 409 and "no run made it" in refused.json()["error"]["message"]
    assert models.link(api, bare["id"], collection="bare", force=True).status_code == 409
    forced = models.link(api, bare["id"], collection="bare", force=True, reason="bought in")
    assert forced.status_code == 201, forced.text


def test_a_registry_takes_only_its_types(people: People, org: str) -> None:
    models = Models(people, org, artifact_types=["model"])
    data = people.member.api.get(f"{models.project}/artifacts/data").json()
    refused = models.link(people.member.api, data["id"], collection="data")
    assert refused.status_code == 400 and "takes model" in refused.json()["error"]["message"]


def test_roles_of_a_registry_are_its_own(people: People, org: str) -> None:
    models = Models(people, org, default_role="viewer", visibility="organization")
    viewer, member, admin = people.viewer.api, people.member.api, people.admin.api
    place = f"/organizations/{org}/registries/{models.name}"
    assert models.promote(viewer, "v1").status_code == 403
    assert viewer.get(place).status_code == 200
    assert people.stranger.api.get(place).status_code == 404
    changed = {"visibility": "restricted"}
    assert member.patch(place, json=changed).status_code == 403
    assert admin.patch(place, json=changed).status_code == 200
    assert viewer.get(place).status_code == 404
    assert viewer.get(models.place).status_code == 404
    assert viewer.get(f"{models.place}/artifacts/net").status_code == 404
    assert models.name not in viewer.get(f"/organizations/{org}/registries").text
    role = {"role": "restricted_viewer"}
    assert admin.put(f"{place}/members/{people.viewer.name}", json=role).status_code == 204
    assert viewer.get(f"{models.place}/artifacts/net").status_code == 200
    assert admin.put(f"{place}/members/{people.viewer.name}", json={"role": "member"}).status_code == 204
    assert models.promote(viewer, "v1").status_code == 200
    assert admin.delete(f"{place}/members/{people.viewer.name}").status_code == 204
    assert viewer.get(place).status_code == 404


def test_a_restricted_viewer_sees_what_there_is_but_no_bytes(people: People, org: str) -> None:
    models = Models(people, org, visibility="restricted")
    place = f"/organizations/{org}/registries/{models.name}"
    outsider = people.stranger  # brought into the organisation, not into the team
    admin = people.admin.api
    admin.put(f"/entities/{org}/members/{outsider.name}", json={"role": "viewer"})
    try:
        role = {"role": "restricted_viewer"}
        assert admin.put(f"{place}/members/{outsider.name}", json=role).status_code == 204
        assert outsider.api.get(f"{models.place}/artifacts/net").status_code == 200
        assert outsider.api.get(f"{models.place}/artifacts/net/files/w").status_code == 404
        together, asked = f"{models.place}/artifacts/net/files/read", {"paths": ["w"]}
        assert outsider.api.post(together, json=asked).status_code == 404
        admin.put(f"{place}/members/{outsider.name}", json={"role": "viewer"})
        assert outsider.api.get(f"{models.place}/artifacts/net/files/w").status_code == 200
        assert outsider.api.post(together, json=asked).status_code == 200
        # Where it was made is still not theirs to see.
        assert outsider.api.get(f"{models.project}/artifacts/net").status_code == 404
    finally:
        admin.delete(f"/entities/{org}/members/{outsider.name}")


def test_two_persons_approve_what_they_looked_at(people: People, org: str) -> None:
    models = Models(people, org, approvals_needed=1, default_role="member")
    member, admin = people.member.api, people.admin.api
    assert models.promote(admin, "v1", "production").status_code == 409
    asked = member.post(
        f"{models.collection}/approvals",
        json={"version": "v2", "alias": "production", "reason": "passed all suites"},
    )
    assert asked.status_code == 201, asked.text
    request = asked.json()
    path = f"{models.collection}/approvals/{request['id']}"
    assert member.post(path, json={"approves": True}).status_code == 403  # one's own
    other = {"approves": True, "sha256": "0" * 64}
    assert admin.post(path, json=other).status_code == 409  # looked at something else
    done = admin.post(path, json={"approves": True, "sha256": request["sha256"]})
    assert done.status_code == 200 and done.json()["state"] == "done", done.text
    assert models.at("production") == "v2"
    assert admin.post(path, json={"approves": True}).status_code == 409
    move = admin.get(f"{models.collection}/log?alias=production").json()["moves"][0]
    assert move["evidence"]["approved_by"] == [people.admin.name]
    again = {"version": "v3", "alias": "production", "reason": "faster"}
    request = member.post(f"{models.collection}/approvals", json=again).json()
    path = f"{models.collection}/approvals/{request['id']}"
    rejected = admin.post(path, json={"approves": False, "comment": "too slow"}).json()
    assert rejected["state"] == "rejected"
    assert models.at("production") == "v2"


def test_what_speaks_for_a_request_is_shown_to_who_decides_and_kept_with_the_move(
    people: People, org: str
) -> None:
    models = Models(people, org, approvals_needed=1, default_role="member")
    member, admin = people.member.api, people.admin.api
    gate = {"kind": "gate", "gate": "asr/nightly", "wer": 0.071, "limit": {"wer": 0.08}}
    wanted = {"version": "v2", "alias": "production", "reason": "passed", "evidence": gate}
    asked = member.post(f"{models.collection}/approvals", json=wanted)
    assert asked.status_code == 201 and asked.json()["evidence"] == gate, asked.text
    seen = admin.get(f"{models.collection}/approvals?state=open").json()["approvals"][0]
    assert seen["evidence"] == gate
    admin.post(f"{models.collection}/approvals/{seen['id']}", json={"approves": True}).raise_for_status()
    move = admin.get(f"{models.collection}/log?alias=production").json()["moves"][0]
    assert move["evidence"] == {
        **gate,
        "approval": seen["id"],
        "approved_by": [people.admin.name],
        "sha256": seen["sha256"],
    }


@pytest.mark.parametrize("act", ["promote", "approvals"])
def test_nobody_speaks_for_a_sweep_but_the_server(people: People, org: str, act: str) -> None:
    models = Models(people, org, approvals_needed=1, default_role="member")
    forged = {"kind": "sweep", "sweep": f"{people.team}/p/s1", "trial": 1, "rank": 1, "of": 999}
    wanted = {"version": "v2", "alias": "production", "reason": "the best", "evidence": forged}
    answer = people.member.api.post(f"{models.collection}/{act}", json=wanted)
    assert answer.status_code == 400 and "made by the server" in answer.json()["error"]["message"]


def test_two_versions_are_compared_by_the_runs_that_made_them(models: Models) -> None:
    found = models.people.member.api.get(f"{models.place}/artifacts/net:v3/compare?baseline=net:v1").json()
    metrics = {one["name"]: one for one in found["metrics"]}
    assert metrics["accuracy"]["delta"] == pytest.approx(0.2)
    assert found["files"] == {"added": 0, "removed": 0, "changed": 1}
    assert not found["same_content"]


def test_deployments_and_predictions_are_kept(models: Models) -> None:
    api, team = models.people.member.api, models.people.team
    artifact = f"{models.org}/wandb-registry-{models.name}/net:v1"
    body = {"site": "berlin", "name": "asr", "artifact": artifact}
    first = api.post(f"/entities/{team}/deployments", json=body).json()
    second = api.post(
        f"/entities/{team}/deployments", json={**body, "artifact": artifact.replace("v1", "v2")}
    ).json()
    listed = api.get(f"/entities/{team}/deployments?site=berlin").json()["deployments"]
    assert [(one["id"], one["ended_at"] is None) for one in listed] == [
        (second["id"], True),
        (first["id"], False),
    ]
    assert second["sha256"] == models.versions[2]["sha256"]
    said = {"id": new_name("pred"), "deployment_id": second["id"]}
    made = api.post(f"/entities/{team}/predictions", json=said)
    assert made.status_code == 201 and made.json()["version_id"] == models.versions[2]["id"]
    assert api.post(f"/entities/{team}/predictions", json=said).json() == made.json()


def test_what_stands_under_each_alias_is_told_and_moves_without_one(
    api: httpx.Client, people: People, org: str
) -> None:
    models = Models(people, org)
    admin = people.admin.api
    assert models.promote(admin, "v1", "production").is_success
    found = admin.get(f"{models.collection}/aliases").json()["aliases"]
    standing = {one["alias"]: one["version"] for one in found}
    assert standing["production"] == "v1" and [one["alias"] for one in found] == sorted(standing)
    digests = {one["alias"]: one["sha256"] for one in found}
    version = admin.get(f"{models.place}/artifacts/net:v1").json()
    assert digests["production"] == version["sha256"] and len(version["sha256"]) == 64
    assert len(admin.get(f"{models.collection}/aliases?limit=1").json()["aliases"]) == 1
    whole = admin.get(f"{models.collection}/log").json()["moves"]
    for asked in ({}, {"without": "latest"}, {"alias": "latest"}):
        listed = admin.get(f"{models.collection}/log", params=asked).json()["moves"]
        for skip in range(len(listed) + 2):
            place = {**asked, "skip": skip, "limit": 2, "count": True}
            found = admin.get(f"{models.collection}/log", params=place).json()
            assert found["moves"] == listed[skip : skip + 2] and found["total"] == len(listed)
    both = admin.get(f"{models.collection}/log", params={"skip": 1, "after": "x"})
    assert both.status_code in (400, 422)
    rest = admin.get(f"{models.collection}/log?without=latest").json()["moves"]
    assert {one["alias"] for one in whole} == {"latest", "production"}
    assert rest == [one for one in whole if one["alias"] != "latest"]


def test_a_request_for_approval_says_which_version_it_is_for(
    api: httpx.Client, people: People, org: str
) -> None:
    models = Models(people, org, approvals_needed=1, default_role="member")
    wish = {"version": "v2", "alias": "production", "reason": "passed"}
    asked = people.member.api.post(f"{models.collection}/approvals", json=wish)
    assert asked.json()["version"] == "v2"
    listed = people.admin.api.get(f"{models.collection}/approvals").json()["approvals"]
    assert [one["version"] for one in listed] == ["v2"]
