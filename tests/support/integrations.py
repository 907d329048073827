"""Environments with the libraries that already speak wandb, each installed the first time it is asked for.

    python = python_with("torch")      # .cache/integrations/torch/bin/python

They are used, and installed, only where RUNSTONE_INTEGRATIONS is set (`make test-integrations`); elsewhere
the tests that need one are skipped. `python -m tests.support.integrations` installs all of them ahead: some
3 GB, which may take longer than a test is given.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(
    os.environ.get("RUNSTONE_INTEGRATIONS_DIR") or Path(__file__).parents[2] / ".cache" / "integrations"
)
WANTED = bool(os.environ.get("RUNSTONE_INTEGRATIONS"))  # read before tests clear the environment
RELEASE = "0.31.0"
# What our own SDK needs of its environment, and the published client.
_COMMON = ["httpx", "msgspec", "nvidia-ml-py", "psutil", "pyyaml", "zstandard", f"wandb=={RELEASE}"]
ENVIRONMENTS: dict[str, list[str]] = {
    # In this order: a torch without a GPU comes from its own file or index, the rest builds on it.
    "torch": [
        "torch==2.13.0",
        "transformers accelerate",
        "lightning",
        "keras",
        "stable-baselines3 gymnasium tensorboard",
        "scikit-learn xgboost-cpu lightgbm matplotlib pandas",
    ],
    "tensorflow": ["tensorflow-cpu"],
    "ray": ["ray>=2.40", "numpy typer rich"],
    "kubernetes": ["kubernetes-validate"],
}


def python_with(name: str) -> Path:
    """The interpreter of that environment, or the test is skipped."""
    if not WANTED:
        pytest.skip("This needs large libraries: `make test-integrations` installs and uses them.")
    return installed(name)


def installed(name: str) -> Path:
    """The interpreter of that environment, which is made first where it is not there."""
    folder = ROOT / name
    python, done = folder / "bin" / "python", folder / "installed"
    if done.exists():
        return python
    ROOT.mkdir(parents=True, exist_ok=True)
    with (ROOT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run side by side
        if not done.exists():
            venv.create(folder, with_pip=True, clear=True)
            for packages in [*ENVIRONMENTS[name], " ".join(_COMMON)]:
                command = [python, "-m", "pip", "install", "-q", *packages.split()]
                subprocess.run(command, check=True, timeout=1800)
            done.touch()
    return python


def python_here(*modules: str) -> Path:
    """The tests' own interpreter, where it has these libraries; skips the test otherwise."""
    for module in modules:
        pytest.importorskip(module)
    return Path(sys.executable)


if __name__ == "__main__":
    for name in ENVIRONMENTS:
        print(installed(name), flush=True)
