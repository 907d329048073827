"""scikit-learn: what an estimator is and how well it does, in one call.

from runstone.integrations.sklearn import log_classifier, log_regressor

log_classifier(model, x_test, y_test)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import metrics
from sklearn.base import BaseEstimator

from runstone.integrations._run import run_or_current
from runstone.sdk import plot
from runstone.sdk.run import Run


def log_classifier(
    model: BaseEstimator, x: Any, y: Any, run: Run | None = None, *, prefix: str = "test"
) -> dict[str, float]:
    """Logs accuracy, balanced accuracy, precision, recall and F1 (macro), the confusion matrix and, where the
    model gives probabilities, log loss, ROC and precision-recall curves. Parameters go to the config.
    Returns the numbers."""
    run = run_or_current(run, "log_classifier()")
    _config(run, model)
    y = np.asarray(y)
    guessed = model.predict(x)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        y, guessed, average="macro", zero_division=0
    )
    found = {
        "accuracy": float(metrics.accuracy_score(y, guessed)),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(y, guessed)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
    }
    classes = list(model.classes_)
    number = {label: at for at, label in enumerate(classes)}
    names = [str(label) for label in classes]
    truth = [number[label] for label in y.tolist()]
    row: dict[str, Any] = {
        "confusion_matrix": plot.confusion_matrix(
            y_true=truth, preds=[number[label] for label in np.asarray(guessed).tolist()], class_names=names
        )
    }
    if hasattr(model, "predict_proba"):
        sure = model.predict_proba(x)
        found["log_loss"] = float(metrics.log_loss(y, sure, labels=classes))
        row["roc"] = plot.roc_curve(truth, sure, labels=names)
        row["precision_recall"] = plot.pr_curve(truth, sure, labels=names)
    run.log({f"{prefix}/{name}": value for name, value in {**found, **row}.items()})
    return found


def log_regressor(
    model: BaseEstimator, x: Any, y: Any, run: Run | None = None, *, prefix: str = "test"
) -> dict[str, float]:
    """Logs R², mean absolute and root mean squared error, and returns them. Parameters go to the config."""
    run = run_or_current(run, "log_regressor()")
    _config(run, model)
    guessed = model.predict(x)
    found = {
        "r2": float(metrics.r2_score(y, guessed)),
        "mae": float(metrics.mean_absolute_error(y, guessed)),
        "rmse": float(np.sqrt(metrics.mean_squared_error(y, guessed))),
    }
    run.log({f"{prefix}/{name}": value for name, value in found.items()})
    return found


def _config(run: Run, model: BaseEstimator) -> None:
    parameters = {name: _plain(value) for name, value in model.get_params(deep=False).items()}
    run.config.update({"model": type(model).__name__, **parameters})


def _plain(value: Any) -> Any:
    return value if isinstance(value, (bool, int, float, str, type(None))) else repr(value)[:1000]
