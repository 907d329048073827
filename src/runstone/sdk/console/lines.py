"""From what programs print to numbered lines: a carriage return goes back to the start of a line,
`ESC [ n A` goes up, and a line that is written over keeps its number.

Standard output and standard error share one count, and a line belongs to the stream that began it.
Escape sequences other than "up" stay in the text. Also used in the console process: imports little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

ROWS_MAX = 64  # how far up a program can reach back
CHARS_MAX = 32_768  # a longer line goes on as the next one
UPDATE_SECONDS = 0.1  # an unfinished line is passed on at most so often

_CUTS = re.compile(r"(\r\n|\n|\r|\x1b\[\d{0,6}A)")
_UP = re.compile(r"\x1b\[\d{0,6}A")
_UNFINISHED_ESCAPE = re.compile(r"\x1b(?:\[[\d;?]*)?\Z")


class Line:
    """One line: `number` is None until something stands in it."""

    __slots__ = ("is_changed", "is_finished", "number", "text")

    def __init__(self) -> None:
        self.number: int | None = None
        self.text = ""
        self.is_changed = False
        self.is_finished = False


class Screen:
    """The lines of both streams. Feed it text, take what changed."""

    def __init__(self) -> None:
        self._count = 0
        self._streams = (_Stream(), _Stream())
        self._shown_at = float("-inf")

    def feed(self, stream: int, text: str) -> None:
        """stream: 0 standard output, 1 standard error."""
        state = self._streams[stream]
        text = state.held + text
        state.held = ""
        tail = _UNFINISHED_ESCAPE.search(text)
        if tail is not None and len(text) - tail.start() < 16:
            state.held, text = text[tail.start() :], text[: tail.start()]
        for part in _CUTS.split(text):
            if not part:
                continue
            if part == "\n" or part == "\r\n":
                self._number(state)
                state.down()
            elif part == "\r":
                state.column = 0
            elif part[0] == "\x1b" and _UP.fullmatch(part):
                state.up(int(part[2:-1] or 1))
            else:
                self._put(state, part)

    def _put(self, state: _Stream, text: str) -> None:
        line = state.lines[state.at]
        self._number(state)
        if state.column == 0 and line.text:
            # Shorter text without colours leaves the rest of what it writes over.
            over = len(text) < len(line.text) and "\x1b" not in text and "\x1b" not in line.text
            line.text = text + line.text[len(text) :] if over else text
        else:
            line.text += text
        state.column += len(text)
        line.is_changed = True
        while len(line.text) > CHARS_MAX:
            rest, line.text = line.text[CHARS_MAX:], line.text[:CHARS_MAX]
            state.down()
            line = state.lines[state.at]
            self._number(state)
            line.text, line.is_changed = rest, True
            state.column = len(rest)

    def _number(self, state: _Stream) -> None:
        line = state.lines[state.at]
        if line.number is None:
            line.number = self._count
            line.is_changed = True
            self._count += 1

    def changes(self, now: float, *, everything: bool = False) -> Iterator[tuple[int, int, str]]:
        """(stream, number, text) of lines that changed and are finished; and of the unfinished ones if
        it is time for that, or `everything` is wanted."""
        unfinished = everything or now - self._shown_at >= UPDATE_SECONDS
        for stream, state in enumerate(self._streams):
            if everything and state.held:
                held, state.held = state.held, ""
                self._put(state, held)
            for line in state.gone:
                if line.is_changed and line.number is not None:
                    yield stream, line.number, line.text
            state.gone.clear()
            for line in state.lines:
                if line.is_changed and line.number is not None and (line.is_finished or unfinished):
                    line.is_changed = False
                    yield stream, line.number, line.text
                    if not line.is_finished:
                        self._shown_at = now

    def waits(self) -> bool:
        """Is there an unfinished line to pass on later?"""
        return any(line.is_changed for state in self._streams for line in state.lines)


class _Stream:
    """One stream's recent lines, and where its cursor is."""

    __slots__ = ("at", "column", "gone", "held", "lines")

    def __init__(self) -> None:
        self.lines = [Line()]
        self.gone: list[Line] = []  # out of reach, perhaps not passed on yet
        self.at = 0
        self.column = 0
        self.held = ""  # the beginning of an escape sequence

    def down(self) -> None:
        self.lines[self.at].is_finished = True
        self.at += 1
        self.column = 0
        if self.at == len(self.lines):
            self.lines.append(Line())
            if len(self.lines) > ROWS_MAX:
                self.gone += self.lines[: -ROWS_MAX // 2]
                del self.lines[: -ROWS_MAX // 2]
                self.at = len(self.lines) - 1

    def up(self, count: int) -> None:
        self.at = max(self.at - count, 0)
        self.column = 0
