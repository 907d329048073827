"""Start a server, train a few models with both clients, live, and leave the server running.

With DEMO_EXIT=1 it asks the API whether the runs of both clients are there, and ends.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROJECT = "digits"
GRID = [
    ("runstone", {"hidden": 16, "lr": 0.02}),
    ("wandb", {"hidden": 32, "lr": 0.05}),
    ("runstone", {"hidden": 64, "lr": 0.05}),
    ("runstone", {"hidden": 64, "lr": 0.5, "momentum": 0.97}),
    ("wandb", {"hidden": 128, "lr": 0.1}),
    ("runstone", {"hidden": 8, "lr": 0.1, "seed": 3}),
]
AT_ONCE = 2


class Server:
    """A server process over a folder, and the few calls the demo makes."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [sys.executable, "-m", "runstone", "server", "--port", "0", "--data", str(data)],
            stdout=subprocess.DEVNULL,
            env=os.environ | {"RUNSTONE_DATA": str(data)},
        )
        self.url = self._wait_until_ready()
        self.key = (data / "admin.key").read_text().strip()

    def _wait_until_ready(self, *, seconds: float = 60) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                sys.exit(f"The server ended with exit code {self.process.returncode} before it was ready.")
            try:
                state = json.loads((self.data / "server.json").read_text())
                if state["pid"] == self.process.pid:
                    with urllib.request.urlopen(state["url"] + "/healthz", timeout=5):
                        return str(state["url"])
            except (OSError, ValueError, KeyError, urllib.error.URLError):
                pass
            time.sleep(0.05)
        sys.exit(f"The server was not ready within {seconds:.0f} s.")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self.url + "/api/v1" + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()


def train(server: Server, work: Path, *, epochs: int, pause: float) -> list[int]:
    """Run the whole grid, a few at a time; returns the exit codes."""
    env = os.environ | {
        "RUNSTONE_BASE_URL": server.url,
        "RUNSTONE_API_KEY": server.key,
        "RUNSTONE_DATA": str(server.data),
        "WANDB_BASE_URL": server.url,
        "WANDB_API_KEY": server.key,
        "WANDB_DIR": str(work),
        "WANDB_SILENT": "true",
        "WANDB_ERROR_REPORTING": "false",
    }
    waiting = list(GRID)
    running: list[subprocess.Popen[bytes]] = []
    codes = []
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            client, options = waiting.pop(0)
            argv = [sys.executable, str(HERE / "digits.py"), "--client", client, "--project", PROJECT]
            argv += ["--epochs", str(epochs), "--pause", str(pause)]
            for name, value in options.items():
                argv += [f"--{name}", str(value)]
            print(f"Training with {client}: {options}", flush=True)
            running.append(subprocess.Popen(argv, env=env, cwd=work, stdout=subprocess.DEVNULL))
        for process in [p for p in running if p.poll() is not None]:
            running.remove(process)
            codes.append(process.returncode)
        time.sleep(0.1)
    return codes


def check(server: Server, *, seconds: float = 60) -> None:
    """Both clients' runs are there, finished, with every epoch; or exit with what is missing."""
    missing = ""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        page = server.call("POST", f"/projects/-/{PROJECT}/runs/query", {"limit": 1000})
        missing = ""
        for client in ("runstone", "wandb"):
            mine = [r for r in page["runs"] if r["config"].get("client") == client]
            runs = [r for r in mine if r["state"] == "finished"]
            wanted = sum(1 for name, _ in GRID if name == client)
            if len(runs) < wanted:
                missing = f"{len(runs)} of {wanted} finished runs of the {client} client"
            for run in runs:
                accuracy = run["summary"].get("val/accuracy")
                if accuracy is None:
                    missing = f"val/accuracy in the summary of run {run['id']} of the {client} client"
        if not missing:
            print(f"{page['total']} runs by both clients are on the server.")
            return
        time.sleep(0.5)
    sys.exit(f"Only {missing} after {seconds:.0f} s.")


def main() -> None:
    leave = os.environ.get("DEMO_EXIT") == "1"
    with tempfile.TemporaryDirectory(prefix="runstone-demo-") as scratch:
        data = Path(scratch, "data") if leave else HERE.parent / ".demo"
        server = Server(data)
        try:
            link = server.call("POST", "/session/link", {"seconds": 3600})["url"]
            print(f"Runstone is at {link}", flush=True)
            print(f"(the link signs in once; after that the address is {server.url})", flush=True)
            codes = train(server, Path(scratch), epochs=8 if leave else 40, pause=0.0 if leave else 0.25)
            if any(codes):
                sys.exit(f"{sum(map(bool, codes))} of {len(codes)} trainings failed.")
            check(server)
            if not leave:
                print("The trainings are done. The server keeps running; Ctrl-C ends it.", flush=True)
                server.process.wait()
        except KeyboardInterrupt:
            pass
        finally:
            server.stop()


if __name__ == "__main__":
    main()
