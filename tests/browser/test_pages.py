"""Home, sign-in, runs table, compare, run page, settings and admin, as a person would use them."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext, Watch, axe_violations
from tests.browser.seed import Seeder
from tests.support.server import RunningServer

from runstone.journal.kinds import ConsoleLine, Kind, SystemRow

PROJECT = "pages"


@pytest.fixture(scope="module")
def runs(seed: Seeder) -> list[str]:
    ids = seed.sweep(PROJECT, 12, steps=60)
    talking = seed.run(
        PROJECT,
        "talking",
        name="a run that talks",
        config={"lr": 0.5, "model": {"depth": 3, "name": "<b>x</b>"}},
    )
    now = time.time()
    talking.send(
        [
            (Kind.CONSOLE, ConsoleLine(i % 2, i, now + i, f"line {i} \x1b[31mred\x1b[0m <script>"))
            for i in range(300)
        ]
        + [(Kind.SYSTEM, SystemRow(now + i, float(i), {"system.cpu": 10.0 + i})) for i in range(5)]
    )
    answer = seed.api.put(
        f"/projects/-/{PROJECT}/runs/talking/files/notes/readme.txt", content=b"what is in the file"
    )
    answer.raise_for_status()
    return [*ids, "talking"]


def test_signing_in_with_a_key_leads_back_to_the_address_that_was_asked_for(
    open_context: OpenContext, site: RunningServer, runs: list[str], watch: Watch
) -> None:
    watch.allowed.append(re.compile("status of 401"))
    page = open_context(signed_in=False).new_page()
    page.goto(f"/admin/{PROJECT}/runs/talking")
    field = page.get_by_label("API key")
    field.fill("local-" + "0" * 40)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    field.fill(site.admin_key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="a run that talks")).to_be_visible()
    assert page.url.endswith(f"/admin/{PROJECT}/runs/talking")


def test_home_lists_running_runs_and_projects(page: Any, runs: list[str]) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Running now")).to_be_visible()
    expect(page.get_by_role("link", name="a run that talks")).to_be_visible()
    page.get_by_label("Find a project").fill("no such project")
    expect(page.get_by_text("No project matches")).to_be_visible()
    page.get_by_role("button", name="Clear the search").click()
    page.get_by_role("link", name=f"admin / {PROJECT}", exact=True).click()
    expect(page).to_have_url(re.compile(f"/admin/{PROJECT}/workspace"))


def test_runs_table_sorts_on_the_server_and_keeps_the_view_in_the_address(page: Any, runs: list[str]) -> None:
    page.goto(f'/admin/{PROJECT}/runs?columns=["state","config.lr"]')
    grid = page.get_by_role("grid", name="Runs")
    expect(grid.get_by_role("row")).to_have_count(14)
    grid.get_by_role("columnheader", name=re.compile("lr")).click()
    expect(page).to_have_url(re.compile("sort="))
    rows = grid.get_by_role("row")
    expect(rows.nth(1)).to_contain_text("a run that talks")  # lr 0.5 is the largest
    page.reload()
    expect(grid.get_by_role("row").nth(1)).to_contain_text("a run that talks")


def test_runs_are_found_by_text_and_an_empty_result_offers_the_way_back(page: Any, runs: list[str]) -> None:
    page.goto(f"/admin/{PROJECT}/runs")
    grid = page.get_by_role("grid", name="Runs")
    expect(grid.get_by_role("row")).to_have_count(14)
    page.keyboard.press("/")
    page.keyboard.type("talks")
    expect(grid.get_by_role("row")).to_have_count(2)
    page.get_by_label("Name or id").fill("nothing like it")
    expect(page.get_by_text("No run matches")).to_be_visible()
    page.get_by_role("button", name="Clear the filter").click()
    expect(grid.get_by_role("row")).to_have_count(14)


def test_selected_runs_are_tagged_deleted_and_brought_back(page: Any, seed: Seeder) -> None:
    project = seed.project("bulk")
    for number in range(3):
        seed.run(project, f"bulk-{number}", name=f"bulk {number}").end()
    page.goto(f"/admin/{project}/runs")
    page.get_by_role("checkbox", name="Select bulk 0").check()
    page.get_by_role("checkbox", name="Select bulk 1").check()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_role("textbox", name="Tag").fill("chosen")
    page.get_by_role("button", name="Add the tag").click()
    expect(page.get_by_role("gridcell", name="chosen")).to_have_count(2)
    page.get_by_role("checkbox", name="Select bulk 2").check()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Move to the trash").click()
    expect(page.get_by_role("link", name="bulk 2")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="bulk 2")).to_be_visible()


def test_compare_shows_differing_rows_first_and_equal_ones_on_request(page: Any, runs: list[str]) -> None:
    page.goto(f'/admin/{PROJECT}/compare?runs=["{runs[0]}","{runs[1]}"]')
    table = page.get_by_role("region", name="Comparison")
    expect(table.get_by_role("rowheader", name="optimizer")).to_be_visible()
    expect(table.get_by_role("rowheader", name="batch_size")).to_have_count(0)
    page.get_by_label("Show equal rows too").check()
    expect(table.get_by_role("rowheader", name="batch_size")).to_be_visible()


def test_run_page_is_renamed_noted_and_tagged(page: Any, seed: Seeder, runs: list[str]) -> None:
    seed.run(PROJECT, "renamed", name="old name").end()
    page.goto(f"/admin/{PROJECT}/runs/renamed")
    page.get_by_role("button", name="Rename run").click()
    page.get_by_label("Run name").fill("new name")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="new name")).to_be_visible()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("New tag").fill("kept")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove tag kept")).to_be_visible()
    page.get_by_role("textbox", name="Notes").fill("it was fine")
    page.get_by_role("heading", name="Summary").click()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run = seed.api.get(f"/projects/-/{PROJECT}/runs/renamed").json()
        if run["notes"] == "it was fine":
            break
        time.sleep(0.1)
    assert (run["display_name"], run["tags"], run["notes"]) == ("new name", ["kept"], "it was fine")


def test_names_and_values_are_shown_as_text_never_as_markup(page: Any, runs: list[str]) -> None:
    page.goto(f"/admin/{PROJECT}/runs/talking")
    expect(page.get_by_text("<b>x</b>")).to_be_visible()
    page.goto(f"/admin/{PROJECT}/runs/talking?tab=logs&line=2")
    expect(page.get_by_text("line 1 red <script>")).to_be_visible()


def test_logs_are_searched_linked_and_followed(page: Any, seed: Seeder) -> None:
    project = seed.project("logs")
    run = seed.run(project, "live", name="live")
    run.send([(Kind.CONSOLE, ConsoleLine(0, i, time.time(), f"step {i} done")) for i in range(2500)])
    page.goto(f"/admin/{project}/runs/live?tab=logs")
    expect(page.get_by_text("step 2499 done")).to_be_visible()  # a running run is followed
    run.send([(Kind.CONSOLE, ConsoleLine(0, 2500, time.time(), "the newest line"))])
    expect(page.get_by_text("the newest line")).to_be_visible()
    run.send([(Kind.CONSOLE, ConsoleLine(0, 2500, time.time(), "rewritten in place"))])
    expect(page.get_by_text("rewritten in place")).to_be_visible()
    page.get_by_label("Search the lines").fill("step 17 ")
    expect(page.get_by_text("1 line found")).to_be_visible()
    page.get_by_role("link", name="Link to line 18").click()
    expect(page).to_have_url(re.compile("line=18"))
    expect(page.get_by_text("step 17 done")).to_be_visible()


def test_files_are_browsed_by_folder_and_read(page: Any, runs: list[str]) -> None:
    page.goto(f"/admin/{PROJECT}/runs/talking?tab=files")
    page.get_by_role("button", name="notes").click()
    page.get_by_role("button", name="readme.txt").click()
    expect(page.get_by_text("what is in the file")).to_be_visible()


def test_charts_and_system_tabs_draw_what_the_run_reported(page: Any, runs: list[str]) -> None:
    page.goto(f"/admin/{PROJECT}/runs/{runs[0]}?tab=charts")
    expect(page.get_by_role("img", name=re.compile("^train.loss"))).to_be_visible()
    page.goto(f"/admin/{PROJECT}/runs/talking?tab=system")
    expect(page.get_by_role("img", name=re.compile("system.cpu"))).to_be_visible()


def test_a_running_run_is_asked_to_stop(page: Any, seed: Seeder) -> None:
    seed.run(PROJECT, "stopped", name="to be stopped")
    page.goto(f"/admin/{PROJECT}/runs/stopped")
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop the run").click()
    expect(page.get_by_text("asked to stop", exact=True)).to_be_visible()
    assert seed.api.get(f"/projects/-/{PROJECT}/runs/stopped").json()["stop_requested"] is True


def test_a_run_that_is_not_there_says_so(page: Any, runs: list[str], watch: Watch) -> None:
    watch.allowed.append(re.compile("status of 404"))
    page.goto(f"/admin/{PROJECT}/runs/nowhere")
    expect(page.get_by_text("There is no run 'nowhere'")).to_be_visible()


def test_a_key_is_made_shown_once_and_deleted(page: Any, site: RunningServer, seed: Seeder) -> None:
    page.goto("/settings")
    page.get_by_label("Name of the new key").fill("cluster")
    page.get_by_role("button", name="Make a key").click()
    key = page.get_by_role("textbox", name="Key cluster").input_value()
    me = seed.api.get("/me", headers={"Authorization": f"Bearer {key}"})
    assert me.status_code == 200
    page.reload()
    expect(page.get_by_text("cluster")).to_be_visible()
    expect(page.get_by_role("textbox", name="Key cluster")).to_have_count(0)
    page.get_by_role("button", name="Delete key cluster").click()
    page.get_by_role("button", name="Delete the key").click()
    expect(page.get_by_role("button", name="Delete key cluster")).to_have_count(0)
    assert seed.api.get("/me", headers={"Authorization": f"Bearer {key}"}).status_code == 401


def test_a_key_for_a_machine_that_deploys_may_only_read(page: Any, site: RunningServer, seed: Seeder) -> None:
    page.goto("/settings")
    page.get_by_label("Name of the new key").fill("edge")
    page.get_by_label("Rights").select_option("May only read")
    page.get_by_role("button", name="Make a key").click()
    key = page.get_by_role("textbox", name="Key edge").input_value()
    expect(page.get_by_role("listitem").filter(has_text="edge")).to_contain_text("may only read")
    signed = {"Authorization": f"Bearer {key}"}
    assert seed.api.get("/me", headers=signed).status_code == 200
    assert seed.api.patch("/me", json={"display_name": "x"}, headers=signed).status_code == 403


def test_an_admin_adds_a_user_a_team_and_a_member(page: Any, seed: Seeder) -> None:
    page.goto("/admin")
    page.get_by_label("User name", exact=True).fill("berta")
    page.get_by_role("button", name="Add the user").click()
    expect(page.get_by_label("Key of berta")).to_have_value(re.compile(r"local-\w{40}"))
    page.get_by_label("Name", exact=True).fill("acme")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="acme").click()
    page.get_by_label("User to add to acme").fill("berta")
    page.get_by_role("button", name="Add member").click()
    expect(page.get_by_label("Role of berta")).to_have_value("member")
    members = seed.api.get("/entities/acme/members").json()["members"]
    assert {"username": "berta", "role": "member"} in members


PAGES = [
    "/",
    f"/admin/{PROJECT}/runs",
    f"/admin/{PROJECT}/runs/talking",
    f"/admin/{PROJECT}/runs/talking?tab=charts",
    f"/admin/{PROJECT}/runs/talking?tab=system",
    f"/admin/{PROJECT}/runs/talking?tab=logs",
    f"/admin/{PROJECT}/runs/talking?tab=files",
    f"/admin/{PROJECT}/runs/talking?tab=environment",
    "/settings",
    "/admin",
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(
    open_context: OpenContext, runs: list[str], axe_source: str, theme: str
) -> None:
    page = open_context(theme=theme, bypass_csp=True).new_page()
    found = {}
    for address in [*PAGES, f'/admin/{PROJECT}/compare?runs=["{runs[0]}","{runs[1]}"]']:
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_attached()
        page.wait_for_timeout(1000)  # the feed never falls silent, so there is no idle network to wait for
        if violations := axe_violations(page, axe_source):
            found[address] = violations
    assert not found, "\n".join(f"{address}\n{chr(10).join(said)}" for address, said in found.items())
