"""Is the process that wrote a queue entry still there? By id and start time: ids are used again."""

from __future__ import annotations

import os
import signal
import sys
from functools import cache
from pathlib import Path

_NEAR_SECONDS = 5.0


class Watched:
    """One process, recognised once and then by what the kernel says of its start.

    The start time in a queue entry is wall-clock time, which steps when a clock is set; the kernel's
    own count does not. So the first look decides, with the process's open files as a second witness,
    and later looks compare the kernel's count.
    """

    def __init__(self, pid: int, started: float, journal: str) -> None:
        self.pid = pid
        self._started = started
        self._journal = journal
        self._ticks: float | None = None
        self._gone = pid <= 0

    def is_alive(self) -> bool:
        """False for good once it is gone. A zombie is gone: it will write nothing more."""
        if self._gone:
            return False
        ticks = start_of(self.pid)
        if ticks is None or (self._ticks is not None and ticks != self._ticks):
            self._gone = True
        elif self._ticks is None:
            if self._is_the_one(ticks):
                self._ticks = ticks
            else:
                self._gone = True
        return not self._gone

    def ask_to_stop(self) -> bool:
        """SIGTERM, once; False where it is gone or not ours."""
        if not self.is_alive():
            return False
        try:
            os.kill(self.pid, signal.SIGTERM)
        except OSError:
            return False
        return True

    def _is_the_one(self, ticks: float) -> bool:
        if not self._started or abs(wall_start(ticks) - self._started) <= _NEAR_SECONDS:
            return True
        return _holds(self.pid, self._journal)


def start_of(pid: int) -> float | None:
    """When the process began, in the kernel's count: clock ticks since boot on Linux, Unix seconds
    elsewhere. None where there is none, or only a zombie."""
    if sys.platform == "linux":
        try:
            text = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return None
        # The name in brackets may hold anything, blanks and brackets too.
        parts = text[text.rindex(b")") + 2 :].split()
        return None if parts[0] in (b"Z", b"X", b"x") else float(parts[19])
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.Error:
        return None


def wall_start(ticks: float) -> float:
    """`start_of` as Unix seconds."""
    if sys.platform != "linux":
        return ticks
    return _boot_time() + ticks / os.sysconf("SC_CLK_TCK")


@cache
def _boot_time() -> float:
    for line in Path("/proc/stat").read_bytes().splitlines():
        if line.startswith(b"btime "):
            return float(line.split()[1])
    return 0.0


def _holds(pid: int, journal: str) -> bool:
    """Whether the process has the journal mapped or open."""
    path = os.path.realpath(journal)
    try:
        if os.fsencode(path) in Path(f"/proc/{pid}/maps").read_bytes():
            return True
        return any(str(fd.readlink()) == path for fd in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False
