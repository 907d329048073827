"""A trial's processes: started, watched, told to end, ended. See `supervise` for what keeps them from
outliving the agent."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from runstone.search.out_of_memory import LINES

_SUPERVISOR = Path(__file__).with_name("supervise.py")
_BLOCK_BYTES = 64 * 1024
_LINE_CHARS_MAX = 2_000

Echo = Callable[[bytes], None]


class TrialProcess:
    """One attempt while it runs. For one thread; what it prints is carried on by another."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        echo: Echo,
        ended: Callable[[], None],
    ) -> None:
        """command: words, no shell. echo: called with what the trial prints, as it comes, from a thread.
        ended: called from there when nothing more will come. Raises OSError."""
        posix = os.name == "posix"
        supervised = [sys.executable, "-I", "-S", str(_SUPERVISOR), *command] if posix else list(command)
        self._process = subprocess.Popen(  # noqa: S603
            supervised,
            env=dict(environ),
            stdin=subprocess.PIPE if posix else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            start_new_session=posix,
            creationflags=0 if posix else getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self.started_at = time.monotonic()
        self._echo = echo
        self._ended = ended
        self._tail: deque[str] = deque(maxlen=LINES)
        self._partial = b""
        assert self._process.stdout is not None
        self._pump = threading.Thread(
            target=self._carry, args=(self._process.stdout,), name="trial-output", daemon=True
        )
        self._pump.start()

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def terminate(self) -> None:
        """Ask all of its process group to end."""
        self._tell(b"t")

    def kill(self) -> None:
        """End it, and all that came of it, now."""
        self._tell(b"k")

    def wait(self, seconds: float) -> int | None:
        """The exit code, or None where it still runs after `seconds`."""
        try:
            return self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """After its end: let go of what was held. What it printed last is in `last_lines` by then,
        unless a helper that outlives it keeps its output open."""
        self._pump.join(1.0)
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        if not self._pump.is_alive() and self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def last_lines(self) -> list[str]:
        """What it printed last, oldest first."""
        rest = _shown(self._partial)
        return [*self._tail, rest] if rest else list(self._tail)

    # -- inside

    def _tell(self, letter: bytes) -> None:
        if self._process.poll() is not None:
            return
        if os.name == "posix":
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(letter)
            except OSError:
                # Its supervisor does not listen any more. The trial dies with it, where the system can.
                with contextlib.suppress(ProcessLookupError):
                    self._process.send_signal(signal.SIGKILL)
        else:
            self._end_elsewhere(hard=letter == b"k")

    def _end_elsewhere(self, *, hard: bool) -> None:
        """Without process groups: whoever can be found below it."""
        import psutil

        try:
            own = psutil.Process(self._process.pid)
            family = [own, *own.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for one in family:
            with contextlib.suppress(psutil.Error):
                if hard:
                    one.kill()
                else:
                    one.terminate()

    def _carry(self, output: BinaryIO) -> None:
        try:
            while True:
                block = output.read(_BLOCK_BYTES)
                if not block:
                    break
                self._keep(block)
                self._echo(block)
        except (OSError, ValueError):
            pass  # closed while it was read: nothing more will come
        finally:
            self._ended()

    def _keep(self, block: bytes) -> None:
        *lines, self._partial = (self._partial + block).split(b"\n")
        self._partial = self._partial[-4 * _LINE_CHARS_MAX :]
        self._tail.extend(_shown(line) for line in lines[-LINES:])


class LinePrefix:
    """An echo that puts the trial's number before each line, so that several can share a screen."""

    def __init__(self, prefix: str, write: Echo) -> None:
        self._prefix = prefix.encode()
        self._write = write
        self._partial = b""

    def __call__(self, block: bytes) -> None:
        *lines, self._partial = (self._partial + block).split(b"\n")
        if lines:
            self._write(b"".join(self._prefix + line.rpartition(b"\r")[2] + b"\n" for line in lines))

    def close(self) -> None:
        """Write what did not end with a line break."""
        if self._partial:
            self(b"\n")


def _shown(line: bytes) -> str:
    """As a terminal shows it: what was overwritten by a carriage return is gone."""
    text = line.decode(errors="replace").rstrip("\r")
    return text.rpartition("\r")[2][-_LINE_CHARS_MAX:]
