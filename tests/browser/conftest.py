"""A real server with the built UI, a real Chromium, and no patience for errors.

Every page of these tests fails the test on an uncaught error, on anything written to the console as
an error, and on a request to another origin.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.seed import Seeder
from tests.support.server import RunningServer, running_server

playwright_api = pytest.importorskip("playwright.sync_api")
# What does not come by then does not come: a busy machine takes several times the usual.
PATIENCE_MS = 30_000
playwright_api.expect.set_options(timeout=PATIENCE_MS)

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "src" / "runstone" / "static"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""
ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIGNED_OUT = re.compile(r"status of 401")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def built_ui() -> Path:
    """The UI that the server serves; tests read what people would."""
    if not (STATIC / "index.html").is_file():
        pytest.fail(f"The UI is not built: {STATIC} has no index.html. Run 'npm run build' in web/.")
    return STATIC


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, built_ui: Path) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="session")
def seed(site: RunningServer) -> Iterator[Seeder]:
    seeder = Seeder(site.base_url, site.admin_key)
    yield seeder
    seeder.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    # Playwright keeps an event loop running in this thread while it is open, in which no test of
    # another module could run one of its own: so it is closed after each module.
    if not CHROMIUM:
        pytest.skip("No Chromium on this machine: apt-get install chromium.")
    with playwright_api.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


class Watch:
    """What went wrong on the pages of one context."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.problems: list[str] = []
        self.allowed: list[re.Pattern[str]] = []

    def follow(self, page: Any) -> None:
        page.on("pageerror", lambda error: self._note(f"uncaught: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self._note(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.origin + "/", "data:", "blob:")):
            self._note(f"request to another origin: {request.url}")

    def _note(self, problem: str) -> None:
        if not any(pattern.search(problem) for pattern in self.allowed):
            self.problems.append(problem)


OpenContext = Callable[..., Any]


@pytest.fixture
def watch(site: RunningServer) -> Watch:
    return Watch(site.base_url)


@pytest.fixture
def open_context(chromium: Any, site: RunningServer, watch: Watch) -> Iterator[OpenContext]:
    """Make a browser context of a size and theme, signed in unless told otherwise."""
    contexts: list[Any] = []

    def make(
        *,
        width: int = 1440,
        height: int = 900,
        theme: str = "light",
        signed_in: bool = True,
        **options: Any,
    ) -> Any:
        context = chromium.new_context(
            base_url=site.base_url,
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        context.on("page", watch.follow)
        if signed_in:
            answer = context.request.post("/api/v1/session", data={"key": site.admin_key})
            assert answer.ok, answer.text()
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert not watch.problems, "\n".join(watch.problems)


@pytest.fixture
def page(open_context: OpenContext) -> Any:
    """A signed-in page, 1440 × 900, light."""
    return open_context().new_page()


@pytest.fixture(scope="session")
def axe_source() -> str:
    """axe-core's text, from the UI's own development dependencies."""
    path = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("axe-core is not installed and there is no npm: run 'npm ci' in web/.")
        subprocess.run([npm, "ci"], cwd=ROOT / "web", check=True, capture_output=True)
    return path.read_text()


def axe_violations(page: Any, source: str) -> list[str]:
    """Serious and critical findings of axe on the page as it stands (the context needs bypass_csp)."""
    page.evaluate(source)
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{found['id']}: {found['help']}\n  " + "\n  ".join(node["html"][:300] for node in found["nodes"][:5])
        for found in result["violations"]
        if found["impact"] in ("serious", "critical")
    ]
