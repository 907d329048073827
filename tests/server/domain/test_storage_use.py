"""What artifacts take up, and that a collection frees exactly what nothing refers to."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.artifact_world import ArtifactWorld, open_artifacts
from tests.support.world import World

from runstone.server.domain.artifact_model import VersionWanted
from runstone.server.domain.errors import NotAllowed, NotFound
from runstone.server.stores.records import blobs as statements


@pytest.fixture
def house(world: World, tmp_path: Path) -> ArtifactWorld:
    return open_artifacts(world, tmp_path / "blobs")


def collect(house: ArtifactWorld, **wanted: float) -> int:
    given = {"spared_seconds": 0.0, "trash_seconds": 0.0, "rewrite_packs": 0.0, **wanted}
    return house.storage.collect(house.world.admin, **given).bytes  # type: ignore[arg-type]


def test_use_counts_each_blob_once_and_each_version_in_full(house: ArtifactWorld) -> None:
    house.log("set", {"a": b"1234", "b": b"56"})
    house.log("set", {"a": b"1234", "b": b"78"})
    used = house.storage.use(house.world.vic, "ml", "p")
    assert (used.versions, used.logical_bytes, used.stored_bytes, used.blobs) == (2, 12, 8, 3)
    assert [(one.name, one.type, one.versions, one.logical_bytes) for one in used.collections] == [
        ("set", "dataset", 2, 12)
    ]
    assert house.stored() == 8


def test_a_collection_tells_what_it_holds_alone_and_what_of_it_is_in_the_trash(house: ArtifactWorld) -> None:
    old = house.log("set", {"a": b"shared", "b": b"of the set alone"})
    house.log("set", {"a": b"shared", "c": b"new"})
    house.log("other", {"x": b"shared", "y": b"of the other"}, type="model")
    house.log("gone", {"z": b"of one that is deleted"})
    house.artifacts.delete(house.world.ada, old.version.id)
    house.trash.delete(house.world.ada, "ml", "p", "gone")
    used = house.storage.use(house.world.ada, "ml", "p")
    told = {one.name: one for one in used.collections}
    assert told["set"].stored_bytes == len(b"shared" + b"of the set alone" + b"new")
    assert told["set"].alone_bytes == len(b"of the set alone" + b"new")
    assert (told["set"].versions, told["set"].trash_versions) == (1, 1)
    assert told["set"].trash_logical_bytes == len(b"shared" + b"of the set alone")
    assert told["other"].alone_bytes == len(b"of the other")
    gone = told["gone"]
    assert gone.deleted and gone.alone_bytes == len(b"of one that is deleted")
    assert (gone.versions, gone.trash_versions) == (0, 1)  # it went with its collection
    assert (used.versions, used.trash_versions) == (2, 2)
    assert used.trash_bytes == len(b"of the set alone" + b"of one that is deleted")
    # What is held alone and what is shared make up the whole.
    assert sum(one.alone_bytes for one in used.collections) + len(b"shared") == used.stored_bytes
    assert house.stored() == used.stored_bytes


def test_an_entity_tells_what_each_of_its_projects_holds_and_shares(house: ArtifactWorld) -> None:
    ada = house.world.ada
    house.log("set", {"a": b"in both", "b": b"of p alone"})
    old = house.log("set", {"a": b"in both"})
    house.world.projects.ensure(ada, "ml", "q")
    house.world.projects.ensure(ada, "ml", "empty")
    house.world.projects.ensure(ada, "ml", "gone")
    house.log("other", {"x": b"in both", "y": b"of q alone, and more of it"}, project="q")
    house.log("lost", {"x": b"in a project that is deleted"}, project="gone")
    house.artifacts.delete(ada, old.version.id)
    house.world.projects.delete(ada, "ml", "gone")
    used = house.storage.use_of_entity(house.world.vic, "ml")
    assert [(one.name, one.versions, one.trash_versions) for one in used.projects] == [
        ("q", 1, 0),
        ("p", 1, 1),
    ]
    told = {one.name: one for one in used.projects}
    assert (
        told["p"].stored_bytes == house.storage.use(ada, "ml", "p").stored_bytes == len(b"in bothof p alone")
    )
    assert told["p"].alone_bytes == len(b"of p alone")
    assert told["q"].alone_bytes == len(b"of q alone, and more of it")
    assert (used.versions, used.logical_bytes) == (
        2,
        len(b"in bothof p alonein bothof q alone, and more of it"),
    )
    assert used.stored_bytes == len(b"in bothof p aloneof q alone, and more of it") and used.blobs == 3
    assert house.storage.use_of_entity(ada, "ada").projects == []
    with pytest.raises(NotFound):
        house.storage.use_of_entity(house.world.eve, "ml")


def test_a_deleted_version_gives_back_what_only_it_held(house: ArtifactWorld) -> None:
    old = house.log("set", {"a": b"shared", "b": b"only the old one has this"})
    house.log("set", {"a": b"shared", "b": b"new"})
    house.artifacts.delete(house.world.ada, old.version.id)
    used = house.storage.use(house.world.ada, "ml", "p")
    assert used.trash_versions == 1 and used.trash_bytes == len(b"only the old one has this")
    assert collect(house, trash_seconds=3600.0) == 0  # the trash holds it
    told = house.storage.collect(house.world.admin, dry_run=True, spared_seconds=0.0, trash_seconds=0.0)
    assert (told.blobs, told.bytes, told.versions) == (1, len(b"only the old one has this"), 1)
    assert collect(house) == told.bytes
    assert house.stored() == len(b"sharednew")
    assert house.storage.use(house.world.ada, "ml", "p").stored_bytes == len(b"sharednew")


def test_what_is_young_or_on_its_way_is_spared(house: ArtifactWorld) -> None:
    house.uploads.put_many(house.world.ada, "ml", [b"sent, and not yet named"])
    house.artifacts.create(house.world.ada, "ml", "p", VersionWanted("dataset", "set"))
    assert collect(house, spared_seconds=3600.0) == 0
    assert house.stored() > 0
    assert collect(house) == len(b"sent, and not yet named")
    assert house.stored() == 0


def test_a_file_of_a_run_with_the_same_bytes_stays(house: ArtifactWorld) -> None:
    import asyncio
    from collections.abc import AsyncIterator

    from runstone.server.domain.files import Files

    world = house.world
    run = world.run("r1")

    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000

    files = Files(world.records, house.blobs, world.access, world.feed)
    asyncio.run(files.put(world.ada, run.key, "f", chunks()))
    member = house.log("set", {"f": b"x" * 2_000_000})
    house.artifacts.delete(world.ada, member.version.id)
    collect(house)
    assert b"".join(files.read(world.ada, files.get(world.ada, run.key, "f"))) == b"x" * 2_000_000


def test_a_blob_that_is_collected_while_it_is_sent_again_is_stored_again(
    house: ArtifactWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, data = house.world.ada, [b"known at first", b"new"]
    house.uploads.put_many(ada, "ml", data[:1])
    look = statements.blobs_by_sha256
    seen: list[int] = []

    def then_collected(conn: object, digests: object) -> object:
        found = look(conn, digests)  # type: ignore[arg-type]
        if not seen:
            seen.append(len(found))
            collect(house)
        return found

    monkeypatch.setattr(statements, "blobs_by_sha256", then_collected)
    kept = house.uploads.put_many(ada, "ml", data)
    assert seen == [1]
    assert [b"".join(house.uploads.read(blob.sha256)) for blob in kept] == data


def test_only_a_server_admin_collects(house: ArtifactWorld) -> None:
    with pytest.raises(NotAllowed):
        house.storage.collect(house.world.ada)


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_after_any_acts_a_collection_leaves_exactly_what_versions_hold(
    house: ArtifactWorld, seed: int
) -> None:
    """Random versions, deletions and restores against a model: a map of what each version holds."""
    dice = random.Random(seed)
    pool = [bytes([number]) * dice.randint(1, 400) + b"%d" % seed for number in range(12)]
    name = f"set{seed}"
    alive: dict[int, dict[str, bytes]] = {}
    trash: dict[int, dict[str, bytes]] = {}
    ada = house.world.ada
    for _ in range(14):
        act = dice.random()
        if act < 0.5 or not alive:
            paths = dice.sample(["a", "b/c", "b/d", "e", "f"], dice.randint(1, 4))
            files = {path: dice.choice(pool) for path in paths}
            if any(files == kept for kept in trash.values()):
                continue
            member = house.log(name, files)
            alive[member.version.id] = files
        elif act < 0.75:
            gone = dice.choice(sorted(alive))
            house.artifacts.delete(ada, gone, delete_aliases=True)
            trash[gone] = alive.pop(gone)
        elif trash:
            back = dice.choice(sorted(trash))
            house.artifacts.restore(ada, back)
            alive[back] = trash.pop(back)
        if dice.random() < 0.2:
            collect(house, trash_seconds=3600.0, spared_seconds=0.0)
    told = house.storage.collect(house.world.admin, dry_run=True, spared_seconds=0.0, trash_seconds=0.0)
    assert collect(house) == told.bytes
    everything = house.storage.use(house.world.ada, "ml", "p")
    assert house.stored() == everything.stored_bytes
    held = {data for files in alive.values() for data in files.values()}
    for version_id, files in alive.items():
        for path, data in files.items():
            assert b"".join(house.artifacts.read(ada, version_id, path)[1]) == data
    for version_id in trash:
        with pytest.raises(NotFound):
            house.artifacts.by_id(ada, version_id)
    mine = sum(len(data) for data in held)
    others = house.stored() - mine
    for version_id in list(alive):
        house.artifacts.delete(ada, version_id, delete_aliases=True)
    assert collect(house) == mine
    assert house.stored() == others
