"""Nodes of lineage as an actor sees them: named, or locked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.identity import Actor, EntityId
from runstone.server.domain.lineage_model import NODES_MAX, Edge, Node, NodeKind
from runstone.server.domain.lineage_walk import KINDS, Walk
from runstone.server.domain.registry_access import is_registry, registry_role
from runstone.server.stores.records import lineage as statements

PREDICTIONS_SHOWN = 100


class Seen:
    """A walk's nodes for one actor, and what hangs on them without being walked: registries, predictions.
    Who may not see a node sees that there is one. Holds for one transaction."""

    def __init__(self, conn: Connection, access: Access, actor: Actor, walk: Walk) -> None:
        self._conn = conn
        self._access = access
        self._actor = actor
        self._walk = walk
        self._open: dict[int, bool] = {}  # by project
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []

    def add_walked(self) -> None:
        """What the walk reached."""
        conn, walk = self._conn, self._walk
        by_kind = {kind: {n for what, n in walk.depth if what == kind} for kind in KINDS}
        readable = self._access.readable_entities(self._actor)
        nodes = self.nodes

        def open_to(row: Any) -> bool:
            return readable is None or EntityId(row.entity_id) in readable

        hidden: set[int] = set()
        for row in statements.versions(conn, by_kind["artifact"]):
            if row.project_deleted_at is not None or not open_to(row) or is_registry(row.project):
                hidden.add(row.id)
                continue
            nodes.append(_version_node(row, walk.depth["artifact", row.id]))
        if hidden:
            nodes += self._through_registries(hidden)
        for row in statements.run_rows(conn, by_kind["run"]):
            self._add("run", row, open_to(row) and _is_kept(row), _run_facts)
        for row in statements.sweep_rows(conn, by_kind["sweep"]):
            self._add("sweep", row, open_to(row) and _is_kept(row), _sweep_facts)
        for row in statements.deployment_rows(conn, by_kind["deployment"]):
            self._add("deployment", row, open_to(row), _deployment_facts)

    def _add(self, kind: NodeKind, row: Any, shown: bool, facts: Callable[[Any], dict[str, Any]]) -> None:
        depth = self._walk.depth[kind, row.id]
        self.nodes.append(
            Node(kind, str(row.id), depth=depth, **facts(row))
            if shown
            else Node(kind, str(row.id), depth=depth, locked=True)
        )

    def add_registries(self) -> None:
        """Where the versions of the graph are linked into."""
        versions = {number for kind, number in self._walk.depth if kind == "artifact"}
        for link in statements.links_of(self._conn, versions, self._walk.room() + 1):
            name = f"{link.collection_id}:{link.version_index}"
            depth = self._walk.depth["artifact", link.version_id] + 1
            if self._sees(link):
                title = f"{link.name}:v{link.version_index}"
                full = f"{link.entity}/{link.project}/{title}"
                node = Node("registry", name, full, title, link.type, "", "", 0.0, depth)
            else:
                node = Node("registry", name, depth=depth, locked=True)
            self.nodes.append(node)
            self.edges.append(Edge(f"artifact:{link.version_id}", node.key, "linked"))

    def add_predictions(self) -> None:
        """The latest predictions of deployments that may be seen."""
        open_ones = {
            int(node.id): node for node in self.nodes if node.kind == "deployment" and not node.locked
        }
        if not open_ones:
            return
        rows = statements.predictions_of(self._conn, set(open_ones), PREDICTIONS_SHOWN)
        self._walk.truncated = self._walk.truncated or len(rows) == PREDICTIONS_SHOWN
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
            self.nodes.append(node)
            self.edges.append(Edge(deployment.key, node.key, "predicted"))

    def _through_registries(self, hidden: set[int]) -> list[Node]:
        """Versions whose project is not to be seen: open by a registry they are linked into, or locked."""
        conn, depth = self._conn, self._walk.depth
        opened: set[int] = set()
        for link in statements.links_of(conn, hidden, NODES_MAX):
            if self._sees(link):
                opened.add(link.version_id)
        found = [_version_node(row, depth["artifact", row.id]) for row in statements.versions(conn, opened)]
        return found + [
            Node("artifact", str(number), depth=depth["artifact", number], locked=True)
            for number in sorted(hidden - opened)
        ]

    def _sees(self, link: Any) -> bool:
        """Whether the actor may see the project that the link leads to."""
        if link.project_id not in self._open:
            if is_registry(link.project):
                role: Any = registry_role(
                    self._access, self._conn, self._actor, link.entity_id, link.project_id
                )
            else:
                role = self._access.role(self._actor, EntityId(link.entity_id), conn=self._conn)
            self._open[link.project_id] = role is not None
        return self._open[link.project_id]


def _is_kept(row: Any) -> bool:
    return row.project_deleted_at is None and row.deleted_at is None


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


def _run_facts(row: Any) -> dict[str, Any]:
    return {
        "name": f"{row.entity}/{row.project}/{row.run_id}",
        "label": row.display_name,
        "type": row.job_type,
        "state": row.state,
        "created_at": row.created_at,
    }


def _sweep_facts(row: Any) -> dict[str, Any]:
    return {
        "name": f"{row.entity}/{row.project}/{row.sweep_id}",
        "label": row.display_name or row.name or row.sweep_id,
        "type": row.method,
        "state": row.state,
        "created_at": row.created_at,
    }


def _deployment_facts(row: Any) -> dict[str, Any]:
    return {
        "name": f"{row.entity}/{row.site}/{row.name}",
        "label": f"{row.name} at {row.site}",
        "state": "live" if row.ended_at is None else "ended",
        "sha256": row.sha256,
        "created_at": row.started_at,
    }
