"""Which parameters the first objective depends on, and how sure that is.

A forest of regression trees learns the objective from the trials; then, of each parameter,

- *fanova*: the part of the objective's variance that it explains by itself (the first order of a
  functional analysis of variance, worked out from the trees; Hutter, Hoos, Leyton-Brown 2014), with the
  spread between trees as its uncertainty;
- *permutation*: how much worse the forest predicts when the parameter's values are shuffled, as a part of
  all such losses, with the spread between shuffles.

It costs seconds and memory, so a server has it done by a process of its own (`python -m
runstone.search.importance`, JSON in and out), which can be given a time and be killed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from runstone.search.config import SweepConfig
from runstone.search.config_reading import parse
from runstone.search.records import Record
from runstone.search.space import Parameter

TRIALS_MIN = 10
TRIALS_MAX = 5_000
_TREES = 64
_GRID = 16
_BACKGROUND = 128
_SHUFFLES = 10
_INACTIVE = -1.0  # below all quantiles: a tree can tell that the parameter was not there


@dataclass(frozen=True, slots=True)
class Importance:
    """Of one parameter. Each a share from 0 to 1; std: the uncertainty of it. correlation: rank
    correlation with the objective, from -1 to 1; None for unordered values."""

    name: str
    fanova: float
    fanova_std: float
    permutation: float
    permutation_std: float
    correlation: float | None


def importances(config: SweepConfig, records: Sequence[Record], *, seed: int = 0) -> list[Importance]:
    """By the first objective, most important first; empty with fewer than ten scored trials. Of very
    many trials the last 5,000 count."""
    scored = [record for record in records if record.is_scored][-TRIALS_MAX:]
    parameters = [p for p in config.space.free if any(p.name in record.params for record in scored)]
    if len(scored) < TRIALS_MIN or not parameters:
        return []
    import numpy as np
    from scipy.stats import spearmanr
    from sklearn.ensemble import RandomForestRegressor

    def place_of(parameter: Parameter, record: Record) -> float:
        if parameter.name not in record.params:
            return _INACTIVE
        return parameter.distribution.quantile(record.params[parameter.name])

    points = np.array([[place_of(parameter, record) for parameter in parameters] for record in scored])
    values = np.array([float(record.values[0] or 0.0) for record in scored])
    finite = np.isfinite(values)
    points, values = points[finite], values[finite]
    if len(values) < TRIALS_MIN or not np.ptp(values):
        return []
    # Ranks: one trial that diverged must not be all that there is to explain.
    order = values.argsort().argsort() / len(values)
    forest = RandomForestRegressor(_TREES, min_samples_leaf=2, random_state=seed).fit(points, order)
    draw = np.random.default_rng(seed)
    background = points[draw.choice(len(points), min(_BACKGROUND, len(points)), replace=False)]
    explained = _explained(forest, background, len(parameters))
    losses = _losses(forest, points, order, draw)
    total = max(losses.mean(axis=1).clip(min=0).sum(), 1e-12)
    found = []
    for place, parameter in enumerate(parameters):
        active = points[:, place] != _INACTIVE
        ordered = not parameter.distribution.is_categorical and active.sum() > 2
        correlation = None
        if ordered and np.ptp(points[active, place]) and np.ptp(values[active]):
            correlation = float(spearmanr(points[active, place], values[active]).statistic)
        found.append(
            Importance(
                parameter.name,
                float(explained[:, place].mean()),
                float(explained[:, place].std()),
                float(losses[place].mean().clip(min=0) / total),
                float(losses[place].std() / total),
                correlation,
            )
        )
    return sorted(found, key=lambda item: -item.fanova)


def _explained(forest: Any, background: Any, count: int) -> Any:
    """Shape (trees, parameters): of each tree's variance the part by each parameter alone."""
    import numpy as np

    parts = np.zeros((len(forest.estimators_), count))
    whole = np.array([tree.predict(background).var() for tree in forest.estimators_])
    for place in range(count):
        levels = np.unique(background[:, place])
        if len(levels) > _GRID:
            levels = np.quantile(levels, np.linspace(0, 1, _GRID))
        shares = np.array([np.isclose(background[:, place], level).mean() for level in levels])
        shares = shares / shares.sum() if shares.sum() else np.full(len(levels), 1 / len(levels))
        moved = np.repeat(background[None], len(levels), axis=0)
        moved[:, :, place] = levels[:, None]
        flat = moved.reshape(-1, background.shape[1])
        for number, tree in enumerate(forest.estimators_):
            means = tree.predict(flat).reshape(len(levels), -1).mean(axis=1)
            centre = (shares * means).sum()
            parts[number, place] = (shares * (means - centre) ** 2).sum()
    return np.minimum(1.0, parts / np.maximum(whole, 1e-12)[:, None])


def _losses(forest: Any, points: Any, values: Any, draw: Any) -> Any:
    """Shape (parameters, shuffles): by how much the squared error grows."""
    import numpy as np

    base = ((forest.predict(points) - values) ** 2).mean()
    losses = np.zeros((points.shape[1], _SHUFFLES))
    for place in range(points.shape[1]):
        for turn in range(_SHUFFLES):
            moved = points.copy()
            draw.shuffle(moved[:, place])
            losses[place, turn] = ((forest.predict(moved) - values) ** 2).mean() - base
    return losses


def main() -> None:
    given = json.load(sys.stdin)
    config = parse(given["config"], strict=False)
    records = [Record(n, params, "finished", tuple(values)) for n, params, values in given["records"]]
    json.dump([asdict(item) for item in importances(config, records)], sys.stdout)


if __name__ == "__main__":
    main()
