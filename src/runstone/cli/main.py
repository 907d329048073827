"""The command line: one small module per group of commands, each a thin layer over client,
uplink or server. A command imports what it needs when it runs, so that `runstone --help` is quick.
"""

from __future__ import annotations

import typer

from runstone.cli import serve

app = typer.Typer(
    name="runstone",
    help="Runstone: the open system of record for machine-learning experiments.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("server")(serve.server)


@app.command("version")
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    print(installed("runstone"))


def main() -> None:
    app()
