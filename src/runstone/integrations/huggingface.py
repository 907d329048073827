"""Hugging Face Trainer: `Trainer(…, callbacks=[RunstoneCallback(project="mine")])`."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback

from runstone.integrations._run import run_or_begun
from runstone.sdk.run import Run


class RunstoneCallback(TrainerCallback):
    """Logs what the trainer logs: `train/…` by default, `eval/…` and `test/…` for what is named so, at the
    trainer's own step, which is the x axis. The config holds the model's and the trainer's settings.

    run: the run to log to. Without it the current one, or a new one made with `options` (arguments of
    `runstone.init`) when training begins. Only the main process logs.
    """

    def __init__(self, run: Run | None = None, **options: Any) -> None:
        self.run = run
        self._options = options

    def setup(self, args: Any, state: Any, model: Any) -> None:
        if self.run is None:
            name = getattr(args, "run_name", None)
            self.run = run_or_begun(None, {**({"name": name} if name else {}), **self._options})
        settings = {"trainer": args.to_sanitized_dict()}
        config = getattr(model, "config", None)
        if config is not None:
            settings["model"] = config if isinstance(config, dict) else config.to_dict()
        self.run.config.update(settings)
        self.run.define_metric("train/global_step")
        self.run.define_metric("*", step_metric="train/global_step")

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        if state.is_world_process_zero:
            self.setup(args, state, model)

    def on_log(
        self, args: Any, state: Any, control: Any, logs: Any = None, model: Any = None, **_: Any
    ) -> None:
        if not state.is_world_process_zero or not logs:
            return
        if self.run is None:  # evaluation without a training
            self.setup(args, state, model)
        assert self.run is not None
        row = {_named(key): value for key, value in logs.items()}
        self.run.log({**row, "train/global_step": state.global_step})


def _named(key: str) -> str:
    for part in ("eval", "test"):
        if key.startswith(part + "_"):
            return f"{part}/{key[len(part) + 1 :]}"
    return "train/" + key
