"""Histograms of a torch model while it trains: `run.watch(model)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runstone.sdk.errors import UsageError
from runstone.sdk.media.histogram import Histogram

if TYPE_CHECKING:
    from runstone.sdk.run import Run


def watch(run: Run, models: Any, *, log: str | None, log_freq: int) -> Callable[[], None]:
    """Hook into the models' parameters; returns what takes the hooks out. Raises UsageError."""
    if log not in ("gradients", "parameters", "all", None):
        raise UsageError(f"watch() log={log!r} is not known. Use gradients, parameters, all or None.")
    if log_freq < 1:
        raise UsageError(f"watch() log_freq is at least 1, met {log_freq}.")
    some = models if isinstance(models, (list, tuple)) else [models]
    hooks: list[Any] = []
    for number, model in enumerate(some):
        if not hasattr(model, "named_parameters"):
            raise UsageError(f"watch() takes torch modules, met {type(model).__name__}.")
        front = f"graph_{number}" if number else ""
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and log is not None:
                hooks.append(parameter.register_hook(_hook(run, f"{front}{name}", parameter, log, log_freq)))

    def undo() -> None:
        for hook in hooks:
            hook.remove()

    return undo


def _hook(run: Run, name: str, parameter: Any, log: str, log_freq: int) -> Callable[[Any], None]:
    passes = 0

    def look(gradient: Any) -> None:
        nonlocal passes
        passes += 1
        if passes % log_freq or run.is_finished:
            return
        row: dict[str, Any] = {}
        if log in ("gradients", "all"):
            row[f"gradients/{name}"] = Histogram(gradient)
        if log in ("parameters", "all"):
            row[f"parameters/{name}"] = Histogram(parameter)
        run.log(row, commit=False)

    return look
