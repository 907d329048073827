"""What can be chosen about a run's recording, and where it is chosen: the argument of `init`, then
RUNSTONE_* variables, then WANDB_* ones, then the default."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from runstone.sdk.errors import UsageError

MODES = ("online", "offline", "disabled", "shared")

# name -> (kind, default). None as a default: decided elsewhere.
_FIELDS: dict[str, tuple[str, Any]] = {
    "mode": ("text", None),
    "project": ("text", None),
    "entity": ("text", None),
    "run_id": ("text", None),
    "run_name": ("text", None),
    "run_group": ("text", None),
    "run_job_type": ("text", None),
    "run_tags": ("list", None),
    "run_notes": ("text", None),
    "sweep_id": ("text", None),
    "sweep_param_path": ("text", None),  # where a sweep's agent wrote the trial's parameters
    "resume": ("text", None),
    "dir": ("text", None),
    "base_url": ("text", None),
    "api_key": ("text", None),
    "program": ("text", None),
    "console": ("text", "auto"),  # auto, redirect, wrap, off
    "system": ("flag", True),  # CPU, GPU, memory, disk, network over time
    "system_seconds": ("number", 10.0),
    "git": ("flag", True),
    "packages": ("flag", True),
    "code": ("flag", False),  # copies of the source files
    "environment": ("flag", True),  # hardware, host, variables
    "silent": ("flag", False),
    "init_timeout": ("number", 10.0),  # seconds for a server's answer, where resume needs one
    "finish_timeout": ("number", 5.0),  # seconds to wait for the uplink at the end
    "rank": ("integer", None),
    "world_size": ("integer", None),
    "label": ("text", None),
    "primary": ("flag", None),
}

_ENVIRONMENT = {
    "run_id": ("RUN_ID",),
    "run_name": ("NAME", "RUN_NAME"),
    "run_group": ("RUN_GROUP",),
    "run_job_type": ("JOB_TYPE",),
    "run_tags": ("TAGS",),
    "run_notes": ("NOTES",),
}
_WANDB_READ = frozenset(
    [
        "PROJECT",
        "ENTITY",
        "MODE",
        "RUN_ID",
        "NAME",
        "TAGS",
        "NOTES",
        "RUN_GROUP",
        "JOB_TYPE",
        "DIR",
        "RESUME",
        "SWEEP_ID",
        "SWEEP_PARAM_PATH",
        "SILENT",
        "CONSOLE",
    ]
)

# What the field's scripts pass in `wandb.Settings(...)`; a pair means: this field, negated.
_FOREIGN: dict[str, str | tuple[str, None]] = {
    "disable_git": ("git", None),
    "disable_code": ("code", None),
    "save_code": "code",
    "x_disable_stats": ("system", None),
    "_disable_stats": ("system", None),
    "x_disable_meta": ("environment", None),
    "_disable_meta": ("environment", None),
    "x_save_requirements": "packages",
    "x_stats_sampling_interval": "system_seconds",
    "x_label": "label",
    "x_primary": "primary",
    "root_dir": "dir",
    "quiet": "silent",
    "run_job_type": "run_job_type",
    "group": "run_group",
    "job_type": "run_job_type",
    "name": "run_name",
    "id": "run_id",
    "tags": "run_tags",
    "notes": "run_notes",
}


class Settings:
    """Choices for `init(settings=…)`; what is not given is left to the environment and defaults.

    Names of the published wandb client's settings are taken where they mean something here; the rest
    are noted once on standard error and left aside, so that existing scripts run.
    """

    def __init__(self, **given: Any) -> None:
        values: dict[str, Any] = {}
        unknown = []
        for name, value in given.items():
            target = name if name in _FIELDS else _FOREIGN.get(name)
            if target is None:
                unknown.append(name)
            elif value is None:
                continue
            elif isinstance(target, tuple):
                values[target[0]] = not _convert("flag", value, name)
            else:
                values[target] = _convert(_FIELDS[target][0], value, name)
        self.__dict__.update(values)
        if unknown:
            self.__dict__["_unknown"] = unknown

    def __getattr__(self, name: str) -> Any:
        try:
            return _FIELDS[name][1]
        except KeyError:
            raise AttributeError(
                f"Settings have no {name!r}. There are: {', '.join(sorted(_FIELDS))}."
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _FIELDS:
            self.__getattr__(name)
        self.__dict__[name] = None if value is None else _convert(_FIELDS[name][0], value, name)

    def __repr__(self) -> str:
        shown = {k: "[redacted]" if k == "api_key" else v for k, v in self.given().items()}
        return f"Settings({', '.join(f'{k}={v!r}' for k, v in shown.items())})"

    def given(self) -> dict[str, Any]:
        """Only what was chosen."""
        return {name: value for name, value in self.__dict__.items() if name in _FIELDS and value is not None}

    def copy(self) -> Settings:
        new = Settings()
        new.__dict__.update(self.__dict__)
        return new

    def update(self, other: Settings | Mapping[str, Any]) -> None:
        chosen = other if isinstance(other, Settings) else Settings(**other)
        self.__dict__.update(chosen.given())


def resolve(given: Settings | Mapping[str, Any] | None, *, environ: Mapping[str, str]) -> Settings:
    """`given` over the environment. Raises UsageError for a value that cannot be."""
    found = from_environment(environ)
    if given is not None:
        chosen = given if isinstance(given, Settings) else Settings(**given)
        found.update(chosen)
        unknown = chosen.__dict__.get("_unknown")
        if unknown:
            print(
                f"runstone: settings that mean nothing here were left aside: {', '.join(unknown)}.",
                file=sys.stderr,
            )
    return found


def from_environment(environ: Mapping[str, str]) -> Settings:
    found = Settings()
    for name, (kind, _) in _FIELDS.items():
        for variable in _ENVIRONMENT.get(name, (name.upper(),)):
            text = environ.get(f"RUNSTONE_{variable}", "").strip()
            source = f"RUNSTONE_{variable}"
            if not text and variable in _WANDB_READ:
                text = environ.get(f"WANDB_{variable}", "").strip()
                source = f"WANDB_{variable}"
                if source == "WANDB_MODE" and text == "dryrun":
                    text = "offline"
                if source == "WANDB_CONSOLE" and text == "iterm":
                    text = "wrap"
            if text and name not in found.__dict__:
                found.__dict__[name] = _convert(kind, text, source)
    if "mode" not in found.__dict__ and environ.get("WANDB_DISABLED", "").lower() in ("true", "1", "yes"):
        found.__dict__["mode"] = "disabled"
    return found


def _convert(kind: str, value: Any, name: str) -> Any:
    try:
        if kind == "flag":
            if isinstance(value, str):
                return {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False}.get(
                    value.lower(), False
                )
            return bool(value)
        if kind == "integer":
            return int(value)
        if kind == "number":
            return float(value)
        if kind == "list":
            return (
                [part.strip() for part in value.split(",") if part.strip()]
                if isinstance(value, str)
                else [str(part) for part in value]
            )
    except (TypeError, ValueError):
        raise UsageError(f"{name}={value!r} is no {kind}.") from None
    if name == "console" or name.endswith("_CONSOLE"):
        text = str(value).lower()
        if text not in ("auto", "redirect", "wrap", "wrap_raw", "wrap_emu", "off"):
            raise UsageError(f"{name}={value!r} is not known. Use auto, redirect, wrap or off.")
        return "wrap" if text.startswith("wrap") else text
    if isinstance(value, bool):
        return value if name.lower().endswith("resume") else str(value)
    return os.fspath(value) if hasattr(value, "__fspath__") else str(value)
