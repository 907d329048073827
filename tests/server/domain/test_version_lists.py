"""Lists of versions and collections: any page by place, how many there are, where one stands; the trash and
the way out of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update
from tests.support.artifact_world import ArtifactWorld, open_artifacts
from tests.support.world import World

from runstone.server.domain.artifact_links import RESTORE_MAX
from runstone.server.domain.artifact_model import Member
from runstone.server.domain.errors import Invalid, NotAllowed, NotFound
from runstone.server.domain.version_selection import IDS_MAX, VersionQuery
from runstone.server.stores.records.schema.artifacts import artifact_versions
from runstone.server.stores.records.schema.collections import aliases, collection_versions, collections

SORTS = ("version_index", "-version_index", "created_at", "-created_at", "size", "-size")


@pytest.fixture
def house(world: World, tmp_path: Path) -> ArtifactWorld:
    return open_artifacts(world, tmp_path / "blobs")


def fill(house: ArtifactWorld, count: int, dice: random.Random) -> list[dict[str, Any]]:
    """Versions straight into the store, every fifth in the trash, with equal sizes and times among them."""
    first = house.log("set", {"w": b"0"}).version
    rows = [
        {
            "entity_id": first.entity_id,
            "collection_id": first.collection_id,
            "version_index": number,
            "state": "deleted" if number % 5 == 0 else "committed",
            "deleted_at": 5.0 if number % 5 == 0 else None,
            "digest": "d",
            "digest_algorithm": "x",
            "sha256": f"{number:064x}",
            "size": dice.randrange(4),
            "file_count": 1,
            "description": dice.choice(["", "Trained on ÄPFEL 50%", "trained on pears"]),
            "metadata": {},
            "facts": {},
            "tags": sorted(dice.sample(['a"b', "good", "gööd", "goodish"], 2)),
            "pending_aliases": [],
            "created_at": float(dice.randrange(6)),
            "committed_at": 1.0,
            "updated_at": 1.0,
        }
        for number in range(1, count)
    ]

    def work(conn: Any) -> None:
        ids = [conn.execute(insert(artifact_versions).values(**row)).inserted_primary_key[0] for row in rows]
        for row, number in zip(rows, ids, strict=True):
            row["id"] = number
            conn.execute(
                insert(collection_versions).values(
                    collection_id=first.collection_id,
                    version_index=row["version_index"],
                    version_id=number,
                    created_at=1.0,
                )
            )
            if row["version_index"] % 7 == 1 and row["state"] == "committed":
                conn.execute(
                    insert(aliases).values(
                        collection_id=first.collection_id,
                        alias=f"Pick-{row['version_index']}",
                        version_id=number,
                        set_at=1.0,
                    )
                )
        alive = sum(row["state"] == "committed" for row in rows) + 1
        conn.execute(
            update(collections)
            .where(collections.c.id == first.collection_id)
            .values(next_index=count, version_count=alive)
        )

    house.world.records.write(work)
    return rows


def found(house: ArtifactWorld, **asked: Any) -> Any:
    return house.artifacts.find(house.world.vic, "ml", "p", "set", **asked)


def indexes(members: list[Member]) -> list[int]:
    return [member.index for member in members]


def test_every_order_and_filter_gives_the_same_list_by_cursor_by_place_and_at_once(
    house: ArtifactWorld,
) -> None:
    rows = [row for row in fill(house, 60, random.Random(3)) if row["state"] == "committed"]
    filters: list[tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]] = [
        ({}, lambda row: True),
        ({"tag": "good"}, lambda row: "good" in row["tags"]),
        ({"tag": 'a"b'}, lambda row: 'a"b' in row["tags"]),
        ({"tag": "gööd"}, lambda row: "gööd" in row["tags"]),
        ({"search": "TRAINED on"}, lambda row: row["description"] != ""),
        ({"search": "50%"}, lambda row: "50%" in row["description"]),
        ({"search": "pick"}, lambda row: row["version_index"] % 7 == 1),
        ({"search": "v12"}, lambda row: row["version_index"] == 12),
        ({"alias": "Pick-8"}, lambda row: row["version_index"] == 8),
        ({"alias": "nobody"}, lambda row: False),
        ({"created_since": 2.0, "created_before": 4.0}, lambda row: 2 <= row["created_at"] < 4),
    ]
    for asked, holds in filters:
        for sort in SORTS:
            name = sort.lstrip("-")
            wanted = [
                row["version_index"]
                for row in sorted(
                    filter(holds, rows),
                    key=lambda row: (row[name], row["version_index"]),
                    reverse=sort.startswith("-"),
                )
            ]
            whole = found(house, sort=sort, limit=1000, count=True, **asked)
            # The first was logged by the clock of today, and is beside the point here.
            assert [n for n in indexes(whole.items) if n] == wanted, (asked, sort)
            assert whole.total == len(whole.items)
            listed = indexes(whole.items)
            by_cursor: list[int] = []
            after = ""
            while True:
                page = found(house, sort=sort, limit=7, after=after, **asked)
                by_cursor += indexes(page.items)
                after = page.next
                if not after:
                    break
            assert by_cursor == listed, (asked, sort)
            for skip in (0, 5, 13, len(listed), len(listed) + 9):
                part = found(house, sort=sort, limit=7, skip=skip, count=True, **asked)
                assert indexes(part.items) == listed[skip : skip + 7]
                assert part.total == len(listed) and part.skip == skip
            for place in range(0, len(listed), 4):
                part = found(house, sort=sort, limit=3, at=f"v{listed[place]}", **asked)
                assert part.skip == place and indexes(part.items) == listed[place : place + 3]


def test_a_page_begins_at_an_alias_or_an_id_and_what_is_not_in_the_list_is_not_found(
    house: ArtifactWorld,
) -> None:
    rows = fill(house, 30, random.Random(4))
    page = found(house, at="Pick-8", limit=1)
    assert indexes(page.items) == [8]
    one = next(row for row in rows if row["version_index"] == 8)
    assert found(house, at=f"@{one['id']}", limit=1).skip == page.skip
    for at in ("v5", "v99", "pick-8", "Pick-99", "@999999"):  # in the trash, not there, no such name
        with pytest.raises(NotFound, match="no version"):
            found(house, at=at)
    with pytest.raises(NotFound):
        found(house, at="v8", tag="nothing")
    with pytest.raises(Invalid, match="one beginning"):
        found(house, at="v8", skip=2)


def test_linked_versions_are_listed_by_place_under_their_numbers_there(house: ArtifactWorld) -> None:
    made = [house.log("set", {"w": b"%d" % n}).version for n in range(6)]
    for version in reversed(made):
        house.artifacts.link(house.world.ada, version.id, "ml", "p", "picked")
    page = house.artifacts.find(house.world.vic, "ml", "p", "picked", skip=1, limit=2, count=True)
    assert indexes(page.items) == [4, 3] and page.total == 6
    assert [member.version.index for member in page.items] == [1, 2]
    at = house.artifacts.find(house.world.vic, "ml", "p", "picked", at="v1", limit=1)
    assert at.skip == 4 and at.items[0].version.index == 4
    house.artifacts.delete(house.world.ada, made[0].id)
    trash = house.artifacts.find(house.world.vic, "ml", "p", "picked", trash=True, count=True)
    assert trash.items == [] and trash.total == 0  # it went from where it was made


def test_several_versions_come_back_at_once_under_their_numbers_and_are_counted_where_they_are_linked(
    house: ArtifactWorld,
) -> None:
    ada, vic = house.world.ada, house.world.vic
    made = [house.log("set", {"w": b"%d" % n}).version for n in range(8)]
    for version in made[:2]:
        house.artifacts.link(ada, version.id, "ml", "p", "picked")
    for version in (*made[:4], made[7]):
        house.artifacts.delete(ada, version.id)
    assert house.collections.get(vic, "ml", "p", "picked").version_count == 0
    trash = found(house, trash=True, count=True, sort="version_index")
    assert indexes(trash.items) == [0, 1, 2, 3, 7] and trash.total == 5
    assert all(member.version.deleted_at for member in trash.items)
    ids = [version.id for version in (made[0], made[2], made[6], made[7])]
    with pytest.raises(NotAllowed):
        house.artifacts.restore_many(vic, "ml", "p", "set", ids)
    assert house.artifacts.restore_many(ada, "ml", "p", "set", [*ids, 999_999]) == 3  # v6 was never away
    assert indexes(found(house, sort="version_index").items) == [0, 2, 4, 5, 6, 7]
    assert house.collections.get(vic, "ml", "p", "set").version_count == 6
    picked = house.collections.get(vic, "ml", "p", "picked")
    assert picked.version_count == 1
    assert house.artifacts.get(vic, "ml", "p", "picked:latest").version.id == made[0].id
    # It went with v7, and nobody moved it since: where it lay meanwhile was no choice of anybody.
    assert house.artifacts.get(vic, "ml", "p", "set:latest").version.id == made[7].id
    assert house.artifacts.restore_many(ada, "ml", "p", "set", ids) == 0
    row = house.audit.find(house.world.admin, action="artifact.restore", limit=1).items[0]
    back = {"versions": "v0 v2 v7", "count": 3, "aliases": ["set:latest", "picked:latest"]}
    assert row.subject == "ml/p/set" and row.detail == back


def test_versions_of_another_collection_do_not_come_back_by_this_one(house: ArtifactWorld) -> None:
    other = house.log("other", {"w": b"1"}).version
    house.log("set", {"w": b"2"})
    house.artifacts.delete(house.world.ada, other.id)
    assert house.artifacts.restore_many(house.world.ada, "ml", "p", "set", [other.id]) == 0
    assert house.artifacts.find(house.world.ada, "ml", "p", "other", trash=True).items
    for ids in ([], range(RESTORE_MAX + 1)):
        with pytest.raises(Invalid, match="1 to 1,000"):
            house.artifacts.restore_many(house.world.ada, "ml", "p", "set", list(ids))


def test_a_selection_is_deleted_by_its_ids_and_what_is_protected_stays(house: ArtifactWorld) -> None:
    ada = house.world.ada
    made = [house.log("set", {"w": b"%d" % n}).version for n in range(6)]
    house.artifacts.set_aliases(ada, house.artifacts.get(ada, "ml", "p", "set:v1"), add=["production"])
    query = VersionQuery(collection="set", ids=(made[0].id, made[1].id, made[4].id))
    assert house.retention.preview_query(ada, "ml", "p", query).versions == 2
    begun = house.deletions.begin(ada, "ml", "p", query)
    house.deletions.work()
    assert house.deletions.get(ada, "ml", "p", begun.id).versions == 2
    assert indexes(found(house, sort="version_index").items) == [1, 2, 3, 5]
    with pytest.raises(Invalid, match="1,000"):
        house.deletions.begin(ada, "ml", "p", VersionQuery(ids=tuple(range(1, IDS_MAX + 2))))


def test_collections_are_paged_counted_and_found_by_an_alias_of_theirs(house: ArtifactWorld) -> None:
    ada = house.world.ada
    for number in range(12):
        name = f"c{number:02}"
        for version in range(number % 4 + 1):
            house.log(name, {"w": f"{name}{version}".encode()}, type="model" if number % 2 else "dataset")
        if number in (3, 8):
            house.artifacts.set_aliases(
                ada, house.artifacts.get(ada, "ml", "p", f"{name}:v0"), add=["production"]
            )

    def names(**asked: Any) -> tuple[list[str], int | None]:
        page = house.collections.find(house.world.vic, "ml", "p", **asked)
        return [one.name for one in page.items], page.total

    assert names(sort="name", skip=10, limit=5, count=True) == (["c10", "c11"], 12)
    assert names(sort="name", type="model", skip=1, limit=2, count=True) == (["c03", "c05"], 6)
    assert names(sort="name", alias="production", count=True) == (["c03", "c08"], 2)
    assert names(sort="-version_count", limit=3)[0] == ["c11", "c07", "c03"]
    assert names(alias="nothing", count=True) == ([], 0)
    with pytest.raises(Invalid, match="one beginning"):
        house.collections.find(ada, "ml", "p", skip=1, after="x")
