"""V16 at the edge: bodies that are larger than they look, or never end."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
import zlib
from typing import Any

import httpx
import psutil
import pytest
import zstandard
from starlette.requests import Request
from tests.support.rest import JournalSender
from tests.support.server import RunningServer

from runstone.server.doors.http import bodies
from runstone.server.doors.http.bodies import read_body
from runstone.server.doors.http.errors import TooSlow


def bomb(encoding: str) -> bytes:
    zeros = b"\0" * (1 << 20)
    if encoding == "gzip":
        packer = zlib.compressobj(9, wbits=31)
        return b"".join(packer.compress(zeros) for _ in range(600)) + packer.flush()
    writer = zstandard.ZstdCompressor(level=3).compressobj()
    return b"".join(writer.compress(zeros) for _ in range(600)) + writer.flush()


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_small_body_that_unpacks_to_much_is_refused_within_the_bound(
    rest: RunningServer, api: httpx.Client, project: str, encoding: str
) -> None:
    body = bomb(encoding)
    assert len(body) < 1_000_000
    assert rest.process is not None
    before = psutil.Process(rest.process.pid).memory_info().rss
    answer = JournalSender(api, project, "one").post(body, **{"Content-Encoding": encoding})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"
    after = psutil.Process(rest.process.pid).memory_info().rss
    assert after - before < 200 * 2**20


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "br", "gzip, gzip"])
def test_bytes_that_are_not_so_encoded_are_refused(api: httpx.Client, project: str, encoding: str) -> None:
    answer = JournalSender(api, project, "one").post(b"not packed", **{"Content-Encoding": encoding})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid"


def test_a_packed_body_cut_short_is_refused(api: httpx.Client, project: str) -> None:
    packed = gzip.compress(b"x" * 10_000)
    answer = JournalSender(api, project, "one").post(packed[:-12], **{"Content-Encoding": "gzip"})
    assert answer.status_code == 400


def test_a_declared_length_beyond_the_bound_is_refused_before_the_bytes_come(
    rest: RunningServer, project: str
) -> None:
    with socket.create_connection(("127.0.0.1", rest.port), timeout=20) as connection:
        head = (
            f"POST /api/v1{project}/runs/one/journal?writer=aa&offset=64 HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {rest.admin_key}\r\nContent-Length: {10**12}\r\n\r\n"
        )
        connection.sendall(head.encode())
        assert b" 413 " in connection.recv(1000).split(b"\r\n")[0]


def test_without_a_key_no_body_is_read(rest: RunningServer, project: str) -> None:
    with socket.create_connection(("127.0.0.1", rest.port), timeout=20) as connection:
        head = (
            f"POST /api/v1{project}/runs/one/journal?writer=aa&offset=64 HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Length: {60 * 2**20}\r\n\r\n"
        )
        connection.sendall(head.encode())
        assert b" 401 " in connection.recv(1000).split(b"\r\n")[0]


def test_clients_that_hang_up_in_the_middle_leave_nothing_behind(
    rest: RunningServer, api: httpx.Client, project: str
) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", rest.port), timeout=20) as connection:
            head = (
                f"PUT /api/v1{project}/runs/one/files/big.bin HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {rest.admin_key}\r\nContent-Length: 1000000\r\n\r\n"
            )
            connection.sendall(head.encode() + b"x" * 1000)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        text = httpx.get(rest.base_url + "/metrics").text
        if "runstone_bodies_bytes 0.0" in text and "runstone_requests_in_flight 1.0" in text:
            break
        time.sleep(0.05)
    else:
        pytest.fail(text)
    assert api.get(f"{project}/runs/one/files/big.bin").status_code == 404


def test_a_client_that_stops_in_the_middle_is_let_go() -> None:
    async def main() -> None:
        sent = iter([{"type": "http.request", "body": b"first", "more_body": True}])

        async def receive() -> Any:
            for message in sent:
                return message
            await asyncio.sleep(60)

        request = Request({"type": "http", "method": "POST", "headers": []}, receive)
        with pytest.raises(TooSlow):
            await read_body(request, limit=1000)
        await asyncio.sleep(0)  # the task goes on: what cancelled it was taken back

    before, bodies.BODY_PAUSE_SECONDS = bodies.BODY_PAUSE_SECONDS, 0.05
    try:
        asyncio.run(main())
    finally:
        bodies.BODY_PAUSE_SECONDS = before


def test_a_cancelled_request_is_cancelled_not_slow() -> None:
    async def main() -> None:
        async def receive() -> Any:
            await asyncio.sleep(60)

        request = Request({"type": "http", "method": "POST", "headers": []}, receive)
        reading = asyncio.ensure_future(read_body(request, limit=1000))
        await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    asyncio.run(main())
