"""Short trainings with unmodified libraries, in an environment of their own, read back from the server."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.integrations import RELEASE
from tests.support.server import RunningServer
from tests.support.wandb_clients import Outcome, WandbClient

SOURCE = Path(__file__).parents[2] / "src"


class Trainings:
    """Runs scripts and reads back what they logged."""

    def __init__(self, server: RunningServer, folder: Path, project: str) -> None:
        self.server, self.folder, self.project = server, folder, project
        self._http = httpx.Client(
            base_url=f"{server.base_url}/api/v1/projects/admin/{project}/runs",
            headers={"Authorization": f"Bearer {server.admin_key}"},
            timeout=60,
        )

    def close(self) -> None:
        self._http.close()

    def wandb(self, python: Path, script: str, **given: Any) -> Outcome:
        """A script that uses the published client through a library."""
        return self._client(python).run(script, env=self._quiet(), timeout=170, PROJECT=self.project, **given)

    def native(self, python: Path, script: str, **given: Any) -> Outcome:
        """A script that uses our own SDK: `runstone` in place of `wandb`."""
        env = {**self._quiet(), "PYTHONPATH": str(SOURCE), "RUNSTONE_DATA": str(self.server.data)}
        return self._client(python).run(script, env=env, timeout=170, PROJECT=self.project, **given)

    def _client(self, python: Path) -> WandbClient:
        client = WandbClient.__new__(WandbClient)
        client.release, client.server, client.folder = RELEASE, self.server, self.folder
        client.key, client.python = self.server.admin_key, python
        return client

    @staticmethod
    def _quiet() -> dict[str, str]:
        # Two threads each: a test machine has few cores, and these models are tiny.
        return {
            "OMP_NUM_THREADS": "2",
            "TOKENIZERS_PARALLELISM": "false",
            "HF_HUB_OFFLINE": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "",
            "MPLBACKEND": "Agg",
            "PATH": os.environ["PATH"],
        }

    def run(self, run: str) -> dict[str, Any]:
        found: dict[str, Any] = self._http.get(f"/{run}").raise_for_status().json()
        return found

    def column(self, run: str, key: str) -> list[float]:
        """The values of one key by rising step, NaN as it was."""
        parameters: dict[str, Any] = {"keys": key, "limit": 10_000}
        rows = self._http.get(f"/{run}/rows", params=parameters).raise_for_status().json()["rows"]
        return [float(row[key]) for row in rows if key in row]

    def keys(self, run: str) -> set[str]:
        answer = self._http.get(f"/{run}/keys", params={"limit": 1000}).raise_for_status()
        return {key["name"] for key in answer.json()["keys"]}

    def files(self, run: str) -> dict[str, int]:
        answer = self._http.get(f"/{run}/files", params={"limit": 1000}).raise_for_status()
        return {file["name"]: file["size"] for file in answer.json()["files"]}

    def file(self, run: str, name: str) -> bytes:
        return self._http.get(f"/{run}/files/{name}").raise_for_status().content


@pytest.fixture
def trainings(
    shared_server: RunningServer, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Trainings]:
    name: Any = request.node.name
    project = "".join(char if char.isalnum() else "-" for char in name)[:80]
    made = Trainings(shared_server, tmp_path / "work", project)
    yield made
    made.close()


@pytest.fixture(scope="session")
def same() -> Callable[[Sequence[float], Sequence[float]], bool]:
    """Whether two lists hold the same numbers, to what a float32 printed as text keeps."""

    def compare(one: Sequence[float], other: Sequence[float]) -> bool:
        return len(one) == len(other) and all(
            math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9) or (math.isnan(a) and math.isnan(b))
            for a, b in zip(one, other, strict=True)
        )

    return compare
