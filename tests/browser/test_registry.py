"""The registry and lineage as a release manager uses them: what is in production, why, and what made it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext, axe_violations
from tests.browser.seed import Seeder
from tests.browser.seed_artifacts import put_artifact, use_artifact

PROJECT = "releases"
ORGANIZATION = "acme"
AT = f"/registry/{ORGANIZATION}/models/classifier"


@pytest.fixture(scope="module")
def registry(seed: Seeder) -> str:
    """Raw data → a run cleans them → clean data → runs train → three models, linked into a registry;
    the first is deployed."""
    api = seed.api
    _ok(api.post("/admin/organizations", json={"name": ORGANIZATION, "owner": "admin"}))
    _ok(api.post(f"/organizations/{ORGANIZATION}/registries", json={"name": "models"}))
    seed.run(PROJECT, "clean", name="clean the data").end()
    put_artifact(api, PROJECT, "raw", "dataset", {"raw.csv": b"1,2,"})
    use_artifact(api, PROJECT, "clean", "raw:v0")
    put_artifact(api, PROJECT, "cleaned", "dataset", {"clean.csv": b"1,2"}, run="clean")
    for number in range(3):
        run = f"train{number}"
        seed.run(
            PROJECT, run, config={"lr": 0.1 * (number + 1)}, rows=[{"accuracy": 0.7 + number / 10}]
        ).end()
        use_artifact(api, PROJECT, run, "cleaned:v0")
        model = put_artifact(api, PROJECT, "net", "model", {"w.bin": bytes([number])}, run=run)
        _ok(
            api.post(
                f"/projects/-/{PROJECT}/artifacts/@{model['id']}/links",
                json={"entity": ORGANIZATION, "project": "wandb-registry-models", "collection": "classifier"},
            )
        )
    _ok(
        api.post(
            f"/entities/{ORGANIZATION}/deployments",
            json={
                "site": "berlin",
                "name": "classifier-api",
                "artifact": f"{ORGANIZATION}/wandb-registry-models/classifier:v0",
            },
        )
    )
    return ORGANIZATION


def _ok(answer: Any) -> Any:
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def production(seed: Seeder) -> str:
    at = f"/projects/{ORGANIZATION}/wandb-registry-models/artifacts/classifier:production"
    return str(_ok(seed.api.get(at))["version"])


def test_registries_are_listed_by_organisation_and_lead_to_their_collections(
    page: Any, registry: str
) -> None:
    page.goto("/registry")
    page.get_by_role("link", name="models", exact=True).click()
    page.get_by_role("link", name="classifier", exact=True).click()
    expect(page.get_by_role("heading", name="classifier")).to_be_visible()
    expect(page.get_by_role("region", name="production")).to_contain_text("No version stands here")
    expect(page.get_by_role("grid", name="Linked versions")).to_have_attribute("aria-rowcount", "4")


def test_a_model_is_promoted_rolled_back_and_traced_to_its_raw_data_by_keyboard_alone(
    page: Any, registry: str, seed: Seeder
) -> None:
    page.goto(AT)
    expect(page.get_by_role("button", name="Promote v2")).to_be_visible()
    for version, reason in (("v0", "the first one"), ("v2", "more accurate")):
        page.keyboard.press("/")
        page.keyboard.type(version)
        grid = page.get_by_role("grid", name="Linked versions")
        expect(grid).to_have_attribute("aria-rowcount", "2")
        page.keyboard.press("Enter")
        expect(page.locator('[role="row"]:has(:focus)')).to_contain_text(version)
        page.keyboard.press("p")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_label("Version")).to_have_value(version)
        expect(dialog.get_by_label("Why")).to_be_focused()
        page.keyboard.type(reason)
        page.keyboard.press("Tab")
        expect(dialog.get_by_role("button", name=f"Promote {version}")).to_be_enabled()
        page.keyboard.press("Enter")
        expect(dialog).to_have_count(0)
        expect(page.get_by_role("region", name="production")).to_contain_text(version)
        assert production(seed) == version
        page.keyboard.press("/")
        page.keyboard.press("Control+a")
        page.keyboard.press("Delete")
        expect(page.get_by_role("grid", name="Linked versions")).to_have_attribute("aria-rowcount", "4")
        page.keyboard.press("Enter")  # back into the list
    timeline = page.get_by_role("region", name="What was where when")
    expect(timeline).to_contain_text("more accurate")

    expect(page.get_by_role("button", name="Roll back…")).to_be_enabled()
    page.get_by_role("button", name="Roll back…").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("worse in use")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="production")).to_contain_text("v0")
    assert production(seed) == "v0"
    expect(timeline).to_contain_text("rolled back to v0")

    page.get_by_role("region", name="Versions").get_by_role("link", name="v0", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="classifier:v0")).to_be_visible()
    page.get_by_role("tab", name="Overview").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("region", name="Lineage")).to_be_visible()
    page.get_by_role("radio", name="Graph").focus()
    page.keyboard.press("ArrowRight")
    before = page.get_by_role("region", name="Made from")
    farther = page.get_by_role("button", name="Farther")
    for _ in range(4):
        if before.get_by_role("link", name=re.compile(r"raw:v0$")).count() or farther.is_disabled():
            break
        farther.focus()
        page.keyboard.press("Enter")
        page.wait_for_timeout(700)
    raw = before.get_by_role("link", name=re.compile(r"raw:v0$"))
    expect(raw).to_be_visible()
    expect(page.get_by_role("region", name="Made of it")).to_contain_text("classifier-api")
    raw.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="raw:v0")).to_be_visible()


def test_what_stands_is_told_however_many_versions_came_after_it(
    page: Any, registry: str, seed: Seeder
) -> None:
    place = f"/projects/{ORGANIZATION}/wandb-registry-models/collections/many"
    for number in range(103):
        model = put_artifact(seed.api, "often", "often", "model", {"w.bin": b"often %d" % number})
        link = {"entity": ORGANIZATION, "project": "wandb-registry-models", "collection": "many"}
        forced = {"force": True, "reason": "a test"}
        _ok(seed.api.post(f"/projects/-/often/artifacts/@{model['id']}/links", json={**link, **forced}))
        if number == 0:
            first = {"version": "v0", "alias": "production", "reason": "the first", "force": True}
            _ok(seed.api.post(f"{place}/promote", json=first))
    page.goto(f"/registry/{ORGANIZATION}/models/many")
    expect(page.get_by_role("region", name="production")).to_contain_text("v0")
    timeline = page.get_by_role("region", name="What was where when")
    moves = timeline.get_by_role("grid", name="Moves")
    expect(moves).to_have_attribute("aria-rowcount", "2")  # links move latest, which is left out
    timeline.get_by_label("Moves of").select_option("all aliases")
    expect(page).to_have_url(re.compile("alias="))
    expect(moves).to_have_attribute("aria-rowcount", str(103 + 1 + 1))
    page.get_by_role("button", name="Compare v102").press("Enter")
    comparison = page.get_by_role("region", name="Comparison")
    expect(comparison).to_be_focused()
    expect(comparison.get_by_label("Baseline", exact=True)).to_have_value("v0")
    comparison.get_by_label("Another baseline").fill("v1")  # not among the newest, and without an alias
    page.keyboard.press("Enter")
    expect(comparison.get_by_label("Baseline", exact=True)).to_have_value("v1")
    expect(comparison.get_by_text("1 file changed")).to_be_visible()


def test_the_versions_and_the_moves_of_a_registry_are_gone_through_by_place(
    page: Any, registry: str, seed: Seeder
) -> None:
    """Of the 103 linked before: the oldest comes into sight at once, by keys, without those between."""
    page.goto(f"/registry/{ORGANIZATION}/models/many?alias=*")
    grid = page.get_by_role("grid", name="Linked versions")
    expect(grid).to_have_attribute("aria-rowcount", "104")
    page.keyboard.press("j")
    expect(page.locator('[role="row"]:has(:focus)')).to_contain_text("v102")
    page.keyboard.press("Control+End")
    expect(page.locator('[role="row"]:has(:focus)')).to_contain_text("v0")
    expect(page.get_by_role("button", name="Promote v0")).to_be_visible()
    assert grid.get_by_role("row").count() < 60
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="many:v0")).to_be_visible()
    page.go_back()
    moves = page.get_by_role("grid", name="Moves")
    moves.get_by_role("columnheader", name="When").focus()
    page.keyboard.press("Control+End")
    expect(page.locator('[role="row"]:has(:focus)')).to_contain_text("set to v0")
    page.get_by_label("Find versions").fill("v57")
    expect(page).to_have_url(re.compile("find=v57"))
    expect(grid).to_have_attribute("aria-rowcount", "2")


def test_collections_of_a_registry_are_found_sorted_and_opened_by_keys(
    page: Any, registry: str, seed: Seeder
) -> None:
    for number in range(130):
        wanted = {"name": f"pool-{number:03d}", "type": "model", "kind": "portfolio"}
        _ok(seed.api.post(f"/projects/{ORGANIZATION}/wandb-registry-models/collections", json=wanted))
    page.goto(f"/registry/{ORGANIZATION}/models")
    grid = page.get_by_role("grid", name="Collections")
    expect(page.get_by_role("link", name="pool-129", exact=True)).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Control+End")
    expect(page.locator('[role="row"]:has(:focus)')).to_contain_text(re.compile("classifier|many"))
    page.keyboard.press("/")
    page.keyboard.type("pool-07")
    expect(grid).to_have_attribute("aria-rowcount", "11")
    grid.get_by_role("columnheader", name="Collection").click()
    expect(page).to_have_url(re.compile("sort=name"))
    page.get_by_label("Find collections").press("Enter")
    expect(page.locator('[role="row"]:has(:focus)')).to_contain_text("pool-070")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="pool-070")).to_be_visible()


def test_a_promotion_is_approved_by_another_person_by_keys_and_rejected_with_a_reason(
    open_context: OpenContext, registry: str, seed: Seeder
) -> None:
    api = seed.api
    _ok(api.post(f"/organizations/{ORGANIZATION}/registries", json={"name": "gated", "approvals_needed": 1}))
    _ok(api.post("/admin/users", json={"username": "second-person"}))
    seat = api.put(f"/entities/{ORGANIZATION}/members/second-person", json={"role": "member"})
    _ok(seat)
    key = _ok(api.post("/admin/users/second-person/keys", json={}))["key"]
    place = f"/projects/{ORGANIZATION}/wandb-registry-gated"
    model = _ok(api.get(f"/projects/-/{PROJECT}/artifacts/net:v1"))
    link = {"entity": ORGANIZATION, "project": "wandb-registry-gated", "collection": "net"}
    _ok(api.post(f"/projects/-/{PROJECT}/artifacts/@{model['id']}/links", json=link))
    wanted = {"version": "v0", "alias": "production", "reason": "as good"}
    _ok(api.post(f"{place}/collections/net/approvals", json=wanted))

    own = open_context().new_page()
    own.goto(f"/registry/{ORGANIZATION}/gated/net")
    waiting = own.get_by_role("region", name="Waiting for approval")
    expect(waiting).to_contain_text("v0 → production")
    expect(waiting.get_by_role("button", name="Approve…")).to_be_disabled()

    context = open_context(signed_in=False)
    assert context.request.post("/api/v1/session", data={"key": key}).ok
    page = context.new_page()
    page.goto(f"/registry/{ORGANIZATION}/gated/net")
    page.get_by_role("button", name="Reject…").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Reject", exact=True)).to_be_disabled()
    page.keyboard.type("not yet")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Waiting for approval")).to_have_count(0)
    expect(page.get_by_role("region", name="production")).to_contain_text("No version stands here")
    _ok(api.post(f"{place}/collections/net/approvals", json=wanted))
    page.reload()
    page.get_by_role("button", name="Approve…").press("Enter")
    page.get_by_role("dialog").get_by_label("Comment").fill("now it is")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="production")).to_contain_text("v0")
    assert _ok(api.get(f"{place}/artifacts/net:production"))["version"] == "v0"


def test_the_address_keeps_how_far_the_lineage_goes_and_a_phone_gets_the_list(
    open_context: OpenContext, registry: str
) -> None:
    at = f"/admin/{PROJECT}/artifacts/model/net/v0?tab=lineage"
    page = open_context().new_page()
    page.goto(at)
    expect(page.get_by_role("region", name="Lineage")).to_be_visible()
    page.get_by_role("button", name="Nearer").press("Enter")
    expect(page).to_have_url(re.compile("depth=1"))
    expect(page.get_by_text("within 1 step")).to_be_visible()
    page.reload()
    expect(page.get_by_text("within 1 step")).to_be_visible()
    phone = open_context(width=390, height=800).new_page()
    phone.goto(at)
    expect(phone.get_by_role("region", name="Made from")).to_be_visible()
    phone.get_by_role("radio", name="Graph").click()
    expect(phone).to_have_url(re.compile("list=false"))
    expect(phone.get_by_role("region", name="Lineage")).to_be_visible()
    tabs = phone.get_by_role("navigation", name="Project")
    tabs.get_by_role("link", name="Runs").click()
    expect(phone).to_have_url(re.compile("/runs$"))


def test_a_candidate_is_compared_with_what_stands(page: Any, registry: str) -> None:
    page.goto(f"{AT}?candidate=v2")
    comparison = page.get_by_role("region", name="Comparison")
    comparison.get_by_label("Baseline").select_option("v0")
    expect(comparison.get_by_role("row", name=re.compile("accuracy"))).to_contain_text("+0.2")


def test_the_graph_shows_what_lies_around_and_leads_to_a_node(page: Any, registry: str) -> None:
    page.goto(f"/admin/{PROJECT}/artifacts/dataset/cleaned/v0?tab=lineage")
    graph = page.get_by_role("region", name="Lineage")
    expect(graph.get_by_text("net:v1")).to_be_visible()
    expect(graph.get_by_text("raw:v0")).to_be_visible()
    graph.get_by_text("raw:v0").click()
    expect(page.get_by_role("heading", name="raw:v0")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_have_no_serious_accessibility_problem(
    open_context: OpenContext, registry: str, axe_source: str, theme: str
) -> None:
    page = open_context(theme=theme, bypass_csp=True).new_page()
    for address in (
        "/registry",
        f"/registry/{ORGANIZATION}/models",
        f"{AT}?candidate=v1",
        f"/admin/{PROJECT}/artifacts/dataset/cleaned/v0?tab=lineage",
        f"/admin/{PROJECT}/artifacts/dataset/cleaned/v0?tab=lineage&list=true",
    ):
        page.goto(address)
        expect(page.get_by_role("heading").first).to_be_visible()
        page.wait_for_timeout(600)
        assert axe_violations(page, axe_source) == [], address
