"""Large files straight to and from an object store: a real store, a real server, the real client.

What an address looks like, and how it is refused, each kind of store has its own: `every_store` marks what is
tried on all of them, the rest on SeaweedFS (RUNSTONE_TEST_STORES=all: all on all).

Two proxies count what goes where, and break it: one before the server, one before the store, which is
the address that clients know the store by.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.faulty import (
    Exchange,
    FaultyProxy,
    cut_before,
    faulty_proxy,
    half_answer,
    half_body,
    status,
)
from tests.support.object_stores import KINDS, ObjectStore, object_store, option
from tests.support.rest import client as rest_client
from tests.support.rest import new_name
from tests.support.server import RunningServer, free_port, running_server

from runstone.client import Client, direct
from runstone.client import artifact_upload as upload
from runstone.client.artifacts import ArtifactVersion
from runstone.client.errors import ServerAway, Unavailable
from runstone.content.manifest import Entry
from runstone.content.store import Place
from runstone.server.domain.access import Access
from runstone.server.domain.piece_uploads import PIECE_BYTES
from runstone.server.domain.uploads import Uploads
from runstone.server.stores.blobs.contract import Sha256
from runstone.server.stores.blobs.objects import open_blobs
from runstone.server.stores.records.engine import open_records

every_store = pytest.mark.every_store
_ALL = os.environ.get("RUNSTONE_TEST_STORES") == "all"  # read before tests clear the environment
MIB = 1 << 20
TALK_BYTES = 256 * 1024  # more than all that is said about an artifact, less than any piece


@dataclass
class World:
    """One server over one store, each seen through a proxy."""

    store_url: str
    server: RunningServer
    to_server: FaultyProxy
    to_store: FaultyProxy

    def client(self) -> Client:
        return Client(self.to_server.base_url, self.server.admin_key)

    def quarantine(self) -> list[str]:
        return list(open_blobs(self.store_url).uploads())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "store" in metafunc.fixturenames:
        every = _ALL or metafunc.definition.get_closest_marker("every_store") is not None
        metafunc.parametrize("store", KINDS if every else KINDS[:1], indirect=True, scope="module")


@pytest.fixture(scope="module")
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with object_store(request.param, tmp_path_factory.mktemp("store"), volumes=60) as found:
        found.create_bucket("bucket")
        yield found


@pytest.fixture(scope="module")
def made(store: ObjectStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = store.url("bucket", prefix="runstone")
    with faulty_proxy(store.port) as to_store:
        known_by = option("public_endpoint", store.public(to_store.base_url))
        with (
            running_server(
                tmp_path_factory.mktemp("direct"), env={"RUNSTONE_BLOBS_URL": url + known_by}
            ) as server,
            faulty_proxy(server.port) as to_server,
        ):
            yield World(url, server, to_server, to_store)


@pytest.fixture
def world(made: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(direct, "_away", {})
    monkeypatch.setattr(direct, "WAIT_SECONDS", 0.01)
    for proxy in (made.to_server, made.to_store):
        proxy.clear()
        proxy.seen.clear()
        proxy.headers.clear()
        proxy.bytes_up = proxy.bytes_down = 0
    return made


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """Three pieces, the last a small one."""
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(MIB) * 128 + os.urandom(MIB))
    with path.open("r+b") as file:  # no piece is like another
        for at in range(0, 129 * MIB, MIB):
            file.seek(at)
            file.write(os.urandom(32))
    return path


def entry_of(path: Path) -> Entry:
    data = path.read_bytes()
    return Entry(path.name, len(data), hashlib.sha256(data).digest())


def publish(client: Client, path: Path) -> ArtifactVersion:
    record = upload.publish(
        client.artifacts,
        "",
        "direct",
        [entry_of(path)],
        lambda entry: Place(str(path), 0, path.stat().st_size),
        name=new_name("big"),
        type="dataset",
    )
    return ArtifactVersion(client, record)


def puts(proxy: FaultyProxy) -> list[int]:
    """Where the pieces began that were put, in order."""
    return sorted(
        int(path.partition("?")[0].rpartition("/")[2])
        for method, path, code in proxy.seen
        if method == "PUT" and code in (200, 201)
    )


def is_put(exchange: Exchange) -> bool:
    return exchange.method == "PUT"


def is_get(exchange: Exchange) -> bool:
    return exchange.method == "GET"


@every_store
def test_up_and_down_no_byte_of_a_file_goes_through_the_server_and_no_key_to_the_store(
    world: World, big: Path, tmp_path: Path
) -> None:
    with world.client() as client:
        version = publish(client, big)
        assert puts(world.to_store) == [0, PIECE_BYTES, 2 * PIECE_BYTES]
        assert world.to_store.bytes_up == big.stat().st_size
        assert world.to_server.bytes_up < TALK_BYTES
        assert world.quarantine() == []
        version.download(tmp_path / "down", use_cache=False)
    assert (tmp_path / "down" / "big.bin").read_bytes() == big.read_bytes()
    assert world.to_store.bytes_down >= big.stat().st_size
    assert world.to_server.bytes_down < TALK_BYTES
    key = world.server.admin_key
    for headers in world.to_store.headers:
        assert not {name.lower() for name in headers} & {"authorization", "cookie", "x-api-key"}
        assert key not in str(headers)
    assert key not in str(world.to_store.seen)


@every_store
def test_a_client_that_was_killed_goes_on_with_the_pieces_that_are_missing(
    world: World, big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Exception): ...

    def only_the_middle(self: Any, piece: Any, content: Any) -> None:
        if piece.offset != PIECE_BYTES:
            raise Killed
        direct.put(self.connection.bare, piece.url, piece.headers, piece.size, content())

    with world.client() as client:
        monkeypatch.setattr(direct, "HELPERS", 1)
        with monkeypatch.context() as patch:
            patch.setattr(type(client.artifacts), "put_piece", only_the_middle)
            patch.setattr(direct._Sending, "run", _last_first)
            with pytest.raises(Killed):
                publish(client, big)
        assert puts(world.to_store) == [PIECE_BYTES]
        assert len(world.quarantine()) == 1
        assert publish(client, big).damaged() == []
    assert puts(world.to_store) == [0, PIECE_BYTES, 2 * PIECE_BYTES]


def _last_first(self: Any, offsets: Any) -> None:
    self._left = [0, PIECE_BYTES]
    self._loop()
    raise self._errors[0]


@every_store
@pytest.mark.parametrize(
    ("fault", "asked"), [(cut_before, 1), (half_body, 1), (status(503), 1), (status(403), 3)]
)
def test_a_piece_that_is_cut_or_whose_address_is_over_is_put_again(
    world: World, tmp_path: Path, fault: Any, asked: int
) -> None:
    path = tmp_path / "two.bin"
    path.write_bytes(os.urandom(65 * MIB))
    world.to_store.plan(fault, times=2, when=is_put)
    with world.client() as client:
        assert publish(client, path).damaged() == []
    assert puts(world.to_store) == [0, PIECE_BYTES]
    assert world.to_server.count("POST", "/addresses") == asked
    assert world.to_server.count("PATCH") == 0


@every_store
def test_where_the_store_stops_taking_pieces_the_server_takes_the_rest_and_none_is_sent_twice(
    world: World, big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct, "HELPERS", 1)
    world.to_store.plan(
        status(500), times=100, when=lambda seen: is_put(seen) and f"/{PIECE_BYTES:020d}?" in seen.path
    )
    with world.client() as client:
        assert publish(client, big).damaged() == []
        assert puts(world.to_store) == [0]
        assert world.to_server.bytes_up >= 65 * MIB
        assert world.to_server.bytes_up < 65 * MIB + TALK_BYTES
        # That is remembered: the next file does not try.
        world.to_store.seen.clear()
        other = big.with_name("other.bin")
        other.write_bytes(os.urandom(64 * MIB))
        assert publish(client, other).damaged() == []
        assert world.to_store.seen == []


def test_a_piece_put_ahead_is_kept_when_the_server_takes_what_is_before_it(world: World, big: Path) -> None:
    with world.client() as client:
        entry = entry_of(big)
        begun = client.artifacts.begin_upload("", entry.sha256, entry.size)
        assert begun.direct and begun.piece_bytes == PIECE_BYTES
        (piece,) = client.artifacts.piece_addresses("", begun.id, [PIECE_BYTES])
        with big.open("rb") as file:
            file.seek(PIECE_BYTES)
            data = file.read(PIECE_BYTES)
            client.artifacts.put_piece(piece, lambda: iter([data]))
            state = client.artifacts.upload("", begun.id)
            assert (state.offset, state.pieces) == (0, [PIECE_BYTES])
            # Through the server, cut in the middle of it, and beyond its end.
            file.seek(0)
            first = file.read(PIECE_BYTES + 3 * MIB)
        at = client.artifacts.append_upload("", begun.id, 0, 10 * MIB, lambda: iter([first[: 10 * MIB]]))
        assert at == 10 * MIB
        rest = first[10 * MIB :]
        at = client.artifacts.append_upload("", begun.id, at, len(rest), lambda: iter([rest]))
        assert at == 2 * PIECE_BYTES
        assert publish_begun(client, big, begun.id, at)


def publish_begun(client: Client, path: Path, begun: str, at: int) -> bool:
    data = path.read_bytes()
    client.artifacts.append_upload("", begun, at, len(data) - at, lambda: iter([data[at:]]))
    sha256 = hashlib.sha256(data).digest()
    client.artifacts.finish_upload("", begun, sha256)
    return client.artifacts.find_blobs("", [sha256]) == {sha256}


@every_store
def test_a_server_killed_while_it_checks_the_pieces_checks_them_again_and_none_is_put_twice(
    world: World, big: Path
) -> None:
    restarted: list[threading.Thread] = []

    def kill_soon(exchange: Exchange) -> Any:
        def kill() -> None:
            world.server.kill9()
            world.server.restart()

        restarted.append(threading.Timer(0.2, kill))
        restarted[-1].start()
        return exchange.forward()

    world.to_server.plan(kill_soon, when=lambda seen: seen.path.endswith("/finish"))
    with world.client() as client:
        try:
            version = publish(client, big)
        except (ServerAway, Unavailable):  # a start on a busy machine outlasts the retries of one call
            restarted[0].join()
            version = publish(client, big)
        restarted[0].join()
        assert version.damaged() == []
    assert puts(world.to_store) == [0, PIECE_BYTES, 2 * PIECE_BYTES]
    finishes = [code for _, path, code in world.to_server.seen if path.endswith("/finish")]
    assert finishes[0] == 502 and finishes[-1] in (201, 404)
    assert world.quarantine() == []


def test_a_store_that_says_yes_and_keeps_nothing_loses_nothing(world: World, big: Path) -> None:
    """As the page of a network that wants a sign-in first does."""
    world.to_store.plan(status(200), times=100, when=is_put)
    with world.client() as client:
        assert publish(client, big).damaged() == []
    assert world.to_server.bytes_up >= big.stat().st_size


@every_store
def test_a_download_that_is_cut_goes_on_by_range_straight_from_the_store(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "some.bin"
    path.write_bytes(os.urandom(5 * MIB))
    with world.client() as client:
        version = publish(client, path)
        world.to_store.plan(half_answer, times=2, when=is_get)
        version.download(tmp_path / "down", use_cache=False)
    assert (tmp_path / "down" / "some.bin").read_bytes() == path.read_bytes()
    asked = [headers.get("Range", "") for headers in world.to_store.headers]
    assert asked == ["", f"bytes={2 * MIB}-", f"bytes={3 * MIB}-"]  # whole MiB of 2½, and of 1½ more
    assert world.to_server.bytes_down < TALK_BYTES


@pytest.mark.parametrize("fault", [status(403), status(500), cut_before])
@pytest.mark.parametrize("times", [1, 100])
def test_a_download_whose_address_fails_asks_again_and_then_goes_through_the_server(
    world: World, tmp_path: Path, fault: Any, times: int
) -> None:
    path = tmp_path / "some.bin"
    path.write_bytes(os.urandom(5 * MIB))
    with world.client() as client:
        version = publish(client, path)
        world.to_store.plan(fault, times=times, when=is_get)
        version.download(tmp_path / "down", use_cache=False)
    assert (tmp_path / "down" / "some.bin").read_bytes() == path.read_bytes()
    assert (world.to_server.bytes_down > 5 * MIB) == (times > 1)


@every_store
def test_a_log_of_requests_shows_no_signature(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path = tmp_path / "some.bin"
    path.write_bytes(os.urandom(65 * MIB))
    with world.client() as client:
        assert publish(client, path).damaged() == []
    said = [
        record.getMessage() for record in caplog.records if world.to_store.base_url in record.getMessage()
    ]
    assert len(said) == 3 and all(line.count("?signed") == 1 for line in said), said
    assert "Signature" not in caplog.text and "sig=" not in caplog.text


def put(piece: dict[str, Any], content: bytes) -> httpx.Response:
    return httpx.put(piece["url"], content=content, headers=piece["headers"])


@every_store
def test_what_is_put_is_nobodys_word(world: World, tmp_path: Path) -> None:
    """Lies about the digest, sizes beyond what was announced, places of others, what is put after the end."""
    data = os.urandom(2 * MIB)
    sha256 = hashlib.sha256(data).hexdigest()
    with rest_client(world.server) as api:
        uploads = "/entities/admin/uploads"

        def begin(**wanted: Any) -> tuple[str, dict[str, Any]]:
            told = api.post(uploads, json={"size": len(data), "sha256": sha256, **wanted}).json()
            assert told["direct"]
            path = f"{uploads}/{told['id']}"
            answer = api.post(f"{path}/addresses", json={"offsets": [0]})
            assert answer.headers["Cache-Control"] == "no-store"
            (piece,) = answer.json()["addresses"]
            assert (piece["offset"], piece["size"]) == (0, len(data))
            return path, piece

        path, piece = begin(sha256="0" * 64)
        assert put(piece, data).is_success
        assert api.post(f"{path}/finish").status_code == 400
        assert api.get(path).status_code == 404 and world.quarantine() == []
        assert open_blobs(world.store_url).info(Sha256("0" * 64)) is None
        # Put again by an address that is still good: it lies there, is nothing, and is tidied.
        assert put(piece, data).is_success
        assert api.post(f"{path}/finish").status_code == 404
        assert api.post("/entities/admin/blobs/find", json={"sha256": [sha256]}).json()["found"] == {}
        assert len(world.quarantine()) == 1
        assert tidied(world.store_url, tmp_path) == 1 and world.quarantine() == []

        for wrong in (data + b"x", data[:-1]):
            path, piece = begin()
            assert put(piece, wrong).is_success
            told = api.get(path).json()
            assert told["pieces"] == []
            refused = api.post(f"{path}/finish")
            assert refused.status_code == 409, refused.text
            assert api.post("/entities/admin/blobs/find", json={"sha256": [sha256]}).json()["found"] == {}
            # Put rightly it is whole.
            assert put(piece, data).is_success
            assert api.get(path).json()["pieces"] == [0]
            api.delete(path)

        path, piece = begin()
        for offsets in ([1], [PIECE_BYTES], [-1], [0] * 101):
            assert api.post(f"{path}/addresses", json={"offsets": offsets}).status_code in (400, 413, 422)
        elsewhere = {**piece, "url": piece["url"].replace("/uploads/", "/sha256/")}
        assert put(elsewhere, data).status_code == 403
        # Without a digest and a size nothing goes straight.
        for body in ({}, {"size": 5}, {"sha256": sha256}):
            told = api.post(uploads, json=body).json()
            assert not told["direct"]
            answer = api.post(f"{uploads}/{told['id']}/addresses", json={"offsets": [0]})
            assert answer.status_code == 409 and "through the server" in answer.json()["error"]["message"]


def tidied(store_url: str, folder: Path) -> int:
    """What the job of a server that knows of no upload forgets, were it two days later."""
    with contextlib.closing(open_records(f"sqlite:///{folder / 'records.db'}")) as records:
        uploads = Uploads(records, open_blobs(store_url), Access(records))
        return uploads.drop_stale(older_than_seconds=0)


def test_another_tenant_gets_no_address_of_an_upload(world: World) -> None:
    with rest_client(world.server) as api:
        name = new_name("stranger")
        key = api.post("/admin/users", json={"username": name}).json()["api_key"]
        begun = api.post("/entities/admin/uploads", json={"size": 9, "sha256": "0" * 64}).json()["id"]
        with rest_client(world.server, key) as stranger, rest_client(world.server, "") as nobody:
            for entity in ("admin", name):
                path = f"/entities/{entity}/uploads/{begun}/addresses"
                assert stranger.post(path, json={"offsets": [0]}).status_code == 404
                assert nobody.post(path, json={"offsets": [0]}).status_code == 401


@pytest.mark.parametrize("reached", ["direct=off", "public_endpoint=http://127.0.0.1:{free}"])
def test_a_store_that_clients_are_kept_from_or_do_not_reach_is_reached_through_the_server(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reached: str
) -> None:
    monkeypatch.setattr(direct, "_away", {})
    url = store.url("bucket", prefix="kept") + "&" + reached.format(free=free_port())
    with (
        running_server(tmp_path / "data", env={"RUNSTONE_BLOBS_URL": url}) as server,
        faulty_proxy(server.port) as proxy,
        Client(proxy.base_url, server.admin_key) as client,
    ):
        path = tmp_path / "big.bin"
        path.write_bytes(os.urandom(65 * MIB))
        version = publish(client, path)
        version.download(tmp_path / "down", use_cache=False)
        assert (tmp_path / "down" / "big.bin").read_bytes() == path.read_bytes()
        assert proxy.bytes_up > 65 * MIB and proxy.bytes_down > 65 * MIB
        tried = proxy.count("POST", "/addresses")
        assert tried == (0 if reached == "direct=off" else 1)
        assert direct.may_go(client.base_url) == (reached == "direct=off")


@pytest.mark.parametrize(
    ("address", "server", "fits"),
    [
        ("https://s3.example.org/b", "https://runs.example.org", True),
        ("http://s3.example.org/b", "https://runs.example.org", False),
        ("http://10.0.0.7:8333/b", "http://10.0.0.8:8080", True),
        ("http://127.0.0.1:8333/b", "http://10.0.0.8:8080", False),
        ("http://localhost:8333/b", "https://runs.example.org", False),
        ("http://127.0.0.1:8333/b", "http://localhost:8080", True),
        ("file:///etc/passwd", "http://10.0.0.8:8080", False),
        ("ftp://s3.example.org/b", "http://10.0.0.8:8080", False),
    ],
)
def test_an_address_less_private_than_the_servers_is_not_used(address: str, server: str, fits: bool) -> None:
    if fits:
        direct.check_address(address, server)
    else:
        with pytest.raises(direct.StoreAway):
            direct.check_address(address, server)


def test_small_files_come_many_in_an_answer_through_the_server(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNSTONE_CACHE_DIR", str(tmp_path / "cache"))
    files = {f"{number:03}": os.urandom(number * 7) for number in range(120)}
    source = tmp_path / "source"
    source.mkdir()
    for name, data in files.items():
        (source / name).write_bytes(data)
    with world.client() as client:
        record = upload.publish(
            client.artifacts,
            "",
            "direct",
            [entry_of(source / name) for name in files],
            lambda entry: Place(str(source / entry.path), 0, entry.size),
            name=new_name("small"),
            type="dataset",
        )
        version = ArtifactVersion(client, record)
        done = version.fetch(version.entries(), str(tmp_path / "out"))
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == files
    assert done.fetched == len(files)
    assert world.to_server.count("POST", "/files/read") == 1
    assert world.to_server.count("GET", "/files/") == world.to_store.count("GET") == 0
