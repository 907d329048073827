"""The workspace as a person uses it."""

from __future__ import annotations

import json
import math
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext, Watch, axe_violations
from tests.browser.seed import Seeder
from tests.support.server import RunningServer

from runstone.journal.kinds import MetricDefinition


@pytest.fixture(scope="module")
def digits(seed: Seeder) -> str:
    """A finished search of 40 runs."""
    seed.sweep("digits", 40, steps=200, keys=("loss", "train/loss", "train/acc", "val/acc", "lr"))
    return "/admin/digits/workspace"


def search(page: Any) -> dict[str, Any]:
    """The address' search parameters, read as the pages read them."""

    def value(text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            return text

    return {name: value(found[0]) for name, found in parse_qs(urlsplit(page.url).query).items()}


def chart(page: Any, key: str) -> Any:
    return page.get_by_role("region", name=key, exact=True).get_by_role("img")


def lines(page: Any, key: str) -> int:
    """How many lines a chart says it draws."""
    label = chart(page, key).get_attribute("aria-label") or ""
    found = re.search(r"(\d+) lines?\b", label)
    return int(found[1]) if found else 0


def test_runs_and_their_metrics_are_there(page: Any, digits: str) -> None:
    page.goto(digits)
    grid = page.get_by_role("grid", name="Runs")
    expect(grid).to_have_attribute("aria-rowcount", "41")
    expect(grid.get_by_role("row").nth(1)).to_contain_text("finished")
    expect(chart(page, "loss")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="30 of 40 runs drawn")).to_be_visible()
    assert lines(page, "loss") == 30
    page.get_by_role("button", name="Draw 50").click()
    expect(page.get_by_role("status").filter(has_text="40 of 40 runs drawn")).to_be_visible()
    assert search(page)["drawn"] == 50


def test_keys_stand_in_sections_by_prefix_that_close(page: Any, digits: str) -> None:
    page.goto(digits)
    section = page.get_by_role("button", name="train", exact=True)
    expect(section).to_have_attribute("aria-expanded", "true")
    section.click()
    expect(page.get_by_role("region", name="train/loss", exact=True)).to_have_count(0)
    assert search(page)["closed"] == ["train"]
    page.reload()
    expect(page.get_by_role("button", name="train", exact=True)).to_have_attribute("aria-expanded", "false")


def test_a_logged_point_is_seen_within_two_seconds(page: Any, seed: Seeder) -> None:
    seed.project("live")
    run = seed.run("live", "live-1", rows=[{"loss": 5.0}, {"loss": 4.0}])
    page.goto("/admin/live/workspace")
    expect(page.get_by_role("status").filter(has_text=re.compile("^live$"))).to_be_visible()
    expect(chart(page, "loss")).to_have_attribute("aria-label", re.compile(r"ends at 4\b"))
    took: list[float] = []
    while sum(one <= 2.0 for one in took) < 3 and len(took) < 20:  # on a busy machine not each of them
        value = 3.25 - 0.125 * len(took)
        sent = time.monotonic()
        run.rows([{"loss": value}])
        expect(chart(page, "loss")).to_have_attribute("aria-label", re.compile(rf"ends at {value:g}\b"))
        took.append(time.monotonic() - sent)
    print(f"seen after {[round(one, 2) for one in took]} s")
    assert sorted(took)[2] <= 2.0, took
    run.end()
    expect(page.get_by_role("row", name=re.compile("finished"))).to_be_visible()


def test_the_first_run_of_an_empty_project_shows_by_itself(page: Any, seed: Seeder) -> None:
    seed.project("nothing-yet")
    page.goto("/admin/nothing-yet/workspace")
    snippet = page.get_by_role("region", name="Log a run")
    expect(snippet).to_contain_text('project="nothing-yet"')
    expect(page.get_by_role("region", name="Sign in, once per machine")).to_contain_text(
        "runstone login http://"
    )
    seed.run("nothing-yet", "first", rows=[{"loss": 1.0}, {"loss": 0.5}])
    expect(chart(page, "loss")).to_be_visible()


def test_the_address_is_the_view(page: Any, digits: str, open_context: OpenContext) -> None:
    page.goto(digits)
    expect(chart(page, "loss")).to_be_visible()
    page.get_by_role("button", name="Log y").click()
    page.get_by_role("combobox", name="Smoothing").select_option("ema")
    page.get_by_role("button", name="X: Automatic").click()
    page.get_by_role("button", name="Relative time").click()
    box = chart(page, "loss").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, y + 5, steps=4)
    page.mouse.up()
    expect(page.get_by_role("button", name="Whole range")).to_be_visible()
    found = search(page)
    assert found["log"] is True
    assert found["x"] == "_runtime"
    assert found["smoothing"]["kind"] == "ema"
    assert found["zoom"][0] < found["zoom"][1]

    other = open_context().new_page()
    other.goto(page.url)
    expect(other.get_by_role("button", name="Log y")).to_have_attribute("aria-pressed", "true")
    expect(other.get_by_role("button", name="X: Relative time")).to_be_visible()
    expect(other.get_by_role("combobox", name="Smoothing")).to_have_value("ema")
    expect(other.get_by_role("button", name="Whole range")).to_be_visible()

    page.go_back()
    expect(page.get_by_role("button", name="Whole range")).to_have_count(0)
    assert "zoom" not in search(page)


def test_an_address_with_a_field_of_a_wrong_shape_opens_without_it(page: Any, digits: str) -> None:
    page.goto(f"{digits}?smoothing=0.6&drawn=many&panels=7&log=true")
    expect(chart(page, "loss")).to_be_visible()
    expect(page.get_by_text("This page failed")).to_have_count(0)


def test_double_click_shows_the_whole_range_again(page: Any, digits: str) -> None:
    page.goto(digits + "?zoom=%5B50%2C100%5D")
    expect(chart(page, "loss")).to_be_visible()
    expect(page.get_by_role("button", name="Whole range")).to_be_visible()
    chart(page, "loss").dblclick()
    expect(page.get_by_role("button", name="Whole range")).to_have_count(0)


def test_filter_by_rows_and_by_json(page: Any, digits: str) -> None:
    page.goto(digits)
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Column", exact=True).fill("config.optimizer")
    page.get_by_label("Value", exact=True).fill("adam")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("grid", name="Runs")).to_have_attribute("aria-rowcount", "15")
    assert search(page)["filter"] == {"config.optimizer": "adam"}
    page.get_by_role("radio", name="JSON").click()
    page.get_by_label("Filter as JSON").fill('{"$or": [{"state": "failed"}, {"config.layers": 5}]}')
    page.get_by_role("button", name="Apply").click()
    rows = page.get_by_role("grid", name="Runs")
    expect(rows).not_to_have_attribute("aria-rowcount", "15")
    page.get_by_label("Filter as JSON").fill("{broken")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert")).to_contain_text("JSON")


def test_a_filter_that_matches_nothing_says_so_and_clears(page: Any, digits: str) -> None:
    page.goto(digits + "?q=no-such-run")
    expect(page.get_by_text("No run matches")).to_be_visible()
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.get_by_role("grid", name="Runs")).to_have_attribute("aria-rowcount", "41")


def test_the_servers_words_show_where_a_filter_is_wrong(page: Any, digits: str, watch: Watch) -> None:
    watch.allowed.append(re.compile("status of 400"))
    page.goto(digits + "?filter=%7B%22nonsense%22%3A1%7D")
    expect(page.get_by_role("alert")).to_contain_text("nonsense")
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    assert watch.problems == []


def test_columns_are_found_on_the_server_and_sort(page: Any, digits: str) -> None:
    page.goto(digits)
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Find a column").fill("lr")
    page.get_by_role("button", name=re.compile("^config.lr")).click()
    page.keyboard.press("Escape")
    head = page.get_by_role("columnheader", name="lr")
    head.click()
    expect(head).to_have_attribute("aria-sort", "descending")
    first = page.get_by_role("grid", name="Runs").get_by_role("row").nth(1)
    falling = first.inner_text()
    head.click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(first).not_to_have_text(falling)
    assert search(page)["sort"] == "+config.lr"


def test_groups_draw_one_line_each_over_all_their_runs(page: Any, digits: str) -> None:
    page.goto(digits)
    page.get_by_role("button", name="Group").click()
    page.get_by_label("Group by").fill("optimizer")
    page.get_by_role("button", name=re.compile("^config.optimizer")).click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("status").filter(has_text="3 groups of 3 drawn, over 40 runs")).to_be_visible()
    expect(chart(page, "loss")).to_have_attribute("aria-label", re.compile("3 lines"))
    tree = page.get_by_role("treegrid", name="Runs")
    row = tree.get_by_role("row", name=re.compile("^Hide adam"))
    expect(row).to_have_attribute("aria-expanded", "false")
    row.get_by_text("adam").click()
    expect(row).to_have_attribute("aria-expanded", "true")
    expect(tree.get_by_role("row", level=2)).to_have_count(14)


def test_an_eye_hides_a_run_and_alt_shows_it_alone(page: Any, digits: str) -> None:
    page.goto(digits)
    expect(chart(page, "loss")).to_be_visible()
    eye = page.get_by_role("grid", name="Runs").get_by_role("button", name=re.compile("^Hide (?!all)")).first
    eye.click(modifiers=["Alt"])
    expect(page.get_by_role("status").filter(has_text="1 of 40 runs drawn")).to_be_visible()
    expect(chart(page, "loss")).to_have_attribute("aria-label", re.compile("1 line"))
    page.get_by_role("button", name="Show all", exact=True).click()
    page.get_by_role("button", name="Hide all runs").click()
    expect(page.get_by_text("No run is shown").first).to_be_visible()


def test_saved_views_keep_what_was_set_and_discard_can_be_undone(page: Any, digits: str) -> None:
    page.goto(digits)
    page.get_by_role("button", name="Log y").click()
    page.get_by_role("button", name="Save as…").click()
    page.get_by_label("Name", exact=True).fill("On a log scale")
    page.get_by_role("button", name="Save", exact=True).click()
    tab = page.get_by_role("link", name="On a log scale")
    expect(tab).to_have_attribute("aria-current", "page")
    found = search(page)
    assert set(found) == {"view"}
    expect(page.get_by_role("button", name="Log y")).to_have_attribute("aria-pressed", "true")

    page.get_by_role("button", name="Log y").click()
    expect(page.get_by_role("link", name="On a log scale (unsaved changes)")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("button", name="Log y")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Log y")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved On a log scale").last).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Log y")).to_have_attribute("aria-pressed", "false")

    page.get_by_role("button", name="More of the view On a log scale").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(tab).to_have_count(0)


def test_a_view_saved_by_someone_else_meanwhile_is_not_overwritten(
    page: Any, digits: str, seed: Seeder, watch: Watch
) -> None:
    watch.allowed.append(re.compile("status of 409"))
    made = seed.api.post(
        "/projects/-/digits/views", json={"kind": "workspace", "name": "Shared", "spec": {}, "shared": True}
    ).json()
    page.goto(digits + f"?view={made['id']}&log=true")
    expect(page.get_by_role("link", name="Shared (unsaved changes)")).to_be_visible()
    change = {"name": "Shared", "spec": {"x": "_runtime"}, "shared": True, "version": made["version"]}
    seed.api.put(f"/views/{made['id']}", json=change).raise_for_status()
    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("saved by someone else")
    dialog.get_by_role("button", name="Go to theirs").click()
    expect(page.get_by_role("button", name="X: Relative time")).to_be_visible()
    assert seed.api.get(f"/views/{made['id']}").json()["spec"] == {"x": "_runtime"}


def test_hovering_a_chart_names_the_runs_and_lights_the_row(page: Any, digits: str) -> None:
    page.goto(digits)
    expect(chart(page, "lr")).to_be_visible()
    box = chart(page, "loss").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    page.mouse.move(box["x"] + box["width"] * 0.5 + 2, box["y"] + box["height"] * 0.7)
    expect(page.locator("[data-first=true]").first).to_be_visible()
    expect(page.locator("[role=row][data-lit=true]")).to_have_count(1)


def test_one_failing_panel_leaves_the_others(page: Any, digits: str, watch: Watch) -> None:
    watch.allowed.append(re.compile("status of 503"))

    def fail(route: Any) -> None:
        if '"keys":["loss"]' in (route.request.post_data or ""):
            body = {"error": {"code": "broken", "message": "This one is broken.", "request_id": "abc123"}}
            route.fulfill(status=503, json=body)
        else:
            route.continue_()

    page.route("**/series", fail)
    page.goto(digits)
    expect(chart(page, "lr")).to_be_visible()
    panel = page.get_by_role("region", name="loss", exact=True)
    expect(panel.get_by_role("alert")).to_contain_text("This one is broken.", timeout=15_000)
    expect(panel.get_by_role("alert")).to_contain_text("abc123")
    page.unroute("**/series")
    panel.get_by_role("button", name="Retry").click()
    expect(chart(page, "loss")).to_be_visible()


def test_the_data_behind_a_chart_can_be_read_and_copied(page: Any, digits: str) -> None:
    page.goto(digits)
    panel = page.get_by_role("region", name="loss", exact=True)
    panel.hover()
    panel.get_by_role("button", name="More of loss").click()
    page.get_by_role("menuitem", name="View data").click()
    dialog = page.get_by_role("dialog", name="loss")
    expect(dialog.get_by_role("columnheader", name="Value")).to_be_visible()
    expect(dialog).to_contain_text("of 6,000")


def test_full_screen_and_back(page: Any, digits: str) -> None:
    page.goto(digits)
    page.get_by_role("region", name="loss", exact=True).hover()
    page.keyboard.press("f")
    expect(page.get_by_role("dialog", name="loss").get_by_role("img")).to_be_visible()
    assert search(page)["panel"] == "loss"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_keyboard_alone_filters_and_opens_a_run(page: Any, digits: str) -> None:
    page.goto(digits)
    expect(page.get_by_role("grid", name="Runs")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_label("Column", exact=True)).to_be_focused()
    page.keyboard.type("state")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("failed")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert search(page)["filter"] == {"state": "failed"}
    expect(page.get_by_role("grid", name="Runs")).not_to_have_attribute("aria-rowcount", "41")
    page.keyboard.press("j")
    expect(page.get_by_role("gridcell").first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name=re.compile("^Show digits|^Show .*-\\d+$"))).to_have_count(1)
    page.keyboard.press("x")
    expect(page.get_by_text("1 run selected")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/admin/digits/runs/digits-\d+"))


def test_the_palette_finds_metrics_and_actions(page: Any, digits: str) -> None:
    page.goto(digits)
    expect(chart(page, "loss")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("val/a")
    expect(page.get_by_role("option", name="val/acc")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("searchbox", name="Find panels")).to_have_value("val/acc")
    page.keyboard.press("Control+k")
    page.keyboard.type("list of")
    page.get_by_role("option", name="List of keys").click()
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Show or hide the run")


def test_panels_are_searched_on_the_server(page: Any, digits: str) -> None:
    page.goto(digits)
    expect(chart(page, "loss")).to_be_visible()
    page.get_by_role("searchbox", name="Find panels").fill("acc")
    expect(page.get_by_role("region", name="val/acc", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="loss", exact=True)).to_have_count(0)
    page.get_by_role("searchbox", name="Find panels").fill("zzz")
    expect(page.get_by_text("No metric and no media match “zzz”")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    open_context: OpenContext, digits: str, axe_source: str, theme: str
) -> None:
    page = open_context(theme=theme, bypass_csp=True).new_page()
    page.goto(digits + "?columns=%5B%22config.lr%22%2C%22summary.loss%22%5D")
    expect(chart(page, "loss")).to_be_visible()
    assert axe_violations(page, axe_source) == []
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_label("Column", exact=True)).to_be_visible()
    assert axe_violations(page, axe_source) == []
    page.keyboard.press("Escape")
    page.goto(digits + "?group=%5B%22config.optimizer%22%5D")
    expect(page.get_by_role("treegrid", name="Runs")).to_be_visible()
    assert axe_violations(page, axe_source) == []


def test_signing_in_leads_back_to_the_same_address(
    open_context: OpenContext, digits: str, site: RunningServer, watch: Watch
) -> None:
    watch.allowed.append(re.compile("status of 401"))
    page = open_context(signed_in=False).new_page()
    page.goto(digits + "?log=true")
    page.get_by_label("API key").fill("not a key")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("API key").fill(site.admin_key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Log y")).to_have_attribute("aria-pressed", "true")
    assert search(page) == {"log": True}


def test_nine_tabs_all_load_and_hear_of_news(open_context: OpenContext, seed: Seeder) -> None:
    """A browser keeps six connections per origin: a stream per tab would stop the seventh."""
    seed.project("nine")
    run = seed.run("nine", "nine-1", rows=[{"loss": 9.0}])
    context = open_context(width=1000, height=700)
    pages = [context.new_page() for _ in range(9)]
    for one in pages:
        one.goto("/admin/nine/workspace")
        expect(chart(one, "loss")).to_have_attribute("aria-label", re.compile(r"ends at 9\b"))
    expect(pages[-1].get_by_role("status").filter(has_text=re.compile("^live$"))).to_be_visible()
    run.rows([{"loss": 8.5}])
    for one in (pages[-1], pages[0]):
        expect(chart(one, "loss")).to_have_attribute("aria-label", re.compile(r"ends at 8\.5\b"))


def test_the_theme_can_be_chosen_and_is_kept(page: Any, digits: str) -> None:
    page.goto(digits)
    page.get_by_role("button", name="Switch to the dark theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    expect(page.get_by_role("button", name="Switch to the light theme")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"


def test_a_missing_project_is_named(page: Any, watch: Watch) -> None:
    watch.allowed.append(re.compile("status of 404"))
    page.goto("/admin/no-such-project/workspace")
    expect(page.get_by_role("alert")).to_contain_text("no-such-project")


def test_links_of_clients_name_the_default_entity_by_a_dash(page: Any, digits: str) -> None:
    page.goto("/-/digits/workspace?log=true")
    expect(page).to_have_url(re.compile(r"/admin/digits/workspace\?log=true$"))
    expect(chart(page, "loss")).to_be_visible()


def test_metrics_are_drawn_over_the_x_their_run_defined(page: Any, seed: Seeder) -> None:
    definitions = [
        MetricDefinition(name="val/*", step_metric="epoch"),
        MetricDefinition(name="debug", hidden=True),
    ]
    rows = [{"loss": 1.0 / (n + 1), "val/acc": n / 10, "epoch": n * 2, "debug": n} for n in range(5)]
    seed.run("defined", "defined-1", rows=rows, metrics=definitions)
    page.goto("/admin/defined/workspace")
    expect(chart(page, "loss")).to_have_attribute("aria-label", re.compile("loss over step"))
    expect(chart(page, "val/acc")).to_have_attribute("aria-label", re.compile("val/acc over epoch"))
    expect(page.get_by_role("region", name="debug", exact=True)).to_have_count(0)
    page.get_by_role("button", name="X: Automatic").click()
    page.get_by_role("button", name="Step", exact=True).click()
    expect(chart(page, "val/acc")).to_have_attribute("aria-label", re.compile("val/acc over step"))


def test_a_single_spike_among_a_hundred_thousand_points_is_drawn(page: Any, seed: Seeder) -> None:
    """Thirty lines show no bands, and the mean of its bucket hides a spike: it is drawn all the same."""
    run = seed.run("spike", "spike-0")
    for part in range(4):
        values = [{"loss": 1.0 + 0.01 * math.sin(n)} for n in range(25_000)]
        if part == 2:
            values[12_345]["loss"] = 500.0
        run.rows(values)
    for number in range(1, 12):
        seed.run("spike", f"spike-{number}", rows=[{"loss": 1.0 + 0.01 * math.sin(n)} for n in range(500)])
    page.goto("/admin/spike/workspace")
    expect(chart(page, "loss")).to_have_attribute("aria-label", re.compile("12 lines"))
    lines_canvas = page.get_by_role("region", name="loss", exact=True).locator(".u-over canvas")
    column = """canvas => {
        const {width, height} = canvas;
        const data = canvas.getContext("2d").getImageData(0, 0, width, Math.floor(height * 0.5)).data;
        let inked = 0;
        for (let at = 3; at < data.length; at += 4) if (data[at] > 60) inked += 1;
        return inked / height;
    }"""
    # The upper half of the chart holds the spike alone: about half the height of ink.
    deadline = time.monotonic() + 30
    while not 0.3 < (inked := lines_canvas.evaluate(column)) < 3:
        assert time.monotonic() < deadline, inked
        page.wait_for_timeout(100)  # it is told of before it is drawn


def test_a_phone_shows_the_charts_below_the_runs(open_context: OpenContext, digits: str) -> None:
    phone = open_context(width=390, height=800).new_page()
    phone.goto(digits)
    expect(chart(phone, "loss")).to_be_in_viewport()
    runs, drawn = phone.get_by_role("grid", name="Runs").bounding_box(), chart(phone, "loss").bounding_box()
    assert runs is not None and drawn is not None
    assert runs["y"] + runs["height"] <= drawn["y"] and runs["width"] >= 380 and drawn["width"] >= 300
    for address in ("/", digits):
        phone.goto(address)
        phone.get_by_role("heading").first.wait_for(state="attached")
        assert phone.evaluate("document.scrollingElement.scrollWidth") <= 390
        assert phone.evaluate("document.querySelector('main').scrollWidth") <= 390
