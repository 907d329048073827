"""Deletion of many versions: what a query finds, and that a crash or a second process changes nothing."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from tests.support.artifact_world import ArtifactWorld, open_artifacts
from tests.support.world import World

from runstone.server.domain import deletion_work as module
from runstone.server.domain.deletions import Deletion, Deletions
from runstone.server.domain.errors import Invalid, NotAllowed, NotFound
from runstone.server.domain.version_selection import Condition, VersionQuery


@pytest.fixture
def house(world: World, tmp_path: Path) -> ArtifactWorld:
    return open_artifacts(world, tmp_path / "blobs")


def versions(house: ArtifactWorld, name: str = "set") -> list[int]:
    page = house.artifacts.find(house.world.ada, "ml", "p", name, sort="version_index", limit=1000)
    return [member.index for member in page.items]


def several(house: ArtifactWorld, count: int, name: str = "set", **wanted: Any) -> None:
    for number in range(count):
        house.log(name, {"w": f"{name}{number}".encode()}, **wanted)


def delete(house: ArtifactWorld, query: VersionQuery) -> Deletion:
    ada = house.world.ada
    begun = house.deletions.begin(ada, "ml", "p", query, reason="too many")
    house.deletions.work()
    done = house.deletions.get(ada, "ml", "p", begun.id)
    assert done.state == "done" and done.scanned == done.to_scan
    return done


def test_a_pattern_a_type_and_a_tag(house: ArtifactWorld) -> None:
    several(house, 3, "ckpt-a", type="model")
    several(house, 3, "ckpt-b", type="model")
    several(house, 3, "ckpt-data")
    several(house, 3, "net", type="model", tags=("draft",))
    look = house.retention.preview_query(
        house.world.vic, "ml", "p", VersionQuery(type="model", collection="ckpt-*", keep_last=1)
    )
    done = delete(house, VersionQuery(type="model", collection="ckpt-*", keep_last=1))
    assert done.versions == look.versions == 4 and done.bytes == look.bytes
    assert [versions(house, name) for name in ("ckpt-a", "ckpt-b", "ckpt-data")] == [[2], [2], [0, 1, 2]]
    assert delete(house, VersionQuery(tag="other")).versions == 0
    assert delete(house, VersionQuery(tag="draft", unaliased=True)).versions == 2  # `latest` is an alias too
    assert house.collections.get(house.world.ada, "ml", "p", "net").version_count == 1


@pytest.mark.parametrize(
    ("conditions", "left"),
    [
        ([("eval.loss", ">", 0.4)], [0, 3, 4, 5]),
        ([("eval.loss", "<=", 0.5), ("stage", "=", "draft")], [2, 3, 4, 5]),
        ([("stage", "!=", "draft")], [0, 1]),
        ([("stage", "absent", None)], [0, 1, 2, 3]),
        ([("eval", "exists", None)], [4, 5]),
        ([("stage", ">", "e")], [0, 1, 4, 5]),
        ([("flag", "=", 1)], [0, 1, 2, 3, 5]),
    ],
)
def test_conditions_on_metadata(
    house: ArtifactWorld, conditions: list[tuple[str, str, Any]], left: list[int]
) -> None:
    made: list[dict[str, Any]] = [
        {"eval": {"loss": 0.1}, "stage": "draft"},
        {"eval.loss": 0.5, "eval": {}, "stage": "draft"},
        {"eval": {"loss": 0.9}, "stage": "final"},
        {"eval": {"loss": "0.9"}, "stage": "final"},
        {"flag": 1},
        {"flag": True},
    ]
    for number, metadata in enumerate(made):
        house.log("set", {"w": b"%d" % number}, metadata=metadata)
    house.log("keep", {"w": b"no"})
    query = VersionQuery(collection="set", metadata=tuple(Condition(*one) for one in conditions))
    delete(house, query)
    assert versions(house) == left


def test_what_is_named_linked_deployed_or_for_ever_stays(house: ArtifactWorld) -> None:
    ada = house.world.ada
    several(house, 6)
    members = [house.artifacts.get(ada, "ml", "p", f"set:v{number}") for number in range(6)]
    house.artifacts.set_aliases(ada, members[0], add=["gold"])
    house.artifacts.link(ada, members[1].version.id, "ml", "p", "chosen")
    house.deployments.record(ada, "ml", site="berlin", name="asr", member=members[2])
    house.artifacts.update(ada, members[3].version.id, ttl_seconds=-2)
    assert delete(house, VersionQuery()).versions == 2
    assert versions(house) == [0, 1, 2, 3]
    assert house.artifacts.get(ada, "ml", "p", "set").index == 3  # `latest` moved
    house.artifacts.restore(ada, members[5].version.id)
    assert versions(house) == [0, 1, 2, 3, 5]


def test_a_crash_in_the_middle_repeats_nothing_and_skips_nothing(
    house: ArtifactWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WINDOW_FIRST", 3)
    monkeypatch.setattr(module, "_WINDOW_MIN", 3)
    monkeypatch.setattr(module, "_WINDOW_MAX", 3)
    monkeypatch.setattr(module, "LEASE_SECONDS", 0.0)
    several(house, 20)
    ada = house.world.ada
    begun = house.deletions.begin(ada, "ml", "p", VersionQuery(keep_last=2))
    steps = iter([True, True, True, False])
    house.deletions.run(begun.id, goes_on=lambda: next(steps))
    halfway = house.deletions.get(ada, "ml", "p", begun.id)
    assert halfway.state == "running" and 0 < halfway.versions < 18
    assert len(versions(house)) == 20 - halfway.versions
    several(house, 2, "later")  # not there when it began, but in its project: matched as it is reached
    next_process = Deletions(house.world.records, house.world.projects)
    next_process.work()
    done = next_process.get(ada, "ml", "p", begun.id)
    assert (done.state, done.versions) == ("done", 18)
    assert versions(house) == [18, 19]
    assert house.collections.get(ada, "ml", "p", "set").version_count == 2
    rows = house.audit.find(ada, entity="ml", action="artifact.delete_where").items
    assert sum(row.detail["count"] for row in rows) == 18
    assert {row.by for row in rows} == {"ada"}


def test_two_processes_at_one_deletion_count_every_version_once(house: ArtifactWorld) -> None:
    several(house, 60)
    ada = house.world.ada
    begun = house.deletions.begin(ada, "ml", "p", VersionQuery())
    others = [Deletions(house.world.records, house.world.projects) for _ in range(3)]
    threads = [threading.Thread(target=one.work) for one in [house.deletions, *others]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    house.deletions.work()
    done = house.deletions.get(ada, "ml", "p", begun.id)
    if done.state == "running":  # whoever held it let go between two looks
        pytest.fail("nobody ended it")
    assert done.versions == 60 and versions(house) == []
    assert house.collections.get(ada, "ml", "p", "set").version_count == 0


def test_one_that_was_cancelled_stops_and_stays_so(
    house: ArtifactWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WINDOW_FIRST", 3)
    monkeypatch.setattr(module, "_WINDOW_MAX", 3)
    several(house, 12)
    ben = house.world.ben
    begun = house.deletions.begin(ben, "ml", "p", VersionQuery())
    steps = iter([True, True, False])
    house.deletions.run(begun.id, goes_on=lambda: next(steps))
    with pytest.raises(NotAllowed):
        house.deletions.cancel(house.world.vic, "ml", "p", begun.id)
    stopped = house.deletions.cancel(ben, "ml", "p", begun.id)
    assert stopped.state == "cancelled" and 0 < stopped.versions < 12
    house.deletions.work()
    assert len(versions(house)) == 12 - stopped.versions
    assert house.deletions.cancel(ben, "ml", "p", begun.id).state == "cancelled"
    told = house.audit.find(house.world.ada, entity="ml", action="deletion.cancel").items
    assert [row.by for row in told] == ["ben"]
    listed = house.deletions.find(house.world.vic, "ml", "p").items
    assert [one.id for one in listed] == [begun.id]


def test_policies_are_applied_at_once_when_asked(house: ArtifactWorld) -> None:
    ada = house.world.ada
    several(house, 4)
    several(house, 4, "free")
    house.policies.set_rule(ada, "ml", "p", "set", {"last": 1})
    begun = house.deletions.begin_retention(ada, "ml", "p")
    house.deletions.work()
    assert house.deletions.get(ada, "ml", "p", begun.id).versions == 3
    assert (versions(house), versions(house, "free")) == ([3], [0, 1, 2, 3])
    with pytest.raises(NotAllowed):
        house.deletions.begin_retention(house.world.ben, "ml", "p")


def test_who_may_not_see_or_write_deletes_nothing(house: ArtifactWorld) -> None:
    several(house, 1)
    with pytest.raises(NotAllowed):
        house.deletions.begin(house.world.vic, "ml", "p", VersionQuery())
    with pytest.raises(NotFound):
        house.deletions.begin(house.world.eve, "ml", "p", VersionQuery())
    begun = house.deletions.begin(house.world.ada, "ml", "p", VersionQuery())
    with pytest.raises(NotFound):
        house.deletions.get(house.world.eve, "ml", "p", begun.id)


@pytest.mark.parametrize(
    "query",
    [
        VersionQuery(keep_last=-1),
        VersionQuery(metadata=(Condition("a", "~", 1),)),
        VersionQuery(metadata=(Condition("", "=", 1),)),
        VersionQuery(metadata=(Condition("a", "<", [1]),)),
        VersionQuery(tag="not/a tag"),
    ],
)
def test_a_query_that_says_nothing_sensible_is_refused(house: ArtifactWorld, query: VersionQuery) -> None:
    house.log("set", {"w": b"1"})
    with pytest.raises(Invalid):
        house.deletions.begin(house.world.ada, "ml", "p", query)
