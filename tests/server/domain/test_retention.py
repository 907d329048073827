"""Versions that go by rule, and those that stay whatever the rule."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.support.artifact_world import ArtifactWorld, open_artifacts
from tests.support.world import SYSTEM, World

from runstone.server.domain.artifact_model import Member
from runstone.server.domain.errors import Invalid, NotAllowed
from runstone.server.domain.retention_rules import check_retention
from runstone.server.domain.version_selection import VersionQuery


@pytest.fixture
def house(world: World, tmp_path: Path) -> ArtifactWorld:
    return open_artifacts(world, tmp_path / "blobs")


def versions(house: ArtifactWorld, name: str = "set") -> list[int]:
    page = house.artifacts.find(house.world.ada, "ml", "p", name, sort="version_index")
    return [member.index for member in page.items]


def checkpoints(house: ArtifactWorld, scores: list[float]) -> list[Member]:
    made = []
    for number, score in enumerate(scores):
        house.world.run(f"r{number}", summary={"acc": score})
        made.append(house.log("set", {"w": b"%d" % number}, run=f"r{number}"))
    return made


def test_the_best_three_and_the_last_stay(house: ArtifactWorld) -> None:
    checkpoints(house, [0.9, 0.1, 0.8, 0.2, 0.7, 0.3])
    rule = {"best": 3, "last": 1, "metric": "acc"}
    house.policies.set_rule(house.world.ada, "ml", "p", "set", rule)
    assert house.retention.apply(SYSTEM, now=time.time()) == 2
    assert versions(house) == [0, 2, 4, 5]
    assert house.retention.apply(SYSTEM, now=time.time()) == 0
    house.policies.set_rule(house.world.ada, "ml", "p", "set", {**rule, "goal": "min", "best": 1})
    house.retention.apply(SYSTEM, now=time.time())
    assert versions(house) == [5]


def test_what_is_named_or_linked_stays(house: ArtifactWorld) -> None:
    ada = house.world.ada
    made = checkpoints(house, [0.1] * 5)
    house.artifacts.set_aliases(ada, made[1], add=["keep"])
    house.artifacts.link(ada, made[2].version.id, "ml", "p", "chosen")
    house.policies.set_rule(ada, "ml", "p", "set", {"last": 1})
    assert house.retention.apply(SYSTEM, now=time.time()) == 2
    assert versions(house) == [1, 2, 4]
    assert house.artifacts.get(ada, "ml", "p", "set").index == 4


def test_a_version_whose_time_is_over_goes_to_the_trash_and_comes_back(house: ArtifactWorld) -> None:
    ada = house.world.ada
    first = house.log("set", {"a": b"1"}, ttl_seconds=60)
    house.log("set", {"a": b"2"})
    assert house.retention.expire(SYSTEM, now=time.time()) == 0
    assert house.retention.expire(SYSTEM, now=time.time() + 61) == 1
    assert versions(house) == [1]
    house.artifacts.restore(ada, first.version.id)
    assert versions(house) == [0, 1]
    assert house.collections.get(ada, "ml", "p", "set").version_count == 2


def test_a_collections_time_to_live_holds_for_versions_without_their_own(house: ArtifactWorld) -> None:
    ada = house.world.ada
    house.log("set", {"a": b"inherits"})
    house.log("set", {"a": b"own"}, ttl_seconds=10_000)
    house.log("set", {"a": b"never"}, ttl_seconds=-2)
    house.collections.update(ada, "ml", "p", "set", ttl_seconds=60)
    house.log("set", {"a": b"made after"})
    house.retention.expire(SYSTEM, now=time.time() + 100)
    assert versions(house) == [1, 2]
    house.collections.update(ada, "ml", "p", "set", ttl_seconds=-2)
    assert house.artifacts.get(ada, "ml", "p", "set:v1").version.expires_at is not None


def test_deletion_by_query_spares_the_newest_and_the_named(house: ArtifactWorld) -> None:
    ada = house.world.ada
    made = checkpoints(house, [0.0] * 8)
    house.artifacts.set_aliases(ada, made[0], add=["keep"])
    query = VersionQuery(collection="set", keep_last=2)
    told = house.retention.preview_query(ada, "ml", "p", query)
    assert (told.versions, told.bytes) == (5, 5)
    assert versions(house) == list(range(8))
    with pytest.raises(NotAllowed):
        house.deletions.begin(house.world.vic, "ml", "p", query)
    house.deletions.begin(ada, "ml", "p", query)
    house.deletions.work()
    assert versions(house) == [0, 6, 7]
    assert house.collections.get(ada, "ml", "p", "set").version_count == 3
    house.deletions.begin(ada, "ml", "p", VersionQuery(collection="set", created_before=time.time() + 1))
    house.deletions.work()
    assert versions(house) == [0]
    assert house.artifacts.get(ada, "ml", "p", "set").index == 0  # `latest` moved to what is left


@pytest.mark.parametrize(
    "rule",
    [
        {"last": -1},
        {"last": True},
        {"best": 2},
        {"keep": 1},
        {"last": 0},
        {"best": 1, "metric": "a", "goal": "x"},
    ],
)
def test_a_rule_that_says_nothing_sensible_is_refused(rule: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        check_retention(rule)
