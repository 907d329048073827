"""Questions about runs, asked from a notebook or a script.

    import runstone

    api = runstone.Api()
    for run in api.runs("mnist", filters={"config.lr": {"$lt": 0.01}}, order="-summary.acc"):
        print(run.name, run.summary["acc"])
    frame = api.run("mnist/3kx9q2ab").history(keys=["loss", "acc"])

Nothing here is sampled unless you ask for it, and nothing is kept between calls but the connection.
Errors are `runstone.client.errors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runstone.client.connection import Retries, Timeouts
from runstone.client.errors import Misuse
from runstone.client.history_calls import Space
from runstone.client.models import KeyInfo, Me, Project
from runstone.client.native import Client
from runstone.client.run import Run
from runstone.client.runs import Runs

if TYPE_CHECKING:
    from runstone.client.artifact_collections import ArtifactCollection
    from runstone.client.artifacts import ArtifactVersion
    from runstone.client.pareto import ParetoFront
    from runstone.client.series import SeriesAnswer


class Api:
    """One server and one key.

    base_url, api_key: as `runstone login` left them where they are not given. timeout: seconds to
    wait for the server to say anything. Raises Misuse where no server is known.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 60.0,
        home: Path | None = None,
    ) -> None:
        self.client = Client(
            base_url,
            api_key,
            timeouts=Timeouts(read=timeout, write=timeout),
            retries=Retries(),
            home=home,
        )

    def close(self) -> None:
        self.client.close()

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def base_url(self) -> str:
        return self.client.base_url

    @cached_property
    def viewer(self) -> Me:
        """Whose key this is."""
        return self.client.me()

    @property
    def default_entity(self) -> str:
        return self.viewer.default_entity

    def projects(self, entity: str = "", *, search: str = "") -> Iterator[Project]:
        """By last activity. entity "": all that the key may see."""
        return self.client.projects(entity, search=search)

    def project(self, path: str) -> Project:
        """path: `entity/project`, or `project` of the key's default entity."""
        return self.client.project(*project_path(path))

    def create_project(self, path: str, *, description: str | None = None) -> Project:
        """It is no error if it is there already."""
        return self.client.ensure_project(*project_path(path), description=description)

    def runs(
        self,
        path: str,
        filters: Mapping[str, Any] | None = None,
        order: str | Sequence[str] = "-created_at",
        per_page: int = 100,
        *,
        search: str = "",
        select: Sequence[str] | None = None,
        trash: bool = False,
    ) -> Runs:
        """The runs of a project, fetched as they are taken; `len` of it asks for their number.

        filters: Mongo-like, `{"state": "finished", "config.lr": {"$lt": 0.1}}`. order: keys with a
        sign, `-created_at`, `+summary.loss`. select: bring only these config and summary keys.
        """
        entity, project = project_path(path)
        return Runs(
            self.client,
            entity,
            project,
            filter=filters,
            order=(order,) if isinstance(order, str) else tuple(order),
            search=search,
            per_page=per_page,
            select=select,
            trash=trash,
        )

    def pareto(self, path: str, objectives: Mapping[str, str], **wanted: Any) -> ParetoFront:
        """The runs that no other beats in every objective: `{"loss": "min", "accuracy": "max"}`.
        wanted: constraints, filters, search, reference, limit as in `client.pareto.pareto`."""
        from runstone.client.pareto import pareto

        entity, project = project_path(path)
        return pareto(self.client, entity, project, objectives, **wanted)

    def run(self, path: str) -> Run:
        """path: `entity/project/run`, or `project/run`; `run` is the id. Raises NotFound."""
        entity, project, run = run_path(path)
        return Run(self.client, self.client.run(entity, project, run))

    # Artifacts -----------------------------------------------------------------------------------

    def artifact(self, name: str, type: str | None = None) -> ArtifactVersion:
        """name: `[[entity/]project/]name[:version or alias]`, latest without one. Raises NotFound."""
        from runstone.client.artifact_names import artifact_path
        from runstone.client.artifacts import ArtifactVersion

        version = ArtifactVersion(self.client, self.client.artifacts.get(*artifact_path(name)))
        if type is not None and version.type != type:
            raise Misuse(f"{name!r} is of type {version.type!r}, not {type!r}.")
        return version

    def artifact_exists(self, name: str, type: str | None = None) -> bool:
        from runstone.client.errors import NotFound

        try:
            found = self.artifact(name)
        except NotFound:
            return False
        return type is None or found.type == type

    def artifacts(
        self, type_name: str, name: str, per_page: int = 100, tags: Sequence[str] | None = None
    ) -> Iterator[ArtifactVersion]:
        """All versions of an artifact, newest first."""
        collection = self.artifact_collection(type_name, name)
        for version in collection.versions(limit=per_page):
            if not tags or set(tags) <= set(version.tags):
                yield version

    artifact_versions = artifacts

    def artifact_collection(self, type_name: str, name: str) -> ArtifactCollection:
        """name: `[[entity/]project/]name`. Raises NotFound."""
        from runstone.client.artifact_collections import ArtifactCollection
        from runstone.client.artifact_names import artifact_path

        entity, project, full = artifact_path(name)
        record = self.client.artifacts.collection(entity, project, full.rpartition(":")[0])
        if type_name and record.type != type_name:
            raise Misuse(f"{name!r} is of type {record.type!r}, not {type_name!r}.")
        return ArtifactCollection(self.client, record)

    def artifact_collections(
        self, project_name: str, type_name: str = "", per_page: int = 100, *, search: str = ""
    ) -> Iterator[ArtifactCollection]:
        """The artifacts of a project, by last change; of one type, if that is given."""
        from runstone.client.artifact_collections import ArtifactCollection

        entity, project = project_path(project_name)
        for record in self.client.artifacts.collections(
            entity, project, type=type_name, search=search, limit=per_page
        ):
            yield ArtifactCollection(self.client, record)

    def artifact_types(self, project: str) -> list[str]:
        return [record.name for record in self.client.artifacts.types(*project_path(project))]

    # Series --------------------------------------------------------------------------------------

    def keys(self, path: str, *, search: str = "") -> Iterator[KeyInfo]:
        """Metric keys that any run of the project logged, by name."""
        return self.client.project_keys(*project_path(path), search=search)

    def series(
        self,
        path: str,
        *,
        runs: Sequence[str],
        keys: Sequence[str],
        x: str = "_step",
        range: tuple[float | None, float | None] = (None, None),
        buckets: int = 500,
        space: Space = "history",
        group: Mapping[str, Sequence[str]] | None = None,
    ) -> SeriesAnswer:
        """Lines for a chart of `buckets` columns: mean, min and max of each, over all points."""
        entity, project = project_path(path)
        return self.client.series(
            entity,
            project,
            runs=runs,
            keys=keys,
            x=x,
            range=range,
            buckets=buckets,
            space=space,
            group=group,
        )


def project_path(path: str) -> tuple[str, str]:
    """(entity, project). Raises Misuse."""
    parts = path.strip("/").split("/")
    if len(parts) == 1 and parts[0]:
        return "", parts[0]
    if len(parts) == 2 and all(parts):
        return parts[0], parts[1]
    raise Misuse(f"{path!r} names no project. Write 'entity/project', or 'project' of your own.")


def run_path(path: str) -> tuple[str, str, str]:
    """(entity, project, run). Raises Misuse."""
    parts = path.strip("/").split("/")
    if len(parts) == 4 and parts[2] == "runs":
        del parts[2]  # as the address in a browser has it
    if len(parts) == 2 and all(parts):
        return "", parts[0], parts[1]
    if len(parts) == 3 and all(parts):
        return parts[0], parts[1], parts[2]
    raise Misuse(f"{path!r} names no run. Write 'entity/project/run', or 'project/run' of your own.")
