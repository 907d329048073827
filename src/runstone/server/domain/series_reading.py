"""Series of runs, groups and labelled writers: the lines of a chart, read from the store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from runstone.server.domain.errors import TooLarge
from runstone.server.domain.identity import Actor
from runstone.server.domain.runs import Runs
from runstone.server.domain.series import Series, SeriesLine, aggregate
from runstone.server.stores.history.contract import (
    RUNTIME,
    STEP,
    TIMESTAMP,
    Buckets,
    HistoryStore,
    SetKey,
    Space,
    Window,
)

LINES_MAX = 1000
PAIRS_MAX = 20_000  # runs × keys looked at for one answer

_Pair = tuple[SetKey, str]


class SeriesReading:
    def __init__(self, store: HistoryStore, runs: Runs) -> None:
        self._store = store
        self._runs = runs

    def read(
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


def _filled(window: Window, lines: Sequence[SeriesLine]) -> Window:
    lo = window.lo if window.lo is not None else min((float(b.buckets.x[0]) for b in lines), default=None)
    hi = (
        window.hi
        if window.hi is not None
        else max((float(b.buckets.x_last[-1]) for b in lines), default=None)
    )
    return Window(lo, hi, window.buckets)
