"""A collection of many versions and a project of many collections, straight into the store of a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import insert, select, update
from tests.browser.seed_artifacts import put_artifact

from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.engine import open_records
from runstone.server.stores.records.schema.artifacts import artifact_versions
from runstone.server.stores.records.schema.collections import (
    aliases,
    artifact_types,
    collection_versions,
    collections,
)

_AT_ONCE = 5000
FIRST_MADE = 1.7e9


def fill_versions(
    api: httpx.Client, data: Path, project: str, name: str, count: int, named: dict[str, int]
) -> None:
    """v0 is logged as ever; v1 to v(count-1) are a row each, a minute apart. Every tenth has a tag of its
    hundred, every seventh is `good`; named: aliases beside `latest`."""
    first = put_artifact(api, project, name, "model", {"w": name.encode()})
    records = open_records(f"sqlite:///{data / 'records.db'}", upgrade=False)
    try:
        with records.read() as conn:
            own = conn.execute(select(artifact_versions).where(artifact_versions.c.id == first["id"])).one()
            top = conn.execute(
                select(artifact_versions.c.id).order_by(artifact_versions.c.id.desc())
            ).scalar()
        assert own is not None and top is not None
        base = int(top)
        _rows(records, artifact_versions, _versions(own, base, count))
        _rows(
            records,
            collection_versions,
            (
                {
                    "collection_id": own.collection_id,
                    "version_index": n,
                    "version_id": base + n,
                    "created_at": 1e9,
                }
                for n in range(1, count)
            ),
        )

        def finish(conn: Any) -> None:
            conn.execute(
                update(collections)
                .where(collections.c.id == own.collection_id)
                .values(next_index=count, version_count=count)
            )
            conn.execute(
                update(aliases)
                .where(aliases.c.collection_id == own.collection_id)
                .values(version_id=base + count - 1)
            )
            for alias, number in named.items():
                conn.execute(
                    insert(aliases).values(
                        collection_id=own.collection_id,
                        alias=alias,
                        version_id=base + number,
                        reason="",
                        set_at=FIRST_MADE,
                    )
                )

        records.write(finish)
    finally:
        records.close()


def _versions(own: Any, base: int, count: int) -> Iterator[dict[str, Any]]:
    for n in range(1, count):
        tags = [f"epoch-{n // 100}"] if n % 10 == 0 else []
        yield {
            "id": base + n,
            "entity_id": own.entity_id,
            "collection_id": own.collection_id,
            "version_index": n,
            "state": "committed",
            "digest": f"{n:032x}",
            "digest_algorithm": own.digest_algorithm,
            "sha256": f"{n:064x}",
            "size": (n * 7919) % 100_003 * 1000,
            "file_count": 1,
            "description": f"Checkpoint of epoch {n // 100}" if n % 3 == 0 else "",
            "metadata": {"step": n},
            "facts": {},
            "tags": sorted([*tags, "good"]) if n % 7 == 0 else tags,
            "pending_aliases": [],
            "user_id": own.user_id,
            "created_at": FIRST_MADE + n * 60,
            "committed_at": FIRST_MADE + n * 60,
            "updated_at": FIRST_MADE + n * 60,
        }


def fill_collections(api: httpx.Client, data: Path, project: str, count: int) -> None:
    """`net-00000` and on, alternately models and datasets, every tenth with the tag `gold`."""
    for type in ("model", "dataset"):
        put_artifact(api, project, f"first-{type}", type, {"w": f"{project} {type}".encode()})
    records = open_records(f"sqlite:///{data / 'records.db'}", upgrade=False)
    try:
        with records.read() as conn:
            first = conn.execute(
                select(collections)
                .join(artifact_types, artifact_types.c.id == collections.c.type_id)
                .where(collections.c.name == "first-model")
                .order_by(collections.c.id.desc())
            ).first()
            assert first is not None
            found = conn.execute(
                select(artifact_types).where(artifact_types.c.project_id == first.project_id)
            ).all()
        types = {row.name: row.id for row in found}
        _rows(
            records,
            collections,
            (
                {
                    "project_id": first.project_id,
                    "type_id": types["model" if n % 2 else "dataset"],
                    "kind": "sequence",
                    "name": f"net-{n:05}",
                    "tags": ["gold"] if n % 10 == 0 else [],
                    "metadata": {},
                    "next_index": n % 50,
                    "version_count": n % 50,
                    "retention": {},
                    "created_at": FIRST_MADE + n,
                    "updated_at": FIRST_MADE + n,
                }
                for n in range(count)
            ),
        )
    finally:
        records.close()


def _rows(records: Records, table: Any, made: Iterator[dict[str, Any]]) -> None:
    held: list[dict[str, Any]] = []

    def put() -> None:
        some = list(held)
        records.write(lambda conn: conn.execute(insert(table), some))
        held.clear()

    for row in made:
        held.append(row)
        if len(held) == _AT_ONCE:
            put()
    if held:
        put()
