"""Where a run came from, what it raised alerts about, and the way to the trash and back."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext, Watch, axe_violations
from tests.browser.seed import SeededRun, Seeder

from runstone.journal.kinds import AlertRaised, Kind

PROJECT = "life"


@pytest.fixture(scope="module")
def tree(seed: Seeder) -> SeededRun:
    """root ← middle (at 3) ← leaf (at 5), and a sibling of middle."""
    rows = [{"loss": float(step)} for step in range(8)]
    root = seed.run(PROJECT, "root", name="the root", rows=rows)
    seed.run(PROJECT, "middle", name="the middle", fork_of="root", fork_step=3).end()
    seed.run(PROJECT, "sibling", name="the sibling", fork_of="root", fork_step=1).end()
    seed.run(PROJECT, "leaf", name="the leaf", fork_of="middle", fork_step=5).end(exit_code=1)
    return root


def test_a_run_shows_its_ancestors_siblings_and_forks(page: Any, tree: SeededRun) -> None:
    page.goto(f"/admin/{PROJECT}/runs/middle")
    branches = page.get_by_role("list", name="Branches").get_by_role("listitem")
    expect(branches).to_have_count(4)
    expect(branches.nth(0)).to_contain_text("the root")
    expect(page.locator("[aria-current=true]", has_text="the middle")).to_contain_text("from step 3")
    page.get_by_role("list", name="Branches").get_by_role("link", name="the leaf").click()
    expect(page.get_by_role("heading", name="the leaf")).to_be_visible()
    expect(branches).to_have_count(3)
    expect(branches.nth(1)).to_contain_text("the middle")


def test_alerts_are_said_as_they_come_and_listed(page: Any, tree: SeededRun) -> None:
    page.goto(f"/admin/{PROJECT}/runs/root")
    expect(page.get_by_role("heading", name="the root")).to_be_visible()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    alert = AlertRaised(title="loss is <b>NaN</b>", text="at step 7", level="ERROR", at=time.time())
    tree.send([(Kind.ALERT, alert)])
    expect(page.get_by_role("region", name="Messages").get_by_text("loss is <b>NaN</b>")).to_be_visible()
    expect(page.get_by_role("heading", name="Alerts")).to_be_visible()
    expect(page.get_by_text("at step 7")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="Alerts since yesterday")).to_be_visible()
    page.get_by_role("link", name=f"{PROJECT} / root").first.click()
    expect(page.get_by_role("heading", name="the root")).to_be_visible()


def test_a_deleted_run_is_found_in_the_trash_and_restored(page: Any, seed: Seeder, watch: Watch) -> None:
    watch.allowed.append(re.compile("status of 404"))
    project = seed.project("life-trash")
    seed.run(project, "gone", name="to be gone").end()
    page.goto(f"/admin/{project}/runs/gone")
    page.get_by_role("button", name="Delete run").click()
    page.get_by_role("button", name="Move to the trash").click()
    expect(page.get_by_text("No runs in this project yet")).to_be_visible()
    with page.expect_response("**/runs/gone"):
        page.goto(f"/admin/{project}/runs/gone")
    page.get_by_role("link", name="what was deleted").click()
    expect(page).to_have_url(re.compile("trash=true"))
    for column in ("Deleted", "Gone for good"):
        expect(page.get_by_role("columnheader", name=column)).to_be_visible()
    expect(page.get_by_text("in 29 d")).to_be_visible()
    expect(page.get_by_role("link", name="to be gone")).to_have_count(0)  # it has no page until it is back
    page.get_by_role("checkbox", name="Select all that are loaded").check()
    expect(page.get_by_role("checkbox", name="Select to be gone")).to_be_checked()
    page.keyboard.press("a")
    expect(page.get_by_text("1 selected")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("The trash is empty")).to_be_visible()
    page.goto(f"/admin/{project}/runs/gone")
    expect(page.get_by_role("heading", name="to be gone")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_branches_and_alerts_have_no_serious_faults(
    open_context: OpenContext, axe_source: str, tree: SeededRun, theme: str
) -> None:
    page = open_context(theme=theme, bypass_csp=True).new_page()
    for where in (f"/admin/{PROJECT}/runs/root", f"/admin/{PROJECT}/runs/leaf", "/"):
        page.goto(where)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_timeout(600)
        assert axe_violations(page, axe_source) == [], where
