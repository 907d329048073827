"""One server for the door's tests, each in a project of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest
from tests.support.server import RunningServer
from tests.support.wandb_wire import Wire


@pytest.fixture
def wire(shared_server: RunningServer) -> Iterator[Wire]:
    made = Wire(shared_server)
    yield made
    made.http.close()


@pytest.fixture
def stranger(wire: Wire) -> Iterator[httpx.Client]:
    """Somebody with a key and no part in the project."""
    name = f"stranger-{uuid.uuid4().hex[:8]}"
    key = "local-" + name.ljust(40, "0")
    made = wire.http.post("/api/v1/admin/users", json={"username": name, "api_key": key})
    assert made.status_code < 300, made.text
    with httpx.Client(base_url=wire.http.base_url, auth=("api", key), timeout=30) as made_client:
        yield made_client
