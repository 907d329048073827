"""Keras 3, on any of its backends: `model.fit(…, callbacks=[RunstoneCallback()])`."""

from __future__ import annotations

from typing import Any

from keras.callbacks import Callback

from runstone.integrations._run import run_or_current
from runstone.sdk.run import Run


class RunstoneCallback(Callback):
    """Logs each epoch's metrics as `epoch/…` and, every so many batches, the running ones as `batch/…`.

    every: batches between two rows; None for none.
    """

    def __init__(self, run: Run | None = None, *, every: int | None = None) -> None:
        super().__init__()
        self._given = run
        self._every = every
        self._batches = 0

    @property
    def run(self) -> Run:
        return run_or_current(self._given, "RunstoneCallback of Keras")

    def on_train_begin(self, logs: Any = None) -> None:
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None:
            self.run.config.update({"optimizer": optimizer.get_config()})
        self.run.define_metric("epoch/epoch")
        self.run.define_metric("epoch/*", step_metric="epoch/epoch")
        self.run.define_metric("batch/batch")
        self.run.define_metric("batch/*", step_metric="batch/batch")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._batches += 1
        if self._every is not None and not self._batches % self._every:
            row = {f"batch/{name}": float(value) for name, value in (logs or {}).items()}
            self.run.log({**row, "batch/batch": self._batches})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        row = {f"epoch/{name}": float(value) for name, value in (logs or {}).items()}
        rate = getattr(getattr(self.model, "optimizer", None), "learning_rate", None)
        if rate is not None:
            row["epoch/learning_rate"] = float(rate)
        self.run.log({**row, "epoch/epoch": epoch})
