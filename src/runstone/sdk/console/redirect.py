"""Standard output and standard error at the level of descriptors, through the console process.

What native code and child processes print is recorded too. Where the output was a terminal, the
program still sees one. Should the console process die, the descriptors go back to where they were.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import TYPE_CHECKING

from runstone.journal.kinds import Kind
from runstone.journal.writer import JournalWriter
from runstone.sdk import launch
from runstone.sdk.recorder import encode

if TYPE_CHECKING:
    from runstone.sdk.run import Run

ANSWER_SECONDS = 3.0
START_SECONDS = 10.0


class Redirection:
    """Both descriptors of this process, redirected until `stop`."""

    def __init__(self, run: Run) -> None:
        """Raises OSError where that cannot be done; nothing is changed then."""
        self._pid = os.getpid()
        self._answered = threading.Condition()
        self._answers = 0
        self._is_over = False
        self._journal = ""
        opened: list[int] = []
        try:
            self._saved = [os.dup(1), os.dup(2)]
            opened += self._saved
            pairs = [_channel(fd) for fd in self._saved]
            opened += [fd for pair in pairs for fd in pair]
            orders, self._orders = os.pipe()
            self._acks, acks = os.pipe()
            opened += [orders, self._orders, self._acks, acks]
            recorder = run._recorder
            assert recorder is not None
            journal = JournalWriter(recorder.folder, how="write")
            journal.append(Kind.RUN, encode(recorder.secondary(journal.writer)))
            journal.close(sync=False)
            self._journal = journal.path
            # All of it must fit into the pipe, for nobody may read it yet.
            secrets = [secret for secret in run._redactor.secrets if len(secret) < 500][:80]
            entry = recorder.entry_for(journal.writer, journal.path)
            order = {"journal": journal.path, "secrets": secrets, "entry": entry}
            data = json.dumps(order).encode()
            keep = [
                (self._saved[0], 1), (self._saved[1], 2),
                (pairs[0][0], 3), (pairs[1][0], 4), (orders, 5), (acks, 6),
            ]  # fmt: skip
            command = launch.helper_command("runstone.sdk.console.pump", flags=("-S", "-E"))
            if not launch.start(command, keep=keep):
                raise OSError("the console process could not be started")
            os.write(self._orders, len(data).to_bytes(4, "little") + data)
        except BaseException:
            for fd in opened:
                os.close(fd)
            if self._journal:
                os.unlink(self._journal)
            raise
        os.close(orders)
        os.close(acks)
        self._reads = [pair[0] for pair in pairs]
        self._flush_streams()
        self._line_buffering = _buffer_by_line(True)
        for number, (_, write) in enumerate(pairs, start=1):
            os.dup2(write, number, inheritable=True)
            os.close(write)
        self._guard = threading.Thread(target=self._listen, name="runstone-console", daemon=True)
        self._guard.start()

    def flush(self) -> None:
        """Let everything printed so far be recorded; bounded."""
        self._order(b"F")

    def stop(self) -> None:
        """Give the descriptors back; what was printed is then in the journal."""
        if os.getpid() != self._pid or self._is_over:
            return
        self._flush_streams()
        self._give_back()
        # Said before the order: the console process answers it by going, which else reads as its death.
        self._is_over = True
        self._order(b"E")
        self._drain()  # nothing, unless the console process died before it was asked
        os.close(self._orders)
        for fd in self._reads:
            os.close(fd)
        self._reads = []

    def after_fork_in_child(self) -> None:
        """The child prints into the same record; it must not keep the other ends open."""
        for fd in [*self._reads, self._orders, self._acks]:
            try:
                os.close(fd)
            except OSError:
                pass
        self._reads = []
        self._is_over = True

    def _order(self, order: bytes) -> None:
        with self._answered:
            wanted = self._answers + 1
            try:
                os.write(self._orders, order)
            except OSError:
                return
            self._answered.wait_for(lambda: self._answers >= wanted, timeout=ANSWER_SECONDS)

    def _listen(self) -> None:
        """Answers; and the end of the console process, however it comes."""
        while True:
            try:
                answer = os.read(self._acks, 1)
            except OSError:
                answer = b""
            with self._answered:
                self._answers = self._answers + 1 if answer else 1 << 60
                self._answered.notify_all()
            if not answer:
                break
        if not self._is_over:
            self._is_over = True
            self._give_back()
            self._drain()
        os.close(self._acks)

    def _give_back(self) -> None:
        if self._saved:
            saved, self._saved = self._saved, []
            for number, fd in enumerate(saved, start=1):
                os.dup2(fd, number, inheritable=True)
                os.close(fd)
            if self._line_buffering:
                _buffer_by_line(False)

    def _drain(self) -> None:
        """What was printed and nobody passed on."""
        for number, fd in enumerate(self._reads, start=1):
            os.set_blocking(fd, False)
            try:
                while data := os.read(fd, 1 << 16):
                    os.write(number, data)
            except OSError:
                pass

    def _flush_streams(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                pass


def _channel(original: int) -> tuple[int, int]:
    """(read, write) in place of `original`: a terminal where that is one, else a pipe."""
    if not os.isatty(original):
        return os.pipe()
    import fcntl
    import termios
    import tty

    read, write = os.openpty()
    try:
        tty.setraw(write)  # the real terminal translates and echoes; twice would be wrong
        fcntl.ioctl(write, termios.TIOCSWINSZ, fcntl.ioctl(original, termios.TIOCGWINSZ, bytes(8)))
    except (OSError, termios.error):
        pass
    return read, write


def _buffer_by_line(on: bool) -> bool:
    """Python buffers what does not go to a terminal by the block: nothing would be seen for minutes.
    Returns whether anything was changed."""
    stream = sys.stdout
    try:
        if bool(stream.line_buffering) == on or (on and os.isatty(1)):
            return False
        stream.reconfigure(line_buffering=on)  # type: ignore[union-attr]
        return True
    except (AttributeError, OSError, ValueError):
        return False
