"""Rows and series of runs: from what a client wrote to what a chart draws."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from runstone.server.domain.access import Access
from runstone.server.domain.batches import WrittenRow, batch_of
from runstone.server.domain.errors import NotFound, TooLarge
from runstone.server.domain.feed import EventKind, Feed
from runstone.server.domain.identity import Actor, Permission, ProjectId, RunKey
from runstone.server.domain.places import Places
from runstone.server.domain.projects import Projects
from runstone.server.domain.runs import Runs
from runstone.server.domain.series import Series, SeriesLine, aggregate
from runstone.server.stores.history.blocks import blocks_of
from runstone.server.stores.history.contract import (
    RUNTIME,
    STEP,
    TIMESTAMP,
    Buckets,
    HistoryStore,
    KeyInfo,
    KeyKind,
    Points,
    Row,
    RowBatch,
    SetInfo,
    SetKey,
    Space,
    Window,
)

__all__ = ["History", "Series", "SeriesLine", "WrittenRow", "aggregate", "batch_of"]

LINES_MAX = 1000
PAIRS_MAX = 20_000  # runs × keys looked at for one answer
STATISTICS_POINTS = 1 << 20  # held at once
NOTED_SECONDS = 60.0
_NOTED_RUNS_MAX = 10_000
_NOTED_KEYS_MAX = 400_000
_LABEL = "/l:"

_Pair = tuple[SetKey, str]


class History:
    def __init__(
        self,
        store: HistoryStore,
        runs: Runs,
        access: Access,
        projects: Projects,
        places: Places,
        feed: Feed | None = None,
    ) -> None:
        self._store = store
        self._runs = runs
        self._access = access
        self._projects = projects
        self._places = places
        self._feed = feed
        self._lock = threading.Lock()
        self._noted_blocks: dict[RunKey, tuple[float, set[int]]] = {}
        self._noted_keys: dict[ProjectId, set[tuple[str, KeyKind]]] = {}

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
            self._note_keys(run, batch)
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
            self._note_keys(run, batches["history"])
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
            self._note_keys(run, batch)
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

    def _note_keys(self, run: RunKey, batch: RowBatch) -> None:
        """Let the project know keys that it has not seen; cheap where there are none."""
        blocks = blocks_of(batch)
        marks = {hash((block.kind, *block.keys)) for block in blocks}
        noted = self._noted_blocks.get(run)
        # Looked at again now and then: the run may have been moved to another project.
        fresh = noted is not None and time.monotonic() - noted[0] < NOTED_SECONDS
        if noted is not None and fresh and marks <= noted[1]:
            return
        try:
            project = self._places.of(run).project_id
        except NotFound:
            return  # purged meanwhile
        found = {(key.split(_LABEL, 1)[0] or key, block.kind) for block in blocks for key in block.keys}
        with self._lock:
            new = found - self._noted_keys.get(project, set())
        if new:
            by_kind: dict[KeyKind, list[str]] = {}
            for key, kind in sorted(new):
                by_kind.setdefault(kind, []).append(key)
            for kind, keys in by_kind.items():
                self._store.note_keys(project, dict.fromkeys(keys, kind))
        with self._lock:
            if len(self._noted_blocks) >= _NOTED_RUNS_MAX:
                self._noted_blocks.clear()
            if noted is None or not fresh:
                noted = self._noted_blocks[run] = (time.monotonic(), set())
            noted[1].update(marks)
            if sum(map(len, self._noted_keys.values())) >= _NOTED_KEYS_MAX:
                self._noted_keys.clear()
            self._noted_keys.setdefault(project, set()).update(found)

    # -- charts

    def series(
        self,
        actor: Actor,
        entity: str,
        project: str,
        *,
        runs: Sequence[str],
        keys: Sequence[str],
        x: str = STEP,
        lo: float | None = None,
        hi: float | None = None,
        buckets: int = 500,
        space: Space = "history",
        group: Mapping[str, Sequence[str]] | None = None,
        known: str = "",
    ) -> Series | None:
        """Lines for every run and key that has one. x: _step, _timestamp, _runtime, or any metric.
        group: name -> run ids; then one aggregate line per group and key (mean over the members'
        bucket means; min and max over all points). A key of a run with labelled writers answers
        the aggregate over them, and `key/l:LABEL` the writer's own. At most 1,000 lines: TooLarge
        says what to ask for instead. Runs that are not there are passed over. known: a `version` that
        the caller has; None where it still is the newest one.
        """
        keys = list(dict.fromkeys(keys))
        ids = list(dict.fromkeys(runs if group is None else [run for some in group.values() for run in some]))
        if len(ids) * len(keys) > PAIRS_MAX:
            raise TooLarge(
                f"Series of {len(ids):,} runs and {len(keys):,} keys were asked for at once; runs × keys "
                f"may be {PAIRS_MAX:,}. Ask for fewer runs or keys, or several times.",
                runs=len(ids),
                keys=len(keys),
            )
        refs = self._runs.keys_of(actor, entity, project, ids)
        sets = {run: SetKey(refs[run].key, space) for run in ids if run in refs}
        window = Window(lo, hi, buckets)
        # Before the points are read: those that come in between show again, rather than never.
        version = self._version(list(sets.values()), keys, x, window, group)
        if version == known:
            return None
        pairs = [(sets[run], key) for run in sets for key in keys]
        of_ranks = {sets[run] for run in sets if refs[run].ranks > 0}
        found = self._lines(pairs, of_ranks, x, window)
        lines: list[SeriesLine] = []
        if group is None:
            for run, where in sets.items():
                for key in keys:
                    line = found.get((where, key))
                    if line is not None:
                        whole, std, members = line
                        lines.append(SeriesLine(run, key, whole, members, std))
        else:
            for name, some in group.items():
                for key in keys:
                    parts = [
                        found[sets[run], key]
                        for run in dict.fromkeys(some)
                        if run in sets and (sets[run], key) in found
                    ]
                    if parts:
                        whole, std = aggregate([part[0] for part in parts])
                        lines.append(SeriesLine(name, key, whole, len(parts), std))
        if len(lines) > LINES_MAX:
            raise TooLarge(
                f"The answer has {len(lines):,} lines; the most is {LINES_MAX:,}. "
                "Ask for fewer runs or keys, or for groups.",
                lines=len(lines),
            )
        missing = set(keys) - {line.key for line in lines}
        return Series(
            x,
            _filled(window, lines),
            lines,
            version,
            self._without_x(list(sets.values()), missing, x) if missing and x != STEP else (),
        )

    def _lines(
        self, pairs: Sequence[_Pair], of_ranks: set[SetKey], x: str, window: Window
    ) -> dict[_Pair, tuple[Buckets, Any, int]]:
        """What each pair comes to: its own buckets, or those of its labelled writers together."""
        labels = {
            pair: keys
            for pair, keys in zip(
                pairs, self._labels([p for p in pairs if p[0] in of_ranks], pairs), strict=True
            )
            if keys
        }
        wanted = self._with_labels(pairs, labels)
        answers = dict(zip(wanted, self._store.buckets(wanted, x=x, window=window), strict=True))
        # Writers may be labelled though the run's record does not say so (yet).
        unsure = [
            pair
            for pair in pairs
            if pair not in labels and pair[0] not in of_ranks and not answers[pair].total
        ]
        late = {pair: keys for pair, keys in zip(unsure, self._store.label_keys(unsure), strict=True) if keys}
        if late:
            labels.update(late)
            wanted = self._with_labels(pairs, labels)
            answers = dict(zip(wanted, self._store.buckets(wanted, x=x, window=window), strict=True))
        found: dict[_Pair, tuple[Buckets, Any, int]] = {}
        for pair in pairs:
            own = answers[pair]
            parts = [answers[pair[0], key] for key in labels.get(pair, ())]
            parts = [part for part in parts if part.total]
            if parts:
                if own.total:
                    parts.append(own)
                whole, std = aggregate(parts)
                found[pair] = (whole, std, len(parts))
            elif own.total:
                found[pair] = (own, None, 1)
        return found

    def _labels(self, asked: Sequence[_Pair], pairs: Sequence[_Pair]) -> list[list[str]]:
        known = dict(zip(asked, self._store.label_keys(asked), strict=True)) if asked else {}
        return [known.get(pair, []) for pair in pairs]

    @staticmethod
    def _with_labels(pairs: Sequence[_Pair], labels: Mapping[_Pair, Sequence[str]]) -> list[_Pair]:
        wanted = dict.fromkeys(pairs)
        for where, _ in labels:
            wanted.update(dict.fromkeys((where, key) for key in labels[where, _]))
        return list(wanted)

    def _without_x(self, sets: Sequence[SetKey], missing: set[str], x: str) -> list[str]:
        if x in (TIMESTAMP, RUNTIME):
            return []
        names = sorted(missing)
        have: set[str] = set()
        for where in sets[:100]:
            have |= set(self._store.key_infos(where, names))
            if len(have) == len(names):
                break
        return [name for name in names if name in have]

    def _version(
        self,
        sets: Sequence[SetKey],
        keys: Sequence[str],
        x: str,
        window: Window,
        group: Mapping[str, Sequence[str]] | None,
    ) -> str:
        mark = hashlib.blake2b(digest_size=12)
        mark.update(
            repr((sets, self._store.versions(sets), keys, x, window, group)).encode("utf-8", "replace")
        )
        return mark.hexdigest()

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
        """count, non_finite, min, max, mean, std, first, last over all points in the step range:
        exact. count counts every point, min, max, mean and std (population, as numpy's) the finite
        ones; None where there is none."""
        self._check(actor, run)
        where = SetKey(run, "history")
        info = self._store.key_infos(where, [key]).get(key)
        total, non_finite, low, high = 0, 0, math.inf, -math.inf
        first: float | None = None
        last: float | None = None
        finite, mean, squares = 0, 0.0, 0.0
        if info is not None:
            for start, end in _stretches(info, lo, hi):
                values = self._store.points(where, key, lo=start, hi=end).values
                if not len(values):
                    continue
                total += len(values)
                first = float(values[0]) if first is None else first
                last = float(values[-1])
                good = values[np.isfinite(values)]
                non_finite += len(values) - len(good)
                if not len(good):
                    continue
                low, high = min(low, float(good.min())), max(high, float(good.max()))
                # Sums of squares of two parts from their own (Chan, Golub, LeVeque 1979).
                part_mean = float(good.mean())
                part_squares = float(np.square(good - part_mean).sum())
                difference, both = part_mean - mean, finite + len(good)
                squares += part_squares + difference * difference * finite * len(good) / both
                mean = part_mean if not finite else mean + difference * len(good) / both
                finite = both
        return {
            "count": total,
            "non_finite": non_finite,
            "min": low if finite else None,
            "max": high if finite else None,
            "mean": mean if finite else None,
            "std": math.sqrt(squares / finite) if finite else None,
            "first": first,
            "last": last,
        }

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


def _filled(window: Window, lines: Sequence[SeriesLine]) -> Window:
    lo = window.lo if window.lo is not None else min((float(b.buckets.x[0]) for b in lines), default=None)
    hi = (
        window.hi
        if window.hi is not None
        else max((float(b.buckets.x_last[-1]) for b in lines), default=None)
    )
    return Window(lo, hi, window.buckets)


def _stretches(info: KeyInfo, lo: float | None, hi: float | None) -> Iterator[tuple[int, int]]:
    """The step range in parts of about a million points each."""
    first = info.first_step if lo is None else max(info.first_step, math.ceil(lo))
    last = info.last_step if hi is None else min(info.last_step, math.floor(hi))
    if first > last:
        return
    count = max(1, -(-info.count // STATISTICS_POINTS))
    width = -(-(last - first + 1) // count)
    for start in range(first, last + 1, width):
        yield start, min(start + width - 1, last)


Aggregate = Literal["mean", "min", "max", "std"]
