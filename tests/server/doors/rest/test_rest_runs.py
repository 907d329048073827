"""Runs by the API."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.support.rest import new_name


def put(api: httpx.Client, project: str, run: str, **fields: Any) -> dict[str, Any]:
    answer = api.put(f"{project}/runs/{run}", json=fields)
    assert answer.status_code in (200, 201), answer.text
    made: dict[str, Any] = answer.json()
    return made


def query(api: httpx.Client, project: str, **wanted: Any) -> dict[str, Any]:
    answer = api.post(f"{project}/runs/query", json=wanted)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [run["id"] for run in found["runs"]]


def test_put_makes_a_run_with_all_its_fields(api: httpx.Client, project: str) -> None:
    config = {"lr": 0.001, "opt": {"name": "adam", "betas": [0.9, 0.999]}, "big": 2**60, "none": None}
    run = put(
        api,
        project,
        "one",
        display_name="brave-run",
        group="g",
        job_type="train",
        notes="héllo",
        tags=["a", "b"],
        host="node1",
        program="train.py",
        command=["python", "train.py", "--lr", "1e-3"],
        config=config,
        summary={"loss": 0.25},
        environment={"python": "3.11"},
    )
    assert run["config"] == config
    assert run["state"] == "running"
    assert run["environment"] == {"python": "3.11"}
    assert (run["group"], run["job_type"], run["notes"]) == ("g", "train", "héllo")
    assert run["tags"] == ["a", "b"]
    assert api.get(f"{project}/runs/one").json()["summary"] == {"loss": 0.25}


def test_put_again_changes_and_is_200(api: httpx.Client, project: str) -> None:
    put(api, project, "one", notes="first", tags=["x"])
    again = api.put(f"{project}/runs/one", json={"notes": "second"})
    assert again.status_code == 200
    assert again.json()["notes"] == "second"
    assert again.json()["tags"] == ["x"]


def test_put_makes_the_project_too(api: httpx.Client) -> None:
    name = new_name("implied")
    assert put(api, f"/projects/admin/{name}", "one")["project"] == name
    assert api.get(f"/projects/admin/{name}").json()["run_count"] == 1


def test_patches_set_paths_with_any_keys(api: httpx.Client, project: str) -> None:
    put(api, project, "one", config={"a": {"b": 1}, "dotted.key": 1})
    answer = api.patch(
        f"{project}/runs/one",
        json={
            "config_set": [[["a", "c"], 2], [["dotted.key"], 3], [["new"], [1, 2]]],
            "config_unset": [["a", "b"]],
            "summary_set": [[["best"], 0.9]],
        },
    )
    assert answer.json()["config"] == {"a": {"c": 2}, "dotted.key": 3, "new": [1, 2]}
    assert answer.json()["summary"] == {"best": 0.9}
    patches = api.get(f"{project}/runs/one/config-history").json()["patches"]
    assert [["a", "c"], 2] in patches[-1]["set"]
    assert patches[-1]["unset"] == [["a", "b"]]


def test_a_run_keeps_nan_and_infinity_as_strings_in_answers(api: httpx.Client, project: str) -> None:
    body = b'{"summary": {"nan": NaN, "inf": Infinity, "neg": -Infinity, "list": [NaN, 1]}}'
    answer = api.put(f"{project}/runs/odd", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201, answer.text
    expected = {"nan": "NaN", "inf": "Infinity", "neg": "-Infinity", "list": ["NaN", 1]}
    assert api.get(f"{project}/runs/odd").json()["summary"] == expected
    assert query(api, project)["runs"][0]["summary"] == expected


def test_lists_leave_environment_and_metrics_out(api: httpx.Client, project: str) -> None:
    put(api, project, "one", environment={"python": "3.11"})
    run = query(api, project)["runs"][0]
    assert "environment" not in run and "metrics" not in run


def test_lists_say_of_config_and_summary_what_the_run_itself_says(api: httpx.Client, project: str) -> None:
    odd = [
        {"a": 1, "b": [1.5, None, True], "c": {"d.e": 'é\n"q"'}},
        {"big": 2**70, "digits": "1234567890123456789012", "list": [12345678901234567890123]},
        {"escaped": "\x00 and \x1a", "key \x1a": 1, "large": 1e300, "minus": -0.0},
        {"text": "\\u001a is no escape"},
        {},
    ]
    for at, values in enumerate(odd):
        put(api, project, f"r{at}", config=values, summary=values)
    api.patch(f"{project}/runs/r4", json={"summary_set": [[["x"], "NaN"]]})
    for run in query(api, project)["runs"]:
        whole = api.get(f"{project}/runs/{run['id']}").json()
        assert (run["config"], run["summary"]) == (whole["config"], whole["summary"])
        assert run["config"] == odd[int(run["id"][1:])]


def test_runs_are_filtered_sorted_and_paged_over_all(api: httpx.Client, project: str) -> None:
    for number in range(25):
        put(
            api,
            project,
            f"r{number:02}",
            config={"lr": number / 10, "opt": "adam" if number % 2 else "sgd"},
            summary={"acc": (number * 7) % 25},
        )
    wanted = {
        "filter": {"config.opt": "adam", "config.lr": {"$gt": 0.5}},
        "order": ["-summary.acc"],
        "limit": 4,
    }
    expected = sorted(
        (number for number in range(25) if number % 2 and number / 10 > 0.5),
        key=lambda number: -((number * 7) % 25),
    )
    seen: list[str] = []
    cursor = ""
    while True:
        page = query(api, project, **wanted, cursor=cursor)
        assert page["total"] == len(expected)
        assert len(page["cursors"]) == len(page["runs"])
        seen += ids(page)
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == [f"r{number:02}" for number in expected]


def test_a_filter_that_is_not_the_language_is_refused(api: httpx.Client, project: str) -> None:
    answer = api.post(f"{project}/runs/query", json={"filter": {"config.lr": {"$where": "1"}}})
    assert answer.status_code == 400
    assert "$where" in answer.json()["error"]["message"]


def test_select_brings_only_the_asked_keys(api: httpx.Client, project: str) -> None:
    put(api, project, "one", config={"lr": 1, "x": 2}, summary={"loss": 3, "y": 4})
    run = query(api, project, select=["config.lr", "summary.loss"])["runs"][0]
    assert run["config"] == {"lr": 1}
    assert run["summary"] == {"loss": 3}


def test_groups_have_exact_statistics_and_a_filter_that_finds_them(api: httpx.Client, project: str) -> None:
    for number in range(9):
        put(api, project, f"g{number}", config={"opt": "ab"[number % 2]}, summary={"loss": float(number)})
    answer = api.post(f"{project}/runs/group", json={"by": ["config.opt"], "statistics": ["summary.loss"]})
    assert answer.status_code == 200, answer.text
    groups = {group["values"][0]: group for group in answer.json()["groups"]}
    assert groups["a"]["count"] == 5 and groups["b"]["count"] == 4
    assert groups["a"]["statistics"]["summary.loss"]["mean"] == 4.0
    assert groups["b"]["statistics"]["summary.loss"]["max"] == 7.0
    assert groups["b"]["states"] == {"running": 4}
    assert sorted(ids(query(api, project, filter=groups["b"]["filter"]))) == ["g1", "g3", "g5", "g7"]


def test_columns_tell_paths_and_kinds(api: httpx.Client, project: str) -> None:
    put(api, project, "one", config={"lr": 0.1, "name": "x"}, summary={"loss": 1.0})
    columns = {column["path"]: column for column in api.get(f"{project}/columns").json()["columns"]}
    assert {"config.lr", "config.name", "summary.loss"} <= set(columns)
    assert columns["config.lr"]["runs"] == 1
    found = api.get(f"{project}/columns", params={"search": "LR"}).json()["columns"]
    assert [column["path"] for column in found] == ["config.lr"]


def test_the_trash_keeps_runs_until_they_are_purged(api: httpx.Client, project: str) -> None:
    for run in ("a", "b", "c"):
        put(api, project, run, config={"run": run})
    assert api.delete(f"{project}/runs/a").status_code == 204
    assert api.post(f"{project}/runs/delete", json={"runs": ["b", "b"]}).json() == {"count": 1}
    assert api.get(f"{project}/runs/a").status_code == 404
    assert ids(query(api, project)) == ["c"]
    assert sorted(ids(query(api, project, trash=True))) == ["a", "b"]
    assert api.post(f"{project}/runs/restore", json={"runs": ["a"]}).json() == {"count": 1}
    assert api.get(f"{project}/runs/a").json()["config"] == {"run": "a"}
    assert api.post(f"{project}/runs/purge", json={"runs": ["b"]}).json() == {"count": 1}
    assert ids(query(api, project, trash=True)) == []


def test_purging_a_living_run_is_refused(api: httpx.Client, project: str) -> None:
    put(api, project, "a")
    answer = api.post(f"{project}/runs/purge", json={"runs": ["a"]})
    assert answer.status_code == 409
    assert "trash" in answer.json()["error"]["message"]
    assert api.get(f"{project}/runs/a").status_code == 200


def test_tags_are_added_and_removed_on_many(api: httpx.Client, project: str) -> None:
    put(api, project, "a", tags=["old", "stays"])
    put(api, project, "b")
    answer = api.post(
        f"{project}/runs/tag", json={"runs": ["a", "b"], "add": ["new", "stays"], "remove": ["old"]}
    )
    assert answer.json() == {"count": 2}
    assert api.get(f"{project}/runs/a").json()["tags"] == ["stays", "new"]
    assert api.get(f"{project}/runs/b").json()["tags"] == ["new", "stays"]


def test_runs_move_with_everything_they_have(api: httpx.Client, project: str) -> None:
    put(api, project, "a", config={"kept": True})
    target = new_name("target")
    api.put(f"/projects/admin/{target}")
    answer = api.post(f"{project}/runs/move", json={"runs": ["a"], "entity": "-", "project": target})
    assert answer.json() == {"count": 1}, answer.text
    assert api.get(f"{project}/runs/a").status_code == 404
    assert api.get(f"/projects/admin/{target}/runs/a").json()["config"] == {"kept": True}


def test_stop_is_asked_for(api: httpx.Client, project: str) -> None:
    put(api, project, "a")
    assert api.post(f"{project}/runs/a/stop").status_code == 204
    assert api.get(f"{project}/runs/a").json()["stop_requested"] is True


@pytest.mark.parametrize("run", ["%00", "a%2Fb", "a%5Cb", "a%3Fb", "x" * 129, "%20", "a%0Ab"])
def test_run_ids_that_could_be_anything_else_are_refused(api: httpx.Client, project: str, run: str) -> None:
    answer = api.request("PUT", httpx.URL(str(api.base_url) + project[1:] + "/runs/" + run), json={})
    assert answer.status_code in (400, 404, 405), (run, answer.status_code)


def test_a_megabyte_in_the_config_is_kept(api: httpx.Client, project: str) -> None:
    text = "é" * 500_000
    put(api, project, "big", config={"text": text})
    assert api.get(f"{project}/runs/big").json()["config"]["text"] == text
