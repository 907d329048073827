"""Gradient boosting: XGBoost and LightGBM with the callbacks that the published client brings."""

from __future__ import annotations

from tests.integrations.conftest import Trainings
from tests.support.integrations import python_here, python_with

_DATA = """
import numpy as np
rng = np.random.default_rng(7)
X = rng.normal(size=(400, 6))
y = (X[:, 0] + 0.5 * X[:, 1] ** 2 + 0.3 * rng.normal(size=400) > 0).astype(int)
"""

LIGHTGBM = (
    _DATA
    + """
import lightgbm as lgb
from wandb.integration.lightgbm import log_summary, wandb_callback

run = wandb.init(project=PROJECT, config={"own": "value"})
train = lgb.Dataset(X[:300], y[:300])
valid = lgb.Dataset(X[300:], y[300:], reference=train)
evals = {}
parameters = {"objective": "binary", "metric": ["binary_logloss", "auc"], "verbose": -1, "num_leaves": 7,
              "learning_rate": 0.2, "num_threads": 1, "seed": 1, "deterministic": True}
model = lgb.train(parameters, train, num_boost_round=12, valid_sets=[valid], valid_names=["valid"],
                  callbacks=[lgb.record_evaluation(evals), wandb_callback()])
log_summary(model, save_model_checkpoint=False)
run.finish()
result({"run": run.id, "evals": evals["valid"], "best": model.best_iteration})
"""
)


def check_lightgbm(trainings: Trainings, told: dict, same) -> None:
    run = told["run"]
    for metric in ("binary_logloss", "auc"):
        assert same(trainings.column(run, f"valid_{metric}"), told["evals"][metric]), metric
    assert trainings.column(run, "iteration") == [float(number) for number in range(12)]
    kept = trainings.run(run)
    assert kept["state"] == "finished"
    assert kept["config"]["own"] == "value" and kept["config"]["learning_rate"] == 0.2
    assert kept["summary"]["best_iteration"] == told["best"]


def test_lightgbm_logs_its_evaluations_and_its_parameters(trainings: Trainings, same) -> None:
    told = trainings.wandb(python_here("lightgbm"), LIGHTGBM).result
    check_lightgbm(trainings, told, same)


XGBOOST = (
    _DATA
    + """
import xgboost as xgb
from wandb.integration.xgboost import WandbCallback

run = wandb.init(project=PROJECT)
train, valid = xgb.DMatrix(X[:300], y[:300]), xgb.DMatrix(X[300:], y[300:])
evals = {}
booster = xgb.train({"objective": "binary:logistic", "max_depth": 3, "eta": 0.3, "nthread": 1, "seed": 1},
                    train, num_boost_round=12, evals=[(train, "train"), (valid, "valid")], evals_result=evals,
                    verbose_eval=False, callbacks=[WandbCallback(log_feature_importance=False)])
run.finish()
result({"run": run.id, "evals": evals, "best": None})
"""
)


def test_xgboost_logs_its_evaluations_and_its_booster(trainings: Trainings, same) -> None:
    told = trainings.wandb(python_with("torch"), XGBOOST).result
    run = told["run"]
    for data in ("train", "valid"):
        assert same(trainings.column(run, f"{data}-logloss"), told["evals"][data]["logloss"])
    kept = trainings.run(run)
    assert kept["state"] == "finished"
    assert kept["config"]["learner"]["learner_model_param"]["num_feature"] == "6"
    assert kept["summary"]["epoch"] == 11


NATIVE_XGBOOST = (
    _DATA
    + """
import runstone
import xgboost as xgb
from runstone.integrations.xgboost import RunstoneCallback

run = runstone.init(project=PROJECT)
train, valid = xgb.DMatrix(X[:300], y[:300]), xgb.DMatrix(X[300:], y[300:])
evals = {}
xgb.train({"objective": "binary:logistic", "max_depth": 3, "eta": 0.3, "nthread": 1, "seed": 1},
          train, num_boost_round=12, evals=[(train, "train"), (valid, "valid")], evals_result=evals,
          verbose_eval=False, early_stopping_rounds=50, callbacks=[RunstoneCallback(run)])
run.finish()
result({"run": run.id, "evals": evals})
"""
)


def test_our_xgboost_callback_logs_evaluations_importances_and_the_best_round(
    trainings: Trainings, same
) -> None:
    told = trainings.native(python_with("torch"), NATIVE_XGBOOST).result
    run = told["run"]
    for data in ("train", "valid"):
        assert same(trainings.column(run, f"{data}/logloss"), told["evals"][data]["logloss"])
    kept = trainings.run(run)
    assert kept["state"] == "finished"
    losses = told["evals"]["valid"]["logloss"]
    assert kept["summary"]["best_iteration"] == losses.index(min(losses))
    assert set(kept["summary"]["importance"]) <= {f"f{number}" for number in range(6)}


NATIVE_LIGHTGBM = (
    _DATA
    + """
import lightgbm as lgb
import runstone
from runstone.integrations.lightgbm import RunstoneCallback, summarize

run = runstone.init(project=PROJECT)
train = lgb.Dataset(X[:300], y[:300])
valid = lgb.Dataset(X[300:], y[300:], reference=train)
evals = {}
parameters = {"objective": "binary", "metric": ["binary_logloss", "auc"], "verbose": -1, "num_leaves": 7,
              "learning_rate": 0.2, "num_threads": 1, "seed": 1, "deterministic": True}
model = lgb.train(parameters, train, num_boost_round=12, valid_sets=[valid], valid_names=["valid"],
                  callbacks=[lgb.record_evaluation(evals), RunstoneCallback(run)])
summarize(model, run)
run.finish()
result({"run": run.id, "evals": evals["valid"]})
"""
)


def test_our_lightgbm_callback_logs_evaluations_and_parameters(trainings: Trainings, same) -> None:
    told = trainings.native(python_here("lightgbm"), NATIVE_LIGHTGBM).result
    run = told["run"]
    for metric in ("binary_logloss", "auc"):
        assert same(trainings.column(run, f"valid/{metric}"), told["evals"][metric]), metric
    kept = trainings.run(run)
    assert kept["state"] == "finished" and kept["config"]["learning_rate"] == 0.2
    assert sum(kept["summary"]["importance"].values()) > 0
