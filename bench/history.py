"""What the history store costs: ingest, charts, bytes, and how they grow.

    python bench/history.py [--url postgresql://… (its history is lost)] [--points 10000000] [--quick]

CPU is that of the whole process (time.process_time), so a busy machine does not spoil it; "cold"
means a store opened anew, its file still in the kernel's page cache. Data: loss-like noisy curves,
half of the keys float32 values held as doubles, half full doubles.
"""

from __future__ import annotations

import argparse
import gc
import resource
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from runstone.server.domain.batches import WrittenRow, batch_of
from runstone.server.domain.identity import RunKey
from runstone.server.stores.history.blocks import Block, BlockColumns
from runstone.server.stores.history.contract import HistoryStore, RowBatch, SetKey, Window
from runstone.server.stores.history.sql import open_history

_random = np.random.default_rng(1)


def curve(n: int, *, float32: bool) -> np.ndarray:
    values = 2 * np.exp(-np.arange(n) / (n / 3)) + 0.1 * _random.standard_normal(n) + 0.3
    return values.astype("f4").astype("f8") if float32 else values


def batches(steps: int, keys: list[str], rows: int) -> Iterator[RowBatch]:
    columns = np.stack([curve(steps, float32=at % 2 == 0) for at in range(len(keys))])
    times = 1_700_000_000 + np.cumsum(0.3 + 0.02 * _random.random(steps))
    for start in range(0, steps, rows):
        end = min(start + rows, steps)
        at = np.arange(start, end)
        blocks = [Block("number", keys, None, np.ascontiguousarray(columns[:, start:end]))]
        yield RowBatch(
            at, end, at, times[start:end], times[start:end] - times[0], BlockColumns(blocks, end - start)
        )


def written(batch: RowBatch, keys: list[str]) -> list[WrittenRow]:
    """The rows as a door holds them, before `batch_of`."""
    matrix = batch.columns.blocks[0].values.T.tolist()  # type: ignore[attr-defined]
    return [
        WrittenRow(offset, step, timestamp, runtime, dict(zip(keys, values, strict=True)))
        for offset, step, timestamp, runtime, values in zip(
            batch.offsets.tolist(), batch.steps.tolist(), batch.timestamps.tolist(),
            batch.runtimes.tolist(), matrix, strict=True,
        )
    ]  # fmt: skip


def where(run: int) -> SetKey:
    return SetKey(RunKey(run), "history")


def merge_all(store: HistoryStore) -> None:
    while store.maintain(seconds=5):
        pass


class Bench:
    def __init__(self, url: str | None) -> None:
        self._url = url
        self._folder = Path(tempfile.mkdtemp(prefix="rs-bench-history-"))
        self._number = 0

    def fresh(self) -> str:
        """An empty store's address. The tables of a database given by --url are emptied."""
        self._number += 1
        if self._url is None:
            return f"sqlite:///{self._folder / f'h{self._number}.db'}"
        import psycopg

        open_history(self._url, blobs=None).close()
        with psycopg.connect(self._url, autocommit=True) as connection:
            for table in ("set", "branch", "stream", "log", "key", "bucket", "pack", "seg", "group_key"):
                connection.execute(f"TRUNCATE hist_{table}")  # type: ignore[call-overload]
        return self._url

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def best(work: Callable[[], object], rounds: int = 7) -> tuple[float, float]:
    """(median, lowest) CPU milliseconds of `work`."""
    times = []
    for _ in range(rounds):
        before = time.process_time()
        work()
        times.append((time.process_time() - before) * 1e3)
    return statistics.median(times), min(times)


def cold(url: str, work: Callable[[HistoryStore], object], rounds: int = 5) -> tuple[float, float]:
    """CPU milliseconds of one call on a store opened anew; opening itself left out."""
    times = []
    for _ in range(rounds):
        store = open_history(url, blobs=None)
        store.info(where(0))  # a connection
        gc.collect()
        before = time.process_time()
        work(store)
        times.append((time.process_time() - before) * 1e3)
        store.close()
    return statistics.median(times), min(times)


def chart(runs: int, key: str, buckets: int = 1000) -> Callable[[HistoryStore], object]:
    wanted = [(where(run), key) for run in range(runs)]
    return lambda store: store.buckets(wanted, x="_step", window=Window(None, None, buckets))


def fill(store: HistoryStore, run: int, steps: int, keys: list[str], rows: int = 20_000) -> None:
    for batch in batches(steps, keys, rows):
        store.append(where(run), "s", batch)
        if len(batch.steps) * len(keys) >= 50_000:
            merge_all(store)
    merge_all(store)


def ingest(bench: Bench, clients: int, points: int) -> None:
    """100 steps × 10 keys a batch: batch_of, append and merge, all of it on this process's clock."""
    keys = [f"train/metric_{i}" for i in range(10)]
    store = open_history(bench.fresh(), blobs=None)
    per_client = points // clients // 1000
    work = [[written(b, keys) for b in batches(per_client * 100, keys, 100)] for _ in range(clients)]
    stop = threading.Event()

    def maintain() -> None:
        while not stop.is_set():
            if not store.maintain(seconds=0.5):
                stop.wait(0.05)

    def send(client: int) -> None:
        for at, rows in enumerate(work[client]):
            store.append(where(client), "s", batch_of(rows, end_offset=(at + 1) * 100))

    threads = [threading.Thread(target=send, args=(client,)) for client in range(clients)]
    keeper = threading.Thread(target=maintain)
    gc.collect()
    gc.freeze()  # a server does not hold a million rows of its clients while it collects
    wall, cpu = time.perf_counter(), time.process_time()
    keeper.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    keeper.join()
    merge_all(store)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    gc.unfreeze()
    total = sum(len(rows) for some in work for rows in some) * len(keys)
    size = store.bytes_used() / total
    store.close()
    print(
        f"  {clients:3d} clients  {total / cpu / 1e6:6.2f} M points/CPU s  "
        f"{total / wall / 1e6:6.2f} M/s wall  {size:5.2f} B/point"
    )


def stages(points: int) -> None:
    """Where an ingested point's CPU goes."""
    keys = [f"train/metric_{i}" for i in range(10)]
    rows = [written(b, keys) for b in batches(points // 10, keys, 100)]
    gc.collect()
    gc.freeze()
    before = time.process_time()
    made = [batch_of(some, end_offset=(at + 1) * 100) for at, some in enumerate(rows)]
    pivot = time.process_time() - before
    folder = tempfile.mkdtemp(prefix="rs-bench-history-")
    store = open_history(f"sqlite:///{folder}/h.db", blobs=None)
    before = time.process_time()
    for batch in made:
        store.append(where(0), "s", batch)
    append = time.process_time() - before
    before = time.process_time()
    merge_all(store)
    merge = time.process_time() - before
    store.close()
    shutil.rmtree(folder)
    gc.unfreeze()
    for name, seconds in (("batch_of", pivot), ("append", append), ("merge", merge)):
        print(f"  {name:10s} {seconds / points * 1e9:7.0f} ns/point")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=None)
    parser.add_argument(
        "--points", type=int, default=10_000_000, help="of the longest series in the growth table"
    )
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    bench = Bench(options.url)
    try:
        _run(bench, options.points if not options.quick else 300_000, options.quick)
    finally:
        bench.close()


def _run(bench: Bench, longest: int, quick: bool) -> None:
    scale = 10 if quick else 1
    print("ingest, stages (one thread)")
    stages(1_000_000 // scale)
    print("ingest, batches of 100 steps x 10 keys; CPU of batch_of, append and merge together")
    for clients in (1, 4, 16):
        ingest(bench, clients, 2_000_000 // scale)

    keys = [f"k{i}" for i in range(10)]
    print("one run of 1 M steps x 10 keys")
    url = bench.fresh()
    store = open_history(url, blobs=None)
    fill(store, 0, 1_000_000 // scale, keys)
    live = store.bytes_used() / (10_000_000 // scale)
    store.seal(where(0))
    sealed = store.bytes_used() / (10_000_000 // scale)
    store.close()
    print(f"  live {live:.2f} B/point, sealed {sealed:.2f} B/point (times and pyramid included)")
    n = 1_000_000 // scale
    for name, work in (
        ("chart, 1000 buckets", chart(1, "k3")),
        ("chart, 500 buckets", chart(1, "k3", 500)),
        (
            "zoom to 10 k steps",
            lambda s: s.buckets([(where(0), "k3")], x="_step", window=Window(n // 2, n // 2 + 10_000, 1000)),
        ),
        (
            "zoom to 100 k steps",
            lambda s: s.buckets([(where(0), "k3")], x="_step", window=Window(n // 3, n // 3 + 100_000, 1000)),
        ),
        (
            "chart by _runtime",
            lambda s: s.buckets([(where(0), "k3")], x="_runtime", window=Window(None, None, 1000)),
        ),
        (
            "page of 1000 rows x 4 keys",
            lambda s: s.rows(where(0), keys=keys[:4], min_step=n // 2, limit=1000),
        ),
        ("keys of the run", lambda s: s.keys(where(0))),
        ("info", lambda s: s.info(where(0))),
    ):
        median, low = cold(url, work)
        print(f"  {name:28s} {median:8.2f} ms CPU cold (lowest {low:.2f})")

    print("100 runs x 10 k steps x 4 keys")
    url = bench.fresh()
    store = open_history(url, blobs=None)
    for run in range(100):
        fill(store, run, 10_000 // scale, keys[:4])
    for state in ("live", "sealed"):
        if state == "sealed":
            for run in range(100):
                store.seal(where(run))
        for runs in (10, 100):
            for buckets in (500, 1000):
                median, low = cold(url, chart(runs, "k3", buckets))
                print(
                    f"  {state:6s} chart of {runs:3d} runs, {buckets} buckets "
                    f"{median:8.2f} ms CPU cold (lowest {low:.2f})"
                )
    store.close()

    print("live tail, nothing merged: 100 runs x 500 rows x 10 keys in 25 batches each")
    url = bench.fresh()
    store = open_history(url, blobs=None)
    for run in range(100):
        for batch in batches(500, keys, 20):
            store.append(where(run), "s", batch)
    for runs in (1, 100):
        median, low = cold(url, chart(runs, "k3"))
        print(f"  chart of {runs:3d} runs {median:8.2f} ms CPU cold (lowest {low:.2f})")
    store.close()

    print("wide runs")
    for width in (10_000, 100_000 // scale):
        names = [f"layer{i}/grad" for i in range(width)]
        url = bench.fresh()
        store = open_history(url, blobs=None)
        before = time.process_time()
        for batch in batches(100 if width <= 10_000 else 10, names, 10):
            store.append(where(0), "s", batch)
        appended = time.process_time() - before
        before = time.process_time()
        merge_all(store)
        merged = time.process_time() - before
        store.seal(where(0))
        rows = 100 if width <= 10_000 else 10
        size = store.bytes_used() / (width * rows)
        store.close()
        one = cold(url, chart(1, "layer777/grad"))[0]
        listed = cold(url, lambda s: s.keys(where(0), limit=1000))[0]
        found = cold(url, lambda s: s.keys(where(0), search="777", limit=1000))[0]
        print(
            f"  {width:6d} keys x {rows} rows: append {appended / (width * rows) * 1e9:5.0f} ns/point, merge "
            f"{merged / (width * rows) * 1e9:5.0f}, {size:5.2f} B/point; one key {one:.2f} ms, "
            f"page of 1000 keys {listed:.1f} ms, search {found:.1f} ms"
        )

    print("growth: one series of so many points; chart of 1000 buckets")
    print("     points   merge ns/pt   live B/pt   sealed B/pt   chart ms   zoom 1% ms   peak MB")
    size = 10_000
    while size <= longest:
        url = bench.fresh()
        store = open_history(url, blobs=None)
        before = time.process_time()
        fill(store, 0, size, ["loss"], rows=50_000)
        merged = (time.process_time() - before) / size * 1e9
        live = store.bytes_used() / size
        store.seal(where(0))
        sealed = store.bytes_used() / size
        store.close()
        whole = cold(url, chart(1, "loss"))[0]
        zoom = cold(
            url,
            lambda s, size=size: s.buckets(  # type: ignore[misc]
                [(where(0), "loss")], x="_step", window=Window(size // 2, size // 2 + size // 100, 1000)
            ),
        )[0]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{size:11,d} {merged:13.0f} {live:11.2f} {sealed:13.2f} {whole:10.2f} {zoom:12.2f} {peak:9d}")
        sys.stdout.flush()
        size *= 10


if __name__ == "__main__":
    main()
