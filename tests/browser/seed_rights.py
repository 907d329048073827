"""A team with something of everything that can be changed, and people who may and may not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.browser.seed import Seeder
from tests.browser.seed_artifacts import put_artifact, use_artifact
from tests.browser.seed_sweeps import model_sweep, ok

ORGANIZATION, TEAM, PROJECT, REGISTRY = "rights-org", "rights-team", "shared", "models"
SWEEP = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "run_cap": 100,
    "parameters": {"lr": {"min": 0.001, "max": 0.1}, "layers": {"values": [2, 4]}},
}
READ_ONLY = "the owner's read-only key"


@dataclass
class Shared:
    """Keys by who it is: owner, member, viewer, outsider, and READ_ONLY."""

    keys: dict[str, str]
    view: str  # id of a view shared by the owner


@contextmanager
def shared_place(seed: Seeder) -> Iterator[Shared]:
    keys: dict[str, str] = {}
    for who in ("owner", "member", "viewer", "outsider"):
        ok(seed.api.post("/admin/users", json={"username": f"rights-{who}"}))
        keys[who] = ok(seed.api.post(f"/admin/users/rights-{who}/keys", json={}))["key"]
    ok(seed.api.post("/admin/organizations", json={"name": ORGANIZATION, "owner": "rights-owner"}))
    team = {"name": TEAM, "organization": ORGANIZATION, "owner": "rights-owner"}
    ok(seed.api.post("/admin/teams", json=team))
    own = Seeder(seed.base_url, keys["owner"])
    try:
        for who in ("member", "viewer"):
            for entity in (ORGANIZATION, TEAM):
                ok(own.api.put(f"/entities/{entity}/members/rights-{who}", json={"role": who}))
        ok(own.api.patch("/me", json={"default_entity": TEAM}))
        keys[READ_ONLY] = ok(own.api.post("/me/keys", json={"name": "look", "read_only": True}))["key"]
        yield Shared(keys, _fill(own))
    finally:
        own.close()


def _fill(own: Seeder) -> str:
    rows = [{"loss": 1 / (n + 1)} for n in range(20)]
    own.run(PROJECT, "ended", name="ended", tags=["kept"], rows=rows).end()
    own.run(PROJECT, "going", name="going", rows=[{"loss": 0.5}])
    model_sweep(own, PROJECT, "search", SWEEP, 4)
    ok(own.api.post(f"/projects/-/{PROJECT}/sweeps", json={"config": SWEEP, "id": "open"}))
    put_artifact(own.api, PROJECT, "raw", "dataset", {"raw.csv": b"1,2"})
    use_artifact(own.api, PROJECT, "ended", "raw:v0")
    registry = {"name": REGISTRY, "description": "What the team ships"}
    ok(own.api.post(f"/organizations/{ORGANIZATION}/registries", json=registry))
    place = {"entity": ORGANIZATION, "project": f"wandb-registry-{REGISTRY}", "collection": "net"}
    for number in range(3):
        model = put_artifact(own.api, PROJECT, "net", "model", {"w": bytes([number])}, run="ended")
        ok(own.api.post(f"/projects/-/{PROJECT}/artifacts/@{model['id']}/links", json=place))
    at = f"/projects/{ORGANIZATION}/wandb-registry-{REGISTRY}/collections/net"
    for version, alias, reason in (
        ("v0", "production", "the first"),
        ("v1", "production", "better on the test set"),
        ("v2", "candidate", "to be looked at"),
    ):
        evidence = {"kind": "gate", "accuracy": 0.9, "suite": "nightly"}
        moved = {"version": version, "alias": alias, "reason": reason, "evidence": evidence}
        ok(own.api.post(f"{at}/promote", json=moved))
    view = {"name": "ours", "spec": {}, "shared": True}
    return str(ok(own.api.post(f"/projects/-/{PROJECT}/views", json=view))["id"])
