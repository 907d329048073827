"""Rows of runs: from what a client wrote to what is read back. What charts draw: `series_reading`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runstone.server.domain.errors import NotFound
from runstone.server.domain.feed import EventKind, Feed
from runstone.server.domain.history_keys import NotedKeys
from runstone.server.domain.history_statistics import statistics
from runstone.server.domain.identity import Actor, Permission, RunKey
from runstone.server.domain.places import Places
from runstone.server.domain.projects import Projects
from runstone.server.domain.runs import Runs
from runstone.server.stores.history.contract import (
    STEP,
    HistoryStore,
    KeyInfo,
    Points,
    Row,
    RowBatch,
    SetInfo,
    SetKey,
    Space,
)


class History:
    def __init__(
        self,
        store: HistoryStore,
        runs: Runs,
        projects: Projects,
        places: Places,
        feed: Feed | None = None,
    ) -> None:
        self._store = store
        self._runs = runs
        self._projects = projects
        self._places = places
        self._feed = feed
        self._noted = NotedKeys(store, places)

    # -- writing

    def append(
        self,
        actor: Actor,
        run: RunKey,
        stream: str,
        batch: RowBatch,
        *,
        space: Space = "history",
        note: bytes | None = None,
    ) -> int:
        """Trusted to come after the door's or the ingest's own permission check of the run."""
        next_offset = self._store.append(SetKey(run, space), stream, batch, note=note)
        if space == "history":
            self._noted.note(run, batch)
        if self._feed is not None and self._feed.is_heard and len(batch.steps):
            self._tell(self._feed, run, space, int(batch.steps.max()), next_offset)
        return next_offset

    def append_spaces(
        self, actor: Actor, run: RunKey, stream: str, batches: Mapping[Space, RowBatch]
    ) -> None:
        """As `append`, rows of several spaces of a run in one transaction, if it can be one."""
        offsets = self._store.append_many(
            [(SetKey(run, space), stream, batch, None) for space, batch in batches.items()]
        )
        if "history" in batches:
            self._noted.note(run, batches["history"])
        if self._feed is not None and self._feed.is_heard:
            for (space, batch), next_offset in zip(batches.items(), offsets, strict=True):
                if len(batch.steps):
                    self._tell(self._feed, run, space, int(batch.steps.max()), next_offset)

    def append_many(self, batches: Sequence[tuple[RunKey, str, RowBatch, bytes | None]]) -> None:
        """As `append`, of (run, stream, rows, note) of the history each, in one transaction if it can be.
        Where one cannot be kept the error is raised; others may be."""
        offsets = self._store.append_many(
            [(SetKey(run, "history"), stream, batch, note) for run, stream, batch, note in batches]
        )
        heard = self._feed is not None and self._feed.is_heard
        for (run, _, batch, _), next_offset in zip(batches, offsets, strict=True):
            self._noted.note(run, batch)
            if heard and self._feed is not None and len(batch.steps):
                self._tell(self._feed, run, "history", int(batch.steps.max()), next_offset)

    def _tell(self, feed: Feed, run: RunKey, space: Space, last_step: int, version: int) -> None:
        try:
            place = self._places.of(run)
        except NotFound:
            return  # purged meanwhile
        kind: EventKind = "rows" if space == "history" else "system"
        feed.publish(place.event(kind, last_step=last_step, version=version))

    def next_offset(self, actor: Actor, run: RunKey, stream: str, *, space: Space = "history") -> int:
        """Where `stream` of the run goes on; 0 for one never seen."""
        return self._store.next_offset(SetKey(run, space), stream)

    def rewind(self, actor: Actor, run: RunKey, *, last_step: int) -> int:
        """Hide rows above `last_step`, kept as an earlier epoch; returns the rows left. Streams of
        the run start anew: their next offset is 0."""
        self._runs.check(actor, run, Permission.WRITE)
        return self._store.rewind(SetKey(run, "history"), last_step=last_step)

    def fork(self, actor: Actor, parent: RunKey, child: RunKey, *, last_step: int) -> None:
        """The child now reads the parent's rows up to `last_step` before its own. Safe to repeat."""
        self._runs.check(actor, parent, Permission.READ)
        self._runs.check(actor, child, Permission.WRITE)
        self._store.fork(SetKey(parent, "history"), SetKey(child, "history"), last_step=last_step)

    # -- one run

    def points(
        self,
        actor: Actor,
        run: RunKey,
        key: str,
        *,
        x: str = STEP,
        space: Space = "history",
        lo: float | None = None,
        hi: float | None = None,
    ) -> Points:
        """Every logged number of the key, by rising step; lo and hi are in x, both ends included."""
        self._check(actor, run)
        return self._store.points(SetKey(run, space), key, x=x, lo=lo, hi=hi)

    def statistics(
        self, actor: Actor, run: RunKey, key: str, *, lo: float | None = None, hi: float | None = None
    ) -> Mapping[str, float | int | None]:
        """See `history_statistics.statistics`."""
        self._check(actor, run)
        return statistics(self._store, SetKey(run, "history"), key, lo=lo, hi=hi)

    def rows(
        self,
        actor: Actor,
        run: RunKey,
        *,
        keys: Sequence[str] | None = None,
        min_step: int | None = None,
        max_step: int | None = None,
        limit: int = 1000,
        space: Space = "history",
        require_all: bool = False,
    ) -> list[Row]:
        """Whole rows by rising step, both ends included."""
        self._check(actor, run)
        return self._store.rows(
            SetKey(run, space),
            keys=keys,
            min_step=min_step,
            max_step=max_step,
            limit=limit,
            require_all=require_all,
        )

    def tail(self, actor: Actor, run: RunKey, n: int, *, space: Space = "history") -> list[Row]:
        """The last n rows by step."""
        self._check(actor, run)
        return self._store.tail(SetKey(run, space), n)

    def keys(
        self,
        actor: Actor,
        run: RunKey,
        *,
        search: str = "",
        after: str = "",
        limit: int = 1000,
        space: Space = "history",
    ) -> list[KeyInfo]:
        """What the run logged, by name."""
        self._check(actor, run)
        return self._store.keys(SetKey(run, space), search=search, after=after, limit=limit)

    def key_infos(self, actor: Actor, run: RunKey, names: Sequence[str]) -> dict[str, KeyInfo]:
        """Those of `names` that were logged."""
        self._check(actor, run)
        return self._store.key_infos(SetKey(run, "history"), names)

    def project_keys(
        self, actor: Actor, entity: str, project: str, *, search: str = "", after: str = "", limit: int = 200
    ) -> list[tuple[str, str]]:
        """(key, kind) logged by any run of the project, by name. Of labelled writers' keys the key
        alone."""
        owner = self._projects.get(actor, entity, project)
        return [
            (key, str(kind))
            for key, kind in self._store.group_keys(owner.id, search=search, after=after, limit=limit)
        ]

    def info(self, actor: Actor, run: RunKey, *, space: Space = "history") -> SetInfo:
        self._check(actor, run)
        return self._store.info(SetKey(run, space))

    def line_counts(
        self, actor: Actor, runs: Sequence[RunKey], stream: str, *, space: Space = "history"
    ) -> list[int]:
        """Of each run: the offset at which that stream goes on, or its number of rows where other
        streams wrote more."""
        self._runs.check_many(actor, runs, Permission.READ)
        wheres = [SetKey(run, space) for run in runs]
        known = zip(self._store.infos(wheres), self._store.next_offsets(wheres, stream), strict=True)
        return [max(info.rows, offset) for info, offset in known]

    def overview(
        self, actor: Actor, run: RunKey, *, keys_max: int, space: Space = "history"
    ) -> tuple[SetInfo, list[KeyInfo], Row | None]:
        """What one page says of a run: how much there is, its first keys by name, its last row."""
        self._check(actor, run)
        where = SetKey(run, space)
        info = self._store.info(where)
        if not info.rows:
            return info, [], None
        keys = self._store.keys(where, search="", after="", limit=keys_max)
        return info, keys, self._store.tail(where, 1)[-1]

    def sample(
        self,
        actor: Actor,
        run: RunKey,
        *,
        keys: Sequence[str] | None,
        samples: int,
        min_step: int | None = None,
        max_step: int | None = None,
        space: Space = "history",
        require_all: bool = False,
    ) -> list[Row]:
        """Evenly spread whole rows, first and last among them. With `keys`, among rows that hold one
        of them (all of them with `require_all`)."""
        self._check(actor, run)
        return self._store.sample(
            SetKey(run, space),
            keys=keys,
            samples=samples,
            min_step=min_step,
            max_step=max_step,
            require_all=require_all,
        )

    def export(
        self, actor: Actor, run: RunKey, *, keys: Sequence[str] | None = None, space: Space = "history"
    ) -> Iterator[Any]:
        """pyarrow.RecordBatch after RecordBatch."""
        self._check(actor, run)
        return self._store.export(SetKey(run, space), keys=keys)

    def _check(self, actor: Actor, run: RunKey) -> None:
        self._runs.check(actor, run, Permission.READ)
