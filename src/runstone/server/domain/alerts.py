"""Alerts that runs raise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from runstone.server.domain.identity import Actor, RunKey

Level = Literal["INFO", "WARN", "ERROR"]


@dataclass(frozen=True, slots=True)
class Alert:
    entity: str
    project: str
    run: str
    title: str
    text: str
    level: Level
    at: float


class Alerts:
    def raise_alert(
        self,
        actor: Actor,
        run: RunKey,
        *,
        title: str,
        text: str = "",
        level: Level = "INFO",
        at: float | None = None,
        wait_seconds: float = 60.0,
    ) -> bool:
        """False where one of the same title came within wait_seconds."""
        raise NotImplementedError

    def find(self, actor: Actor, *, run: RunKey | None = None, limit: int = 100) -> list[Alert]:
        """Newest first; without a run, over all the actor may read."""
        raise NotImplementedError
