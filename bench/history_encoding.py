"""Ways to keep columns as bytes: Arrow IPC, Parquet, zstd over shuffled bytes, Blosc.

    python bench/history_encoding.py

Three shapes that the history store writes: a log batch (100 rows x 10 keys), a pack (1,365 rows x 12
keys, of which one is read), a segment (8,192 points of one key). Size in bytes a point, CPU in
microseconds; half of the values are float32 values held as doubles, half full doubles.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from runstone.server.stores.history.sql.codec import NUMBER, EncodedBlock, Frame, encode_frame
from runstone.server.stores.history.sql.segments import decode_points, encode_points

_random = np.random.default_rng(0)
_compress = zstandard.ZstdCompressor(level=1).compress
_decompress = zstandard.ZstdDecompressor().decompress
Shape = tuple[np.ndarray, np.ndarray]  # steps (n,), values (k, n)


def shape(n: int, keys: int) -> Shape:
    values = 2 * np.exp(-np.arange(n) / (n / 3)) + 0.1 * _random.standard_normal((keys, n)) + 0.3
    values[::2] = values[::2].astype("f4")
    return np.arange(n, dtype=np.int64) + 5, values


class Arrow:
    def __init__(self, compression: str | None) -> None:
        self.name = f"Arrow IPC, {compression or 'not compressed'}"
        self._options = pa.ipc.IpcWriteOptions(compression=compression, use_threads=False)
        self._read = pa.ipc.IpcReadOptions(use_threads=False)

    def write(self, steps: np.ndarray, values: np.ndarray) -> bytes:
        names = ["s", *(f"train/metric_{i}" for i in range(len(values)))]
        batch = pa.record_batch([pa.array(steps), *(pa.array(v) for v in values)], names=names)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema, options=self._options) as writer:
            writer.write_batch(batch)
        return bytes(sink.getvalue())

    def read_one(self, data: bytes, key: int) -> Any:
        options = pa.ipc.IpcReadOptions(use_threads=False, included_fields=[0, key + 1])
        batch = pa.ipc.open_stream(data, options=options).read_next_batch()
        return batch.column(0).to_numpy(), batch.column(1).to_numpy()


class Parquet:
    name = "Parquet, zstd, byte stream split"

    def write(self, steps: np.ndarray, values: np.ndarray) -> bytes:
        names = [f"train/metric_{i}" for i in range(len(values))]
        table = pa.table({"s": steps, **dict(zip(names, values, strict=True))})
        sink = pa.BufferOutputStream()
        pq.write_table(
            table, sink, compression="zstd", use_dictionary=False, write_statistics=False,
            column_encoding={"s": "DELTA_BINARY_PACKED", **dict.fromkeys(names, "BYTE_STREAM_SPLIT")},
        )  # fmt: skip
        return bytes(sink.getvalue())

    def read_one(self, data: bytes, key: int) -> Any:
        table = pq.read_table(pa.BufferReader(data), columns=["s", f"train/metric_{key}"], use_threads=False)
        return table.column(0).to_numpy(), table.column(1).to_numpy()


class Shuffled:
    name = "zstd 1 over bytes shuffled by numpy"

    def write(self, steps: np.ndarray, values: np.ndarray) -> bytes:
        planes = np.ascontiguousarray(values.view("u1").reshape(-1, 8).T).tobytes()
        return bytes(_compress(steps.tobytes())) + bytes(_compress(planes))

    def read_one(self, data: bytes, key: int) -> Any:
        size = zstandard.frame_content_size(data)
        raw = zstandard.ZstdDecompressor().decompressobj()
        steps = np.frombuffer(raw.decompress(data), np.int64)
        planes = np.frombuffer(_decompress(raw.unused_data), "u1").reshape(8, -1)
        n = size // 8
        return steps, np.ascontiguousarray(planes[:, key * n : (key + 1) * n].T).view("f8").ravel()


class Ours:
    def __init__(self, sealed: bool) -> None:
        self.name = "ours, sealed: bits shuffled" if sealed else "ours: Blosc, LZ4, bytes shuffled"
        self._sealed = sealed

    def write(self, steps: np.ndarray, values: np.ndarray) -> bytes:
        if len(values) == 1:
            return encode_points(steps, values[0], sealed=self._sealed)
        names = [f"train/metric_{i}" for i in range(len(values))]
        return encode_frame(steps, [EncodedBlock(NUMBER, names, None, values)])

    def read_one(self, data: bytes, key: int) -> Any:
        if key == 0 and data[:4] == (8192).to_bytes(4, "little"):
            return decode_points(data, NUMBER)
        frame = Frame(data)
        return frame.steps, frame.blocks[0].row(frame.blocks[0].keys.find(f"train/metric_{key}"))


def cpu(work: Callable[[], object], least_seconds: float = 0.05) -> float:
    """Lowest CPU microseconds of a call, over several rounds."""
    work()
    rounds = []
    for _ in range(7):
        calls, before = 0, time.process_time()
        while (spent := time.process_time() - before) < least_seconds:
            for _ in range(20):
                work()
            calls += 20
        rounds.append(spent / calls * 1e6)
    return min(rounds)


def main() -> None:
    ways = [Arrow("zstd"), Arrow("lz4"), Arrow(None), Parquet(), Shuffled(), Ours(False), Ours(True)]
    for title, n, keys, key in (
        ("log batch, 100 rows x 10 keys", 100, 10, 7),
        ("pack, 1,365 rows x 12 keys", 1365, 12, 7),
        ("segment, 8,192 points", 8192, 1, 0),
    ):
        steps, values = shape(n, keys)
        if keys == 1:
            values = values.copy()
            values[0] += 1e-9 * _random.standard_normal(n)  # full doubles
        print(f"{title:40s} B/point   write us   read one key us")
        for way in ways if keys == 1 else ways[:-1]:
            size, write, read = measured(way, steps, values, key)
            print(f"  {way.name:38s} {size:7.2f} {write:10.1f} {read:17.1f}")


def measured(way: Any, steps: np.ndarray, values: np.ndarray, key: int) -> tuple[float, float, float]:
    """Bytes a point, microseconds to write, microseconds to read one key."""
    data = way.write(steps, values)
    got_steps, got = way.read_one(data, key)
    assert (got == values[key]).all() and (got_steps == steps).all(), way.name
    return (
        len(data) / values.size,
        cpu(lambda: way.write(steps, values)),
        cpu(lambda: way.read_one(data, key)),
    )


if __name__ == "__main__":
    main()
