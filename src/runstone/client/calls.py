"""What calls of the native API are made of: addresses, bodies, and answers that come in pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runstone.client.connection import Connection, segment
from runstone.client.errors import Misuse


class Calls:
    """Part of `Client`: how its methods ask."""

    connection: Connection

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self.connection.value("GET", path, params=params)

    def _send(self, method: str, path: str, **rest: Any) -> Any:
        return self.connection.value(method, path, **rest)

    def _pages(self, path: str, name: str, params: dict[str, Any]) -> Iterator[Any]:
        while True:
            answer = self._get(path, params)
            yield from answer[name]
            following = answer.get("next")
            if not following:
                return
            params["after"] = following


def at_project(entity: str, project: str) -> str:
    if not project:
        raise Misuse("A project's name is needed here, as in 'entity/project'.")
    return f"/projects/{segment(entity or '-')}/{segment(project)}"


def at_run(entity: str, project: str, run: str) -> str:
    if not run:
        raise Misuse("A run's id is needed here, as in 'entity/project/run'.")
    return f"{at_project(entity, project)}/runs/{segment(run)}"


def given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
