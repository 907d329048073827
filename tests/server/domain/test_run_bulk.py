"""Many runs at once: to the trash and back, purged, moved, tagged."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.world import SYSTEM, World

from runstone.server.domain.errors import Conflict, NotFound
from runstone.server.domain.identity import RunKey
from runstone.server.domain.runs import RunChange, RunQuery


def test_a_deleted_run_is_gone_from_sight_and_comes_back(world: World) -> None:
    run = world.run("r1", config={"lr": 1}, summary={"loss": 1})
    world.run("r2", config={"lr": 1})
    assert world.runs.delete(world.ada, [run.key, run.key]) == 1
    assert world.runs.delete(world.ada, [run.key]) == 0
    with pytest.raises(NotFound):
        world.runs.get(world.ada, "ml", "p", "r1")
    trashed = world.runs.get(world.ada, "ml", "p", "r1", trash=True)
    assert trashed.deleted_at is not None
    assert world.ids() == ["r2"]
    assert world.ids(trash=True) == ["r1"]
    assert world.runs.keys_of(world.ada, "ml", "p", ["r1", "r2", "r3"]).keys() == {"r2"}
    assert {c.path: c.runs for c in world.runs.columns(world.ada, "ml", "p")} == {"config.lr": 1}
    with pytest.raises(Conflict, match="trash"):
        world.runs.update(world.ada, run.key, RunChange(notes="n"))

    assert world.runs.restore(world.ada, [run.key]) == 1
    assert world.runs.restore(world.ada, [run.key]) == 0
    assert sorted(world.ids()) == ["r1", "r2"]
    assert {c.path: c.runs for c in world.runs.columns(world.ada, "ml", "p")} == {
        "config.lr": 2,
        "summary.loss": 1,
    }


def test_data_of_a_live_run_that_was_deleted_does_not_bring_it_back(world: World) -> None:
    run = world.run("r1")
    world.runs.delete(world.ada, [run.key])
    with pytest.raises(Conflict, match="deleted while it was running"):
        world.run("r1")
    world.runs.restore(world.ada, [run.key])
    assert world.run("r1").key == run.key


def test_the_id_of_an_ended_run_in_the_trash_is_free(world: World) -> None:
    old = world.run("r1", state="finished")
    world.runs.delete(world.ada, [old.key])
    new = world.run("r1")
    assert new.key != old.key
    with pytest.raises(Conflict, match="already"):
        world.runs.restore(world.ada, [old.key])
    world.runs.delete(world.ada, [new.key])
    with pytest.raises(Conflict, match="already"):  # two of one id cannot both return
        world.runs.restore(world.ada, [old.key, new.key])
    assert world.runs.restore(world.ada, [old.key]) == 1


def test_a_purged_run_is_gone_and_its_number_is_not_given_again(world: World) -> None:
    run = world.run("r1", config={"lr": 1})
    kept = world.run("r2")
    world.runs.delete(world.ada, [run.key])
    assert world.runs.purge(world.ada, [run.key]) == 1
    assert world.purged == [run.key]
    for call in (
        lambda: world.runs.get_by_key(SYSTEM, run.key),
        lambda: world.runs.get(SYSTEM, "ml", "p", "r1", trash=True),
        lambda: world.runs.purge(SYSTEM, [run.key]),
    ):
        with pytest.raises(NotFound):
            call()
    assert world.ids() == ["r2"]
    assert world.ids(trash=True) == []
    assert world.runs.columns(world.ada, "ml", "p") == []
    world.runs.purge(world.ada, [kept.key])
    assert world.run("r3").key > kept.key


def test_a_purge_that_breaks_off_can_be_ended(world: World) -> None:
    run = world.run("r1")

    def broken(_keys: Any) -> None:
        raise OSError("the disk went away")

    world.runs._bulk._on_purge.insert(0, broken)
    with pytest.raises(OSError, match="disk"):
        world.runs.purge(world.ada, [run.key])
    assert world.ids(trash=True) == ["r1"]
    world.runs._bulk._on_purge.remove(broken)
    assert world.runs.purge(world.ada, [run.key]) == 1
    assert world.ids(trash=True) == []


def test_runs_move_to_another_project_with_all_they_hold(world: World) -> None:
    runs = [world.run(f"r{n}", config={"lr": n}, tags=["t"]) for n in range(3)]
    world.runs.upsert(world.ada, "ml", "q", "r2", RunChange())
    assert world.ids(order=["config.lr"]) == ["r0", "r1", "r2"]  # the index of p is there before
    with pytest.raises(Conflict, match="r2"):
        world.runs.move(world.ada, [runs[2].key, runs[1].key], "ml", "q")
    assert world.runs.move(world.ada, [runs[0].key, runs[1].key], "ml", "q") == 2
    assert world.ids() == ["r2"]
    found = world.runs.find(world.ada, "ml", "q", RunQuery(order=["config.lr"])).runs
    assert [(run.id, run.key, run.config, run.tags) for run in found] == [
        ("r0", runs[0].key, {"lr": 0}, ("t",)),
        ("r1", runs[1].key, {"lr": 1}, ("t",)),
        ("r2", found[2].key, {}, ()),
    ]
    assert world.runs.move(world.ada, [runs[0].key], "ml", "q") == 0
    assert {c.path: c.runs for c in world.runs.columns(world.ada, "ml", "q")} == {"config.lr": 2}
    moved_back = world.runs.move(world.ada, [runs[0].key], "ml", "p")
    assert (moved_back, world.ids(order=["config.lr"])) == (1, ["r0", "r2"])


def test_tags_are_added_and_removed_on_many(world: World) -> None:
    keys = [world.run(f"r{n}", tags=["old", f"t{n}"]).key for n in range(3)]
    assert world.runs.tag(world.ben, keys, add=["new", "t1"], remove=["old"]) == 3
    assert [world.runs.get_by_key(world.ada, key).tags for key in keys] == [
        ("t0", "new", "t1"),
        ("t1", "new"),
        ("t2", "new", "t1"),
    ]
    assert world.runs.tag(world.ben, keys, add=["new"]) == 0
    with pytest.raises(NotFound):
        world.runs.tag(world.ada, [*keys, RunKey(10**9)], add=["x"])


def test_many_runs_go_at_once(world: World) -> None:
    keys = [world.run(f"r{n}", config={"n": n}).key for n in range(30)]
    assert world.runs.delete(world.ada, keys) == 30
    assert world.runs.restore(world.ada, keys[:10]) == 10
    assert world.runs.purge(world.ada, keys[10:]) == 20
    assert len(world.ids()) == 10
    assert world.projects.get(world.ada, "ml", "p").run_count == 10
    assert [c.runs for c in world.runs.columns(world.ada, "ml", "p")] == [10]
