"""Artifacts as a person finds them: by type, by version, by what is in them, by what changed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext, axe_violations
from tests.browser.seed import Seeder
from tests.browser.seed_artifacts import put_artifact, use_artifact

from runstone.sdk.artifacts.facts import known_of
from runstone.sdk.artifacts.preprocessing import Preprocessing

PROJECT = "artifacts"
AT = f"/admin/{PROJECT}/artifacts"
CSV = b'id,text\n1,hello\n2,"a, b"\n'


@pytest.fixture(scope="module")
def artifacts(seed: Seeder, tmp_path_factory: pytest.TempPathFactory) -> str:
    # As the SDK tells them, so that the page is tried with what is really there.
    table, more = (tmp_path_factory.mktemp("tables") / name for name in ("train.csv", "more.csv"))
    table.write_bytes(CSV + b"3,\n")
    more.write_bytes(b"label\nseven\n")
    steps = Preprocessing()
    steps.add(re.sub, {"column": "text"}, name="drop_empty", libraries=["pytest"])
    seed.run(PROJECT, "prepare", name="prepare the digits").end()
    seed.run(PROJECT, "train", name="train on the digits").end()
    put_artifact(
        seed.api,
        PROJECT,
        "digits",
        "dataset",
        {"train.csv": CSV, "images/1.txt": b"one", "images/2.txt": b"two"},
        run="prepare",
        aliases=["latest", "raw"],
        metadata={"rows": 2, "source": {"site": "here"}},
    )
    put_artifact(
        seed.api,
        PROJECT,
        "digits",
        "dataset",
        {"train.csv": CSV + b"3,more\n", "images/1.txt": b"one", "labels.json": b"{}"},
        references={"big.parquet": "s3://bucket/big.parquet"},
        run="prepare",
        aliases=["latest"],
        tags=["clean"],
        description="Digits, cleaned.",
        metadata={"rows": 3, "source": {"site": "here"}},
        facts={
            **known_of("dataset", {"train.csv": str(table), "more.csv": str(more)}),
            "preprocessing": steps.as_list(),
        },
    )
    use_artifact(seed.api, PROJECT, "train", "digits:v1")
    put_artifact(
        seed.api,
        PROJECT,
        "classifier",
        "model",
        {"model.safetensors": bytes(3000)},
        run="train",
        aliases=["latest", "best"],
        facts={"roles": {"weights": ["model.safetensors"]}},
    )
    return PROJECT


def test_artifacts_are_listed_by_type_and_found_by_name(page: Any, artifacts: str) -> None:
    page.goto(AT)
    expect(page.get_by_role("link", name="digits", exact=True)).to_be_visible()
    page.get_by_role("navigation", name="Artifact types").get_by_role("link", name="model").click()
    expect(page.get_by_role("link", name="classifier", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="digits", exact=True)).to_have_count(0)
    page.get_by_label("Find artifacts by name").fill("nothing like it")
    expect(page.get_by_text("No artifact matches")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("link", name="digits", exact=True)).to_be_visible()


def test_a_version_shows_what_is_known_of_it_and_what_a_model_lacks(page: Any, artifacts: str) -> None:
    page.goto(f"{AT}/dataset/digits")
    page.get_by_role("link", name="v1", exact=True).click()
    expect(page.get_by_role("heading", name="digits:v1")).to_be_visible()
    expect(page.get_by_text("Digits, cleaned.")).to_be_visible()
    expect(page.get_by_role("region", name="Schema of train.csv").get_by_role("row")).to_have_count(3)
    expect(page.get_by_text("train.csv 3 rows, 2 columns")).to_be_visible()
    nulls = page.get_by_role("region", name="Schema of train.csv").get_by_role("row", name="text")
    expect(nulls).to_contain_text("may be null")
    expect(page.get_by_role("region", name="Schema of more.csv").get_by_role("row")).to_have_count(2)
    expect(page.get_by_text("drop_empty")).to_be_visible()
    expect(page.get_by_text(f"with pytest {pytest.__version__}")).to_be_visible()
    page.goto(f"{AT}/model/classifier/v0")
    expect(page.get_by_text("missing")).to_have_count(3)


def test_files_are_folders_with_a_look_inside_and_references_are_never_fetched(
    page: Any, artifacts: str
) -> None:
    page.goto(f"{AT}/dataset/digits/v1?tab=files")
    page.get_by_role("button", name="train.csv").click()
    table = page.get_by_role("region", name="train.csv")
    expect(table.get_by_role("row")).to_have_count(4)
    expect(table.get_by_text("a, b")).to_be_visible()
    page.get_by_role("button", name="big.parquet").first.click()
    expect(page.get_by_text("the server never fetches them")).to_be_visible()
    page.get_by_role("button", name="images").click()
    expect(page).to_have_url(re.compile("folder=images"))
    page.get_by_role("button", name="1.txt").click()
    expect(page.get_by_label("images/1.txt", exact=True)).to_have_text("one")


@pytest.fixture(scope="module")
def large(seed: Seeder) -> str:
    """Of references: a deep tree, a flat folder of 5,000, odd names; and a version that differs in few."""
    files = {f"tree/{n % 20:02}/{n % 7}/{n:05}.json": f"s3://b/{n}" for n in range(3000)}
    files |= {f"flat/{n:05}.png": f"s3://b/flat/{n}" for n in range(5000)}
    files |= {"odd/100%_é.txt": "s3://b/odd", "odd/日本/😀 b": "s3://b/odd2"}
    put_artifact(seed.api, PROJECT, "large", "dataset", {"read.me": b"hello"}, references=files)
    later = {**files, "tree/03/new/1.json": "s3://b/new", "tree/05/5/00005.json": "s3://b/other"}
    del later["flat/00007.png"]
    put_artifact(seed.api, PROJECT, "large", "dataset", {"read.me": b"hello"}, references=later)
    return f"{AT}/dataset/large"


def test_a_large_version_is_walked_by_keys_alone_and_the_address_keeps_the_place(
    page: Any, artifacts: str, large: str
) -> None:
    page.goto(f"{large}/v0?tab=files")
    files = page.get_by_role("grid", name="Files")
    expect(files.get_by_role("row").filter(has_text="flat")).to_contain_text("5,000 files")
    expect(page.get_by_text("8,003 files")).to_have_count(2)  # of the version, and of the folder
    files.get_by_role("columnheader", name="Name").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile("folder=tree"))
    expect(files.get_by_role("row").filter(has_text="00")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("folder=tree%2F01"))
    expect(page.get_by_text("150 files")).to_be_visible()
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    expect(page).not_to_have_url(re.compile("folder="))
    expect(files.get_by_role("row").filter(has_text="flat")).to_be_visible()
    expect(files.locator(":focus")).to_have_count(1)  # the keys go on where one is
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Preview of read.me")).to_contain_text("no preview")
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("file="))
    page.go_back()
    expect(page).to_have_url(re.compile("folder=tree"))


def test_a_flat_folder_of_thousands_is_read_as_one_goes_down_it(
    page: Any, artifacts: str, large: str
) -> None:
    page.goto(f"{large}/v0?tab=files&folder=flat")
    files = page.get_by_role("grid", name="Files")
    expect(files.get_by_role("row").filter(has_text="00000.png")).to_be_visible()
    assert files.get_by_role("row").count() < 60
    files.get_by_role("columnheader", name="Name").focus()
    for _ in range(400):
        page.keyboard.press("PageDown")
        if files.get_by_role("row").filter(has_text="04999.png").count():
            break
    expect(files.get_by_role("row").filter(has_text="04999.png")).to_be_visible()
    expect(page.get_by_text("5,000 here.")).to_be_visible()


def test_files_are_found_by_path_below_a_folder_and_an_address_opens_one(
    page: Any, artifacts: str, large: str
) -> None:
    page.goto(f"{large}/v0?tab=files&folder=odd")
    page.get_by_label("Find files below odd").fill("%_É")
    expect(page.get_by_role("status").filter(has_text="1 file of 2 looked at.")).to_be_visible()
    page.get_by_role("button", name="100%_é.txt", exact=True).click()
    expect(page.get_by_text("the server never fetches them")).to_be_visible()
    page.reload()
    expect(page.get_by_text("the server never fetches them")).to_be_visible()
    expect(page.get_by_label("Find files below odd")).to_have_value("%_É")
    page.get_by_label("Find files below odd").fill("nowhere at all")
    expect(page.get_by_text("No path holds “nowhere at all”.")).to_be_visible()
    page.goto(f"{large}/v0?tab=files&file=not/there.txt")
    expect(page.get_by_text("There is no file not/there.txt")).to_be_visible()
    page.goto(f"{large}/v0?tab=files&folder=not/there")
    expect(page.get_by_text("Nothing lies here.")).to_be_visible()


def test_two_versions_are_compared_folder_by_folder(page: Any, artifacts: str, large: str) -> None:
    page.goto(f"{large}/v1?tab=compare&to=v0")
    expect(page.get_by_role("status").filter(has_text="1 file added, 1 removed, 1 changed")).to_be_visible()
    page.get_by_role("row").filter(has_text="tree").get_by_role("button").click()
    expect(page.get_by_role("status").filter(has_text="1 file added, 0 removed, 1 changed")).to_be_visible()
    page.get_by_role("button", name="05").press("Enter")
    page.get_by_role("button", name="5", exact=True).press("Enter")
    expect(page.get_by_role("row").filter(has_text="00005.json")).to_contain_text("changed")
    page.get_by_role("navigation", name="Folder").get_by_role("button", name="tree").click()
    expect(page.get_by_role("row").filter(has_text="03")).to_contain_text("1 added")


def test_two_versions_are_compared_by_files_and_by_what_is_said_of_them(page: Any, artifacts: str) -> None:
    page.goto(f"{AT}/dataset/digits")
    page.get_by_label("Select v0").check()
    page.get_by_label("Select v1").check()
    page.get_by_role("button", name="Compare v0 and v1").click()
    expect(page.get_by_role("status").filter(has_text="2 files added, 1 removed, 1 changed")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="images")).to_contain_text("1 removed")
    expect(page.get_by_role("row", name=re.compile(r"metadata\.rows"))).to_contain_text("2")


def test_an_alias_is_moved_by_keyboard_and_taken_off_again(page: Any, artifacts: str, seed: Seeder) -> None:
    page.goto(f"{AT}/dataset/digits/v0")
    expect(page.get_by_role("button", name="Add an alias")).to_be_enabled()
    page.get_by_role("button", name="Add an alias").press("Enter")
    page.keyboard.type("golden")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Take the alias golden off")).to_be_visible()
    named = seed.api.get(f"/projects/-/{PROJECT}/artifacts/digits:golden").json()
    assert named["version"] == "v0"
    page.get_by_role("button", name="Take the alias golden off").click()
    expect(page.get_by_role("button", name="Take the alias golden off")).to_have_count(0)
    assert seed.api.get(f"/projects/-/{PROJECT}/artifacts/digits:golden").status_code == 404


def test_a_run_shows_what_it_used_and_what_it_made(page: Any, artifacts: str) -> None:
    page.goto(f"/admin/{PROJECT}/runs/train?tab=artifacts")
    expect(page.get_by_role("region", name="Used").get_by_role("link", name="digits:v1")).to_be_visible()
    page.get_by_role("region", name="Made").get_by_role("link", name="classifier:v0").click()
    expect(page.get_by_role("heading", name="classifier:v0")).to_be_visible()


def test_what_is_not_there_says_so_and_leads_on(page: Any, artifacts: str, watch: Any) -> None:
    watch.allowed.append(re.compile("status of 404"))
    page.goto(f"{AT}/dataset/digits/v9")
    expect(page.get_by_text("There is no version 'digits:v9'")).to_be_visible()
    page.get_by_role("link", name="See its other versions").click()
    expect(page.get_by_role("heading", name="digits", exact=True)).to_be_visible()


def test_a_project_without_artifacts_says_how_to_log_one(page: Any, seed: Seeder) -> None:
    seed.project("no-artifacts")
    page.goto("/admin/no-artifacts/artifacts")
    expect(page.get_by_text("No artifacts yet")).to_be_visible()
    expect(page.get_by_text("run.log_artifact(data)")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_have_no_serious_accessibility_problem(
    open_context: OpenContext, artifacts: str, large: str, axe_source: str, theme: str
) -> None:
    page = open_context(theme=theme, bypass_csp=True).new_page()
    for address in (
        AT,
        f"{AT}/dataset/digits",
        f"{AT}/dataset/digits/v1",
        f"{AT}/dataset/digits/v1?tab=files&file=train.csv",
        f"{AT}/dataset/large/v1?tab=files",
        f"{AT}/dataset/large/v1?tab=files&find=0000",
        f"{AT}/dataset/large/v1?tab=compare&folder=tree",
        f"{AT}/dataset/digits/v1?tab=metadata",
        f"{AT}/dataset/digits/v1?tab=compare",
    ):
        page.goto(address)
        expect(page.get_by_role("heading").first).to_be_visible()
        page.wait_for_timeout(300)
        assert axe_violations(page, axe_source) == [], address
