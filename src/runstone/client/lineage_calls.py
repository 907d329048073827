"""The native API's lineage and storage routes as typed calls: `Client.lineage`."""

from __future__ import annotations

from typing import Any

from runstone.client.calls import NounCalls, at_artifact, at_entity, at_place, record
from runstone.client.connection import segment
from runstone.client.lineage_models import (
    Collected,
    EntityUse,
    Impact,
    LineageGraph,
    PredictionTrace,
    StorageUse,
)


class LineageCalls(NounCalls):
    """One method per route. All raise `ClientError` and its kinds. direction: up, down, both."""

    def of_artifact(
        self,
        entity: str,
        project: str,
        name: str,
        *,
        direction: str = "both",
        depth: int = 5,
        limit: int = 1000,
    ) -> LineageGraph:
        params = {"direction": direction, "depth": depth, "limit": limit}
        return record(self._get(f"{at_artifact(entity, project, name)}/lineage", params), LineageGraph)

    def of_run(
        self,
        entity: str,
        project: str,
        run: str,
        *,
        direction: str = "both",
        depth: int = 5,
        limit: int = 1000,
    ) -> LineageGraph:
        params = {"direction": direction, "depth": depth, "limit": limit}
        path = f"{at_place(entity, project)}/runs/{segment(run)}/lineage"
        return record(self._get(path, params), LineageGraph)

    def trace_back(self, entity: str, prediction: str) -> PredictionTrace:
        path = f"{at_entity(entity)}/predictions/{segment(prediction)}/trace"
        return record(self._get(path), PredictionTrace)

    def impact(self, entity: str, project: str, name: str, *, row: str = "") -> Impact:
        """All that came of a version, or of one of its rows."""
        path = f"{at_artifact(entity, project, name)}/impact"
        return record(self._get(path, {"row": row or None}), Impact)

    def storage(self, entity: str, project: str) -> StorageUse:
        """Counted now, exact."""
        return record(self._get(f"{at_place(entity, project)}/storage"), StorageUse)

    def storage_of_entity(self, entity: str) -> EntityUse:
        """Of all its projects. Counted now, exact."""
        return record(self._get(f"{at_entity(entity)}/storage"), EntityUse)

    def collect(self, *, dry_run: bool = True, **chosen: Any) -> Collected:
        """Give back what nothing refers to. chosen: spared_seconds, trash_seconds, rewrite_packs."""
        body = {"dry_run": dry_run, **{key: value for key, value in chosen.items() if value is not None}}
        return record(self._send("POST", "/admin/gc", json=body), Collected)
