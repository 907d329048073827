"""Speed in the browser, with wide margins: shared machines are noisy, so thread time counts, not clocks.
Where people wait for a page, the clock counts on a machine that is free; on a busy one, the time of the
processors that the page and the server took, of which neither may take more."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import psutil
import pytest
from playwright.sync_api import expect
from tests.browser.conftest import OpenContext
from tests.browser.seed import Seeder, seed_many
from tests.support.server import RunningServer

pytestmark = pytest.mark.slow

RUNS, KEYS, DRAWN = 2_000, 20, 30
FIRST_PANELS = 6
VISIBLE_SECONDS_MAX = 5.0
HOVER_MS_MAX = 40.0
LIVE_BUSY_MAX = 0.35


@pytest.fixture(scope="module")
def big(seed: Seeder) -> str:
    seed.project("big")
    seed_many(seed, "big", runs=RUNS, keys=KEYS, steps=100)
    return "/admin/big/workspace"


class Thread:
    """How long the page's main thread worked, in seconds of its own CPU time."""

    def __init__(self, page: Any) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy(self) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "TaskDuration")


class Wait:
    """How long a page is waited for, from now on."""

    def __init__(self, page: Any, site: RunningServer) -> None:
        assert site.process is not None
        self._thread, self._server = Thread(page), psutil.Process(site.process.pid)
        self._began, self._before = time.monotonic(), self._worked()

    def seconds(self) -> tuple[float, float]:
        """By the clock; and those that the page's main thread and the server worked."""
        return time.monotonic() - self._began, self._worked() - self._before

    def _worked(self) -> float:
        times = self._server.cpu_times()
        return self._thread.busy() + times.user + times.system


def drawn(page: Any) -> Any:
    return page.locator(f'[role=img][aria-label*="{DRAWN} lines"]')


@pytest.mark.timeout(600)
def test_two_thousand_runs_and_twenty_panels(
    open_context: OpenContext, site: RunningServer, big: str, seed: Seeder
) -> None:
    page = open_context().new_page()
    page.goto("/")  # the pages' files are in the browser's cache, as for anybody's second visit
    wait = Wait(page, site)
    page.goto(big)
    expect(drawn(page).nth(FIRST_PANELS - 1)).to_be_visible()
    visible, worked = wait.seconds()
    expect(page.get_by_role("status").filter(has_text="30 of 2,000 runs drawn")).to_be_visible()

    thread = Thread(page)
    page.wait_for_timeout(2_000)
    box = drawn(page).nth(1).bounding_box()
    moves = 60
    before = thread.busy()
    for at in range(moves):
        page.mouse.move(box["x"] + 60 + at * 3, box["y"] + 60 + (at * 7) % 120)
        page.wait_for_timeout(30)
    hover_ms = (thread.busy() - before) / moves * 1000

    page.mouse.move(5, 5)
    runs = [seed.run("big", f"live-{n}", config={"lr": 0.1}) for n in range(DRAWN)]
    names = [f"{('train', 'val', 'grad', 'time')[n % 4]}/m{n:02d}" for n in range(KEYS)]
    for run in runs:
        run.rows([dict.fromkeys(names, 1 / (step + 1)) for step in range(100)])
    page.wait_for_timeout(4_000)
    stop = threading.Event()

    def log() -> None:
        while not stop.is_set():
            until = time.monotonic() + 1
            for run in runs:
                run.rows([{name: random.random() for name in names}])
            stop.wait(max(0.0, until - time.monotonic()))

    logger = threading.Thread(target=log)
    logger.start()
    try:
        page.wait_for_timeout(2_000)
        before, since = thread.busy(), time.monotonic()
        page.wait_for_timeout(8_000)
        live = (thread.busy() - before) / (time.monotonic() - since)
    finally:
        stop.set()
        logger.join()
    print(
        f"\nsix panels after {visible:.2f} s ({worked:.2f} s of work), {hover_ms:.1f} ms a move, "
        f"{live:.0%} busy while live"
    )
    assert min(visible, worked) <= VISIBLE_SECONDS_MAX
    assert hover_ms <= HOVER_MS_MAX
    assert live <= LIVE_BUSY_MAX


@pytest.mark.timeout(300)
def test_five_thousand_metrics_are_pages_and_searches(
    open_context: OpenContext, site: RunningServer, seed: Seeder
) -> None:
    seed.project("wide")
    names = [f"layer{n % 400:03d}/weight{n // 400:02d}" for n in range(4_900)] + [
        f"plain{n:03d}" for n in range(100)
    ]
    for number in range(3):
        run = seed.run("wide", f"wide-{number}")
        run.rows([{name: float(step) for name in names} for step in range(3)])
    page = open_context().new_page()
    wait = Wait(page, site)
    page.goto("/admin/wide/workspace")
    expect(page.locator('[role=img][aria-label*="3 lines"]').nth(2)).to_be_visible()
    took, worked = wait.seconds()
    panels = page.locator("[data-panel]").count()
    print(f"\nfirst panels of 5,000 after {took:.2f} s ({worked:.2f} s of work), {panels} exist")
    assert panels < 60
    region = page.get_by_role("region", name="Panels")
    region.focus()
    deadline = time.monotonic() + 60
    while "5,000 metrics" not in region.inner_text():
        assert time.monotonic() < deadline, "The end of the list of metrics was not reached."
        page.keyboard.press("End")
        page.wait_for_timeout(300)
    assert page.locator("[data-panel]").count() < 60
    page.get_by_role("searchbox", name="Find panels").fill("layer399/weight11")
    expect(
        page.get_by_role("region", name="layer399/weight11", exact=True).get_by_role("img")
    ).to_be_visible()
    assert min(took, worked) <= 8.0
