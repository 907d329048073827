"""How a trial's parameters reach its process: as files, and as the variables that name them. Our SDK
reads the RUNSTONE_ ones, the published client the WANDB_ ones (wandb 0.31, sdk/wandb_setup.py)."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runstone.agents.source import Assignment, SweepSpec
from runstone.journal.home import home_path

Json = Any

OLD_SECONDS = 30 * 86_400.0


class ParameterFiles:
    """A folder of this agent's own, gone with it."""

    def __init__(self, sweep: SweepSpec) -> None:
        """Raises OSError."""
        self._sweep = sweep
        root = Path(home_path()) / "agents"
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            _remove_old(root)
            self.folder = Path(tempfile.mkdtemp(prefix="sweep-", dir=root))
        except OSError:  # a home that cannot be written to
            self.folder = Path(tempfile.mkdtemp(prefix="runstone-sweep-"))

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def json_path(self, trial: Assignment) -> Path:
        return self.folder / f"config-{trial.number}-{trial.attempt}.json"

    def write(self, trial: Assignment) -> dict[str, str]:
        """The files of one attempt, and the variables for its process. Raises OSError."""
        import yaml

        path = self.json_path(trial)
        path.write_text(json.dumps(dict(trial.arguments)), encoding="utf-8")
        wrapped = {name: {"value": value} for name, value in trial.arguments.items()}
        text = yaml.safe_dump({"wandb_version": 1, **wrapped}, allow_unicode=True, sort_keys=False)
        path.with_suffix(".yaml").write_text(text, encoding="utf-8")
        return {
            **self._sweep.environment,
            **trial.environment,
            **_both("SWEEP_ID", self._sweep.id),
            **_both("RUN_ID", trial.run_id),
            "RUNSTONE_SWEEP_PARAM_PATH": str(path),
            "WANDB_SWEEP_PARAM_PATH": str(path.with_suffix(".yaml")),
            "RUNSTONE_TRIAL": str(trial.number),
        }

    def forget(self, trial: Assignment) -> None:
        path = self.json_path(trial)
        for written in (path, path.with_suffix(".yaml")):
            written.unlink(missing_ok=True)


def _remove_old(root: Path) -> None:
    """What agents that were killed have left."""
    for folder in root.glob("sweep-*"):
        try:
            if folder.stat().st_mtime < time.time() - OLD_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def where(*, entity: str, project: str) -> Mapping[str, str]:
    """The variables by which both clients log to a project."""
    return {**(_both("ENTITY", entity) if entity else {}), **_both("PROJECT", project)}


def _both(name: str, value: str) -> dict[str, str]:
    return {f"RUNSTONE_{name}": value, f"WANDB_{name}": value}
