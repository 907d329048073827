"""Policies: which one holds, what stays whatever they say, and that a look says what then happens."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.artifact_world import ArtifactWorld, open_artifacts
from tests.support.world import SYSTEM, World

from runstone.server.domain.artifact_model import Member
from runstone.server.domain.errors import Invalid, NotAllowed, NotFound
from runstone.server.domain.identity import Actor
from runstone.server.domain.reclaim import Bits
from runstone.server.domain.retention_rules import check_retention, ranges

GC = Actor(None, "", is_admin=True, system="gc")
DAY = 86_400.0


@pytest.fixture
def house(world: World, tmp_path: Path) -> ArtifactWorld:
    return open_artifacts(world, tmp_path / "blobs")


def versions(house: ArtifactWorld, name: str = "set") -> list[int]:
    page = house.artifacts.find(house.world.ada, "ml", "p", name, sort="version_index")
    return [member.index for member in page.items]


def several(house: ArtifactWorld, count: int, name: str = "set", **wanted: Any) -> list[Member]:
    return [house.log(name, {"w": f"{name}{number}".encode()}, **wanted) for number in range(count)]


def apply(house: ArtifactWorld, *, later: float = 0.0) -> int:
    return house.retention.apply(SYSTEM, now=time.time() + later)


def test_of_several_policies_the_nearest_holds_and_no_other(house: ArtifactWorld) -> None:
    olga, ada = house.world.olga, house.world.ada
    names = ("own", "model", "plain", "all")
    for name in names:
        several(house, 6, name, type="model" if name == "model" else "dataset")
    house.policies.set_entity_policy(ada, "ml", {"last": 5})
    house.policies.set_entity_policy(ada, "ml", {"last": 4}, type_name="model")
    assert apply(house) == 1 + 2 + 1 + 1
    house.policies.set_policy(ada, "ml", "p", {"last": 3})
    apply(house)
    assert [len(versions(house, name)) for name in names] == [3, 3, 3, 3]
    house.policies.set_policy(ada, "ml", "p", {"last": 2}, type_name="model")
    house.policies.set_rule(ada, "ml", "p", "own", {"last": 1})
    house.policies.set_rule(ada, "ml", "p", "all", {"all": True})
    house.policies.set_policy(ada, "ml", "p", {"last": 2})
    apply(house)
    assert [len(versions(house, name)) for name in names] == [1, 2, 2, 3]
    found = house.policies.policies(house.world.vic, "ml", "p")
    assert [(one.type, one.rule["last"]) for one in found.project] == [("", 2), ("model", 2)]
    assert [(one.type, one.rule["last"]) for one in found.entity] == [("", 5), ("model", 4)]
    assert {one["name"] for one in found.collections} == {"all", "own"}
    house.policies.set_policy(ada, "ml", "p", {})
    assert [one.type for one in house.policies.policies(ada, "ml", "p").project] == ["model"]
    with pytest.raises(NotAllowed):
        house.policies.set_policy(house.world.ben, "ml", "p", {"last": 1})
    with pytest.raises((NotAllowed, NotFound)):
        house.policies.set_entity_policy(house.world.ben, "ml", {"last": 1})
    assert olga is not None


def test_the_best_by_a_number_in_the_metadata(house: ArtifactWorld) -> None:
    for loss in (0.5, 0.2, 0.9, 0.3, 0.7):
        house.log("set", {"w": str(loss).encode()}, metadata={"eval": {"loss": loss}})
    house.log("set", {"w": b"without"})
    rule = {"best": 2, "metric": "eval.loss", "of": "metadata", "goal": "min"}
    house.policies.set_rule(house.world.ada, "ml", "p", "set", rule)
    apply(house)
    assert versions(house) == [1, 3, 5]  # and the newest, to which `latest` points


def test_with_an_age_only_what_is_older_and_beyond_the_count_goes(house: ArtifactWorld) -> None:
    several(house, 3)
    house.log("set", {"w": b"own time"}, ttl_seconds=int(9 * DAY))
    house.log("set", {"w": b"for ever"}, ttl_seconds=-2)
    several(house, 2, "set")  # the content of v0 and v1 again: the same versions
    house.log("set", {"w": b"new"})
    house.policies.set_rule(house.world.ada, "ml", "p", "set", {"last": 1, "ttl_seconds": int(DAY)})
    assert apply(house, later=DAY / 2) == 0
    assert apply(house, later=2 * DAY) == 3
    assert versions(house) == [3, 4, 5]


def test_a_count_spares_what_is_to_stay_for_ever(house: ArtifactWorld) -> None:
    house.log("set", {"w": b"for ever"}, ttl_seconds=-2)
    several(house, 3)
    house.policies.set_policy(house.world.ada, "ml", "p", {"last": 1})
    apply(house)
    assert versions(house) == [0, 3]


def test_an_age_alone_is_told_as_the_time_to_live_of_what_inherits(house: ArtifactWorld) -> None:
    ada = house.world.ada
    several(house, 2)
    house.policies.set_policy(ada, "ml", "p", {"ttl_seconds": 60}, type_name="dataset")
    collection = house.collections.get(ada, "ml", "p", "set")
    assert house.policies.inherited_ttl(collection) == 60
    assert apply(house, later=61) == 2
    assert versions(house) == []
    house.collections.update(ada, "ml", "p", "set", ttl_seconds=500)
    assert house.policies.inherited_ttl(house.collections.get(ada, "ml", "p", "set")) == 500
    house.log("set", {"w": b"again"})
    assert apply(house, later=61) == 0  # the collection's own time holds


def test_what_is_deployed_stays_and_what_is_used_where_the_policy_says_so(house: ArtifactWorld) -> None:
    ada = house.world.ada
    made = several(house, 5)
    place = house.deployments.record(ada, "ml", site="berlin", name="asr", member=made[0])
    house.world.run("eval")
    house.artifacts.use(ada, "ml", "p", "eval", made[1].version.id)
    house.policies.set_policy(ada, "ml", "p", {"last": 1, "keep_used": True})
    apply(house)
    assert versions(house) == [0, 1, 4]
    house.policies.set_policy(ada, "ml", "p", {"last": 1})
    apply(house)
    assert versions(house) == [0, 4]
    house.deployments.end(ada, "ml", place.id)
    apply(house)
    assert versions(house) == [4]


def test_a_deployed_version_outlives_its_time(house: ArtifactWorld) -> None:
    made = house.log("set", {"w": b"1"}, ttl_seconds=60)
    house.deployments.record(house.world.ada, "ml", site="berlin", name="asr", member=made)
    assert house.retention.expire(SYSTEM, now=time.time() + 61) == 0


def test_each_act_is_in_the_audit_log_with_what_went(house: ArtifactWorld) -> None:
    several(house, 6)
    house.artifacts.set_aliases(
        house.world.ada, house.artifacts.get(house.world.ada, "ml", "p", "set:v2"), add=["keep"]
    )
    house.policies.set_policy(house.world.ada, "ml", "p", {"last": 1})
    apply(house)
    rows = house.audit.find(house.world.ada, entity="ml").items
    told = {row.action: row for row in rows}
    assert told["retention.policy"].detail["rule"]["last"] == 1
    gone = told["retention.apply"]
    assert (gone.subject, gone.detail["versions"], gone.detail["count"]) == ("ml/p/set", "v0-v1 v3-v4", 4)
    assert "project" in gone.detail["reason"] and gone.by == "tests"
    assert house.audit.verify(house.world.admin).ok


@pytest.mark.parametrize("seed", range(4))
def test_a_look_says_what_goes_and_the_bytes_that_garbage_collection_then_frees(
    house: ArtifactWorld, seed: int
) -> None:
    """Random worlds in which versions share files with each other, with trashed ones and with others."""
    chance = random.Random(seed)
    ada = house.world.ada
    contents = [bytes([number]) * chance.randrange(1, 4000) for number in range(12)]
    for number in range(24):
        name = chance.choice(["one", "two", "three"])
        files = {f"f{at}": contents[at] for at in chance.sample(range(12), chance.randrange(1, 4))}
        house.log(name, {**files, "own": f"{seed} {number}".encode() * 20})
    for name in ("one", "two", "three"):
        page = house.artifacts.find(ada, "ml", "p", name, sort="version_index")
        for member in page.items[:2]:
            if chance.random() < 0.5:
                house.artifacts.delete(ada, member.version.id, delete_aliases=True)
    house.storage.collect(GC, spared_seconds=0, rewrite_packs=0)
    house.policies.set_policy(ada, "ml", "p", {"last": 1})
    house.policies.set_rule(ada, "ml", "p", "three", {"all": True})
    look = house.retention.preview(house.world.vic, "ml", "p")
    already = house.storage.collect(GC, dry_run=True, spared_seconds=0, trash_seconds=0).bytes
    assert apply(house) == look.versions > 0
    freed = house.storage.collect(GC, dry_run=True, spared_seconds=0, trash_seconds=0).bytes
    # What is shared with the trash alone counts: it is freed when both are gone. Nothing else differs.
    alone = freed - already
    assert alone <= look.freed_bytes <= freed
    assert look.bytes == sum(one["bytes"] for one in look.collections)
    assert {one["name"] for one in look.collections} <= {"one", "two"}
    done = house.storage.collect(GC, spared_seconds=0, trash_seconds=0, rewrite_packs=0)
    assert done.bytes == freed


def test_a_rule_is_looked_at_before_it_is_set(house: ArtifactWorld) -> None:
    ada = house.world.ada
    several(house, 4)
    several(house, 3, "other", type="model")
    look = house.retention.preview(ada, "ml", "p", rule={"last": 1}, type_name="dataset")
    assert (look.versions, [one["name"] for one in look.collections]) == (3, ["set"])
    assert look.collections[0]["rule_from"] == "type"
    look = house.retention.preview(ada, "ml", "p", rule={"last": 1}, collection="other")
    assert [one["name"] for one in look.shown] == ["other:v0", "other:v1"]
    assert look.freed_bytes == look.bytes == sum(len(f"other{number}") for number in range(2))
    assert versions(house) == [0, 1, 2, 3]
    with pytest.raises(NotFound):
        house.retention.preview(house.world.eve, "ml", "p", rule={"last": 1})


@pytest.mark.parametrize(
    "rule",
    [
        {"all": True, "last": 1},
        {"all": 1},
        {"ttl_seconds": 0},
        {"ttl_seconds": True},
        {"best": 1, "metric": "a", "of": "nowhere"},
        {"last": 1, "keep_used": 1},
        {"last": 10**9},
    ],
)
def test_a_policy_that_says_nothing_sensible_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        check_retention(rule)


@given(st.sets(st.integers(0, 60)))
def test_ranges_say_exactly_these_numbers(numbers: set[int]) -> None:
    found: set[int] = set()
    for part in ranges(numbers).split():
        first, _, last = part.replace("v", "").partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    assert found == numbers


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 300))))
def test_bits_are_a_set_of_numbers(acts: list[tuple[bool, int]]) -> None:
    bits, model = Bits(), set[int]()
    for adds, number in acts:
        if adds:
            assert bits.add(number) == (number not in model)
            model.add(number)
        else:
            bits.discard(number)
            model.discard(number)
    assert list(bits) == sorted(model) and all((number in bits) == (number in model) for number in range(310))
