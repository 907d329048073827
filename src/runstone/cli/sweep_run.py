"""`runstone sweep run`: make a sweep and run it to its end on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from runstone.cli.options import HostOption, JsonOption
from runstone.cli.output import AWAY, LEFT, NOT_FOUND, USAGE, fail, note, print_json, reported
from runstone.cli.sweep_file import (
    EntityOption,
    FileArgument,
    NameOption,
    ProjectOption,
    checked,
    made,
    read_file,
)
from runstone.cli.sweep_results import print_combinations


def run(
    file: FileArgument,
    agents: Annotated[
        int | None, typer.Option("--agents", "--parallel", min=1, help="Trials at once.  [default: 1]")
    ] = None,
    project: ProjectOption = "",
    entity: EntityOption = "",
    name: NameOption = "",
    gpus: Annotated[str, typer.Option(help="auto, none, or 0,1,…: split among the trials at once.")] = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a sweep of a file, run its trials here to the end, and show the best."""
    given = read_file(file, as_json=as_json)
    config = checked(given, file, as_json=as_json)
    with reported(as_json=as_json):
        from runstone.agents import command
        from runstone.agents.gpus import GpuError, slots
        from runstone.agents.loop import ProcessAgent
        from runstone.agents.opening import opened
        from runstone.agents.source import SourceAway, SweepGone

        try:
            command.check(config.command, config.program)  # before anything is made
            places = slots(agents, gpus)
            with made(given, project, entity, name, host) as sweep:
                note(f"sweep {sweep.path}\n{sweep.url}")
                with opened(sweep.path, base_url=host) as source:
                    # Standard output is for the result.
                    report = ProcessAgent(source, places, out=_to_stderr).run()
                record, best = sweep.read(), sweep.best()
        except (GpuError, command.CommandError) as error:
            fail(f"runstone sweep run: {error}", USAGE)
        except SourceAway as error:
            fail(f"runstone sweep run: {error}", AWAY)
        except SweepGone as error:
            fail(f"runstone sweep run: {error}", NOT_FOUND)
        if as_json:
            print_json({"sweep": record, "best": best})
        else:
            print_combinations(best, record["objectives"], repeats=record["repeats"])
    if report.signal:
        note(f"Go on with: runstone agent {record['entity']}/{record['project']}/{record['id']}")
        raise SystemExit(128 + report.signal)
    ended = {state for state, count in record["trials"].items() if count}
    raise SystemExit(LEFT if ended - {"finished", "pruned"} or report.untold else 0)


def _to_stderr(block: bytes) -> None:
    import contextlib
    import sys

    with contextlib.suppress(OSError, ValueError):
        sys.stderr.buffer.write(block)
        sys.stderr.buffer.flush()
