"""Lists of 100,000 versions and 5,000 artifacts: gone through, found in, deleted from, restored, by keys."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext, axe_violations
from tests.browser.seed import Seeder
from tests.browser.seed_artifacts import put_artifact
from tests.browser.seed_versions import fill_collections, fill_versions
from tests.support.server import RunningServer

COUNT = 100_000
MANY = 5_000


@pytest.fixture(scope="module")
def large(seed: Seeder, site: RunningServer) -> str:
    named = {"production": 1234, "best": 77_777}
    fill_versions(seed.api, site.data, "large-lists", "checkpoints", COUNT, named)
    return "/admin/large-lists/artifacts/model/checkpoints"


@pytest.fixture(scope="module")
def many(seed: Seeder, site: RunningServer) -> str:
    fill_collections(seed.api, site.data, "many-lists", MANY)
    return "/admin/many-lists/artifacts"


def cell(page: Any, text: str) -> Any:
    return page.get_by_role("gridcell").filter(has_text=re.compile(f"^{text}$"))


def focused_row(page: Any) -> Any:
    return page.locator('[role="row"]:has(:focus)')


def test_a_hundred_thousand_versions_are_gone_through_and_one_is_opened_by_keys_alone(
    page: Any, large: str
) -> None:
    page.goto(large)
    grid = page.get_by_role("grid", name="Versions")
    expect(cell(page, "v99999")).to_be_visible()
    expect(grid).to_have_attribute("aria-rowcount", str(COUNT + 1))
    assert grid.get_by_role("row").count() < 80

    page.keyboard.press("/")
    expect(page.get_by_label("Find versions")).to_be_focused()
    page.keyboard.press("Enter")
    expect(focused_row(page)).to_contain_text("v99999")
    page.keyboard.press("Control+End")
    expect(focused_row(page)).to_contain_text("v0")
    expect(cell(page, "v0")).to_be_visible()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    expect(focused_row(page)).to_contain_text("v3")
    page.keyboard.press("PageUp")
    expect(focused_row(page)).not_to_contain_text(re.compile(r"v[0-9]\b"))

    page.keyboard.press("v")
    expect(page.get_by_label("Go to a version or an alias")).to_be_focused()
    page.keyboard.type("production")
    page.keyboard.press("Enter")
    expect(focused_row(page)).to_contain_text("v1234")
    expect(focused_row(page)).to_contain_text("production")
    expect(page).to_have_url(re.compile("at=production"))
    page.keyboard.press("ArrowDown")
    expect(focused_row(page)).to_contain_text("v1233")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="checkpoints:v1233")).to_be_visible()
    page.go_back()
    expect(focused_row(page)).to_contain_text("v1234")


def test_the_middle_of_the_list_is_read_where_one_drags_to_and_the_rest_is_not(page: Any, large: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: "/versions?" in request.url and asked.append(request.url))
    page.goto(large)
    expect(cell(page, "v99999")).to_be_visible()
    grid = page.get_by_role("grid", name="Versions")
    grid.evaluate("grid => grid.scrollTo(0, grid.scrollHeight / 2)")
    expect(cell(page, "v49999")).to_be_visible()
    assert len(asked) < 10, asked


def test_versions_are_found_and_ordered_and_the_address_keeps_it(page: Any, large: str) -> None:
    page.goto(large)
    expect(cell(page, "v99999")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("epoch 123")
    expect(page.get_by_role("status").filter(has_text="found")).to_be_visible()
    page.keyboard.press("Enter")
    expect(focused_row(page)).to_contain_text("v12399")
    page.get_by_role("columnheader", name="Size").press("Enter")
    expect(page).to_have_url(re.compile("sort=-size"))
    expect(page.get_by_role("columnheader", name="Size")).to_have_attribute("aria-sort", "descending")
    sizes = page.get_by_role("gridcell").filter(has_text=re.compile("[KM]iB$"))
    expect(sizes.first).to_be_visible()
    page.reload()
    expect(page.get_by_label("Find versions")).to_have_value("epoch 123")
    expect(page.get_by_role("columnheader", name="Size")).to_have_attribute("aria-sort", "descending")
    page.get_by_label("Find versions").fill("")
    page.get_by_label("With the tag").fill("epoch-500")
    expect(page.get_by_role("status").filter(has_text="10 versions found")).to_be_visible()
    page.get_by_label("With the tag").fill("no-such-tag")
    expect(page.get_by_text("No version matches")).to_be_visible()
    page.get_by_role("button", name="Clear the filter").press("Enter")
    expect(page.get_by_role("grid", name="Versions")).to_have_attribute("aria-rowcount", str(COUNT + 1))


def test_what_is_found_is_selected_at_once_and_the_bound_is_told(page: Any, large: str) -> None:
    page.goto(f"{large}?tag=epoch-500")
    expect(page.get_by_role("status").filter(has_text="10 versions found")).to_be_visible()
    page.get_by_label("Select all that are found").click()
    expect(page.get_by_role("status").filter(has_text="10 selected")).to_be_visible()
    page.get_by_label("Select all that are found").click()
    expect(page.get_by_role("status").filter(has_text="selected")).to_have_count(0)
    page.goto(large)
    expect(cell(page, "v99999")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text("The first 1,000 of 100,000 are selected")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="1,000 selected")).to_be_visible()


def test_a_version_or_alias_that_is_not_there_is_told(page: Any, large: str, watch: Any) -> None:
    watch.allowed.append(re.compile("status of 404"))
    page.goto(large)
    page.get_by_label("Go to a version or an alias").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("has no version 'nobody' in this list")).to_be_visible()


def test_a_list_that_fails_says_so_and_comes_back(page: Any, large: str, watch: Any) -> None:
    watch.allowed.append(re.compile("ERR_FAILED|status of 5"))
    page.route("**/collections/checkpoints/versions*", lambda route: route.abort())
    page.goto(large)
    expect(page.get_by_text("The versions could not be read")).to_be_visible()
    page.unroute("**/collections/checkpoints/versions*")
    page.get_by_role("button", name="Retry").click()
    expect(cell(page, "v99999")).to_be_visible()


def test_ten_versions_stand_in_the_order_of_their_numbers_also_when_compared(page: Any, seed: Seeder) -> None:
    for number in range(12):
        put_artifact(seed.api, "numbers", "set", "dataset", {"n.txt": b"%d" % number})
    page.goto("/admin/numbers/artifacts/dataset/set?sort=version_index")
    page.get_by_label("Select v10").check()
    page.get_by_label("Select v9").check()
    page.get_by_role("button", name="Compare v9 and v10").click()
    expect(page.get_by_text("to v10")).to_be_visible()


def test_a_selection_goes_to_the_trash_and_comes_back_by_keys(page: Any, seed: Seeder) -> None:
    for number in range(6):
        put_artifact(seed.api, "bulk", "net", "model", {"w": b"net %d" % number})
    seed.api.post("/projects/-/bulk/artifacts/net:v1/aliases", json={"add": ["production"]})
    page.goto("/admin/bulk/artifacts/model/net?sort=version_index")
    expect(cell(page, "v0")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("x")
        page.keyboard.press("ArrowDown")
    expect(page.get_by_role("status").filter(has_text="3 selected")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("status", name="What would go")).to_contain_text("2 versions")
    expect(dialog).to_contain_text("One stays.")
    dialog.get_by_label("Reason").fill("too old")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 versions in the trash")).to_be_visible()
    expect(cell(page, "v0")).to_have_count(0)
    expect(cell(page, "v1")).to_be_visible()
    trash = page.get_by_label("Trash")
    trash.press("Space")
    expect(page).to_have_url(re.compile("trash=true"))
    expect(page.get_by_role("status").filter(has_text="2 versions in the trash")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.press("Enter")
    page.keyboard.press("a")
    expect(page.get_by_role("status").filter(has_text="2 selected")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("status").filter(has_text="selected")).to_have_count(0)
    page.keyboard.press("x")
    page.get_by_role("button", name="Restore", exact=True).press("Enter")
    expect(page.get_by_text("1 version restored")).to_be_visible()
    page.get_by_role("button", name="Restore all").press("Enter")
    page.get_by_role("alertdialog").get_by_role("button", name="Restore all").press("Enter")
    expect(page.get_by_text("The trash is empty")).to_be_visible()
    trash.press("Space")
    expect(page.get_by_role("grid", name="Versions")).to_have_attribute("aria-rowcount", "7")


def test_versions_go_by_query_once_it_was_seen_what_goes_and_are_undone(page: Any, seed: Seeder) -> None:
    for number in range(30):
        tags = ["draft"] if number % 2 else []
        put_artifact(seed.api, "bulk", "drafts", "model", {"w": b"draft %d" % number}, tags=tags)
    page.goto("/admin/bulk/artifacts/model/drafts")
    page.get_by_role("button", name="Delete by query").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("With the tag").fill("draft")
    dialog.get_by_label("The newest stay").fill("x")
    expect(dialog.get_by_text("How many stay is a whole number.")).to_be_visible()
    dialog.get_by_label("The newest stay").fill("10")
    dialog.get_by_role("button", name="See what would go").click()
    expect(dialog.get_by_role("status", name="What would go")).to_contain_text("10 versions")
    dialog.get_by_role("button", name="Move 10 versions to the trash").click()
    expect(page.get_by_text("10 versions in the trash")).to_be_visible()
    expect(page.get_by_role("grid", name="Versions")).to_have_attribute("aria-rowcount", "21")
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text("10 versions restored")).to_be_visible()
    expect(page.get_by_role("grid", name="Versions")).to_have_attribute("aria-rowcount", "31")


def test_what_a_viewer_may_not_do_is_not_offered_or_says_why(open_context: OpenContext, seed: Seeder) -> None:
    api = seed.api
    for path, body in (
        ("/admin/organizations", {"name": "readers-org", "owner": "admin"}),
        ("/admin/teams", {"name": "readers", "organization": "readers-org", "owner": "admin"}),
        ("/admin/users", {"username": "reader"}),
        ("/projects/readers/shared/collections", {"name": "seen", "type": "model"}),
    ):
        answer = api.post(path, json=body)
        assert answer.is_success, (path, answer.text)
    seat = api.put("/entities/readers/members/reader", json={"role": "viewer"})
    assert seat.is_success, seat.text
    key = api.post("/admin/users/reader/keys", json={}).json()["key"]
    context = open_context(signed_in=False)
    assert context.request.post("/api/v1/session", data={"key": key}).ok
    page = context.new_page()
    page.goto("/readers/shared/artifacts/model/seen")
    expect(page.get_by_text("No version is committed yet")).to_be_visible()
    expect(page.get_by_role("button", name="Compare two")).to_be_visible()
    expect(page.get_by_role("button", name="Delete by query")).to_have_count(0)
    delete = page.get_by_role("button", name="Delete artifact")
    expect(delete).to_have_attribute("aria-disabled", "true")
    expect(delete).to_have_accessible_description(re.compile("viewer|read"))


def test_thousands_of_artifacts_are_found_ordered_and_opened_by_keys(page: Any, many: str) -> None:
    page.goto(many)
    grid = page.get_by_role("grid", name="Artifacts")
    expect(grid).to_have_attribute("aria-rowcount", str(MANY + 3))
    page.get_by_role("columnheader", name="Name").press("Enter")
    expect(page).to_have_url(re.compile("sort=name"))
    page.keyboard.press("/")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+End")
    expect(focused_row(page)).to_contain_text("net-04999")
    page.get_by_role("navigation", name="Artifact types").get_by_role("link", name="model").press("Enter")
    expect(grid).to_have_attribute("aria-rowcount", str(MANY // 2 + 2))
    page.get_by_label("With the tag").fill("gold")
    expect(page.get_by_text("No artifact matches")).to_be_visible()  # gold are datasets
    page.get_by_role("button", name="Show all").press("Enter")
    page.get_by_label("With the alias").fill("latest")
    expect(grid).to_have_attribute("aria-rowcount", "3")
    page.keyboard.press("ArrowDown")
    expect(focused_row(page)).to_contain_text("first-")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("^first-"))).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_lists_have_no_serious_accessibility_problem(
    open_context: OpenContext, large: str, many: str, axe_source: str, theme: str
) -> None:
    page = open_context(theme=theme, bypass_csp=True).new_page()
    for address in (large, f"{large}?tag=good", f"{large}?trash=true", many):
        page.goto(address)
        expect(page.get_by_role("heading").first).to_be_visible()
        page.wait_for_timeout(500)
        assert axe_violations(page, axe_source) == [], address
    page.goto(large)
    page.get_by_label("Select v99999").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("status", name="What would go")).to_be_visible()
    assert axe_violations(page, axe_source) == []


def test_any_of_a_hundred_thousand_is_compared_by_name(page: Any, large: str) -> None:
    page.goto(f"{large}/v5000?tab=compare")
    expect(page.get_by_label("Compare with")).to_have_value("v4999")  # the one before, however old
    page.get_by_label("Another version or alias").fill("production")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("to=production"))
    expect(page.get_by_label("Compare with")).to_have_value("production")
    expect(page.get_by_text("to v5000")).to_be_visible()
