"""The description is truthful: what it says is accepted is, and what it says comes back does."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.support.rest import log_run
from tests.support.server import RunningServer

# What a random request must not do to the server the other cases share.
_DESTRUCTIVE = {"delete_user", "sign_out", "delete_my_key", "follow_feed", "sign_in", "create_user"}


@pytest.fixture(scope="module")
def document(rest: RunningServer) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(rest.base_url + "/api/v1/openapi.json").json()
    return found


def test_every_operation_has_a_name_words_and_its_errors(document: dict[str, Any]) -> None:
    names = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["operationId"] not in names, where
            names.add(operation["operationId"])
            assert operation["tags"], where
            schema = operation["responses"]["default"]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}, where
            if operation["x-needs"] != "nobody":
                assert operation["security"], where
    assert len(names) > 60


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def walk(value: Any) -> None:
        if isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str):
                assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(document)


def test_no_page_of_documentation_loads_from_elsewhere(rest: RunningServer) -> None:
    for path in ("/docs", "/redoc", "/api/v1/docs"):
        text = httpx.get(rest.base_url + path).text
        assert "cdn" not in text and "jsdelivr" not in text


@pytest.fixture(scope="module")
def target(rest: RunningServer, api: httpx.Client) -> str:
    """A project with something of everything, for random requests to meet."""
    path = "/projects/admin/schema"
    api.put(path)
    log_run(api, path, "one", {"loss": [1.0, 0.5, 0.25], "acc": [0.1]}, tags=["t"], group="g")
    api.put(f"{path}/runs/one/files/a.txt", content=b"text")
    api.post(f"{path}/views", json={"name": "v", "spec": {}, "shared": True})
    return path


def test_random_requests_get_documented_answers_and_no_faults(
    rest: RunningServer, api: httpx.Client, target: str, document: dict[str, Any]
) -> None:
    """Bounded fuzzing by the description: no 500, error bodies of the one shape, and answers that
    fit the documented schema, for requests that fit theirs and for some that do not."""
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, given, settings

    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=rest.base_url)
    known = {"entity": "admin", "project": "schema", "run": "one", "name": "a.txt"}
    key = {"Authorization": f"Bearer {rest.admin_key}"}
    answered: dict[str, set[int]] = {}

    def check(case: Any) -> None:
        name = case.operation.definition.raw["operationId"]
        # Half the time a place that exists, so that answers beyond 404 are seen.
        if case.path_parameters and len(str(case.path_parameters)) % 2:
            for part in case.path_parameters:
                case.path_parameters[part] = known.get(part, case.path_parameters[part])
        answer = case.call(headers=key, timeout=30)
        answered.setdefault(name, set()).add(answer.status_code)
        assert answer.status_code != 500, (name, answer.text)
        if answer.status_code >= 400:
            assert answer.json()["error"]["code"], (name, answer.text)
            return
        case.validate_response(
            answer,
            checks=[
                schemathesis.checks.response_schema_conformance,
                schemathesis.checks.content_type_conformance,
                schemathesis.checks.status_code_conformance,
            ],
        )

    bounded = settings(
        max_examples=8,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.definition.raw["operationId"] not in _DESTRUCTIVE:
            bounded(given(case=operation.as_strategy())(check))()
    assert len(answered) > 50
    # Random it is, but not so random that nothing is ever answered.
    assert sum(any(status < 300 for status in found) for found in answered.values()) > 20, answered
    assert api.get("/me").status_code == 200
