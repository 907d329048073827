"""Retention and deletion by query through the native API, done by the server's own job."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from tests.support.artifacts import log_artifact
from tests.support.rest import People, new_name


class Place:
    def __init__(self, people: People) -> None:
        self.people = people
        self.api = people.member.api
        self.path = f"/projects/{people.team}/{new_name()}"
        assert self.api.put(self.path).status_code == 201

    def several(self, count: int, name: str = "set", **wanted: Any) -> None:
        for number in range(count):
            log_artifact(self.api, self.path, name, {"w": f"{name}{number}".encode()}, **wanted)

    def left(self, name: str = "set") -> list[str]:
        answer = self.api.get(f"{self.path}/collections/{name}/versions?sort=version_index")
        return [one["version"] for one in answer.json()["versions"]]

    def ended(self, begun: httpx.Response, seconds: float = 30.0) -> dict[str, Any]:
        assert begun.status_code == 202, begun.text
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found: dict[str, Any] = self.api.get(f"{self.path}/deletions/{begun.json()['id']}").json()
            if found["state"] not in ("running", "undoing"):
                return found
            time.sleep(0.05)
        raise AssertionError(f"It did not end: {found}")


@pytest.fixture
def place(people: People) -> Place:
    return Place(people)


def test_a_policy_is_set_by_admins_looked_at_and_applied_by_the_server(place: Place) -> None:
    place.several(5)
    admin, member, viewer = (getattr(place.people, role).api for role in ("admin", "member", "viewer"))
    wanted = {"type": "dataset", "rule": {"last": 2}}
    assert member.put(f"{place.path}/retention", json=wanted).status_code == 403
    assert admin.put(f"{place.path}/retention", json=wanted).status_code == 200
    shown = viewer.get(f"{place.path}/retention").json()
    assert [(one["type"], one["rule"]["last"], one["by"]) for one in shown["project"]] == [
        ("dataset", 2, place.people.admin.name)
    ]
    look = viewer.post(f"{place.path}/retention/preview", json={}).json()
    assert (look["versions"], look["freed_bytes"], look["collections"][0]["rule_from"]) == (3, 12, "type")
    assert [one["name"] for one in look["shown"]] == ["set:v0", "set:v1", "set:v2"]
    assert len(place.left()) == 5
    assert member.post(f"{place.path}/retention/apply").status_code == 403
    done = place.ended(admin.post(f"{place.path}/retention/apply"))
    assert (done["state"], done["kind"], done["versions"]) == ("done", "retention", 3)
    assert place.left() == ["v3", "v4"]
    restored = member.post(f"{place.path}/artifacts/@{look['shown'][0]['id']}/restore")
    assert restored.is_success, restored.text
    assert place.left() == ["v0", "v3", "v4"]
    refused = admin.put(f"{place.path}/retention", json={"rule": {"best": 3}})
    assert refused.status_code == 400 and "metric" in refused.json()["error"]["message"]


def test_an_entitys_default_holds_where_a_project_says_nothing(place: Place) -> None:
    admin = place.people.admin.api
    path = f"/entities/{place.people.team}/retention"
    kind = new_name("kind")
    place.several(3, type=kind)
    assert place.people.member.api.put(path, json={"rule": {"last": 1}}).status_code == 403
    assert admin.put(path, json={"type": kind, "rule": {"last": 1}}).status_code == 200
    assert kind in [one["type"] for one in place.people.viewer.api.get(path).json()["policies"]]
    look = place.api.post(f"{place.path}/retention/preview", json={}).json()
    assert (look["versions"], look["collections"][0]["rule_from"]) == (2, "entity type")
    assert admin.put(path, json={"type": kind, "rule": {}}).status_code == 200
    assert place.api.post(f"{place.path}/retention/preview", json={}).json()["versions"] == 0


def test_deletion_by_query_says_what_it_would_do_does_it_and_is_listed(place: Place) -> None:
    place.several(4, "ckpt-a", metadata={"loss": 0.5})
    place.several(3, "final", metadata={"loss": 0.1})
    query = {"collection": "ckpt-*", "metadata": [{"path": "loss", "op": ">", "value": 0.2}], "keep_last": 1}
    viewer = place.people.viewer.api
    look = viewer.post(f"{place.path}/deletions/preview", json=query).json()
    assert (look["versions"], [one["name"] for one in look["collections"]]) == (3, ["ckpt-a"])
    assert viewer.post(f"{place.path}/deletions", json=query).status_code == 403
    done = place.ended(place.api.post(f"{place.path}/deletions", json={**query, "reason": "old"}))
    assert (done["versions"], done["reason"], done["scanned"]) == (3, "old", done["to_scan"])
    assert place.left("ckpt-a") == ["v3"] and len(place.left("final")) == 3
    listed = viewer.get(f"{place.path}/deletions").json()["deletions"]
    assert [one["id"] for one in listed] == [done["id"]]
    ended = place.api.post(f"{place.path}/deletions/{done['id']}/cancel")
    assert ended.json()["state"] == "done"
    assert place.people.stranger.api.get(f"{place.path}/deletions/{done['id']}").status_code == 404
    bad = place.api.post(f"{place.path}/deletions", json={"metadata": [{"path": "a", "op": "<"}]})
    assert bad.status_code == 400


def test_a_deletion_is_undone_whole_by_who_may_write(place: Place) -> None:
    place.several(4)
    member, viewer, stranger = (getattr(place.people, role).api for role in ("member", "viewer", "stranger"))
    begun = member.post(f"{place.path}/deletions", json={"collection": "set", "keep_last": 1})
    done = place.ended(begun)
    assert (done["versions"], done["in_trash"], done["restored"]) == (3, 3, 0)
    path = f"{place.path}/deletions/{done['id']}"
    assert viewer.post(f"{path}/undo").status_code == 403
    assert stranger.post(f"{path}/undo").status_code == 404
    assert stranger.get(f"/deletions/{done['id']}").status_code == 404
    found = viewer.get(f"/deletions/{done['id']}").json()
    assert (found["entity"], f"/projects/{found['entity']}/{found['project']}") == (
        place.people.team,
        place.path,
    )
    back = place.ended(member.post(f"{path}/undo"))
    assert (back["state"], back["restored"], back["in_trash"], back["purged"]) == ("undone", 3, 0, 0)
    assert back["undo_by"] == place.people.member.name and back["undo_at"] is not None
    assert place.left() == ["v0", "v1", "v2", "v3"]
    log = place.people.admin.api.get(f"/entities/{place.people.team}/audit", params={"limit": 100}).json()
    told = [row["action"] for row in log["rows"] if row["detail"].get("deletion") == done["id"]]
    assert told.count("deletion.undo") == told.count("deletion.undone") == 1 and "artifact.restore" in told
    assert member.post(f"{path}/undo").json()["state"] == "undone"


def test_a_collection_is_listed_in_the_trash_and_restored_whole(place: Place) -> None:
    place.several(2)
    member, viewer, stranger = (getattr(place.people, role).api for role in ("member", "viewer", "stranger"))
    collections = f"{place.path}/collections"
    assert member.delete(f"{collections}/set").status_code == 204
    asked = {"trash": True, "sort": "-deleted_at", "count": True}
    page = viewer.get(collections, params=asked).json()
    (told,) = page["collections"]
    assert page["total"] == 1
    assert (told["name"], told["version_count"], told["bytes"]) == ("set", 2, 8)
    assert told["deleted_by"] == place.people.member.name
    assert told["purge_at"] - told["deleted_at"] == 30 * 86_400
    wanted = {"id": told["id"]}
    assert viewer.post(f"{collections}/restore", json=wanted).status_code == 403
    assert stranger.post(f"{collections}/restore", json=wanted).status_code == 404
    place.several(1)
    taken = member.post(f"{collections}/restore", json=wanted)
    assert taken.status_code == 409 and "another name" in taken.json()["error"]["message"], taken.text
    back = member.post(f"{collections}/restore", json={**wanted, "new_name": "set-2"})
    assert back.status_code == 200 and back.json()["purge_at"] is None
    assert place.left("set-2") == ["v0", "v1"] and place.left() == ["v0"]
    gone = member.post(f"{collections}/restore", json={"name": "set"})
    assert gone.status_code == 404 and "in the trash" in gone.json()["error"]["message"]
