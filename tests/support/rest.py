"""The native API as tests call it: a real server, clients with keys, journals made by hand."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
from tests.support.postgres import running_postgres
from tests.support.server import RunningServer, running_server

from runstone.journal.format import HEADER_BYTES, frame
from runstone.journal.kinds import ConsoleLine, End, Kind, Row, RunFields

_numbers = itertools.count()


def client(server: RunningServer, key: str | None = None, **options: Any) -> httpx.Client:
    """A client with a key; "" is none."""
    key = server.admin_key if key is None else key
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=server.base_url + "/api/v1", headers=headers, timeout=60, **options)


def new_name(prefix: str = "p") -> str:
    """A name no other test has."""
    return f"{prefix}{os.getpid()}-{next(_numbers)}"


@dataclass
class Person:
    name: str
    key: str
    api: httpx.Client


@dataclass
class People:
    """A team with somebody of each role, and somebody from elsewhere."""

    team: str
    organization: str
    admin: Person
    member: Person
    viewer: Person
    stranger: Person


@pytest.fixture(scope="session")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for many tests, each in a project of its own. On files; on PostgreSQL where
    RUNSTONE_TESTS_STORE says so (the fixture that clears the environment comes later)."""
    with contextlib.ExitStack() as closing:
        env = {}
        if os.environ.get("RUNSTONE_TESTS_STORE") == "postgresql":
            url = closing.enter_context(running_postgres()).new_database()
            env = {"RUNSTONE_DATABASE_URL": url, "RUNSTONE_HISTORY_URL": url}
        server = closing.enter_context(running_server(tmp_path_factory.mktemp("rest"), env=env))
        yield server
        problems = [line for line in server.tail(100_000).splitlines() if "Traceback" in line]
        assert not problems, "The server logged faults of its own:\n" + server.tail(200)


@pytest.fixture(scope="session")
def api(rest: RunningServer) -> Iterator[httpx.Client]:
    """The admin's client."""
    with client(rest) as made:
        yield made


@pytest.fixture(scope="session")
def people(rest: RunningServer, api: httpx.Client) -> Iterator[People]:
    with new_people(rest, api) as made:
        yield made


@contextlib.contextmanager
def new_people(server: RunningServer, api: httpx.Client) -> Iterator[People]:
    """A team of an organisation of its own; `api` is a server admin's."""
    found: dict[str, Person] = {}
    for role in ("admin", "member", "viewer", "stranger"):
        name = new_name(role)
        answer = api.post("/admin/users", json={"username": name, "email": f"{name}@example.com"})
        assert answer.status_code == 201, answer.text
        key = answer.json()["api_key"]
        found[role] = Person(name, key, client(server, key))
    organization, team = new_name("org"), new_name("team")
    boss = found["admin"].name
    assert api.post("/admin/organizations", json={"name": organization, "owner": boss}).is_success
    wanted = {"name": team, "organization": organization, "owner": boss}
    assert api.post("/admin/teams", json=wanted).is_success
    for role in ("member", "viewer"):
        answer = api.put(f"/entities/{team}/members/{found[role].name}", json={"role": role})
        assert answer.is_success, answer.text
    try:
        yield People(team, organization, **found)
    finally:
        for person in found.values():
            person.api.close()


@pytest.fixture
def browser(rest: RunningServer) -> Iterator[httpx.Client]:
    """A client without a key, that keeps cookies."""
    with client(rest, "") as made:
        yield made


@pytest.fixture
def project(api: httpx.Client) -> str:
    """`/projects/admin/NAME`, a project of this test's own."""
    path = f"/projects/admin/{new_name()}"
    assert api.put(path).status_code == 201
    return path


def run_record(run: str, project: str, **fields: Any) -> bytes:
    return frame(Kind.RUN, msgspec.msgpack.encode(RunFields(run=run, project=project, **fields)))


def row_record(step: int, values: dict[str, Any], *, timestamp: float = 1.7e9) -> bytes:
    row = Row(step, timestamp + step, float(step), values)
    return frame(Kind.ROW, msgspec.msgpack.encode(row))


def rows_records(key: str, values: Iterable[float], *, first_step: int = 0) -> bytes:
    return b"".join(row_record(step, {key: value}) for step, value in enumerate(values, first_step))


def console_record(line: int, text: str, *, stream: int = 0) -> bytes:
    return frame(Kind.CONSOLE, msgspec.msgpack.encode(ConsoleLine(stream, line, 1.7e9 + line, text)))


def end_record(exit_code: int = 0) -> bytes:
    return frame(Kind.END, msgspec.msgpack.encode(End(exit_code=exit_code, at=1.7e9)))


class JournalSender:
    """Ships bytes as an uplink would: `send` goes on where the last one ended."""

    def __init__(self, api: httpx.Client, project: str, run: str, *, writer: str | None = None) -> None:
        self.api = api
        self.url = f"{project}/runs/{run}/journal"
        self._run, self._project = run, project.rpartition("/")[2]
        self.writer = writer or os.urandom(16).hex()
        self.offset = HEADER_BYTES

    def first(self, **fields: Any) -> bytes:
        """The record a journal begins with."""
        return run_record(self._run, self._project, **fields)

    def post(self, body: bytes, *, offset: int | None = None, **headers: str) -> httpx.Response:
        at = self.offset if offset is None else offset
        parameters = {"writer": self.writer, "offset": str(at)}
        return self.api.post(self.url, params=parameters, content=body, headers=headers)

    def send(self, body: bytes) -> dict[str, Any]:
        answer = self.post(body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        assert told["next_offset"] == self.offset + len(body)
        self.offset = told["next_offset"]
        return told


def log_run(
    api: httpx.Client, project: str, run: str, columns: dict[str, Sequence[float]], **fields: Any
) -> JournalSender:
    """A run with those columns as its rows."""
    sender = JournalSender(api, project, run)
    length = max(map(len, columns.values())) if columns else 0
    rows = [
        row_record(step, {key: values[step] for key, values in columns.items() if step < len(values)})
        for step in range(length)
    ]
    sender.send(sender.first(**fields) + b"".join(rows))
    return sender


def same_number(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return one == other or (math.isnan(one) and math.isnan(other))
