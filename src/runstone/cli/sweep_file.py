"""A sweep file that a person named: read, checked, and a sweep made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from runstone.cli.output import USAGE, fail, print_json

if TYPE_CHECKING:
    from runstone.client.sweeps import Sweep
    from runstone.search.config import SweepConfig


NameOption = Annotated[str, typer.Option(help="To show instead of the file's.")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The sweep file (YAML or JSON).")]
ProjectOption = Annotated[str, typer.Option("--project", "-p", help="Else the file's, or RUNSTONE_PROJECT.")]
EntityOption = Annotated[str, typer.Option("--entity", "-e", help="Else the file's, or your default.")]


@contextmanager
def made(given: Mapping[str, Any], project: str, entity: str, name: str, host: str | None) -> Iterator[Sweep]:
    """A new sweep of a checked file, where arguments, the file or the environment say."""
    from runstone.client.native import Client
    from runstone.client.sweeps import Sweep

    owner, wanted = place_of(given, project, entity)
    with Client(host) as client:
        yield Sweep.create(wanted, given, entity=owner or "-", name=name, client=client)


def place_of(given: Mapping[str, Any], project: str, entity: str) -> tuple[str, str]:
    """(entity, project) that arguments, the file or the environment say, in this order; entity "" where
    none does."""
    import os

    env = os.environ
    wanted = project or given.get("project") or env.get("RUNSTONE_PROJECT") or env.get("WANDB_PROJECT")
    owner = entity or given.get("entity") or env.get("RUNSTONE_ENTITY") or env.get("WANDB_ENTITY")
    return str(owner or ""), str(wanted or "uncategorized")


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


def _refuse(message: str, problems: list[dict[str, str]], as_json: bool) -> NoReturn:
    if as_json:
        print_json({"error": {"code": "invalid", "message": message, "problems": problems}})
        raise SystemExit(USAGE)
    fail(f"runstone sweep: {message}", USAGE)
