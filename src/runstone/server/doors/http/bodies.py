"""Request bodies: read up to a bound, unpacked up to the same bound, and counted while they are held."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from runstone.server.domain.errors import Invalid, TooLarge, Unavailable
from runstone.server.doors.http.errors import TooSlow
from runstone.server.doors.http.headers import header

_PIECE_BYTES = 1024 * 1024
BODY_PAUSE_SECONDS = 60.0  # a client that sends nothing for so long is let go


class Patience:
    """Waits for a client only so long. Around awaits of one task:

        with Patience(60) as patience:
            async for piece in stream:
                patience.again()

    Raises TooSlow in place of what was awaited. As asyncio.timeout, which Python 3.10 lacks.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._rang = False
        self._goes_on = False

    def __enter__(self) -> Patience:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._handle = self._loop.call_later(self._seconds, self._ring)
        return self

    def again(self) -> None:
        """It goes on. The bell is set anew when it rings, not here: that costs a body of many
        pieces nothing, and lets a client be silent for twice the time at most."""
        self._goes_on = True

    def _ring(self) -> None:
        if self._goes_on:
            self._goes_on = False
            self._handle = self._loop.call_later(self._seconds, self._ring)
            return
        self._rang = True
        if self._task is not None:
            self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._handle.cancel()
        if self._rang and kind is not None and issubclass(kind, asyncio.CancelledError):
            uncancel = getattr(self._task, "uncancel", None)  # Python 3.11
            if uncancel is not None:
                uncancel()
            raise TooSlow(
                f"The body stopped coming: nothing for {self._seconds:.0f} seconds. Send it again."
            ) from None


class BodyBudget:
    """How many bytes of bodies are held in memory at once, over all requests."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    def take(self, size: int) -> None:
        """Raises Unavailable where the budget is spent."""
        if self.held and self.held + size > self._most:
            raise Unavailable(
                "The server holds as many uploads in memory as it may. Try again in a second.",
                retry_after_seconds=1,
            )
        self.held += size

    def load(self) -> float:
        """The part of the budget that is spent: 0 to 1, or more where one body is larger than all of it."""
        return self.held / self._most

    def give(self, size: int) -> None:
        self.held -= size


def declared_length(request: Request) -> int | None:
    """Content-Length, or None. Raises Invalid where it is not a number."""
    text = header(request, b"content-length")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise Invalid(f"Content-Length {text[:40]!r} is not a number of bytes.")
    return int(text)


async def read_body(request: Request, *, limit: int) -> bytes:
    """The whole body as sent. Raises TooLarge, before reading where the length is declared."""
    length = declared_length(request)
    if length is not None and length > limit:
        raise _too_large(length, limit)
    pieces: list[bytes] = []
    size = 0
    receive = request.receive
    with Patience(BODY_PAUSE_SECONDS) as patience:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            piece = message.get("body", b"")
            size += len(piece)
            if size > limit:
                raise _too_large(size, limit)
            pieces.append(piece)
            if not message.get("more_body", False):
                break
            patience.again()
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def stream_body(request: Request, *, limit: int) -> AsyncIterator[bytes]:
    """The body piece by piece, refused once it is longer than `limit`."""
    length = declared_length(request)
    if length is not None and length > limit:
        raise _too_large(length, limit)
    size = 0
    pieces = request.stream()
    while True:
        with Patience(BODY_PAUSE_SECONDS):  # only while we wait for the client, not while it is kept
            piece = await anext(pieces, b"")
        if not piece:
            return
        size += len(piece)
        if size > limit:
            raise _too_large(size, limit)
        yield piece


def unpack(body: bytes, encoding: str | None, *, limit: int) -> bytes:
    """A body with its Content-Encoding undone: gzip, deflate, zstd or none.

    Never more than `limit` bytes are made of it, however small it came. Raises Invalid or TooLarge.
    Blocks: call it in a thread.
    """
    name = (encoding or "identity").strip().lower()
    if name in ("identity", ""):
        return body
    if name in ("gzip", "x-gzip", "deflate"):
        return _inflate(body, name, limit)
    if name == "zstd":
        return _unpack_zstd(body, limit)
    raise Invalid(f"Content-Encoding {name[:40]!r} is not known here. Use gzip or zstd, or none.")


def _inflate(body: bytes, name: str, limit: int) -> bytes:
    out: list[bytes] = []
    size = 0
    rest = body
    try:
        while rest:  # a gzip body may hold several members, one after another
            stream = zlib.decompressobj(wbits=47)  # zlib or gzip, told by the header
            while not stream.eof:
                piece = stream.decompress(rest, min(_PIECE_BYTES, limit - size + 1))
                rest = stream.unconsumed_tail
                size += len(piece)
                if size > limit:
                    raise _too_large(size, limit)
                out.append(piece)
                if not piece and not rest and not stream.eof:
                    raise Invalid(f"The {name} body ends in the middle.")
            rest = stream.unused_data
    except zlib.error as error:
        raise Invalid(f"The body is not {name}: {error}.") from None
    return b"".join(out)


def _unpack_zstd(body: bytes, limit: int) -> bytes:
    import zstandard

    out: list[bytes] = []
    size = 0
    try:
        reader = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(
            body, read_across_frames=True
        )
        while piece := reader.read(_PIECE_BYTES):
            size += len(piece)
            if size > limit:
                raise _too_large(size, limit)
            out.append(piece)
    except zstandard.ZstdError as error:
        raise Invalid(f"The body is not zstd: {error}.") from None
    return b"".join(out)


def _too_large(size: int, limit: int) -> TooLarge:
    return TooLarge(
        f"The body has {size} bytes or more; the most here is {limit}. Send it in smaller pieces.",
        size=size,
        limit=limit,
    )
