"""V1 to V3 on every route: the routes come from the application's own table and the GraphQL fields from
the schema, so that one that is added is tried without anybody remembering to."""

from __future__ import annotations

import http.client
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import GraphQLNamedType, build_schema
from tests.support.graphql_documents import MISSING, Root, document, roots
from tests.support.rest import new_name
from tests.support.server import RunningServer
from tests.support.wandb_wire import Wire

from runstone.server.app import build_app
from runstone.server.doors.http.permissions import endpoints
from runstone.server.doors.wandb.gql.schema import schema_text
from runstone.server.house import open_house
from runstone.server.settings import ServerSettings

SCHEMA = build_schema(schema_text())
# As they stand in a path: what a client or a proxy may make of a trick.
IN_PATHS = [
    "..",
    "../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%252e%252e%252f%252e%252e%252fetc%252fpasswd",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "..%5c..%5cadmin.key",
    "C:%5Cwindows%5Cwin.ini",
    "file:%2f%2f%2fetc%2fpasswd",
    "..%2fadmin.key",
    "x%00.txt",
    "x%23/../../signing.key",
    "%ff%fe",
    "a" * 3000,
]
# The same as data, in arguments.
IN_ARGUMENTS = [
    "../../../../../../etc/passwd",
    "/etc/passwd",
    "..\\..\\admin.key",
    "file:///etc/passwd",
    "//host/share",
    "x\x00.txt",
    "~/.netrc",
    "a/../../signing.key",
]
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
# These answer without end, or end what the tests below share.
_APART = {"/api/v1/feed"}


def routes() -> list[tuple[str, str]]:
    """(method, path) of all routes with something to fill in."""
    return sorted({(method, path) for method, path in _table() if _PARAMETER.search(path)})


def _table() -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        settings = ServerSettings.load(data=Path(folder), environ={})
        house = open_house(settings)
        try:
            app, _ = build_app(settings, house)
            inner = app._app._app  # type: ignore[attr-defined]
            for method, path, _ in endpoints(inner.routes):
                if method in ("GET", "POST", "PUT", "PATCH", "DELETE") and path not in _APART:
                    yield method, path
        finally:
            house.close()


class Raw:
    """Requests whose path no library has tidied, over one connection."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def close(self) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        connection = self._connection
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            connection.putheader("Authorization", f"Bearer {self.server.admin_key}")
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (http.client.HTTPException, OSError):
            connection.close()  # the next request opens it again
            return 400, b""


@pytest.fixture(scope="module")
def wire(rest: RunningServer) -> Iterator[Wire]:
    made = Wire(rest, new_name("paths"))
    made.upsert("one")
    yield made
    made.http.close()


@pytest.fixture(scope="module")
def secrets(rest: RunningServer) -> list[bytes]:
    """What must never come back: a system file, our own keys."""
    return [b"root:x:", rest.admin_key.encode(), (rest.data / "signing.key").read_bytes().strip()]


def files_below(root: Path) -> set[str]:
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm", "-journal"))
    }


def assert_nothing_planted(server: RunningServer, before: set[str]) -> None:
    """Bytes lie under their digest; no text of a client became a name."""
    after = files_below(server.data)
    assert before - after <= {name for name in before if name.startswith(("blobs/", "tmp/"))}
    for name in after - before:
        assert name.startswith(("blobs/", "tmp/")), name
        assert not re.search(r"passwd|admin|win\.ini|netrc|share|\.\.|x\.txt", name), name
    assert (server.data / "admin.key").read_text() == server.admin_key + "\n"


def test_every_path_parameter_of_every_route_is_data(
    rest: RunningServer, wire: Wire, secrets: list[bytes]
) -> None:
    known = {"entity": wire.entity, "project": wire.project, "run": "one", "name": "x", "username": "x"}
    raw, before = Raw(rest), files_below(rest.data)
    tried = 0
    for method, path in routes():
        names = _PARAMETER.findall(path)
        for dressed in names:
            for dress in IN_PATHS:
                filled = _PARAMETER.sub(
                    lambda found, dressed=dressed, dress=dress: (
                        dress if found[1] == dressed else known.get(found[1], "1")
                    ),
                    path,
                )
                status, answer = raw.ask(method, filled, b"" if method == "GET" else b"{}")
                tried += 1
                assert status < 500 or b"The web UI was not built" in answer, (method, filled, answer[:500])
                for secret in secrets:
                    assert secret not in answer, (method, filled)
    raw.close()
    assert tried > 1000
    assert_nothing_planted(rest, before)
    assert wire.run("name", "one") == {"name": "one"}


@pytest.mark.parametrize("root", list(roots(SCHEMA)), ids=str)
def test_every_text_argument_of_every_field_is_data(
    rest: RunningServer, wire: Wire, secrets: list[bytes], root: Root
) -> None:
    before = files_below(rest.data)
    for trick in IN_ARGUMENTS:

        def value(place: str, kind: GraphQLNamedType, trick: str = trick) -> object:
            name = place.rpartition(".")[2]
            if name in ("entityName", "entity"):
                return wire.entity
            if name in ("projectName", "modelName", "project"):
                return wire.project
            if kind.name in ("String", "ID"):
                return trick
            if kind.name in ("JSONString", "JSON"):
                return "{}"
            return 1 if kind.name in ("Int", "Int64", "Float", "Duration") else MISSING

        text, variables = document(SCHEMA, root, value)
        answer = wire.post(text, variables)
        assert answer.status_code < 500, (variables, answer.text)
        for secret in secrets:
            assert secret not in answer.content
    assert_nothing_planted(rest, before)
