"""Whole artifacts and collections of registries deleted and restored, deletions of many versions undone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext, Watch, axe_violations
from tests.browser.seed import Seeder
from tests.browser.seed_artifacts import put_artifact
from tests.browser.seed_sweeps import ok

PROJECT = "bins"
LIST = f"/admin/{PROJECT}/artifacts"
TRASH = f"{LIST}?trash=true"


def fill(seed: Seeder, name: str, count: int = 2, *, type: str = "model") -> None:
    for number in range(count):
        put_artifact(seed.api, PROJECT, name, type, {"w": f"{name} {number}".encode()})


def row(page: Any, name: str) -> Any:
    return page.get_by_role("row").filter(has=page.get_by_role("gridcell", name=name, exact=True))


def test_an_artifact_is_deleted_from_its_page_and_comes_back_by_undo(page: Any, seed: Seeder) -> None:
    fill(seed, "undone", 3)
    page.goto(f"{LIST}/model/undone")
    expect(page.get_by_role("button", name="Delete artifact")).to_be_enabled()
    page.get_by_role("button", name="Delete artifact").press("Enter")
    expect(page.get_by_role("alertdialog")).to_contain_text("with 3 versions")
    page.get_by_role("button", name="Move to the trash").press("Enter")
    expect(page).to_have_url(re.compile(f"{LIST}$"))
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text("undone is back")).to_be_visible()
    page.goto(f"{LIST}/model/undone")
    expect(page.get_by_role("grid", name="Versions")).to_have_attribute("aria-rowcount", "4")


def test_the_trash_says_who_when_and_how_much_and_restores_by_keyboard(page: Any, seed: Seeder) -> None:
    fill(seed, "lost", 3)
    fill(seed, "stays", 1, type="dataset")
    ok(seed.api.delete(f"/projects/admin/{PROJECT}/collections/lost"))
    page.goto(LIST)
    page.get_by_label("Trash").press("Space")
    expect(page).to_have_url(re.compile("trash=true"))
    told = row(page, "lost")
    for cell in ("admin", "3", "18 B", "in 29 d", "model"):
        expect(told.get_by_role("gridcell", name=cell, exact=True)).to_be_visible()
    expect(row(page, "stays")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("lost")
    expect(page).to_have_url(re.compile("find=lost"))
    page.keyboard.press("Enter")  # to the grid
    page.keyboard.press("Enter")
    expect(page.get_by_text("lost is back with 3 versions")).to_be_visible()
    expect(page.get_by_text("Nothing in the trash matches")).to_be_visible()
    page.get_by_role("button", name="Open").press("Enter")
    expect(page.get_by_role("heading", name="lost")).to_be_visible()
    expect(page.get_by_role("grid", name="Versions")).to_have_attribute("aria-rowcount", "4")


def test_where_the_name_was_taken_another_is_asked_for(page: Any, seed: Seeder, watch: Watch) -> None:
    watch.allowed.append(re.compile("status of 409"))
    fill(seed, "twice", 2)
    ok(seed.api.delete(f"/projects/admin/{PROJECT}/collections/twice"))
    fill(seed, "twice", 1)
    page.goto(f"{TRASH}&find=twice")
    page.get_by_role("button", name="Restore twice").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("has an artifact 'twice' again")
    dialog.get_by_label("Name").fill("twice-before")
    page.keyboard.press("Enter")
    expect(page.get_by_text("twice-before is back with 2 versions")).to_be_visible()
    expect(dialog).to_have_count(0)
    assert ok(seed.api.get(f"/projects/admin/{PROJECT}/collections/twice"))["version_count"] == 1


def test_a_page_of_what_was_deleted_leads_to_the_trash(page: Any, seed: Seeder, watch: Watch) -> None:
    watch.allowed.append(re.compile("status of 404"))
    fill(seed, "away", 1)
    ok(seed.api.delete(f"/projects/admin/{PROJECT}/collections/away"))
    page.goto(f"{LIST}/model/away")
    page.get_by_role("link", name="what was deleted").click()
    expect(row(page, "away")).to_be_visible()
    page.goto(f"/admin/{PROJECT}/settings")
    page.get_by_role("row").filter(has_text="away").get_by_role("link", name="(deleted)").click()
    expect(page).to_have_url(re.compile("find=away"))
    expect(row(page, "away")).to_be_visible()


def test_a_deletion_of_many_is_undone_from_the_list_of_recent_ones(page: Any, seed: Seeder) -> None:
    fill(seed, "many", 6)
    wanted = {"collection": "many", "keep_last": 1, "reason": "old tokens"}
    ok(seed.api.post(f"/projects/admin/{PROJECT}/deletions", json=wanted))
    page.goto(f"{TRASH}&find=none-such")
    page.get_by_role("link", name="Deletions of many versions").press("Enter")
    listed = page.get_by_role("region", name="Deletions of many versions").get_by_role("listitem")
    expect(listed.first).to_contain_text("Done: many, but the newest 1")
    expect(listed.first).to_contain_text("5 versions of 30 B deleted")
    expect(listed.first).to_contain_text("by admin")
    expect(listed.first).to_contain_text("old tokens")
    listed.first.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_role("alertdialog")).to_contain_text("Restore 5 versions?")
    page.get_by_role("alertdialog").get_by_role("button", name="Undo").press("Enter")
    expect(listed.first).to_contain_text("Undone")
    expect(listed.first).to_contain_text("5 restored")
    expect(listed.first.get_by_role("button")).to_have_count(0)
    assert ok(seed.api.get(f"/projects/admin/{PROJECT}/collections/many"))["version_count"] == 6


@pytest.fixture(scope="module")
def registry(seed: Seeder) -> str:
    fill(seed, "source", 1)
    version = ok(seed.api.get(f"/projects/admin/{PROJECT}/artifacts/source:latest"))
    ok(seed.api.post("/admin/organizations", json={"name": "bin-lab", "owner": "admin"}))
    ok(seed.api.post("/organizations/bin-lab/registries", json={"name": "models"}))
    to = {"entity": "bin-lab", "project": "wandb-registry-models", "force": True, "reason": "a test"}
    for name in ("asr", "tts"):
        link = {**to, "collection": name, "aliases": ["production"]}
        ok(seed.api.post(f"/projects/admin/{PROJECT}/artifacts/@{version['id']}/links", json=link))
    return "/registry/bin-lab/models"


def test_a_registrys_collection_is_deleted_and_restored_with_its_links(
    page: Any, seed: Seeder, registry: str
) -> None:
    page.goto(registry)
    expect(page.get_by_role("button", name="Delete tts")).to_be_enabled()
    page.get_by_role("button", name="Delete tts").press("Enter")
    expect(page.get_by_role("alertdialog")).to_contain_text("stay where they were made")
    page.get_by_role("button", name="Move to the trash").press("Enter")
    expect(page.get_by_role("link", name="tts")).to_have_count(0)
    page.get_by_label("Trash").press("Space")
    page.get_by_role("button", name="Restore tts").click()
    expect(page.get_by_text("tts is back with 1 version")).to_be_visible()
    expect(page.get_by_text("The trash is empty")).to_be_visible()
    page.get_by_label("Trash").press("Space")
    page.get_by_role("link", name="tts").click()
    expect(page.get_by_text("production").first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_trash_has_no_serious_fault_and_fits_the_screen(
    open_context: OpenContext, seed: Seeder, registry: str, axe_source: str, theme: str, width: int
) -> None:
    fill(seed, f"gone-{theme}-{width}", 1)
    ok(seed.api.delete(f"/projects/admin/{PROJECT}/collections/gone-{theme}-{width}"))
    page = open_context(theme=theme, width=width, bypass_csp=True).new_page()
    for where in (TRASH, f"{TRASH}&find=none-such", f"{registry}?trash=true", f"/admin/{PROJECT}/settings"):
        page.goto(where)
        expect(page.get_by_role("heading").first).to_be_visible()
        page.wait_for_timeout(600)
        assert axe_violations(page, axe_source) == [], where
        assert page.evaluate("document.documentElement.scrollWidth") <= width, where
