"""How columns look in bytes.

Numbers are Blosc buffers: LZ4 over shuffled bytes, or over shuffled bits in sealed segments (smaller
for one key's values, twice the work). A buffer says itself which it is. Measured against Arrow IPC in
docs/decisions/0030-history-encoding.md. Steps at a constant stride cost nothing.

A *frame* is a table of rows: a MessagePack head, then the buffers it points at.

    frame    u32 head length | head | body
    block    keys that have values in the same rows; a matrix, cut by keys into parts of about
             4,096 values, so that one key comes back without the others

Frames of the log name their keys by text, those of packs by slot number.
"""

from __future__ import annotations

import json
import struct
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import zstandard
from numcodecs import blosc

from runstone.server.stores.history.contract import Int64s

KINDS = ("number", "integer", "bool", "string", "json")
NUMBER, INTEGER, BOOL, STRING, JSON = range(5)
KIND_NUMBERS: dict[str, int] = {kind: at for at, kind in enumerate(KINDS)}
_DTYPES: dict[int, Any] = {NUMBER: np.float64, INTEGER: np.int64, BOOL: np.uint8}

PART_VALUES = 4096
_LIVE = (b"lz4", 1, blosc.SHUFFLE)
_SEALED = (b"lz4", 5, blosc.BITSHUFFLE)
_U32 = struct.Struct("<I")
_TEXT_COMPRESS_BYTES = 96

blosc.use_threads = False  # many threads read at once: no pool and no lock of Blosc's own

_local = threading.local()
_encode_msgpack = msgspec.msgpack.Encoder().encode
_decode_msgpack = msgspec.msgpack.Decoder().decode

Key = TypeVar("Key", str, int)


# -- arrays


def pack_array(array: npt.NDArray[Any], *, sealed: bool = False) -> bytes:
    """Any contiguous array of 8-byte or 1-byte items; empty is empty."""
    if not array.size:
        return b""
    encoded: bytes = blosc.compress(np.ascontiguousarray(array), *(_SEALED if sealed else _LIVE))
    return encoded


def unpack_array(data: bytes | memoryview, dtype: Any) -> npt.NDArray[Any]:
    """The flat array again. Raises RuntimeError for damaged bytes."""
    if not len(data):
        return np.empty(0, dtype)
    return np.frombuffer(blosc.decompress(data), dtype)


def warm() -> None:
    """The very first call loads what Blosc locks with: 2 ms that no chart need wait for."""
    unpack_array(pack_array(np.zeros(1)), np.float64)


def unpack_into(data: bytes | memoryview, out: npt.NDArray[Any]) -> None:
    """As `unpack_array`, to where the array is wanted: contiguous, of the length that was packed."""
    if len(data):
        blosc.decompress(data, out)


def pack_steps(steps: Int64s, *, sealed: bool = False) -> tuple[int, int, bytes]:
    """(first, stride, buffer): the buffer of differences is empty where the stride is constant."""
    if not len(steps):
        return 0, 0, b""
    if len(steps) == 1:
        return int(steps[0]), 0, b""
    differences = steps[1:] - steps[:-1]  # wraps beyond 64 bits, and back again when summed
    stride = int(differences[0])
    if (differences == stride).all():
        return int(steps[0]), stride, b""
    return int(steps[0]), stride, pack_array(differences, sealed=sealed)


@lru_cache(maxsize=64)
def _even_steps(first: int, stride: int, n: int) -> Int64s:
    """Runs that are drawn together mostly have the same steps: they are made once, and who reads
    them can tell by their identity that they are the same."""
    if n <= 1:
        line = np.array([first][:n], np.int64)
    else:
        with np.errstate(over="ignore"):
            line = np.arange(n, dtype=np.int64) * np.int64(stride) + np.int64(first)
    line.flags.writeable = False
    return line


def unpack_steps(first: int, stride: int, data: bytes | memoryview, n: int) -> Int64s:
    """Not to be written to."""
    if not len(data):
        return _even_steps(first, stride, n)
    steps = np.empty(n, np.int64)
    steps[0] = first
    steps[1:] = unpack_array(data, np.int64)
    with np.errstate(over="ignore"):
        np.cumsum(steps, out=steps)
    return steps


# -- everything else: MessagePack, JSON where MessagePack cannot (integers beyond 64 bits, lone surrogates)


def pack_values(value: Any) -> bytes:
    try:
        data, mark = _encode_msgpack(value), b"m"
    except (OverflowError, UnicodeEncodeError):
        data, mark = json.dumps(value, separators=(",", ":")).encode(), b"j"
    if len(data) < _TEXT_COMPRESS_BYTES:
        return mark + data
    try:
        compress = _local.compress
    except AttributeError:
        compress = _local.compress = zstandard.ZstdCompressor(level=3).compress
    return mark.upper() + bytes(compress(data))


def unpack_values(data: bytes | memoryview) -> Any:
    mark, rest = data[0], data[1:]
    if mark in b"MJ":
        try:
            decompress = _local.decompress
        except AttributeError:
            decompress = _local.decompress = zstandard.ZstdDecompressor().decompress
        rest = decompress(rest)
    return _decode_msgpack(rest) if mark in b"mM" else json.loads(bytes(rest))


# -- frames


class BlockHead(msgspec.Struct, array_like=True, gc=False):
    kind: int
    m: int
    rows: int  # bytes of the row positions; 0 is all rows
    keys: int  # bytes of the list of keys
    step: int  # keys in a part
    parts: list[int]  # bytes of each


class FrameHead(msgspec.Struct, array_like=True, gc=False):
    """Buffers follow in this order: steps, times, then per block rows, keys, parts."""

    n: int
    step_first: int
    step_stride: int
    steps: int
    times: int
    blocks: list[BlockHead]


_decode_head = msgspec.msgpack.Decoder(FrameHead).decode


class EncodedBlock(msgspec.Struct, array_like=True, gc=False):
    """A block on its way into a frame: like `blocks.Block`, with the kind as a number."""

    kind: int
    keys: Sequence[Any]
    rows: Any
    values: Any


def encode_frame(steps: Int64s, blocks: Sequence[EncodedBlock], *, times: Any = None) -> bytes:
    """steps: shape (n,). times: float64 of n timestamps, then n runtimes, or None."""
    first, stride, step_bytes = pack_steps(steps)
    time_bytes = b"" if times is None else pack_array(times)
    buffers = [step_bytes, time_bytes]
    heads = []
    for block in blocks:
        rows = b"" if block.rows is None else pack_array(block.rows)
        keys = pack_values(list(block.keys))
        if block.kind in _DTYPES:
            m = block.values.shape[1]
            per_part = max(1, PART_VALUES // max(m, 1))
            parts = [
                pack_array(block.values[at : at + per_part]) for at in range(0, len(block.keys), per_part)
            ]
        else:
            m, per_part = len(block.values[0]), 1
            parts = [pack_values(column) for column in block.values]
        buffers += [rows, keys, *parts]
        heads.append(BlockHead(block.kind, m, len(rows), len(keys), per_part, [len(p) for p in parts]))
    head = _encode_msgpack(FrameHead(len(steps), first, stride, len(step_bytes), len(time_bytes), heads))
    return b"".join([_U32.pack(len(head)), head, *buffers])


class Keys(Generic[Key]):
    """The keys of a block with their positions; shared between frames that log the same keys."""

    __slots__ = ("_at", "names")

    def __init__(self, names: list[Key]) -> None:
        self.names: list[Key] = names
        self._at: dict[Key, int] | None = None

    def find(self, key: Key) -> int:
        """Its position, or -1."""
        if self._at is None:
            if len(self.names) <= 16:
                return self.names.index(key) if key in self.names else -1
            self._at = {name: at for at, name in enumerate(self.names)}
        return self._at.get(key, -1)


class _KeysCache:
    """Lists of keys by their bytes: wide rows repeat the same list in every batch."""

    def __init__(self, bytes_max: int) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, Keys[Any]] = OrderedDict()
        self._bytes = 0
        self._bytes_max = bytes_max

    def get(self, data: memoryview) -> Keys[Any]:
        raw = bytes(data)
        with self._lock:
            found = self._kept.get(raw)
            if found is not None:
                self._kept.move_to_end(raw)
                return found
        keys: Keys[Any] = Keys(unpack_values(raw))
        size = len(raw) + 120 * len(keys.names)
        if size < self._bytes_max // 4:
            with self._lock:
                if raw not in self._kept:
                    self._kept[raw] = keys
                    self._bytes += size
                while self._bytes > self._bytes_max:
                    old, dropped = self._kept.popitem(last=False)
                    self._bytes -= len(old) + 120 * len(dropped.names)
        return keys


_keys_cache = _KeysCache(24 << 20)


class FrameBlock(Generic[Key]):
    """One block of a frame that is being read."""

    __slots__ = ("_at", "_frame", "_head", "_keys", "_rows", "kind", "m")

    def __init__(self, frame: Frame, head: BlockHead, at: int) -> None:
        self._frame = frame
        self._head = head
        self._at = at
        self._keys: Keys[Key] | None = None
        self._rows: Int64s | None = None
        self.kind = head.kind
        self.m = head.m

    @property
    def keys(self) -> Keys[Key]:
        if self._keys is None:
            at = self._at + self._head.rows
            self._keys = _keys_cache.get(self._frame.body[at : at + self._head.keys])
        return self._keys

    @property
    def rows(self) -> Int64s | None:
        """Positions in the frame; None is all of them."""
        if self._head.rows and self._rows is None:
            self._rows = unpack_array(self._frame.body[self._at : self._at + self._head.rows], np.int64)
        return self._rows

    def row(self, at: int) -> Any:
        """The values of the key at position `at`: shape (m,), or a list of m."""
        part, within = divmod(at, self._head.step)
        start = self._at + self._head.rows + self._head.keys + sum(self._head.parts[:part])
        data = self._frame.body[start : start + self._head.parts[part]]
        if self.kind not in _DTYPES:
            return unpack_values(data)
        values = unpack_array(data, _DTYPES[self.kind])
        return values[within * self.m : (within + 1) * self.m]

    def values(self) -> Any:
        """All values: (K, m), or K lists."""
        start = self._at + self._head.rows + self._head.keys
        parts = []
        for size in self._head.parts:
            data = self._frame.body[start : start + size]
            parts.append(
                unpack_array(data, _DTYPES[self.kind]).reshape(-1, self.m)
                if self.kind in _DTYPES
                else unpack_values(data)
            )
            start += size
        if self.kind not in _DTYPES:
            return parts
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


class Frame:
    """A frame that is being read; buffers are decoded when they are asked for."""

    __slots__ = ("_blocks", "_head", "_rising", "_steps", "body", "n")

    def __init__(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        (size,) = _U32.unpack_from(view)
        self._head = _decode_head(view[4 : 4 + size])
        self.body = view[4 + size :]
        self.n = self._head.n
        self._steps: Int64s | None = None
        self._rising: bool | None = None
        self._blocks: list[FrameBlock[Any]] | None = None

    @property
    def steps(self) -> Int64s:
        if self._steps is None:
            head = self._head
            self._steps = unpack_steps(head.step_first, head.step_stride, self.body[: head.steps], head.n)
        return self._steps

    @property
    def rising(self) -> bool:
        """Whether the steps rise strictly."""
        if self._rising is None:
            head = self._head
            if not head.steps:  # at a constant stride
                self._rising = self.n < 2 or head.step_stride > 0
            else:
                steps = self.steps
                self._rising = bool((steps[1:] > steps[:-1]).all())
        return self._rising

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """Timestamps and runtimes, shape (2, n); only frames of the log have them."""
        head = self._head
        return unpack_array(self.body[head.steps : head.steps + head.times], np.float64).reshape(2, -1)

    @property
    def has_times(self) -> bool:
        return self._head.times > 0

    @property
    def blocks(self) -> list[FrameBlock[Any]]:
        if self._blocks is None:
            self._blocks = []
            at = self._head.steps + self._head.times
            for head in self._head.blocks:
                self._blocks.append(FrameBlock(self, head, at))
                at += head.rows + head.keys + sum(head.parts)
        return self._blocks
