"""Google's XML API for tests: its names and its keys, in front of a real SeaweedFS.

with seaweed(tmp_path / "s3") as s3, google(tmp_path, s3) as gcs:
    gcs.create_bucket("blobs")
    open_blobs(gcs.url("blobs", prefix="runstone"))

No server of that protocol that a package index has knows uploads in parts, conditions or signatures. The
XML API is that of S3 but for some names, so bytes, listings, ranges and parts are SeaweedFS's; what is
Google's own is done here, by its reference: bearer tokens and signed addresses are checked against the
service account's public key, conditions and generations are translated, a deletion of nothing is a 404.

Source: Cloud Storage reference, "XML API", "V4 signing process with your own program"; RFC 8017, 8.2.2.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

import httpx
from tests.support.seaweed import Seaweed, Signed

EMAIL = "tests@project.iam.gserviceaccount.com"
HOST = "storage.googleapis.com"
_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
_ANSWERED = ("content-length", "content-range", "content-type", "etag", "last-modified", "accept-ranges")
_HANDED_ON = ("range", "content-length", "content-type")
_PIECE = 1 << 20


class Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass
class Key:
    """An RSA key: the file of a service account has it, whoever checks has its public half."""

    private: str
    modulus: int
    exponent: int = 65537

    @classmethod
    def make(cls) -> Key:
        options = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
        made = subprocess.run(["openssl", "genpkey", *options], check=True, capture_output=True)
        said = subprocess.run(
            ["openssl", "rsa", "-modulus", "-noout"], input=made.stdout, check=True, capture_output=True
        )
        return cls(made.stdout.decode(), int(said.stdout.decode().strip().partition("=")[2], 16))

    def signed(self, data: bytes, signature: bytes) -> bool:
        size = (self.modulus.bit_length() + 7) // 8
        told = _SHA256_PREFIX + hashlib.sha256(data).digest()
        wanted = b"\x00\x01" + b"\xff" * (size - len(told) - 3) + b"\x00" + told
        return (
            pow(int.from_bytes(signature, "big"), self.exponent, self.modulus).to_bytes(size, "big") == wanted
        )


@dataclass
class Google:
    folder: Path
    s3: Seaweed
    key: Key
    endpoint: str = ""
    account: Path = Path()
    versioned: set[str] = field(default_factory=set)
    seen: list[tuple[str, str, int]] = field(default_factory=list)  # method, path with query, status

    @property
    def port(self) -> int:
        return int(self.endpoint.rpartition(":")[2])

    def url(self, bucket: str, *, prefix: str = "", account: Path | None = None) -> str:
        """The address that `open_blobs` takes."""
        options = {"endpoint": self.endpoint, "service_account": str(account or self.account)}
        return f"gs://{bucket}/{prefix}?{urlencode(options)}"

    def kill9(self) -> None:
        """What keeps the bytes: then this server ends each connection without a word."""
        self.s3.kill9()

    def start(self) -> None:
        self.s3.start()

    def public(self, base_url: str) -> str:
        """The endpoint as clients know it, where a proxy at `base_url` is before it. Addresses are signed
        for Google's own name all the same, which is what this server goes by."""
        return base_url

    def environment(self) -> dict[str, str]:
        """What a user of it sets."""
        return {
            "GOOGLE_SERVICE_ACCOUNT": str(self.account),
            "GOOGLE_BASE_URL": self.endpoint,
            "GOOGLE_ALLOW_HTTP": "true",
        }

    def create_bucket(self, bucket: str) -> None:
        self.s3.create_bucket(bucket)

    def keep_versions(self, bucket: str) -> None:
        """From now on what is written over or deleted in `bucket` stays, under its generation."""
        self.s3.keep_versions(bucket)
        self.versioned.add(bucket)

    def delete_generation(self, bucket: str, name: str, generation: str) -> None:
        """For good, as `DELETE ?generation=` does."""
        self.s3.delete_version(bucket, name, _version(generation))

    def write_account(self, name: str, key: Key) -> Path:
        """The file of a service account, as the console of Google hands it out."""
        path = self.folder / name
        said = {
            "type": "service_account",
            "private_key": key.private,
            "private_key_id": "1",
            "client_email": EMAIL,
        }
        path.write_text(json.dumps(said))
        return path

    # -- who asks

    def check(self, method: str, path: str, query: dict[str, str], headers: dict[str, str]) -> None:
        """Raises Refused."""
        if "X-Goog-Signature" in query:
            self._check_address(method, path, query, headers)
        elif headers.get("authorization", "").startswith("Bearer "):
            self._check_token(headers["authorization"][7:])
        else:
            raise Refused(403, "AccessDenied")

    def _check_token(self, token: str) -> None:
        """A token that the account has signed for itself (RFC 7519, RS256)."""
        signed, _, signature = token.rpartition(".")
        try:
            said = json.loads(_unpadded(signed.partition(".")[2]))
            right = self.key.signed(signed.encode(), _unpadded(signature))
        except ValueError:
            raise Refused(401, "AuthenticationRequired") from None
        if not right or said["iss"] != EMAIL or said["exp"] < time.time():
            raise Refused(401, "AuthenticationRequired")

    def _check_address(self, method: str, path: str, query: dict[str, str], headers: dict[str, str]) -> None:
        try:
            signature = bytes.fromhex(query["X-Goog-Signature"])
        except ValueError:
            raise Refused(403, "SignatureDoesNotMatch") from None
        named = query["X-Goog-SignedHeaders"].split(";")
        # Behind a name of one's own, a proxy hands on the name that the address was signed for.
        own = {**headers, "host": HOST}
        pairs = sorted((name, value) for name, value in query.items() if name != "X-Goog-Signature")
        lines = [
            method,
            path,
            "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs),
            *(f"{name}:{own.get(name, '').strip()}" for name in named),
            "",
            ";".join(named),
            "UNSIGNED-PAYLOAD",
        ]
        request = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        email, _, scope = query["X-Goog-Credential"].partition("/")
        text = "\n".join((query["X-Goog-Algorithm"], query["X-Goog-Date"], scope, request))
        if email != EMAIL or not self.key.signed(text.encode(), signature):
            raise Refused(403, "SignatureDoesNotMatch")
        began = datetime.datetime.strptime(query["X-Goog-Date"], "%Y%m%dT%H%M%SZ")
        age = time.time() - began.replace(tzinfo=datetime.timezone.utc).timestamp()
        if age > int(query["X-Goog-Expires"]):
            raise Refused(400, "ExpiredToken")

    # -- generations: those of a bucket that keeps none are told by what lies there now

    def generation(self, bucket: str, headers: httpx.Headers) -> str:
        if bucket in self.versioned and "x-amz-version-id" in headers:
            return str(int(headers["x-amz-version-id"], 16))
        text = headers.get("etag", "") + headers.get("last-modified", "")
        return str(int(hashlib.sha256(text.encode()).hexdigest()[:13], 16))


def _version(generation: str) -> str:
    return f"{int(generation):032x}"


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no news here."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def google(folder: Path, s3: Seaweed) -> Iterator[Google]:
    """Runs for the length of the block, in threads of this process, with a service account of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    store = Google(folder, s3, Key.make())
    store.account = store.write_account("account.json", store.key)
    upstream = httpx.Client(
        base_url=s3.endpoint,
        auth=Signed(s3.access_key, s3.secret_key, payload=False),
        timeout=60,
        limits=httpx.Limits(max_connections=64),
    )

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            pass

        def handle_any(self) -> None:
            path, _, text = self.path.partition("?")
            query = dict(parse_qsl(text, keep_blank_values=True))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.left = int(headers.get("content-length") or 0)
            try:
                store.check(self.command, path, query, headers)
                self.pass_on(unquote(path), query, headers)
            except Refused as error:
                for _ in self.body():
                    pass
                said = f"<?xml version='1.0'?><Error><Code>{error.code}</Code></Error>".encode()
                self.answer(error.status, {"Content-Type": "application/xml"}, iter([said]), len(said))
            except httpx.TransportError:
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

        def body(self) -> Iterator[bytes]:
            while self.left:
                data = self.rfile.read(min(_PIECE, self.left))
                if not data:
                    raise httpx.ReadError("the client went away")
                self.left -= len(data)
                yield data

        def pass_on(self, path: str, query: dict[str, str], headers: dict[str, str]) -> None:
            bucket = path.split("/")[1]
            kept = {name: value for name, value in query.items() if not name.startswith("X-Goog-")}
            sent = {
                name: headers[name] for name in ("range", "content-length", "content-type") if name in headers
            }
            address = quote(path, safe="/~")
            generation = kept.pop("generation", None)
            if generation is not None:
                if bucket in store.versioned:
                    kept["versionId"] = _version(generation)
                elif self.now(bucket, address) != generation:
                    raise Refused(404, "NoSuchKey")
            if headers.get("x-goog-if-generation-match") == "0":
                sent["if-none-match"] = "*"
            elif "x-goog-if-generation-match" in headers:
                raise Refused(501, "NotImplemented")
            if self.command == "DELETE" and "uploadId" not in kept and self.now(bucket, address) is None:
                raise Refused(404, "NoSuchKey")
            content = self.body() if self.left else None
            with upstream.stream(self.command, address, params=kept, headers=sent, content=content) as answer:
                told = {name: answer.headers[name] for name in _ANSWERED if name in answer.headers}
                if answer.is_success and path.count("/") > 1 and "uploads" not in kept:
                    told["x-goog-generation"] = store.generation(bucket, answer.headers)
                size = int(told.pop("content-length", 0))
                self.answer(answer.status_code, told, answer.iter_raw(_PIECE), size)

        def now(self, bucket: str, address: str) -> str | None:
            found = upstream.head(address)
            return store.generation(bucket, found.headers) if found.is_success else None

        def answer(self, status: int, headers: dict[str, str], chunks: Iterator[bytes], size: int) -> None:
            store.seen.append((self.command, self.path, status))
            head = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
            head.append(f"Content-Length: {size}")
            with contextlib.suppress(OSError):
                self.connection.sendall("\r\n".join(head).encode("latin-1") + b"\r\n\r\n")
                for data in chunks if self.command != "HEAD" else ():
                    self.connection.sendall(data)

    listener = _Listener(("127.0.0.1", 0), Handler)
    store.endpoint = f"http://127.0.0.1:{listener.server_address[1]}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(5)
        upstream.close()
