"""What people arrange for themselves: the order of panels and the colours of runs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext, axe_violations
from tests.browser.seed import Seeder

PROJECT = "arranged"
KEYS = ("alpha", "beta", "gamma", "delta")


@pytest.fixture(scope="module")
def runs(seed: Seeder) -> list[str]:
    rows = [{key: step / (at + 1) for at, key in enumerate(KEYS)} for step in range(20)]
    for name in ("first", "second"):
        seed.run(PROJECT, name, name=name, rows=rows).end()
    return ["first", "second"]


def order(page: Any) -> list[str]:
    return list(page.locator("[data-panel]").evaluate_all("all => all.map((one) => one.dataset.panel)"))


def is_in_order(page: Any, *names: str) -> None:
    expect(page.locator("[data-panel]")).to_have_count(len(names))
    for at, name in enumerate(names):
        expect(page.locator("[data-panel]").nth(at)).to_have_attribute("data-panel", name)


def test_a_panel_is_moved_by_key_and_stays_there(page: Any, runs: list[str]) -> None:
    page.goto(f"/admin/{PROJECT}/workspace")
    is_in_order(page, "alpha", "beta", "delta", "gamma")
    page.get_by_role("button", name="Move gamma").focus()
    page.keyboard.press("ArrowLeft")
    is_in_order(page, "alpha", "beta", "gamma", "delta")
    expect(page.get_by_role("button", name="Move gamma")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    is_in_order(page, "gamma", "alpha", "beta", "delta")
    page.reload()
    is_in_order(page, "gamma", "alpha", "beta", "delta")
    page.go_back()


def test_a_panel_is_dragged_and_a_saved_view_keeps_it(page: Any, runs: list[str]) -> None:
    page.goto(f"/admin/{PROJECT}/workspace")
    is_in_order(page, "alpha", "beta", "delta", "gamma")
    grip = page.get_by_role("button", name="Move alpha")
    grip.hover()
    start = grip.bounding_box()
    end = page.locator('[data-panel="delta"]').bounding_box()
    page.mouse.move(start["x"] + 8, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 40, steps=8)
    page.mouse.up()
    is_in_order(page, "beta", "delta", "alpha", "gamma")
    page.get_by_role("button", name="Save as").click()
    page.get_by_label("Name").last.fill("my order")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page).to_have_url(re.compile("view="))
    expect(page).not_to_have_url(re.compile("order="))
    page.reload()
    is_in_order(page, "beta", "delta", "alpha", "gamma")


def test_a_run_is_given_another_colour_and_its_own_back(page: Any, runs: list[str]) -> None:
    page.goto(f"/admin/{PROJECT}/workspace")
    swatch = page.get_by_role("button", name="Colour of first")

    def colour() -> str:
        return str(swatch.locator("span").evaluate("one => getComputedStyle(one).backgroundColor"))

    before = colour()
    swatch.click()
    page.get_by_role("button", name="Colour 17", exact=True).click()
    expect(page).to_have_url(re.compile("colours="))
    assert colour() == "rgb(0, 165, 120)"
    page.reload()
    expect(swatch).to_be_visible()
    assert colour() == "rgb(0, 165, 120)"
    swatch.click()
    page.get_by_role("button", name="The run’s own colour").click()
    expect(page).not_to_have_url(re.compile("colours="))
    assert colour() == before


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_palette_and_the_grips_have_no_serious_faults(
    open_context: OpenContext, axe_source: str, runs: list[str], theme: str
) -> None:
    page = open_context(theme=theme, bypass_csp=True).new_page()
    page.goto(f"/admin/{PROJECT}/workspace")
    is_in_order(page, "alpha", "beta", "delta", "gamma")
    page.get_by_role("button", name="Colour of first").click()
    expect(page.get_by_role("button", name="Colour 17", exact=True)).to_be_visible()
    assert axe_violations(page, axe_source) == []
