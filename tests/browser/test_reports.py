"""Reports saved by the published client: listed, and shown with their panels over the runs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext, axe_violations
from tests.browser.seed import Seeder

PROJECT = "reported"


def text(words: str, **more: Any) -> list[dict[str, Any]]:
    return [{"text": words, **more}]


def panel(kind: str, at: int, **config: Any) -> dict[str, Any]:
    layout = {"x": 8 * (at % 3), "y": 6 * (at // 3), "w": 8, "h": 6}
    return {"__id__": f"p{at}", "layout": layout, "viewType": kind, "config": config}


def run_set(name: str, *conditions: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "enabled": True,
        "project": {"name": PROJECT, "entityName": "admin"},
        "search": {"query": ""},
        "filters": {"filterFormat": "filterV2", "filters": list(conditions)},
        "sort": {"keys": [{"key": {"section": "run", "name": "createdAt"}, "ascending": False}]},
    }


# As wandb-workspaces 0.4.13 writes it.
SPEC = {
    "version": 5,
    "width": "readable",
    "blocks": [
        {"type": "table-of-contents", "children": text("")},
        {"type": "heading", "level": 1, "children": text("What was tried")},
        {
            "type": "paragraph",
            "children": [
                {"text": "See "},
                {"type": "link", "url": "https://example.com/x", "children": text("one page")},
                {"type": "link", "url": "javascript:alert(1)", "children": text("a trap")},
                {"text": "loss", "inlineCode": True},
            ],
        },
        {
            "type": "list",
            "children": [
                {
                    "type": "list-item",
                    "checked": True,
                    "children": [{"type": "paragraph", "children": text("done")}],
                }
            ],
        },
        {
            "type": "code-block",
            "language": "python",
            "children": [{"type": "code-line", "children": [*text("import runstone"), *text("x = 1")]}],
        },
        {
            "type": "markdown-block",
            "children": text(""),
            "content": "## Of markdown\n\n| a | b |\n|---|---|\n| 1 | **2** |\n\n"
            "<script>window.taken = 1</script>"
            "<img src='https://example.com/spy.png' onerror='window.taken = 1'>"
            "\n\n![p](https://example.com/p.png)",
        },
        {"type": "latex", "children": text(""), "content": "e = mc^2", "block": True},
        {"type": "image", "children": text("elsewhere"), "url": "https://example.com/picture.png"},
        {"type": "from-the-future", "children": text("")},
        {
            "type": "panel-grid",
            "children": text(""),
            "metadata": {
                "runSets": [
                    run_set(
                        "good ones",
                        {
                            "key": {"section": "config", "name": "lr.value"},
                            "op": "<",
                            "value": 0.5,
                            "disabled": False,
                        },
                    ),
                ],
                "panelBankSectionConfig": {
                    "panels": [
                        panel("Run History Line Plot", 0, chartTitle="Loss", xAxis="_step", metrics=["loss"]),
                        panel("Scalar Chart", 1, metrics=["loss"]),
                        panel("Markdown Panel", 2, value="some **words**"),
                        panel("Parallel Coordinates Plot", 3),
                    ]
                },
            },
        },
    ],
}


@pytest.fixture(scope="module")
def report(seed: Seeder) -> str:
    rows = [{"loss": 1 / (step + 1)} for step in range(30)]
    seed.run(PROJECT, "good", name="good run", rows=rows, config={"lr": 0.1}).end()
    seed.run(PROJECT, "bad", name="bad run", rows=rows, config={"lr": 0.9}).end()
    mutation = """mutation M($spec: String!, $project: String!) {
        upsertView(input: {entityName: "admin", projectName: $project, name: "n", type: "runs", spec: $spec,
            displayName: "Findings, all", description: "what we saw"}) { view { id } } }"""
    answer = seed.api.post(
        seed.base_url + "/graphql",
        json={"query": mutation, "variables": {"spec": json.dumps(SPEC), "project": PROJECT}},
    )
    answer.raise_for_status()
    return str(answer.json()["data"]["upsertView"]["view"]["id"])


def test_reports_are_listed_and_opened(page: Any, report: str) -> None:
    page.goto(f"/admin/{PROJECT}/workspace")
    page.get_by_role("link", name="Reports").click()
    expect(page.get_by_role("heading", name="Reports", level=1)).to_be_visible()
    page.get_by_role("link", name="Findings, all").click()
    expect(page.get_by_role("heading", name="Findings, all", level=1)).to_be_visible()
    expect(page.get_by_text("what we saw")).to_be_visible()


def test_a_report_is_shown_from_the_address_that_the_client_prints(page: Any, report: str) -> None:
    page.goto(f"/admin/{PROJECT}/reports/Findings,-all--{report}")
    expect(page.get_by_role("heading", name="What was tried", level=2)).to_be_visible()
    expect(page.get_by_role("link", name="one page")).to_have_attribute("rel", re.compile("noreferrer"))
    expect(page.get_by_text("a trap")).to_be_visible()
    assert page.get_by_role("link", name="a trap").count() == 0
    expect(page.get_by_role("checkbox", name="done")).to_be_checked()
    expect(page.get_by_text("import runstone")).to_be_visible()
    expect(page.get_by_role("cell", name="2", exact=True)).to_be_visible()
    expect(page.locator("math").first).to_be_visible(timeout=30_000)
    expect(page.get_by_text("https://example.com/picture.png")).to_be_visible()
    expect(page.get_by_text("from-the-future", exact=False)).to_be_visible()
    assert page.evaluate("window.taken") is None


def test_panels_of_a_report_are_over_the_runs_of_its_set(page: Any, report: str) -> None:
    page.goto(f"/admin/{PROJECT}/reports/{report}")
    line = page.get_by_role("img", name=re.compile("^loss"))
    line.scroll_into_view_if_needed()
    expect(line).to_be_visible()
    expect(page.get_by_text("good ones")).to_be_visible()
    expect(page.get_by_role("link", name="good run")).to_be_visible()
    assert page.get_by_role("link", name="bad run").count() == 0
    expect(page.get_by_text("some words")).to_be_visible()
    expect(page.get_by_text("Parallel Coordinates Plot").last).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_reports_have_no_serious_faults(
    open_context: OpenContext, axe_source: str, report: str, theme: str
) -> None:
    page = open_context(theme=theme, bypass_csp=True).new_page()
    page.goto(f"/admin/{PROJECT}/reports/{report}")
    expect(page.locator("math").first).to_be_visible(timeout=30_000)
    page.get_by_text("some words").scroll_into_view_if_needed()
    page.wait_for_timeout(800)
    assert axe_violations(page, axe_source) == []
    page.goto(f"/admin/{PROJECT}/reports")
    expect(page.get_by_role("link", name="Findings, all")).to_be_visible()
    assert axe_violations(page, axe_source) == []
