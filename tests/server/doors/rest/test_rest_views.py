"""Saved views by the API."""

from __future__ import annotations

import httpx
from tests.support.rest import People, new_name


def test_a_view_is_kept_changed_and_deleted(api: httpx.Client, project: str) -> None:
    spec = {"panels": [{"key": "loss", "smoothing": 0.6}], "x": "_step"}
    made = api.post(
        f"{project}/views", json={"kind": "workspace", "name": "mine", "spec": spec, "shared": False}
    )
    assert made.status_code == 201, made.text
    view = made.json()
    assert view["spec"] == spec and view["owner"] == "admin" and view["version"] >= 1
    assert api.get(f"/views/{view['id']}").json() == view
    changed = api.put(
        f"/views/{view['id']}",
        json={"name": "ours", "spec": {}, "shared": True, "version": view["version"]},
    )
    assert changed.json()["version"] > view["version"]
    assert [known["name"] for known in api.get(f"{project}/views").json()["views"]] == ["ours"]
    assert api.get(f"{project}/views", params={"kind": "report"}).json()["views"] == []
    assert api.delete(f"/views/{view['id']}").status_code == 204
    assert api.get(f"/views/{view['id']}").status_code == 404


def test_saving_over_somebody_elses_change_is_a_conflict(api: httpx.Client, project: str) -> None:
    view = api.post(f"{project}/views", json={"name": "v", "spec": {"a": 1}, "shared": True}).json()
    wanted = {"name": "v", "spec": {"a": 2}, "shared": True, "version": view["version"]}
    assert api.put(f"/views/{view['id']}", json=wanted).status_code == 200
    late = api.put(f"/views/{view['id']}", json={**wanted, "spec": {"a": 3}})
    assert late.status_code == 409
    assert late.json()["error"]["code"] == "conflict"
    assert api.get(f"/views/{view['id']}").json()["spec"] == {"a": 2}


def test_a_view_of_ones_own_is_seen_by_nobody_else(people: People) -> None:
    path = f"/projects/{people.team}/{new_name()}"
    people.member.api.put(path)
    own = people.member.api.post(f"{path}/views", json={"name": "own", "spec": {}}).json()
    shared = people.member.api.post(
        f"{path}/views", json={"name": "shared", "spec": {}, "shared": True}
    ).json()
    viewer = people.viewer.api
    assert [view["name"] for view in viewer.get(f"{path}/views").json()["views"]] == ["shared"]
    assert viewer.get(f"/views/{own['id']}").status_code == 404
    assert viewer.get(f"/views/{shared['id']}").status_code == 200
    assert viewer.delete(f"/views/{shared['id']}").status_code == 403
    # A viewer keeps views of their own.
    mine = viewer.post(f"{path}/views", json={"name": "viewers", "spec": {}})
    assert mine.status_code == 201
