"""What the artifacts of a project take up, on its settings page: the same to the byte as the command line,
the API, and what lies in the store."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext, axe_violations
from tests.browser.seed import Seeder
from tests.browser.seed_artifacts import put_artifact
from tests.support.server import clean_environment

PROJECT = "storing"
AT = f"/admin/{PROJECT}/settings"
SHARED = b"s" * 50_000


@pytest.fixture(scope="module")
def storing(seed: Seeder) -> str:
    """Three versions of a model and one of a dataset that share a file; one version is in the trash, and one
    artifact is deleted as a whole."""
    seed.project(PROJECT)
    for number in range(3):
        put_artifact(seed.api, PROJECT, "net", "model", {"w.bin": bytes([number]) * 9000, "shared": SHARED})
    put_artifact(seed.api, PROJECT, "rows", "dataset", {"rows.csv": b"1,2\n" * 500, "shared": SHARED})
    put_artifact(seed.api, PROJECT, "old", "dataset", {"old.csv": b"3,4\n" * 700})
    place = f"/projects/admin/{PROJECT}"
    seed.api.delete(f"{place}/artifacts/net:v0").raise_for_status()
    seed.api.delete(f"{place}/collections/old").raise_for_status()
    return PROJECT


def test_the_page_the_command_and_the_api_count_the_same(page: Any, storing: str, seed: Seeder) -> None:
    page.goto(AT)
    whole = 3 * 9000 + len(SHARED) + 2000 + 2800
    said = page.get_by_role("status", name="In all")
    expect(said).to_contain_text("3 versions of")
    expect(said.locator("strong")).to_have_attribute("title", f"{whole} bytes")
    expect(said).to_contain_text("48.8 KiB of that are shared by several artifacts")
    expect(said).to_contain_text("2 versions in the trash hold 11.5 KiB that nothing else does")
    command = [sys.executable, "-m", "runstone", "du", f"admin/{storing}", "--json"]
    env = clean_environment(RUNSTONE_BASE_URL=seed.base_url, RUNSTONE_API_KEY=seed.key)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["stored_bytes"] == whole
    assert told == seed.api.get(f"/projects/admin/{storing}/storage").json()
    table = page.get_by_role("table", name="Storage by artifact")
    for one in told["collections"]:
        row = table.get_by_role("row").filter(has_text=one["name"])
        expect(row.get_by_title(f"{one['stored_bytes']} bytes").first).to_be_visible()
        expect(row.get_by_title(f"{one['alone_bytes']} bytes").first).to_be_visible()
    expect(table.get_by_role("row").filter(has_text="old")).to_contain_text("(deleted)")
    types = page.get_by_role("table", name="Storage by type")
    expect(types.get_by_role("row").filter(has_text="dataset")).to_contain_text("4.69 KiB")


def test_ones_own_settings_tell_what_each_project_stores(
    page: Any, open_context: OpenContext, axe_source: str, storing: str, seed: Seeder
) -> None:
    told = seed.api.get("/entities/admin/storage").json()
    page.goto("/settings?entity=admin#entity-storage")
    expect(page.get_by_role("status", name="In all projects").locator("strong")).to_have_attribute(
        "title", f"{told['stored_bytes']} bytes"
    )
    table = page.get_by_role("table", name="Storage by project")
    expect(table.get_by_role("rowheader")).to_have_text([one["name"] for one in told["projects"]])
    link = table.get_by_role("link", name=storing, exact=True)
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("table", name="Storage by artifact")).to_be_visible()
    for theme in ("light", "dark"):
        phone = open_context(theme=theme, width=390, height=800, bypass_csp=True).new_page()
        phone.goto("/settings?entity=admin#entity-storage")
        expect(phone.get_by_role("table", name="Storage by project")).to_be_visible()
        assert axe_violations(phone, axe_source) == []
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_artifacts_are_put_in_another_order_and_opened_by_keyboard(page: Any, storing: str) -> None:
    page.goto(AT)
    table = page.get_by_role("table", name="Storage by artifact")
    names = table.get_by_role("rowheader")
    expect(names).to_have_text(["net", "rows", "old (deleted)"])
    table.get_by_role("button", name="Held alone").focus()
    page.keyboard.press("Enter")
    expect(names).to_have_text(["net", "old (deleted)", "rows"])
    expect(table.get_by_role("columnheader", name="Held alone")).to_have_attribute("aria-sort", "descending")
    names.first.get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="net")).to_be_visible()


def test_an_admin_of_the_server_sees_what_a_collection_would_free(page: Any, storing: str) -> None:
    page.goto(AT)
    page.get_by_role("button", name="See what a collection of garbage would free on this server").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status", name="What would be freed")).to_contain_text("that nothing refers to")


def test_a_project_without_artifacts_says_so(page: Any, seed: Seeder) -> None:
    seed.project("storing-nothing")
    page.goto("/admin/storing-nothing/settings")
    expect(page.get_by_text("This project has no artifacts, so nothing is stored.")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_storage_has_no_serious_accessibility_problem(
    open_context: OpenContext, storing: str, axe_source: str, theme: str
) -> None:
    page = open_context(theme=theme, bypass_csp=True).new_page()
    page.goto(AT)
    expect(page.get_by_role("table", name="Storage by artifact")).to_be_visible()
    assert axe_violations(page, axe_source) == []
