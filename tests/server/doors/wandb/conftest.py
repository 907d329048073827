"""One server for the door's tests, each in a project of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.server import RunningServer
from tests.support.wandb_wire import Wire


@pytest.fixture
def wire(shared_server: RunningServer) -> Iterator[Wire]:
    made = Wire(shared_server)
    yield made
    made.http.close()
