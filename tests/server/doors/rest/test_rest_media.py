"""Which media runs logged, and what stood at a step."""

from __future__ import annotations

from typing import Any

import httpx
from tests.support.rest import JournalSender, new_name, row_record


def picture(step: int) -> dict[str, Any]:
    return {"_type": "image-file", "path": f"media/images/x_{step}.png", "width": 2, "height": 2}


def log(api: httpx.Client, project: str, run: str, rows: dict[int, dict[str, Any]]) -> None:
    sender = JournalSender(api, project, run)
    sender.send(sender.first() + b"".join(row_record(step, row) for step, row in rows.items()))


def values(api: httpx.Client, project: str, **wanted: Any) -> list[dict[str, Any]]:
    answer = api.post(f"{project}/media/values", json=wanted)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["series"])


def test_keys_of_media_are_found_among_many_metrics(api: httpx.Client, project: str) -> None:
    numbers = {f"m/{n:04}": 1.0 for n in range(1500)}
    histogram = {"_type": "histogram", "values": [1], "bins": [0, 1]}
    log(api, project, "one", {0: {**numbers, "seen": picture(0)}, 7: {"seen": picture(7), "list": [1, 2]}})
    log(
        api,
        project,
        "two",
        {3: {"seen": picture(3), "h": [histogram]}},
    )
    found = api.post(f"{project}/media/keys", json={"runs": ["one", "two", "nobody"]}).json()
    assert found == {
        "keys": [
            {"name": "h", "type": "list", "runs": 1, "count": 1, "first_step": 3, "last_step": 3},
            {"name": "seen", "type": "image-file", "runs": 2, "count": 3, "first_step": 0, "last_step": 7},
        ],
        "next": "",
        "runs": 2,
    }
    assert api.post(f"{project}/media/keys", json={"runs": ["one"], "search": "h"}).json()["keys"] == []


def test_keys_of_media_come_in_pages_that_miss_none(api: httpx.Client, project: str) -> None:
    log(api, project, "a", {0: {f"k{n:02}": picture(0) for n in range(0, 30, 2)}})
    log(api, project, "b", {0: {f"k{n:02}": picture(0) for n in range(0, 30, 3)} | {"k01": [1]}})
    names: list[str] = []
    after = ""
    for _ in range(40):
        page = api.post(f"{project}/media/keys", json={"runs": ["a", "b"], "after": after, "limit": 4}).json()
        names += [key["name"] for key in page["keys"]]
        after = page["next"]
        if not after:
            break
    assert names == sorted({f"k{n:02}" for n in range(30) if n % 2 == 0 or n % 3 == 0})


def test_at_a_step_stands_what_was_logged_last_before_it(api: httpx.Client, project: str) -> None:
    log(api, project, "one", {step: {"seen": picture(step), "loss": 1.0} for step in (2, 5, 9)})
    log(api, project, "two", {4: {"seen": picture(4)}})

    def at(step: int | None) -> dict[str, int]:
        found = values(api, project, runs=["one", "two"], keys=["seen", "none"], step=step)
        return {one["run"]: one["values"][0]["value"]["path"] for one in found}  # type: ignore[misc]

    path = "media/images/x_{}.png".format
    assert at(None) == {"one": path(9), "two": path(4)}
    assert at(8) == {"one": path(5), "two": path(4)}
    assert at(3) == {"one": path(2)}
    assert at(1) == {}


def test_several_values_are_spread_evenly_and_steps_come_alone(api: httpx.Client, project: str) -> None:
    log(api, project, "one", {step: {"seen": picture(step)} for step in range(100)})
    (found,) = values(api, project, runs=["one"], keys=["seen"], samples=5)
    assert (found["count"], found["first_step"], found["last_step"]) == (100, 0, 99)
    assert found["steps"][0] == 0 and found["steps"][-1] == 99 and len(found["steps"]) == 5
    (steps,) = values(api, project, runs=["one"], keys=["seen"], samples=1000, only_steps=True)
    assert steps["steps"] == list(range(100)) and steps["values"] == []


def test_media_of_a_forks_past_name_the_parents_files(api: httpx.Client, project: str) -> None:
    parent, child = new_name("parent"), new_name("child")
    log(api, project, parent, {step: {"seen": picture(step)} for step in range(5)})
    sender = JournalSender(api, project, child)
    sender.send(sender.first(fork_of=parent, fork_step=2) + row_record(3, {"seen": picture(30)}))
    (found,) = values(api, project, runs=[child], keys=["seen"], samples=10)
    assert [(one["step"], one["source"]) for one in found["values"]] == [
        (0, parent), (1, parent), (2, parent), (3, child),
    ]  # fmt: skip


def test_too_much_at_once_is_refused_with_what_to_do(api: httpx.Client, project: str) -> None:
    log(api, project, "one", {0: {"seen": picture(0)}})
    many = [f"k{n}" for n in range(400)]
    answer = api.post(f"{project}/media/values", json={"runs": ["one", "two"], "keys": many})
    assert answer.status_code == 413 and "Ask for fewer" in answer.json()["error"]["message"]
