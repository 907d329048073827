"""Options and arguments that many commands take, each worded once."""

from __future__ import annotations

from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
HostOption = Annotated[str | None, typer.Option(help="Another server than the usual one.")]
VersionName = Annotated[str, typer.Argument(help="[[ENTITY/]PROJECT/]NAME[:VERSION or ALIAS], or @ID.")]
WaitOption = Annotated[bool, typer.Option("--wait/--no-wait", help="Until it is done.")]
