"""Lightning: `Trainer(logger=RunstoneLogger(project="mine"))`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from lightning.pytorch.loggers.logger import Logger, rank_zero_experiment
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from runstone.integrations._run import run_or_begun
from runstone.sdk.run import Run


class RunstoneLogger(Logger):
    """Logs metrics against `trainer/global_step` and hyperparameters to the config.

    run: the run to log to. Without it the current one, or a new one made with `options` (arguments of
    `runstone.init`) when it is first needed. The run is left open: finish it yourself, or let it end with
    the process. Only the main process logs.
    """

    def __init__(self, run: Run | None = None, **options: Any) -> None:
        super().__init__()
        self._run = run
        self._options = options
        self._told = False

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The run."""
        if self._run is None:
            self._run = run_or_begun(None, self._options)
        if not self._told:
            self._told = True
            self._run.define_metric("trainer/global_step")
            self._run.define_metric("*", step_metric="trainer/global_step")
        return self._run

    @property
    def name(self) -> str | None:
        """The project's."""
        return self._run.project if self._run is not None else self._options.get("project")

    @property
    def version(self) -> str | None:
        """The run's id."""
        return self._run.id if self._run is not None else self._options.get("id")

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        row = dict(metrics)
        if step is not None:
            row["trainer/global_step"] = step
        self.experiment.log(row)

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *_: Any, **__: Any) -> None:
        self.experiment.config.update(vars(params) if isinstance(params, Namespace) else dict(params))
