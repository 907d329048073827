"""V17: guessing at the sign-in is slow."""

from __future__ import annotations

from pathlib import Path

import httpx
from tests.support.rest import client
from tests.support.server import running_server


def test_ten_failures_a_minute_and_then_not_even_the_right_key(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, client(server, "") as browser:
        for number in range(10):
            answer = browser.post("/session", json={"key": f"local-{number:040}"})
            assert answer.status_code == 401
        answer = browser.post("/session", json={"key": server.admin_key})
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "too_many"
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        # A claim to come from elsewhere does not help: no proxy of ours says so.
        dressed = browser.post(
            "/session", json={"key": server.admin_key}, headers={"X-Forwarded-For": "203.0.113.9"}
        )
        assert dressed.status_code == 429
        # Links are guessed at the same price.
        link = httpx.get(server.base_url + "/signin?token=" + "x" * 43)
        assert "signin=too_many" in link.headers["location"]
        # Programs with a right key go on.
        with client(server) as api:
            assert api.get("/me").status_code == 200
