"""Renew the pictures of the pages in docs/images: every page, light and dark.

    python scripts/screenshots.py

Starts a server of its own, trains the models of the demo with both clients, and drives Chromium.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "examples"))
from demo import PROJECT, Server, check, train  # noqa: E402

IMAGES = ROOT / "docs" / "images"
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
SETTLE_MS = 2500


def pages(server: Server) -> dict[str, str]:
    runs = server.call("POST", f"/projects/-/{PROJECT}/runs/query", {"limit": 10})["runs"]
    run = next(one for one in runs if one["config"].get("client") == "runstone")
    project = f"/{run['entity']}/{PROJECT}"
    found = {
        "home": "/",
        "workspace": f"{project}/workspace",
        "runs": f'{project}/runs?columns=["state","duration","config.client","config.hidden","config.lr",'
        '"summary.val/accuracy.max","summary.val/loss","summary.train/loss"]',
        "compare": f"{project}/compare?runs=" + json.dumps([one["id"] for one in runs[:4]]),
        "settings": "/settings",
        "admin": "/admin",
    }
    for tab in ("overview", "charts", "system", "logs", "files", "environment"):
        found[f"run-{tab}"] = f"{project}/runs/{run['id']}?tab={tab}"
    return found


def main() -> None:
    chromium = shutil.which("chromium") or sys.exit("Chromium is needed: apt-get install chromium.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="runstone-screenshots-") as scratch:
        server = Server(Path(scratch, "data"))
        try:
            train(server, Path(scratch), epochs=40, pause=0.3)
            check(server)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
                for theme in ("light", "dark"):
                    context = browser.new_context(
                        base_url=server.url, viewport={"width": 1440, "height": 900}, color_scheme=theme
                    )
                    page = context.new_page()
                    page.goto("/")
                    page.wait_for_timeout(500)
                    page.screenshot(path=IMAGES / f"sign-in-{theme}.png")
                    context.request.post("/api/v1/session", data={"key": server.key})
                    for name, address in pages(server).items():
                        page.goto(address)
                        page.wait_for_timeout(SETTLE_MS)
                        page.screenshot(path=IMAGES / f"{name}-{theme}.png")
                    context.close()
                browser.close()
        finally:
            server.stop()
    print(f"{len(list(IMAGES.glob('*.png')))} pictures in {IMAGES}")


if __name__ == "__main__":
    main()
