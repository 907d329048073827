"""Small files of a version, many in one answer: a request each would cost more than their bytes.

An answer is cut into files, each held against its SHA-256. What came whole before it broke stays; the
rest is asked for again, and on its own where that does not help.
"""

from __future__ import annotations

import hashlib
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

from runstone.client.errors import ApiError, BadAnswer, ServerAway
from runstone.content.manifest import NO_DIGEST, Entry

if TYPE_CHECKING:
    import httpx

SMALL_BYTES_MAX = 256 * 1024
# Of one answer: enough that a request costs little beside it, so few that threads share the work.
BATCH_FILES_MAX = 1000
BATCH_BYTES_MAX = 4 * 1024 * 1024
_FRAME = struct.Struct("<II")  # the file's place in what was asked for, and its length
_WITHOUT = (404, 405)  # what a server before this route answers

Open = Callable[[Sequence[str]], AbstractContextManager["httpx.Response"]]
Pair = tuple[Entry, str]  # what is wanted, and where it goes


def batches(wanted: Iterable[Pair]) -> tuple[list[list[Pair]], list[Pair]]:
    """(those that go together, those that go on their own), in their order."""
    together: list[list[Pair]] = []
    alone: list[Pair] = []
    size = 0
    for pair in wanted:
        entry = pair[0]
        if entry.reference is not None or entry.sha256 == NO_DIGEST or entry.size > SMALL_BYTES_MAX:
            alone.append(pair)
            continue
        full = bool(together) and (
            len(together[-1]) >= BATCH_FILES_MAX or size + entry.size > BATCH_BYTES_MAX
        )
        if not together or full:
            together.append([])
            size = 0
        together[-1].append(pair)
        size += entry.size
    return together, alone


class Batches:
    """Safe for threads."""

    def __init__(self, open_files: Open, keep: Callable[[Entry, str, bytes], None]) -> None:
        """open_files: a request for these paths. keep: takes a file's right bytes."""
        self._open = open_files
        self._keep = keep
        self._off = threading.Event()

    def fetch(self, wanted: Sequence[Pair], stopped: Callable[[], bool]) -> list[Pair]:
        """Bring them; returns those that are to be asked for one by one. stopped: asked before each file,
        for others may have failed. Raises BadAnswer for damaged bytes, ClientError kinds, OSError."""
        if len(wanted) == 1:
            return list(wanted)
        same: dict[bytes, list[Pair]] = {}
        for pair in wanted:
            same.setdefault(pair[0].sha256, []).append(pair)
        while same and not self._off.is_set() and not stopped():
            asked = [pairs[0][0] for pairs in same.values()]
            before = len(same)
            try:
                with ExitStack() as closing:
                    try:
                        answer = closing.enter_context(self._open([entry.path for entry in asked]))
                    except BadAnswer:  # a 404 in others' words: who stands between knows no such route
                        self._off.set()
                        break
                    for entry, data in _files(asked, answer.iter_bytes()):
                        if stopped():
                            return []
                        for one, target in same.pop(entry.sha256):
                            self._keep(one, target, data)
            except ServerAway:
                pass
            except ApiError as error:
                # What the server does not give together, or not any more, it tells of each.
                if error.status in _WITHOUT:
                    self._off.set()
                elif error.status not in (400, 413, 422):
                    raise
                break
            if len(same) == before:
                break
        return [pair for pairs in same.values() for pair in pairs]


def _files(asked: Sequence[Entry], chunks: Iterable[bytes]) -> Iterator[tuple[Entry, bytes]]:
    """Each when it has come whole and right, in whatever order. Raises BadAnswer."""
    came: set[int] = set()
    held = bytearray()
    for chunk in chunks:
        held += chunk
        at = 0
        while len(held) - at >= _FRAME.size:
            index, size = _FRAME.unpack_from(held, at)
            if index >= len(asked) or index in came or size != asked[index].size:
                raise BadAnswer(
                    f"The server answered with file {index} of {size} bytes, which is none of those that "
                    f"were asked for ({len(asked)}) and have not come. A proxy may have changed the answer."
                )
            end = at + _FRAME.size + size
            if len(held) < end:
                break
            data = bytes(held[end - size : end])
            entry = asked[index]
            digest = hashlib.sha256(data)
            if digest.digest() != entry.sha256:
                raise damaged(entry, digest.hexdigest())
            came.add(index)
            yield entry, data
            at = end
        del held[:at]


def damaged(entry: Entry, met: str) -> BadAnswer:
    return BadAnswer(f"File {entry.path!r} came damaged: its SHA-256 is {met}, not {entry.sha256.hex()}.")
