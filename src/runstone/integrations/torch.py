"""PyTorch: norms of gradients and parameters while a model trains.

`run.watch(model)` logs histograms of the same; norms are smaller, and enough to see a gradient vanish.
"""

from __future__ import annotations

from typing import Any

import torch

from runstone.integrations._run import run_or_current
from runstone.sdk.run import Run


class Watching:
    """Call `step()` after `backward()` and before the optimizer's step; `remove()` ends it."""

    def __init__(self, model: Any, run: Run, every: int) -> None:
        self._named = [(name, item) for name, item in model.named_parameters() if item.requires_grad]
        self._run = run
        self._every = every
        self._steps = 0

    def step(self) -> None:
        """Adds the norms to the row that the next `run.log` completes."""
        due = self._steps % self._every == 0
        self._steps += 1
        if not due or not self._named:
            return
        row: dict[str, float] = {}
        with torch.no_grad():
            for name, parameter in self._named:
                row[f"parameters/{name}/norm"] = float(parameter.norm())
                if parameter.grad is not None:
                    row[f"gradients/{name}/norm"] = float(parameter.grad.norm())
        self._run.log(row, commit=False)

    def remove(self) -> None:
        self._named = []


def watch(model: Any, run: Run | None = None, *, every: int = 100) -> Watching:
    """Watch a module's parameters, every so many steps."""
    return Watching(model, run_or_current(run, "watch() of torch"), max(1, every))
