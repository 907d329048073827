"""What is to run on a cluster: so many agents of one sweep, and what each needs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

AGENTS_MAX = 10_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class EngineError(ValueError):
    """Cannot be run or written so; the message says what to change."""


@dataclass(frozen=True, slots=True)
class AgentJob:
    """sweep: as `runstone agent` takes it. words: further arguments of each agent. gpus: for each agent.
    base_url: the server's, "" for a directory or whatever the hosts are signed in at. settings: of the
    engine, by its own names."""

    sweep: str
    agents: int = 1
    words: Sequence[str] = ()
    gpus: int = 0
    base_url: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= self.agents <= AGENTS_MAX:
            raise EngineError(f"{self.agents} agents; it takes 1 to {AGENTS_MAX:,}.")
        if self.gpus < 0:
            raise EngineError(f"{self.gpus} GPUs for each agent; it takes 0 or more.")
        for text in (self.sweep, self.base_url, *self.words, *self.settings, *self.settings.values()):
            if _CONTROL.search(text):
                raise EngineError(f"{text!r:.100} has a line break or another control character in it.")

    @property
    def name(self) -> str:
        """For the job: lower-case letters, digits and dashes, as DNS labels are."""
        last = self.sweep.rstrip("/").rsplit("/", 1)[-1].lower()
        return f"runstone-{re.sub(r'[^a-z0-9]+', '-', last).strip('-')[:40] or 'sweep'}".rstrip("-")

    def known(self, *names: str) -> None:
        """Raises EngineError for settings that the engine has not."""
        for name in self.settings:
            if name not in names:
                raise EngineError(f"--set {name}: there is no such setting. Known are {', '.join(names)}.")

    def agent(self) -> list[str]:
        """The words after `runstone`. What begins with a dash and is no option stays a name."""
        return ["agent", *self.words, "--", self.sweep]
