"""`runstone agent`: run the trials of a sweep on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runstone.cli import agent_on
from runstone.cli.options import HostOption, JsonOption
from runstone.cli.output import AWAY, NOT_FOUND, USAGE, fail, note, print_json, reported

if TYPE_CHECKING:
    from runstone.agents.source import SweepSpec


def agent(
    sweep: Annotated[
        str,
        typer.Argument(
            metavar="SWEEP", help="ID, PROJECT/ID, ENTITY/PROJECT/ID, its page's address, or a directory."
        ),
    ],
    count: Annotated[int | None, typer.Option(min=1, help="End after so many trials.")] = None,
    parallel: Annotated[int | None, typer.Option(min=1, help="Trials at once.  [default: 1]")] = None,
    forever: Annotated[
        bool, typer.Option("--forever", help="Stay when the sweep is done: it may be retried or extended.")
    ] = False,
    gpus: Annotated[
        str,
        typer.Option(
            help="auto, none, or 0,1,…: split among the trials at once, each of which sees only its own. "
            "Auto where several run at once."
        ),
    ] = "",
    name: Annotated[str, typer.Option(help="To show in the list of agents.")] = "",
    project: Annotated[str, typer.Option("--project", "-p", help="Where SWEEP does not tell.")] = "",
    entity: Annotated[str, typer.Option("--entity", "-e", help="Where SWEEP does not tell.")] = "",
    grace: Annotated[
        float, typer.Option(min=0, help="Seconds that a trial has to end before it is killed.")
    ] = 30.0,
    lease: Annotated[
        float, typer.Option(min=5, help="Seconds of silence after which trials go to other agents.")
    ] = 60.0,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run whatever command somebody else's sweep names.")
    ] = False,
    engine: Annotated[
        str, typer.Option("--on", help="Not here but on a cluster: ray, slurm or kubernetes.")
    ] = "",
    write: Annotated[
        Path | None, typer.Option("--write", help="With slurm or kubernetes: where the job file goes.")
    ] = None,
    agents: Annotated[int, typer.Option("--agents", min=1, help="With --on: how many agents.")] = 1,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="With --on: NAME=VALUE of the engine, such as time=4:00:00 (repeatable)."),
    ] = None,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the trials of a sweep as processes, until it is done. Ctrl-C or SIGTERM gives back what runs."""
    with reported(as_json=as_json):
        from runstone.agents.command import CommandError
        from runstone.agents.folder import FolderError
        from runstone.agents.gpus import GpuError, slots
        from runstone.agents.loop import ProcessAgent
        from runstone.agents.opening import opened
        from runstone.agents.source import SourceAway, SweepGone

        try:
            places = [] if engine else slots(parallel, gpus)
            with opened(sweep, entity=entity, project=project, base_url=host, lease_seconds=lease) as source:
                if not trust:
                    _ask_about(source.sweep)
                if engine:
                    words = _words(count, parallel, forever, name, grace, lease)
                    agent_on.start(
                        engine,
                        sweep,
                        source.sweep,
                        words=words,
                        agents=agents,
                        gpus=gpus,
                        settings=settings or (),
                        write=write,
                        as_json=as_json,
                    )
                    return
                report = ProcessAgent(
                    source, places, count=count, forever=forever, name=name, grace_seconds=grace
                ).run()
        except (GpuError, CommandError, FolderError) as error:
            fail(f"runstone agent: {error}", USAGE)
        except SourceAway as error:
            fail(f"runstone agent: {error}", AWAY)
        except SweepGone as error:
            fail(f"runstone agent: {error}", NOT_FOUND)
    ended = ", ".join(f"{count} {state}" for state, count in sorted(report.ended.items()))
    if as_json:
        print_json({"ended": report.ended, "why": report.why, "untold": report.untold})
    note(f"runstone agent: ends, for {report.why}; {ended or 'no trials ended'}")
    if report.untold:
        note("runstone agent: not all of it could be told; trials whose end was not heard are tried again")
    raise SystemExit(128 + report.signal if report.signal else 1 if report.untold else 0)


def _words(
    count: int | None, parallel: int | None, forever: bool, name: str, grace: float, lease: float
) -> list[str]:
    """What each agent on a cluster is told. Whether to trust the sweep was asked here."""
    words = ["--trust", "--grace", f"{grace:g}", "--lease", f"{lease:g}"]
    words += ["--forever"] if forever else []
    for option, value in (("--count", count), ("--parallel", parallel), ("--name", name or None)):
        words += [] if value is None else [option, str(value)]
    return words


def _ask_about(sweep: SweepSpec) -> None:
    """Whether to run a command that somebody else wrote. Ends the program where it is not."""
    import shlex

    from runstone.agents.command import foreign

    words = foreign(sweep)
    if not words:
        return
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in shlex.join(words))
    note(f"Sweep {sweep.id} was made by {sweep.made_by}, and would run here, as you:\n  {shown}")
    if not (sys.stdin.isatty() and typer.confirm("Run it?", err=True)):
        fail("runstone agent: nothing was run. If you trust it, say --trust.", USAGE)
