"""Parts of a version that come in several calls: whole in it, or not at all, and once."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.artifact_world import ArtifactWorld, entry, open_artifacts
from tests.support.world import World

from runstone.server.domain.artifact_model import VersionWanted
from runstone.server.domain.distributed import Part
from runstone.server.domain.errors import Conflict, VersionClosed

_groups = itertools.count()
CALLS, ENTRIES = 3, 2  # of each part, and of each call


@pytest.fixture
def house(world: World, tmp_path: Path) -> ArtifactWorld:
    return open_artifacts(world, tmp_path / "blobs")


def begin(house: ArtifactWorld, run: str, part: str, group: str = "g") -> int:
    wanted = VersionWanted("dataset", "set", run=run, client_id=part, distributed_id=group)
    return house.artifacts.create(house.world.ada, "ml", "p", wanted).version.id


def paths_of(part: str, count: int = CALLS * ENTRIES) -> list[str]:
    return [f"{part}/{number}" for number in range(count)]


def call(house: ArtifactWorld, version: int, run: str, part: str, number: int) -> None:
    """The part's call of that number."""
    some = paths_of(part)[number * ENTRIES : (number + 1) * ENTRIES]
    house.uploads.put_many(house.world.ada, "ml", [path.encode() for path in some])
    said = Part(part, run, at=number * ENTRIES, more=number < CALLS - 1)
    entries = [entry(path, path.encode()) for path in some]
    house.artifacts.add_entries(house.world.ada, version, entries, part=said)


def committed(house: ArtifactWorld, version: int) -> list[str]:
    member = house.artifacts.commit(house.world.ada, version)
    return [found.path for found in house.artifacts.entries(house.world.ada, member.version.id)]


def test_of_a_part_whose_maker_is_gone_before_it_is_whole_nothing_is_in_the_version(
    house: ArtifactWorld,
) -> None:
    for run in ("r1", "r2"):
        house.world.run(run)
    version = begin(house, "r1", "half")
    for number in range(CALLS - 1):
        call(house, version, "r1", "half", number)
    for number in range(CALLS):
        call(house, begin(house, "r2", "whole"), "r2", "whole", number)
    assert committed(house, version) == paths_of("whole")
    with pytest.raises(VersionClosed):
        call(house, version, "r1", "half", CALLS - 1)
    assert not house.artifacts.of_run(house.world.ada, house.world.run("r1").key, "output").items
    (made,) = house.artifacts.of_run(house.world.ada, house.world.run("r2").key, "output").items
    assert made.version.run == "ml/p/r2"


def test_a_part_that_begins_anew_forgets_what_came_of_it_and_one_that_is_whole_does_not_change(
    house: ArtifactWorld,
) -> None:
    house.world.run("r1")
    version = begin(house, "r1", "p")
    for number in (0, 1, 1, 0, 1, 2, 2, 0):  # cut off, begun anew, answers lost, sent again when whole
        call(house, version, "r1", "p", number)
    other = [entry("p/0", b"other bytes under the same name")]
    house.artifacts.add_entries(house.world.ada, version, other, part=Part("p", "r1", at=0, more=True))
    assert committed(house, version) == paths_of("p")


def test_a_part_with_a_gap_is_refused_with_what_to_do(house: ArtifactWorld) -> None:
    house.world.run("r1")
    version = begin(house, "r1", "p")
    with pytest.raises(Conflict, match=r"0 entries have come.*again from its first entry") as raised:
        call(house, version, "r1", "p", 1)
    assert raised.value.code == "conflict" and raised.value.fields["next_entry"] == 0


ACTS = st.one_of(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.just("next")),
    st.tuples(st.sampled_from(["a", "b", "c"]), st.just("again")),  # the last call: its answer was lost
    st.tuples(st.sampled_from(["a", "b", "c"]), st.just("killed")),  # and begins from the first
)


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, max_size=20))
def test_whatever_happens_to_their_makers_exactly_the_whole_parts_are_in_it_each_once(
    house: ArtifactWorld, acts: list[tuple[str, str]]
) -> None:
    group = f"g{next(_groups)}"
    for run in ("a", "b", "c"):
        house.world.run(run)
    version = begin(house, "a", f"{group}-a", group)
    sent = Counter[str]()
    whole = set()
    for run, act in acts:
        part = f"{group}-{run}"
        if act == "killed":
            sent[run] = 0
            continue
        number = sent[run] - 1 if act == "again" else sent[run]
        if not 0 <= number < CALLS:
            continue
        call(house, version, run, part, number)
        sent[run] = number + 1
        if number == CALLS - 1:
            whole.add(part)
    assert committed(house, version) == sorted(path for part in whole for path in paths_of(part))
