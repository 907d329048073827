"""V1 to V3: no text of a client becomes a path, whatever it is dressed as."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest
from tests.support.server import RunningServer

DRESSES = [
    "../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "..%252f..%252fetc%252fpasswd",
    "%252e%252e%252fetc%252fpasswd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "//etc/passwd",
    "..\\..\\..\\etc\\passwd",
    "..%5c..%5cetc%5cpasswd",
    "C:/windows/win.ini",
    "C:%5Cwindows%5Cwin.ini",
    "file:///etc/passwd",
    "file:%2f%2f%2fetc%2fpasswd",
    "a/../../../../etc/passwd",
    "a/%2e%2e/%2e%2e/etc/passwd",
    "etc/passwd%00.txt",
    "%00",
    "....//....//etc/passwd",
    "..;/..;/etc/passwd",
    "%c0%ae%c0%ae/etc/passwd",
    "%uff0e%uff0e/etc/passwd",
    "admin.key",
    "../admin.key",
    "..%2fadmin.key",
    "x#/../../admin.key",
    "x%23/../../admin.key",
]


def raw(server: RunningServer, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """A request whose path no HTTP library has tidied."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.admin_key}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head.encode("latin-1") + body)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 400
    return status, answer


@pytest.fixture
def secrets(rest: RunningServer) -> list[bytes]:
    """What must never come back: a system file, our own key, our signing key."""
    return [b"root:", rest.admin_key.encode(), (rest.data / "signing.key").read_bytes().strip()]


@pytest.mark.parametrize("dress", DRESSES)
def test_reading_by_any_parameter_never_leaves_the_store(
    rest: RunningServer, api: httpx.Client, project: str, dress: str, secrets: list[bytes]
) -> None:
    assert api.put(f"{project}/runs/one", json={}).is_success
    run = f"/api/v1{project}/runs/one"
    places = [
        f"{run}/files/{dress}",
        f"{run}/files/{dress}?inline=1",
        f"/{dress}",
        f"/assets/{dress}",
        f"/api/v1/projects/admin/{dress}",
        f"/api/v1/projects/{dress}/x",
        f"/api/v1{project}/runs/{dress}",
        f"{run}/console/download?writer={dress}",
        f"{run}/files?prefix={dress}",
        f"/api/v1/views/{dress}",
        f"/storage/{dress}",
        f"/signin?token={dress}&next={dress}",
    ]
    for place in places:
        status, answer = raw(rest, "GET", place.replace(" ", "%20"))
        assert status < 500 or b"The web UI was not built" in answer, (place, answer[:300])
        for secret in secrets:
            assert secret not in answer, place


@pytest.mark.parametrize("dress", DRESSES)
def test_writing_and_deleting_never_leave_the_store(
    rest: RunningServer, api: httpx.Client, project: str, dress: str, tmp_path: Path
) -> None:
    assert api.put(f"{project}/runs/one", json={}).is_success
    run = f"/api/v1{project}/runs/one"
    before = snapshot(rest.data)
    status, answer = raw(rest, "PUT", f"{run}/files/{dress}", b"planted bytes")
    assert status in (201, 400, 404, 405), (status, answer[:300])
    status, answer = raw(rest, "DELETE", f"{run}/files/{dress}")
    assert status in (204, 400, 404, 405), (status, answer[:300])
    after = snapshot(rest.data)
    # New files lie in the blob store under their digest, and nowhere else.
    for path in after.keys() - before.keys():
        assert path.startswith("blobs/"), path
        assert all(part not in path for part in ("passwd", "admin", "win.ini", "..")), path
    assert before.keys() - after.keys() == set()
    assert (rest.data / "admin.key").read_text() == rest.admin_key + "\n"
    assert not Path("/etc/passwd.txt").exists()


def snapshot(root: Path) -> dict[str, int]:
    return {
        path.relative_to(root).as_posix(): path.stat().st_size
        for path in root.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm", "-journal"))
    }
