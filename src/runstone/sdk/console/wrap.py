"""Standard output and standard error at the level of Python's streams: notebooks, and systems without
descriptors to redirect. What native code and child processes print is not seen here."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from runstone.journal.kinds import ConsoleLine, Kind
from runstone.sdk.console.lines import Screen
from runstone.sdk.recorder import encode

if TYPE_CHECKING:
    from runstone.sdk.run import Run

FLUSH_SECONDS = 0.5


class Wrapping:
    """Both streams of this process, wrapped until `stop`."""

    def __init__(self, run: Run) -> None:
        assert run._recorder is not None
        self._recorder = run._recorder
        self._redactor = run._redactor
        self._screen = Screen()
        self._lock = threading.RLock()
        self._busy = False
        self._over = threading.Event()
        self._before: list[Any] = [sys.stdout, sys.stderr]
        self._streams = [_Tee(stream, number, self) for number, stream in enumerate(self._before)]
        sys.stdout, sys.stderr = self._streams
        threading.Thread(target=self._flush_at_times, name="runstone-console", daemon=True).start()

    def take(self, stream: int, text: str) -> None:
        with self._lock:
            if self._busy or self._over.is_set():  # what recording itself prints is not recorded
                return
            self._busy = True
            try:
                self._screen.feed(stream, text)
                self._show()
            finally:
                self._busy = False

    def flush(self) -> None:
        with self._lock:
            self._show(everything=True)

    def stop(self) -> None:
        if self._over.is_set():
            return
        self.flush()
        self._over.set()
        for name, tee, before in zip(("stdout", "stderr"), self._streams, self._before, strict=True):
            if getattr(sys, name) is tee:
                setattr(sys, name, before)

    def after_fork_in_child(self) -> None:
        self._lock = threading.RLock()
        self._busy = False

    def _show(self, *, everything: bool = False) -> None:
        now = time.time()
        for stream, number, text in self._screen.changes(time.monotonic(), everything=everything):
            line = ConsoleLine(stream, number, now, self._redactor.text(text))
            self._recorder.append(int(Kind.CONSOLE), encode(line))

    def _flush_at_times(self) -> None:
        while not self._over.wait(FLUSH_SECONDS):
            with self._lock:
                if self._screen.waits():
                    self._show()


class _Tee:
    """A stream that also tells a `Wrapping` what is written; everything else is the stream's own."""

    def __init__(self, stream: Any, number: int, wrapping: Wrapping) -> None:
        self._stream = stream
        self._number = number
        self._wrapping = wrapping

    def write(self, text: str) -> int:
        written = self._stream.write(text)
        try:
            self._wrapping.take(self._number, text)
        except Exception:  # printing must go on, whatever became of the record
            return int(written or 0)
        return len(text) if written is None else int(written)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Any:
        return iter(self._stream)
