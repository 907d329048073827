"""The walk of lineage from node to node, over what the store says was made of what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from runstone.server.stores.records import lineage as statements

KINDS = ("sweep", "run", "artifact", "deployment")
_Step = Callable[[Connection, Any, int], Any]
# (from a node of this kind, by this step, to nodes of that kind, over edges of this kind)
_UP: tuple[tuple[str, _Step, str, str], ...] = (
    ("artifact", lambda c, ids, n: statements.runs_of_versions(c, ids, "output", n), "run", "made"),
    ("artifact", statements.bases_of, "artifact", "base"),
    ("run", lambda c, ids, n: statements.versions_of_runs(c, ids, "input", n), "artifact", "used"),
    ("run", statements.sweeps_of_runs, "sweep", "tried"),
    ("deployment", statements.deployed_versions, "artifact", "deployed"),
)
_DOWN: tuple[tuple[str, _Step, str, str], ...] = (
    ("artifact", lambda c, ids, n: statements.runs_of_versions(c, ids, "input", n), "run", "used"),
    ("artifact", statements.laid_over, "artifact", "base"),
    ("artifact", statements.deployments_of, "deployment", "deployed"),
    ("run", lambda c, ids, n: statements.versions_of_runs(c, ids, "output", n), "artifact", "made"),
    ("sweep", statements.runs_of_sweeps, "run", "tried"),
)


@dataclass(slots=True)
class Walk:
    """What was reached, by (kind, id), and over which edges. Knows no names and hides nothing."""

    limit: int  # of nodes
    depth: dict[tuple[str, int], int] = field(default_factory=dict)
    edges: dict[tuple[str, int, str, int, str], None] = field(default_factory=dict)
    truncated: bool = False

    def room(self) -> int:
        return max(0, self.limit - len(self.depth))

    def go(self, conn: Connection, roots: Sequence[tuple[str, int]], depth: int, way: int) -> None:
        """Up to `depth` steps from the roots; way: -1 to where they come from, 1 to what came of them."""
        frontier = {kind: {number for what, number in roots if what == kind} for kind in KINDS}
        for distance in range(1, depth + 2):
            if not any(frontier.values()):
                return
            reached: dict[str, set[int]] = {kind: set() for kind in KINDS}
            for kind, step, to, what in _UP if way < 0 else _DOWN:
                if not frontier[kind]:
                    continue
                most = self.room() * 4 + len(frontier[kind]) + 1
                for here, there in step(conn, frontier[kind], most):
                    if (to, there) not in self.depth:
                        if distance > depth or not self.room():
                            self.truncated = True
                            continue
                        self.depth[to, there] = way * distance
                        reached[to].add(there)
                    edge = (to, there, kind, here, what) if way < 0 else (kind, here, to, there, what)
                    self.edges[edge] = None
            frontier = reached
