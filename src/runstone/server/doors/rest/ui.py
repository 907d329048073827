"""The web UI's files: a page that was built beside this package, served so that it can be framed by
nobody and can load nothing from elsewhere.

Files are found by a list made from the folder, never by joining a client's text to a path.
`assets/` carry a hash in their name and are kept by browsers for a year; `index.html` is asked for
anew each time; any other GET that is not the API's is a place within the UI and gets `index.html`.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import mimetypes
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from runstone.server.domain.errors import NotFound
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.context import context_of
from runstone.server.doors.http.permissions import needs

UI_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; media-src 'self' blob:; connect-src 'self'; worker-src 'self' blob:; "
    "frame-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_PACKED = frozenset({".js", ".css", ".html", ".svg", ".json", ".map", ".txt", ".wasm", ".webmanifest"})
_NOT_PAGES = ("api/", "assets/")
_NOT_PAGE = frozenset({"api", "graphql", "healthz", "metrics", "signin"})
_YEAR = "public, max-age=31536000, immutable"
_ANEW = "no-cache"


def static_dir() -> Path:
    return Path(str(files("runstone"))) / "static"


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes | None  # gzip, where that is worth it
    mimetype: str
    etag: str
    caching: str


class Site:
    """The built files by their address. Read again when a build has replaced index.html, so that a
    developer's server goes on with the new one; each file is read when first asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._paths: dict[str, Path] = {}
        self._files: dict[str, _File] = {}

    def find(self, name: str) -> _File | None:
        """The file at an address relative to the site, or None. Reads disks."""
        self._refresh()
        known = self._files.get(name)
        if known is not None:
            return known
        path = self._paths.get(name)
        if path is None:
            return None
        try:
            body = path.read_bytes()
        except OSError:  # a build is replacing it just now
            return None
        made = _file(name, body)
        self._files[name] = made
        return made

    def _refresh(self) -> None:
        try:
            stat = (self._root / "index.html").stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
        except OSError:
            stamp = None
        with self._lock:
            if stamp == self._stamp:
                return
            self._files = {}
            self._paths = (
                {
                    path.relative_to(self._root).as_posix(): path
                    for path in self._root.rglob("*")
                    if path.is_file() and not path.is_symlink()
                }
                if stamp
                else {}
            )
            self._stamp = stamp


def _file(name: str, body: bytes) -> _File:
    suffix = "." + name.rpartition(".")[2]
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if mimetype in ("application/javascript", "text/javascript") or mimetype.startswith("text/"):
        mimetype += "; charset=utf-8"
    packed = gzip.compress(body, 6, mtime=0) if suffix in _PACKED and len(body) > 1000 else None
    return _File(
        body,
        packed if packed is not None and len(packed) < len(body) else None,
        mimetype,
        '"' + hashlib.sha256(body).hexdigest()[:32] + '"',
        _YEAR if name.startswith("assets/") else _ANEW,
    )


_site = Site(static_dir())


@lru_cache(maxsize=8)
def with_base(page: bytes, prefix: str) -> bytes:
    """The page with its base address first in the head, so that deep links find their assets."""
    base = f'<base href="{html.escape(prefix, quote=True)}/">'.encode()
    at = page.lower().find(b"<head")
    at = page.find(b">", at) + 1 if at >= 0 else 0
    return page[:at] + base + page[at:]


@needs(Permission.NOBODY)
async def ui(request: Request) -> Response:
    """Any GET that no other route took."""
    context = context_of(request)
    name = request.path_params["path"]
    if name.startswith("api/"):
        taken = _other_methods(request)
        if taken:
            raise HTTPException(405, headers={"Allow": ", ".join(taken)})
        raise NotFound(f"There is no route {request.method} /{name[:200]}. See /api/v1/openapi.json.")
    found = await context.run(lambda: _site.find(name)) if name and name != "index.html" else None
    if found is None:
        last = name.rpartition("/")[2]
        if (
            name in _NOT_PAGE
            or name.startswith(_NOT_PAGES)
            or ("." in last and name.count("/") == 0 and name != "index.html")
        ):
            raise NotFound(f"There is nothing at /{name[:200]}.")
        page = await context.run(lambda: _site.find("index.html"))
        if page is None:
            return Response(_NOT_BUILT, 503, _headers(_ANEW), "text/html; charset=utf-8")
        body = with_base(page.body, context.settings.listen.path_prefix)
        return _answer(request, _file("index.html", body))
    return _answer(request, found)


def _other_methods(request: Request) -> list[str]:
    """Methods by which other routes would take this path."""
    found: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is Match.PARTIAL:
            found |= route.methods or set()
    return sorted(found)


def _answer(request: Request, file: _File) -> Response:
    headers = _headers(file.caching)
    headers["ETag"] = file.etag
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    body = file.body
    if file.packed is not None:
        headers["Vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = file.packed
    return Response(body, 200, headers, file.mimetype)


def _headers(caching: str) -> dict[str, str]:
    return {
        "Cache-Control": caching,
        "Content-Security-Policy": UI_POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def ui_build() -> str:
    """The build's own mark, for a tab that is older than its server; "" without a UI."""
    return build_of(static_dir() / "index.html")


def build_of(page: Path) -> str:
    """The page names its assets by their digests, so its own digest stands for the whole build."""
    try:
        return _digest(page, page.stat().st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=4)
def _digest(page: Path, _stamp: int) -> str:
    return hashlib.sha256(page.read_bytes()).hexdigest()[:16]


_NOT_BUILT = b"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Runstone</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}
code{background:#eceff3;padding:.1em .3em;border-radius:4px}</style></head><body>
<h1>The web UI was not built</h1>
<p>The server itself works: its API is at <code>/api/v1</code>, and runs are taken in.</p>
<p>To build the UI, install Node.js 20.19 or later and, in Runstone's source folder, run
<code>UI_BUILD=force pip install -e .</code> (it says why where it fails). A released wheel brings the
UI along: <code>pip install runstone</code>.</p></body></html>
"""
