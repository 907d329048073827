"""A sweep as a person reads it: what is best, which parameters matter, why each trial was tried."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext, axe_violations
from tests.browser.seed import Seeder
from tests.browser.seed_sweeps import model_sweep, prompt_sweep
from tests.browser.seed_sweeps import ok as _ok

PROJECT = "sweeps"
AT = f"/admin/{PROJECT}/sweeps"


def run_sweep(seed: Seeder, sweep: str, config: dict[str, Any], trials: int, *, end: bool = True) -> None:
    """Create a sweep and tell it results of a made-up problem, as a strategy of one's own would."""
    draw = random.Random(sweep)
    at = f"/projects/-/{PROJECT}/sweeps"
    _ok(seed.api.post(at, json={"config": config, "id": sweep, "display_name": sweep}))
    done = 0
    while done < trials:
        claimed = _ok(seed.api.post(f"{at}/{sweep}/ask", json={"count": min(200, trials - done)}))["trials"]
        assert claimed
        for trial in claimed:
            arguments = trial["arguments"]
            loss = (arguments["lr"] - 0.03) ** 2 * 100 + (0.2 if arguments["optimizer"] == "sgd" else 0)
            values = [loss + draw.gauss(0, 0.02), 20 + 100 * arguments["lr"] + draw.random() * 5]
            failed = draw.random() < 0.05
            _ok(
                seed.api.post(
                    f"{at}/{sweep}/tell",
                    json={
                        "number": trial["number"],
                        "attempt": trial["attempt"],
                        "state": "failed" if failed else "finished",
                        "values": None if failed else values[: len(config.get("metrics", [0]))],
                        "error": "the loss was not a number" if failed else "",
                    },
                )
            )
        done += len(claimed)
    if end:
        _ok(seed.api.patch(f"{at}/{sweep}", json={"state": "finished"}))


def config(**more: Any) -> dict[str, Any]:
    return {
        "method": "random",
        "seed": 7,
        "parameters": {
            "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.5},
            "optimizer": {"values": ["adam", "sgd"]},
            "layers": {"values": [1, 2, 4, 8]},
        },
        **more,
    }


@pytest.fixture(scope="module")
def sweeps(seed: Seeder) -> str:
    seed.project(PROJECT)
    run_sweep(seed, "one-goal", config(metric={"name": "loss", "goal": "minimize"}), 60, end=False)
    two = [{"name": "loss", "goal": "minimize"}, {"name": "latency", "goal": "minimize"}]
    run_sweep(seed, "two-goals", config(metrics=two, constraints=["latency < 60"]), 80)
    prompt_sweep(seed, PROJECT, "prompts")
    return PROJECT


@pytest.fixture(scope="module")
def models(seed: Seeder) -> str:
    """A sweep of models with a registry to promote them to; the run of its best trial."""
    best = model_sweep(seed, "models", "asr", config(metric={"name": "loss", "goal": "minimize"}), 8)
    _ok(seed.api.post("/admin/organizations", json={"name": "lab", "owner": "admin"}))
    _ok(seed.api.post("/organizations/lab/registries", json={"name": "speech"}))
    return best


def test_sweeps_are_listed_with_their_progress_and_best(page: Any, sweeps: str) -> None:
    page.goto(AT)
    row = page.get_by_role("row", name=re.compile("one-goal"))
    expect(row).to_contain_text("running")
    expect(row).to_contain_text("minimize loss")
    page.get_by_label("Find sweeps").fill("two")
    expect(page.get_by_role("row", name=re.compile("one-goal"))).to_have_count(0)
    page.get_by_role("link", name="two-goals").click()
    expect(page.get_by_role("heading", name="two-goals")).to_be_visible()


def test_the_best_trial_and_its_parameters_are_shown_by_default(page: Any, sweeps: str, seed: Seeder) -> None:
    page.goto(f"{AT}/one-goal")
    card = page.get_by_role("region", name="Best trial")
    best = _ok(seed.api.get(f"/projects/-/{PROJECT}/sweeps/one-goal/best?robust=false"))["combinations"][0]
    expect(card.get_by_title(str(best["best"][0]))).to_be_visible()
    expect(card.get_by_text(f"optimizer {best['params']['optimizer']}")).to_be_visible()
    expect(
        page.get_by_role("img", name=re.compile("Trials of one-goal: .* lines over layers, lr"))
    ).to_be_visible()


def test_a_range_is_brushed_with_the_mouse_kept_in_the_address_and_let_go(page: Any, sweeps: str) -> None:
    page.goto(f"{AT}/one-goal")
    chart = page.get_by_role("img", name=re.compile("Trials of one-goal"))
    box = chart.bounding_box()
    x = box["x"] + 46  # the first axis
    page.mouse.move(x, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(x, box["y"] + box["height"] * 0.95, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile("brushes="))
    expect(chart).to_have_attribute("aria-label", re.compile(r"\d+ of \d+ lines within the chosen ranges"))
    page.reload()
    expect(page.get_by_title("Let go of this range")).to_be_visible()
    page.get_by_title("Let go of this range").click()
    expect(page).not_to_have_url(re.compile("brushes="))


def test_what_matters_is_shown_with_how_sure_it_is(page: Any, sweeps: str) -> None:
    page.goto(f"{AT}/one-goal")
    panel = page.get_by_role("region", name="What matters for loss")
    expect(panel.get_by_role("row")).to_have_count(4, timeout=30_000)
    expect(panel.get_by_role("row").nth(1)).to_contain_text("lr")


def test_several_objectives_have_a_front_with_its_hypervolume(page: Any, sweeps: str) -> None:
    page.goto(f"{AT}/two-goals")
    expect(
        page.get_by_role("img", name=re.compile(r"Pareto front: \d+ points.* on the Pareto front"))
    ).to_be_visible()
    expect(page.get_by_text(re.compile("no other beats in every objective.*Hypervolume"))).to_be_visible()


def test_trials_are_filtered_sorted_and_say_why_they_failed(page: Any, sweeps: str) -> None:
    page.goto(f"{AT}/one-goal?tab=trials")
    page.get_by_label("State", exact=True).select_option("failed")
    expect(page.get_by_text("the loss was not a number").first).to_be_visible()
    page.get_by_label("State", exact=True).select_option("all")
    page.get_by_role("button", name="loss").click()
    expect(page.get_by_role("columnheader", name=re.compile("loss"))).to_have_attribute(
        "aria-sort", "ascending"
    )
    table = page.get_by_role("region", name="Trials")
    first, second = (
        float(table.get_by_role("row").nth(n).get_by_role("cell").nth(2).inner_text().replace("−", "-"))
        for n in (1, 2)
    )
    assert first <= second


def test_a_sweep_is_paused_and_resumed_after_a_question(page: Any, sweeps: str, seed: Seeder) -> None:
    page.goto(f"{AT}/one-goal")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    assert _ok(seed.api.get(f"/projects/-/{PROJECT}/sweeps/one-goal"))["state"] == "paused"
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_a_sweep_of_two_thousand_trials_draws_and_can_be_scrolled(
    page: Any, seed: Seeder, sweeps: str
) -> None:
    run_sweep(seed, "many", config(metric={"name": "loss", "goal": "minimize"}), 2000)
    page.goto(f"{AT}/many")
    expect(page.get_by_role("img", name=re.compile(r"Trials of many: \d{4} lines"))).to_be_visible()
    page.goto(f"{AT}/many?tab=trials")
    expect(page.get_by_text("2,000 of 2,000 trials")).to_be_visible()
    page.get_by_role("button", name="More trials").click()
    expect(page.get_by_role("region", name="Trials").get_by_role("row")).to_have_count(201)


def test_prompts_are_ranked_with_their_texts_and_how_sure_that_is(page: Any, sweeps: str) -> None:
    page.goto(f"{AT}/prompts")
    panel = page.get_by_role("region", name="Prompts by accuracy")
    rows = panel.get_by_role("region", name="Ranked prompts").get_by_role("row")
    expect(rows).to_have_count(7)
    expect(rows.nth(1)).to_contain_text("Think step by step")
    expect(rows.nth(1)).to_contain_text("Capital of France?")
    expect(rows.nth(1)).to_contain_text(re.compile(r"0\.8\d+ – 0\.8\d+"))
    expect(rows.nth(6)).to_contain_text("{question}")
    panel.get_by_role("radio", name="Templates").click()
    names = [rows.nth(at).get_by_role("cell").nth(1).locator("strong").inner_text() for at in (1, 2, 3)]
    assert names == ["steps", "expert", "terse"]
    panel.get_by_role("radio", name="Examples", exact=True).click()
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("two")


def test_the_best_trial_is_promoted_by_keyboard_and_the_registry_shows_the_sweep(
    page: Any, models: str, sweeps: str
) -> None:
    page.goto("/admin/models/sweeps/asr")
    promote = page.get_by_role("button", name="Promote…")
    expect(promote).to_be_visible()
    expect(promote).to_be_enabled()
    promote.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"run {models}")).to_be_visible()
    expect(dialog.get_by_label("Collection")).to_be_focused()
    page.keyboard.press("Tab")  # to the alias
    expect(dialog.get_by_label("Alias")).to_have_value("candidate")
    page.keyboard.press("Enter")
    expect(page.get_by_text("candidate of asr now points to v0")).to_be_visible()
    page.get_by_role("button", name="See it").press("Enter")
    timeline = page.get_by_role("region", name="What was where when")
    timeline.get_by_role("button", name="A sweep").first.press("Enter")
    evidence = page.get_by_role("dialog", name=re.compile("^Evidence of candidate"))
    expect(
        evidence.get_by_text(re.compile(r"Evidence: trial \d+ of sweep asr, loss 0\.\d+; best trial, 1 of 8"))
    ).to_be_visible()
    evidence.get_by_role("link", name="asr", exact=True).click()
    expect(page.get_by_role("heading", name="asr", exact=True)).to_be_visible()


def test_what_keeps_a_trial_from_being_promoted_is_said_in_the_dialog(
    page: Any, sweeps: str, models: str
) -> None:
    page.goto(f"{AT}/one-goal")
    page.get_by_role("button", name="Promote…").click()
    expect(page.get_by_role("alert").get_by_text(re.compile("made no artifact"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_workspace_draws_the_runs_that_none_beats_and_keeps_that_in_its_address(
    page: Any, models: str, seed: Seeder
) -> None:
    page.goto("/admin/models/workspace")
    page.get_by_role("button", name="Pareto").click()
    form = page.get_by_role("form", name="What is compared")
    form.get_by_label("Value 1", exact=True).fill("loss")
    form.get_by_label("Value 2", exact=True).fill("latency_p95")
    form.get_by_label("Limits, one a line").fill("loss is small")
    expect(form.get_by_text("is no limit")).to_be_visible()
    form.get_by_label("Limits, one a line").fill("latency_p95 < 200")
    form.get_by_role("button", name="Draw the front").press("Enter")
    body = {"objectives": [{"key": "loss"}, {"key": "latency_p95"}], "constraints": ["latency_p95 < 200"]}
    found = _ok(seed.api.post("/projects/-/models/runs/pareto", json=body))
    front = [point["name"] for point in found["points"] if point["place"] == "front"]
    panel = page.get_by_role("region", name="Pareto: loss · latency_p95")
    chart = panel.get_by_role("img", name=re.compile(rf"8 points.* {len(front)} on the Pareto front"))
    expect(chart).to_be_visible()
    listed = panel.get_by_role("region", name="Runs on the front")
    expect(listed.get_by_role("link")).to_have_text(front)
    expect(panel.get_by_text(re.compile(r"hypervolume [\d.]+ from \("))).to_be_visible()
    # A hidden run is out of it, and the address brings all of it back.
    page.get_by_role("grid").get_by_role("row", name=re.compile(front[0])).hover()
    page.goto(page.url + f'&hidden=["{found["points"][0]["run"]}"]')
    expect(panel.get_by_role("img", name=re.compile("7 points"))).to_be_visible()
    # Hovering in the list lights the run in the panel, and the link opens it.
    listed.get_by_role("link").first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/admin/models/runs/asr-\d+"))


def test_a_pareto_panel_says_why_it_is_empty_and_can_be_taken_away(page: Any, models: str) -> None:
    page.goto(
        '/admin/models/workspace?pareto=[{"id":"p","objectives":[{"key":"summary.loss"},{"key":"summary.nothing"}]}]'
    )
    panel = page.get_by_role("region", name="Pareto: loss · nothing")
    expect(panel.get_by_text("None of the 8 runs shown has a number in loss and nothing.")).to_be_visible()
    panel.get_by_role("button", name=re.compile("^Remove")).click()
    expect(panel).to_have_count(0)
    expect(page).not_to_have_url(re.compile("pareto="))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_have_no_serious_accessibility_problem(
    open_context: OpenContext, seed: Seeder, sweeps: str, models: str, axe_source: str, theme: str
) -> None:
    promoted = {"organization": "lab", "registry": "speech", "collection": "asr"}
    _ok(seed.api.post("/projects/admin/models/sweeps/asr/promote", json=promoted))
    page = open_context(theme=theme, bypass_csp=True).new_page()
    for address in (
        AT,
        f"{AT}/two-goals",
        f"{AT}/one-goal?tab=trials",
        f"{AT}/one-goal?tab=agents",
        f"{AT}/one-goal?tab=config",
        f"{AT}/prompts",
        "/admin/models/workspace?pareto="
        '[{"id":"p","objectives":[{"key":"summary.loss"},{"key":"summary.latency_p95"}]},{"id":"q"}]',
    ):
        page.goto(address)
        expect(page.get_by_role("heading").first).to_be_visible()
        page.wait_for_timeout(400)
        assert axe_violations(page, axe_source) == [], address
    page.goto("/admin/models/sweeps/asr")
    page.get_by_role("button", name="Promote…").click()
    expect(page.get_by_label("Collection")).to_be_visible()
    assert axe_violations(page, axe_source) == [], "the promotion dialog"
    page.goto("/registry/lab/speech/asr")
    page.get_by_role("button", name="A sweep").first.click()
    expect(page.get_by_text(re.compile("Evidence: trial"))).to_be_visible()
    assert axe_violations(page, axe_source) == [], "the registry with its evidence"
