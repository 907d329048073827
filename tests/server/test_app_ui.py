"""The web UI's files: found, kept by browsers as long as is right, and never beyond their folder."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.server import RunningServer, running_server

from runstone.server.doors.rest import ui

INDEX = b"<!doctype html><html><head><title>Runstone</title></head><body></body></html>"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A folder as a build leaves it."""
    root = tmp_path / "static"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_bytes(INDEX)
    (root / "favicon.svg").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    (root / "assets" / "app-abc123.js").write_bytes(b"console.log(1);\n" * 500)
    (tmp_path / "secret.txt").write_text("secret")
    yield root
    shutil.rmtree(root, ignore_errors=True)


def test_files_are_found_by_their_address_and_by_no_other(site: Path) -> None:
    found = ui.Site(site)
    script = found.find("assets/app-abc123.js")
    assert script is not None
    assert script.mimetype == "text/javascript; charset=utf-8"
    assert "immutable" in script.caching
    assert script.packed is not None and gzip.decompress(script.packed) == script.body
    page = found.find("index.html")
    assert page is not None and page.caching == "no-cache"
    for name in (
        "../secret.txt",
        "assets/../../secret.txt",
        "/etc/passwd",
        "assets",
        "",
        ".",
        "assets//app-abc123.js",
    ):
        assert found.find(name) is None, name


def test_links_in_the_folder_are_not_followed(site: Path) -> None:
    (site / "assets" / "link.txt").symlink_to(site.parent / "secret.txt")
    assert ui.Site(site).find("assets/link.txt") is None


def test_a_new_build_is_served_without_a_restart(site: Path) -> None:
    found = ui.Site(site)
    assert found.find("assets/app-abc123.js") is not None
    (site / "assets" / "app-abc123.js").unlink()
    (site / "assets" / "app-def456.js").write_bytes(b"new")
    (site / "index.html").write_bytes(INDEX + b"<!-- new -->")
    assert found.find("assets/app-abc123.js") is None
    script = found.find("assets/app-def456.js")
    assert script is not None and script.body == b"new"


@pytest.mark.parametrize("prefix", ["", "/runstone", "/a/b"])
def test_the_page_names_its_base_first_in_the_head(prefix: str) -> None:
    page = ui.with_base(INDEX, prefix)
    assert page.startswith(b'<!doctype html><html><head><base href="' + prefix.encode() + b'/">')
    assert page.count(b"<base ") == 1


def test_a_prefix_cannot_break_out_of_its_attribute() -> None:
    assert b'"><script' not in ui.with_base(INDEX, '/x"><script>')


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    args = ["--base-url", "http://127.0.0.1/pre/fix"]
    with running_server(tmp_path_factory.mktemp("ui"), args=args) as running:
        yield running


PLACES = ["/", "/index.html", "/admin/mnist/workspace", "/a/b/runs/x", "/settings", "/a/p.v2/runs/r.1"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("prefix", ["", "/pre/fix"])
def test_any_place_within_the_ui_is_its_page_or_says_how_to_build_it(
    server: RunningServer, place: str, prefix: str
) -> None:
    answer = httpx.get(server.base_url + prefix + place)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert (
        "script-src 'self'" in policy and "unsafe-eval" not in policy and "frame-ancestors 'none'" in policy
    )
    if ui.static_dir().joinpath("index.html").exists():
        assert answer.status_code == 200
        assert '<base href="/pre/fix/">' in answer.text
    else:
        assert answer.status_code == 503
        assert "UI_BUILD" in answer.text
    head = httpx.head(server.base_url + prefix + place)
    assert head.status_code == answer.status_code and head.content == b""


@pytest.mark.parametrize("place", ["/assets/none.js", "/none.js", "/api/v2/x", "/api", "/robots.txt"])
def test_what_is_no_place_is_404_not_the_page(server: RunningServer, place: str) -> None:
    answer = httpx.get(server.base_url + place)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_each_build_has_a_mark_of_its_own(site: Path) -> None:
    page = site / "index.html"
    first = ui.build_of(page)
    assert len(first) == 16
    page.write_bytes(INDEX + b"<!-- new -->")
    assert ui.build_of(page) not in ("", first)
    page.unlink()
    assert ui.build_of(page) == ""
