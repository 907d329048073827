"""Artifacts at scale: 100,000 versions in a collection, 5,000 collections in a project, and a lineage graph
of a million edges, in which every hundred runs are the trials of a sweep.

    python bench/artifacts.py [--versions 100000] [--edges 1000000]

CPU seconds of the server's own calls (domain and store), since walls on a shared machine say little.
The goal for each: 50 ms.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from runstone.server.domain.domain import Domain
from runstone.server.domain.identity import Actor, SweepKey
from runstone.server.house import House, open_house
from runstone.server.settings import ServerSettings
from runstone.server.stores.records.schema.artifacts import artifact_versions, run_artifacts
from runstone.server.stores.records.schema.collections import (
    aliases,
    collection_versions,
    collections,
)
from runstone.server.stores.records.schema.runs import runs
from runstone.server.stores.records.schema.sweeps import sweep_trials, sweeps

ROUNDS = 9
TRIALS = 100
COLLECTIONS = 5_000
_AT_ONCE = 5000
_ADMIN = Actor(None, "", is_admin=True, system="bench")


def version_row(number: int, collection: int, entity: int, index: int) -> dict[str, Any]:
    return {
        "id": number,
        "entity_id": entity,
        "collection_id": collection,
        "version_index": index,
        "state": "committed",
        "digest": f"{number:032x}",
        "digest_algorithm": "manifest-md5",
        "sha256": f"{number:064x}",
        "size": (index * 7919) % 100_003,
        "file_count": 3,
        "description": f"Checkpoint of epoch {index // 100}" if index % 3 == 0 else "",
        "metadata": {"step": index, "accuracy": index / 1000},
        "facts": {},
        "tags": [f"epoch-{index // 100}", *(["rare"] if index % 40_000 == 7 else [])] if index % 2 else [],
        "pending_aliases": [],
        "created_at": 1e9 + number,
        "committed_at": 1e9 + number,
        "updated_at": 1e9 + number,
    }


def fill(house: House, versions: int, edges: int) -> dict[str, Any]:
    """A collection of `versions`, and runs that each use 5 versions and make 5 others."""
    domain = house.domain
    project, _ = domain.projects.ensure(_ADMIN, "bench", "p")
    collection, _ = domain.collections.ensure(_ADMIN, "bench", "p", "set", type="dataset")
    dice = random.Random(1)

    def rows(table: Any, made: list[dict[str, Any]]) -> None:
        for at in range(0, len(made), _AT_ONCE):
            some = made[at : at + _AT_ONCE]
            house.records.write(lambda conn, some=some: conn.execute(insert(table), some))  # type: ignore[misc]

    rows(
        artifact_versions,
        [version_row(n + 1, collection.id, project.entity_id, n) for n in range(versions)],
    )
    rows(
        collection_versions,
        [
            {"collection_id": collection.id, "version_index": n, "version_id": n + 1, "created_at": 1e9}
            for n in range(versions)
        ],
    )
    rows(
        aliases,
        [
            {"collection_id": collection.id, "alias": "latest", "version_id": versions, "set_at": 1e9},
            *(
                {"collection_id": collection.id, "alias": f"a{n}", "version_id": n + 1, "set_at": 1e9}
                for n in range(0, versions, 10)
            ),
        ],
    )

    def finish(conn: Connection) -> None:
        conn.execute(
            collections.update()
            .where(collections.c.id == collection.id)
            .values(next_index=versions, version_count=versions)
        )

    house.records.write(finish)
    count = edges // 10
    rows(
        runs,
        [
            {
                "id": n + 1,
                "project_id": project.id,
                "run_id": f"r{n}",
                "display_name": f"run-{n}",
                "state": "finished",
                "tags": [],
                "command": [],
                "sweep": f"s{n // TRIALS}",
                "created_at": 1e9,
                "updated_at": 1e9,
                "stop_requested": False,
                "colour": 0,
                "version": 1,
                "change_seq": n,
            }
            for n in range(count)
        ],
    )
    fill_sweeps(rows, project.id, count)
    lines: list[dict[str, Any]] = []
    for n in range(count):
        # Layers: a run uses what lies a little before what it makes.
        place = 5 + (n * (versions - 10)) // count
        for role, low, high in (("input", max(0, place - 2000), place), ("output", place, place + 2000)):
            for number in dice.sample(range(low, min(high, versions)), min(5, min(high, versions) - low)):
                lines.append(
                    {"run_key": n + 1, "role": role, "version_id": number + 1, "used_as": "", "at": 1e9}
                )
    rows(run_artifacts, lines)
    return {"edges": len(lines), "runs": count, "collection": collection.id}


def fill_sweeps(rows: Callable[[Any, list[dict[str, Any]]], None], project: int, count: int) -> None:
    config = {
        "method": "random",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"lr": {"min": 0.0, "max": 1.0}},
    }
    numbers = range((count + TRIALS - 1) // TRIALS)
    made = [
        {
            "id": number + 1,
            "project_id": project,
            "sweep_id": f"s{number}",
            "name": "",
            "display_name": "",
            "description": "",
            "state": "finished",
            "method": "random",
            "config": config,
            "config_text": "",
            "seed": number,
            "wire": {},
            "created_at": 1e9,
            "updated_at": 1e9,
        }
        for number in numbers
    ]
    rows(sweeps, made)
    empty = {"agent": "", "host": "", "avoid_host": "", "stop": "", "sampler": "", "reason": "", "error": ""}
    trials = [
        {
            **empty,
            "sweep_key": n // TRIALS + 1,
            "number": n % TRIALS,
            "state": "finished",
            "params": {"lr": n % TRIALS / TRIALS},
            "attempt": 1,
            "run_id": f"r{n}",
            "lease_seconds": 60.0,
            "failures": 0,
            "losses": 0,
            "settled": True,
            "objective": [(n * 7919 % 1000) / 1000],
            "excess": [],
            "curve": [],
            "memo": {},
            "parents": [],
            "past": [],
            "created_at": 1e9,
            "change_seq": n,
        }
        for n in range(count)
    ]
    rows(sweep_trials, trials)


def fill_collections(house: House, count: int) -> None:
    """Of a second project, beside each other."""
    domain = house.domain
    first, _ = domain.collections.ensure(_ADMIN, "bench", "many", "first", type="model")

    def work(conn: Connection) -> None:
        type_id = conn.execute(select(collections.c.type_id).where(collections.c.id == first.id)).scalar_one()
        made = [
            {
                "project_id": first.project_id,
                "type_id": type_id,
                "kind": "sequence",
                "name": f"net-{n:05}",
                "description": "",
                "tags": ["gold"] if n % 10 == 0 else [],
                "metadata": {},
                "next_index": n % 50,
                "version_count": n % 50,
                "retention": {},
                "created_at": 1e9 + n,
                "updated_at": 1e9 + n,
            }
            for n in range(1, count)
        ]
        conn.execute(insert(collections), made)

    house.records.write(work)


def lists(domain: Domain, versions: int) -> list[tuple[str, Callable[[], Any]]]:
    """Pages of 100 as the pages of the UI ask for them: any place, any order, any filter."""

    def page(**asked: Any) -> Callable[[], Any]:
        return lambda: domain.artifacts.find(_ADMIN, "bench", "p", "set", limit=100, **asked)

    def many(**asked: Any) -> Callable[[], Any]:
        return lambda: domain.collections.find(_ADMIN, "bench", "many", limit=100, **asked)

    return [
        ("versions: first page, counted", page(count=True)),
        ("versions: last page", page(skip=versions - 100)),
        ("versions: middle, by time", page(skip=versions // 2, sort="created_at")),
        ("versions: middle, by size", page(skip=versions // 2, sort="-size")),
        ("versions: from an alias on", page(at="a1000")),
        ("versions: by alias", page(alias="a1000", count=True)),
        ("versions: text in many, counted", page(search="epoch", count=True)),
        ("versions: text in many, far down", page(search="epoch", skip=versions // 4)),
        ("versions: text in none, counted", page(search="zzz", count=True)),
        ("versions: number, by size", page(search="v500", sort="-size", count=True)),
        ("versions: rare tag, counted", page(tag="rare", count=True)),
        ("versions: trash", page(trash=True, count=True)),
        ("collections: last page, counted", many(skip=4900, sort="name", count=True)),
        ("collections: by name, counted", many(search="net-0499", count=True)),
        ("collections: by tag, counted", many(tag="gold", sort="-version_count", count=True)),
        ("collections: by alias, counted", many(alias="production", count=True)),
    ]


def cpu(work: Callable[[], Any]) -> tuple[float, float]:
    """(median, worst) CPU milliseconds of a call, of this process."""
    work()
    spent = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        spent.append((time.process_time() - began) * 1000)
    return statistics.median(spent), max(spent)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=100_000)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--database", default="", help="postgresql://… in place of SQLite")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        environ = {"RUNSTONE_DATABASE_URL": given.database} if given.database else {}
        house = open_house(ServerSettings.load(data=Path(folder), environ=environ))
        try:
            domain = house.domain
            domain.accounts.create_user(_ADMIN, "bench")
            began = time.monotonic()
            filled = fill(house, given.versions, given.edges)
            print(
                f"{given.versions:,} versions, {filled['edges']:,} edges, in {time.monotonic() - began:.0f} s"
            )
            fill_collections(house, COLLECTIONS)
            middle = given.versions // 2
            last = f"v{given.versions - 1}"

            def deep() -> None:
                page = domain.artifacts.find(_ADMIN, "bench", "p", "set", limit=50)
                domain.artifacts.find(_ADMIN, "bench", "p", "set", limit=50, after=page.next)

            questions: list[tuple[str, Callable[[], Any]]] = [
                ("list, first 50", lambda: domain.artifacts.find(_ADMIN, "bench", "p", "set", limit=50)),
                ("list, pages 1 and 2", deep),
                (
                    "list by time, 50",
                    lambda: domain.artifacts.find(_ADMIN, "bench", "p", "set", sort="-created_at", limit=50),
                ),
                ("latest", lambda: domain.artifacts.get(_ADMIN, "bench", "p", "set:latest")),
                (f"by number ({last})", lambda: domain.artifacts.get(_ADMIN, "bench", "p", f"set:{last}")),
                ("collections of the project", lambda: domain.collections.find(_ADMIN, "bench", "p")),
                *lists(domain, given.versions),
                (
                    "closure, depth 5, up",
                    lambda: domain.lineage.of_version(_ADMIN, middle, direction="up", depth=5),
                ),
                (
                    "closure, depth 5, both ways",
                    lambda: domain.lineage.of_version(_ADMIN, middle, direction="both", depth=5),
                ),
                (
                    "closure of a sweep, depth 5",
                    lambda: domain.lineage.of_sweep(_ADMIN, SweepKey(1 + filled["runs"] // TRIALS // 2)),
                ),
            ]
            graph = domain.lineage.of_version(_ADMIN, middle, direction="both", depth=5)
            print(f"closure: {len(graph.nodes):,} nodes, {len(graph.edges):,} edges, cut: {graph.truncated}")
            for name, work in questions:
                median, worst = cpu(work)
                print(f"{name:<32} {median:8.1f} ms CPU (worst {worst:.1f})")
        finally:
            house.close()


if __name__ == "__main__":
    main()
