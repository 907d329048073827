"""What the server tells a caller that they may do is what its routes let them do: each role against
each route that changes something, on a team's project, in a registry, on views and on one's own things.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.security.test_route_permissions import Tenant
from tests.support.artifacts import log_artifact
from tests.support.rest import client, new_name, new_people
from tests.support.server import RunningServer

Operation = tuple[str, str, str, str]  # its name, the method, the path, what it needs
# X's key: one that may only read.
ROLES = ("viewer", "member", "admin", "server admin", "member's key", "server admin's key")
# What takes away what others of these act on comes last.
LAST = ("delete_", "purge_", "move_runs", "remove_", "apply_retention", "collect_garbage")
VERY_LAST = ("delete_project", "delete_registry", "delete_user", "delete_organization")


@pytest.fixture(scope="module")
def changes(rest: RunningServer) -> list[Operation]:
    """Every documented route that needs `write`, `manage` or `server_admin`."""
    document = httpx.get(rest.base_url + "/api/v1/openapi.json").json()
    found = [
        (operation["operationId"], method.upper(), path, operation["x-needs"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["x-needs"] in ("write", "manage", "server_admin")
    ]
    assert len(found) > 80
    return sorted(found, key=lambda one: (one[0] in VERY_LAST, one[0].startswith(LAST)))


@contextlib.contextmanager
def acting_as(rest: RunningServer, api: httpx.Client, tenant: Tenant, role: str) -> Iterator[httpx.Client]:
    whose, _, restricted = role.partition("'s ")
    own = api if whose == "server admin" else getattr(tenant.people, whose).api
    if not restricted:
        yield own
        return
    key = own.post("/me/keys", json={"name": "reader", "read_only": True}).json()["key"]
    with client(rest, key) as reader:
        yield reader


class Told:
    """What the answers say the caller may do."""

    def __init__(self, api: httpx.Client, tenant: Tenant) -> None:
        self.me = api.get("/me").json()
        team, organization = tenant.people.team, tenant.people.organization
        self.team = api.get(f"/entities/{team}").json()["may"]
        self.organization = api.get(f"/entities/{organization}").json()["may"]
        for one in self.me["entities"]:
            assert one["may"] == {team: self.team, organization: self.organization}.get(
                one["name"], one["may"]
            )
        self.project = api.get(tenant.path).json()["may"]
        registry = f"/projects/{tenant.people.organization}/wandb-registry-{tenant.registry}"
        self.registry = api.get(registry).json()["may"]
        listed = api.get(f"/organizations/{organization}/registries").json()["registries"]
        assert [one["may"] for one in listed if one["name"] == tenant.registry] == [self.registry]

    def of(self, operation: Operation, tenant: Tenant) -> dict[str, Any]:
        """The right that is about it."""
        _, _, path, needs = operation
        if needs == "server_admin":
            return dict(self.me["may"]["admin"])
        if "{registry}" in path:
            place = self.registry
        elif "{project}" in path or "{project_id}" in path:
            place = self.project
        elif "{organization}" in path:
            place = self.organization
        else:
            assert "{entity}" in path or "{name}" in path, path
            place = self.team
        return dict(place[needs])


@pytest.mark.parametrize("role", ROLES)
def test_what_is_told_is_what_every_route_holds_to(
    rest: RunningServer, api: httpx.Client, changes: list[Operation], role: str
) -> None:
    with new_people(rest, api) as people:
        tenant = Tenant(api, people)
        answers: Counter[str] = Counter()
        with acting_as(rest, api, tenant, role) as caller:
            told = Told(caller, tenant)
            for operation in changes:
                name, method, path, _ = operation
                if name == "delete_user" and role == "server admin":
                    continue  # it would be one that the rest is asked for
                may = told.of(operation, tenant)
                answer = tenant.call(caller, name, method, path)
                assert answer.status_code < 500, (name, answer.text)
                assert (answer.status_code != 403) == may["allowed"], (name, may, answer.text)
                assert bool(may["reason"]) != may["allowed"]
                if not may["allowed"]:
                    assert answer.json()["error"]["message"] == may["reason"], name
                answers["done"] += answer.is_success
        if role in ("admin", "server admin", "member"):
            assert answers["done"] > 40, answers  # it was no look at refusals alone
        else:
            assert answers["done"] == 0, answers


@pytest.mark.parametrize("role", ["restricted_viewer", "viewer", "member", "admin"])
@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("approvals", [0, 1])
def test_a_registry_tells_each_of_its_roles_what_its_routes_hold_to(
    rest: RunningServer, api: httpx.Client, role: str, read_only: bool, approvals: int
) -> None:
    """Somebody of a team, who is nobody in its organisation but for the role in the registry."""
    with new_people(rest, api) as people:
        name, project = new_name("registry"), new_name("made")
        registries = f"/organizations/{people.organization}/registries"
        wanted = {"name": name, "visibility": "restricted", "approvals_needed": approvals}
        assert people.admin.api.post(registries, json=wanted).status_code == 201
        person = people.viewer
        given = {"role": role}
        assert people.admin.api.put(f"{registries}/{name}/members/{person.name}", json=given).is_success
        source = f"/projects/{people.team}/{project}"
        assert people.admin.api.put(source).is_success
        place = {"entity": people.organization, "project": f"wandb-registry-{name}", "collection": "set"}
        for number in range(2):
            made = log_artifact(people.admin.api, source, "set", {"a": b"%d" % number})
            linked = people.admin.api.post(f"{source}/artifacts/@{made['id']}/links", json=place)
            assert linked.is_success, linked.text
        at = f"/projects/{people.organization}/wandb-registry-{name}"
        key = person.key
        if read_only:
            key = person.api.post("/me/keys", json={"read_only": True}).json()["key"]
        with client(rest, key) as caller:
            seen = caller.get(at).json()
            may = seen["may"]
            assert seen["protected_aliases"] == ["production"]
            assert caller.get(f"{registries}/{name}").json()["may"] == may
            collection = f"{at}/collections/set"
            moved = {"version": "v0", "reason": "r"}
            back = {"alias": "production", "reason": "r"}
            aliases, role_of = f"{at}/artifacts/set:v1/aliases", f"{registries}/{name}/members"
            production = {**moved, "alias": "production"}
            tries = [
                ("write", caller.patch(collection, json={"description": "changed"})),
                ("write", caller.post(f"{collection}/promote", json={**moved, "alias": "candidate"})),
                ("write", caller.post(f"{collection}/rollback", json={**back, "alias": "candidate"})),
                ("write", caller.post(aliases, json={"add": ["blue"]})),
                ("write", caller.post(f"{collection}/approvals", json=production)),
                ("move_protected", caller.post(f"{collection}/promote", json=production)),
                ("move_protected", caller.post(aliases, json={"add": ["production"]})),
                ("roll_back_protected", caller.post(f"{collection}/rollback", json=back)),
                ("manage", caller.patch(f"{registries}/{name}", json={"description": "changed"})),
                ("manage", caller.put(f"{role_of}/{people.member.name}", json=given)),
                ("write", caller.delete(collection) if role != "member" else caller.get(collection)),
            ]
            if role == "member":  # it may, but for the aliases in it: that is told apart
                tries.pop()
            for right, answer in tries:
                waits = answer.status_code == 409 and "approvals_needed" in answer.text
                refused = answer.status_code == 403 or waits
                assert refused != may[right]["allowed"], (right, may, answer.text)
                assert bool(may[right]["reason"]) == refused
            assert may["write"]["allowed"] == (not read_only and role in ("member", "admin"))
            alone = not read_only and role == "admin"
            assert may["roll_back_protected"]["allowed"] == alone
            assert may["move_protected"]["allowed"] == (alone and not approvals)


@pytest.mark.parametrize("role", ROLES)
def test_a_view_tells_whether_it_may_be_saved_over(rest: RunningServer, api: httpx.Client, role: str) -> None:
    with new_people(rest, api) as people:
        path = f"/projects/{people.team}/{new_name('views')}"
        assert people.admin.api.put(path).is_success
        whose = role.partition("'s ")[0]
        own = api if whose == "server admin" else getattr(people, whose).api
        for maker in (own, people.admin.api):
            for shared in (False, True):
                wanted = {"name": "v", "spec": {}, "shared": shared}
                made = maker.post(f"{path}/views", json=wanted)
                assert made.is_success or (shared and role == "viewer"), made.text
        tenant = type("Of", (), {"people": people})
        with acting_as(rest, api, tenant, role) as caller:  # type: ignore[arg-type]
            views = caller.get(f"{path}/views").json()["views"]
            assert len(views) >= 2
            for view in views:
                body = {"name": "changed", "spec": {}, "shared": view["shared"]}
                may = view["may"]["write"]
                for answer in (
                    caller.put(f"/views/{view['id']}", json=body),
                    caller.delete(f"/views/{view['id']}"),
                ):
                    assert (answer.status_code != 403) == may["allowed"], (view, answer.text)


@pytest.mark.parametrize("read_only", [False, True])
def test_credentials_tell_whether_they_may_change_what_is_ones_own(
    rest: RunningServer, api: httpx.Client, read_only: bool
) -> None:
    with new_people(rest, api) as people:
        path = f"/projects/{people.viewer.name}/{new_name('own')}"
        assert people.viewer.api.put(path).is_success
        made = people.viewer.api.post("/me/keys", json={"read_only": read_only}).json()
        with client(rest, made["key"]) as caller:
            may = caller.get("/me").json()["may"]["write"]
            for answer in (
                caller.patch("/me", json={"display_name": "changed"}),
                caller.post("/me/keys", json={}),
                caller.post("/session/link", json={}),
                caller.post(f"{path}/views", json={"name": "v", "spec": {}}),
                caller.delete(f"/me/keys/{made['id']}"),
            ):
                assert (answer.status_code != 403) == may["allowed"] == (not read_only), answer.text
