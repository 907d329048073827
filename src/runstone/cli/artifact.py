"""`runstone artifact …`: the group, and its commands in the order that help lists them."""

from __future__ import annotations

import typer

from runstone.cli import artifact_change, artifact_show, artifact_transfer

artifact_app = typer.Typer(
    help="Versions of datasets, models, files.", no_args_is_help=True, rich_markup_mode=None
)
artifact_app.command("put")(artifact_transfer.put)
artifact_app.command("get")(artifact_transfer.get)
artifact_app.command("ls")(artifact_show.ls)
artifact_app.command("show")(artifact_show.show)
artifact_app.command("verify")(artifact_transfer.verify)
artifact_app.command("diff")(artifact_show.diff)
artifact_app.command("rm")(artifact_change.rm)
artifact_app.command("restore")(artifact_change.restore)
artifact_app.command("alias")(artifact_change.alias)
artifact_app.command("tag")(artifact_change.tag)
