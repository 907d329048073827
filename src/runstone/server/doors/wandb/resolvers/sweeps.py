"""Sweeps are not kept yet; a run only names the one it came from."""

from __future__ import annotations

from typing import Any

from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.base import connection

project = Fields("Project")
run = Fields("Run")

project.constant(totalSweeps=0)
run.constant(sweep=None)


@project("sweep")
def sweep(_parent: Any, _call: Call, sweep_name: str | None = None) -> None:
    return None


@project("sweeps")
def sweeps(_parent: Any, _call: Call, **_given: Any) -> dict[str, Any]:
    return connection([], [], has_next=False)


FIELDS = [project, run, *maps("Sweep", "SweepConnection", "SweepEdge")]
