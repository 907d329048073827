"""Published wandb clients, each version in a virtual environment of its own, run as a user would.

The newest one under test is installed beside the tests; older ones are installed once into
`.cache/clients/VERSION` of the checkout (or under RUNSTONE_CLIENTS_DIR).
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import textwrap
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
from tests.support.server import RunningServer, clean_environment

CLIENTS_DIR = Path(os.environ.get("RUNSTONE_CLIENTS_DIR") or Path(__file__).parents[2] / ".cache" / "clients")
# All that the matrix covers. Tests take the pair, or those named here: `all`, or versions with commas.
ALL_RELEASES = ("0.16.6", "0.18.7", "0.19.11", "0.22.3", "0.25.1", "0.26.0", "0.28.2", "0.29.0", "0.31.0")
_NAMED = os.environ.get("RUNSTONE_TEST_CLIENTS", "0.31.0,0.19.11")
RELEASES = ALL_RELEASES if _NAMED == "all" else tuple(_NAMED.split(","))
NEWEST = "0.31.0"
_MARK = "RESULT "
_PINS = {"0.16.6": ["numpy<2", "setuptools<81"]}  # what those releases forgot to say of themselves


def python_of(release: str) -> Path:
    """The interpreter that has this release of wandb; installed the first time it is asked for."""
    try:
        if version("wandb") == release:
            return Path(sys.executable)
    except PackageNotFoundError:
        pass
    return environment(release, f"wandb=={release}", "numpy", "pillow", *_PINS.get(release, []))


def environment(name: str, *packages: str) -> Path:
    """The interpreter of a virtual environment with these packages; made the first time it is asked for."""
    folder = CLIENTS_DIR / name
    python = folder / "bin" / "python"
    done = folder / "installed"
    if done.exists():
        return python
    CLIENTS_DIR.mkdir(parents=True, exist_ok=True)
    with (CLIENTS_DIR / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run side by side
        if not done.exists():
            venv.create(folder, with_pip=True, clear=True)
            subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True, timeout=600)
            done.touch()
    return python


@dataclass(frozen=True)
class Outcome:
    """A script that ended: what it handed to `result(…)`, and what it printed."""

    returncode: int
    output: str
    results: list[Any] = field(default_factory=list)

    @property
    def result(self) -> Any:
        assert self.results, f"The script told no result (exit {self.returncode}):\n{self.output}"
        return self.results[-1]


class WandbClient:
    """One release of the published client, pointed at one server by its environment alone."""

    def __init__(
        self,
        release: str,
        server: RunningServer,
        folder: Path,
        *,
        key: str | None = None,
        python: Path | None = None,
    ) -> None:
        self.release = release
        self.server = server
        self.folder = folder
        self.key = key or server.admin_key
        self.python = python or python_of(release)
        (folder / "config").mkdir(parents=True, exist_ok=True)  # those up to 0.18 expect it to be there

    @property
    def version(self) -> tuple[int, ...]:
        return tuple(map(int, self.release.split(".")))

    @property
    def modern(self) -> bool:
        return self.version >= (0, 28)

    def environment(self, **extra: str) -> dict[str, str]:
        own = {
            "WANDB_BASE_URL": self.server.base_url,
            "WANDB_API_KEY": self.key,
            "WANDB_DIR": str(self.folder),
            "WANDB_CACHE_DIR": str(self.folder / "cache"),
            "WANDB_DATA_DIR": str(self.folder / "data"),
            "WANDB_CONFIG_DIR": str(self.folder / "config"),
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_CONSOLE": "wrap",
            "WANDB__DISABLE_STATS": "true" if not extra.get("STATS") else "false",
            "NETRC": str(self.folder / "netrc"),
            "HOME": str(self.folder),
            "PYTHONUNBUFFERED": "1",
            # The agents run `python`: as from an activated environment, that is this client's.
            "PATH": os.pathsep.join([str(self.python.parent), os.environ.get("PATH", "")]),
        }
        merged = {**own, **extra}
        return clean_environment(**{name: value for name, value in merged.items() if value})

    def start(
        self, script: str, *, env: Mapping[str, str] | None = None, stdin: bool = False, **given: Any
    ) -> subprocess.Popen[str]:
        """Begin a script that has `wandb` imported, the `given` values under their names, and
        `result(value)` to tell values by."""
        self.folder.mkdir(parents=True, exist_ok=True)
        names = "".join(f"{name} = {value!r}\n" for name, value in given.items())
        text = _PRELUDE + names + textwrap.dedent(script)
        process = subprocess.Popen(
            [self.python, "-c", text],
            cwd=self.folder,
            env=self.environment(**(env or {})),
            stdin=subprocess.PIPE if stdin else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        _FOLDERS[process.pid] = self.folder
        return process

    def run(
        self,
        script: str,
        *,
        env: Mapping[str, str] | None = None,
        check: bool = True,
        timeout: float = 120,
        **given: Any,
    ) -> Outcome:
        process = self.start(script, env=env, **given)
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            end(process)
            raise AssertionError(f"The script did not end within {timeout} s.") from None
        return self._outcome(process.returncode, output, check)

    def command(
        self, *words: str, env: Mapping[str, str] | None = None, check: bool = True, timeout: float = 120
    ) -> Outcome:
        """`wandb WORDS…`"""
        self.folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [self.python, "-m", "wandb", *words],
            cwd=self.folder,
            env=self.environment(**(env or {})),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        return self._outcome(done.returncode, done.stdout, check)

    def _outcome(self, returncode: int, output: str, check: bool) -> Outcome:
        told = [line for line in output.splitlines() if line.startswith(_MARK)]
        outcome = Outcome(returncode, output, [json.loads(line.removeprefix(_MARK)) for line in told])
        if check:
            assert returncode == 0, f"wandb {self.release} ended with {returncode}:\n{output}"
        return outcome


def end(process: subprocess.Popen[str]) -> None:
    """Kill a script with all that it started: whatever runs in its folder. (The service of 0.16 leaves
    the process group and writes a title over its environment.)"""
    folder = str(_FOLDERS[process.pid])
    for one in psutil.process_iter():
        try:
            if one.cwd() == folder:
                one.kill()
        except psutil.Error:
            continue  # gone, or another user's
    process.kill()
    process.communicate(timeout=30)


_FOLDERS: dict[int, Path] = {}  # where each script runs, by its process

_PRELUDE = f"""
import json, math, os, sys, time
import wandb

def result(value):
    # Not through the captured stream: results are no part of the run's console.
    os.write(sys.__stdout__.fileno(), ("\\n{_MARK}" + json.dumps(value, default=str) + "\\n").encode())

"""


def graphql(
    server: RunningServer, query: str, variables: Mapping[str, Any] | None = None, *, key: str = ""
) -> Any:
    """One GraphQL request by hand; its data. Fails on errors."""
    import httpx

    answer = httpx.post(
        f"{server.base_url}/graphql",
        json={"query": query, "variables": dict(variables or {})},
        auth=("api", key or server.admin_key),
        timeout=30,
    )
    assert answer.status_code == 200 and "errors" not in answer.json(), answer.text
    return answer.json()["data"]
