"""What the rest of the server may rely on for console lines: addressed by line number, rewritable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from runstone.server.domain.identity import RunKey


class Line(NamedTuple):
    """One line as it stands. stream: 0 standard output, 1 standard error. timestamp: Unix seconds."""

    number: int
    stream: int
    timestamp: float
    text: str


class ConsoleInfo(NamedTuple):
    writer: str
    label: str
    lines: int


class ConsoleStore(Protocol):
    def write(self, run: RunKey, writer: str, lines: Sequence[Line], *, label: str = "") -> None:
        """Set those lines of that writer's console; the last one written under a number stands."""

    def writers(self, run: RunKey) -> list[ConsoleInfo]: ...

    def read(self, run: RunKey, writer: str, *, start: int, limit: int) -> list[Line]:
        """Lines by number from `start` on; a negative start counts from the end. Numbers never
        written are left out."""

    def search(self, run: RunKey, writer: str, text: str, *, start: int = 0, limit: int = 1000) -> list[Line]:
        """Lines that contain `text` (case folded), from line `start` on."""

    def delete(self, run: RunKey) -> None: ...

    def close(self) -> None: ...
