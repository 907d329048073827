"""Projects: made once, found by last activity, renamed, deleted and restored."""

from __future__ import annotations

import threading
import time

import pytest
from tests.support.world import SYSTEM, World

from runstone.server.domain import projects as projects_module
from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.projects import cursor_of
from runstone.server.domain.runs import RunChange, RunQuery


def test_a_project_is_made_once(world: World) -> None:
    first, made = world.projects.ensure(world.ada, "ml", "mnist", description="digits")
    again, made_again = world.projects.ensure(world.ben, "ml", "mnist", description="other")
    assert (made, made_again) == (True, False)
    assert again == first
    assert (first.entity, first.name, first.description, first.run_count) == ("ml", "mnist", "digits", 0)


def test_a_project_made_by_many_at_once_is_one(world: World) -> None:
    made: list[bool] = []
    ids: set[int] = set()

    def ensure() -> None:
        project, new = world.projects.ensure(world.ada, "ml", "race")
        made.append(new)
        ids.add(project.id)

    threads = [threading.Thread(target=ensure) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(made), len(ids), len(made)) == (1, 1, 12)


@pytest.mark.parametrize("entity", ["", "-"])
def test_no_entity_is_ones_default_one(world: World, entity: str) -> None:
    project, _ = world.projects.ensure(world.ada, entity, "mnist")
    assert project.entity == "ada"
    assert world.projects.get(world.ada, entity, "mnist") == project


@pytest.mark.parametrize(
    "name", ["mnist", "größe 日本", "a.b-c_d", "x" * 128, "uncategorized", "(1)", "a..b"]
)
def test_project_names_are_data(world: World, name: str) -> None:
    assert world.projects.ensure(world.ada, "ml", name)[0].name == name
    assert world.projects.get(world.ada, "ml", name).name == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a\\b", "a\x00b", "a\nb", "x" * 129, " a", "a#b", "\ud800"]
)
def test_names_that_would_break_addresses_are_refused(world: World, name: str) -> None:
    with pytest.raises(Invalid):
        world.projects.ensure(world.ada, "ml", name)
    world.projects.ensure(world.ada, "ml", "p")
    with pytest.raises(Invalid):
        world.projects.update(world.ada, "ml", "p", new_name=name)


def test_found_by_last_activity_a_page_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    for n in range(5):
        monkeypatch.setattr(projects_module.time, "time", lambda n=n: now + 10 * n)
        world.projects.ensure(world.ada, "ml", f"p{n}")
    monkeypatch.setattr(projects_module.time, "time", lambda: now + 100)
    world.runs.upsert(world.ada, "ml", "p1", "r", RunChange())
    names: list[str] = []
    after = ""
    while page := world.projects.find(world.ada, after=after, limit=2):
        names += [project.name for project in page]
        after = cursor_of(page[-1])
    assert names == ["p1", "p4", "p3", "p2", "p0"]
    assert [p.name for p in world.projects.find(world.ada, search="P3")] == ["p3"]
    assert world.projects.find(world.ada, search="%") == []
    assert world.projects.find(world.ada, entity="ada") == []
    with pytest.raises(Invalid, match="cursor"):
        world.projects.find(world.ada, after="nonsense")


def test_a_project_counts_its_runs_outside_the_trash(world: World) -> None:
    keys = [world.run(f"r{n}").key for n in range(3)]
    assert world.projects.get(world.ada, "ml", "p").run_count == 3
    world.runs.delete(world.ada, keys[:2])
    world.runs.delete(world.ada, keys[:1])
    assert world.projects.get(world.ada, "ml", "p").run_count == 1
    world.runs.restore(world.ada, keys[:1])
    assert world.projects.get(world.ada, "ml", "p").run_count == 2
    world.runs.move(world.ada, keys[:1], "ml", "q")
    assert world.projects.get(world.ada, "ml", "p").run_count == 1
    assert world.projects.get(world.ada, "ml", "q").run_count == 1
    world.runs.purge(world.ada, keys[2:])
    assert world.projects.get(world.ada, "ml", "p").run_count == 0


def test_a_project_is_described_renamed_and_set(world: World) -> None:
    world.projects.ensure(world.ada, "ml", "p")
    world.projects.ensure(world.ada, "ml", "taken")
    project = world.projects.update(
        world.ada, "ml", "p", description="d\x00", settings={"x": {"y": 1}, "gone": 1}, new_name="q"
    )
    assert (project.name, project.description) == ("q", "d\ufffd")
    changed = world.projects.update(world.ada, "ml", "q", settings={"z": 2, "gone": None})
    assert changed.settings == {"x": {"y": 1}, "z": 2}
    with pytest.raises(NotFound):
        world.projects.get(world.ada, "ml", "p")
    with pytest.raises(Conflict, match="taken"):
        world.projects.update(world.ada, "ml", "q", new_name="taken")


def test_a_deleted_project_goes_to_the_trash_and_its_name_is_free(world: World) -> None:
    run = world.run("r1", project="p")
    old = world.projects.get(world.ada, "ml", "p")
    world.projects.delete(world.ada, "ml", "p")
    with pytest.raises(NotFound):
        world.projects.get(world.ada, "ml", "p")
    with pytest.raises(NotFound):
        world.runs.find(world.ada, "ml", "p", RunQuery())
    assert world.runs.get_by_key(world.ada, run.key).deleted_at is not None
    assert [project.id for project in world.projects.trash(world.ada, "ml")] == [old.id]

    new, made = world.projects.ensure(world.ada, "ml", "p")
    assert made
    assert new.id != old.id
    with pytest.raises(Conflict):
        world.projects.restore(world.ada, old.id)
    back = world.projects.restore(world.ada, old.id, name="p-old")
    assert (back.id, back.name, back.run_count) == (old.id, "p-old", 1)
    assert world.runs.get(world.ada, "ml", "p-old", "r1").key == run.key
    assert world.projects.restore(world.ada, old.id) == back  # again is harmless
    with pytest.raises(NotFound):
        world.projects.restore(world.eve, old.id)


def test_what_lay_in_the_trash_for_thirty_days_goes_for_good(world: World) -> None:
    kept = world.run("kept")
    alone = world.run("alone")
    with_project = world.run("r", project="gone")
    world.runs.delete(world.ada, [alone.key])
    gone = world.projects.get(world.ada, "ml", "gone")
    world.views.save(world.ada, "ml", "gone", kind="workspace", name="v", spec={})
    world.projects.delete(world.ada, "ml", "gone")
    now = time.time()
    assert world.runs.purge_expired(now=now + 29 * 86400) == 0
    assert world.runs.purge_expired(now=now + 31 * 86400) == 2
    assert sorted(world.purged) == [alone.key, with_project.key]
    assert world.runs.get_by_key(world.ada, kept.key) == kept
    for key in (alone.key, with_project.key):
        with pytest.raises(NotFound):
            world.runs.get_by_key(SYSTEM, key)
    with pytest.raises(NotFound):
        world.projects.restore(world.ada, gone.id)
    assert world.runs.purge_expired(now=now + 31 * 86400) == 0


def test_those_who_look_on_hear_of_projects(world: World) -> None:
    world.projects.ensure(world.ada, "ml", "p")
    world.projects.update(world.ada, "ml", "p", new_name="q")
    world.projects.delete(world.ada, "ml", "q")
    assert [(event.kind, event.entity, event.project) for event in world.feed.events] == [
        ("project", "ml", "p"),
        ("project", "ml", "q"),
        ("project", "ml", "q"),
    ]
