"""Pages as somebody sees them who may not change what is there: nothing is offered that is then refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext, Watch, axe_violations
from tests.browser.seed import Seeder
from tests.browser.seed_rights import ORGANIZATION, PROJECT, READ_ONLY, REGISTRY, TEAM, Shared, shared_place

AT = f"/{TEAM}/{PROJECT}"
LINKED = f"/{ORGANIZATION}/wandb-registry-{REGISTRY}/artifacts/model/net/v1"
NET = f"/registry/{ORGANIZATION}/{REGISTRY}/net"
# Acts that stand on a page for everybody: (page, their names).
STANDING = [
    (f"{AT}/runs/going", ["Stop", "Delete run", "Rename run", "Tag"]),
    (f"{AT}/sweeps/search", ["Promote…"]),
    (f"{AT}/sweeps/open", ["Pause", "Stop", "Cancel"]),
    (f"{AT}/artifacts/model/net/v2", ["Add an alias", "Describe it"]),
    (f"{AT}/artifacts/model/net", ["Delete artifact"]),
    (f"{AT}/settings", ["Apply now"]),
    ("/registry", ["New registry"]),
    (NET, ["Promote…", "Roll back…"]),
]
# Acts that come with a thing, or are a form: (page, what is pressed first, their names).
COMING: list[tuple[str, str, list[str]]] = [
    (f"{AT}/runs", "Select ended", ["Tag", "Delete"]),
    (f"{AT}/runs/ended", "", ["Remove tag kept"]),
    (f"{AT}/sweeps/search?tab=trials", "", ["Promote trial 0…"]),
    (f"{AT}/artifacts/model/net", "Select v2", ["Delete"]),
    (f"{AT}/artifacts/model/net", "", ["Delete by query"]),
    (f"{AT}/settings", "", ["Save the policy"]),
    (NET, "", ["Promote v2"]),
    (f"/registry/{ORGANIZATION}/{REGISTRY}", "", ["Delete net"]),
    (LINKED, "", ["Take the alias production off"]),
    ("/admin", TEAM, ["Add member", "Remove rights-member from rights-team"]),
]


@pytest.fixture(scope="module")
def shared(seed: Seeder) -> Iterator[Shared]:
    with shared_place(seed) as place:
        yield place


@pytest.fixture
def enter(open_context: OpenContext, shared: Shared) -> Any:
    """A page of somebody's session."""

    def make(who: str, **options: Any) -> Any:
        context = open_context(signed_in=False, **options)
        assert context.request.post("/api/v1/session", data={"key": shared.keys[who]}).ok
        return context.new_page()

    return make


def named(page: Any, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True).first


def told(page: Any, entity: str, project: str) -> Any:
    answer = page.request.get(f"/api/v1/projects/{entity}/{project}")
    assert answer.ok, answer.text()
    return answer.json()["may"]


@pytest.mark.parametrize("who", ["owner", "viewer", READ_ONLY])
def test_an_act_of_a_page_stands_there_and_says_why_it_is_refused(enter: Any, who: str) -> None:
    page = enter(who)
    for address, names in STANDING:
        page.goto(address)
        for name in names:
            button = named(page, name)
            expect(button).to_be_visible()
            if who == "owner":
                expect(button).to_be_enabled()
            else:
                expect(button).to_be_disabled()
                why = "may only read" if who == READ_ONLY else "needs the role|protected"
                expect(button).to_have_accessible_description(re.compile(why))
                button.focus()
                expect(button).to_be_focused()  # who goes by keys gets to hear it


@pytest.mark.parametrize("who", ["owner", "viewer", READ_ONLY])
def test_an_act_on_a_thing_is_there_only_for_those_who_may(enter: Any, who: str) -> None:
    page = enter(who)
    for address, first, names in COMING:
        page.goto(address)
        if first.startswith("Select "):
            page.get_by_role("checkbox", name=first, exact=True).check()
        elif first:
            named(page, first).click()
        expect(page.get_by_role("heading").first).to_be_attached()
        for name in names:
            if who == "owner":
                expect(named(page, name)).to_be_visible()
            else:
                _settled(page)
                expect(named(page, name)).to_have_count(0)


def _settled(page: Any) -> None:
    """Nothing on the page is still read."""
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.locator('[class*="skeleton"]')).to_have_count(0)
    page.wait_for_timeout(300)


def test_what_the_pages_offer_follows_the_servers_answer(enter: Any) -> None:
    for who, writes, manages in (
        ("owner", True, True),
        ("member", True, False),
        ("viewer", False, False),
        (READ_ONLY, False, False),
    ):
        page = enter(who)
        may = told(page, TEAM, PROJECT)
        assert (may["write"]["allowed"], may["manage"]["allowed"]) == (writes, manages)
        page.goto(f"{AT}/settings")
        apply = named(page, "Apply now")
        if manages:
            expect(apply).to_be_enabled()
        else:
            expect(apply).to_have_accessible_description(may["manage"]["reason"])
        page.goto(f"{AT}/runs/ended")
        rename = named(page, "Rename run")
        if writes:
            expect(rename).to_be_enabled()
        else:
            expect(rename).to_have_accessible_description(may["write"]["reason"])


def test_pressing_a_refused_act_tells_why_and_asks_the_server_for_nothing(enter: Any) -> None:
    page = enter("viewer", width=390, height=800)
    changes: list[str] = []
    change = ("PUT", "PATCH", "DELETE")
    page.on("request", lambda sent: sent.method in change and changes.append(sent.url))
    page.goto(f"{AT}/runs/going")
    stop = named(page, "Stop")
    expect(stop).to_have_accessible_description(re.compile("needs the role member"))
    stop.press("Enter")
    expect(page.get_by_role("region", name="Messages")).to_contain_text("needs the role member")
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    named(page, "Rename run").click(force=True)  # a finger does not ask whether it is enabled
    expect(page.get_by_label("Run name")).to_have_count(0)
    notes = page.get_by_label("Notes")
    expect(notes).not_to_be_editable()
    expect(notes).to_have_accessible_description(re.compile("needs the role member"))
    assert changes == []


def test_a_member_of_a_registry_moves_all_but_protected_aliases(enter: Any) -> None:
    page = enter("member")
    page.goto(NET)
    protected = re.compile("is protected: an admin of the registry moves it")
    for name in ("Promote…", "Roll back…"):
        guarded = page.get_by_role("region", name="production").get_by_role("button", name=name)
        expect(guarded).to_be_disabled()
        expect(guarded).to_have_accessible_description(protected)
        free = page.get_by_role("region", name="candidate").get_by_role("button", name=name)
        expect(free).to_be_enabled()
    named(page, "Promote v1").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("it is good")
    expect(named(dialog, "Promote v1")).to_have_accessible_description(protected)
    dialog.get_by_label("To the alias").fill("candidate")
    expect(named(dialog, "Promote v1")).to_be_enabled()
    page.goto(f"{AT}/sweeps/search")
    named(page, "Promote…").click()
    promote = page.get_by_role("dialog").get_by_role("button", name="Promote", exact=True)
    expect(promote).to_be_enabled()
    page.get_by_role("dialog").get_by_label("Alias").fill("production")
    expect(promote).to_have_accessible_description(protected)
    page.goto(LINKED)
    expect(named(page, "Add an alias")).to_be_enabled()
    expect(named(page, "Take the alias production off")).to_have_count(0)


def test_keys_and_the_palette_offer_no_act_that_is_refused(enter: Any) -> None:
    for who, count in (("owner", 1), ("viewer", 0), (READ_ONLY, 0)):
        page = enter(who)
        page.goto(NET)
        grid = page.get_by_role("grid", name="Linked versions")
        expect(grid.get_by_role("row")).to_have_count(4)
        _settled(page)
        page.keyboard.press("j")
        expect(page.locator('[role="row"]:has(:focus)')).to_contain_text("v2")
        page.keyboard.press("?")
        keys = page.get_by_role("dialog")
        expect(keys.get_by_text("Compare the version with what stands")).to_be_visible()
        expect(keys.get_by_text("Promote the version")).to_have_count(count)
        page.keyboard.press("Escape")
        expect(keys).to_have_count(0)
        page.keyboard.press("p")
        expect(page.get_by_role("dialog")).to_have_count(count)
        if count:
            page.keyboard.press("Escape")
        page.keyboard.press("Control+k")
        page.keyboard.type("promote")
        expect(page.get_by_role("option", name="Promote the version")).to_have_count(count)


def test_a_view_of_others_is_kept_under_a_name_of_ones_own(enter: Any, shared: Shared) -> None:
    """A viewer has private views, and may not save over the team's; a key that may only read has none."""
    for who in ("viewer", READ_ONLY):
        page = enter(who)
        page.goto(f"{AT}/workspace?view={shared.view}")
        expect(page.get_by_role("link", name="ours")).to_have_attribute("aria-current", "page")
        expect(page.get_by_role("button", name="More of the view ours")).to_have_count(0)
        save_as = named(page, "Save as…")
        if who == READ_ONLY:
            expect(save_as).to_have_accessible_description(re.compile("may only read"))
            continue
        save_as.click()
        dialog = page.get_by_role("dialog")
        share = dialog.get_by_role("checkbox")
        expect(share).to_be_disabled()
        expect(share).to_have_accessible_description(re.compile("needs the role member"))
        dialog.get_by_label("Name").fill("mine alone")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="mine alone")).to_be_visible()
        expect(page.get_by_role("button", name="More of the view mine alone")).to_be_visible()


def test_ones_own_settings_under_a_key_that_may_only_read(enter: Any) -> None:
    page = enter(READ_ONLY)
    page.goto("/settings")
    expect(page.get_by_text("signed in with a key that may only read")).to_be_visible()
    for name in ("Save", "Make a key"):
        expect(named(page, name)).to_have_accessible_description(re.compile("may only read"))
    expect(page.get_by_role("button", name=re.compile("^Delete key"))).to_have_count(0)


def test_an_admins_read_only_key_opens_no_pages_of_the_server(
    open_context: OpenContext, seed: Seeder
) -> None:
    made = seed.api.post("/me/keys", json={"name": "watch", "read_only": True}).json()
    context = open_context(signed_in=False)
    assert context.request.post("/api/v1/session", data={"key": made["key"]}).ok
    page = context.new_page()
    page.goto("/admin")
    expect(page.get_by_text("Users and health are for server admins")).to_be_visible()
    expect(page.get_by_text("This key may only read.")).to_be_visible()
    expect(named(page, "Add the user")).to_have_count(0)


def test_somebody_from_elsewhere_and_nobody_see_no_act_at_all(
    enter: Any, open_context: OpenContext, watch: Watch
) -> None:
    watch.allowed += [re.compile("status of 404"), re.compile("status of 401")]
    outsider = enter("outsider")
    for address, words in (
        (f"{AT}/workspace", "There is no project"),
        (f"{AT}/runs/ended", "There is no run 'ended'"),
        (f"{AT}/sweeps/search", "There is no sweep 'search'"),
        (f"{AT}/artifacts/model/net/v0", "There is no version 'net:v0'"),
        (NET, "There is no collection 'net'"),
    ):
        outsider.goto(address)
        expect(outsider.get_by_text(words)).to_be_visible()
        for name in ("Save as…", "Delete run", "Rename run", "Promote…", "Pause", "Add an alias"):
            expect(named(outsider, name)).to_have_count(0)
    nobody = open_context(signed_in=False).new_page()
    nobody.goto(f"{AT}/runs/ended")
    expect(nobody.get_by_label("API key")).to_be_visible()
    expect(nobody.get_by_role("button", name="Delete run")).to_have_count(0)


def test_a_role_that_is_taken_away_meanwhile_takes_the_acts_along(
    enter: Any, seed: Seeder, watch: Watch
) -> None:
    watch.allowed.append(re.compile("status of 403"))
    page = enter("member")
    page.goto(f"{AT}/runs/ended")
    rename = named(page, "Rename run")
    expect(rename).to_be_enabled()
    role = f"/entities/{TEAM}/members/rights-member"
    assert seed.api.put(role, json={"role": "viewer"}).is_success
    try:
        page.wait_for_timeout(2500)  # as long as another replica may hold on to a role
        rename.click()
        page.get_by_label("Run name").fill("renamed")
        page.keyboard.press("Enter")
        expect(page.get_by_role("region", name="Messages")).to_contain_text("needs the role member")
        expect(named(page, "Delete run")).to_be_disabled()
    finally:
        assert seed.api.put(role, json={"role": "member"}).is_success


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_refused_acts_are_no_accessibility_problem(enter: Any, axe_source: str, theme: str) -> None:
    page = enter("viewer", theme=theme, bypass_csp=True)
    for address, _ in STANDING:
        page.goto(address)
        expect(page.get_by_role("heading").first).to_be_visible()
        _settled(page)
        assert axe_violations(page, axe_source) == [], address
