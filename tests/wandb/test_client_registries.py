"""Registries of an organisation as the published client makes, fills and searches them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from tests.support.server import RunningServer
from tests.support.wandb_clients import RELEASES, WandbClient


class Place(NamedTuple):
    """An organisation with a team, and somebody in both; `guest` is in neither."""

    organization: str
    team: str
    key: str
    guest: str


@pytest.fixture
def place(shared_server: RunningServer) -> Iterator[Place]:
    tag = uuid.uuid4().hex[:8]
    made = Place(f"org-{tag}", f"team-{tag}", "local-" + f"owner-{tag}".ljust(40, "0"), f"guest-{tag}")
    with httpx.Client(
        base_url=f"{shared_server.base_url}/api/v1/admin", auth=("api", shared_server.admin_key)
    ) as http:
        for path, body in (
            ("users", {"username": f"owner-{tag}", "api_key": made.key}),
            ("users", {"username": made.guest}),
            ("organizations", {"name": made.organization, "owner": f"owner-{tag}"}),
            ("organizations/" + made.organization + "/members", {"username": made.guest, "role": "viewer"}),
            ("teams", {"name": made.team, "organization": made.organization, "owner": f"owner-{tag}"}),
        ):
            answer = http.post(f"/{path}", json=body)
            assert answer.status_code < 300, answer.text
        yield made


@pytest.fixture(params=[one for one in RELEASES if tuple(map(int, one.split(".")[:2])) >= (0, 25)])
def client(
    request: pytest.FixtureRequest, shared_server: RunningServer, place: Place, tmp_path: Path
) -> WandbClient:
    return WandbClient(request.param, shared_server, tmp_path / "work", key=place.key)


def test_a_registry_is_made_filled_searched_and_emptied(client: WandbClient, place: Place) -> None:
    found = client.run(
        """
        api = wandb.Api()
        registry = api.create_registry("models", visibility="organization", organization=organization,
                                       description="all of them", artifact_types=["model"])
        made = [registry.full_name, registry.description, registry.visibility,
                registry.allow_all_artifact_types, list(registry.artifact_types)]
        with wandb.init(project="work", entity=team) as run:
            for n in range(3):
                one = wandb.Artifact("net", "model", metadata={"score": n})
                with one.new_file("w.bin") as file:
                    file.write(f"{team} weights {n}")
                run.log_artifact(one).wait()
                linked = run.link_artifact(one, "wandb-registry-models/chosen",
                                           aliases=["staging"] if n == 1 else [])
            refused = wandb.Artifact("set", "dataset")
            with refused.new_file("x") as file:
                file.write(team)
            run.log_artifact(refused).wait()
            try:
                run.link_artifact(refused, "wandb-registry-models/sets")
                took = True
            except Exception as error:
                took = "takes model" in str(error) or "type" in str(error)
                took = not took
        path = f"{organization}/wandb-registry-models/chosen"
        staged = api.artifact(path + ":staging")
        text = open(staged.download("staged") + "/w.bin").read()
        registries = api.registries(organization=organization, filter={"name": {"$regex": "models"}})
        collections = [(c.name, c.type, sorted(c.aliases)) for c in registries.collections()]
        versions = sorted(v.name for v in registries.versions())
        latest = [v.name for v in registries.versions(filter={"alias": "latest"})]
        scored = [v.name for v in registries.versions(filter={"metadata.score": {"$gte": 1}}, per_page=1)]
        staged.unlink()
        left = sorted(v.name for v in api.registries(organization=organization).versions())
        result({"made": made, "linked": linked is not None, "took": took, "text": text,
                "source": [staged.source_entity, staged.source_name], "collections": collections,
                "versions": versions, "latest": latest, "scored": sorted(scored), "left": left})
        """,
        organization=place.organization,
        team=place.team,
    ).result
    assert found["made"] == ["wandb-registry-models", "all of them", "organization", False, ["model"]]
    assert found["linked"] and not found["took"]
    assert found["text"] == f"{place.team} weights 1"
    assert found["source"] == [place.team, "net:v1"]
    assert found["collections"] == [["chosen", "model", ["latest", "staging"]]]
    assert found["versions"] == ["chosen:v0", "chosen:v1", "chosen:v2"]
    assert found["latest"] == ["chosen:v2"] and found["scored"] == ["chosen:v1", "chosen:v2"]
    assert found["left"] == ["chosen:v0", "chosen:v2"]


def test_members_of_a_registry_have_roles(client: WandbClient, place: Place) -> None:
    found = client.run(
        """
        api = wandb.Api()
        registry = api.create_registry("roles", visibility="restricted", organization=organization)
        owner = sorted((m.user.username, m.role) for m in registry.user_members())
        registry.add_members(api.user(guest), api.team(team))
        registry.update_member(api.user(guest), role="viewer")
        registry.update_member(api.team(team), role="admin")
        people = sorted((m.user.username, m.role) for m in registry.user_members())
        teams = [(m.team.name, m.role) for m in registry.team_members()]
        registry.remove_members(api.user(guest))
        left = [m.user.username for m in registry.user_members()]
        registry.name = "renamed"
        registry.description = "new words"
        registry.save()
        again = api.registry("renamed", organization)
        again.delete()
        try:
            again.load()
            gone = False
        except ValueError:
            gone = True
        result([owner, people, teams, left, again.description, again.visibility, gone])
        """,
        organization=place.organization,
        team=place.team,
        guest=place.guest,
    ).result
    owner, people, teams, left, description, visibility, gone = found
    assert [role for _, role in owner] == ["admin"]
    assert sorted(people) == sorted([*owner, [place.guest, "viewer"]])
    assert teams == [[place.team, "admin"]]
    assert left == [owner[0][0]]
    assert (description, visibility, gone) == ("new words", "restricted", True)
