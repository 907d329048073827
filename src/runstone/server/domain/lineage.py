"""Where things come from and where they go: one graph over runs, versions, registries, deployments.

Edges point the way data go: a sweep *tried* a run (the *best* of the nearest sweeps are told), a
version is *used* by a run, a run *made* a version, a version was laid over a *base*, is *linked* into a
registry, is *deployed* to a site, which *predicted*. Who may not see a node sees that there is one: it is
locked, its edges stay, and the walk goes on behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.artifact_model import Version
from runstone.server.domain.artifacts import Artifacts
from runstone.server.domain.deployments import Deployments, Prediction
from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import Actor, EntityId, RunKey, SweepKey
from runstone.server.domain.registry_access import is_registry, registry_role
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import lineage as statements
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records.contract import Records

NodeKind = Literal["sweep", "run", "artifact", "registry", "deployment", "prediction"]
Direction = Literal["up", "down", "both"]

DEPTH_MAX = 50
NODES_MAX = 20_000
PREDICTIONS_SHOWN = 100
BEST_OF_SWEEPS = 2  # so many, the nearest, are asked which runs are their best: all trials are read for it


@dataclass(frozen=True, slots=True)
class Node:
    """`key` is unique in a graph and the same in every graph. A locked node says nothing else."""

    kind: NodeKind
    id: str
    name: str = ""  # ENTITY/PROJECT/NAME:vN, ENTITY/PROJECT/RUN, ENTITY/SITE/NAME
    label: str = ""
    type: str = ""  # the artifact's type, the run's job type
    state: str = ""
    sha256: str = ""
    created_at: float = 0.0
    depth: int = 0  # steps from where the walk began; negative upstream
    locked: bool = False

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Edge:
    source: str  # keys of nodes
    target: str
    kind: str  # tried, best, used, made, base, linked, deployed, predicted


@dataclass(frozen=True, slots=True)
class Graph:
    """`truncated`: there is more than the depth or the number of nodes asked for."""

    nodes: list[Node]
    edges: list[Edge]
    truncated: bool


@dataclass(frozen=True, slots=True)
class TraceBack:
    """From a prediction to what its model was trained from. `run`, `sweep` and `commit` are "" where the
    model has none that may be seen."""

    prediction: Prediction
    version: Version
    run: str
    sweep: str
    commit: str
    inputs: list[Node]  # versions the training run used, directly
    graph: Graph


@dataclass(frozen=True, slots=True)
class Impact:
    """What came of a dataset version, or of one row of a dataset. `certain`: the versions say which
    rows they hold; else all that may hold the row are taken."""

    versions: list[Node]
    certain: bool
    graph: Graph


@dataclass(slots=True)
class _Walk:
    limit: int
    depth: dict[tuple[str, int], int] = field(default_factory=dict)
    edges: dict[tuple[str, int, str, int, str], None] = field(default_factory=dict)
    truncated: bool = False

    def room(self) -> int:
        return max(0, self.limit - len(self.depth))


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

    # -- the walk

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
        walk = _Walk(max(1, min(limit, NODES_MAX)))
        depth = max(0, min(depth, DEPTH_MAX))
        started = list(roots)
        for root in started:
            walk.depth[root] = 0
        with self._records.read() as conn:
            if direction in ("up", "both"):
                self._step_all(conn, walk, started, depth, -1)
            if direction in ("down", "both"):
                self._step_all(conn, walk, started, depth, 1)
            nodes = self._nodes(conn, actor, walk)
            if direction != "up":
                self._registries(conn, actor, walk, nodes)
                self._predictions(conn, walk, nodes)
        best = self._best(actor, nodes["nodes"])
        edges = [
            Edge(
                f"{kind}:{one}", f"{other}:{two}", "best" if (one, two) in best and what == "tried" else what
            )
            for kind, one, other, two, what in walk.edges
            if (kind, one) in walk.depth and (other, two) in walk.depth
        ]
        extra = nodes.pop("edges")
        return Graph(
            sorted(nodes["nodes"], key=lambda node: (node.depth, node.key)), edges + extra, walk.truncated
        )

    def _step_all(
        self, conn: Connection, walk: _Walk, roots: list[tuple[str, int]], depth: int, way: int
    ) -> None:
        frontier = {kind: {number for what, number in roots if what == kind} for kind in _KINDS}
        for distance in range(1, depth + 2):
            if not any(frontier.values()):
                return
            reached: dict[str, set[int]] = {kind: set() for kind in _KINDS}
            for kind, step, to, what in _UP if way < 0 else _DOWN:
                if not frontier[kind]:
                    continue
                most = walk.room() * 4 + len(frontier[kind]) + 1
                for here, there in step(conn, frontier[kind], most):
                    if (to, there) not in walk.depth:
                        if distance > depth or not walk.room():
                            walk.truncated = True
                            continue
                        walk.depth[to, there] = way * distance
                        reached[to].add(there)
                    edge = (to, there, kind, here, what) if way < 0 else (kind, here, to, there, what)
                    walk.edges[edge] = None
            frontier = reached

    def _nodes(self, conn: Connection, actor: Actor, walk: _Walk) -> dict[str, Any]:
        by_kind = {kind: {n for what, n in walk.depth if what == kind} for kind in _KINDS}
        readable = self._access.readable_entities(actor)
        nodes: list[Node] = []

        def open_to(row: Any) -> bool:
            return readable is None or EntityId(row.entity_id) in readable

        hidden: set[int] = set()
        for row in statements.versions(conn, by_kind["artifact"]):
            if row.project_deleted_at is not None or not open_to(row) or is_registry(row.project):
                hidden.add(row.id)
                continue
            nodes.append(self._version_node(row, walk.depth["artifact", row.id]))
        if hidden:
            nodes += self._through_registries(conn, actor, hidden, walk)
        for row in statements.run_rows(conn, by_kind["run"]):
            depth = walk.depth["run", row.id]
            if not open_to(row) or row.project_deleted_at is not None or row.deleted_at is not None:
                nodes.append(Node("run", str(row.id), depth=depth, locked=True))
                continue
            nodes.append(
                Node(
                    "run",
                    str(row.id),
                    f"{row.entity}/{row.project}/{row.run_id}",
                    row.display_name,
                    row.job_type,
                    row.state,
                    "",
                    row.created_at,
                    depth,
                )
            )
        for row in statements.sweep_rows(conn, by_kind["sweep"]):
            depth = walk.depth["sweep", row.id]
            if not open_to(row) or row.project_deleted_at is not None or row.deleted_at is not None:
                nodes.append(Node("sweep", str(row.id), depth=depth, locked=True))
                continue
            nodes.append(
                Node(
                    "sweep",
                    str(row.id),
                    f"{row.entity}/{row.project}/{row.sweep_id}",
                    row.display_name or row.name or row.sweep_id,
                    row.method,
                    row.state,
                    "",
                    row.created_at,
                    depth,
                )
            )
        for row in statements.deployment_rows(conn, by_kind["deployment"]):
            depth = walk.depth["deployment", row.id]
            if not open_to(row):
                nodes.append(Node("deployment", str(row.id), depth=depth, locked=True))
                continue
            nodes.append(
                Node(
                    "deployment",
                    str(row.id),
                    f"{row.entity}/{row.site}/{row.name}",
                    f"{row.name} at {row.site}",
                    "",
                    "live" if row.ended_at is None else "ended",
                    row.sha256,
                    row.started_at,
                    depth,
                )
            )
        return {"nodes": nodes, "edges": []}

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

    @staticmethod
    def _version_node(row: Any, depth: int) -> Node:
        number = "" if row.version_index is None else f":v{row.version_index}"
        return Node(
            "artifact",
            str(row.id),
            f"{row.entity}/{row.project}/{row.name}{number}",
            f"{row.name}{number}",
            row.type,
            row.state,
            row.sha256,
            row.created_at,
            depth,
        )

    def _through_registries(
        self, conn: Connection, actor: Actor, hidden: set[int], walk: _Walk
    ) -> list[Node]:
        """Versions whose project is not to be seen: open by a registry they are linked into, or locked."""
        roles: dict[int, bool] = {}
        opened: set[int] = set()
        for link in statements.links_of(conn, hidden, NODES_MAX):
            if link.project_id not in roles:
                roles[link.project_id] = self._sees(conn, actor, link)
            if roles[link.project_id]:
                opened.add(link.version_id)
        found = [
            self._version_node(row, walk.depth["artifact", row.id])
            for row in statements.versions(conn, opened)
        ]
        return found + [
            Node("artifact", str(number), depth=walk.depth["artifact", number], locked=True)
            for number in sorted(hidden - opened)
        ]

    def _sees(self, conn: Connection, actor: Actor, link: Any) -> bool:
        if is_registry(link.project):
            return registry_role(self._access, conn, actor, link.entity_id, link.project_id) is not None
        return self._access.role(actor, EntityId(link.entity_id), conn=conn) is not None

    def _registries(self, conn: Connection, actor: Actor, walk: _Walk, found: dict[str, Any]) -> None:
        """Where the versions of the graph are linked into."""
        versions = {number for kind, number in walk.depth if kind == "artifact"}
        roles: dict[int, bool] = {}
        for link in statements.links_of(conn, versions, walk.room() + 1):
            if link.project_id not in roles:
                roles[link.project_id] = self._sees(conn, actor, link)
            name = f"{link.collection_id}:{link.version_index}"
            depth = walk.depth["artifact", link.version_id] + 1
            if roles[link.project_id]:
                title = f"{link.name}:v{link.version_index}"
                full = f"{link.entity}/{link.project}/{title}"
                node = Node("registry", name, full, title, link.type, "", "", 0.0, depth)
            else:
                node = Node("registry", name, depth=depth, locked=True)
            found["nodes"].append(node)
            found["edges"].append(Edge(f"artifact:{link.version_id}", node.key, "linked"))

    def _predictions(self, conn: Connection, walk: _Walk, found: dict[str, Any]) -> None:
        """The latest predictions of deployments that may be seen."""
        open_ones = {
            int(node.id): node for node in found["nodes"] if node.kind == "deployment" and not node.locked
        }
        if not open_ones:
            return
        rows = statements.predictions_of(conn, set(open_ones), PREDICTIONS_SHOWN)
        walk.truncated = walk.truncated or len(rows) == PREDICTIONS_SHOWN
        for row in rows:
            deployment = open_ones[row.deployment_id]
            owner = deployment.name.split("/")[0]
            node = Node(
                "prediction",
                f"{owner}/{row.prediction_id}",
                f"{owner}/{row.prediction_id}",
                row.prediction_id,
                created_at=row.at,
                depth=deployment.depth + 1,
            )
            found["nodes"].append(node)
            found["edges"].append(Edge(deployment.key, node.key, "predicted"))


_KINDS = ("sweep", "run", "artifact", "deployment")
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
