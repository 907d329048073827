"""`runstone sweep …`: make a sweep, see it, and turn it on and off. What came of it is in
`sweep_results`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from runstone.cli.options import HostOption, JsonOption
from runstone.cli.output import AWAY, USAGE, fail, print_json, print_table, reported
from runstone.cli.query import when

if TYPE_CHECKING:
    from runstone.agents.folder.desk import FolderDesk
    from runstone.client.sweep_models import SweepRecord
    from runstone.client.sweeps import Sweep
    from runstone.search.config import SweepConfig

sweep_app = typer.Typer(help="Sweeps: searches over parameters.", no_args_is_help=True, rich_markup_mode=None)

SweepArgument = Annotated[
    str,
    typer.Argument(
        metavar="SWEEP", help="ID, PROJECT/ID, ENTITY/PROJECT/ID, its page's address, or a directory."
    ),
]
NameOption = Annotated[str, typer.Option(help="To show instead of the file's.")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The sweep file (YAML or JSON).")]
ProjectOption = Annotated[str, typer.Option("--project", "-p", help="Else the file's, or RUNSTONE_PROJECT.")]
EntityOption = Annotated[str, typer.Option("--entity", "-e", help="Else the file's, or your default.")]


@sweep_app.command("create")
def create(
    file: FileArgument,
    project: ProjectOption = "",
    entity: EntityOption = "",
    name: NameOption = "",
    preview: Annotated[
        int | None,
        typer.Option("--preview", min=0, max=1000, help="Show the first N trials, and make nothing."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Keep the sweep in this directory, which agents share; no server."),
    ] = None,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a sweep file, every key, and make the sweep of it. Agents then run it: `runstone agent`."""
    with reported(as_json=as_json):
        given = read_file(file, as_json=as_json)
        config = checked(given, file, as_json=as_json)
        if preview is not None:
            _preview(config, preview, as_json=as_json)
            return
        if folder is not None:
            _make_in_folder(given, folder, file, project, entity, name, as_json=as_json)
            return
        with made(given, project, entity, name, host) as sweep:
            if as_json:
                print_json(sweep.read())
                return
            print(sweep.path)
            typer.echo(f"{sweep.url}\nRun it with: runstone agent {sweep.path}", err=True)


def _make_in_folder(
    given: Mapping[str, Any],
    folder: Path,
    file: Path,
    project: str,
    entity: str,
    name: str,
    *,
    as_json: bool,
) -> None:
    import os

    from runstone.agents.folder import FolderError, create_folder
    from runstone.agents.folder.desk import FolderDesk

    env = os.environ
    wanted = project or given.get("project") or env.get("RUNSTONE_PROJECT") or env.get("WANDB_PROJECT")
    owner = entity or given.get("entity") or env.get("RUNSTONE_ENTITY") or env.get("WANDB_ENTITY")
    try:
        sweep = create_folder(
            {**given, "name": name} if name else given,
            folder,
            text=file.read_text("utf-8"),
            project=str(wanted or "uncategorized"),
            entity=str(owner or ""),
        )
    except FolderError as error:
        fail(f"runstone sweep: {error}", USAGE)
    if as_json:
        print_json(FolderDesk(sweep).read())
        return
    print(sweep.root)
    typer.echo(
        f"Run it on each host with: runstone agent {sweep.root}\n"
        f"Bring it to a server later with: runstone sync {sweep.root}",
        err=True,
    )


def _preview(config: SweepConfig, count: int, *, as_json: bool) -> None:
    from runstone.search.search import Search
    from runstone.search.space import NoCombination

    try:
        proposals = Search(config).preview(count)
    except (NoCombination, ImportError) as error:
        fail(f"runstone sweep: {error}")
    expected = config.trials_expected
    if as_json:
        print_json(
            {
                "method": config.method,
                "sampler": config.sampler,
                "expected": expected,
                "proposals": [
                    {
                        "number": number,
                        "params": one.params,
                        "arguments": config.space.arguments(one.params),
                        "reason": one.reason,
                    }
                    for number, one in enumerate(proposals)
                ],
            }
        )
        return
    names = list(dict.fromkeys(name for one in proposals for name in one.params))
    print_table(
        ("trial", *names, "why"),
        [
            (number, *(short(one.params.get(name)) for name in names), one.reason)
            for number, one in enumerate(proposals)
        ],
        empty="No trials.",
    )
    ends = "trials without end" if expected is None else f"{expected} trials in all"
    typer.echo(f"{ends}, by {config.sampler}; nothing was made", err=True)


@sweep_app.command("list")
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


@sweep_app.command("show")
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


@sweep_app.command("pause")
def pause(name: SweepArgument, host: HostOption = None, as_json: JsonOption = False) -> None:
    """Hand out nothing more for now; what runs goes on."""
    _set_state(name, "paused", host, as_json)


@sweep_app.command("resume")
def resume(name: SweepArgument, host: HostOption = None, as_json: JsonOption = False) -> None:
    """Go on after a pause."""
    _set_state(name, "running", host, as_json)


@sweep_app.command("stop")
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


@sweep_app.command("cancel")
def cancel(name: SweepArgument, host: HostOption = None, as_json: JsonOption = False) -> None:
    """End the sweep, and what runs of it."""
    _set_state(name, "cancelled", host, as_json)


@sweep_app.command("retry")
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


# -- for the commands of a sweep in other modules too


@contextmanager
def sweep_named(name: str, host: str | None, *, as_json: bool) -> Iterator[Sweep | FolderDesk]:
    """The sweep that a person named, and its connection while the block lasts. Errors become a line
    of words and an exit status."""
    from runstone.agents.folder import is_folder

    if "://" not in name and is_folder(name):
        with _in_folder(name) as desk:
            yield desk
        return
    with reported(as_json=as_json):
        from runstone.client.native import Client
        from runstone.client.sweep_names import find_sweep, parse_sweep_name

        parsed = parse_sweep_name(name)
        with Client(host or parsed.base_url or None) as client:
            yield find_sweep(client, parsed)


@contextmanager
def _in_folder(name: str) -> Iterator[FolderDesk]:
    from runstone.agents.folder import FolderError, open_folder
    from runstone.agents.folder.desk import FolderDesk
    from runstone.agents.source import SourceAway

    try:
        yield FolderDesk(open_folder(name))
    except FolderError as error:
        fail(f"runstone sweep: {error}", USAGE)
    except SourceAway as error:
        fail(f"runstone sweep: {error}", AWAY)


@contextmanager
def made(given: Mapping[str, Any], project: str, entity: str, name: str, host: str | None) -> Iterator[Sweep]:
    """A new sweep of a checked file, where arguments, the file or the environment say."""
    import os

    from runstone.client.native import Client
    from runstone.client.sweeps import Sweep

    env = os.environ
    wanted = project or given.get("project") or env.get("RUNSTONE_PROJECT") or env.get("WANDB_PROJECT")
    owner = entity or given.get("entity") or env.get("RUNSTONE_ENTITY") or env.get("WANDB_ENTITY")
    with Client(host) as client:
        yield Sweep.create(
            str(wanted or "uncategorized"), given, entity=str(owner or "-"), name=name, client=client
        )


def read_file(path: Path, *, as_json: bool = False) -> dict[str, Any]:
    """The map that a sweep file holds. Ends the program where it holds none."""
    import yaml

    try:
        with path.open("rb") as file:
            given = yaml.safe_load(file)
    except OSError as error:
        _refuse(f"{path} cannot be read: {error.strerror or error}.", [], as_json)
    except yaml.YAMLError as error:
        _refuse(f"{path} is no YAML: {error}", [], as_json)
    if not isinstance(given, dict):
        _refuse(f"{path} holds no map of keys. `docs/sweeps.md` shows a sweep file.", [], as_json)
    return given


def checked(given: Mapping[str, Any], path: Path, *, as_json: bool = False) -> SweepConfig:
    """The configuration, with no key in it that means nothing. Ends the program, naming every problem."""
    from runstone.search.config_reading import parse
    from runstone.search.problems import ConfigError

    try:
        return parse(given)
    except ConfigError as error:
        problems = [{"path": one.path, "message": one.message} for one in error.problems]
        lines = "".join(f"\n  {one}" for one in error.problems)
        _refuse(f"{path} cannot be run; nothing was made.{lines}", problems, as_json)


def short(value: Any) -> Any:
    """A parameter's value for a table."""
    text = value if isinstance(value, (int, float)) or value is None else str(value)
    return text if not isinstance(text, str) or len(text) <= 60 else text[:57] + "..."


def _refuse(message: str, problems: list[dict[str, str]], as_json: bool) -> NoReturn:
    if as_json:
        print_json({"error": {"code": "invalid", "message": message, "problems": problems}})
        raise SystemExit(USAGE)
    fail(f"runstone sweep: {message}", USAGE)


def _done(record: SweepRecord) -> str:
    """Ended of expected."""
    ended = sum(count for state, count in record["trials"].items() if state not in ("queued", "running"))
    return f"{ended}/{record['expected']}" if record["expected"] is not None else str(ended)
