"""Summaries derived from rows: pure rules, no store.

By default the summary holds each key's last value, in the order the rows were written. A metric
definition asks for more: `min`, `max`, `mean`, `first`, `last` and `best` make a map with those
names (`{"min": 0.1, "last": 0.3}`), `copy` is the plain last value, `none` leaves the key out.

What must be remembered between batches is one small `Stats` per key that is aggregated, so that the
result does not depend on where batches were cut.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import numpy as np

from runstone.server.stores.history.blocks import Block, blocks_of
from runstone.server.stores.history.contract import RUNTIME, STEP, TIMESTAMP, Float64s, RowBatch

AGGREGATES = ("min", "max", "mean", "best", "first", "last")
_NAN = math.nan


@dataclass(frozen=True, slots=True)
class Rule:
    """What the summary holds of one key: the plain last value, a map of aggregates, or nothing."""

    plain: bool = True
    aggregates: tuple[str, ...] = ()
    maximize: bool = False

    @property
    def needs_stats(self) -> bool:
        return bool(self.aggregates)


_PLAIN = Rule()
_NOTHING = Rule(plain=False)


class Definitions:
    """The metric definitions of a run, by key. An exact name goes before a glob, a longer glob
    before a shorter one; `*` stands for any characters."""

    def __init__(self, metrics: Iterable[Mapping[str, Any]] = ()) -> None:
        self._exact: dict[str, Rule] = {}
        globs: dict[str, Rule] = {}
        for metric in metrics:
            name = metric["name"]
            (globs if "*" in name else self._exact)[name] = rule_of(metric)
        self._globs = [
            (re.compile(".*".join(map(re.escape, name.split("*"))), re.DOTALL), rule)
            for name, rule in sorted(globs.items(), key=lambda item: -len(item[0]))
        ]
        self._rules: dict[str, Rule] = {}
        # Most runs define nothing that concerns the summary: then no key need be looked up.
        self.all_plain = all(rule == _PLAIN for rule in [*self._exact.values(), *globs.values()])

    def rule(self, key: str) -> Rule:
        rule = self._rules.get(key)
        if rule is None:
            rule = self._rules[key] = self._find(key)
        return rule

    def _find(self, key: str) -> Rule:
        exact = self._exact.get(key)
        if exact is not None:
            return exact
        return next((rule for pattern, rule in self._globs if pattern.fullmatch(key)), _PLAIN)


def rule_of(metric: Mapping[str, Any]) -> Rule:
    """The rule that a `MetricDefinition` map asks for. Unknown words in `summary` ask for nothing."""
    words = metric.get("summary") or []
    if "none" in words:
        return _NOTHING
    aggregates = tuple(name for name in AGGREGATES if name in words)
    if not aggregates:
        return _PLAIN
    return Rule(plain=False, aggregates=aggregates, maximize=metric.get("goal") == "maximize")


class Stats(msgspec.Struct, array_like=True):
    """Over the numbers of one key so far. `total` + `lost` is their sum to twice the precision.

    count is of finite numbers; lowest and highest leave NaN out and are NaN before the first number.
    """

    count: int = 0
    total: float = 0.0
    lost: float = 0.0
    lowest: float = _NAN
    highest: float = _NAN
    first: Any = None
    has_first: bool = False

    def fold(self, numbers: Float64s) -> None:
        finite = numbers[np.isfinite(numbers)]
        if len(finite):
            parts = [self.total, self.lost, *finite.tolist()]
            self.count += len(finite)
            try:
                self.total = math.fsum(parts)
                self.lost = math.fsum([*parts, -self.total])
            except (OverflowError, ValueError):  # beyond the largest float, now or before
                self.total, self.lost = sum(parts), 0.0
        known = numbers[~np.isnan(numbers)]
        if len(known):
            # fmin and fmax pass over the NaN of a beginning.
            self.lowest = float(np.fmin(self.lowest, known.min()))
            self.highest = float(np.fmax(self.highest, known.max()))

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else _NAN


@dataclass(slots=True)
class Deriver:
    """The derived summary of one writer's rows.

    stats: what is remembered, by key; kept with the writer's offset. changed: the summary values
    that rows changed since they were last taken.
    """

    definitions: Definitions = field(default_factory=Definitions)
    stats: dict[str, Stats] = field(default_factory=dict)
    last_step: int | None = None
    changed: dict[str, Any] = field(default_factory=dict)

    def fold(self, batch: RowBatch, *, label: str = "") -> None:
        """Take in rows, in the order they were written. `label`: the writer's, which its columns
        carry (`loss/l:rank1`) and the summary's keys do not."""
        row_count = len(batch.steps)
        if not row_count:
            return
        suffix = f"/l:{label}" if label else ""
        aggregated: dict[str, list[_Part]] = {}
        # Of the blocks that hold one key, the one that reaches furthest has its last value.
        for block, last_row in _by_last_row(blocks_of(batch), row_count):
            keys = [key.removesuffix(suffix) for key in block.keys] if suffix else block.keys
            if self.definitions.all_plain:
                self.changed.update(zip(keys, _last_values(block), strict=True))
                continue
            for position, key in enumerate(keys):
                rule = self.definitions.rule(key)
                if rule.plain:
                    self.changed[key] = _value(block, position, -1)
                elif rule.aggregates:
                    first_row = 0 if block.rows is None else int(block.rows[0])
                    part = _Part(first_row, last_row, block, position)
                    aggregated.setdefault(key, []).append(part)
        for key, parts in aggregated.items():
            self.changed[key] = self._aggregate(key, parts, self.definitions.rule(key))
        step = int(batch.steps.max())
        self.last_step = step if self.last_step is None else max(step, self.last_step)
        self.changed[STEP] = self.last_step
        self.changed[TIMESTAMP] = float(batch.timestamps[-1])
        self.changed[RUNTIME] = float(batch.runtimes[-1])

    def take(self) -> dict[str, Any]:
        """The changed values; they count as taken from now on."""
        changed, self.changed = self.changed, {}
        return changed

    def _aggregate(self, key: str, parts: list[_Part], rule: Rule) -> dict[str, Any]:
        stats = self.stats.get(key)
        if stats is None:
            stats = self.stats[key] = Stats()
        if not stats.has_first:
            start = min(parts, key=lambda part: part.first_row)
            stats.first, stats.has_first = _value(start.block, start.position, 0), True
        for part in parts:
            numbers = _numbers(part.block, part.position)
            if numbers is not None:
                stats.fold(numbers)
        end = max(parts, key=lambda part: part.last_row)
        values = {
            "min": stats.lowest,
            "max": stats.highest,
            "mean": stats.mean,
            "best": stats.highest if rule.maximize else stats.lowest,
            "first": stats.first,
            "last": _value(end.block, end.position, -1),
        }
        return {name: values[name] for name in rule.aggregates}


class _Part(NamedTuple):
    """One key's values within a batch: all of them, save where its kind changes."""

    first_row: int
    last_row: int
    block: Block
    position: int


def encode_stats(deriver: Deriver) -> bytes:
    """What a writer's row keeps between batches: empty for a run without aggregates and rows."""
    if deriver.last_step is None and not deriver.stats:
        return b""
    return msgspec.msgpack.encode((deriver.last_step, deriver.stats))


_decode_stats = msgspec.msgpack.Decoder(tuple[int | None, dict[str, Stats]]).decode


def deriver_of(kept: bytes, metrics: Iterable[Mapping[str, Any]]) -> Deriver:
    """A deriver that goes on from what `encode_stats` gave."""
    last_step, stats = _decode_stats(kept) if kept else (None, {})
    return Deriver(Definitions(metrics), stats, last_step)


def _by_last_row(blocks: Sequence[Block], row_count: int) -> list[tuple[Block, int]]:
    ends = [(block, row_count - 1 if block.rows is None else int(block.rows[-1])) for block in blocks]
    return sorted(ends, key=lambda item: item[1]) if len(ends) > 1 else ends


def _last_values(block: Block) -> list[Any]:
    if isinstance(block.values, np.ndarray):
        last = block.values[:, -1]
        values: list[Any] = (last.astype(np.bool_) if block.kind == "bool" else last).tolist()
        return values
    return [values[-1] for values in block.values]


def _value(block: Block, position: int, at: int) -> Any:
    value = block.values[position][at]
    if block.kind == "bool":
        return bool(value)
    return value.item() if isinstance(value, np.generic) else value


def _numbers(block: Block, position: int) -> Float64s | None:
    """The numbers of one key; booleans count as 0 and 1, as they do in charts."""
    if isinstance(block.values, np.ndarray):
        return np.asarray(block.values[position], np.float64)
    return None
