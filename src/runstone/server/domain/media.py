"""Media that runs logged: images, tables, histograms and the like, which are JSON values of a row.

A value says what it is by its `_type`; its bytes, if it has any, are a file of the run that logged it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runstone.server.domain.errors import TooLarge
from runstone.server.domain.identity import Actor
from runstone.server.domain.run_model import RunRef
from runstone.server.domain.runs import Runs
from runstone.server.stores.history.contract import HistoryStore, SetKey

RUNS_MAX = 50  # looked at for one answer
PAIRS_MAX = 500  # runs × keys
VALUES_MAX = 20_000  # pairs × samples
ANCESTORS_MAX = 64
LISTED = "list"  # the type of several media in a list


@dataclass(frozen=True, slots=True)
class MediaKey:
    """One key under which runs logged media. `type` is the latest one's, `count` over all runs."""

    name: str
    type: str
    runs: int
    count: int
    first_step: int
    last_step: int


@dataclass(frozen=True, slots=True)
class MediaKeys:
    keys: Sequence[MediaKey]
    next: str  # `after` of the next page; "" at the end
    runs: int  # looked at: RUNS_MAX of those asked for, at most


@dataclass(frozen=True, slots=True)
class MediaValue:
    """`source`: the run whose files it names; of a fork, up to its step, that is the parent."""

    step: int
    timestamp: float
    source: str
    value: Any


@dataclass(frozen=True, slots=True)
class MediaSeries:
    """One key of one run: values by rising step, of `count` that were logged in all."""

    run: str
    key: str
    count: int
    first_step: int
    last_step: int
    values: Sequence[MediaValue]


class Media:
    def __init__(self, store: HistoryStore, runs: Runs) -> None:
        self._store = store
        self._runs = runs

    def keys(
        self,
        actor: Actor,
        entity: str,
        project: str,
        *,
        runs: Sequence[str],
        search: str = "",
        after: str = "",
        limit: int = 200,
    ) -> MediaKeys:
        """Keys under which any of the runs logged media, by name. Of more than RUNS_MAX runs only the
        first are looked at, and `runs` says how many. Cost: that of the JSON keys of those runs,
        whatever the number of their metrics."""
        ids = list(dict.fromkeys(runs))[:RUNS_MAX]
        refs = self._runs.keys_of(actor, entity, project, ids)
        whole: dict[str, MediaKey] = {}
        known_to: str | None = None  # beyond this name a run has more than it was asked for
        for ref in refs.values():
            found = self._store.keys(
                SetKey(ref.key, "history"), search=search, after=after, limit=limit, kind="json"
            )
            if len(found) == limit:
                known_to = found[-1].name if known_to is None else min(known_to, found[-1].name)
            for info in found:
                kind = type_of(info.last)
                if kind is None:
                    continue
                old = whole.get(info.name)
                whole[info.name] = MediaKey(
                    info.name,
                    kind if old is None or info.last_step >= old.last_step else old.type,
                    1 + (old.runs if old else 0),
                    info.count + (old.count if old else 0),
                    min(info.first_step, old.first_step) if old else info.first_step,
                    max(info.last_step, old.last_step) if old else info.last_step,
                )
        names = sorted(name for name in whole if known_to is None or name <= known_to)
        page = names[:limit]
        rest = page[-1] if len(names) > limit else (known_to or "")
        return MediaKeys([whole[name] for name in page], rest, len(refs))

    def values(
        self,
        actor: Actor,
        entity: str,
        project: str,
        *,
        runs: Sequence[str],
        keys: Sequence[str],
        step: int | None = None,
        samples: int = 1,
    ) -> list[MediaSeries]:
        """For each run and key that has any: at most `samples` of its values up to `step`, evenly
        spread, the latest among them; so one sample is what stood at that step. Raises TooLarge for
        more than PAIRS_MAX runs × keys, or VALUES_MAX values."""
        ids, names = list(dict.fromkeys(runs)), list(dict.fromkeys(keys))
        pairs = len(ids) * len(names)
        if pairs > PAIRS_MAX or pairs * samples > VALUES_MAX:
            raise TooLarge(
                f"Media of {len(ids):,} runs and {len(names):,} keys, {samples:,} values of each, were asked "
                f"for at once; runs × keys may be {PAIRS_MAX:,}, and times the values {VALUES_MAX:,}. "
                "Ask for fewer, or several times.",
                pairs=pairs,
                samples=samples,
            )
        refs = self._runs.keys_of(actor, entity, project, ids)
        lines = _Lines(self._runs, actor, entity, project, refs)
        out: list[MediaSeries] = []
        for ref in refs.values():
            where = SetKey(ref.key, "history")
            infos = self._store.key_infos(where, names)
            for name in names:
                info = infos.get(name)
                if info is None or (step is not None and info.first_step > step):
                    continue
                rows = self._store.sample(where, keys=[name], samples=samples, max_step=step)
                values = [
                    MediaValue(row.step, row.timestamp, lines.source(ref, row.step), row.values[name])
                    for row in rows
                    if name in row.values
                ]
                out.append(MediaSeries(ref.id, name, info.count, info.first_step, info.last_step, values))
        return out


class _Lines:
    """Which run a forked run's row came from."""

    def __init__(
        self, runs: Runs, actor: Actor, entity: str, project: str, refs: Mapping[str, RunRef]
    ) -> None:
        self._runs = runs
        self._where = (actor, entity, project)
        self._refs: dict[str, RunRef | None] = dict(refs)

    def source(self, ref: RunRef, step: int) -> str:
        for _ in range(ANCESTORS_MAX):
            if not ref.fork_of or ref.fork_step is None or step > ref.fork_step:
                break
            if ref.fork_of not in self._refs:
                self._refs[ref.fork_of] = self._runs.keys_of(*self._where, [ref.fork_of]).get(ref.fork_of)
            parent = self._refs[ref.fork_of]
            if parent is None:
                break
            ref = parent
        return ref.id


def type_of(value: Any) -> str | None:
    """`_type` of a logged value, `list` for several in a list; None for JSON that is no medium."""
    if isinstance(value, Mapping):
        kind = value.get("_type")
        return kind if isinstance(kind, str) and kind else None
    if isinstance(value, list) and value and isinstance(value[0], Mapping) and "_type" in value[0]:
        return LISTED
    return None
