"""A whole collection in the trash: what is said of it there, how it comes back, when it is gone for good."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from tests.server.domain.test_deletion_undo import ROOT, several, standing
from tests.support.artifact_world import ArtifactWorld, open_artifacts
from tests.support.world import SYSTEM, World

from runstone.server.domain.artifact_model import Collection
from runstone.server.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from runstone.server.domain.version_selection import VersionQuery


@pytest.fixture
def house(world: World, tmp_path: Path) -> ArtifactWorld:
    return open_artifacts(world, tmp_path / "blobs")


def trash(house: ArtifactWorld, **asked: Any) -> list[Collection]:
    return list(house.collections.find(house.world.vic, "ml", "p", trash=True, **asked).items)


def test_a_collection_comes_back_with_versions_aliases_and_tags_as_they_were(house: ArtifactWorld) -> None:
    ada, ben = house.world.ada, house.world.ben
    several(house, 4, tags=("draft",))
    first = house.artifacts.get(ada, "ml", "p", "set:v0")
    house.artifacts.set_aliases(ben, first, add=["best"], reason="lowest loss")
    house.artifacts.delete(ada, house.artifacts.get(ada, "ml", "p", "set:v2").version.id)
    house.collections.update(ada, "ml", "p", "set", tags=["gold"], description="rows")
    before = standing(house)
    gone = house.trash.delete(ben, "ml", "p", "set")
    assert standing(house)["collections"] == {}
    (told,) = trash(house)
    assert (told.name, told.deleted_by, told.version_count, told.bytes) == ("set", "ben", 3, 12)
    assert told.deleted_at is not None and abs(told.deleted_at - time.time()) < 60
    back = house.trash.restore(ada, "ml", "p", id=gone.id)
    assert (back.deleted_at, back.deleted_by) == (None, "")
    assert standing(house) == before and trash(house) == []
    assert house.trash.restore(ada, "ml", "p", id=gone.id) == back  # it is there already
    (row,) = house.audit.find(ada, entity="ml", action="collection.restore").items
    assert (row.by, row.detail["versions"], row.detail["deleted_by"]) == ("ada", 3, "ben")
    told = [event.detail for event in house.world.feed.events if event.kind == "artifact"][-1]
    assert told == {"collection": "set"}


def test_a_name_that_was_taken_stays_with_who_took_it(house: ArtifactWorld) -> None:
    ada = house.world.ada
    several(house, 2)
    gone = house.trash.delete(ada, "ml", "p", "set")
    several(house, 1)
    with pytest.raises(Conflict, match="'set' again"):
        house.trash.restore(ada, "ml", "p", name="set")
    with pytest.raises(Invalid):
        house.trash.restore(ada, "ml", "p", name="set", new_name="a/b")
    back = house.trash.restore(ada, "ml", "p", name="set", new_name="set-old")
    assert (back.id, back.name, back.version_count) == (gone.id, "set-old", 2)
    assert house.collections.get(ada, "ml", "p", "set").version_count == 1
    (row,) = house.audit.find(ada, entity="ml", action="collection.restore").items
    assert row.detail["was"] == "set" and row.subject.endswith("/set-old")


def test_of_several_of_one_name_the_one_is_named_by_its_id(house: ArtifactWorld) -> None:
    ada = house.world.ada
    gone = []
    for count in (1, 2):
        several(house, count)
        gone.append(house.trash.delete(ada, "ml", "p", "set").id)
    with pytest.raises(Conflict, match=f"{gone[1]} .2 versions., {gone[0]} .1 versions."):
        house.trash.restore(ada, "ml", "p", name="set")
    assert [one.id for one in trash(house, sort="-deleted_at")] == gone[::-1]
    assert house.trash.restore(ada, "ml", "p", id=gone[0]).version_count == 1
    with pytest.raises(Invalid, match="trash"):
        house.collections.find(ada, "ml", "p", sort="deleted_at")


def test_a_registrys_collection_comes_back_with_its_links(house: ArtifactWorld) -> None:
    world = house.world
    admin = world.olga
    house.registry.create(admin, "acme", "models", default_role="member")
    made = [house.log("net", {"w": b"%d" % n}, type="model") for n in range(3)]
    for one in made:
        house.artifacts.link(
            world.ada, one.version.id, "acme", "wandb-registry-models", "asr", force=True, reason="a test"
        )
    place = ("acme", "wandb-registry-models")
    second = house.artifacts.get(admin, *place, "asr:v1")
    house.artifacts.set_aliases(admin, second, add=["production"], reason="passed")
    with pytest.raises(NotAllowed, match="protected"):
        house.trash.delete(world.ada, *place, "asr")
    house.trash.delete(admin, *place, "asr")
    # What goes meanwhile does not come back with the link.
    house.artifacts.delete(world.ada, made[2].version.id)
    (told,) = house.collections.find(admin, *place, trash=True).items
    assert (told.kind, told.bytes) == ("portfolio", 2)
    with pytest.raises(NotAllowed, match="protected"):
        house.trash.restore(world.ada, *place, name="asr")
    back = house.trash.restore(admin, *place, name="asr")
    assert back.version_count == 2
    found = house.artifacts.find(admin, *place, "asr", sort="version_index").items
    assert [(one.index, sorted(alias.alias for alias in one.aliases)) for one in found] == [
        (0, []),
        (1, ["latest", "production"]),
    ]
    house.artifacts.restore(world.ada, made[2].version.id)
    assert house.collections.get(admin, *place, "asr").version_count == 3


def test_time_to_live_and_policies_leave_what_is_in_the_trash_alone(house: ArtifactWorld) -> None:
    ada = house.world.ada
    several(house, 3, ttl_seconds=60)
    house.trash.delete(ada, "ml", "p", "set")
    assert house.retention.expire(SYSTEM, now=time.time() + 61) == 0
    house.trash.restore(ada, "ml", "p", name="set")
    assert house.retention.expire(SYSTEM, now=time.time() + 61) == 3  # its time runs on


def test_versions_whose_time_was_over_meanwhile_come_back_and_stay(
    house: ArtifactWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = house.world.ada
    several(house, 3, ttl_seconds=60)
    house.trash.delete(ada, "ml", "p", "set")
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    house.trash.restore(ada, "ml", "p", name="set")
    assert house.retention.expire(SYSTEM, now=later) == 0
    assert house.collections.get(ada, "ml", "p", "set").version_count == 3


def test_after_its_time_in_the_trash_it_is_gone_for_good(house: ArtifactWorld) -> None:
    ada = house.world.ada
    several(house, 2)
    gone = house.trash.delete(ada, "ml", "p", "set")
    done = house.storage.collect(ROOT, trash_seconds=3600, spared_seconds=0)
    assert done.versions == 0 and len(trash(house)) == 1
    done = house.storage.collect(ROOT, trash_seconds=0, spared_seconds=0)
    assert (done.versions, house.stored()) == (2, 0) and trash(house) == []
    with pytest.raises(NotFound):
        house.trash.restore(ada, "ml", "p", id=gone.id)


def test_who_may_not_write_restores_nothing(house: ArtifactWorld) -> None:
    several(house, 1)
    gone = house.trash.delete(house.world.ada, "ml", "p", "set")
    with pytest.raises(NotAllowed):
        house.trash.restore(house.world.vic, "ml", "p", id=gone.id)
    with pytest.raises(NotFound):
        house.trash.restore(house.world.eve, "ml", "p", id=gone.id)
    house.log("other", {"a": b"1"}, project="q")
    with pytest.raises(NotFound):
        house.trash.restore(house.world.ada, "ml", "q", id=gone.id)
    with pytest.raises(NotFound):
        house.collections.find(house.world.eve, "ml", "p", trash=True)
    assert len(trash(house)) == 1


# -- aliases of single versions


def test_a_version_comes_back_with_its_aliases_where_nobody_claimed_them(house: ArtifactWorld) -> None:
    ada, ben = house.world.ada, house.world.ben
    several(house, 3)
    last = house.artifacts.get(ada, "ml", "p", "set:v2")
    house.artifacts.set_aliases(ben, last, add=["best", "tested", "dropped"], reason="good")
    house.artifacts.delete(ada, last.version.id, delete_aliases=True)
    first = house.artifacts.get(ada, "ml", "p", "set:v0")
    first = house.artifacts.set_aliases(ada, first, add=["best", "dropped"])
    house.artifacts.set_aliases(ada, first, remove=["dropped"])
    back = house.artifacts.restore(ada, last.version.id)
    told = {alias.alias: (alias.set_by, alias.reason) for alias in back.aliases}
    assert told["tested"] == ("ben", "good") and set(told) == {"latest", "tested"}
    assert house.artifacts.get(ada, "ml", "p", "set:best").index == 0


def test_latest_goes_back_only_where_it_was_put(house: ArtifactWorld) -> None:
    ada = house.world.ada
    several(house, 4)
    ids = [house.artifacts.get(ada, "ml", "p", f"set:v{n}").version.id for n in range(4)]
    house.artifacts.delete(ada, ids[3])
    house.artifacts.delete(ada, ids[2])
    assert house.artifacts.get(ada, "ml", "p", "set").index == 1
    house.artifacts.restore(ada, ids[2])
    assert house.artifacts.get(ada, "ml", "p", "set").index == 2
    house.artifacts.restore(ada, ids[3])
    assert house.artifacts.get(ada, "ml", "p", "set").index == 3
    house.artifacts.delete(ada, ids[3])
    house.artifacts.set_aliases(ada, house.artifacts.get(ada, "ml", "p", "set:v0"), add=["latest"])
    house.artifacts.restore(ada, ids[3])
    assert house.artifacts.get(ada, "ml", "p", "set").index == 0


def test_a_protected_alias_comes_back_only_by_who_may_move_it(house: ArtifactWorld) -> None:
    world = house.world
    house.registry.create(world.olga, "acme", "models", default_role="member")
    place = ("acme", "wandb-registry-models", "asr")
    one = house.log("net", {"w": b"1"}, type="model")
    house.artifacts.link(world.ada, one.version.id, *place, force=True, reason="a test")
    there = house.artifacts.get(world.olga, *place)
    house.artifacts.set_aliases(world.olga, there, add=["production"])
    admin = world.actor("admin")
    house.artifacts.delete(admin, one.version.id, delete_aliases=True)
    house.artifacts.restore(world.ada, one.version.id)
    assert [alias.alias for alias in house.artifacts.get(world.olga, *place).aliases] == ["latest"]
    house.artifacts.delete(admin, one.version.id, delete_aliases=True)
    house.artifacts.restore(admin, one.version.id)
    found = house.artifacts.get(world.olga, *place).aliases
    assert sorted(alias.alias for alias in found) == ["latest", "production"]


def test_links_in_the_trash_keep_versions_from_going_by_query(house: ArtifactWorld) -> None:
    ada = house.world.ada
    one = house.log("set", {"w": b"1"})
    house.artifacts.link(ada, one.version.id, "ml", "p", "chosen")
    house.trash.delete(ada, "ml", "p", "chosen")
    house.deletions.begin(ada, "ml", "p", VersionQuery())
    house.deletions.work()
    assert house.trash.restore(ada, "ml", "p", name="chosen").version_count == 1
