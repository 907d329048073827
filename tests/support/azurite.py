"""A real server of Azure's blob protocol for tests: Azurite on a free port over a temporary directory.

with azurite(tmp_path) as azure:
    azure.create_bucket("blobs")
    open_blobs(azure.url("blobs", prefix="runstone"))

It is a package of npm, installed once into `.cache/azurite` of the checkout (or under RUNSTONE_AZURITE_DIR).
It checks keys and shared access signatures. It keeps no versions of blobs.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import functools
import hashlib
import hmac
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import httpx
from tests.support.server import free_port

RELEASE = "3.37.0"
FOLDER = Path(os.environ.get("RUNSTONE_AZURITE_DIR") or Path(__file__).parents[2] / ".cache" / "azurite")
START_SECONDS = 60.0
API_VERSION = "2023-11-03"
ACCOUNT = "tests"


@functools.cache
def azurite_program() -> tuple[str, ...] | None:
    """The command that starts it, installed the first time it is asked for (15 s); None without npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    folder = FOLDER / RELEASE
    main = folder / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    done = folder / "installed"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with (FOLDER / f"{RELEASE}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run side by side
            if not done.exists():
                options = ["--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
                command = [npm, "install", "--prefix", str(folder), *options, f"azurite@{RELEASE}"]
                subprocess.run(command, check=True, timeout=600, stdout=subprocess.DEVNULL)
                done.touch()
    return (node, str(main))


@dataclass(frozen=True)
class Azurite:
    endpoint: str  # http://127.0.0.1:PORT/ACCOUNT
    key: str
    command: Sequence[str]
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.endpoint.rpartition(":")[2].partition("/")[0])

    def start(self) -> None:
        """Over the same data and port, after `kill9`."""
        environment = {**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{self.key}"}
        with (self.folder / "azurite.log").open("ab") as log:
            process = subprocess.Popen(
                self.command, stdout=log, stderr=log, cwd=self.folder, env=environment, start_new_session=True
            )
        self.processes.append(process)
        _wait(self, process)

    def kill9(self) -> None:
        """Once all it has acknowledged is kept: it writes its tables down every five seconds, which is no
        habit of Azure's."""
        time.sleep(6)
        self.end()

    def end(self) -> None:
        self.processes[-1].kill()
        self.processes[-1].wait()

    def url(self, bucket: str, *, prefix: str = "", key: str | None = None) -> str:
        """The address that `open_blobs` takes."""
        options = {"endpoint": self.endpoint, "account_name": ACCOUNT, "account_key": key or self.key}
        return f"az://{bucket}/{prefix}?{urlencode(options)}"

    def public(self, base_url: str) -> str:
        """The endpoint as clients know it, where a proxy at `base_url` is before it."""
        return f"{base_url}/{ACCOUNT}"

    def environment(self) -> dict[str, str]:
        """What a user of it sets."""
        return {
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": self.key,
            "AZURE_STORAGE_ENDPOINT": self.endpoint,
            "AZURE_ALLOW_HTTP": "true",
        }

    def create_bucket(self, bucket: str) -> None:
        """A container, in Azure's words."""
        self.send("PUT", f"{bucket}?restype=container")

    def send(self, method: str, address: str, content: bytes = b"", **headers: str) -> httpx.Response:
        """A request that obstore has no function for. address: CONTAINER[/BLOB][?QUERY], as it is sent."""
        answer = httpx.request(
            method, f"{self.endpoint}/{address}", content=content, headers=headers, auth=SharedKey(self.key)
        )
        answer.raise_for_status()
        return answer


class SharedKey(httpx.Auth):
    """Source: Azure Storage REST reference, "Authorize with Shared Key"."""

    requires_request_body = True

    def __init__(self, key: str) -> None:
        self._key = base64.b64decode(key)

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers["x-ms-date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        request.headers["x-ms-version"] = API_VERSION
        length = str(len(request.content)) if request.content else ""
        named = ("content-md5", "content-type")
        lines = [request.method, "", "", length, *(request.headers.get(name, "") for name in named)]
        lines += [""] * 6
        own = sorted((name, value) for name, value in request.headers.items() if name.startswith("x-ms-"))
        lines += [f"{name}:{value}" for name, value in own]
        resource = f"/{ACCOUNT}{request.url.raw_path.partition(b'?')[0].decode()}"
        pairs = sorted(parse_qsl(request.url.query.decode(), keep_blank_values=True))
        text = "\n".join([*lines, resource, *(f"{name}:{value}" for name, value in pairs)])
        digest = hmac.digest(self._key, text.encode(), hashlib.sha256)
        request.headers["authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
        yield request


@contextlib.contextmanager
def azurite(folder: Path) -> Iterator[Azurite]:
    """Runs for the length of the block, with an account and a key of its own."""
    program = azurite_program()
    assert program, "Azurite needs node and npm."
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    command = [*program, *options, "--disableTelemetry", "--disableProductStyleUrl", "--silent"]
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    server = Azurite(f"http://127.0.0.1:{port}/{ACCOUNT}", key, command, folder)
    try:
        server.start()
        yield server
    finally:
        if server.processes:
            server.end()


def _wait(server: Azurite, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(server.endpoint, timeout=2)
            return
        time.sleep(0.2)
    tail = (server.folder / "azurite.log").read_text(errors="replace")[-3000:]
    raise RuntimeError(f"Azurite did not start (exit {process.poll()}):\n{tail}")
