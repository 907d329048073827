"""A proxy in front of a real server that breaks things on purpose.

    with faulty_proxy(server.port) as proxy:
        proxy.plan(cut_after_store, times=2, when=is_journal)
        ...                                   # talk to proxy.base_url
        assert proxy.count("POST", "/journal") > 2

A fault is a function of the exchange: it may answer in the server's place, let the request through
and then lose the answer, or be slow. Without a planned fault everything passes unchanged.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Cut(Exception):
    """Close the client's connection without another byte."""


class CutAnswer(Exception):
    """Send so much of an answer's body, then close."""

    def __init__(self, answer: tuple[int, dict[str, str], bytes], size: int) -> None:
        super().__init__()
        self.answer, self.size = answer, size


@dataclass
class Exchange:
    """One request, and the means to pass it on."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    upstream_port: int

    def forward(self) -> tuple[int, dict[str, str], bytes]:
        """The real server's answer: (status, headers, body)."""
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=60)
        try:
            kept = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in ("transfer-encoding", "content-length", "connection")
            }
            upstream.request(self.method, self.path, body=self.body, headers=kept)
            answer = upstream.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            upstream.close()


Answer = tuple[int, dict[str, str], bytes]
Fault = Callable[[Exchange], Answer]


def cut_before(exchange: Exchange) -> Answer:
    """The request never reaches the server."""
    raise Cut


def cut_after_store(exchange: Exchange) -> Answer:
    """The server carries it out; the client never hears of it."""
    exchange.forward()
    raise Cut


def half_body(exchange: Exchange) -> Answer:
    """The server gets half of the body and then nothing more; so does the client of the answer."""
    with socket.create_connection(("127.0.0.1", exchange.upstream_port), timeout=10) as raw:
        head = f"{exchange.method} {exchange.path} HTTP/1.1\r\n"
        for name, value in exchange.headers.items():
            if name.lower() not in ("transfer-encoding", "content-length"):
                head += f"{name}: {value}\r\n"
        head += f"Content-Length: {len(exchange.body)}\r\n\r\n"
        raw.sendall(head.encode("latin-1") + exchange.body[: len(exchange.body) // 2])
    raise Cut


def half_answer(exchange: Exchange) -> Answer:
    """The client gets half of the answer's body."""
    answer = exchange.forward()
    raise CutAnswer(answer, len(answer[2]) // 2)


def status(code: int, *, retry_after: str = "", body: bytes = b"<html>no</html>") -> Fault:
    """Answer in the server's place, as a proxy in trouble does."""

    def fault(exchange: Exchange) -> Answer:
        headers = {"Content-Type": "text/html"}
        if retry_after:
            headers["Retry-After"] = retry_after
        return code, headers, body

    return fault


def slow(seconds: float) -> Fault:
    """Carried out, and answered late."""

    def fault(exchange: Exchange) -> Answer:
        answer = exchange.forward()
        time.sleep(seconds)
        return answer

    return fault


def flipped(exchange: Exchange) -> Answer:
    """One bit of the body changes on the way."""
    middle = len(exchange.body) // 2
    body = bytearray(exchange.body)
    if body:
        body[middle] ^= 0x10
    exchange.body = bytes(body)
    return exchange.forward()


@dataclass
class FaultyProxy:
    upstream_port: int
    base_url: str = ""
    seen: list[tuple[str, str, int]] = field(default_factory=list)  # method, path, status (0: cut)
    headers: list[dict[str, str]] = field(default_factory=list)  # of each request
    bytes_up: int = 0  # of bodies
    bytes_down: int = 0
    _planned: list[list[Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(
        self,
        fault: Fault,
        *,
        times: int = 1,
        when: Callable[[Exchange], bool] = lambda exchange: exchange.method == "POST",
    ) -> None:
        """Let the next `times` requests that fit meet with it. Plans are tried in order."""
        with self._lock:
            self._planned.append([fault, times, when])

    def clear(self) -> None:
        with self._lock:
            self._planned.clear()

    def count(self, method: str, contains: str = "") -> int:
        return sum(1 for made, path, _ in self.seen if made == method and contains in path)

    def _fault_for(self, exchange: Exchange) -> Fault | None:
        with self._lock:
            for plan in self._planned:
                fault, times, when = plan
                if times > 0 and when(exchange):
                    plan[1] -= 1
                    chosen: Fault = fault
                    return chosen
        return None


def is_journal(exchange: Exchange) -> bool:
    return exchange.method == "POST" and "/journal?" in exchange.path


@contextlib.contextmanager
def faulty_proxy(upstream_port: int) -> Iterator[FaultyProxy]:
    proxy = FaultyProxy(upstream_port)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            pass

        def handle_any(self) -> None:
            exchange = Exchange(
                self.command, self.path, dict(self.headers.items()), self._body(), upstream_port
            )
            proxy.headers.append(exchange.headers)
            proxy.bytes_up += len(exchange.body)
            fault = proxy._fault_for(exchange)
            sent: int | None = None
            try:
                code, headers, body = fault(exchange) if fault else exchange.forward()
            except CutAnswer as cut:
                (code, headers, body), sent = cut.answer, cut.size
                self.close_connection = True
            except Cut:
                proxy.seen.append((self.command, self.path, 0))
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)
                return
            except (OSError, http.client.HTTPException):
                code, headers, body = 502, {"Content-Type": "text/plain"}, b"upstream is away"
            proxy.seen.append((self.command, self.path, code))
            proxy.bytes_down += len(body)
            head = [f"HTTP/1.1 {code} X"]
            for name, value in headers.items():
                if name.lower() not in (
                    "transfer-encoding",
                    "content-length",
                    "connection",
                    "date",
                    "server",
                ):
                    head.append(f"{name}: {value}")
            head.append(f"Content-Length: {len(body)}")
            data = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n"
            with contextlib.suppress(OSError):
                self.connection.sendall(data + (b"" if self.command == "HEAD" else body[:sent]))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

        def _body(self) -> bytes:
            if "chunked" in self.headers.get("Transfer-Encoding", ""):
                parts = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    proxy.base_url = f"http://127.0.0.1:{listener.server_address[1]}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(5)
