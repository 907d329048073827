"""From a sweep to a registry: which trial's artifact it is, what is kept of why, and what is refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.server.doors.rest.test_rest_sweeps import agent_of, claim, complete, make
from tests.support.artifacts import log_artifact
from tests.support.rest import People, Person, log_run, new_name


@pytest.fixture(scope="module")
def org(people: People) -> str:
    for role in ("member", "viewer"):
        person: Person = getattr(people, role)
        people.admin.api.put(
            f"/entities/{people.organization}/members/{person.name}", json={"role": role}
        ).raise_for_status()
    return people.organization


def registry(api: httpx.Client, org: str, **rules: Any) -> dict[str, str]:
    name = new_name("reg")
    api.post(f"/organizations/{org}/registries", json={"name": name, **rules}).raise_for_status()
    return {"organization": org, "registry": name, "collection": "asr"}


class Swept:
    """A sweep of which each trial's run logged a model, made from a dataset."""

    def __init__(
        self, api: httpx.Client, team: str, losses: list[float], *, repeats: int = 1, **config: Any
    ) -> None:
        self.api = api
        self.project = f"/projects/{team}/{new_name()}"
        api.put(self.project).raise_for_status()
        log_artifact(api, self.project, "data", {"rows.csv": b"1,2"})
        self.sweep = make(
            api,
            self.project,
            {
                "method": "grid",
                "metric": {"name": "loss", "goal": "minimize"},
                "repeats": repeats,
                "parameters": {"lr": {"values": list(range(len(losses) // repeats))}},
                **config,
            },
        )
        agent = agent_of(api, self.sweep)
        self.trials = []
        for loss in losses:
            trial = claim(api, agent)["trials"][0]
            run = trial["run"]
            log_run(api, self.project, run, {"loss": [loss]})
            api.post(f"{self.project}/runs/{run}/artifacts", json={"artifact": "data"}).raise_for_status()
            log_artifact(api, self.project, "net", {"w": run.encode()}, type="model", run=run)
            complete(api, self.sweep, trial, values=[loss])
            self.trials.append(trial)

    def promote(self, to: dict[str, str], **wanted: Any) -> httpx.Response:
        return self.api.post(f"{self.sweep}/promote", json={**to, **wanted})

    def log(self, to: dict[str, str]) -> list[dict[str, Any]]:
        place = f"/projects/{to['organization']}/wandb-registry-{to['registry']}/collections"
        moves: list[dict[str, Any]] = self.api.get(f"{place}/{to['collection']}/log").json()["moves"]
        return moves


def words(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["message"])


def test_the_best_trials_model_is_linked_with_the_sweep_as_evidence(people: People, org: str) -> None:
    api = people.member.api
    to = registry(people.admin.api, org)
    swept = Swept(api, people.team, [0.5, 0.2, 0.9])
    best = swept.trials[1]
    shown = api.get(f"{swept.sweep}/promotable").json()
    assert (shown["trial"], shown["run"], shown["problem"]) == (best["number"], best["run"], "")
    assert [one["name"] for one in shown["artifacts"]] == ["net:v1"]
    done = swept.promote(to)
    assert done.status_code == 201, done.text
    assert [alias["alias"] for alias in done.json()["artifact"]["aliases"]] == ["candidate", "latest"]
    move = next(one for one in swept.log(to) if one["alias"] == "candidate")
    assert move["act"] == "promote" and move["to_version"] == "v0"
    evidence = move["evidence"]
    assert evidence["sweep"] == swept.sweep.removeprefix("/projects/").replace("/sweeps/", "/")
    assert (evidence["trial"], evidence["run"], evidence["rank"], evidence["of"]) == (
        best["number"],
        best["run"],
        1,
        3,
    )
    assert evidence["objectives"] == [
        {"name": "loss", "goal": "minimize", "value": 0.2, "mean": 0.2, "std": None, "bound": 0.2}
    ]
    assert "loss 0.2, 1 of 3" in move["reason"]
    audit = people.admin.api.get(f"/entities/{org}/audit").json()
    linked = next(row for row in audit["rows"] if row["action"] == "artifact.link")
    assert linked["detail"]["evidence"] == evidence


def test_the_robust_and_the_luckiest_are_different_trials_and_the_evidence_says_which(
    people: People, org: str
) -> None:
    to = registry(people.admin.api, org)
    # The first combination has the luckiest trial; the second is the better one over its repeats.
    swept = Swept(people.member.api, people.team, [0.1, 0.9, 0.3, 0.32], repeats=2)
    robust = swept.promote(to).json()["evidence"]
    assert (robust["trial"], robust["rule"], robust["repeats"]) == (2, "robust", 2)
    lucky = swept.promote(to, robust=False, alias="lucky").json()["evidence"]
    assert (lucky["trial"], lucky["rule"]) == (0, "single")
    chosen = swept.promote(to, trial=3, alias="mine", reason="smaller").json()["evidence"]
    assert (chosen["trial"], chosen["rule"]) == (3, "chosen")
    reasons = {move["alias"]: move["reason"] for move in swept.log(to)}
    assert reasons["mine"] == "smaller"


def test_a_trial_without_an_artifact_or_with_several_is_refused_with_what_there_is(
    people: People, org: str
) -> None:
    api = people.member.api
    to = registry(people.admin.api, org)
    swept = Swept(api, people.team, [0.5, 0.2])
    run = swept.trials[1]["run"]
    log_artifact(api, swept.project, "decoder", {"w": b"d"}, type="model", run=run)
    log_artifact(api, swept.project, "samples", {"s": b"s"}, type="table", run=run)
    several = swept.promote(to)
    assert several.status_code == 409
    assert "decoder:v0 (model), net:v1 (model)" in words(several)
    assert several.json()["error"]["fields"]["artifacts"] == ["decoder:v0", "net:v1"]
    assert swept.promote(to, artifact="decoder").status_code == 201
    none = swept.promote(to, artifact="speaker")
    assert none.status_code == 409 and "made no artifact called 'speaker'" in words(none)
    assert "decoder:v0" in words(none)
    assert swept.promote({**to, "collection": "tables"}, type="table").status_code == 201
    empty = Swept(api, people.team, [0.5, 0.4])
    missing = empty.promote(to, trial=77)
    assert missing.status_code == 404 and "no trial 77" in words(missing)


def test_a_protected_alias_and_one_that_wants_approval_leave_nothing_behind(people: People, org: str) -> None:
    guarded = registry(people.admin.api, org, approvals_needed=1)
    swept = Swept(people.member.api, people.team, [0.5, 0.2])
    refused = swept.promote(guarded, alias="production")
    assert refused.status_code == 403 and "protected" in words(refused)
    waits = people.admin.api.post(f"{swept.sweep}/promote", json={**guarded, "alias": "production"})
    assert waits.status_code == 409 and "Ask for an approval" in words(waits)
    place = f"/projects/{org}/wandb-registry-{guarded['registry']}/collections/asr"
    assert people.admin.api.get(place).status_code == 404
    assert swept.promote(guarded).status_code == 201


def test_no_registry_no_write_and_no_result_are_told_apart(people: People, org: str) -> None:
    to = registry(people.admin.api, org)
    swept = Swept(people.member.api, people.team, [0.5, 0.2])
    nowhere = swept.promote({**to, "registry": "nowhere"})
    assert nowhere.status_code == 404 and "has no registry 'nowhere'" in words(nowhere)
    viewer = people.viewer.api.post(f"{swept.sweep}/promote", json=to)
    assert viewer.status_code in (403, 404)
    fresh = make(
        people.member.api,
        swept.project,
        {"method": "grid", "metric": {"name": "loss"}, "parameters": {"lr": {"values": [1]}}},
    )
    early = people.member.api.post(f"{fresh}/promote", json=to)
    assert early.status_code == 409 and "no trial" in words(early).lower()


def test_a_trial_that_breaks_a_constraint_is_only_promoted_by_force(people: People, org: str) -> None:
    api = people.member.api
    to = registry(people.admin.api, org)
    swept = Swept(api, people.team, [0.5, 0.2], constraints=["memory < 1"])
    refused = swept.promote(to)
    assert refused.status_code == 409 and "breaks a constraint" in words(refused)
    forced = swept.promote(to, force=True, reason="for the bench only")
    assert forced.status_code == 201 and forced.json()["evidence"]["feasible"] is False


def test_an_approval_is_asked_with_the_sweep_as_evidence_and_the_move_keeps_it(
    people: People, org: str
) -> None:
    swept = Swept(people.member.api, people.team, [0.4, 0.2, 0.3])
    to = registry(people.admin.api, org, approvals_needed=1, default_role="member")
    assert swept.promote(to, alias="production").status_code in (403, 409)
    asked = swept.api.post(f"{swept.sweep}/approvals", json={**to, "alias": "production"})
    assert asked.status_code == 201, asked.text
    request = asked.json()
    assert (request["evidence"]["kind"], request["evidence"]["trial"]) == ("sweep", 1)
    assert request["reason"].startswith("Trial 1 of sweep")
    assert swept.log(to)[0]["alias"] == "latest"  # linked, and nothing is in production yet
    place = f"/projects/{org}/wandb-registry-{to['registry']}/collections/asr"
    decided = people.admin.api.post(
        f"{place}/approvals/{request['id']}", json={"approves": True, "sha256": request["sha256"]}
    )
    assert decided.json()["state"] == "done", decided.text
    move = swept.log(to)[0]
    assert (move["alias"], move["act"]) == ("production", "promote")
    assert move["evidence"]["sweep"] == request["evidence"]["sweep"]
    assert move["evidence"]["approved_by"] == [people.admin.name]
    assert swept.api.post(f"{swept.sweep}/approvals", json={**to, "alias": "free"}).status_code == 400


def test_a_sweep_is_a_node_of_the_lineage_and_says_which_run_is_its_best(people: People, org: str) -> None:
    swept = Swept(people.member.api, people.team, [0.4, 0.2, 0.3])
    graph = swept.api.get(f"{swept.sweep}/lineage").json()
    nodes = {node["key"]: node for node in graph["nodes"]}
    (sweep,) = [node for node in nodes.values() if node["kind"] == "sweep"]
    place = swept.sweep.removeprefix("/projects/").replace("/sweeps/", "/")
    assert (sweep["name"], sweep["depth"], sweep["locked"]) == (place, 0, False)
    tried = [edge for edge in graph["edges"] if edge["source"] == sweep["key"]]
    assert sorted(edge["kind"] for edge in tried) == ["best", "tried", "tried"]
    best = nodes[next(edge["target"] for edge in tried if edge["kind"] == "best")]
    assert best["name"].endswith("/" + swept.trials[1]["run"])
    made = [nodes[edge["target"]] for edge in graph["edges"] if edge["source"] == best["key"]]
    assert [(node["kind"], node["type"]) for node in made] == [("artifact", "model")]
    up = swept.api.get(f"{swept.project}/artifacts/net:v1/lineage?direction=up").json()
    assert [node["name"] for node in up["nodes"] if node["kind"] == "sweep"] == [place]
    near = swept.api.get(f"{swept.project}/artifacts/net:v1/lineage?direction=up&depth=1").json()
    assert near["truncated"] and all(node["kind"] != "sweep" for node in near["nodes"])


def test_a_prediction_is_traced_back_to_the_sweep_and_a_hidden_sweep_is_locked(
    people: People, org: str
) -> None:
    swept = Swept(people.member.api, people.team, [0.4, 0.2])
    to = registry(people.admin.api, org)
    promoted = swept.promote(to).json()["artifact"]
    place = swept.sweep.removeprefix("/projects/").replace("/sweeps/", "/")
    said = {"id": new_name("pred"), "version_id": promoted["id"]}
    swept.api.post(f"/entities/{people.team}/predictions", json=said).raise_for_status()
    trace = swept.api.get(f"/entities/{people.team}/predictions/{said['id']}/trace").json()
    assert trace["sweep"] == place and trace["run"].endswith(swept.trials[1]["run"])
    # Seen through the registry by somebody who may not look into the team.
    stranger = people.stranger
    given = f"/organizations/{org}/registries/{to['registry']}/members/{stranger.name}"
    seat = f"/entities/{org}/members/{stranger.name}"
    people.admin.api.put(seat, json={"role": "viewer"}).raise_for_status()
    people.admin.api.put(given, json={"role": "viewer"}).raise_for_status()
    seen = stranger.api.get(
        f"/projects/{org}/wandb-registry-{to['registry']}/artifacts/asr:candidate/lineage?direction=up"
    )
    assert seen.status_code == 200, seen.text
    sweeps = [node for node in seen.json()["nodes"] if node["kind"] == "sweep"]
    assert [(node["locked"], node["name"]) for node in sweeps] == [(True, "")]
    people.admin.api.delete(seat)
