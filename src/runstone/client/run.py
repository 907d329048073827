"""One run, as a script asks about it and changes it.

`Run` is a live handle: its fields are as they were fetched until `reload`. `run.record` is the frozen
value behind it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from runstone.client.errors import Misuse
from runstone.client.files import File
from runstone.client.history_calls import Space
from runstone.client.models import Alert, KeyInfo, Line, RunRecord, Statistics
from runstone.client.native import Client

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from runstone.client.artifacts import ArtifactVersion
    from runstone.client.series import LineData

_OWN = ("display_name", "notes", "group", "job_type")


class Run:
    """config, summary and tags are plain copies that may be changed; `update()` sends what differs
    from what was fetched, and leaves everything else on the server as it is."""

    def __init__(self, client: Client, record: RunRecord, *, whole: bool = True) -> None:
        self._client = client
        self._whole = whole
        self._take(record)

    def _take(self, record: RunRecord) -> None:
        self.record = record
        self.config: dict[str, Any] = copy.deepcopy(record.config)
        self.summary: dict[str, Any] = copy.deepcopy(record.summary)
        self.tags: list[str] = list(record.tags)
        self.display_name = record.display_name
        self.notes = record.notes
        self.group = record.group
        self.job_type = record.job_type

    @property
    def _address(self) -> tuple[str, str, str]:
        return self.record.entity, self.record.project, self.record.id

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def name(self) -> str:
        """What people call it; `id` is what finds it."""
        return self.display_name

    @name.setter
    def name(self, text: str) -> None:
        self.display_name = text

    @property
    def entity(self) -> str:
        return self.record.entity

    @property
    def project(self) -> str:
        return self.record.project

    @property
    def path(self) -> list[str]:
        return list(self._address)

    @property
    def url(self) -> str:
        return f"{self._client.base_url}/{self.entity}/{self.project}/runs/{self.id}"

    @property
    def state(self) -> str:
        """pending, running, finished, failed, crashed, killed, preempting or preempted."""
        return self.record.state

    @property
    def created_at(self) -> float:
        """Unix seconds."""
        return self.record.created_at

    @property
    def metadata(self) -> dict[str, Any]:
        """What was captured of where it ran: command, git, packages, machine."""
        if not self._whole:
            self.reload()
        return self.record.environment

    def __repr__(self) -> str:
        return f"<Run {'/'.join(self._address)} ({self.state})>"

    def reload(self) -> Run:
        """Fetch it anew; changes not sent are lost."""
        self._take(self._client.run(*self._address))
        self._whole = True
        return self

    # Change --------------------------------------------------------------------------------------

    def update(self) -> Run:
        """Send what was changed in config, summary, tags, name, notes, group and job type."""
        fields: dict[str, Any] = {
            name: getattr(self, name) for name in _OWN if getattr(self, name) != getattr(self.record, name)
        }
        if self.tags != self.record.tags:
            fields["tags"] = list(self.tags)
        config_set, config_unset = _difference(self.record.config, self.config)
        summary_set, summary_unset = _difference(self.record.summary, self.summary)
        if fields or config_set or config_unset or summary_set or summary_unset:
            record = self._client.change_run(
                *self._address,
                config_set=config_set,
                config_unset=config_unset,
                summary_set=summary_set,
                summary_unset=summary_unset,
                **fields,
            )
            self._take(record)
        return self

    def delete(self) -> None:
        """To the trash, restorable for 30 days."""
        self._client.delete_runs(self.entity, self.project, [self.id])

    def restore(self) -> Run:
        """Out of the trash."""
        self._client.restore_runs(self.entity, self.project, [self.id])
        return self.reload()

    def move(self, project: str, *, entity: str = "") -> Run:
        to = entity or self.entity
        self._client.move_runs(self.entity, self.project, [self.id], to_entity=to, to_project=project)
        self._take(self._client.run(to, project, self.id))
        return self

    def stop(self) -> None:
        """Ask it to end; its own host does that, within seconds."""
        self._client.stop_run(*self._address)

    # History -------------------------------------------------------------------------------------

    def rows(
        self,
        keys: Sequence[str] | None = None,
        *,
        min_step: int | None = None,
        max_step: int | None = None,
        page_size: int = 1000,
        space: Space = "history",
    ) -> Iterator[dict[str, Any]]:
        """All rows by rising step, fetched as they are taken: `_step`, `_timestamp`, `_runtime` and
        the values logged. With keys: rows that have one of them at least. max_step is not included."""
        return self._client.rows(
            *self._address, keys=keys, min_step=min_step, max_step=max_step, page=page_size, space=space
        )

    def scan_history(
        self,
        keys: Sequence[str] | None = None,
        page_size: int = 1000,
        min_step: int | None = None,
        max_step: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """As `rows`, and with keys only the rows that have all of them, and only those keys."""
        for row in self.rows(keys, min_step=min_step, max_step=max_step, page_size=page_size):
            if not keys:
                yield row
            elif all(key in row for key in keys):
                yield {key: row[key] for key in keys}

    def history(
        self,
        samples: int | None = None,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        pandas: bool = True,
        stream: Literal["default", "system"] = "default",
        *,
        min_step: int | None = None,
        max_step: int | None = None,
    ) -> Any:
        """The history as a pandas DataFrame, or as a list of rows where pandas is not installed or
        not wanted. All rows, unless `samples` asks for that many evenly spread ones (first and last
        among them). stream "system": what was sampled of the machine. For the machine's memory's
        sake, take `rows` of a long run, or `to_arrow`."""
        space: Space = "system" if stream == "system" else "history"
        found = list(self.rows(keys, min_step=min_step, max_step=max_step, space=space))
        if samples is not None and len(found) > samples:
            found = _spread(found, samples)
        if keys:
            shown = {x_axis, *keys}
            found = [{name: value for name, value in row.items() if name in shown} for row in found]
        if not pandas:
            return found
        try:
            import pandas as pd
        except ImportError:
            return found
        return pd.DataFrame(found)

    def to_arrow(self, keys: Sequence[str] | None = None, *, space: Space = "history") -> pa.Table:
        """The whole history, exact, by way of Parquet: the quickest way to much of it."""
        import pyarrow as pa
        import pyarrow.parquet as parquet

        sink = pa.BufferOutputStream()
        with self._client.export(*self._address, format="parquet", keys=keys, space=space) as answer:
            for chunk in answer.iter_bytes():
                sink.write(chunk)
        return parquet.read_table(pa.BufferReader(sink.getvalue()))

    def to_pandas(self, keys: Sequence[str] | None = None, *, space: Space = "history") -> pd.DataFrame:
        """As `to_arrow`. Raises ImportError where pandas is not installed."""
        return self.to_arrow(keys, space=space).to_pandas()

    def export(
        self,
        path: str | Path,
        *,
        format: Literal["parquet", "csv", "jsonl"] | None = None,
        keys: Sequence[str] | None = None,
        space: Space = "history",
    ) -> Path:
        """The whole history as a file; the format is that of the name where none is given. The file
        appears when it is whole."""
        target = Path(path)
        kind: Any = format or target.suffix.lstrip(".").lower()
        if kind not in ("parquet", "csv", "jsonl"):
            raise Misuse(f"{target.name!r} does not say which format. Use .parquet, .csv or .jsonl.")
        part = target.with_name(f".{target.name}.part")
        try:
            with (
                self._client.export(*self._address, format=kind, keys=keys, space=space) as answer,
                part.open("wb") as file,
            ):
                for chunk in answer.iter_bytes():
                    file.write(chunk)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return target

    def series(
        self,
        key: str,
        *,
        x: str = "_step",
        range: tuple[float | None, float | None] = (None, None),
        buckets: int = 500,
        space: Space = "history",
    ) -> LineData | None:
        """One key as a chart of `buckets` columns shows it; None where it has no such data."""
        entity, project, run = self._address
        answer = self._client.series(
            entity, project, runs=[run], keys=[key], x=x, range=range, buckets=buckets, space=space
        )
        return answer.lines[0] if answer.lines else None

    def statistics(self, key: str, *, lo: float | None = None, hi: float | None = None) -> Statistics:
        """Over all points of a key whose step lies in [lo, hi]: exact."""
        return self._client.statistics(*self._address, key, lo=lo, hi=hi)

    def keys(self, *, search: str = "", space: Space = "history") -> Iterator[KeyInfo]:
        """What was logged, with count, steps, min, max and last of each."""
        return self._client.keys(*self._address, search=search, space=space)

    def config_history(self) -> list[dict[str, Any]]:
        """Who changed the config when: {at, writer, set, unset}, oldest first."""
        return self._client.config_history(*self._address)

    # Console, files, alerts ----------------------------------------------------------------------

    def console(self, *, start: int = 0, search: str = "") -> Iterator[Line]:
        """What the run printed, line by line, ANSI codes and all."""
        return self._client.console(*self._address, start=start, search=search)

    def files(self, prefix: str = "") -> list[File]:
        """By name."""
        found = self._client.files(*self._address, prefix=prefix)
        return [File(self._client, self._address, record) for record in found]

    def file(self, name: str) -> File:
        """Raises NotFound."""
        from runstone.client.errors import NotFound

        for record in self._client.files(*self._address, prefix=name):
            if record.name == name:
                return File(self._client, self._address, record)
        raise NotFound(f"Run {self.id!r} has no file {name!r}.", status=404)

    def upload_file(self, path: str | Path, *, name: str | None = None) -> File:
        """Keep a local file with the run, under its own name unless another is given."""
        source = Path(path)

        def content() -> Iterator[bytes]:
            with source.open("rb") as file:
                while chunk := file.read(1 << 20):
                    yield chunk

        record = self._client.put_file(*self._address, name or source.name, content)
        return File(self._client, self._address, record)

    # Artifacts -----------------------------------------------------------------------------------

    def logged_artifacts(self, per_page: int = 100) -> list[ArtifactVersion]:
        """Versions that it made."""
        return self._artifacts("output")

    def used_artifacts(self, per_page: int = 100) -> list[ArtifactVersion]:
        """Versions that it read."""
        return self._artifacts("input")

    def use_artifact(self, artifact: ArtifactVersion, use_as: str | None = None) -> ArtifactVersion:
        """Note that it read a version."""
        self._client.artifacts.use(*self._address, f"@{artifact.id}", used_as=use_as or "")
        return artifact

    def _artifacts(self, role: str) -> list[ArtifactVersion]:
        from runstone.client.artifacts import ArtifactVersion

        found = self._client.artifacts.of_run(*self._address, role=role)
        return [ArtifactVersion(self._client, used.artifact) for used in found]

    def alerts(self) -> list[Alert]:
        return self._client.alerts(*self._address)


def _difference(
    before: Mapping[str, Any], after: Mapping[str, Any], path: tuple[str, ...] = ()
) -> tuple[list[tuple[tuple[str, ...], Any]], list[tuple[str, ...]]]:
    """What to set and what to unset to come from one to the other, as deep as both are maps."""
    made: list[tuple[tuple[str, ...], Any]] = []
    gone = [(*path, key) for key in before if key not in after]
    for key, value in after.items():
        here = (*path, str(key))
        if key in before and isinstance(before[key], Mapping) and isinstance(value, Mapping) and value:
            deeper_made, deeper_gone = _difference(before[key], value, here)
            made += deeper_made
            gone += deeper_gone
        elif key not in before or not _same(before[key], value):
            made.append((here, value))
    return made, gone


def _same(one: Any, other: Any) -> bool:
    """Equal and of one type: 1, 1.0 and True are three values; NaN is one."""
    if isinstance(one, float) and isinstance(other, float) and one != one:
        return other != other
    return type(one) is type(other) and bool(one == other)


def _spread(rows: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    if count <= 1:
        return rows[-1:] if count else []
    return [rows[round(at * (len(rows) - 1) / (count - 1))] for at in range(count)]
