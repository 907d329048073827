"""Renew the pictures of the pages in docs/images: every page, light and dark.

    python scripts/screenshots.py [NAME ...]

Starts a server of its own, trains the models of the demo with both clients, logs media of every kind,
sweeps and promotes made-up models, and drives Chromium. With names (`run-media workspace`) only those.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "examples"), str(ROOT)]
from demo import PROJECT, Server, check, train  # noqa: E402
from tests.browser.seed import Seeder  # noqa: E402
from tests.browser.seed_sweeps import model_sweep, prompt_sweep  # noqa: E402

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
    "--enable-unsafe-swiftshader",  # 3D without a graphics card
]
SETTLE_MS = 2500
MEDIA_SETTLE_MS = 8000  # the heavy drawers are loaded with the first of each kind
MEDIA_PROJECT = "media"
MEDIA_TRAINING = ROOT / "tests" / "browser" / "media_training.py"
MEDIA_PAGES = {
    "run-media": "/admin/media/runs/rings?tab=media",
    "workspace-media": '/admin/media/workspace?find=seen&panels={"seen":{"media":"steps"}}',
    "report": "/admin/media/reports/{report}",
}
SPEECH = "speech"
PARETO = json.dumps(
    [
        {
            "id": "front",
            "objectives": [{"key": "summary.loss"}, {"key": "summary.latency_p95"}],
            "constraints": ["latency_p95 < 90"],
        }
    ]
)
SPEECH_PAGES = {
    "sweep": f"/admin/{SPEECH}/sweeps/asr",
    "sweep-prompts": f"/admin/{SPEECH}/sweeps/prompts",
    "workspace-pareto": f"/admin/{SPEECH}/workspace?pareto={PARETO}",
    "artifact": f"/admin/{SPEECH}/artifacts/model/asr/{{version}}",
    "lineage": f"/admin/{SPEECH}/artifacts/model/asr/{{version}}?tab=lineage",
    "registry": "/registry/lab/models/asr",
}


def sweep_speech(server: Server) -> dict[str, str]:
    """A sweep whose best model was promoted, and one of prompts; the addresses of their pages."""
    seed = Seeder(server.url, server.key)
    try:
        model_sweep(seed, SPEECH, "asr", speech_config(), 24)
        prompt_sweep(seed, SPEECH, "prompts")
        server.call("POST", "/admin/organizations", {"name": "lab", "owner": "admin"})
        server.call("POST", "/organizations/lab/registries", {"name": "models"})
        to = {"organization": "lab", "registry": "models", "collection": "asr"}
        promote = f"/projects/-/{SPEECH}/sweeps/asr/promote"
        done = server.call("POST", promote, {**to, "trial": 3, "alias": "production", "reason": "The first."})
        done = server.call("POST", promote, {**to, "alias": "candidate"})
        version = done["artifact"]["source"].rpartition(":")[2]
    finally:
        seed.close()
    return {name: page.replace("{version}", version) for name, page in SPEECH_PAGES.items()}


def speech_config() -> dict[str, object]:
    return {
        "method": "random",
        "seed": 11,
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {
            "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.5},
            "optimizer": {"values": ["adam", "sgd", "lion"]},
            "layers": {"values": [4, 8, 12]},
            "dropout": {"min": 0.0, "max": 0.4},
        },
    }


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


def train_media(server: Server, scratch: Path) -> dict[str, str]:
    """Two runs that log every kind of media, and a report of them; the addresses of their pages."""
    address = {"RUNSTONE_BASE_URL": server.url, "RUNSTONE_API_KEY": server.key, "RUNSTONE_DATA": str(scratch)}
    for run in ("rings", "waves"):
        subprocess.run(  # noqa: S603 (a script of this repository)
            [sys.executable, str(MEDIA_TRAINING), "runstone", MEDIA_PROJECT, run],
            env={**os.environ, **address},
            check=True,
        )
    view = {"kind": "wandb", "name": "What the rings look like", "shared": True, "spec": report_spec()}
    made = server.call("POST", f"/projects/-/{MEDIA_PROJECT}/views", view)
    return {name: page.replace("{report}", made["id"]) for name, page in MEDIA_PAGES.items()}


def report_spec() -> dict[str, str]:
    """As wandb-workspaces saves one."""

    def words(text: str) -> list[dict[str, str]]:
        return [{"text": text}]

    def panel(kind: str, x: int, **config: object) -> dict[str, object]:
        return {
            "__id__": f"{kind}{x}",
            "viewType": kind,
            "layout": {"x": x, "y": 0, "w": 8, "h": 7},
            "config": config,
        }

    panels = [
        panel("Run History Line Plot", 0, metrics=["loss"], chartTitle="Loss"),
        panel("Media Browser", 8, mediaKeys=["seen"]),
        panel("Scalar Chart", 16, metrics=["loss"]),
    ]
    table = "| run | phase |\n|---|---|\n| rings | **0.4** |\n| waves | 0.9 |"
    blocks: list[dict[str, object]] = [
        {"type": "heading", "level": 1, "children": words("What was tried")},
        {"type": "paragraph", "children": words("The same training with two phases, logged at every step.")},
        {
            "type": "panel-grid",
            "metadata": {
                "runSets": [{"name": "both runs"}],
                "panelBankSectionConfig": {"panels": panels},
            },
        },
        {"type": "markdown-block", "content": f"## Phases\n\n{table}"},
        {"type": "latex", "content": r"I(r) = \sin(12 r + t + \varphi)"},
    ]
    spec = json.dumps({"version": 5, "width": "fluid", "blocks": blocks})
    return {"type": "runs", "display_name": "What the rings look like", "spec": spec}


def main(names: set[str]) -> None:
    chromium = shutil.which("chromium") or sys.exit("Chromium is needed: apt-get install chromium.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="runstone-screenshots-") as scratch:
        server = Server(Path(scratch, "data"))
        try:
            media = train_media(server, Path(scratch)) if not names or names & set(MEDIA_PAGES) else {}
            seeded = sweep_speech(server) if not names or names & set(SPEECH_PAGES) else {}
            trained = not names or bool(names - set(MEDIA_PAGES) - set(SPEECH_PAGES))
            if trained:
                train(server, Path(scratch), epochs=40, pause=0.3)
                check(server)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
                for theme in ("light", "dark"):
                    context = browser.new_context(
                        base_url=server.url, viewport={"width": 1440, "height": 900}, color_scheme=theme
                    )
                    page = context.new_page()
                    if not names or "sign-in" in names:
                        page.goto("/")
                        page.wait_for_timeout(500)
                        page.screenshot(path=IMAGES / f"sign-in-{theme}.png")
                    context.request.post("/api/v1/session", data={"key": server.key})
                    known = pages(server) if trained else {}
                    for name, address in (known | media | seeded).items():
                        if names and name not in names:
                            continue
                        page.goto(address)
                        page.wait_for_timeout(MEDIA_SETTLE_MS if name in media else SETTLE_MS)
                        page.screenshot(path=IMAGES / f"{name}-{theme}.png")
                    context.close()
                browser.close()
        finally:
            server.stop()
    print(f"{len(list(IMAGES.glob('*.png')))} pictures in {IMAGES}")


if __name__ == "__main__":
    main(set(sys.argv[1:]))
