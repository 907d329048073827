"""The graph of lineage as it is told: nodes, edges, and what is read from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from runstone.server.domain.artifact_model import Version
from runstone.server.domain.deployments import Prediction

NodeKind = Literal["sweep", "run", "artifact", "registry", "deployment", "prediction"]
Direction = Literal["up", "down", "both"]

DEPTH_MAX = 50
NODES_MAX = 20_000


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
