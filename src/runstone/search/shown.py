"""What a model is shown of many results: as many as it can think over in a moment.

Of a long sweep the best third of what fits is kept, for it says where to look, and of the others a few spread
over the whole sweep, for they say where not to. What came last is shown in full. The choice rests on the
records alone, so that whoever has them chooses alike, and it changes only every few trials: a model that has
learned one choice goes on with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from runstone.search.config import SweepConfig
from runstone.search.records import OPEN, Record

# Results that a proposal rests on. TPE's cost grows with their number; a Gaussian process's with its cube.
SHOWN_MAX = {"tpe": 3_000, "gp": 250}
_PART_LATEST = 6  # a sixth of what fits may come after the last choice


def shown(config: SweepConfig, records: Sequence[Record]) -> Sequence[Record]:
    """`records` themselves where there are few enough; else the chosen ones, in their order."""
    most = SHOWN_MAX.get(config.sampler)
    if most is None or sum(map(_counts, records)) <= most:
        return records
    step = most // _PART_LATEST
    newest = max(record.number for record in records)
    cut = newest // step * step
    old = [record for record in records if record.number < cut and _counts(record)]
    kept = {record.number for record in _chosen(config, old, most - step)}
    kept |= {record.number for record in records if record.number >= cut or record.state in OPEN}
    return [record for record in records if record.number in kept]


def _chosen(config: SweepConfig, old: Sequence[Record], most: int) -> Sequence[Record]:
    if len(old) <= most:
        return old
    order = _by_merit(config, old)
    best, others = order[: most // 3], order[most // 3 :]
    stride = -(-len(others) // (most - len(best)))
    return [*best, *sorted(others, key=lambda record: record.number)[::stride]]


def _by_merit(config: SweepConfig, records: Sequence[Record]) -> list[Record]:
    """Best first: what keeps the constraints, then by the sum of its places in every objective."""
    places = dict.fromkeys((record.number for record in records), 0)
    for at, metric in enumerate(config.metrics):
        scored = [record for record in records if record.is_scored]
        scored.sort(key=lambda record: metric.sign * float(record.values[at] or 0.0))
        for place, record in enumerate(scored):
            places[record.number] += place

    def merit(record: Record) -> tuple[bool, bool, int, int]:
        return not record.is_scored, not record.is_feasible, places[record.number], record.number

    return sorted(records, key=merit)


def _counts(record: Record) -> bool:
    return record.is_scored or bool(record.state == "pruned" and record.curve)
