"""What is kept of versions, set by who looks first; and what the second person is shown to decide on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext, axe_violations
from tests.browser.seed import Seeder
from tests.browser.seed_artifacts import put_artifact
from tests.browser.seed_sweeps import model_sweep, ok

PROJECT = "keeping"
AT = f"/admin/{PROJECT}/settings"


@pytest.fixture(scope="module")
def keeping(seed: Seeder) -> str:
    """Six checkpoints of runs with an accuracy, two of a dataset."""
    for number, accuracy in enumerate((0.5, 0.9, 0.6, 0.8, 0.7, 0.65)):
        seed.run(PROJECT, f"r{number}", rows=[{"accuracy": accuracy}]).end()
        data = {"w.bin": bytes([number]) * 1000, "shared.bin": b"s" * 5000}
        put_artifact(seed.api, PROJECT, "net", "model", data, run=f"r{number}")
    for number in range(2):
        put_artifact(seed.api, PROJECT, "rows", "dataset", {"rows.csv": b"%d" % number})
    return PROJECT


def test_a_policy_is_looked_at_saved_and_applied_by_keyboard_alone(
    page: Any, keeping: str, seed: Seeder
) -> None:
    page.goto(f"/admin/{keeping}/workspace")
    page.get_by_role("navigation", name="Project").get_by_role("link", name="Settings").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("No policy: all versions stay.")).to_be_visible()
    page.get_by_label("For artifacts of").select_option("model")
    page.get_by_label("Keep the last").focus()
    page.keyboard.type("1")
    page.keyboard.press("Tab")
    page.keyboard.type("2")
    expect(page.get_by_text("Name the metric that the best are the best by.")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.type("accuracy")
    page.get_by_role("button", name="See what would go", exact=True).focus()
    page.keyboard.press("Enter")
    going = page.get_by_role("status", name="What would go")
    expect(going).to_contain_text("3 versions of")
    expect(going).to_contain_text("net:v0, net:v2, net:v4")
    expect(going).to_contain_text("free 2.93 KiB")  # what they share with others stays
    assert seed.api.get(f"/projects/admin/{keeping}/collections/net").json()["version_count"] == 6
    expect(page.get_by_role("button", name="Save the policy")).to_be_enabled()
    page.get_by_role("button", name="Save the policy").focus()
    page.keyboard.press("Enter")
    policies = page.get_by_role("list", name="Policies")
    expect(policies).to_contain_text("Type model")
    expect(policies).to_contain_text("keeps the last, the best 2 by the highest accuracy")
    expect(page.get_by_role("button", name="Apply now")).to_be_enabled()
    page.get_by_role("button", name="Apply now").focus()
    page.keyboard.press("Enter")
    page.get_by_role("alertdialog").get_by_role("button", name="Apply").focus()
    page.keyboard.press("Enter")
    deletions = page.get_by_role("region", name="Deletions of many versions")
    expect(deletions).to_contain_text("Done")
    expect(deletions).to_contain_text("3 versions")
    assert seed.api.get(f"/projects/admin/{keeping}/collections/net").json()["version_count"] == 3
    page.get_by_role("button", name="See what would go now").click()
    expect(page.get_by_text("Nothing would go.")).to_be_visible()
    page.get_by_role("button", name="Remove the policy of Type model").click()
    expect(page.get_by_text("No policy: all versions stay.")).to_be_visible()


def test_the_defaults_of_all_projects_are_set_in_the_settings_and_seen_in_a_project(
    page: Any, seed: Seeder, keeping: str
) -> None:
    page.goto(AT)
    page.get_by_role("link", name="set in the settings").press("Enter")
    expect(page).to_have_url(re.compile("entity=admin"))
    defaults = page.get_by_role("region", name="What is kept of artifact versions")
    expect(defaults.get_by_text("No policy: all versions stay.")).to_be_visible()
    defaults.get_by_label("For artifacts of the type").fill("scratch")
    defaults.get_by_label("Keep the last").fill("2")
    defaults.get_by_label("The others go after so many days").fill("7")
    page.keyboard.press("Enter")
    policies = defaults.get_by_role("list", name="Policies")
    expect(policies).to_contain_text("Type scratch")
    expect(policies).to_contain_text("keeps the last 2, the others for 7 days")
    kept = seed.api.get("/entities/admin/retention").json()["policies"]
    assert [(one["type"], one["rule"]["last"]) for one in kept] == [("scratch", 2)]
    page.goto(AT)
    expect(page.get_by_role("list", name="Policies")).to_contain_text("Type scratch, all projects")
    page.goto("/settings?entity=admin")
    policies.get_by_role("button", name="Remove the policy of Type scratch").press("Enter")
    page.get_by_role("alertdialog").get_by_role("button", name="Remove the default").press("Enter")
    expect(defaults.get_by_text("No policy: all versions stay.")).to_be_visible()
    assert seed.api.get("/entities/admin/retention").json()["policies"] == []


@pytest.fixture(scope="module")
def waiting(seed: Seeder) -> str:
    """A sweep of models, and a registry whose `production` waits for another person; its best run."""
    config = {
        "method": "random",
        "seed": 1,
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"lr": {"min": 0.001, "max": 0.1}, "layers": {"values": [2, 4]}},
    }
    best = model_sweep(seed, "tuned", "asr", config, 4)
    ok(seed.api.post("/admin/organizations", json={"name": "second", "owner": "admin"}))
    rules = {"name": "asr", "approvals_needed": 1}
    ok(seed.api.post("/organizations/second/registries", json=rules))
    return best


def test_the_second_person_is_shown_the_sweep_and_the_gate_that_speak_for_a_promotion(
    page: Any, waiting: str, seed: Seeder
) -> None:
    page.goto("/admin/tuned/sweeps/asr")
    page.get_by_role("button", name="Promote…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Registry").select_option("second/asr")
    dialog.get_by_label("Alias").fill("production")
    expect(dialog.get_by_text(re.compile("They are shown this sweep"))).to_be_visible()
    dialog.get_by_role("button", name="Ask for approval").click()
    expect(dialog).to_have_count(0)
    gate = {"kind": "gate", "suite": "noisy", "wer": 0.071, "limit": {"wer": 0.08}}
    asked = {"version": "v0", "alias": "production", "reason": "the gate passed", "evidence": gate}
    ok(seed.api.post("/projects/second/wandb-registry-asr/collections/asr/approvals", json=asked))
    page.goto("/registry/second/asr/asr")
    requests = page.get_by_role("region", name="Waiting for approval")
    expect(requests.get_by_text(re.compile("Evidence: trial"))).to_be_visible()
    expect(requests.get_by_role("link", name=f"run {waiting}")).to_be_visible()
    expect(requests.get_by_text("limit.wer")).to_be_visible()
    requests.get_by_role("link", name="asr", exact=True).click()
    expect(page.get_by_role("heading", name="asr")).to_be_visible()


def test_a_sweep_is_in_the_lineage_with_its_best_run(page: Any, waiting: str) -> None:
    page.goto("/admin/tuned/sweeps/asr?tab=lineage&list=true")
    made = page.get_by_role("region", name="Made of it")
    expect(made.get_by_role("listitem").filter(has_text="best")).to_have_count(1)
    expect(made.get_by_role("listitem").filter(has_text="best").get_by_role("link")).to_have_attribute(
        "href", re.compile(f"/runs/{waiting}$")
    )
    page.get_by_role("radio", name="Graph").click()
    expect(page.get_by_role("region", name="Lineage").get_by_text("best").first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_have_no_serious_accessibility_problem(
    open_context: OpenContext, keeping: str, waiting: str, seed: Seeder, axe_source: str, theme: str
) -> None:
    rule = {"type": "dataset", "rule": {"last": 1, "ttl_seconds": 86400}}
    ok(seed.api.put(f"/projects/admin/{keeping}/retention", json=rule))
    place = {"organization": "second", "registry": "asr", "collection": "asr"}
    asked = {**place, "alias": "production", "reason": "to be looked at"}
    ok(seed.api.post("/projects/admin/tuned/sweeps/asr/approvals", json=asked))
    page = open_context(theme=theme, bypass_csp=True).new_page()
    page.goto(AT)
    page.get_by_label("Keep the last").fill("1")
    page.get_by_role("button", name="See what would go", exact=True).click()
    expect(page.get_by_role("status").first).to_be_visible()
    assert axe_violations(page, axe_source) == [], "the settings of a project"
    for address in ("/settings", "/registry/second/asr/asr", "/admin/tuned/sweeps/asr?tab=lineage"):
        page.goto(address)
        expect(page.get_by_role("heading").first).to_be_visible()
        page.wait_for_timeout(500)
        assert axe_violations(page, axe_source) == [], address
