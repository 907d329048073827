"""Who may do what: every function over projects, runs and views, tried by everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.support.world import SYSTEM, World

from runstone.server.domain import access as access_module
from runstone.server.domain.access import Access
from runstone.server.domain.errors import NotAllowed, NotFound, NotSignedIn
from runstone.server.domain.identity import ANONYMOUS, Actor, EntityId, Permission, Role, RunKey
from runstone.server.domain.runs import RunChange, RunQuery

Call = Callable[[World, Actor, RunKey, str], Any]

READ: dict[str, Call] = {
    "entity": lambda w, a, _k, _v: w.entities.entity(a, "ml"),
    "members": lambda w, a, _k, _v: w.entities.members(a, "ml"),
    "project": lambda w, a, _k, _v: w.projects.get(a, "ml", "p"),
    "projects of the team": lambda w, a, _k, _v: w.projects.find(a, entity="ml"),
    "trash": lambda w, a, _k, _v: w.projects.trash(a, "ml"),
    "run": lambda w, a, _k, _v: w.runs.get(a, "ml", "p", "r1"),
    "run by key": lambda w, a, k, _v: w.runs.get_by_key(a, k),
    "key": lambda w, a, _k, _v: w.runs.key_of(a, "ml", "p", "r1"),
    "keys": lambda w, a, _k, _v: w.runs.keys_of(a, "ml", "p", ["r1"]),
    "check": lambda w, a, k, _v: w.runs.check(a, k, Permission.READ),
    "find": lambda w, a, _k, _v: w.runs.find(a, "ml", "p", RunQuery()),
    "find keys": lambda w, a, _k, _v: w.runs.find_keys(a, "ml", "p", RunQuery()),
    "count": lambda w, a, _k, _v: w.runs.count(a, "ml", "p", RunQuery()),
    "group": lambda w, a, _k, _v: w.runs.group(a, "ml", "p", RunQuery(), by=["state"]),
    "columns": lambda w, a, _k, _v: w.runs.columns(a, "ml", "p"),
    "config history": lambda w, a, k, _v: w.runs.config_history(a, k),
    "views": lambda w, a, _k, _v: w.views.find(a, "ml", "p", kind="workspace"),
    "view": lambda w, a, _k, v: w.views.get(a, v),
    "own view": lambda w, a, _k, _v: w.views.save(a, "ml", "p", kind="workspace", name="x", spec={}),
}
WRITE: dict[str, Call] = {
    "ensure project": lambda w, a, _k, _v: w.projects.ensure(a, "ml", "new"),
    "ensure a project that exists": lambda w, a, _k, _v: w.projects.ensure(a, "ml", "p"),
    "update project": lambda w, a, _k, _v: w.projects.update(a, "ml", "p", description="d"),
    "delete project": lambda w, a, _k, _v: w.projects.delete(a, "ml", "p"),
    "upsert": lambda w, a, _k, _v: w.runs.upsert(a, "ml", "p", "r1", RunChange()),
    "create": lambda w, a, _k, _v: w.runs.upsert(a, "ml", "p", "new", RunChange()),
    "update": lambda w, a, k, _v: w.runs.update(a, k, RunChange(notes="n")),
    "stop": lambda w, a, k, _v: w.runs.stop(a, k),
    "tag": lambda w, a, k, _v: w.runs.tag(a, [k], add=["t"]),
    "delete": lambda w, a, k, _v: w.runs.delete(a, [k]),
    "restore": lambda w, a, k, _v: w.runs.restore(a, [k]),
    "move away": lambda w, a, k, _v: w.runs.move(a, [k], "ml", "q"),
    "shared view": lambda w, a, _k, _v: w.views.save(
        a, "ml", "p", kind="workspace", name="x", spec={}, shared=True
    ),
    "change the shared view": lambda w, a, _k, v: w.views.save(
        a, "", "", kind="workspace", name="y", spec={}, shared=True, view_id=v
    ),
    "delete the shared view": lambda w, a, _k, v: w.views.delete(a, v),
}
MANAGE: dict[str, Call] = {
    "purge": lambda w, a, k, _v: w.runs.purge(a, [k]),
    "set member": lambda w, a, _k, _v: w.entities.set_member(a, "ml", "eve", Role.VIEWER),
    "remove member": lambda w, a, _k, _v: w.entities.remove_member(
        a, "ml", "ben" if a.username == "vic" else "vic"
    ),
}
# Who may: by the most they may do on the team.
MAY = {"admin": 3, "ada": 3, "olga": 3, "ben": 2, "vic": 1, "oscar": 0, "eve": 0}


@pytest.mark.parametrize(
    ("need", "call"),
    [
        pytest.param(need, call, id=name)
        for need, calls in ((1, READ), (2, WRITE), (3, MANAGE))
        for name, call in calls.items()
    ],
)
def test_each_function_asks_for_its_permission(world: World, need: int, call: Call) -> None:
    """Strangers hear NotFound, members without the right NotAllowed; then those who may, may."""
    run = world.run("r1")
    view = world.views.save(world.ada, "ml", "p", kind="workspace", name="v", spec={}, shared=True)
    before = world.runs.get_by_key(SYSTEM, run.key)
    with pytest.raises(NotSignedIn):
        call(world, ANONYMOUS, run.key, view.id)
    for name, may in MAY.items():
        if may >= need:
            continue
        with pytest.raises(NotFound if may == 0 else NotAllowed):
            call(world, getattr(world, name), run.key, view.id)
    if need > 1:
        with pytest.raises(NotAllowed):
            call(world, replace(world.ada, read_only=True), run.key, view.id)
    assert world.runs.get_by_key(SYSTEM, run.key) == before
    assert world.views.get(SYSTEM, view.id) == view
    able = next(name for name, may in reversed(MAY.items()) if may >= need)
    call(world, getattr(world, able), run.key, view.id)


def test_what_is_absent_and_what_is_hidden_sound_the_same(world: World) -> None:
    world.run("r1")
    world.runs.upsert(SYSTEM, "ml", "real", "r1", RunChange())

    def heard(entity: str, project: str) -> list[str]:
        calls = (
            lambda: world.projects.get(world.eve, entity, project),
            lambda: world.runs.get(world.eve, entity, project, "r1"),
            lambda: world.entities.entity(world.eve, entity),
            lambda: world.runs.find(world.eve, entity, project, RunQuery()),
        )
        messages = []
        for call in calls:
            with pytest.raises(NotFound) as caught:
                call()
            messages.append(f"{type(caught.value).__name__} {caught.value.message} {caught.value.fields}")
        return messages

    hidden = [text.replace("real", "P").replace("ml", "E") for text in heard("ml", "real")]
    absent = [text.replace("fake", "P").replace("nowhere", "E") for text in heard("nowhere", "fake")]
    assert hidden == absent


def test_a_view_of_ones_own_is_nobody_elses(world: World) -> None:
    world.run("r1")
    own = world.views.save(world.vic, "ml", "p", kind="workspace", name="mine", spec={"a": 1})
    for actor in (world.ada, world.ben, world.olga, world.eve):
        with pytest.raises(NotFound):
            world.views.get(actor, own.id)
        with pytest.raises(NotFound):
            world.views.delete(actor, own.id)
        if actor is not world.eve:
            assert world.views.find(actor, "ml", "p", kind="workspace") == []
    with pytest.raises(NotAllowed):  # a viewer keeps views, but shares none
        world.views.save(
            world.vic, "", "", kind="workspace", name="mine", spec={}, shared=True, view_id=own.id
        )
    assert world.views.get(world.vic, own.id) == own
    world.views.delete(world.vic, own.id)


def test_a_run_moves_only_where_one_may_write(world: World) -> None:
    run = world.run("r1")
    with pytest.raises(NotFound):
        world.runs.move(world.ben, [run.key], "acme", "q")
    with pytest.raises(NotFound):
        world.runs.move(world.ben, [run.key], "ada", "q")
    assert world.runs.move(world.ben, [run.key], "ben", "q") == 1
    assert world.runs.get(world.ben, "ben", "q", "r1").key == run.key
    with pytest.raises(NotFound):
        world.runs.get_by_key(world.ada, run.key)


def test_one_foreign_run_among_many_leaves_all_untouched(world: World) -> None:
    mine = [world.run(f"r{n}").key for n in range(3)]
    foreign = world.runs.upsert(world.eve, "eve", "p", "hers", RunChange())[0].key
    for call in (world.runs.delete, world.runs.purge, world.runs.restore):
        with pytest.raises(NotFound):
            call(world.ada, [*mine, foreign])
    with pytest.raises(NotFound):
        world.runs.tag(world.ada, [*mine, foreign], add=["t"])
    assert world.ids() == ["r2", "r1", "r0"]
    assert world.ids({"tags": "t"}) == []
    assert world.purged == []


def test_listings_hold_only_what_one_may_read(world: World) -> None:
    world.run("r1")
    world.runs.upsert(world.eve, "eve", "hers", "r1", RunChange())
    listed = {
        name: {(p.entity, p.name) for p in world.projects.find(getattr(world, name))}
        for name in ("admin", "ada", "vic", "olga", "oscar", "eve")
    }
    both = {("ml", "p"), ("eve", "hers")}
    assert listed == {
        "admin": both,
        "ada": {("ml", "p")},
        "vic": {("ml", "p")},
        "olga": {("ml", "p")},
        "oscar": set(),
        "eve": {("eve", "hers")},
    }
    assert world.access.readable_entities(world.admin) is None
    assert world.access.readable_entities(ANONYMOUS) == set()


def test_a_role_that_changed_counts_at_once_here_and_within_seconds_elsewhere(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = world.entities.entity(world.ada, "ml").id
    other = Access(world.records)
    assert other.allows(world.ben, Permission.WRITE, team)
    assert world.access.allows(world.ben, Permission.WRITE, team)
    world.entities.set_member(world.ada, "ml", "ben", Role.VIEWER)
    assert not world.access.allows(world.ben, Permission.WRITE, team)
    real = access_module.time.monotonic
    monkeypatch.setattr(access_module.time, "monotonic", lambda: real() + access_module.ROLES_CACHED_SECONDS)
    assert not other.allows(world.ben, Permission.WRITE, team)


@pytest.mark.parametrize("permission", list(Permission))
def test_an_entity_that_does_not_exist_is_nobodys(world: World, permission: Permission) -> None:
    allowed = world.access.allows(world.ada, permission, EntityId(10**9))
    assert allowed == (permission <= Permission.SIGNED_IN)
    assert world.access.allows(ANONYMOUS, permission, EntityId(1)) == (permission is Permission.NOBODY)
    assert world.access.allows(SYSTEM, permission, EntityId(1))
