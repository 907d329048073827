"""scikit-learn: the published client's plots, and ours."""

from __future__ import annotations

import json

import pytest
from tests.integrations.conftest import Trainings
from tests.support.integrations import python_here, python_with

_MODEL = """
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn import metrics

rng = np.random.default_rng(3)
X = rng.normal(size=(240, 4))
y = np.where(X[:, 0] > 0.6, "much", np.where(X[:, 1] > 0, "some", "none"))
model = RandomForestClassifier(n_estimators=12, random_state=1, max_depth=4).fit(X[:180], y[:180])
guessed = model.predict(X[180:])
accuracy = float(metrics.accuracy_score(y[180:], guessed))
"""

PLOTS = (
    _MODEL
    + """
run = wandb.init(project=PROJECT, config=model.get_params())
labels = list(model.classes_)
wandb.sklearn.plot_confusion_matrix(y[180:], guessed, labels)
wandb.sklearn.plot_roc(y[180:], model.predict_proba(X[180:]), labels)
wandb.sklearn.plot_precision_recall(y[180:], model.predict_proba(X[180:]), labels)
wandb.sklearn.plot_class_proportions(y[:180], y[180:], labels)
wandb.sklearn.plot_feature_importances(model)
wandb.sklearn.plot_summary_metrics(model, X[:180], y[:180], X[180:], y[180:])
run.log({"accuracy": accuracy})
run.finish()
counts = metrics.confusion_matrix(y[180:], guessed, labels=labels)
result({"run": run.id, "accuracy": accuracy, "labels": labels, "counts": counts.tolist()})
"""
)


def test_plots_of_scikit_learn_arrive_with_their_numbers(trainings: Trainings) -> None:
    told = trainings.wandb(python_with("torch"), PLOTS).result
    run = told["run"]
    assert trainings.column(run, "accuracy") == [told["accuracy"]]
    kept = trainings.run(run)
    assert kept["state"] == "finished"
    assert kept["config"]["n_estimators"] == 12 and kept["config"]["max_depth"] == 4
    files = trainings.files(run)
    name = next(name for name in files if "confusion_matrix" in name and name.endswith(".json"))
    table = json.loads(trainings.file(run, name))
    labels = told["labels"]
    found = {(row[0], row[1]): row[2] for row in table["data"]}
    wanted = {
        (labels[actual], labels[guess]): count
        for actual, row in enumerate(told["counts"])
        for guess, count in enumerate(row)
    }
    assert found == wanted
    for chart in ("roc", "precision_recall", "class_proportions", "feature_importances", "summary_metrics"):
        assert any(chart in file for file in files), (chart, sorted(files))


OURS = (
    _MODEL
    + """
import runstone
from runstone.integrations.sklearn import log_classifier, log_regressor

run = runstone.init(project=PROJECT)
told = log_classifier(model, X[180:], y[180:])
line = Ridge(alpha=0.5).fit(X[:180], X[:180, 0] * 2)
log_regressor(line, X[180:], X[180:, 0] * 2, prefix="line")
run.finish()
result({"run": run.id, "accuracy": accuracy, "told": told})
"""
)


def test_our_scikit_learn_helpers_log_what_they_return(trainings: Trainings) -> None:
    told = trainings.native(python_here("sklearn"), OURS).result
    run = told["run"]
    assert told["told"]["accuracy"] == told["accuracy"]
    for name, value in told["told"].items():
        assert trainings.column(run, f"test/{name}") == [pytest.approx(value)]
    assert trainings.column(run, "line/r2")[0] > 0.9
    kept = trainings.run(run)
    assert (
        kept["state"] == "finished" and kept["config"]["model"] == "Ridge" and kept["config"]["alpha"] == 0.5
    )
    assert any("confusion_matrix" in file for file in trainings.files(run))
