"""The native API's lineage and storage routes as typed calls: `Client.lineage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runstone.client.artifact_calls import _artifact, _project, _record
from runstone.client.connection import segment
from runstone.client.lineage_models import Collected, Impact, LineageGraph, PredictionTrace, StorageUse

if TYPE_CHECKING:
    from runstone.client.connection import Connection


class LineageCalls:
    """One method per route. All raise `ClientError` and its kinds. direction: up, down, both."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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
        return _record(self._get(f"{_artifact(entity, project, name)}/lineage", params), LineageGraph)

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
        path = f"{_project(entity, project)}/runs/{segment(run)}/lineage"
        return _record(self._get(path, params), LineageGraph)

    def trace_back(self, entity: str, prediction: str) -> PredictionTrace:
        path = f"/entities/{segment(entity or '-')}/predictions/{segment(prediction)}/trace"
        return _record(self._get(path), PredictionTrace)

    def impact(self, entity: str, project: str, name: str, *, row: str = "") -> Impact:
        """All that came of a version, or of one of its rows."""
        path = f"{_artifact(entity, project, name)}/impact"
        return _record(self._get(path, {"row": row or None}), Impact)

    def storage(self, entity: str, project: str) -> StorageUse:
        """Counted now, exact."""
        return _record(self._get(f"{_project(entity, project)}/storage"), StorageUse)

    def collect(self, *, dry_run: bool = True, **chosen: Any) -> Collected:
        """Give back what nothing refers to. chosen: spared_seconds, trash_seconds, rewrite_packs."""
        body = {"dry_run": dry_run, **{key: value for key, value in chosen.items() if value is not None}}
        return _record(self._connection.value("POST", "/admin/gc", json=body), Collected)

    def _get(self, path: str, params: dict[str, Any] | None = None) -> Any:
        return self._connection.value("GET", path, params=params)
