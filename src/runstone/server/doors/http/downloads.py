"""Bytes that are made while they are sent: files and exports. Ranges, names and types that a browser
can be trusted with.

What somebody uploaded is never run by a browser as part of this site: only types that cannot carry
a script are shown in place, under a policy without rights; logged HTML and SVG get a sandbox of
their own, an origin of nobody; everything else is a download.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from runstone.server.doors.http.context import Context
from runstone.server.pool import Lane

_SHOWN = re.compile(r"(image/(png|jpeg|gif|webp|avif|bmp|x-icon)|audio/[a-z0-9.+-]+|video/[a-z0-9.+-]+)")
_AS_TEXT = re.compile(r"(text/[a-z0-9.+-]+|application/(json|x-ndjson|x-yaml|yaml|toml))")
FILE_POLICY = (
    "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'"
)
HTML_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; media-src data: blob:; frame-ancestors 'self'"
)
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def file_headers(name: str, mimetype: str, *, inline: bool) -> tuple[dict[str, str], str]:
    """Headers and the media type for somebody's file: shown in place only if asked and harmless."""
    kind = mimetype.partition(";")[0].strip().lower()
    policy, shown, media = FILE_POLICY, inline, kind
    if kind == "text/html" and inline:
        policy, media = HTML_POLICY, "text/html; charset=utf-8"
    elif kind == "image/svg+xml" and inline:
        media = "image/svg+xml"
    elif _SHOWN.fullmatch(kind):
        pass
    elif _AS_TEXT.fullmatch(kind):
        media = "text/plain; charset=utf-8" if inline else kind
    else:
        shown = False
        media = kind if re.fullmatch(r"[a-z0-9.+-]+/[a-z0-9.+-]+", kind) else "application/octet-stream"
    headers = {
        "Content-Disposition": content_disposition(name, inline=shown),
        "Content-Security-Policy": policy,
        "Cache-Control": "private, no-cache",
    }
    return headers, media


def content_disposition(name: str, *, inline: bool = False) -> str:
    """The header for a download called `name` (its last part), whatever characters it holds."""
    last = re.sub(r"[\x00-\x1f\x7f]", "", name.rpartition("/")[2]) or "file"
    plain = re.sub(r"[^A-Za-z0-9 ._()+-]", "_", last)
    how = "inline" if inline else "attachment"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(last.encode('utf-8', 'replace'), safe='')}"


def parse_range(header: str | None, size: int) -> tuple[int, int] | bool | None:
    """(start, end) of the half-open range asked for; None: all of it; False: nothing of it is there.

    One range only; a header of another form is passed over, as HTTP allows.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or not (found[1] or found[2]) or len(found[1]) > 18 or len(found[2]) > 18:
        return None
    if not found[1]:
        last = int(found[2])
        return (max(0, size - last), size) if last and size else False
    start = int(found[1])
    end = min(int(found[2]) + 1, size) if found[2] else size
    if found[2] and int(found[2]) < start:
        return None
    return (start, end) if start < size else False


async def file_answer(
    request: Request,
    context: Context,
    read: Callable[[int, int], Iterator[bytes]],
    *,
    name: str,
    mimetype: str,
    digest: str,
    size: int,
    inline: bool = False,
) -> Response:
    """A file of `size` bytes, or what the request wants of it: the range that it names (206), nothing
    where it has the file by its ETag (304), a refusal where the range holds no byte of it (416).

    read: the bytes of a half-open range; opened in a thread. digest: what the ETag says, the same for
    the same bytes. A range under an `If-Range` that is not the ETag is passed over.
    """
    headers, media = file_headers(name, mimetype, inline=inline)
    etag = f'"{digest}"'
    headers |= {"ETag": etag, "Accept-Ranges": "bytes"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    wanted = parse_range(request.headers.get("range"), size)
    if request.headers.get("if-range") not in (None, etag):
        wanted = None
    if wanted is False:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    status, start, end = 200, 0, size
    if isinstance(wanted, tuple):
        status, (start, end) = 206, wanted
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    pieces = await context.run(partial(read, start, end))
    return Download(context, pieces, mimetype=media, headers=headers, status=status, size=end - start)


class Download(Response):
    """Pieces from a blocking iterator, each made in a thread of the lane when the one before is
    out. The iterator is closed in every case."""

    def __init__(
        self,
        context: Context,
        pieces: Iterator[bytes],
        *,
        mimetype: str,
        headers: dict[str, str],
        status: int = 200,
        size: int | None = None,
        lane: Lane = Lane.READ,
        first: bytes | None = None,
    ) -> None:
        super().__init__(None, status, headers, mimetype)
        if size is None:
            if "content-length" in self.headers:
                del self.headers["content-length"]
        else:
            self.headers["content-length"] = str(size)
        self._context = context
        self._pieces = pieces
        self._lane = lane
        self._first = first

    @classmethod
    async def begin(
        cls,
        context: Context,
        pieces: Iterator[bytes],
        *,
        mimetype: str,
        filename: str,
        lane: Lane,
        size: int | None = None,
    ) -> Download:
        """A download whose first piece is made before the answer begins, so that what is refused
        is refused with a status."""
        first = await context.run(partial(next, pieces, b""), lane=lane)
        headers = {"Content-Disposition": content_disposition(filename), "Cache-Control": "private, no-cache"}
        return cls(context, pieces, mimetype=mimetype, headers=headers, lane=lane, first=first, size=size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            if scope["method"] != "HEAD":
                if self._first:
                    await send({"type": "http.response.body", "body": self._first, "more_body": True})
                while piece := await self._context.run(self._next, lane=self._lane):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            close: Any = getattr(self._pieces, "close", None)
            if close is not None:
                with suppress(ValueError):  # a thread is still in it: it ends by itself
                    close()

    def _next(self) -> bytes:
        """The next piece that holds something; b"" at the end."""
        for piece in self._pieces:
            if piece:
                return piece
        return b""
