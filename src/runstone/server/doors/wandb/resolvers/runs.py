"""Runs, as they are read; what changes them is in `run_changes`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from runstone.server.domain.account_model import Entity, User
from runstone.server.domain.projects import Project
from runstone.server.domain.runs import Run
from runstone.server.doors.wandb import ids, jsonx
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.metric_globs import expanded
from runstone.server.doors.wandb.wire_config import WIRE_INTERNAL, wrap

run = Fields("Run")

_STARTED = "t"  # under `_wandb`: what makes a client take a run for one that began (0.18 to 0.31)


@run("id")
def run_id(parent: Run, _call: Call) -> str:
    return ids.run_id(parent.entity, parent.project, parent.id)


run.plain(
    name="id",
    displayName="display_name",
    notes="notes",
    state="state",
    group="group",
    groupName="group",
    jobType="job_type",
    host="host",
    program="program",
    createdAt="created_at",
    updatedAt="updated_at",
    stoppedAt="finished_at",
    exitcode="exit_code",
    stopped="stop_requested",
    shouldStop="stop_requested",
)


@run("tags")
def tags(parent: Run, _call: Call) -> list[str]:
    return list(parent.tags)


@run("description")
def description(parent: Run, _call: Call) -> str | None:
    return parent.wire.get("description") or parent.notes or None


@run("commit")
def commit(parent: Run, _call: Call) -> str | None:
    git = parent.environment.get("git")
    return parent.wire.get("commit") or (git.get("commit") if isinstance(git, Mapping) else None)


@run("repo")
def repo(parent: Run, _call: Call) -> str | None:
    git = parent.environment.get("git")
    return parent.wire.get("repo") or (git.get("remote") if isinstance(git, Mapping) else None)


@run("sweepName")
def sweep_name(parent: Run, _call: Call) -> str | None:
    return parent.sweep or None


@run("readOnly")
def read_only(parent: Run, call: Call) -> bool:
    from runstone.server.doors.wandb.resolvers import projects

    place = call.project(parent.entity, parent.project)
    return place is None or projects.read_only(place, call)


@run("heartbeatAt")
def heartbeat_at(parent: Run, _call: Call) -> float:
    return parent.heartbeat_at or parent.updated_at or parent.created_at


@run("duration")
def duration(parent: Run, _call: Call) -> int:
    return _seconds(parent)


@run("computeSeconds")
def compute_seconds(parent: Run, _call: Call) -> int:
    return _seconds(parent)


@run("running")
def running(parent: Run, _call: Call) -> bool:
    return parent.state == "running"


@run("failed")
def failed(parent: Run, _call: Call) -> bool:
    return parent.state in ("failed", "crashed", "killed")


@run("fork")
def fork(parent: Run, _call: Call) -> str | None:
    return parent.fork_of or None


@run("user")
def user(parent: Run, call: Call) -> User | None:
    return call.user(parent.username)


@run("entity")
def entity(parent: Run, call: Call) -> Entity | None:
    return call.entity(parent.entity)


@run("project")
def project(parent: Run, call: Call) -> Project | None:
    return call.project(parent.entity, parent.project)


@run("projectId")
def project_number(parent: Run, _call: Call) -> str:
    return str(parent.project_id)


@run("internalId")
def internal_id(parent: Run, _call: Call) -> str:
    return ids.named_id("RunInternalId", str(parent.key))


# -- config and summary


@run("config")
def config(parent: Run, call: Call) -> str:
    return jsonx.dumps(wrap(parent.config, internal(parent, call)))


@run("wandbConfig")
def wandb_config(parent: Run, call: Call, keys: Sequence[str] | None = None) -> str:
    kept = internal(parent, call)
    return jsonx.dumps(kept if keys is None else {key: kept[key] for key in keys if key in kept})


def internal(parent: Run, call: Call) -> dict[str, Any]:
    """The client's own part of the config, as it sent it, globs of metrics expanded (0.31 expands
    none itself). A run that another door started gets the mark by which clients know that it began."""
    kept = dict(parent.wire.get(WIRE_INTERNAL) or {})
    if WIRE_INTERNAL not in parent.wire and parent.started_at is not None:
        kept[_STARTED] = {}
    if isinstance(kept.get("m"), list):
        kept["m"] = expanded(kept["m"], lambda: _logged_names(parent, call))
    return kept


def _logged_names(parent: Run, call: Call) -> list[str]:
    return [info.name for info in call.domain.history.keys(call.signed_in(), parent.key, limit=10_000)]


@run("summaryMetrics")
def summary_metrics(parent: Run, _call: Call, keys: Sequence[str] | None = None) -> str:
    summary = parent.summary
    if keys is not None:
        summary = {key: summary[key] for key in keys if key in summary}
    return jsonx.dumps(whole_steps(summary))


def whole_steps(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """`_step` as an integer: a resumed Go client starts at 0 where it reads `5.0`."""
    step = summary.get("_step")
    if isinstance(step, float) and math.isfinite(step):
        return {**summary, "_step": int(step)}
    return summary


@run("systemMetrics")
def system_metrics(parent: Run, call: Call) -> str:
    found = call.domain.history.keys(call.signed_in(), parent.key, space="system", limit=10_000)
    return jsonx.dumps({info.name: info.last for info in found})


# -- how it was started


@run("runInfo")
def run_info(parent: Run, _call: Call) -> dict[str, Any]:
    known = parent.environment
    git = known.get("git")
    return {
        "program": parent.program or known.get("program"),
        "args": [str(word) for word in known.get("args") or parent.command or ()],
        "os": known.get("os"),
        "python": known.get("python"),
        "colab": known.get("colab"),
        "executable": known.get("executable"),
        "codeSaved": bool(known.get("codePath")),
        "cpuCount": _count(known.get("cpu_count")),
        "gpuCount": _count(known.get("gpu_count")),
        "gpu": known.get("gpu") if isinstance(known.get("gpu"), str) else None,
        "git": {"remote": git.get("remote"), "commit": git.get("commit")}
        if isinstance(git, Mapping)
        else None,
    }


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 2**31:
        return None
    return int(value)


def _seconds(parent: Run) -> int:
    begun = parent.started_at or parent.created_at
    end = parent.finished_at or parent.heartbeat_at or parent.updated_at or begun
    return max(0, int(end - begun))


FIELDS = [run, *maps("RunInfo", "GitInfo", "RunConnection", "RunEdge")]
