"""XGBoost: `xgboost.train(…, callbacks=[RunstoneCallback()])`, and the estimators' `callbacks`."""

from __future__ import annotations

import json
from typing import Any

from xgboost.callback import TrainingCallback

from runstone.integrations._run import run_or_current
from runstone.sdk.run import Run


class RunstoneCallback(TrainingCallback):
    """Logs each evaluation as `DATA/METRIC`, a row a round. At the end the summary holds the importance of
    each feature, and `best_iteration` and `best_score` where training stopped early or looked for it.

    importance: weight, gain, cover, total_gain or total_cover; None for none.
    """

    def __init__(self, run: Run | None = None, *, importance: str | None = "gain") -> None:
        super().__init__()
        self._run = run
        self._importance = importance

    def before_training(self, model: Any) -> Any:
        run = run_or_current(self._run, "RunstoneCallback of XGBoost")
        run.config.update({"xgboost": json.loads(model.save_config())["learner"]})
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        run = run_or_current(self._run, "RunstoneCallback of XGBoost")
        row: dict[str, Any] = {"epoch": epoch}
        for data, metrics in evals_log.items():
            for metric, values in metrics.items():
                # Under cross-validation a value comes with its deviation.
                row[f"{data}/{metric}"] = values[-1][0] if isinstance(values[-1], tuple) else values[-1]
        run.log(row)
        return False

    def after_training(self, model: Any) -> Any:
        run = run_or_current(self._run, "RunstoneCallback of XGBoost")
        if self._importance is not None and hasattr(model, "get_score"):
            run.summary["importance"] = model.get_score(importance_type=self._importance)
        for name in ("best_iteration", "best_score"):
            value = model.attr(name) if hasattr(model, "attr") else None
            if value is not None:
                run.summary[name] = json.loads(value)
        return model
