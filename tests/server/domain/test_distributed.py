"""Versions that several runs make together: whose part is in, and what becomes of one that is late."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.server.domain.test_storage_races import Meanwhile
from tests.support.artifact_world import ArtifactWorld, entry, open_artifacts
from tests.support.world import World

from runstone.server.domain import artifact_commit
from runstone.server.domain.artifact_model import Member, VersionWanted
from runstone.server.domain.artifacts import Created
from runstone.server.domain.distributed import Part
from runstone.server.domain.errors import Conflict, VersionClosed
from runstone.server.stores.records import artifacts as statements

_groups = itertools.count()


@pytest.fixture
def house(world: World, tmp_path: Path) -> ArtifactWorld:
    return open_artifacts(world, tmp_path / "blobs")


def begin(house: ArtifactWorld, run: str, part: str = "", group: str = "g") -> Created:
    wanted = VersionWanted("dataset", "set", run=run, client_id=part or run, distributed_id=group)
    return house.artifacts.create(house.world.ada, "ml", "p", wanted)


def add(house: ArtifactWorld, run: str, part: str = "", *, group: str = "g", data: bytes = b"") -> int:
    """A run's part, whole; which version it went to."""
    made = begin(house, run, part, group)
    if not made.existed:
        name = part or run
        data = data or name.encode()
        house.uploads.put_many(house.world.ada, "ml", [data])
        found = [entry(name, data)]
        house.artifacts.add_entries(house.world.ada, made.version.id, found, part=Part(name, run))
    return made.version.id


def paths(house: ArtifactWorld, member: Member) -> list[str]:
    return [found.path for found in house.artifacts.entries(house.world.ada, member.version.id)]


def commit(house: ArtifactWorld, version: int) -> Member:
    return house.artifacts.commit(house.world.ada, version)


def test_a_part_that_comes_when_the_version_is_committed_is_refused_and_the_version_stays(
    house: ArtifactWorld,
) -> None:
    for run in ("r1", "r2", "r3"):
        house.world.run(run)
    assert add(house, "r1") == add(house, "r2")
    member = commit(house, add(house, "r1", "last"))
    with pytest.raises(VersionClosed) as told:
        add(house, "r3")
    assert "set:v0, which runs make together as 'g', was committed before this part of it came" in str(
        told.value
    )
    assert told.value.fields["version"] == "v0" and told.value.code == "version_closed"
    assert paths(house, member) == ["last", "r1", "r2"]
    assert commit(house, member.version.id).version.sha256 == member.version.sha256
    assert add(house, "r3", group="g2") > member.version.id  # as the message says


def test_one_that_has_joined_before_the_commit_is_refused_too(house: ArtifactWorld) -> None:
    for run in ("r1", "r2"):
        house.world.run(run)
    joined = begin(house, "r2").version.id
    assert add(house, "r1") == joined
    member = commit(house, joined)
    for part in ("r2", ""):
        with pytest.raises(VersionClosed, match="was committed before this part"):
            house.artifacts.add_entries(house.world.ada, joined, [entry("r2", b"x")], part=Part(part, "r2"))
    assert paths(house, member) == ["r1"]
    with pytest.raises(VersionClosed):
        begin(house, "r2")


def test_the_id_is_used_again_for_the_next_version_by_those_who_made_the_last_and_by_later_runs(
    house: ArtifactWorld,
) -> None:
    for run in ("r1", "r2"):
        house.world.run(run)
    add(house, "r1", "a0")
    first = commit(house, add(house, "r2", "b0"))
    second = add(house, "r1", "a1")
    house.world.run("r3")
    assert second > first.version.id and add(house, "r2", "b1") == add(house, "r3", "c1") == second
    assert paths(house, commit(house, second)) == ["a1", "b1", "c1"]
    house.world.run("r4")
    assert add(house, "r4", "d2") > second


def test_a_part_that_is_sent_twice_is_added_once(house: ArtifactWorld) -> None:
    """The sender may be killed between the server's answer and its own note of it."""
    for run in ("r1", "r2"):
        house.world.run(run)
    assert add(house, "r1", "a") == add(house, "r1", "a")
    member = commit(house, add(house, "r2", "b"))
    for run, part in (("r1", "a"), ("r2", "b")):
        again = begin(house, run, part)
        assert again.existed and again.version.id == member.version.id
    assert paths(house, member) == ["a", "b"]


def test_each_run_that_added_to_it_has_made_it(house: ArtifactWorld) -> None:
    for run in ("r1", "r2", "r3"):
        house.world.run(run)
    add(house, "r1", data=b"same")
    add(house, "r2", data=b"same")
    member = commit(house, add(house, "r1"))
    for run in ("r1", "r2"):
        made = house.artifacts.of_run(house.world.ada, house.world.run(run).key, "output")
        assert [item.version.id for item in made.items] == [member.version.id]
    assert not house.artifacts.of_run(house.world.ada, house.world.run("r3").key, "output").items


def test_content_that_was_there_already_is_that_version_and_late_parts_are_told_of_it(
    house: ArtifactWorld,
) -> None:
    for run in ("r1", "r2"):
        house.world.run(run)
    twin = house.log("set", {"r1": b"r1"})
    member = commit(house, add(house, "r1"))
    assert member.version.id == twin.version.id
    with pytest.raises(VersionClosed, match="set:v0"):
        add(house, "r2")
    assert begin(house, "r1").version.id == twin.version.id


@pytest.mark.parametrize("at", [1, 2], ids=["before its parts are kept", "before it is seen"])
def test_entries_that_are_taken_while_it_is_put_together_are_in_it(house: ArtifactWorld, at: int) -> None:
    for run in ("r1", "r2"):
        house.world.run(run)
    version = add(house, "r1")
    with house.world.records.read() as conn:
        row = statements.version(conn, version)

    def act() -> None:
        add(house, "r2")

    records = Meanwhile(house.world.records, at, act)
    assert row is not None
    assert artifact_commit.Commit(records, house.world.ada, row).run() == (version, True)
    assert records.acted and paths(house, commit(house, version)) == ["r1", "r2"]


def test_no_part_that_was_taken_is_missing_whenever_the_commit_comes(house: ArtifactWorld) -> None:
    """Threads add, one commits in the midst: each part is in the version, or was refused."""
    ada, count = house.world.ada, 8
    for number in range(count):
        house.world.run(f"r{number}")
    version = add(house, "r0", "first")
    data = [b"%d" % number for number in range(count)]
    house.uploads.put_many(ada, "ml", data)
    taken: list[str] = []
    refused: list[str] = []
    start = threading.Barrier(count + 1)

    def work(number: int) -> None:
        start.wait()
        for more in range(3):
            name = f"p{number}-{more}"
            try:
                part = Part(name, f"r{number}")
                house.artifacts.add_entries(ada, version, [entry(name, data[number])], part=part)
                taken.append(name)
            except Conflict:
                refused.append(name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    start.wait()
    member = commit(house, version)
    for thread in threads:
        thread.join()
    assert len(taken) + len(refused) == 3 * count
    assert paths(house, member) == sorted(["first", *taken])


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(["r1", "r2", "r3", "commit"]), max_size=12))
def test_whatever_the_order_each_part_is_in_a_version_or_refused(
    house: ArtifactWorld, acts: list[str]
) -> None:
    group = f"g{next(_groups)}"
    for run in ("r1", "r2", "r3"):
        house.world.run(run)
    pending: int | None = None
    parts: dict[int, list[str]] = {}
    for number, act in enumerate(acts):
        name = f"{group}-{number}"
        if act != "commit":
            try:
                pending = add(house, act, name, group=group)
                parts.setdefault(pending, []).append(name)
            except VersionClosed:
                assert pending is None
        elif pending is not None:
            assert paths(house, commit(house, pending)) == sorted(parts[pending])
            pending = None
    for version, names in parts.items():
        if version != pending:
            found = house.artifacts.entries(house.world.ada, version)
            assert [one.path for one in found] == sorted(names)
