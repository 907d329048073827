"""`runstone sweep create`: check a sweep file, see what it would try, make the sweep."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runstone.cli.options import HostOption, JsonOption
from runstone.cli.output import USAGE, fail, print_json, print_table, reported
from runstone.cli.sweep_file import (
    EntityOption,
    FileArgument,
    NameOption,
    ProjectOption,
    checked,
    made,
    place_of,
    read_file,
)
from runstone.cli.sweep_named import short

if TYPE_CHECKING:
    from runstone.search.config import SweepConfig


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
    from runstone.agents.folder import FolderError, create_folder
    from runstone.agents.folder.desk import FolderDesk

    owner, wanted = place_of(given, project, entity)
    try:
        sweep = create_folder(
            {**given, "name": name} if name else given,
            folder,
            text=file.read_text("utf-8"),
            project=wanted,
            entity=owner,
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
