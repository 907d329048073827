"""A real `runstone server` in its own process, for any test that needs one.

    with running_server(tmp_path) as server:
        httpx.get(server.base_url + "/healthz")
        server.kill9()
        server.restart()     # same port, same data

The server's data directory is also its local home, so a process started with `server.environment()`
finds the server as a user's script would: by `RUNSTONE_DATA`, with nothing else configured.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runstone.client import Client

START_SECONDS = 60.0


def free_port() -> int:
    """A TCP port of the loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(**extra: str) -> dict[str, str]:
    """This process's environment without anything that configures a tracking client."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RUNSTONE_", "WANDB_", "SLURM_", "OMPI_"))
        and name not in ("RANK", "WORLD_SIZE", "LOCAL_RANK")
    }
    return kept | extra


@dataclass(frozen=True)
class Certificate:
    """Vouched for by itself: who trusts `certificate` trusts the server."""

    certificate: Path
    key: Path


def certificate(folder: Path, *, name: str = "127.0.0.1") -> Certificate:
    """A throw-away one for the loopback."""
    made = Certificate(folder / "server.pem", folder / "server.key")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-addext", f"subjectAltName=IP:127.0.0.1,DNS:{name}"),
            *("-out", str(made.certificate), "-keyout", str(made.key)),
        ],
        check=True,
        capture_output=True,
    )
    return made


class RunningServer:
    """One server over one data directory. `process` is the current one; after `restart` another."""

    def __init__(
        self,
        data: Path,
        *,
        env: Mapping[str, str] | None = None,
        args: Sequence[str] = (),
        port: int = 0,
        tls: Certificate | None = None,
    ) -> None:
        self.data = data
        self.port = port or free_port()
        self.tls = tls
        self.base_url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.port}"
        self.log = data.parent / f"{data.name}.server.log"
        self._env = dict(env or {})
        self._args = list(args)
        if tls is not None:
            self._args += ["--tls-cert", str(tls.certificate), "--tls-key", str(tls.key)]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def admin_key(self) -> str:
        return (self.data / "admin.key").read_text().strip()

    def environment(self, **extra: str) -> dict[str, str]:
        """For a client process on this host: its local home is the server's data directory."""
        return clean_environment(RUNSTONE_DATA=str(self.data), **extra)

    def client(self, api_key: str | None = None) -> Client:
        """A client signed in as the admin, or by `api_key`. Close it."""
        from runstone.client import Client

        return Client(self.base_url, api_key=api_key or self.admin_key)

    def start(self, *, wait: bool = True) -> RunningServer:
        if self.process is not None and self.process.poll() is None:
            raise RuntimeError("The server runs already.")
        self.data.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "runstone.cli", "server", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--data", str(self.data), *self._args]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self.environment(**self._env),
                start_new_session=True,
            )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        trust = None if self.tls is None else ssl.create_default_context(cafile=str(self.tls.certificate))
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise RuntimeError(f"The server ended while starting:\n{self.tail()}")
            try:
                with urllib.request.urlopen(self.base_url + "/healthz", timeout=5, context=trust) as answer:
                    if answer.status == 200:
                        return
            except OSError:  # urllib's own errors are of this kind
                pass
            time.sleep(0.05)
        raise TimeoutError(f"The server was not ready after {seconds} s:\n{self.tail()}")

    def stop(self, seconds: float = 30.0) -> int:
        """Ask it to end (SIGTERM) and wait. Returns the exit status."""
        return self._end(signal.SIGTERM, seconds)

    def kill9(self) -> None:
        """As a power cut would, for the process."""
        self._end(signal.SIGKILL, 30.0)

    def restart(self, *, wait: bool = True) -> RunningServer:
        """Over the same data and port; ends the running one first."""
        if self.process is not None and self.process.poll() is None:
            self.stop()
        return self.start(wait=wait)

    def tail(self, count: int = 60) -> str:
        """The last lines of what it printed."""
        if not self.log.exists():
            return "(nothing printed)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def _end(self, number: int, seconds: float) -> int:
        process = self.process
        if process is None:
            return 0
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise TimeoutError(f"The server did not end within {seconds} s:\n{self.tail()}") from None


@contextlib.contextmanager
def running_server(
    tmp_path: Path,
    *,
    env: Mapping[str, str] | None = None,
    args: Sequence[str] = (),
    name: str = "server",
    port: int = 0,
    tls: Certificate | None = None,
) -> Iterator[RunningServer]:
    """Start one over `tmp_path/name`; killed at the end of the block."""
    server = RunningServer(tmp_path / name, env=env, args=args, port=port, tls=tls)
    try:
        yield server.start()
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill9()
