"""Calls about what runs logged: rows, keys, statistics, series, and whole histories as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal

from runstone.client.calls import Calls, at_project, at_run, given
from runstone.client.models import KeyInfo, Statistics, convert, numbers

if TYPE_CHECKING:
    import httpx

    from runstone.client.series import SeriesAnswer


Space = Literal["history", "system"]


class HistoryCalls(Calls):
    """Part of `Client`."""

    def rows(
        self,
        entity: str,
        project: str,
        run: str,
        *,
        keys: Sequence[str] | None = None,
        min_step: int | None = None,
        max_step: int | None = None,
        page: int = 1000,
        space: Space = "history",
    ) -> Iterator[dict[str, Any]]:
        """Rows by rising step, fetched by the page: `_step`, `_timestamp`, `_runtime` and values.
        max_step: the first step that is not wanted. A row without any of `keys` is left out."""
        path = f"{at_run(entity, project, run)}/rows"
        params = given(keys=list(keys) if keys else None, limit=page, space=space, min_step=min_step)
        while True:
            answer = self._get(path, params)
            for row in answer["rows"]:
                if max_step is not None and row["_step"] >= max_step:
                    return
                yield numbers(row)
            following = answer.get("next_step")
            if following is None or not answer["rows"]:
                return
            params["min_step"] = following

    def keys(
        self, entity: str, project: str, run: str, *, search: str = "", space: Space = "history"
    ) -> Iterator[KeyInfo]:
        path = f"{at_run(entity, project, run)}/keys"
        for item in self._pages(path, "keys", given(search=search or None, space=space)):
            yield convert(numbers(item), KeyInfo)

    def statistics(
        self,
        entity: str,
        project: str,
        run: str,
        key: str,
        *,
        lo: float | None = None,
        hi: float | None = None,
    ) -> Statistics:
        path = f"{at_run(entity, project, run)}/statistics"
        return convert(numbers(self._get(path, given(key=key, lo=lo, hi=hi))), Statistics)

    def series(
        self,
        entity: str,
        project: str,
        *,
        runs: Sequence[str],
        keys: Sequence[str],
        x: str = "_step",
        range: tuple[float | None, float | None] = (None, None),
        buckets: int = 500,
        space: Space = "history",
        group: Mapping[str, Sequence[str]] | None = None,
    ) -> SeriesAnswer:
        """Lines thinned to `buckets`, every lowest and highest point kept; see `series.LineData`."""
        from runstone.client.series import MEDIA_TYPE, decode

        body = given(
            runs=list(runs),
            keys=list(keys),
            x=x,
            range=list(range),
            buckets=buckets,
            space=space,
            group={name: list(members) for name, members in group.items()} if group else None,
        )
        answer = self.connection.call(
            "POST",
            f"{at_project(entity, project)}/series",
            json=body,
            headers={"Accept": MEDIA_TYPE},
            repeatable=True,
        )
        return decode(answer.content)

    def export(
        self,
        entity: str,
        project: str,
        run: str,
        *,
        format: Literal["parquet", "csv", "jsonl"] = "parquet",
        keys: Sequence[str] | None = None,
        space: Space = "history",
    ) -> AbstractContextManager[httpx.Response]:
        """The whole history as a file, streamed: read the answer with `iter_bytes`."""
        params = given(format=format, keys=list(keys) if keys else None, space=space)
        return self.connection.stream(
            "GET", f"{at_run(entity, project, run)}/export", params=params, headers={"Accept": "*/*"}
        )
