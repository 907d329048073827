"""V12: every route says what it needs, and holds to it.

The routes come from the server's own description, so a new one is tried without anybody
remembering to. Each is tried with no key, with a key that is none, with the key of somebody from
elsewhere, and with a viewer's.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from tests.support.artifacts import log_artifact
from tests.support.rest import People, client, log_run, new_name
from tests.support.server import RunningServer

from runstone.server.app import build_app
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.permissions import UndeclaredRouteError, check_declared, declared, endpoints
from runstone.server.house import open_house
from runstone.server.settings import ServerSettings

# A body that is right in shape, for routes whose refusal must come from the permission.
BODIES: dict[str, Any] = {
    "sign_in": {"key": "local-" + "0" * 40},
    "make_my_key": {"name": "x"},
    "update_me": {},
    "query_runs": {},
    "group_runs": {"by": ["config.lr"]},
    "put_run": {"notes": "changed"},
    "update_run": {"notes": "changed"},
    "delete_runs": {"runs": ["one"]},
    "restore_runs": {"runs": ["one"]},
    "purge_runs": {"runs": ["one"]},
    "tag_runs": {"runs": ["one"], "add": ["changed"]},
    "move_runs": {"runs": ["one"], "entity": "{stranger}", "project": "stolen"},
    "ensure_project": {"description": "changed"},
    "update_project": {"description": "changed"},
    "restore_project": {},
    "read_series": {"runs": ["one"], "keys": ["loss"]},
    "list_media_keys": {"runs": ["one"]},
    "read_media": {"runs": ["one"], "keys": ["loss"]},
    "create_view": {"name": "v", "spec": {}, "shared": True},
    "update_view": {"name": "changed", "spec": {}, "shared": True},
    "create_user": {"username": "made-by-nobody"},
    "make_user_key": {},
    "create_organization": {"name": "made-by-nobody", "owner": "admin"},
    "create_team": {"name": "made-by-nobody", "organization": "made-by-nobody", "owner": "admin"},
    "add_member": {"username": "{stranger}", "role": "admin"},
    "set_member": {"role": "admin"},
    "make_link": {},
    "read_artifact_files": {"paths": ["notes.txt"]},
    "find_blobs": {"sha256": ["0" * 64]},
    "ensure_artifact_type": {"description": "changed"},
    "create_collection": {"name": "made-by-nobody", "type": "dataset"},
    "update_collection": {"description": "changed"},
    "create_artifact": {"type": "dataset", "name": "set"},
    "add_artifact_entries": {"entries": [{"path": "x", "size": 1, "sha256": "0" * 64}]},
    "update_artifact": {"description": "changed"},
    "move_aliases": {"add": ["changed"]},
    "use_artifact": {"artifact": "set"},
    "preview_sweep": {"config": {"method": "random", "parameters": {"x": {"values": [1]}}}},
    "create_sweep": {"config": {"method": "random", "parameters": {"x": {"values": [1]}}}},
    "update_sweep": {"description": "changed"},
    "enqueue_trials": {"params": [{"x": 1}]},
    "report_trial": {"attempt": 1, "points": [[1, 0.5]]},
    "complete_trial": {"attempt": 1},
    "stop_trial": {},
    "retry_trials": {},
    "ask_trials": {},
    "tell_trial": {"number": 0, "attempt": 1},
    "beat_trials": {},
    "register_agent": {"host": "h"},
    "claim_trials": {},
    "promote_from_sweep": {"organization": "o", "registry": "r", "collection": "c"},
    "ask_approval_from_sweep": {"organization": "o", "registry": "r", "collection": "c", "alias": "a"},
    "bring_sweep": {
        "config": {"method": "random", "parameters": {"x": {"values": [1]}}},
        "seed": 1,
        "state": "finished",
        "created_at": 1.0,
    },
    "set_retention": {"rule": {"last": 1000}},
    "set_entity_retention": {"rule": {"last": 1000}},
    "preview_retention": {},
    "delete_by_query": {"tag": "changed"},
    "preview_deletion": {},
    "pareto_of_runs": {"objectives": [{"key": "loss"}, {"key": "seconds"}]},
    "beat_agent": {},
    "link_artifact": {"collection": "linked", "entity": "{stranger}", "project": "stolen"},
    "unlink_artifact": {},
    "create_registry": {"name": "made-by-nobody"},
    "update_registry": {"description": "changed"},
    "set_registry_member": {"role": "admin"},
    "promote_version": {"version": "v0", "alias": "changed", "reason": "r"},
    "roll_back_version": {"alias": "changed", "reason": "r"},
    "ask_approval": {"version": "v0", "alias": "changed", "reason": "r"},
    "decide_approval": {"approves": True},
    "record_deployment": {"site": "s", "name": "n", "artifact": "{team}/{project}/set"},
    "add_prediction": {"version_id": 1},
    "begin_upload": {"size": 3},
    "get_upload_addresses": {"offsets": [0]},
    "delete_versions": {"dry_run": False},
    "restore_versions": {"versions": [1]},
    "restore_collection": {"name": "set"},
    "collect_garbage": {"dry_run": True},
}
CHART = """mutation C($e: String!) { createCustomChart(input: {entity: $e, name: "notes.txt",
  displayName: "secret words", type: "vega2", access: "PRIVATE", spec: "{}"}) { chart { id } } }"""
# Routes without an entity in their address that answer everybody about themselves only.
OWN = {"get_me", "update_me", "get_my_keys", "make_my_key", "make_link", "list_projects", "list_alerts"}


def operations() -> Iterator[tuple[str, str, str, str]]:
    """(operation, method, path, needs) of every documented route."""
    document = httpx.get(_description["url"]).json() if _description else {}
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            yield operation["operationId"], method.upper(), path, operation["x-needs"]


_description: dict[str, str] = {}


class Tenant:
    """A team with one project, run, view, file, sweep and key, that nobody else may see."""

    def __init__(self, api: httpx.Client, people: People) -> None:
        self.people = people
        self.project = new_name("secret")
        self.path = f"/projects/{people.team}/{self.project}"
        assert people.member.api.put(self.path).status_code == 201
        log_run(people.member.api, self.path, "one", {"loss": [1.0, 0.5]})
        put = people.member.api.put(f"{self.path}/runs/one/files/notes.txt", content=b"secret words")
        assert put.status_code == 201, put.text
        made = people.member.api.post(
            f"{self.path}/views", json={"name": "v", "spec": {"secret": 1}, "shared": True}
        )
        assert made.status_code == 201, made.text
        self.view = made.json()["id"]
        chart = people.member.api.post(
            str(people.member.api.base_url).replace("/api/v1/", "/graphql"),
            json={"query": CHART, "variables": {"e": people.team}},
        )
        assert "errors" not in chart.json(), chart.text
        log_artifact(people.member.api, self.path, "set", {"notes.txt": b"secret words"})
        config = {"method": "random", "metric": {"name": "loss"}, "parameters": {"x": {"values": [1, 2]}}}
        swept = people.member.api.post(f"{self.path}/sweeps", json={"config": config})
        assert swept.status_code == 201, swept.text
        self.sweep = f"{self.path}/sweeps/{swept.json()['id']}"
        self.agent = people.member.api.post(f"{self.sweep}/agents", json={"host": "h"}).json()["id"]
        people.member.api.post(f"{self.sweep}/agents/{self.agent}/claim", json={})
        version = log_artifact(people.member.api, self.path, "set", {"notes.txt": b"secret words"})
        for role in ("member", "viewer"):
            person = getattr(people, role).name
            place = f"/entities/{people.organization}/members/{person}"
            assert people.admin.api.put(place, json={"role": role}).is_success
        self.registry, self.prediction = new_name("secret"), new_name("secret")
        wanted = {"name": self.registry, "default_role": "member"}
        made = people.admin.api.post(f"/organizations/{people.organization}/registries", json=wanted)
        assert made.status_code == 201, made.text
        self.upload = people.member.api.post(f"/entities/{people.team}/uploads", json={}).json()["id"]
        self.version = version["id"]
        said = {"id": self.prediction, "version_id": self.version}
        made = people.member.api.post(f"/entities/{people.team}/predictions", json=said)
        assert made.status_code == 201, made.text
        begun = people.member.api.post(f"{self.path}/deletions", json={"tag": "secret"})
        assert begun.status_code == 202, begun.text
        self.deletion = begun.json()["id"]
        self.key = people.member.api.post("/me/keys", json={"name": "k"}).json()["id"]
        self.project_id = api.get(self.path).json()["id"]

    def address(self, path: str) -> str:
        people = self.people
        filled = path.replace("/api/v1", "", 1)
        for name, value in {
            "entity": self.people.team,
            "project": self.project,
            "project_id": str(self.project_id),
            "run": "one",
            "sweep": self.sweep.rpartition("/")[2],
            "agent": self.agent,
            "number": "0",
            "name": self.people.team if "entities" in path or "organizations" in path else "notes.txt",
            "username": self.people.member.name,
            "view_id": self.view,
            "artifact": "set:latest",
            "collection": "set",
            "organization": people.organization,
            "registry": self.registry,
            "member": people.member.name,
            "approval": "1",
            "deployment": "1",
            "deletion": str(self.deletion),
            "prediction": self.prediction,
            "upload": self.upload,
            "type": "dataset",
            "key_id": str(self.key),
        }.items():
            filled = filled.replace("{" + name + "}", value)
        assert "{" not in filled, path
        return filled

    def call(self, api: httpx.Client, operation: str, method: str, path: str) -> httpx.Response:
        body = BODIES.get(operation)
        options: dict[str, Any] = {}
        if body is not None:
            options["json"] = {
                key: value.replace("{stranger}", self.people.stranger.name)
                .replace("{team}", self.people.team)
                .replace("{project}", self.project)
                if isinstance(value, str)
                else value
                for key, value in body.items()
            }
        if operation == "add_prediction":
            options["json"] = {"version_id": self.version}
        elif operation in ("append_journal", "get_journal_offset"):
            options["params"] = {"writer": "0" * 32, "offset": "64"}
        elif operation == "get_statistics":
            options["params"] = {"key": "loss"}
        elif operation == "append_upload":
            options["params"] = {"offset": "0"}
        elif operation == "compare_versions":
            options["params"] = {"baseline": "set:v0"}
        elif operation == "diff_artifacts":
            options["params"] = {"to": "set:v0"}
        elif operation == "list_trashed_projects":
            options["params"] = {"entity": self.people.team}
        if operation == "follow_feed":
            with api.stream(method, self.address(path)) as answer:
                if answer.is_success:
                    return httpx.Response(answer.status_code)
                answer.read()
                return answer
        return api.request(method, self.address(path), **options)


@pytest.fixture(scope="module")
def tenant(api: httpx.Client, people: People) -> Tenant:
    return Tenant(api, people)


@pytest.fixture(scope="module")
def described(rest: RunningServer) -> list[tuple[str, str, str, str]]:
    _description["url"] = rest.base_url + "/api/v1/openapi.json"
    found = list(operations())
    assert len(found) > 50
    return found


def test_without_a_key_every_route_is_closed(
    rest: RunningServer, tenant: Tenant, described: list[tuple[str, str, str, str]]
) -> None:
    open_to_all = {name for name, _, _, needs in described if needs == "nobody"}
    assert open_to_all == {"sign_in", "sign_out", "open_shared_view"}  # the link is the authority
    with client(rest, "") as nobody:
        for name, method, path, needs in described:
            if needs != "nobody":
                answer = tenant.call(nobody, name, method, path)
                assert answer.status_code == 401, (name, answer.status_code, answer.text)
                assert answer.json()["error"]["code"] == "not_signed_in"


def test_a_key_that_is_none_opens_nothing(
    rest: RunningServer, tenant: Tenant, described: list[tuple[str, str, str, str]]
) -> None:
    with client(rest, "local-" + "0" * 40) as wrong:
        for name, method, path, needs in described:
            if needs != "nobody":
                answer = tenant.call(wrong, name, method, path)
                assert answer.status_code == 401, (name, answer.status_code, answer.text)


def test_somebody_from_elsewhere_sees_and_changes_nothing(
    rest: RunningServer, api: httpx.Client, tenant: Tenant, described: list[tuple[str, str, str, str]]
) -> None:
    before = snapshot(api, tenant)
    stranger = tenant.people.stranger.api
    for name, method, path, needs in described:
        if needs in ("nobody", "signed_in") or name in OWN:
            continue
        answer = tenant.call(stranger, name, method, path)
        # 404, not 403: who may not read a thing does not learn that it is there.
        expected = (403,) if needs == "server_admin" else (404,)
        assert answer.status_code in expected, (name, answer.status_code, answer.text)
        for secret in ("secret words", '"loss"', tenant.people.member.name + "@"):
            assert secret not in answer.text, name
    assert snapshot(api, tenant) == before


def test_own_routes_tell_a_stranger_nothing_of_the_team(tenant: Tenant) -> None:
    stranger = tenant.people.stranger.api
    for path in ("/me", "/projects", "/alerts", "/me/keys"):
        answer = stranger.get(path)
        assert answer.status_code == 200
        assert tenant.project not in answer.text and tenant.people.team not in answer.text, path
    assert stranger.delete(f"/me/keys/{tenant.key}").status_code == 404


def test_a_viewer_reads_and_changes_nothing(
    rest: RunningServer, api: httpx.Client, tenant: Tenant, described: list[tuple[str, str, str, str]]
) -> None:
    before = snapshot(api, tenant)
    viewer = tenant.people.viewer.api
    for name, method, path, needs in described:
        if name in OWN or needs in ("nobody", "signed_in"):
            continue
        answer = tenant.call(viewer, name, method, path)
        if needs in ("write", "manage", "server_admin"):
            assert answer.status_code == 403, (name, answer.status_code, answer.text)
            assert answer.json()["error"]["code"] == "not_allowed"
        elif method == "GET" or name in (
            "read_artifact_files",
            "query_runs",
            "group_runs",
            "read_series",
            "list_media_keys",
            "read_media",
        ):
            # The tenant's sweep has no result yet, which whoever may read is told.
            expected = 409 if name == "promotable_of_sweep" else 200
            assert answer.status_code == expected, (name, answer.status_code, answer.text)
    assert snapshot(api, tenant) == before


@pytest.mark.parametrize("by", ["key", "session"])
def test_a_key_that_may_only_read_changes_nothing_whosever_it_is(
    rest: RunningServer,
    api: httpx.Client,
    tenant: Tenant,
    described: list[tuple[str, str, str, str]],
    by: str,
) -> None:
    """The server admin's own: he may do everything. Nor does a session that was opened with it."""
    before, keys = snapshot(api, tenant), len(api.get("/me/keys").json()["keys"])
    made = api.post("/me/keys", json={"name": "deploy", "read_only": True}).json()
    assert made["read_only"]
    with client(rest, made["key"] if by == "key" else "") as reader:
        if by == "session":
            signed = reader.post("/session", json={"key": made["key"]})
            if signed.status_code == 429:  # the tests before this one have failed to sign in, from here too
                time.sleep(signed.json()["error"]["fields"]["retry_after_seconds"] + 1)
                signed = reader.post("/session", json={"key": made["key"]})
            assert signed.is_success, signed.text
            reader.headers["X-Runstone"] = "1"
        for name, method, path, needs in described:
            if needs == "nobody":
                continue
            answer = tenant.call(reader, name, method, path)
            if needs in ("write", "manage", "server_admin") or name in (
                "make_link",
                "update_me",
                "make_my_key",
                "delete_my_key",
            ):
                assert answer.status_code == 403, (name, answer.status_code, answer.text)
                assert answer.json()["error"]["code"] == "not_allowed"
                assert (
                    "may" in answer.json()["error"]["message"] and "read" in answer.json()["error"]["message"]
                )
            elif needs == "read" and method == "GET":
                expected = 409 if name == "promotable_of_sweep" else 200
                assert answer.status_code == expected, (name, answer.status_code, answer.text)
        if by == "key":  # the other door takes no sessions
            graphql = str(reader.base_url).replace("/api/v1/", "/graphql")
            said = reader.post(graphql, json={"query": CHART, "variables": {"e": tenant.people.team}})
            assert "errors" in said.json() and "may only read" in said.text, said.text
        assert reader.get("/me").json()["read_only"] and not api.get("/me").json()["read_only"]
        assert api.delete(f"/me/keys/{made['id']}").status_code == 204
        assert reader.get("/me").status_code == 401  # the session ends with its key
    assert snapshot(api, tenant) == before and len(api.get("/me/keys").json()["keys"]) == keys


def test_a_member_writes_but_does_not_manage(
    tenant: Tenant, described: list[tuple[str, str, str, str]]
) -> None:
    member = tenant.people.member.api
    for name, method, path, needs in described:
        if needs in ("manage", "server_admin"):
            answer = tenant.call(member, name, method, path)
            assert answer.status_code == 403, (name, answer.status_code, answer.text)


def test_anybody_may_leave_a_team_and_only_its_admins_send_others_away(people: People) -> None:
    team, viewer = people.team, people.viewer
    refused = viewer.api.delete(f"/entities/{team}/members/{people.member.name}")
    assert refused.status_code == 403
    assert people.member.api.delete(f"/entities/{team}/members/{viewer.name}").status_code == 403
    assert viewer.api.delete(f"/entities/{team}/members/{viewer.name}").status_code == 204
    back = people.admin.api.put(f"/entities/{team}/members/{viewer.name}", json={"role": "viewer"})
    assert back.status_code == 200


def test_documented_needs_are_those_the_endpoints_declare(tmp_path: Path) -> None:
    settings = ServerSettings.load(data=tmp_path, environ={})
    house = open_house(settings)
    try:
        app, _ = build_app(settings, house)
        inner = app._app._app  # type: ignore[attr-defined]
        found = {(method, path): declared(endpoint) for method, path, endpoint in endpoints(inner.routes)}
    finally:
        house.close()
    assert all(permission is not None for permission in found.values())
    open_to_all = {path for (_, path), needs in found.items() if needs is Permission.NOBODY}
    # Beside the wandb door's (which asks in each field, or carries signed addresses) only these.
    ours = {
        path for path in open_to_all if not re.match(r"/(graphql|storage|files|artifacts|sdk|oidc)", path)
    }
    assert ours == {
        "/healthz",
        "/metrics",
        "/signin",
        "/{path:path}",
        "/api/v1/openapi.json",
        "/api/v1/session",
        "/api/v1/shared-views/{token}",
    }


def test_a_route_that_declares_nothing_stops_the_build() -> None:
    async def bare(_: Request) -> Response:
        return Response()

    with pytest.raises(UndeclaredRouteError, match="/bare"):
        check_declared([Route("/bare", bare)])
    with pytest.raises(UndeclaredRouteError, match="/deep/er/bare"):
        check_declared([Mount("/deep", routes=[Mount("/er", routes=[Route("/bare", bare)])])])


def snapshot(api: httpx.Client, tenant: Tenant) -> dict[str, Any]:
    """What the admin sees of the tenant; nothing of it may change by others' attempts."""
    run = api.get(f"{tenant.path}/runs/one").json()
    for moving in ("heartbeat_at", "updated_at", "version", "state", "finished_at", "duration"):
        run.pop(moving, None)
    project = api.get(tenant.path).json()
    project.pop("updated_at")
    return {
        "project": project,
        "run": run,
        "files": api.get(f"{tenant.path}/runs/one/files").json(),
        "file": api.get(f"{tenant.path}/runs/one/files/notes.txt").text,
        "views": api.get(f"{tenant.path}/views").json(),
        "collections": api.get(f"{tenant.path}/collections").json(),
        "versions": api.get(f"{tenant.path}/collections/set/versions").json(),
        "sweeps": api.get(f"{tenant.path}/sweeps").json(),
        "trials": api.get(f"{tenant.sweep}/trials").json(),
        "agents": api.get(f"{tenant.sweep}/agents").json(),
        "registries": api.get(f"/organizations/{tenant.people.organization}/registries").json(),
        "moves": api.get(f"{tenant.path}/collections/set/log").json(),
        "deployments": api.get(f"/entities/{tenant.people.team}/deployments").json(),
        "members": api.get(f"/entities/{tenant.people.team}/members").json(),
        "users": [user["username"] for user in api.get("/admin/users").json()["users"]],
        "rows": api.get(f"{tenant.path}/runs/one/rows").json(),
    }
