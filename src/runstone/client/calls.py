"""What calls of the native API are made of: addresses, bodies, and answers that come in pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from runstone.client.connection import Connection, segment
from runstone.client.errors import Misuse
from runstone.client.models import convert, numbers

T = TypeVar("T", bound=msgspec.Struct)


class Calls:
    """Part of `Client`: how its methods ask."""

    connection: Connection

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self.connection.value("GET", path, params=params)

    def _send(self, method: str, path: str, **rest: Any) -> Any:
        return self.connection.value(method, path, **rest)

    def _pages(self, path: str, name: str, query: Mapping[str, Any]) -> Iterator[Any]:
        """What lies under `name` in one page after another. Of the query, None and "" are not asked for."""
        params = {key: value for key, value in query.items() if value not in (None, "")}
        while True:
            answer = self._get(path, params)
            yield from answer[name]
            following = answer.get("next")
            if not following:
                return
            params["after"] = following


class NounCalls(Calls):
    """The calls of one noun, which lie under its name in `Client`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection


def at_project(entity: str, project: str) -> str:
    if not project:
        raise Misuse("A project's name is needed here, as in 'entity/project'.")
    return f"/projects/{segment(entity or '-')}/{segment(project)}"


def at_run(entity: str, project: str, run: str) -> str:
    if not run:
        raise Misuse("A run's id is needed here, as in 'entity/project/run'.")
    return f"{at_project(entity, project)}/runs/{segment(run)}"


def at_place(entity: str, project: str) -> str:
    """As `at_project`, where what is asked about may name its project itself, as a version's `@ID` does."""
    return f"/projects/{segment(entity or '-')}/{segment(project or '-')}"


def at_artifact(entity: str, project: str, name: str) -> str:
    return f"{at_place(entity, project)}/artifacts/{segment(name)}"


def at_entity(entity: str) -> str:
    return f"/entities/{segment(entity or '-')}"


def record(value: Any, kind: type[T]) -> T:
    """What an answer tells that may hold numbers which JSON has no word for."""
    return convert(numbers(value), kind)


def given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
