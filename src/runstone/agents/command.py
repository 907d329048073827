"""The command of a trial: a list of words, made from the sweep file's `command` and the trial's
arguments. It never meets a shell, so whatever a value holds stays one word.

Words that are a macro and nothing else are replaced, as the published client's agent does (seen in
wandb 0.31, sdk/launch/sweeps/utils.py); `${envvar:NAME}` is replaced inside words, too.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from runstone.agents.source import SweepSpec

Json = Any

DEFAULT = ("${env}", "${interpreter}", "${program}", "${args}")
_ENVIRONMENT_VARIABLE = re.compile(r"\$\{envvar:([A-Z0-9_]*)\}")


class CommandError(ValueError):
    """The sweep names nothing that an agent could run."""


def check(command: Sequence[str], program: str) -> None:
    """Raises CommandError where a trial could not be started for want of a program."""
    if "${program}" in (command or DEFAULT) and not program:
        raise CommandError(
            "The sweep names no program, so there is nothing to start. Add `program: train.py` (or a "
            "`command`) to its file, or run a function of your own with runstone.agent(id, function)."
        )


def foreign(sweep: SweepSpec) -> list[str]:
    """The command of a sweep that somebody else made, as written, where it could run more than a program
    that lies here; [] where it cannot. The agent runs it as its own user, so it is asked about first."""
    if not sweep.made_by:
        return []
    program = PurePath(sweep.config.program)
    is_here = not program.is_absolute() and ".." not in program.parts
    if not sweep.config.command and is_here and not sweep.config.program.startswith("-"):
        return []
    given = sweep.config.command or DEFAULT
    return [sweep.config.program if word == "${program}" else word for word in given]


def words(
    command: Sequence[str],
    *,
    program: str,
    arguments: Mapping[str, Json],
    json_file: str,
    environ: Mapping[str, str],
    interpreter: str = sys.executable,
) -> list[str]:
    """The words to run. command: empty for the default one. arguments: nested, as the trial has them.
    json_file: where they lie as JSON. Raises CommandError where no word is left."""
    macros = {
        "${env}": ["/usr/bin/env"] if os.name == "posix" else [],
        "${interpreter}": [interpreter],
        "${program}": [program],
        "${args_json_file}": [json_file],
        **_arguments(arguments),
    }
    check(command, program)
    found: list[str] = []
    for word in command or DEFAULT:
        word = _ENVIRONMENT_VARIABLE.sub(lambda match: environ.get(match[1], match[1]), word)
        # One that was replaced is no macro any more, whatever the variable held.
        found += macros.get(word, [word])
    if not found:
        raise CommandError(f"The sweep's command {list(command)!r:.200} comes to no word. Name a program.")
    return found


def _arguments(arguments: Mapping[str, Json]) -> dict[str, list[str]]:
    pairs = {name: f"{name}={value}" for name, value in arguments.items()}
    no_booleans: list[str] = []
    for name, value in arguments.items():
        if not isinstance(value, bool):
            no_booleans.append(f"--{pairs[name]}")
        elif value:
            no_booleans.append(f"--{name}")
    return {
        "${args}": [f"--{pair}" for pair in pairs.values()],
        "${args_no_hyphens}": list(pairs.values()),
        "${args_no_boolean_flags}": no_booleans,
        "${args_no_equals}": [
            word for name, value in arguments.items() for word in (f"--{name}", str(value))
        ],
        "${args_append_hydra}": [f"+{pair}" for pair in pairs.values()],
        "${args_override_hydra}": [f"++{pair}" for pair in pairs.values()],
        "${args_json}": [json.dumps(dict(arguments))],
    }
