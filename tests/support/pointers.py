"""What pointers of other tools lead to, for tests: a Git LFS server, a hub of models and data sets, and a web
server that keeps files; with what each was asked, keys included."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from runstone.client.artifact_download import Download, Downloaded
from runstone.client.pointers.sources import Found
from runstone.content.manifest import Entry


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str | None:
        return self.headers.get("authorization")


@dataclass
class Said:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None  # what Content-Length says, where it is not the truth


class Web:
    """A server on a free port, by `host`: names of this machine that are other hosts to a client."""

    def __init__(self, answer: Callable[[Asked], Said], host: str = "127.0.0.1") -> None:
        self.asked: list[Asked] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked.append(Asked(self.command, self.path, headers, self.rfile.read(length)))
                said = answer(asked[-1])
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(said.length or len(said.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(said.body)
                if said.length is not None:
                    self.close_connection = True

            do_POST = do_HEAD = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"{host}:{self._server.server_address[1]}"
        self.address = f"http://{self.host}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def part_of(asked: Asked, content: bytes, tag: str = "") -> Said:
    """A file, or the rest of it that was asked for."""
    headers = {"ETag": f'"{tag}"'} if tag else {}
    wanted = asked.headers.get("range")
    if wanted is None:
        return Said(200, content, headers)
    start = int(wanted.removeprefix("bytes=").removesuffix("-"))
    headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    return Said(206, content[start:], headers)


class Lfs:
    """The batch API below `/team/net.git/info/lfs`, and the objects in a store of another host.

    key: the Authorization it wants; None for none. cut_at: where the first reading of an object ends.
    action_headers: what goes with an object's address."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.key: str | None = None
        self.cut_at: int | None = None
        self.stored_here = False
        self.action_headers: dict[str, str] = {"X-Signed": "store"}
        self.store = Web(self._object, "localhost")
        self.api = Web(self._batch)
        self.remote = f"{self.api.address}/team/net.git"

    def put(self, content: bytes) -> str:
        oid = hashlib.sha256(content).hexdigest()
        self.objects[oid] = content
        return oid

    def _batch(self, asked: Asked) -> Said:
        if self.key is not None and asked.key != self.key:
            return Said(401, b"{}")
        if asked.method == "GET":
            return self._object(asked)
        if asked.path != "/team/net.git/info/lfs/objects/batch":
            return Said(404)
        assert asked.headers["accept"] == asked.headers["content-type"] == "application/vnd.git-lfs+json"
        wanted = json.loads(asked.body)
        assert wanted["operation"] == "download" and wanted["transfers"] == ["basic"]
        return Said(body=json.dumps({"objects": [self._one(**item) for item in wanted["objects"]]}).encode())

    def _one(self, oid: str, size: int) -> dict[str, Any]:
        if oid not in self.objects:
            return {"oid": oid, "size": size, "error": {"code": 404, "message": "Object does not exist"}}
        base = self.api.address if self.stored_here else self.store.address
        action = {"href": f"{base}/objects/{oid}", "header": self.action_headers}
        return {"oid": oid, "size": size, "actions": {"download": action}}

    def _object(self, asked: Asked) -> Said:
        content = self.objects[asked.path.rpartition("/")[2]]
        if self.cut_at is not None and "range" not in asked.headers:
            return Said(200, content[: self.cut_at], {"ETag": '"x"'}, length=len(content))
        return part_of(asked, content, "x")

    def close(self) -> None:
        self.api.close()
        self.store.close()


class Hub:
    """Repositories at one commit, as the Hugging Face hub has them: large files lie in another host's store.

    files: by (kind, repository), then path; large: paths that are kept by their SHA-256. token: what it
    wants; "" for none. page: how many files a page of a list has."""

    COMMIT = "c0ffee" * 6 + "cafe"

    def __init__(self) -> None:
        self.files: dict[tuple[str, str], dict[str, bytes]] = {}
        self.large: set[str] = set()
        self.token = ""
        self.page = 1000
        self.store = Web(lambda asked: part_of(asked, self.blobs[asked.path[1:]]), "localhost")
        self.web = Web(self._answer)
        self.blobs: dict[str, bytes] = {}

    def _answer(self, asked: Asked) -> Said:
        if self.token and asked.key != f"Bearer {self.token}":
            return Said(401)
        parts = urlsplit(asked.path)
        path = unquote(parts.path).strip("/").split("/")
        if path[0] == "api":
            files = self.files.get((path[1].removesuffix("s"), "/".join(path[2:4])))
            if files is None:
                return Said(404)
            return self._api(asked, path[4:], files, parse_qs(parts.query))
        kind = path.pop(0).removesuffix("s") if path[0] in ("datasets", "spaces") else "model"
        files = self.files.get((kind, "/".join(path[:2])), {})
        name = "/".join(path[4:])
        if path[2] != "resolve" or path[3] not in (self.COMMIT, "main") or name not in files:
            return Said(404)
        about = self._about(name, files[name])
        headers = {"ETag": f'"{about["oid"]}"', "X-Repo-Commit": self.COMMIT}
        if name not in self.large:
            return Said(body=files[name], headers=headers)
        digest = about["lfs"]["oid"]
        self.blobs[digest] = files[name]
        headers |= {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(files[name]))}
        return Said(302, headers={**headers, "Location": f"{self.store.address}/{digest}"})

    def _api(self, asked: Asked, path: list[str], files: dict[str, bytes], query: Any) -> Said:
        if path and path[1] not in ("main", self.COMMIT):
            return Said(404)
        if not path or path[0] == "revision":
            siblings = [{"rfilename": name} for name in files]
            return _json(
                {"id": "x/y", "sha": self.COMMIT, "tags": [], "private": False, "siblings": siblings}
            )
        if path[0] == "paths-info":
            if "json" in asked.headers["content-type"]:
                wanted = json.loads(asked.body)["paths"]
            else:
                wanted = parse_qs(asked.body.decode())["paths"]
            return _json([item for name in wanted if (item := self._info(name, files)) is not None])
        assert path[0] == "tree"
        inner = "/".join(path[2:])
        names = sorted(name for name in files if not inner or name.startswith(inner + "/"))
        folders = {name.rpartition("/")[0] for name in names} - {""}
        start = int(query.get("cursor", ["0"])[0])
        items = [{"type": "directory", "path": folder, "oid": "0" * 40, "size": 0} for folder in folders]
        items += [self._about(name, files[name]) for name in names]
        said = _json(items[start : start + self.page])
        if start + self.page < len(items):
            further = (
                f"{self.web.address}{urlsplit(asked.path).path}?recursive=true&cursor={start + self.page}"
            )
            said.headers["Link"] = f'<{further}>; rel="next"'
        return said

    def _info(self, name: str, files: dict[str, bytes]) -> dict[str, Any] | None:
        if name in files:
            return self._about(name, files[name])
        if any(other.startswith(name + "/") for other in files):
            return {"type": "directory", "path": name, "oid": "0" * 40, "size": 0}
        return None

    def _about(self, name: str, content: bytes) -> dict[str, Any]:
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        about: dict[str, Any] = {"type": "file", "path": name, "oid": blob, "size": len(content)}
        if name in self.large:
            digest = hashlib.sha256(content).hexdigest()
            about["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 130}
        return about

    def close(self) -> None:
        self.web.close()
        self.store.close()


def _json(body: Any) -> Said:
    return Said(body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})


@contextlib.contextmanager
def closing_all(*things: Any) -> Iterator[None]:
    try:
        yield
    finally:
        for thing in things:
            thing.close()


def entries_of(found: Iterable[Found]) -> list[Entry]:
    """As a version holds them."""
    return [Entry(path, size, sha256, reference) for path, size, reference, sha256 in found]


def downloaded(entries: Iterable[Entry], root: Path, **options: Any) -> Downloaded:
    """A version that is nothing but references; no Runstone server is asked."""

    def no_server(*_: Any) -> Any:
        raise AssertionError("a reference's bytes were asked of the server")

    return Download(no_server, **options).run(entries, str(root))


def tree(root: Path) -> dict[str, bytes]:
    """The files below, by path."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
