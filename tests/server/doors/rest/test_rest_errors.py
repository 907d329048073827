"""Every error looks the same, on every route."""

from __future__ import annotations

import re

import httpx
import pytest
from tests.support.rest import client
from tests.support.server import RunningServer


def assert_shape(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "request_id", "fields"}
    assert error["code"] == code
    assert len(error["message"]) > 10
    assert re.fullmatch(r"[0-9a-f]{16}", error["request_id"])
    assert answer.headers["x-request-id"] == error["request_id"]


def test_no_such_route_is_404(api: httpx.Client) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        assert_shape(api.request(method, "/no/such/route"), 404, "not_found")


def test_a_wrong_method_is_405_and_names_the_right_ones(api: httpx.Client) -> None:
    answer = api.get("/session")
    assert_shape(answer, 405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"DELETE", "POST"}
    assert_shape(api.put("/me"), 405, "method_not_allowed")


def test_a_body_that_is_not_json_is_refused(api: httpx.Client, project: str) -> None:
    answer = api.post(f"{project}/runs/query", content=b"{", headers={"Content-Type": "application/json"})
    assert_shape(answer, 422, "invalid")


def test_a_body_of_another_shape_names_the_place(api: httpx.Client, project: str) -> None:
    answer = api.post(f"{project}/runs/query", json={"limit": "many", "order": 3})
    assert_shape(answer, 422, "invalid")
    assert set(answer.json()["error"]["fields"]) == {"body.limit", "body.order"}


def test_a_query_parameter_out_of_range_names_itself(api: httpx.Client, project: str) -> None:
    answer = api.get(f"{project}/columns", params={"limit": 0})
    assert_shape(answer, 422, "invalid")
    assert set(answer.json()["error"]["fields"]) == {"query.limit"}


def test_nobody_signed_in_is_401_and_says_how(rest: RunningServer) -> None:
    with client(rest, "") as nobody:
        answer = nobody.get("/me")
    assert_shape(answer, 401, "not_signed_in")
    assert "Bearer" in answer.headers["www-authenticate"]


def test_what_is_not_there_is_404(api: httpx.Client, project: str) -> None:
    assert_shape(api.get("/projects/admin/not-there"), 404, "not_found")
    assert_shape(api.get(f"{project}/runs/not-there"), 404, "not_found")
    assert_shape(api.get("/views/not-there"), 404, "not_found")
    assert_shape(api.get("/entities/not-there"), 404, "not_found")


def test_a_name_that_breaks_the_rules_is_400_and_says_the_rule(api: httpx.Client) -> None:
    answer = api.put("/projects/admin/what%3F")
    assert_shape(answer, 400, "invalid")
    assert "what?" in answer.json()["error"]["message"]


def test_a_json_body_beyond_the_bound_is_413_before_it_is_read(api: httpx.Client, project: str) -> None:
    answer = api.put(f"{project}/runs/big", json={"notes": "x" * (16 * 1024 * 1024 + 1)})
    assert_shape(answer, 413, "too_large")


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 100_000, "1" * 10_000])
def test_absurd_json_is_refused_and_the_server_goes_on(api: httpx.Client, project: str, body: str) -> None:
    answer = api.post(f"{project}/runs/query", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["code"] == "invalid"
    assert api.get("/me").status_code == 200
