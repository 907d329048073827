"""Saved views."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from tests.support.world import World

from runstone.server.domain.errors import Conflict, Invalid, NotFound, TooLarge


def test_a_view_is_saved_changed_and_deleted(world: World) -> None:
    world.run("r1")
    spec = {"panels": [{"key": "loss", "range": [None, 1e300]}], "version": 3, "text": "\x00 é"}
    made = world.views.save(world.ada, "ml", "p", kind="workspace", name=" mine ", spec=spec)
    assert (made.name, made.owner, made.shared, made.version, made.spec) == ("mine", "ada", False, 1, spec)
    assert (made.entity, made.project, made.kind) == ("ml", "p", "workspace")
    changed = world.views.save(
        world.ada, "", "", kind="workspace", name="ours", spec={}, shared=True, view_id=made.id, if_version=1
    )
    assert (changed.id, changed.version, changed.shared) == (made.id, 2, True)
    seen = world.views.get(world.vic, made.id)
    assert changed.change.allowed and not seen.change.allowed and "viewer" in seen.change.reason
    assert replace(seen, change=changed.change) == changed
    assert [view.id for view in world.views.find(world.vic, "ml", "p", kind="workspace")] == [made.id]
    assert world.views.find(world.vic, "ml", "p", kind="runs") == []
    world.views.delete(world.ada, made.id)
    with pytest.raises(NotFound):
        world.views.get(world.ada, made.id)


def test_of_two_who_change_the_same_version_one_is_told(world: World) -> None:
    world.run("r1")
    view = world.views.save(world.ada, "ml", "p", kind="workspace", name="v", spec={}, shared=True)
    outcomes: list[str] = []
    start = threading.Barrier(6)

    def save(n: int) -> None:
        start.wait()
        try:
            world.views.save(
                world.ben,
                "",
                "",
                kind="workspace",
                name="v",
                spec={"n": n},
                shared=True,
                view_id=view.id,
                if_version=1,
            )
            outcomes.append("saved")
        except Conflict as error:
            assert error.fields["version"] == 2
            outcomes.append("told")

    threads = [threading.Thread(target=save, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["saved"] + ["told"] * 5
    assert world.views.get(world.ada, view.id).version == 2


def test_views_of_a_deleted_project_are_gone(world: World) -> None:
    world.run("r1")
    view = world.views.save(world.ada, "ml", "p", kind="workspace", name="v", spec={})
    world.projects.delete(world.ada, "ml", "p")
    with pytest.raises(NotFound):
        world.views.get(world.ada, view.id)


def test_what_is_no_view_is_refused(world: World) -> None:
    world.run("r1")
    for kind, name, spec in (("nope", "v", {}), ("workspace", " ", {}), ("workspace", "x" * 201, {})):
        with pytest.raises(Invalid):
            world.views.save(world.ada, "ml", "p", kind=kind, name=name, spec=spec)
    with pytest.raises(Invalid):
        world.views.save(world.ada, "ml", "p", kind="workspace", name="v", spec=[])  # type: ignore[arg-type]
    with pytest.raises(TooLarge):
        world.views.save(world.ada, "ml", "p", kind="workspace", name="v", spec={"x": "y" * (8 << 20)})
    for view_id in ("", "nope", "\x00", "\ud800"):
        with pytest.raises((NotFound, Invalid)):
            world.views.get(world.ada, view_id)
