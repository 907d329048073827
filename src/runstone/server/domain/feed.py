"""Who wants to know hears what changed: names of things, never their content."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal

from runstone.server.domain.identity import Actor, EntityId, ProjectId

EventKind = Literal["run", "rows", "system", "console", "files", "project", "alert"]


@dataclass(frozen=True, slots=True)
class Event:
    """`run` changed in that way. detail for "run": {state?, summary?: changed values}; for "rows":
    {last_step, version}; for "console": {writer, lines}."""

    kind: EventKind
    entity_id: EntityId
    project_id: ProjectId
    entity: str
    project: str
    run: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


class Feed:
    def publish(self, event: Event) -> None:
        """From any thread, after the change was kept; never blocks, never raises."""
        raise NotImplementedError

    def subscribe(self, actor: Actor) -> AsyncIterator[list[Event]]:
        """Batches of what the actor may read, at most four a second; events of one run and kind
        within a batch are merged. A reader that falls behind by 10,000 gets one Event of kind
        "project" with run "" per project in place of the rest: re-read everything."""
        raise NotImplementedError
