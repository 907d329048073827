"""Line numbers: how far each stream of a run has come.

A client numbers the lines it sends and goes on after a resume where the server says. The server
must therefore never name a smaller number than it has taken in, or the next lines would pass for
re-sent ones and be lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from runstone.server.domain.domain import Domain
from runstone.server.domain.identity import Actor, RunKey
from runstone.server.stores.history.contract import Space


def history_stream(client_id: str = "") -> str:
    """The name of a writer's streams, and of its console. Writers of a shared run each have one."""
    return f"wandb:{client_id}" if client_id else "wandb"


def next_lines(domain: Domain, actor: Actor, runs: Sequence[RunKey], space: Space) -> list[int]:
    """The line at which a resumed client of each run goes on: after what any door wrote before it."""
    return domain.history.line_counts(actor, runs, history_stream(), space=space)


def console_lines(domain: Domain, actor: Actor, run: RunKey) -> int:
    """Lines of the main writer's console."""
    writers = domain.console.writers(actor, run)
    own = [info.lines for info in writers if info.writer == history_stream()]
    return max(own or [info.lines for info in writers], default=0)
