"""Each test against the newest client and an old one (`make test-clients`: against all), in a project
of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.server import RunningServer
from tests.support.wandb_clients import NEWEST, RELEASES, WandbClient


@pytest.fixture(params=RELEASES)
def client(request: pytest.FixtureRequest, shared_server: RunningServer, tmp_path: Path) -> WandbClient:
    return WandbClient(request.param, shared_server, tmp_path / "work")


@pytest.fixture
def newest(shared_server: RunningServer, tmp_path: Path) -> WandbClient:
    return WandbClient(NEWEST, shared_server, tmp_path / "work")


@pytest.fixture
def project(request: pytest.FixtureRequest) -> str:
    """One of the test's own."""
    name: Any = request.node.name
    return "".join(char if char.isalnum() else "-" for char in name)[:100]
