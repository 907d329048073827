"""A deletion of many versions undone whole: what comes back, what does not, and what a crash changes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.artifact_world import ArtifactWorld, open_artifacts
from tests.support.world import SYSTEM, World

from runstone.server.domain import deletion_work as module
from runstone.server.domain.deletion_model import Deletion
from runstone.server.domain.deletions import Deletions
from runstone.server.domain.errors import NotAllowed, NotFound
from runstone.server.domain.identity import Actor
from runstone.server.domain.version_selection import VersionQuery

ROOT = Actor(None, "", is_admin=True, system="tests")
TYPES = {"set": "dataset", "net": "model", "ckpt-a": "model"}


@pytest.fixture
def house(world: World, tmp_path: Path) -> ArtifactWorld:
    return open_artifacts(world, tmp_path / "blobs")


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three versions a step."""
    for name in ("_WINDOW_FIRST", "_WINDOW_MIN", "_WINDOW_MAX"):
        monkeypatch.setattr(module, name, 3)
    monkeypatch.setattr(module, "LEASE_SECONDS", 0.0)


def several(house: ArtifactWorld, count: int, name: str = "set", **wanted: Any) -> None:
    for number in range(count):
        house.log(name, {"w": f"{name}{number}".encode()}, **wanted)


def delete(house: ArtifactWorld, query: VersionQuery, *, actor: Actor | None = None) -> Deletion:
    begun = house.deletions.begin(actor or house.world.ada, "ml", "p", query, reason="too many")
    house.deletions.work()
    return house.deletions.get(house.world.ada, "ml", "p", begun.id)


def undo(house: ArtifactWorld, number: int, *, actor: Actor | None = None) -> Deletion:
    house.deletions.undo(actor or house.world.ada, "ml", "p", number)
    house.deletions.work()
    return house.deletions.get(house.world.ada, "ml", "p", number)


def standing(house: ArtifactWorld, project: str = "p") -> dict[str, Any]:
    """All that a reader of the project can see of its artifacts, save when they were last touched."""
    ada, found = house.world.ada, {}
    for place in house.collections.find(ada, "ml", project, limit=1000).items:
        page = house.artifacts.find(ada, "ml", project, place.name, sort="version_index", limit=1000)
        versions = [
            (
                one.index,
                one.version.id,
                one.version.sha256,
                one.version.size,
                one.version.tags,
                one.version.expires_at,
                [(alias.alias, alias.set_by, alias.set_at, alias.reason) for alias in one.aliases],
            )
            for one in page.items
        ]
        found[place.name] = (place.type, place.version_count, place.tags, place.description, versions)
    return {"collections": found, "use": house.storage.use(ada, "ml", project)}


def test_an_undo_brings_back_all_and_latest_as_it_was_set(house: ArtifactWorld, narrow: None) -> None:
    several(house, 8)
    several(house, 5, "net", type="model", tags=("draft",))
    before = standing(house)
    done = delete(house, VersionQuery(), actor=house.world.ben)
    assert (done.versions, done.in_trash) == (13, 13)
    assert standing(house) != before
    back = undo(house, done.id)
    assert (back.state, back.versions, back.restored, back.in_trash, back.purged) == ("undone", 13, 13, 0, 0)
    assert (back.by, back.undo_by, back.scanned, back.to_scan) == ("ben", "ada", 13, 13)
    assert standing(house) == before
    ada = house.world.ada
    rows = house.audit.find(ada, entity="ml", action="artifact.restore").items
    assert sum(row.detail.get("count", 1) for row in rows) == 13
    assert {row.detail["deletion"] for row in rows} == {done.id} and {row.by for row in rows} == {"ada"}
    for action in ("deletion.undo", "deletion.undone"):
        assert len(house.audit.find(ada, entity="ml", action=action).items) == 1, action
    assert undo(house, done.id) == back  # there is nothing left to bring back


def test_latest_that_was_claimed_since_stays_where_it_is(house: ArtifactWorld) -> None:
    ada = house.world.ada
    several(house, 3)
    done = delete(house, VersionQuery(keep_last=0))
    newer = house.log("set", {"w": b"newer"})
    assert undo(house, done.id).restored == 3
    assert house.artifacts.get(ada, "ml", "p", "set").index == newer.index == 3


def test_an_undo_stops_the_deletion_that_still_runs(house: ArtifactWorld, narrow: None) -> None:
    several(house, 12)
    before = standing(house)
    ada = house.world.ada
    begun = house.deletions.begin(ada, "ml", "p", VersionQuery())
    steps = iter([True, True, False])
    house.deletions.run(begun.id, goes_on=lambda: next(steps))
    assert house.deletions.get(ada, "ml", "p", begun.id).state == "running"
    back = undo(house, begun.id)
    assert (back.state, back.in_trash) == ("undone", 0) and 0 < back.versions == back.restored < 12
    assert standing(house) == before


def test_an_undo_that_dies_is_gone_on_with_and_one_that_is_stopped_may_be_taken_up(
    house: ArtifactWorld, narrow: None
) -> None:
    several(house, 12)
    before = standing(house)
    ada = house.world.ada
    done = delete(house, VersionQuery())
    house.deletions.undo(ada, "ml", "p", done.id)
    steps = iter([True, True, False])
    house.deletions.run(done.id, goes_on=lambda: next(steps))
    halfway = house.deletions.get(ada, "ml", "p", done.id)
    assert halfway.state == "undoing" and 0 < halfway.restored < 12
    assert halfway.restored + halfway.in_trash == 12 and halfway.scanned == halfway.restored
    stopped = house.deletions.cancel(ada, "ml", "p", done.id)
    assert (stopped.state, stopped.restored) == ("cancelled", halfway.restored)
    house.deletions.undo(ada, "ml", "p", done.id)
    next_process = Deletions(house.world.records, house.world.projects)
    next_process.work()
    back = next_process.get(ada, "ml", "p", done.id)
    assert (back.state, back.restored, back.in_trash) == ("undone", 12, 0)
    assert standing(house) == before


def test_versions_that_were_restored_or_purged_meanwhile_are_counted(house: ArtifactWorld) -> None:
    ada = house.world.ada
    several(house, 6)
    ids = [member.version.id for member in house.artifacts.find(ada, "ml", "p", "set", limit=10).items]
    first = delete(house, VersionQuery(ids=tuple(ids[:2])))
    house.storage.collect(ROOT, trash_seconds=0, spared_seconds=0)
    told = house.deletions.get(ada, "ml", "p", first.id)
    assert (told.in_trash, told.restored, told.purged) == (0, 0, 2)
    second = delete(house, VersionQuery(ids=tuple(ids[2:])))
    assert house.artifacts.restore_many(ada, "ml", "p", "set", ids[2:4]) == 2
    house.artifacts.delete(ada, ids[2], delete_aliases=True)  # by hand: no part of the deletion any more
    back = undo(house, second.id)
    assert (back.versions, back.restored, back.in_trash, back.purged) == (4, 4, 0, 0)
    assert undo(house, first.id).state == "done"
    indexes = [one.index for one in house.artifacts.find(ada, "ml", "p", "set", limit=10).items]
    assert sorted(indexes) == [0, 1, 2]


def test_what_went_with_its_collection_waits_for_it(house: ArtifactWorld) -> None:
    ada = house.world.ada
    several(house, 3)
    several(house, 3, "net", type="model")
    before = standing(house)
    done = delete(house, VersionQuery())
    net = house.trash.delete(ada, "ml", "p", "net")
    part = undo(house, done.id)
    assert (part.state, part.restored, part.in_trash) == ("undone", 3, 3)
    house.trash.restore(ada, "ml", "p", id=net.id)
    assert undo(house, done.id).in_trash == 0
    assert standing(house) == before


def test_a_policy_applied_at_once_is_undone_too(house: ArtifactWorld) -> None:
    ada = house.world.ada
    several(house, 5)
    house.policies.set_rule(ada, "ml", "p", "set", {"last": 2})
    before = standing(house)
    begun = house.deletions.begin_retention(ada, "ml", "p")
    house.deletions.work()
    back = undo(house, begun.id, actor=house.world.ben)
    assert (back.kind, back.restored) == ("retention", 3)
    assert standing(house) == before


def test_who_may_not_write_undoes_nothing(house: ArtifactWorld) -> None:
    several(house, 2)
    done = delete(house, VersionQuery())
    with pytest.raises(NotAllowed):
        house.deletions.undo(house.world.vic, "ml", "p", done.id)
    with pytest.raises(NotFound):
        house.deletions.undo(house.world.eve, "ml", "p", done.id)
    with pytest.raises(NotFound):
        house.deletions.undo(house.world.ada, "ml", "p", done.id + 1)
    assert house.deletions.get(house.world.ada, "ml", "p", done.id).in_trash == 2


def test_a_time_to_live_that_runs_on_is_kept_and_one_that_is_over_does_not_count(
    house: ArtifactWorld,
) -> None:
    house.log("set", {"w": b"1"}, ttl_seconds=3600)
    before = standing(house)
    done = delete(house, VersionQuery())
    undo(house, done.id)
    assert standing(house) == before
    assert house.retention.expire(SYSTEM, now=time.time() + 3601) == 1


queries = st.builds(
    VersionQuery,
    type=st.sampled_from(["", "", "model"]),
    collection=st.sampled_from(["", "", "set", "ckpt-*", "n?t"]),
    tag=st.sampled_from(["", "", "draft"]),
    unaliased=st.booleans(),
    keep_last=st.integers(0, 2),
)
logged = st.lists(
    st.tuples(
        st.sampled_from(sorted(TYPES)),
        st.sampled_from([(), (), ("draft",)]),
        st.sampled_from([None, None, "alias", "link", "latest"]),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=logged, asked=st.lists(queries, min_size=1, max_size=3), data=st.data())
def test_deletions_undone_leave_everything_as_it_was(
    house: ArtifactWorld, narrow: None, made: list[Any], asked: list[VersionQuery], data: st.DataObject
) -> None:
    """Aliases with who set them when, tags, lists, counts and use: after undoing any deletions in any
    order."""
    ada = house.world.ada
    project = f"p{time.monotonic_ns()}"
    for at, (name, tags, more) in enumerate(made):
        one = house.log(name, {"w": b"%d" % at}, project=project, type=TYPES[name], tags=tags)
        if more == "alias":
            house.artifacts.set_aliases(ada, one, add=["best"], reason="by hand")
        elif more == "link":
            house.artifacts.link(ada, one.version.id, "ml", project, f"chosen-{TYPES[name]}")
        elif more == "latest":
            first = house.artifacts.get(ada, "ml", project, f"{name}:v0")
            house.artifacts.set_aliases(ada, first, add=["latest"])
    before = standing(house, project)
    numbers = []
    for query in asked:
        numbers.append(house.deletions.begin(ada, "ml", project, query).id)
        house.deletions.work()
    for number in data.draw(st.permutations(numbers)):
        house.deletions.undo(ada, "ml", project, number)
        house.deletions.work()
        found = house.deletions.get(ada, "ml", project, number)
        assert (found.in_trash, found.restored) == (0, found.versions)
    assert standing(house, project) == before
