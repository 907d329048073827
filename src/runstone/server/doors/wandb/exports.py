"""Histories as Parquet files, made when somebody reads one and kept a while for range requests.

The published client reads a finished run's history as one file: whole, or by ranges where only some
keys are wanted (0.28 on: `core/internal/runhistoryreader`). Its reader maps a key to a column by the
column's number, so every column is flat.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runstone.server.domain.history import History
from runstone.server.domain.identity import Actor, RunKey

KEPT_BYTES_MAX = 2 * 1024**3
KEPT_SECONDS = 3600.0
_ROW_GROUP = 65_536


class Exports:
    """Files in one directory of this process's; safe to use from any thread. Blocks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: OrderedDict[tuple[RunKey, int], tuple[Path, int, float]] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[tuple[RunKey, int], threading.Lock] = {}

    def file(self, history: History, actor: Actor, run: RunKey, version: int) -> Path:
        """The run's history as of `version`, made unless it is there. Never half a file."""
        key = (run, version)
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        try:
            with making:  # range requests come many at once: one of them makes the file
                found = self._find(key)
                if found is None:
                    found = self._make(history, actor, key)
                return found
        finally:
            with self._lock:
                if not making.locked():
                    self._making.pop(key, None)

    def _find(self, key: tuple[RunKey, int]) -> Path | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or not kept[0].exists():
                return None
            self._kept[key] = (kept[0], kept[1], time.monotonic())
            self._kept.move_to_end(key)
            return kept[0]

    def _make(self, history: History, actor: Actor, key: tuple[RunKey, int]) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.blake2b(f"{key[0]}-{key[1]}-{os.getpid()}".encode(), digest_size=12).hexdigest()
        path = self._folder / f"{name}.parquet"
        part = path.with_suffix(".part")
        try:
            write_parquet(history.export(actor, key[0]), part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        with self._lock:
            self._kept[key] = (path, path.stat().st_size, time.monotonic())
            self._drop_old()
        return path

    def _drop_old(self) -> None:
        """Called with the lock held. The newest always stays."""
        total = sum(size for _, size, _ in self._kept.values())
        now = time.monotonic()
        for key in list(self._kept)[:-1]:
            path, size, used = self._kept[key]
            if total <= KEPT_BYTES_MAX and now - used < KEPT_SECONDS:
                break
            del self._kept[key]
            total -= size
            with contextlib.suppress(OSError):
                path.unlink()


def write_parquet(batches: Iterator[Any], path: Path) -> None:
    """One file of all batches, whose schemas are the same."""
    import pyarrow as pa  # 30 MB that a server loads only once somebody exports
    import pyarrow.parquet as pq

    writer: Any = None
    try:
        for batch in batches:
            if writer is None:
                writer = pq.ParquetWriter(path, batch.schema, compression="zstd")
            writer.write_batch(batch, row_group_size=_ROW_GROUP)
        if writer is None:
            writer = pq.ParquetWriter(path, pa.schema([("_step", pa.int64())]), compression="zstd")
    finally:
        if writer is not None:
            writer.close()
