"""A run as the native door tells of it."""

from __future__ import annotations

import time
from typing import Any

from msgspec import Raw

from runstone.server.domain.runs import Run
from runstone.server.doors.http.answers import plain


def run_out(run: Run, *, whole: bool = False) -> dict[str, Any]:
    """`whole`: with environment and metric definitions, which lists leave out."""
    out: dict[str, Any] = {
        "id": run.id,
        "entity": run.entity,
        "project": run.project,
        "display_name": run.display_name,
        "state": run.state,
        "username": run.username,
        "group": run.group,
        "job_type": run.job_type,
        "notes": run.notes,
        "sweep": run.sweep,
        "tags": run.tags,
        "host": run.host,
        "program": run.program,
        "command": run.command,
        "config": plain(run.config) if run.config_json is None else Raw(run.config_json.encode()),
        "summary": plain(run.summary) if run.summary_json is None else Raw(run.summary_json.encode()),
        "created_at": run.created_at,
        "started_at": run.started_at,
        "updated_at": run.updated_at,
        "heartbeat_at": run.heartbeat_at,
        "finished_at": run.finished_at,
        "duration": _duration(run),
        "exit_code": run.exit_code,
        "stop_requested": run.stop_requested,
        "colour": run.colour,
        "fork_of": run.fork_of,
        "fork_step": run.fork_step,
        "version": run.version,
        "deleted_at": run.deleted_at,
        "ranks": run.ranks,
    }
    if whole:
        out["environment"] = plain(run.environment)
        out["wire"] = plain(run.wire)
        out["metrics"] = [_metric_out(metric) for metric in run.metrics]
    return out


def _metric_out(metric: Any) -> dict[str, Any]:
    return {"step_metric": None, "step_sync": None, "summary": [], "goal": None, "hidden": False} | dict(
        metric
    )


def _duration(run: Run) -> float | None:
    end = run.finished_at if run.finished_at is not None else run.heartbeat_at
    if run.state == "running":
        end = time.time()
    begin = run.started_at if run.started_at is not None else run.created_at
    return max(0.0, end - begin) if end is not None else None
