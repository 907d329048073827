"""Media and custom charts that both clients logged, as a person looks at them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext, Watch, axe_violations
from tests.browser.seed import Seeder
from tests.support.server import RunningServer

PROJECT = "media"
SCRIPT = Path(__file__).with_name("media_training.py")
# Megabytes of script are read with the first figure, chart or mesh: on a busy machine that takes a while.
LOADING_MS = 30_000
RUNS = {"ours": "runstone", "theirs": "wandb"}


@pytest.fixture(scope="module")
def trained(site: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One run by each client."""
    started = []
    for run, client in RUNS.items():
        address = {"RUNSTONE_BASE_URL": site.base_url, "RUNSTONE_API_KEY": site.admin_key}
        if client == "wandb":
            address = {"WANDB_BASE_URL": site.base_url, "WANDB_API_KEY": site.admin_key}
        home = str(tmp_path_factory.mktemp(run))
        environment = {**os.environ, **address, "RUNSTONE_DATA": home, "WANDB_DIR": home, "HOME": home}
        started.append(
            subprocess.Popen(
                [sys.executable, str(SCRIPT), client, PROJECT, run],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    for process in started:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said


def address(run: str, **search: str) -> str:
    query = "".join(f"&{name}={value}" for name, value in search.items())
    return f"/admin/{PROJECT}/runs/{run}?tab=media{query}"


def width_of(image: Any) -> int:
    return int(image.evaluate("one => one.decode().then(() => one.naturalWidth)"))


def is_drawn(canvas: Any) -> bool:
    script = (
        "one => one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some(value => value > 0)"
    )
    return bool(canvas.evaluate(script))


def panel(page: Any, name: str) -> Any:
    return page.get_by_role("region", name=name, exact=True)


@pytest.mark.parametrize("run", RUNS)
def test_images_follow_one_step_that_snaps_to_what_was_logged(page: Any, trained: None, run: str) -> None:
    page.goto(address(run))
    seen = panel(page, "seen")
    expect(seen.get_by_role("img", name="ring 5")).to_be_visible()
    assert width_of(seen.get_by_role("img", name="ring 5")) == 48
    slider = page.get_by_role("slider", name="Step of all media")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("step 1[0-9]"))
    page.keyboard.press("[")
    page.keyboard.press("[")
    page.keyboard.press("[")
    expect(page).to_have_url(re.compile("step="))
    # `seen` is logged at even steps, its neighbours at odd ones: at an odd step the one before stands.
    shown = int((slider.get_attribute("aria-valuetext") or "").removeprefix("step "))
    at = shown - shown % 2
    expect(seen.get_by_role("img", name=f"ring {at // 2}")).to_be_visible()
    page.keyboard.press("]")
    page.reload()
    expect(page.get_by_role("slider", name="Step of all media")).to_have_attribute(
        "aria-valuetext", f"step {shown + 1}"
    )
    page.get_by_role("button", name="Latest").click()
    expect(seen.get_by_role("img", name="ring 5")).to_be_visible()


@pytest.mark.parametrize("run", RUNS)
def test_masks_and_boxes_are_switched_by_class(page: Any, trained: None, run: str) -> None:
    page.goto(address(run, find="marked"))
    marked = panel(page, "marked")
    expect(marked.get_by_text("ring · p 0.75")).to_be_visible()
    expect(marked.get_by_text("core · p 0.25")).to_be_visible()
    box = marked.get_by_title("core · p 0.25").evaluate(
        "one => [one.style.left, one.style.top, one.style.width]"
    )
    assert [round(float(part.rstrip("%"))) for part in box] == [50, 54, 42]  # given in pixels of 48

    def painted() -> int:
        return int(
            marked.locator("canvas").evaluate(
                "one => one.getContext('2d').getImageData(0, 0, one.width, one.height).data"
                ".filter((value, at) => at % 4 === 3 && value > 0).length"
            )
        )

    before = painted()
    assert before > 300
    marked.get_by_role("button", name="found: core").click()
    expect(marked.get_by_text("core · p 0.25")).to_have_count(0)
    marked.get_by_role("button", name="truth: ring").click()
    assert 0 < painted() < before
    expect(marked.get_by_role("button", name="truth: ring")).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("run", RUNS)
def test_a_table_of_thousands_is_sorted_and_filtered(page: Any, trained: None, run: str) -> None:
    page.goto(address(run, find="answers"))
    grid = page.get_by_role("grid", name="Table answers")
    expect(grid).to_have_attribute("aria-rowcount", "5001")
    grid.get_by_role("columnheader", name="value").click()
    expect(grid.get_by_role("row").nth(1)).to_contain_text("−1")
    answers = panel(page, "answers")
    answers.get_by_label("Column to filter by").select_option(label="n")
    answers.get_by_label("How to compare").select_option("≥")
    answers.get_by_label("Filter rows").fill("4990")
    expect(answers.get_by_text("10 of 5,000 rows")).to_be_visible()
    answers.get_by_label("Filter rows").fill("999999")
    answers.get_by_role("button", name="Clear the filter").click()
    expect(grid).to_have_attribute("aria-rowcount", "5001")


def test_cells_of_a_table_show_their_media(page: Any, trained: None) -> None:
    page.goto(address("ours", find="gallery"))
    first = page.get_by_role("grid", name="Table gallery").get_by_role("img").first
    expect(first).to_be_visible()
    assert width_of(first) == 48


@pytest.mark.parametrize("run", RUNS)
def test_sound_video_and_histograms_are_shown(page: Any, trained: None, run: str) -> None:
    page.goto(address(run, find="s"))
    expect(panel(page, "sound").get_by_role("img", name="Waveform of 420 Hz, 1 seconds")).to_be_visible()
    weights = panel(page, "weights")
    expect(weights.get_by_role("img", name=re.compile("distribution over 6 steps"))).to_be_visible()
    weights.get_by_role("radio", name="At step").click()
    expect(weights.get_by_role("img", name=re.compile("2,000 values in 64 bins"))).to_be_visible()
    expect(page).to_have_url(re.compile("panels="))
    page.goto(address(run, find="clip"))
    clip = panel(page, "clip").get_by_role("img")
    assert width_of(clip) == 48


@pytest.mark.parametrize("run", RUNS)
def test_a_logged_page_runs_its_script_and_reaches_nothing_of_ours(
    page: Any, trained: None, run: str
) -> None:
    page.goto(address(run, find="page"))
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="a page with a script")).to_be_visible()
    expect(frame.get_by_text("kept apart")).to_be_visible()
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    assert "taken over" not in page.title()


@pytest.mark.parametrize("run", RUNS)
def test_things_in_space_say_what_they_are(page: Any, trained: None, run: str) -> None:
    """Whether the browser has WebGL or not."""
    page.goto(address(run, find="m"))
    expect(panel(page, "molecule").get_by_text("C2 H6 O, 9 atoms, 8 bonds")).to_be_visible(timeout=LOADING_MS)
    expect(panel(page, "mesh/obj").get_by_text("mesh of 6 triangles")).to_be_visible(timeout=LOADING_MS)
    expect(panel(page, "mesh/glb").get_by_text("mesh of 6 triangles")).to_be_visible(timeout=LOADING_MS)
    page.goto(address(run, find="cloud"))
    expect(panel(page, "cloud").get_by_text("point cloud of 2,000 points, 1 box: car")).to_be_visible(
        timeout=LOADING_MS
    )


@pytest.mark.parametrize(("run", "suffix"), [("ours", ""), ("theirs", "_table")])
def test_custom_charts_are_drawn_under_the_strict_policy(
    page: Any, trained: None, run: str, suffix: str
) -> None:
    page.goto(address(run, find="plots"))
    for name, words in (
        ("confusion", "confusion matrix of 9 rows"),
        ("scatter", "scatter of 200 rows"),
        ("bars", "bar of 3 rows"),
        ("spread", "histogram of 200 rows"),
        ("series", "line of 80 rows"),
    ):
        chart = panel(page, f"plots/{name}{suffix}")
        chart.scroll_into_view_if_needed()
        drawing = chart.get_by_role("img", name=re.compile(words)).locator("canvas")
        expect(drawing).to_be_visible(timeout=LOADING_MS)
        assert is_drawn(drawing), name
    bars = panel(page, f"plots/bars{suffix}")
    bars.get_by_role("radio", name="Table").click()
    expect(bars.get_by_role("grid").get_by_role("gridcell", name="19")).to_be_visible()


def test_a_figure_of_plotly_is_drawn(page: Any, trained: None) -> None:
    page.goto(address("ours", find="figure"))
    drawing = panel(page, "figure").get_by_role("group", name="Plotly figure figure")
    expect(drawing.locator(".main-svg").first).to_be_visible(timeout=LOADING_MS)


def test_a_chart_that_cannot_be_drawn_is_one_readable_panel(page: Any, seed: Seeder, watch: Watch) -> None:
    watch.allowed.append(re.compile("status of 404.*charts/team/special"))
    project = seed.project("broken-charts")
    table = b'{"columns": ["x"], "data": [[1], [NaN]]}'
    run = seed.run(project, "broken")
    for name, body in (("t.table.json", table), ("bad.table.json", b"{oops")):
        seed.api.put(
            f"/projects/-/{project}/runs/broken/files/media/table/{name}", content=body
        ).raise_for_status()
    value = {"_type": "table-file", "path": "media/table/t.table.json", "ncols": 1, "nrows": 2}
    run.rows([{
        "special": {**value, "chart": {"kind": "team/special/v1", "title": "", "fields": {"x": "x"}}},
        "torn": {**value, "path": "media/table/bad.table.json"},
        "strange": {"_type": "from-the-future", "path": ""},
        "plain": value,
    }])  # fmt: skip
    page.goto(f"/admin/{project}/runs/broken?tab=media")
    expect(panel(page, "special").get_by_text("team/special/v1", exact=False)).to_be_visible()
    expect(panel(page, "torn").get_by_role("alert")).to_contain_text("could not be read")
    expect(panel(page, "strange").get_by_text("from-the-future", exact=False)).to_be_visible()
    expect(panel(page, "plain").get_by_role("gridcell", name="NaN")).to_be_visible()
    panel(page, "special").get_by_role("radio", name="Table").click()
    expect(panel(page, "special").get_by_role("gridcell", name="NaN")).to_be_visible()


def test_a_workspace_shows_media_by_run_and_step_and_two_against_each_other(page: Any, trained: None) -> None:
    page.goto(f"/admin/{PROJECT}/workspace?find=seen")
    seen = panel(page, "seen")
    expect(seen.get_by_role("img", name="ring 5")).to_have_count(2)
    seen.get_by_role("radio", name="Run × step").click()
    grid = seen.get_by_role("table")
    expect(grid.get_by_role("rowheader")).to_have_count(2)
    expect(grid.get_by_role("img")).to_have_count(12)
    seen.get_by_role("radio", name="A | B").click()
    swipe = seen.get_by_role("slider", name="How much of image A is shown")
    swipe.focus()
    page.keyboard.press("Home")
    expect(swipe).to_have_attribute("aria-valuetext", "0 % of A")
    page.reload()
    expect(page.get_by_role("slider", name="How much of image A is shown")).to_be_visible()
    seen.get_by_role("button", name="Full screen seen").click()
    expect(page.get_by_role("dialog", name="seen")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_media_logged_while_one_looks_appear(page: Any, seed: Seeder) -> None:
    project = seed.project("media-live")
    run = seed.run(project, "going")
    run.rows([{"loss": 1.0}])
    page.goto(f"/admin/{project}/runs/going?tab=media")
    expect(page.get_by_text("The run logged no media")).to_be_visible()
    histogram = {"_type": "histogram", "values": [1, 3], "bins": [0, 1, 2]}
    for steps in (1, 2):
        run.rows([{"weights": histogram}])
        drawing = panel(page, "weights").get_by_role("img", name=re.compile(f"over {steps} steps"))
        expect(drawing).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_media_pages_have_no_serious_faults_of_accessibility(
    open_context: OpenContext, axe_source: str, trained: None, theme: str
) -> None:
    page = open_context(theme=theme, bypass_csp=True).new_page()
    for where in (address("ours"), address("theirs", find="plots"), f"/admin/{PROJECT}/workspace?find=seen"):
        page.goto(where)
        expect(page.get_by_role("slider", name="Step of all media")).to_be_visible()
        page.wait_for_timeout(1500)
        assert axe_violations(page, axe_source) == [], where
