"""`runstone sweep pause`, `resume`, `stop`, `cancel`, `retry`: a sweep turned on and off."""

from __future__ import annotations

from typing import Annotated

import typer

from runstone.cli.options import HostOption, JsonOption
from runstone.cli.output import print_json
from runstone.cli.sweep_named import SweepArgument, sweep_named


def pause(name: SweepArgument, host: HostOption = None, as_json: JsonOption = False) -> None:
    """Hand out nothing more for now; what runs goes on."""
    _set_state(name, "paused", host, as_json)


def resume(name: SweepArgument, host: HostOption = None, as_json: JsonOption = False) -> None:
    """Go on after a pause."""
    _set_state(name, "running", host, as_json)


def stop(
    name: SweepArgument,
    trial: Annotated[int | None, typer.Option("--trial", help="Only this trial, while it runs.")] = None,
    why: Annotated[str, typer.Option(help="For the trial's record.")] = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand out nothing more, for good; what runs goes on. Or end one trial."""
    if trial is None:
        _set_state(name, "finished", host, as_json)
        return
    with sweep_named(name, host, as_json=as_json) as sweep:
        sweep.stop(trial, why=why)
        if as_json:
            print_json({"trial": trial, "asked": True})
        else:
            print(f"trial {trial} is asked to stop")


def cancel(name: SweepArgument, host: HostOption = None, as_json: JsonOption = False) -> None:
    """End the sweep, and what runs of it."""
    _set_state(name, "cancelled", host, as_json)


def retry(
    name: SweepArgument,
    failed: Annotated[
        bool, typer.Option("--failed", help="Those that failed, crashed or ran out of memory (the default).")
    ] = False,
    states: Annotated[
        list[str] | None,
        typer.Option("--state", help="failed, crashed, oom, pruned, stopped (repeatable)."),
    ] = None,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try trials again that did not end well."""
    wanted = list(dict.fromkeys([*(states or ()), *(("failed", "crashed", "oom") if failed else ())]))
    with sweep_named(name, host, as_json=as_json) as sweep:
        count = sweep.retry(*wanted)
        if as_json:
            print_json({"count": count})
        else:
            print(f"{count} trials go back to the queue")


def _set_state(name: str, state: str, host: str | None, as_json: bool) -> None:
    with sweep_named(name, host, as_json=as_json) as sweep:
        record = sweep.set_state(state)
        if as_json:
            print_json(record)
        else:
            print(f"{sweep.path} is {record['state']}")
