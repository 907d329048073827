"""The console process: passes what the training prints on to where it was going, and records it.

It is a process of its own, not a thread, for three reasons. What a crash prints last (an abort of a
C++ library, a segmentation fault) is written by a process whose threads are about to vanish; here it
still reaches the terminal and the record. Native code that prints while it holds the interpreter
lock would fill the pipe and wait for ever for a thread that cannot run. And printing much costs the
training nothing but the write.

Descriptors: 1, 2 where the output was going; 3, 4 what is printed; 5 orders; 6 answers. Orders:
a JSON text with its length in front, then bytes: F flush, E end the record. Each is answered by A.
Without orders any more (the training died) it goes on until nobody can print.
"""

from __future__ import annotations

import codecs
import json
import os
import select
import signal
import struct
import sys
import time
from typing import Any

from runstone.journal.format import frame
from runstone.sdk.console.lines import UPDATE_SECONDS, Screen
from runstone.sdk.identity import process_started
from runstone.sdk.redact import HIDDEN, Redactor

CONSOLE, END = 6, 13  # journal.kinds.Kind; importing it would bring msgspec along
READ_BYTES = 1 << 16
_STREAMS = {3: 0, 4: 1}
_ORDERS, _ANSWERS = 5, 6


class Record:
    """Appends to the journal the training made for the console. A full disk ends the record of what
    is printed then, never the printing."""

    def __init__(self, path: str, secrets: list[str]) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_APPEND | getattr(os, "O_CLOEXEC", 0))
        self._redactor = Redactor(secrets)
        self._in_key = [False, False]

    def lines(self, changes: list[tuple[int, int, str]], now: float) -> None:
        if self._fd < 0 or not changes:
            return
        self._write(
            b"".join(
                frame(CONSOLE, console_line(stream, number, now, self._clean(stream, text)))
                for stream, number, text in changes
            )
        )

    def end(self, now: float) -> None:
        if self._fd >= 0:
            self._write(frame(END, b"\x81\xa2at\xcb" + struct.pack(">d", now)))
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _clean(self, stream: int, text: str) -> str:
        if self._in_key[stream]:
            self._in_key[stream] = "-----END" not in text
            return HIDDEN
        if "PRIVATE KEY" in text and "-----BEGIN" in text and "-----END" not in text:
            self._in_key[stream] = True
        return self._redactor.text(text)

    def _write(self, data: bytes) -> None:
        size = os.fstat(self._fd).st_size
        try:
            written = os.write(self._fd, data)
        except OSError:
            written = 0
        if written < len(data):
            os.ftruncate(self._fd, size)


def console_line(stream: int, number: int, timestamp: float, text: str) -> bytes:
    """A `ConsoleLine` in MessagePack."""
    data = text.encode("utf-8", "replace")
    size = len(data)
    if size < 32:
        head = bytes((0xA0 | size,))
    elif size < 1 << 16:
        head = b"\xda" + size.to_bytes(2, "big")
    else:
        head = b"\xdb" + size.to_bytes(4, "big")
    line = bytes((number,)) if number < 128 else b"\xce" + number.to_bytes(4, "big")
    return b"\x94" + bytes((stream,)) + line + b"\xcb" + struct.pack(">d", timestamp) + head + data


class Pump:
    def __init__(self, record: Record) -> None:
        self._record = record
        self._screen = Screen()
        self._decoders = [codecs.getincrementaldecoder("utf-8")("replace") for _ in range(2)]
        self._open = {3, 4, _ORDERS}
        self._recording = True
        self._sized_at = float("-inf")
        self._size = b""
        self._poll = select.poll()
        for fd in self._open:
            self._poll.register(fd, select.POLLIN)

    def run(self) -> None:
        while self._open & {3, 4}:
            wait = UPDATE_SECONDS if self._recording and self._screen.waits() else None
            ready = [fd for fd, _ in self._poll.poll(None if wait is None else wait * 1000)]
            for fd in sorted(ready):
                if fd != _ORDERS:
                    self._pass_on(fd)
            self._show()
            if _ORDERS in ready:
                self._obey()
        self._finish()

    def _pass_on(self, fd: int) -> bool:
        """Read once and pass it on; False at the end of the stream."""
        try:
            data = os.read(fd, READ_BYTES)
        except OSError:  # a terminal's other end says so where a pipe ends
            data = b""
        if not data:
            self._close(fd)
            return False
        stream = _STREAMS[fd]
        self._follow_size(stream)
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(stream + 1, view) :]
            except BlockingIOError:
                select.select([], [stream + 1], [], 1.0)
            except OSError:
                break  # nobody looks any more; it is still recorded
        if self._recording:
            self._screen.feed(stream, self._decoders[stream].decode(data))
        return True

    def _show(self, *, everything: bool = False) -> None:
        if self._recording:
            changes = list(self._screen.changes(time.monotonic(), everything=everything))
            self._record.lines(changes, time.time())

    def _obey(self) -> None:
        order = os.read(_ORDERS, 1)
        if not order:
            self._close(_ORDERS)
            return
        while ready := [fd for fd, _ in self._poll.poll(0) if fd != _ORDERS]:
            for fd in sorted(ready):
                self._pass_on(fd)
        self._show(everything=True)
        if order == b"E":
            self._finish()
        try:
            os.write(_ANSWERS, b"A")
        except OSError:
            pass

    def _finish(self) -> None:
        if self._recording:
            self._show(everything=True)
            self._record.end(time.time())
            self._recording = False

    def _close(self, fd: int) -> None:
        self._open.discard(fd)
        self._poll.unregister(fd)
        os.close(fd)

    def _follow_size(self, stream: int) -> None:
        """Where a terminal stands behind a terminal, keep their sizes the same."""
        now = time.monotonic()
        if now - self._sized_at < 1.0:
            return
        self._sized_at = now
        import fcntl
        import termios

        try:
            size = fcntl.ioctl(stream + 1, termios.TIOCGWINSZ, bytes(8))
            if size != self._size:
                self._size = size
                for fd in self._open & {3, 4}:
                    fcntl.ioctl(fd, termios.TIOCSWINSZ, size)
        except OSError:
            pass  # no terminal


def main(arguments: list[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    try:
        os.setsid()  # not the terminal's any more: its hang-up and its job control pass us by
    except OSError:
        pass
    size = int.from_bytes(_read_exactly(4), "little")
    said = json.loads(_read_exactly(size))
    if said["entry"]:
        _enqueue(said["entry"])
    Pump(Record(said["journal"], said["secrets"])).run()
    return 0


def _enqueue(said: dict[str, Any]) -> None:
    """Tell the uplink of the console's journal, which is this process's to end."""
    entry = {**said["entry"], "pid": os.getpid(), "pid_started": process_started(os.getpid())}
    try:
        os.makedirs(os.path.dirname(said["path"]), mode=0o700, exist_ok=True)
        with open(said["path"] + ".new", "w", encoding="utf-8") as file:
            json.dump(entry, file)
        os.replace(said["path"] + ".new", said["path"])
    except OSError:
        pass  # `runstone sync` finds the journal in the run's folder


def _read_exactly(size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = os.read(_ORDERS, size - len(data))
        if not part:
            sys.exit(1)
        data += part
    return data
