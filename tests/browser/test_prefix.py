"""Behind a proxy, under a path of somebody else's site."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import Watch
from tests.browser.seed import Seeder
from tests.support.server import free_port, running_server

PREFIX = "/team/runstone"


def _pipe(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _serve(client: socket.socket, upstream_port: int) -> None:
    """One request a connection: the prefix goes, everything else stays as it is."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(65536)
        if not data:
            client.close()
            return
        head += data
    line, _, rest = head.partition(b"\r\n")
    method, path, version = line.split(b" ")
    if not path.startswith(PREFIX.encode()):
        client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        client.close()
        return
    path = path[len(PREFIX) :] or b"/"
    rest = re.sub(rb"(?i)\r\nconnection:[^\r]*", b"", b"\r\n" + rest)[2:]
    upstream = socket.create_connection(("127.0.0.1", upstream_port))
    upstream.sendall(b" ".join((method, path, version)) + b"\r\nConnection: close\r\n" + rest)
    threading.Thread(target=_pipe, args=(client, upstream), daemon=True).start()
    _pipe(upstream, client)
    upstream.close()
    client.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, built_ui: Path) -> Iterator[tuple[str, str]]:
    """The address under which people know the server, and the admin's key."""
    listener = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listener.getsockname()[1]}{PREFIX}"
    port = free_port()

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=_serve, args=(client, port), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        with running_server(
            tmp_path_factory.mktemp("prefixed"), port=port, args=["--base-url", base]
        ) as server:
            seeder = Seeder(server.base_url, server.admin_key)
            seeder.run("here", "here-1", rows=[{"loss": 2.0}, {"loss": 1.0}])
            seeder.close()
            yield base, server.admin_key
    finally:
        listener.close()


def test_a_deep_link_under_a_prefix_loads_signs_in_and_is_live(
    chromium: Any, address: tuple[str, str]
) -> None:
    base, key = address
    context = chromium.new_context(viewport={"width": 1200, "height": 800})
    context.set_default_timeout(15_000)
    watch = Watch(base)
    watch.allowed.append(re.compile("status of 401"))
    context.on("page", watch.follow)
    page = context.new_page()
    page.goto(f"{base}/admin/here/workspace?log=true")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    panel = page.get_by_role("region", name="loss", exact=True)
    expect(panel.get_by_role("img")).to_have_attribute("aria-label", re.compile(r"ends at 1\b"))
    expect(page.get_by_role("status").filter(has_text=re.compile("^live$"))).to_be_visible()
    page.get_by_role("link", name="Runstone, home").click()
    expect(page).to_have_url(f"{base}/")
    page.reload()
    expect(page.get_by_role("banner")).to_be_visible()
    context.close()
    assert watch.problems == []
