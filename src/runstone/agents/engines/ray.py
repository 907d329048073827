"""Agents as Ray tasks: Ray finds the hosts and the GPUs, and begins an agent anew whose host died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from runstone.agents.engines.jobs import AgentJob, EngineError

GRACE_SECONDS = 60.0
SETTINGS = ("address", "cpus", "memory_bytes", "retries")


def run(job: AgentJob) -> list[int]:
    """Until every agent has ended; their exit statuses. Settings: `address` of a cluster (`auto`: the one
    this host is part of; without it one is started here for as long as this takes), `cpus` and
    `memory_bytes` for each agent, `retries` of one whose worker died. Raises EngineError.

    Each runs in the directory that this process is in, which the hosts share. Keys do not travel: hosts
    are signed in, or their Ray was started with RUNSTONE_API_KEY set.
    """
    job.known(*SETTINGS)
    try:
        import ray
    except ImportError:
        raise EngineError("--on ray needs Ray: pip install 'runstone[ray]'") from None
    options = {
        "num_cpus": _number(job, "cpus", 1.0),
        "num_gpus": float(job.gpus),
        "max_retries": int(_number(job, "retries", 3)),
    }
    if "memory_bytes" in job.settings:
        options["memory"] = _number(job, "memory_bytes", 0)
    started = not ray.is_initialized()
    if started:
        ray.init(address=job.settings.get("address"), log_to_driver=True, include_dashboard=False)
    try:
        task = ray.remote(_agent).options(name=job.name, **options)
        command = [sys.executable, "-m", "runstone", *job.agent()]
        waiting = [task.remote(command, str(Path.cwd()), job.base_url) for _ in range(job.agents)]
        try:
            return [_status(one) for one in waiting]
        except KeyboardInterrupt:
            for one in waiting:
                ray.cancel(one, force=False)
            for one in waiting:
                _status(one)
            raise
    finally:
        if started:
            ray.shutdown()


def _status(task: object) -> int:
    import ray

    try:
        return int(ray.get(task))
    except ray.exceptions.RayError as error:
        print(f"runstone agent: an agent could not go on: {error!s:.500}", file=sys.stderr)
        return 1


def _agent(command: Sequence[str], folder: str, base_url: str) -> int:
    """One task: an agent as a process, told to end when the task is."""
    environment = {**os.environ, **({"RUNSTONE_BASE_URL": base_url} if base_url else {})}
    if not os.path.isdir(folder):  # noqa: PTH112 (this function travels alone)
        raise FileNotFoundError(f"{folder} is not there on this host: agents need it to be shared")
    process = subprocess.Popen(list(command), cwd=folder, env=environment, stdin=subprocess.DEVNULL)  # noqa: S603
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_SECONDS)
            process.kill()


def _number(job: AgentJob, name: str, otherwise: float) -> float:
    text = job.settings.get(name)
    try:
        value = otherwise if text is None else float(text)
    except ValueError:
        value = -1.0
    if value < 0:
        raise EngineError(f"--set {name}={text}: it takes a number, 0 or more.")
    return value
