"""How fast the record store is: finding runs among many, by size of the project, and writing them.

    python bench/records.py [--url sqlite:////path/records.db | postgresql://…]
                            [--sizes 100,1000,10000,100000]

Each run has 30 config and 40 summary keys. "first" is the first request after the server started
(columns are read from the database); "then" the median of the following. CPU is of this process.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from runstone.server.domain.access import Access
from runstone.server.domain.feed import Feed
from runstone.server.domain.identity import Actor
from runstone.server.domain.projects import Projects
from runstone.server.domain.runs import RunChange, RunQuery, Runs
from runstone.server.stores.records import entities as entity_statements
from runstone.server.stores.records import projects as project_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.engine import open_records
from runstone.server.stores.records.schema.runs import run_configs, run_details, run_summaries, runs

ACTOR = Actor(None, "bench", system="bench")
OPTIMIZERS = ["adam", "sgd", "lamb", "lion"]


def config_and_summary(rng: random.Random, i: int) -> tuple[dict[str, Any], dict[str, Any]]:
    config: dict[str, Any] = {f"c{j}": round(rng.random(), 6) for j in range(20)}
    config |= {f"s{j}": f"v{rng.randrange(50)}" for j in range(8)}
    config |= {"lr": 10 ** (-1 - 4 * rng.random()), "opt": OPTIMIZERS[rng.randrange(4)]}
    summary: dict[str, Any] = {f"m{j}": rng.random() for j in range(38)}
    summary |= {"acc": rng.random(), "loss": rng.random() * 3}
    if i % 10 == 0:
        config["rare"] = i
        del summary["acc"]
    return config, summary


def fill(records: Records, project: str, count: int) -> None:
    rng = random.Random(count)
    now = time.time()

    def owner(conn: Any) -> int:
        entity = entity_statements.entity(conn, "bench")
        if entity is None:
            entity_statements.add_entity(conn, "bench", "team", organization_id=None, now=now)
            entity = entity_statements.entity(conn, "bench")
        assert entity is not None
        project_statements.add_project(conn, entity.id, project, description="", now=now)
        found = project_statements.project(conn, entity.id, project)
        assert found is not None
        return int(found.id)

    project_id = records.write(owner)
    made = 0
    while made < count:
        part = range(made, min(made + 5000, count))

        def work(conn: Any, part: range = part) -> None:
            first = (conn.execute(runs.select().order_by(runs.c.id.desc()).limit(1)).first() or (0,))[0] + 1
            rows = [(first + n, i, *config_and_summary(rng, i)) for n, i in enumerate(part)]
            conn.execute(
                insert(runs),
                [
                    {
                        "id": key,
                        "project_id": project_id,
                        "run_id": f"r{i:07d}",
                        "display_name": f"gentle-otter-{i}",
                        "state": "finished" if i % 7 else "running",
                        "tags": [OPTIMIZERS[i % 4]],
                        "command": [],
                        "created_at": now + i,
                        "started_at": now + i,
                        "updated_at": now + i,
                        "heartbeat_at": now + i + 60,
                        "stop_requested": False,
                        "colour": i,
                        "version": 1,
                        "change_seq": 0,
                    }
                    for key, i, _, _ in rows
                ],
            )
            conn.execute(insert(run_configs), [{"run_key": key, "config": c} for key, _, c, _ in rows])
            conn.execute(
                insert(run_summaries),
                [{"run_key": key, "summary": s, "explicit": []} for key, _, _, s in rows],
            )
            conn.execute(
                insert(run_details),
                [{"run_key": key, "environment": {}, "metrics": [], "wire": {}} for key, *_ in rows],
            )

        records.write(work)
        made = part.stop
    records.write(lambda conn: project_statements.change_project(conn, project_id, run_count=count))
    records.write(lambda conn: conn.exec_driver_sql("ANALYZE"))


def timed(work: Callable[[], Any], rounds: int = 9) -> tuple[float, float]:
    """Median wall and CPU milliseconds."""
    walls, cpus = [], []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append((time.perf_counter() - wall) * 1e3)
        cpus.append((time.process_time() - cpu) * 1e3)
    return statistics.median(walls), statistics.median(cpus)


QUERIES: dict[str, RunQuery] = {
    "newest 50": RunQuery(),
    "filter lr, opt; sort acc": RunQuery(
        filter={"config.lr": {"$gt": 0.001}, "config.opt": "adam"}, order=["-summary.acc"]
    ),
    "rare filter; sort loss": RunQuery(filter={"config.rare": {"$lt": 200}}, order=["summary.loss"]),
    "regex on name": RunQuery(filter={"name": {"$regex": "-(1|2)7+$"}}),
    "search": RunQuery(search="r00012"),
    "sort by string": RunQuery(order=["config.opt", "-summary.acc"]),
}


def reads(records: Records, project: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def fresh() -> Runs:
        access = Access(records)
        feed = Feed(access)
        return Runs(records, access, Projects(records, access, feed), feed)

    for name, query in QUERIES.items():
        service = fresh()
        first = timed(lambda q=query, s=service: s.find(ACTOR, "bench", project, q), 1)  # type: ignore[misc]
        then = timed(lambda q=query, s=service: s.find(ACTOR, "bench", project, q))  # type: ignore[misc]
        found[name] = (first[0], then[0], then[1])
    service = fresh()
    group = lambda: service.group(  # noqa: E731
        ACTOR, "bench", project, RunQuery(), by=["config.opt"], statistics=["summary.acc", "summary.loss"]
    )
    first = timed(group, 1)
    then = timed(group)
    found["group by opt, 2 statistics"] = (first[0], then[0], then[1])
    return found


def writes(records: Records) -> dict[str, float]:
    access = Access(records)
    feed = Feed(access)
    service = Runs(records, access, Projects(records, access, feed), feed)
    rng = random.Random(1)
    found = {}
    errors: list[BaseException] = []
    now = time.time()
    records.write(
        lambda conn: entity_statements.add_entity(conn, "bench", "team", organization_id=None, now=now)
    )
    for threads in (1, 16):
        for what in ("create", "summary"):
            each = 400 // threads

            def work(n: int, what: str = what, each: int = each, threads: int = threads) -> None:
                for i in range(each):
                    config, summary = config_and_summary(rng, i)
                    change = (
                        RunChange(config=config, summary=summary)
                        if what == "create"
                        else RunChange(summary_derived=[(["loss"], rng.random()), (["acc"], rng.random())])
                    )
                    try:
                        service.upsert(ACTOR, "bench", "writes", f"w{threads}-{n}-{i}", change)
                    except BaseException as error:
                        errors.append(error)
                        raise

            started, cpu = time.perf_counter(), time.process_time()
            workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            if errors:
                raise errors[0]
            total = each * threads
            found[f"{what}, {threads} threads, per s"] = total / (time.perf_counter() - started)
            found[f"{what}, {threads} threads, CPU ms each"] = (time.process_time() - cpu) / total * 1e3
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="")
    parser.add_argument("--sizes", default="100,1000,10000,100000")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="runstone-bench-") as folder:
        records = open_records(chosen.url or f"sqlite:///{Path(folder) / 'records.db'}")
        written = writes(records)  # before `fill`, which numbers runs itself
        table: dict[str, dict[str, Any]] = {}
        for size in map(int, chosen.sizes.split(",")):
            started = time.perf_counter()
            fill(records, f"p{size}", size)
            table[str(size)] = {"fill s": time.perf_counter() - started} | reads(records, f"p{size}")
        records.close()
    if chosen.json:
        print(json.dumps({"reads": table, "writes": written}))
        return
    print(f"{'ms: first / then / then CPU':32}" + "".join(f"{size:>24}" for size in table))
    for name in next(iter(table.values())):
        cells = (row[name] for row in table.values())
        texts = (f"{c:.1f}" if isinstance(c, float) else " / ".join(f"{x:.1f}" for x in c) for c in cells)
        print(f"{name:32}" + "".join(f"{text:>24}" for text in texts))
    for name, figure in written.items():
        print(f"{name:40}{figure:10.2f}")


if __name__ == "__main__":
    main()
