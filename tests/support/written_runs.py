"""Real journals, written as a training process would, for tests of what comes after."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import msgspec

from runstone.journal.home import QueueEntry, queue_dir, uplink_lock
from runstone.journal.kinds import End, FileLogged, Kind, Patch, Row, RunFields
from runstone.journal.writer import JournalWriter
from runstone.uplink.launch import is_running
from runstone.uplink.processes import start_of, wall_start

_started: list[subprocess.Popen[bytes]] = []
encode = msgspec.msgpack.encode

UPLINK = (sys.executable, "-X", "runstone=helper", "-m", "runstone.uplink")


class WrittenRun:
    """One run's folder and its (first) journal, under construction."""

    def __init__(
        self,
        root: Path,
        *,
        run: str = "",
        project: str = "uplink",
        entity: str = "",
        folder: Path | None = None,
        **fields: Any,
    ) -> None:
        self.run = run or "r" + uuid.uuid4().hex[:7]
        self.project = project
        self.entity = entity
        self.folder = folder or root / "runstone" / f"run-20260101_000000-{self.run}"
        (self.folder / "files").mkdir(parents=True, exist_ok=True)
        self.writer = JournalWriter(str(self.folder))
        self.path = Path(self.writer.path)
        self.started_at = time.time()
        self.step = 0
        first = RunFields(
            run=self.run,
            project=project,
            entity=entity,
            writer=self.writer.writer,
            started_at=self.started_at,
            **({"primary": True} | fields),
        )
        self.writer.append(Kind.RUN, encode(first))

    def row(self, **values: Any) -> None:
        """The next step."""
        now = time.time()
        row = Row(self.step, now, now - self.started_at, values or {"loss": 1.0 / (self.step + 1)})
        self.writer.append(Kind.ROW, encode(row))
        self.step += 1

    def rows(self, count: int) -> WrittenRun:
        for _ in range(count):
            self.row()
        return self

    def config(self, **values: Any) -> None:
        self.writer.append(Kind.CONFIG, encode(Patch(set=[([key], item) for key, item in values.items()])))

    def file(self, name: str, content: bytes | None) -> None:
        """A FILE record; None: its bytes are not there."""
        if content is not None:
            path = self.folder / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.writer.append(Kind.FILE, encode(FileLogged(name=name, path=f"files/{name}", at=time.time())))

    def end(self, exit_code: int = 0) -> WrittenRun:
        self.writer.append(Kind.END, encode(End(exit_code=exit_code, at=time.time())))
        self.writer.close()
        return self

    def enqueue(
        self,
        home: Path,
        *,
        base_url: str = "",
        pid: int = 0,
        mode: str = "online",
        sample_seconds: float = 1.0,
        sample_system: bool = True,
        **more: Any,
    ) -> Path:
        """The queue entry that tells this home's uplink to care for it. Returns its path."""
        ticks = start_of(pid) if pid else None
        entry = QueueEntry(
            journal=str(self.path),
            mode=mode,
            base_url=base_url,
            pid=pid,
            pid_started=wall_start(ticks) if ticks is not None else 0.0,
            sample_system=sample_system,
            sample_seconds=sample_seconds,
            **more,
        )
        folder = queue_dir(home)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.path.stem}.json"
        temporary = folder / f".{path.name}.tmp"
        temporary.write_bytes(msgspec.json.encode(entry))
        temporary.replace(path)
        return path


def start_uplink(
    home: Path, *, linger: float = 0.3, env: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """`python -m runstone.uplink` as a child that a test can wait for and kill."""
    process = subprocess.Popen(
        [*UPLINK, "--home", str(home), "--linger", str(linger)],
        env=env or dict(os.environ),
        stdin=subprocess.DEVNULL,
    )
    _started.append(process)
    return process


def end_uplinks(home: Path | None = None) -> None:
    """Whatever a failed test left behind: children, and the detached uplink of a home."""
    while _started:
        process = _started.pop()
        if process.poll() is None:
            process.kill()
        process.wait()
    if home is not None and is_running(home):
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(uplink_lock(home).read_text()), signal.SIGKILL)


def uplink_log(home: Path) -> str:
    path = home / "uplink" / "log"
    return path.read_text() if path.exists() else ""


def wait_until(condition: Any, seconds: float = 60.0, *, every: float = 0.05, what: str = "") -> Any:
    """The first true answer of `condition()`. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {seconds} s: {what or condition}")
        time.sleep(every)
