"""Where a run lies on this host, and which server and key are known here."""

from __future__ import annotations

import os
import sys
import time

import msgspec

from runstone.sdk import launch
from runstone.sdk.errors import UsageError
from runstone.sdk.settings import Settings


def root(chosen: Settings, home: str) -> str:
    """The folder of run folders."""
    if chosen.dir:
        return os.path.join(os.path.abspath(os.path.expanduser(chosen.dir)), "runstone")
    return os.path.join(home, "runs")


def folder(root: str, home: str, run_id: str, started: float) -> str:
    """A new run folder: at `root`, or where that cannot be written to, at the home or for temporary
    files. Never raises: where nothing can be written, the recorder says so."""
    stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(started))
    roots = [root, os.path.join(home, "runs")]
    for candidate in (*roots, ""):
        if not candidate:
            import tempfile

            candidate = os.path.join(tempfile.gettempdir(), f"runstone-{os.getuid()}")
        folder = os.path.join(candidate, f"run-{stamp}-{run_id}")
        try:
            os.makedirs(candidate, exist_ok=True)
            for number in range(1000):
                try:
                    os.mkdir(folder if not number else f"{folder.removesuffix(run_id)}{number}-{run_id}")
                except FileExistsError:
                    continue
                folder = folder if not number else f"{folder.removesuffix(run_id)}{number}-{run_id}"
                break
        except OSError as error:
            print(
                f"runstone: {candidate} cannot be written to ({error}); another place is used.",
                file=sys.stderr,
            )
            continue
        return folder
    return folder


def checked(base_url: str | None) -> str:
    if not base_url:
        return ""
    from runstone.client.credentials import check_base_url
    from runstone.client.errors import Misuse

    try:
        return check_base_url(base_url)
    except Misuse as error:
        raise UsageError(str(error)) from None


def known_server(home: str) -> str:
    """The server of runs that name none: what `runstone login` said, else the local one; "" for none."""
    for name, field in (("login.json", "base_url"), ("server.json", "url")):
        try:
            with open(os.path.join(home, name), "rb") as file:
                said = msgspec.json.decode(file.read())
        except (OSError, msgspec.DecodeError):
            continue
        url = said.get(field) if isinstance(said, dict) else None
        if isinstance(url, str) and url:
            return url.rstrip("/")
    return ""


def api_key(chosen: Settings) -> str | None:
    return chosen.api_key or os.environ.get("RUNSTONE_API_KEY") or None


def key_file(chosen: Settings, home: str, base_url: str) -> str:
    """A key the uplink would not find by itself: the uplink serves many runs and does not ask its own
    environment. A key in the environment is for the server that is named beside it; the local server
    has its own key file."""
    key = api_key(chosen)
    if base_url and not key:
        key = os.environ.get("WANDB_API_KEY")
    elif (
        not base_url
        and "api_key" not in chosen.__dict__
        and not os.path.exists(os.path.join(home, "login.json"))
    ):
        key = None
    if not key or chosen.mode != "online":
        return ""
    try:
        return launch.key_file(home, key.strip())
    except OSError as error:
        print(f"runstone: the API key could not be kept for the uplink ({error}).", file=sys.stderr)
        return ""
