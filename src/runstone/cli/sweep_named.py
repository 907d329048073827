"""The sweep that a person named, at a server or in a directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runstone.cli.output import AWAY, USAGE, fail, reported

if TYPE_CHECKING:
    from runstone.agents.folder.desk import FolderDesk
    from runstone.client.sweeps import Sweep


SweepArgument = Annotated[
    str,
    typer.Argument(
        metavar="SWEEP", help="ID, PROJECT/ID, ENTITY/PROJECT/ID, its page's address, or a directory."
    ),
]


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


def short(value: Any) -> Any:
    """A parameter's value for a table."""
    text = value if isinstance(value, (int, float)) or value is None else str(value)
    return text if not isinstance(text, str) or len(text) <= 60 else text[:57] + "..."
