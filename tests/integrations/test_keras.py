"""Keras: the published client's callback over TensorFlow, which it wants, and ours over any backend."""

from __future__ import annotations

from tests.integrations.conftest import Trainings
from tests.support.integrations import python_with

_MODEL = """
import numpy as np
keras.utils.set_random_seed(4)
x = np.linspace(-1, 1, 64, dtype="float32").reshape(16, 4)
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse", metrics=["mae"])
"""

PUBLISHED = (
    "import keras\n"
    + _MODEL
    + """
from wandb.integration.keras import WandbMetricsLogger

run = wandb.init(project=PROJECT)
history = model.fit(x, y, validation_split=0.25, epochs=4, batch_size=4, verbose=0, shuffle=False,
                    callbacks=[WandbMetricsLogger()])
run.finish()
result({"run": run.id, "history": history.history})
"""
)


def test_keras_logs_its_history(trainings: Trainings, same) -> None:
    told = trainings.wandb(python_with("tensorflow"), PUBLISHED).result
    run = told["run"]
    for key in ("loss", "mae", "val_loss", "val_mae"):
        assert same(trainings.column(run, f"epoch/{key}"), told["history"][key]), key
    assert trainings.column(run, "epoch/epoch") == [0.0, 1.0, 2.0, 3.0]
    assert trainings.run(run)["state"] == "finished"


OURS = (
    'os.environ["KERAS_BACKEND"] = "torch"\nimport keras\n'
    + _MODEL
    + """
import runstone
from runstone.integrations.keras import RunstoneCallback

run = runstone.init(project=PROJECT)
history = model.fit(x, y, validation_split=0.25, epochs=4, batch_size=4, verbose=0, shuffle=False,
                    callbacks=[RunstoneCallback(every=2)])
run.finish()
result({"run": run.id, "history": history.history})
"""
)


def test_our_keras_callback_logs_its_history(trainings: Trainings, same) -> None:
    told = trainings.native(python_with("torch"), OURS).result
    run = told["run"]
    for key in ("loss", "mae", "val_loss", "val_mae"):
        assert same(trainings.column(run, f"epoch/{key}"), told["history"][key]), key
    assert trainings.column(run, "batch/batch") == [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]
    kept = trainings.run(run)
    assert kept["state"] == "finished" and abs(kept["config"]["optimizer"]["learning_rate"] - 0.05) < 1e-6
