"""The runs that a question found: a lazy sequence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from runstone.client.native import Client
from runstone.client.run import Run

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_FIELDS = (
    "id",
    "display_name",
    "state",
    "username",
    "group",
    "job_type",
    "tags",
    "created_at",
    "started_at",
    "finished_at",
    "duration",
    "host",
)


class Runs(Sequence[Run]):
    """Pages are fetched when they are reached, and kept. `len` is the server's exact count of what
    matched when it was first asked."""

    def __init__(
        self,
        client: Client,
        entity: str,
        project: str,
        *,
        filter: Mapping[str, Any] | None,
        order: Sequence[str],
        search: str,
        per_page: int,
        select: Sequence[str] | None,
        trash: bool,
    ) -> None:
        self._client = client
        self.entity = entity
        self.project = project
        self._ask: dict[str, Any] = {
            "filter": filter,
            "order": order,
            "search": search,
            "limit": min(max(per_page, 1), 1000),
            "select": select,
            "trash": trash,
        }
        self._runs: list[Run] = []
        self._cursor: str | None = ""  # None: the last page was fetched
        self._total: int | None = None

    def __len__(self) -> int:
        if self._total is None:
            self._fetch()
        assert self._total is not None
        return self._total

    def __iter__(self) -> Iterator[Run]:
        at = 0
        while at < len(self._runs) or self._fetch():
            yield self._runs[at]
            at += 1

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> list[Run]: ...
    def __getitem__(self, index: int | slice) -> Run | list[Run]:
        if isinstance(index, slice):
            whole = index.stop is None or index.stop < 0 or (index.start or 0) < 0 or (index.step or 1) < 0
            self._reach(len(self) if whole else index.stop)
            return self._runs[index]
        if index < 0:
            index += len(self)
            if index < 0:
                raise IndexError("run index out of range")
        self._reach(index + 1)
        return self._runs[index]

    def __repr__(self) -> str:
        return f"<Runs {self.entity or '-'}/{self.project}>"

    def to_rows(self) -> list[dict[str, Any]]:
        """One map per run: its fields, and its config and summary flattened, `config.lr`."""
        rows = []
        for run in self:
            row: dict[str, Any] = {name: getattr(run.record, name) for name in _FIELDS}
            row.update(_flat("config", run.record.config))
            row.update(_flat("summary", run.record.summary))
            rows.append(row)
        return rows

    def to_arrow(self) -> pa.Table:
        """One row per run. A column whose values are of several kinds is text."""
        import pyarrow as pa

        rows = self.to_rows()
        names = list(dict.fromkeys(name for row in rows for name in row)) or list(_FIELDS)
        return pa.table({name: _column([row.get(name) for row in rows]) for name in names})

    def to_pandas(self) -> pd.DataFrame:
        """One row per run. Raises ImportError where pandas is not installed."""
        import pandas as pd

        return pd.DataFrame(self.to_rows())

    def histories(
        self, keys: Sequence[str] | None = None, *, min_step: int | None = None, max_step: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """The rows of all these runs, one after another, each with its `run` id: nothing sampled."""
        for run in self:
            for row in run.rows(keys, min_step=min_step, max_step=max_step):
                yield {"run": run.id, **row}

    def delete(self) -> int:
        """All of them to the trash. How many there were."""
        ids = [run.id for run in self]
        total = 0
        for at in range(0, len(ids), 1000):
            total += self._client.delete_runs(self.entity, self.project, ids[at : at + 1000])
        return total

    def _reach(self, count: int) -> None:
        while len(self._runs) < count and self._fetch():
            pass

    def _fetch(self) -> bool:
        """One more page. False where there was none."""
        if self._cursor is None:
            return False
        page = self._client.find_runs(self.entity, self.project, cursor=self._cursor, **self._ask)
        if self._total is None:
            self._total = page.total
        self._runs += [Run(self._client, record, whole=False) for record in page.runs]
        self._cursor = page.next_cursor or None
        return bool(page.runs)


def _flat(prefix: str, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if isinstance(item, Mapping) and item and "_type" not in item:
            yield from _flat(f"{prefix}.{key}", item)
        else:
            yield f"{prefix}.{key}", item


def _column(values: list[Any]) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values])
