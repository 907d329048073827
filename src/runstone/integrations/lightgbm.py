"""LightGBM: `lightgbm.train(…, callbacks=[RunstoneCallback()])`, then `summarize(model)`."""

from __future__ import annotations

from typing import Any

from runstone.integrations._run import run_or_current
from runstone.sdk.run import Run


class RunstoneCallback:
    """Logs each evaluation as `DATA/METRIC`, a row a round, and the parameters once."""

    order = 25  # after the library's own recording, before it stops early
    before_iteration = False

    def __init__(self, run: Run | None = None) -> None:
        self._run = run

    def __call__(self, env: Any) -> None:
        run = run_or_current(self._run, "RunstoneCallback of LightGBM")
        if env.iteration == env.begin_iteration:
            run.config.update(dict(env.params))
        row: dict[str, Any] = {"iteration": env.iteration}
        for data, metric, value, *_ in env.evaluation_result_list or ():
            row[f"{data}/{metric}"] = value
        run.log(row)


def summarize(model: Any, run: Run | None = None, *, importance: str = "split") -> None:
    """Put a booster's importances (split or gain), best iteration and best scores into the summary."""
    run = run_or_current(run, "summarize() of LightGBM")
    names = model.feature_name()
    values = model.feature_importance(importance_type=importance)
    run.summary["importance"] = {name: float(value) for name, value in zip(names, values, strict=True)}
    run.summary["best_iteration"] = model.best_iteration
    if model.best_score:
        run.summary["best_score"] = {data: dict(scores) for data, scores in model.best_score.items()}
