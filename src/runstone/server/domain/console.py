"""Console lines of runs."""

from __future__ import annotations

from collections.abc import Sequence

from runstone.server.domain.identity import Actor, RunKey
from runstone.server.stores.console.contract import ConsoleInfo, Line


class Console:
    def write(
        self, actor: Actor, run: RunKey, writer: str, lines: Sequence[Line], *, label: str = ""
    ) -> None:
        """Trusted to come after the caller's own permission check of the run."""
        raise NotImplementedError

    def writers(self, actor: Actor, run: RunKey) -> list[ConsoleInfo]:
        raise NotImplementedError

    def read(
        self, actor: Actor, run: RunKey, writer: str = "", *, start: int = 0, limit: int = 1000
    ) -> list[Line]:
        """writer "": the run's first. A negative start counts from the end."""
        raise NotImplementedError

    def search(
        self, actor: Actor, run: RunKey, text: str, *, writer: str = "", start: int = 0, limit: int = 1000
    ) -> list[Line]:
        raise NotImplementedError
