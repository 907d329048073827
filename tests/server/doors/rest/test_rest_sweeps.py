"""Sweeps by the native API: what an agent, a strategy and a page do with them."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from tests.support.rest import log_run

GRID: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.1, 0.2]}, "net": {"parameters": {"depth": {"values": [1, 2]}}}},
}


def make(api: httpx.Client, project: str, config: dict[str, Any]) -> str:
    made = api.post(f"{project}/sweeps", json={"config": config})
    assert made.status_code == 201, made.text
    return f"{project}/sweeps/{made.json()['id']}"


def agent_of(api: httpx.Client, sweep: str, host: str = "h1") -> str:
    return f"{sweep}/agents/{api.post(f'{sweep}/agents', json={'host': host}).json()['id']}"


def claim(api: httpx.Client, agent: str, count: int = 1) -> dict[str, Any]:
    answer = api.post(f"{agent}/claim", json={"count": count})
    assert answer.status_code == 200, answer.text
    return answer.json()


def complete(api: httpx.Client, sweep: str, trial: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer = api.post(
        f"{sweep}/trials/{trial['number']}/complete", json={"attempt": trial["attempt"], **body}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_grid_is_done_cell_by_cell_and_then_over(api: httpx.Client, project: str) -> None:
    sweep = make(api, project, GRID)
    assert api.get(sweep).json()["state"] == "pending" and api.get(sweep).json()["expected"] == 4
    agent = agent_of(api, sweep)
    seen = []
    for _ in range(4):
        trial = claim(api, agent)["trials"][0]
        assert trial["state"] == "running" and trial["attempt"] == 1 and trial["run"]
        seen.append((trial["arguments"]["lr"], trial["arguments"]["net"]["depth"]))
        done = complete(api, sweep, trial, values=[trial["params"]["lr"] + trial["params"]["net.depth"]])
        assert done["state"] == "finished"
    assert seen == [(0.1, 1), (0.1, 2), (0.2, 1), (0.2, 2)]
    assert claim(api, agent)["done"]
    after = api.get(sweep).json()
    assert after["state"] == "finished" and after["trials"] == {"finished": 4} and after["best"] == 1.1
    best = api.get(f"{sweep}/best").json()["combinations"][0]
    assert best["params"] == {"lr": 0.1, "net.depth": 1} and best["mean"] == [1.1]
    trials = api.get(f"{sweep}/trials").json()["trials"]
    assert [trial["number"] for trial in trials] == [0, 1, 2, 3]
    assert all(trial["reason"] for trial in trials)


def test_a_wrong_configuration_is_refused_with_every_key_that_is_wrong(
    api: httpx.Client, project: str
) -> None:
    wrong = {"method": "bayes", "parametres": {}, "parameters": {"x": {"min": 1.0, "max": 0.0}}}
    for answer in (
        api.post(f"{project}/sweeps", json={"config": wrong}),
        api.post("/sweeps/preview", json={"config": wrong}),
    ):
        assert answer.status_code == 400
        problems = answer.json()["error"]["fields"]["problems"]
        assert problems.keys() >= {"parametres", "parameters.x.min", "metric"}
        assert "Did you mean 'parameters'?" in problems["parametres"]
    assert api.get(f"{project}/sweeps").json()["total"] == 0


def test_preview_says_what_would_be_tried_and_keeps_nothing(api: httpx.Client, project: str) -> None:
    answer = api.post("/sweeps/preview", json={"config": GRID, "count": 3}).json()
    assert answer["expected"] == 4
    assert [p["params"]["net.depth"] for p in answer["proposals"]] == [1, 2, 1]
    assert api.get(f"{project}/sweeps").json()["sweeps"] == []


def test_two_agents_never_get_the_same_trial(api: httpx.Client, project: str) -> None:
    sweep = make(api, project, GRID)
    one, other = agent_of(api, sweep), agent_of(api, sweep, "h2")
    numbers = [t["number"] for agent in (one, other, one) for t in claim(api, agent, 2)["trials"]]
    assert sorted(numbers) == [0, 1, 2, 3]


def test_pause_hands_out_nothing_cancel_stops_what_runs(api: httpx.Client, project: str) -> None:
    sweep = make(api, project, GRID)
    agent = agent_of(api, sweep)
    trial = claim(api, agent)["trials"][0]
    held = {"trials": [{"number": trial["number"], "attempt": trial["attempt"]}]}
    assert api.patch(sweep, json={"state": "paused"}).json()["state"] == "paused"
    waiting = claim(api, agent)
    assert waiting["trials"] == [] and not waiting["done"] and waiting["wait_seconds"] > 0
    assert api.post(f"{agent}/beat", json=held).json()["stop"] == []
    assert api.patch(sweep, json={"state": "running"}).json()["state"] == "running"
    assert claim(api, agent)["trials"]
    assert api.patch(sweep, json={"state": "cancelled"}).json()["state"] == "cancelled"
    told = api.post(f"{agent}/beat", json=held).json()
    assert told["state"] == "cancelled" and told["stop"][0]["number"] == trial["number"]
    assert complete(api, sweep, trial, state="failed")["state"] == "stopped"
    assert claim(api, agent)["done"]
    assert api.patch(sweep, json={"state": "running"}).status_code == 409


def test_a_result_is_taken_once_and_only_from_the_attempt_that_counts(
    api: httpx.Client, project: str
) -> None:
    sweep = make(api, project, {**GRID, "retries": 1})
    agent = agent_of(api, sweep)
    first = claim(api, agent)["trials"][0]
    assert complete(api, sweep, first, state="failed", exit_code=1)["state"] == "queued"
    again = claim(api, agent, 4)["trials"]
    second = next(trial for trial in again if trial["number"] == first["number"])
    assert second["attempt"] == 2 and second["run"] != first["run"]
    late = api.post(f"{sweep}/trials/{first['number']}/complete", json={"attempt": 1, "values": [9.0]})
    assert late.status_code == 409, late.text
    assert complete(api, sweep, second, values=[1.0])["objective"] == [1.0]
    assert complete(api, sweep, second, values=[2.0])["objective"] == [1.0]
    assert complete(api, sweep, again[-1], state="oom")["state"] == "queued"


def test_failed_trials_are_tried_again_on_demand(api: httpx.Client, project: str) -> None:
    sweep = make(api, project, GRID)
    agent = agent_of(api, sweep)
    for trial in claim(api, agent, 4)["trials"]:
        state = "finished" if trial["number"] else "failed"
        complete(api, sweep, trial, state=state, values=[1.0] if trial["number"] else None)
    assert api.get(sweep).json()["state"] == "finished"
    assert api.post(f"{sweep}/retry", json={}).json() == {"count": 1}
    assert api.get(sweep).json()["state"] == "running"
    trial = claim(api, agent)["trials"][0]
    assert trial["number"] == 0 and trial["attempt"] == 2
    complete(api, sweep, trial, values=[0.5])
    assert api.get(sweep).json()["trials"] == {"finished": 4}


def test_values_come_from_the_trials_run_where_the_agent_knows_none(api: httpx.Client, project: str) -> None:
    sweep = make(api, project, GRID)
    trial = claim(api, agent_of(api, sweep))["trials"][0]
    log_run(api, project, trial["run"], {"loss": [1.0, 0.25]})
    assert complete(api, sweep, trial)["objective"] == [0.25]


def test_ask_and_tell_without_an_agent(api: httpx.Client, project: str) -> None:
    sweep = make(api, project, {**GRID, "method": "bayes"})
    for _ in range(12):
        trial = api.post(f"{sweep}/ask", json={}).json()["trials"][0]
        told = api.post(
            f"{sweep}/tell",
            json={"number": trial["number"], "attempt": 1, "values": [trial["params"]["lr"]]},
        )
        assert told.status_code == 200, told.text
    trials = api.get(f"{sweep}/trials").json()["trials"]
    assert trials[0]["sampler"] == "sobol" and trials[-1]["sampler"] == "tpe"
    assert trials[-1]["parents"]


def test_a_strategy_of_ones_own_enqueues_and_is_checked(api: httpx.Client, project: str) -> None:
    sweep = make(api, project, {**GRID, "method": "custom"})
    agent = agent_of(api, sweep)
    assert claim(api, agent)["trials"] == []
    made = api.post(
        f"{sweep}/trials", json={"params": [{"lr": 0.2, "net": {"depth": 2}}], "reason": "a hunch"}
    )
    assert made.status_code == 201, made.text
    assert made.json()["trials"][0]["params"] == {"lr": 0.2, "net.depth": 2}
    assert claim(api, agent)["trials"][0]["reason"] == "a hunch"
    refused = api.post(f"{sweep}/trials", json={"params": [{"lr": 7, "net.depth": 2}]})
    assert refused.status_code == 400 and "lr is 7" in refused.json()["error"]["message"]


def test_an_agent_that_leaves_gives_its_trials_back(api: httpx.Client, project: str) -> None:
    sweep = make(api, project, GRID)
    one = agent_of(api, sweep)
    claim(api, one, 4)
    assert api.delete(one).status_code == 204
    other = agent_of(api, sweep, "h2")
    assert len(claim(api, other, 4)["trials"]) == 4
    states = {agent["host"]: agent["state"] for agent in api.get(f"{sweep}/agents").json()["agents"]}
    assert states == {"h1": "ended", "h2": "running"}


def test_reports_stop_what_falls_behind(api: httpx.Client, project: str) -> None:
    sweep = make(
        api,
        project,
        {
            "method": "random",
            "metric": {"name": "loss"},
            "parameters": {"x": {"min": 0.0, "max": 1.0}},
            "early_terminate": {"type": "asha", "min_iter": 2, "eta": 2},
        },
    )
    trials = api.post(f"{sweep}/ask", json={"count": 4}).json()["trials"]
    told = {}
    for value, trial in enumerate(trials):
        for step in range(2):
            answer = api.post(
                f"{sweep}/trials/{trial['number']}/report",
                json={"attempt": 1, "points": [[step * 10, float(value)]]},
            )
            assert answer.status_code == 200, answer.text
            told[value] = answer.json()["stop"]
    assert told[0] == "" and told[3].startswith("asha: after 2 reports")
    done = complete(api, sweep, trials[3], values=[3.0])
    assert done["state"] == "pruned" and done["verdict"]["rule"] == "asha"


def test_pareto_leaves_out_what_is_beaten_or_breaks_a_constraint(api: httpx.Client, project: str) -> None:
    sweep = make(
        api,
        project,
        {
            "method": "nsga2",
            "metrics": [{"name": "loss"}, {"name": "acc", "goal": "maximize"}],
            "constraints": ["latency < 10"],
            "parameters": {"x": {"min": 0.0, "max": 1.0}},
        },
    )
    for loss, acc, latency in [(1, 0.5, 5), (2, 0.9, 5), (3, 0.8, 5), (0.1, 0.99, 50)]:
        trial = api.post(f"{sweep}/ask", json={}).json()["trials"][0]
        complete(api, sweep, trial, values=[loss, acc], metrics={"latency": latency})
    front = api.get(f"{sweep}/pareto").json()
    assert [point["mean"] for point in front["points"]] == [[1.0, 0.5], [2.0, 0.9]]
    assert front["dominated"] == 1 and front["infeasible"] == [3]
    assert front["hypervolume"] == pytest.approx(1 * 0.4)
    assert api.get(f"{sweep}/best").json()["combinations"][0]["feasible"]


def test_a_hundred_agents_that_ask_at_once_are_each_given_one_trial(api: httpx.Client, project: str) -> None:
    sweep = make(api, project, {**GRID, "method": "random"})
    agents = [agent_of(api, sweep, f"h{n % 7}") for n in range(100)]
    with ThreadPoolExecutor(32) as pool:
        claims = list(pool.map(lambda agent: claim(api, agent), agents))
    numbers = [trial["number"] for one in claims for trial in one["trials"]]
    assert sorted(numbers) == list(range(100))


def test_a_claim_that_is_not_as_documented_is_refused_like_any_other_request(
    api: httpx.Client, project: str
) -> None:
    sweep = make(api, project, GRID)
    for path in (f"{agent_of(api, sweep)}/claim", f"{sweep}/ask"):
        for body, place in ((b'{"count": 0}', "body.count"), (b"[]", "body"), (b"", "body")):
            answer = api.post(path, content=body)
            assert answer.status_code == 422, answer.text
            error = answer.json()["error"]
            assert error["code"] == "invalid" and place in error["fields"]
    missing = api.post(f"{sweep}/agents/nobody/claim", json={})
    assert missing.status_code == 404 and "nobody" in missing.json()["error"]["message"]


def test_repeats_rank_by_what_can_be_relied_on_and_not_by_the_luckiest_seed(
    api: httpx.Client, project: str
) -> None:
    """A noisy quadratic: far from its middle there is more noise, and so, sometimes, more luck."""
    xs = [0.0, 0.25, 0.5, 0.75, 1.0]
    sweep = make(
        api,
        project,
        {"method": "grid", "metric": {"name": "y"}, "parameters": {"x": {"values": xs}}, "repeats": 3},
    )
    luckiest: dict[float, float] = {}
    while trials := api.post(f"{sweep}/ask", json={"count": 15}).json()["trials"]:
        for trial in trials:
            x = trial["params"]["x"]
            die = random.Random(f"{x}:{trial['repeat']}")
            y = (x - 0.25) ** 2 + die.gauss(0, 0.02 + 2.0 * x)
            luckiest[x] = min(luckiest.get(x, y), y)
            complete(api, sweep, trial, values=[y])
    robust = api.get(f"{sweep}/best", params={"robust": True, "limit": 5}).json()["combinations"]
    lucky = api.get(f"{sweep}/best", params={"robust": False, "limit": 5}).json()["combinations"]
    assert [one["params"]["x"] for one in lucky] == sorted(xs, key=luckiest.__getitem__)
    bounds = [one["bound"][0] for one in robust]
    assert bounds == sorted(bounds)
    assert robust[0]["params"]["x"] != lucky[0]["params"]["x"]
    assert robust[0]["std"][0] < lucky[0]["std"][0]
