"""Where things come from and where they go: one graph over runs, versions, registries, deployments.

Edges point the way data go: a sweep *tried* a run (the *best* of the nearest sweeps are told), a
version is *used* by a run, a run *made* a version, a version was laid over a *base*, is *linked* into a
registry, is *deployed* to a site, which *predicted*. Who may not see a node sees that there is one: it is
locked, its edges stay, and the walk goes on behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from runstone.server.domain.access import Access
from runstone.server.domain.artifacts import Artifacts
from runstone.server.domain.deployments import Deployments
from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import Actor, RunKey, SweepKey
from runstone.server.domain.lineage_model import (
    DEPTH_MAX,
    NODES_MAX,
    Direction,
    Edge,
    Graph,
    Impact,
    Node,
    TraceBack,
)
from runstone.server.domain.lineage_nodes import Seen
from runstone.server.domain.lineage_walk import Walk
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records.contract import Records

BEST_OF_SWEEPS = 2  # so many, the nearest, are asked which runs are their best: all trials are read for it


class Lineage:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid."""

    def __init__(
        self,
        records: Records,
        access: Access,
        artifacts: Artifacts,
        deployments: Deployments,
        best_runs: Callable[[Actor, SweepKey], Sequence[str]],
    ) -> None:
        """best_runs: ids of the runs of a sweep's best combination, [] where none is."""
        self._records = records
        self._access = access
        self._artifacts = artifacts
        self._deployments = deployments
        self._best_runs = best_runs

    def of_version(
        self,
        actor: Actor,
        version_id: int,
        *,
        direction: Direction = "both",
        depth: int = 5,
        limit: int = 1000,
    ) -> Graph:
        """The closure of a version the actor may see: `depth` steps, at most `limit` nodes."""
        self._artifacts.by_id(actor, version_id)
        return self._graph(actor, [("artifact", version_id)], direction, depth, limit)

    def of_run(
        self, actor: Actor, run: RunKey, *, direction: Direction = "both", depth: int = 5, limit: int = 1000
    ) -> Graph:
        """The closure of a run, of which the caller has checked that the actor may see it."""
        return self._graph(actor, [("run", run)], direction, depth, limit)

    def of_sweep(
        self,
        actor: Actor,
        sweep: SweepKey,
        *,
        direction: Direction = "both",
        depth: int = 5,
        limit: int = 1000,
    ) -> Graph:
        """What came of a sweep, of which the caller has checked that the actor may see it."""
        return self._graph(actor, [("sweep", sweep)], direction, depth, limit)

    def trace_back(self, actor: Actor, entity: str, prediction_id: str, *, depth: int = 20) -> TraceBack:
        """Prediction, model, training run, commit, and the data it was trained on."""
        prediction = self._deployments.prediction(actor, entity, prediction_id)
        version = self._artifacts.by_id(actor, prediction.version_id)
        roots: list[tuple[str, int]] = [("artifact", version.id)]
        if prediction.deployment_id is not None:
            roots.append(("deployment", prediction.deployment_id))
        graph = self._graph(actor, roots, "up", depth, NODES_MAX)
        seen = {node.key: node for node in graph.nodes}
        run_node = seen.get(f"run:{version.run_key}")
        commit = ""
        if run_node is not None and not run_node.locked and version.run_key is not None:
            with self._records.read() as conn:
                details = run_statements.details(conn, version.run_key)
            commit = str(((details.environment or {}).get("git") or {}).get("commit") or "")
        inputs = [
            seen[edge.source]
            for edge in graph.edges
            if edge.kind == "used" and edge.target == f"run:{version.run_key}"
        ]
        here = Node(
            "prediction",
            f"{prediction.entity}/{prediction.id}",
            name=f"{prediction.entity}/{prediction.id}",
            label=prediction.id,
            created_at=prediction.at,
            depth=1,
        )
        source = (
            f"artifact:{version.id}"
            if prediction.deployment_id is None
            else f"deployment:{prediction.deployment_id}"
        )
        whole = Graph(
            [*graph.nodes, here], [*graph.edges, Edge(source, here.key, "predicted")], graph.truncated
        )
        shown = run_node is not None and not run_node.locked
        sweep = next(
            (
                seen[edge.source].name
                for edge in graph.edges
                if edge.kind in ("tried", "best") and edge.target == f"run:{version.run_key}"
            ),
            "",
        )
        return TraceBack(
            prediction, version, run_node.name if shown and run_node else "", sweep, commit, inputs, whole
        )

    def impact(
        self, actor: Actor, version_id: int, *, row_id: str = "", depth: int = 20, limit: int = NODES_MAX
    ) -> Impact:
        """All that came of a version. With `row_id`: of every version of its collection that holds the
        row (`facts.row_ids`), or may hold it."""
        version = self._artifacts.by_id(actor, version_id)
        roots, certain = [version_id], True
        if row_id:
            roots, certain = [], True
            with self._records.read() as conn:
                facts = collection_statements.facts_of(conn, version.collection_id)
            for row in facts:
                rows = row.facts.get("row_ids")
                if isinstance(rows, list) and row_id not in map(str, rows):
                    continue
                certain = certain and isinstance(rows, list)
                roots.append(row.id)
        graph = self._graph(actor, [("artifact", root) for root in roots], "down", depth, limit)
        keys = {f"artifact:{root}" for root in roots}
        return Impact([node for node in graph.nodes if node.key in keys], certain, graph)

    # -- the graph

    def _graph(
        self,
        actor: Actor,
        roots: Iterable[tuple[str, int]],
        direction: str,
        depth: int,
        limit: int,
    ) -> Graph:
        if direction not in ("up", "down", "both"):
            raise Invalid(f"{direction!r} is no direction. One of: up, down, both.")
        walk = Walk(max(1, min(limit, NODES_MAX)))
        depth = max(0, min(depth, DEPTH_MAX))
        started = list(roots)
        for root in started:
            walk.depth[root] = 0
        with self._records.read() as conn:
            if direction in ("up", "both"):
                walk.go(conn, started, depth, -1)
            if direction in ("down", "both"):
                walk.go(conn, started, depth, 1)
            seen = Seen(conn, self._access, actor, walk)
            seen.add_walked()
            if direction != "up":
                seen.add_registries()
                seen.add_predictions()
        best = self._best(actor, seen.nodes)
        edges = [
            Edge(
                f"{kind}:{one}", f"{other}:{two}", "best" if (one, two) in best and what == "tried" else what
            )
            for kind, one, other, two, what in walk.edges
            if (kind, one) in walk.depth and (other, two) in walk.depth
        ]
        nodes = sorted(seen.nodes, key=lambda node: (node.depth, node.key))
        return Graph(nodes, edges + seen.edges, walk.truncated)

    def _best(self, actor: Actor, nodes: Sequence[Node]) -> set[tuple[int, int]]:
        """(sweep, run) of the best runs of the sweeps that may be seen, the nearest ones."""
        found: set[tuple[int, int]] = set()
        sweeps = sorted(
            (node for node in nodes if node.kind == "sweep" and not node.locked),
            key=lambda node: abs(node.depth),
        )
        runs = {node.name: int(node.id) for node in nodes if node.kind == "run" and sweeps}
        for sweep in sweeps[:BEST_OF_SWEEPS]:
            place = sweep.name.rsplit("/", 1)[0]
            for run in self._best_runs(actor, SweepKey(int(sweep.id))):
                if f"{place}/{run}" in runs:
                    found.add((int(sweep.id), runs[f"{place}/{run}"]))
        return found
