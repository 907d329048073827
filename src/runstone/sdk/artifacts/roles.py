"""What a model version consists of: weights, the script that trained them, an evaluation, and the
environment; and which of them it lacks."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from runstone.sdk.errors import UsageError

ROLES = ("weights", "training_script", "evaluation", "environment")

_WEIGHTS = (
    ".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".h5", ".keras", ".onnx", ".gguf", ".pkl", ".joblib",
    ".npz", ".msgpack", ".tflite", ".pb", ".ubj", ".model", ".txt.gz",
)  # fmt: skip
_ENVIRONMENT = (
    "requirements.txt", "requirements.lock", "conda.yaml", "conda.yml", "environment.yml", "environment.yaml",
    "poetry.lock", "uv.lock", "pyproject.toml", "pip-freeze.txt", "dockerfile", "environment.json",
)  # fmt: skip
_EVALUATION = ("eval", "metric", "result", "score")
# Loading these runs code that is in them; nothing here ever does.
PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".bin", ".dill", ".cloudpickle")


def find(paths: Iterable[str], given: dict[str, list[str]], *, name: str = "") -> dict[str, Any]:
    """`{role: [paths], …, "missing": [roles], "pickles": [paths]}`. given: what was said with
    `Artifact.set_role`, files or folders; the rest is told by the files' names. Raises UsageError for what
    is not among the paths; name: of the artifact, for that."""
    listed = list(paths)
    found = {role: _held(role, given.get(role, ()), listed, name) for role in ROLES}
    for path in listed:
        name = os.path.basename(path).lower()
        if not given.get("weights") and name.endswith(_WEIGHTS) and name not in _ENVIRONMENT:
            found["weights"].append(path)
        elif not given.get("environment") and name in _ENVIRONMENT:
            found["environment"].append(path)
        elif not given.get("training_script") and name.endswith((".py", ".ipynb")) and "train" in name:
            found["training_script"].append(path)
        elif (
            not given.get("evaluation")
            and name.endswith((".json", ".jsonl", ".csv", ".yaml", ".md"))
            and any(word in name for word in _EVALUATION)
        ):
            found["evaluation"].append(path)
    missing = [role for role in ROLES if not found[role]]
    return {**found, "missing": missing, "pickles": [p for p in listed if p.lower().endswith(PICKLES)][:1000]}


def _held(role: str, given: Iterable[str], listed: list[str], name: str) -> list[str]:
    held: dict[str, None] = {}
    for path in given:
        below = path.rstrip("/") + "/"
        those = [path] if path in listed else [one for one in listed if one.startswith(below)]
        if not those:
            raise UsageError(
                f"Artifact {name!r} has no file {path!r}, which set_role() names as {role}. Add it, or name "
                "a file or folder that the artifact holds."
            )
        held.update(dict.fromkeys(those))
    return list(held)


def said_of(paths: list[str], roles: dict[str, Any]) -> dict[str, list[str]]:
    """The roles of a version that its files' names alone would not have given."""
    guessed = find(paths, {})
    there = set(paths)
    return {
        role: [path for path in roles.get(role) or [] if path in there]
        for role in ROLES
        if (roles.get(role) or []) != guessed[role]
    }


def check_role(role: str) -> str:
    """Raises UsageError."""
    if role not in ROLES:
        raise UsageError(f"A model has no role {role!r}. There are: {', '.join(ROLES)}.")
    return role
