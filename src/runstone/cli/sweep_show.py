"""`runstone sweep list` and `show`: sweeps of a project, and one sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from runstone.cli.options import HostOption, JsonOption
from runstone.cli.output import print_json, print_table, reported
from runstone.cli.query import when
from runstone.cli.sweep_named import SweepArgument, sweep_named

if TYPE_CHECKING:
    from runstone.client.sweep_models import SweepRecord


def list_sweeps(
    project: Annotated[str, typer.Argument(help="ENTITY/PROJECT, or PROJECT of your own.")],
    search: Annotated[str, typer.Option(help="Text in the name or id.")] = "",
    states: Annotated[
        list[str] | None,
        typer.Option("--state", help="pending, running, paused, finished, cancelled (repeatable)."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the sweeps of a project, last made first."""
    with reported(as_json=as_json):
        from itertools import islice

        from runstone.client.api import project_path
        from runstone.client.native import Client
        from runstone.client.sweeps import find_sweeps

        entity, name = project_path(project)
        with Client(host) as client:
            found = list(
                islice(
                    find_sweeps(client, name, entity=entity or "-", search=search, states=states or ()), limit
                )
            )
        if as_json:
            print_json(found)
            return
        print_table(
            ("id", "name", "state", "method", "trials", "best", "created"),
            [
                (
                    one["id"],
                    one["name"],
                    one["state"],
                    one["method"],
                    _done(one),
                    one["best"],
                    when(one["created_at"]),
                )
                for one in found
            ],
            empty="No sweeps.",
        )


def show(name: SweepArgument, host: HostOption = None, as_json: JsonOption = False) -> None:
    """Show one sweep: state, trials, objectives, agents."""
    with sweep_named(name, host, as_json=as_json) as sweep:
        record, agents = sweep.read(), sweep.agents()
        if as_json:
            print_json({**record, "agents": agents})
            return
        goals = [f"{one['goal']} {one['name']}" for one in record["objectives"]]
        facts = [
            ("sweep", sweep.path),
            ("name", record["name"]),
            ("state", record["state"]),
            ("method", record["method"]),
            ("objectives", goals),
            ("constraints", record["constraints"]),
            ("trials", _done(record)),
            *((f"  {state}", count) for state, count in sorted(record["trials"].items())),
            ("best", record["best"]),
            ("by", record["username"]),
            ("created", when(record["created_at"])),
            ("finished", when(record["finished_at"])),
            ("page", sweep.url),
        ]
        print_table(("field", "value"), facts, empty="")
        print()
        print_table(
            ("agent", "name", "host", "kind", "state", "trials", "last heard"),
            [
                (
                    one["id"],
                    one["name"],
                    one["host"],
                    one["kind"],
                    one["state"],
                    one["trials"],
                    when(one["heartbeat_at"]),
                )
                for one in agents
            ],
            empty="No agents.",
        )


def _done(record: SweepRecord) -> str:
    """Ended of expected."""
    ended = sum(count for state, count in record["trials"].items() if state not in ("queued", "running"))
    return f"{ended}/{record['expected']}" if record["expected"] is not None else str(ended)
