"""A Slurm job file: an array, one agent to a task.

Slurm tells an agent to end a minute before its time is up; it then gives back what it runs, and another
agent begins that trial anew. What is written is read back by `check`, which knows the options of sbatch.
"""

from __future__ import annotations

import re
import shlex
import sys

from runstone.agents.engines.jobs import AgentJob, EngineError

_COUNT = r"\d{1,9}"
_SIZE = r"\d{1,9}[KMGT]?"
_TIME = r"(\d+-\d+(:\d+){0,2}|\d+(:\d+){0,2}|UNLIMITED|INFINITE)"
_WORDS = r"[A-Za-z0-9_.,:/%@=+*|&!\[\]-]+"
# Options of sbatch (Slurm 24.11, `man sbatch`) that a job file may hold, and what their values look like;
# None: takes no value.
OPTIONS: dict[str, str | None] = {
    "account": _WORDS, "array": rf"{_COUNT}(-{_COUNT})?(:{_COUNT})?(%{_COUNT})?", "begin": _WORDS,
    "chdir": r"/.*", "cluster-constraint": _WORDS, "clusters": _WORDS, "comment": r".*", "constraint": _WORDS,
    "cpus-per-gpu": _COUNT, "cpus-per-task": _COUNT, "deadline": _WORDS, "dependency": _WORDS, "error": r".+",
    "exclude": _WORDS, "exclusive": _WORDS, "export": _WORDS, "gpus": _WORDS, "gpus-per-node": _WORDS,
    "gpus-per-task": _WORDS, "gres": _WORDS, "hint": _WORDS, "hold": None, "job-name": _WORDS,
    "kill-on-invalid-dep": r"yes|no", "licenses": _WORDS, "mail-type": _WORDS, "mail-user": _WORDS,
    "mem": _SIZE, "mem-per-cpu": _SIZE, "mem-per-gpu": _SIZE, "mincpus": _COUNT, "nice": r"-?\d+",
    "no-requeue": None, "nodelist": _WORDS, "nodes": rf"{_COUNT}(-{_COUNT})?", "ntasks": _COUNT,
    "ntasks-per-node": _COUNT, "open-mode": r"append|truncate", "output": r".+", "oversubscribe": None,
    "partition": _WORDS, "prefer": _WORDS, "priority": _COUNT, "qos": _WORDS, "requeue": None,
    "reservation": _WORDS, "signal": rf"(R?B?:)?[A-Z0-9]+(@{_COUNT})?", "spread-job": None,
    "switches": _WORDS, "time": _TIME, "time-min": _TIME, "tmp": _SIZE,
    "wait-all-nodes": r"0|1", "wckey": _WORDS,
}  # fmt: skip
_OURS = {"cpus": "cpus-per-task", "memory": "mem", "name": "job-name"}
_FIXED = frozenset({"array", "ntasks", "signal", "open-mode", "requeue", "no-requeue", "hold", "export"})
_DIRECTIVE = re.compile(r"#SBATCH --(?P<name>[a-z-]+)(=(?P<value>.*))?")


def job_file(job: AgentJob) -> str:
    """The text for sbatch. Settings: options of sbatch by name (`time`, `partition`, `account`, …), `cpus`,
    `memory`, `python` (the interpreter on the nodes) and `key_file` (read when the job runs, never
    before). Raises EngineError."""
    settings = dict(job.settings)
    python = settings.pop("python", sys.executable)
    key_file = settings.pop("key_file", "")
    options: dict[str, str | None] = {
        "job-name": job.name,
        "array": f"1-{job.agents}",
        "ntasks": "1",
        "open-mode": "append",
        "output": "%x-%A_%a.log",
        "requeue": None,
        "signal": "B:TERM@60",
    }
    if job.gpus:
        options["gpus-per-task"] = str(job.gpus)
    for given, value in settings.items():
        name = _OURS.get(given, given)
        if name not in OPTIONS or name in _FIXED or OPTIONS[name] is None:
            raise EngineError(
                f"--set {given}: no option of sbatch that can be chosen here. Some that can: time, "
                "partition, account, qos, constraint, memory, cpus; and python, key_file."
            )
        options[name] = value
    lines = ["#!/bin/bash"]
    lines += [f"#SBATCH --{name}" + ("" if value is None else f"={value}") for name, value in options.items()]
    lines += ["", "set -euo pipefail"]
    if key_file:
        quoted = shlex.quote(key_file)
        lines += [f'RUNSTONE_API_KEY="$(<{quoted})"', "export RUNSTONE_API_KEY"]
    if job.base_url:
        lines.append(f"export RUNSTONE_BASE_URL={shlex.quote(job.base_url)}")
    lines += [
        'cd "$SLURM_SUBMIT_DIR"',
        "# In place of the shell, so that Slurm's signals reach the agent.",
        f"exec {shlex.join([python, '-m', 'runstone', *job.agent()])}",
        "",
    ]
    text = "\n".join(lines)
    check(text)
    return text


def check(text: str) -> dict[str, str | None]:
    """The directives of a job file by name. Raises EngineError for one that sbatch does not know, a
    value that it would not take, or a directive that comes too late to count."""
    lines = text.splitlines()
    if not lines or lines[0] != "#!/bin/bash":
        raise EngineError("A job file begins with #!/bin/bash.")
    found: dict[str, str | None] = {}
    begun = False
    for place, line in enumerate(lines[1:], 2):
        if not line.startswith("#SBATCH"):
            begun = begun or bool(line.strip() and not line.startswith("#"))
            continue
        match = _DIRECTIVE.fullmatch(line)
        name = match["name"] if match else ""
        if match is None or name not in OPTIONS:
            raise EngineError(f"line {place}: {line!r:.100} is no directive of sbatch.")
        if begun:
            raise EngineError(f"line {place}: --{name} comes after the first command, and would be ignored.")
        pattern, value = OPTIONS[name], match["value"]
        if (pattern is None) != (value is None):
            words = "takes no value" if pattern is None else "takes a value"
            raise EngineError(f"line {place}: --{name} {words}.")
        # sbatch splits a directive at blanks, and takes # for the beginning of a comment.
        if value is not None and (not re.fullmatch(pattern or "", value) or re.search(r"[\s#\"'\\]", value)):
            raise EngineError(f"line {place}: {value!r:.100} is no value of --{name}.")
        if name in found:
            raise EngineError(f"line {place}: --{name} is there twice.")
        found[name] = value
    return found
