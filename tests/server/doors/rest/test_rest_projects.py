"""Projects by the API."""

from __future__ import annotations

import httpx
from tests.support.rest import People, new_name


def test_put_makes_a_project_once(api: httpx.Client) -> None:
    path = f"/projects/admin/{new_name()}"
    first = api.put(path, json={"description": "first"})
    again = api.put(path)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert again.json()["description"] == "first"
    assert api.put(path, json={"description": "other"}).json()["description"] == "other"


def test_a_dash_is_the_default_entity(api: httpx.Client) -> None:
    name = new_name()
    assert api.put(f"/projects/-/{name}").json()["entity"] == "admin"
    assert api.get(f"/projects/admin/{name}").json() == api.get(f"/projects/-/{name}").json()


def test_names_may_hold_spaces_and_any_script(api: httpx.Client) -> None:
    name = new_name("модель 数 é ")
    answer = api.put(f"/projects/admin/{name}")
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == name
    assert api.get(f"/projects/admin/{name}").json()["name"] == name


def test_listing_pages_through_all_projects_once(api: httpx.Client) -> None:
    mark = new_name("paged")
    names = {f"{mark}-{number}" for number in range(7)}
    for name in names:
        api.put(f"/projects/admin/{name}")
    seen: list[str] = []
    after = ""
    while True:
        page = api.get("/projects", params={"search": mark, "limit": 3, "after": after}).json()
        assert len(page["projects"]) <= 3
        seen += [project["name"] for project in page["projects"]]
        after = page["next"]
        if not after:
            break
    assert sorted(seen) == sorted(names)


def test_listing_of_one_entity(people: People, api: httpx.Client) -> None:
    name = new_name("mine")
    member = people.member
    assert member.api.put(f"/projects/{member.name}/{name}").is_success
    assert member.api.put(f"/projects/{people.team}/{name}").is_success

    def owners(entity: str) -> set[str]:
        found = member.api.get("/projects", params={"search": name, "entity": entity}).json()["projects"]
        return {project["entity"] for project in found}

    assert owners("") == {member.name, people.team}
    assert owners("-") == {member.name}
    assert owners(people.team) == {people.team}
    assert member.api.get("/projects", params={"entity": people.stranger.name}).status_code == 404


def test_a_cursor_that_is_none_is_refused(api: httpx.Client) -> None:
    answer = api.get("/projects", params={"after": "nonsense"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid"


def test_a_project_can_be_renamed_and_described(api: httpx.Client, project: str) -> None:
    name = new_name("renamed")
    changed = api.patch(project, json={"name": name, "description": "d", "settings": {"palette": [1, 2]}})
    assert changed.status_code == 200, changed.text
    assert changed.json() | {"updated_at": 0} == changed.json() | {
        "name": name, "description": "d", "settings": {"palette": [1, 2]}, "updated_at": 0,
    }  # fmt: skip
    assert api.get(project).status_code == 404


def test_renaming_to_a_name_in_use_is_a_conflict(api: httpx.Client, project: str) -> None:
    other = new_name()
    api.put(f"/projects/admin/{other}")
    answer = api.patch(project, json={"name": other})
    assert answer.status_code == 409
    assert other in answer.json()["error"]["message"]


def test_a_deleted_project_leaves_its_name_and_comes_back_under_another(
    api: httpx.Client, project: str
) -> None:
    kept = api.put(f"{project}/runs/kept", json={"config": {"lr": 0.1}})
    assert kept.status_code == 201, kept.text
    name = project.rpartition("/")[2]
    old = api.get(project).json()
    assert api.delete(project).status_code == 204
    assert api.get(project).status_code == 404
    assert old["id"] in [gone["id"] for gone in api.get("/trash/projects").json()["projects"]]
    assert api.put(project).status_code == 201  # the name is free at once
    clash = api.post(f"/trash/projects/{old['id']}/restore")
    assert clash.status_code == 409
    back = api.post(f"/trash/projects/{old['id']}/restore", json={"name": name + "-back"})
    assert back.status_code == 200, back.text
    assert api.get(f"{project}-back/runs/kept").json()["config"] == {"lr": 0.1}
