"""What a version is called, and whether it is kept: `runstone artifact rm`, `restore`, `alias` and `tag`."""

from __future__ import annotations

from typing import Annotated

import typer

from runstone.cli.artifact_output import print_version
from runstone.cli.asking import open_api, open_client
from runstone.cli.options import HostOption, JsonOption, VersionName, WaitOption
from runstone.cli.output import USAGE, fail, note, print_json

_Reason = Annotated[str, typer.Option(help="Why, for the log.")]


def rm(
    name: VersionName,
    aliases: Annotated[bool, typer.Option("--aliases", help="Although aliases point to it.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="The whole artifact, all versions.")] = False,
    reason: _Reason = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a version in the trash, where it stays restorable for 30 days (`artifact restore`)."""
    with open_api(host, as_json=as_json) as api:
        from runstone.client.artifact_names import artifact_path

        if everything:
            entity, project, full = artifact_path(name)
            api.client.artifacts.delete_collection(entity, project, full.rpartition(":")[0])
            gone = {"name": name, "all": True}
        else:
            version = api.artifact(name)
            version.delete(delete_aliases=aliases, reason=reason)
            gone = {"name": version.qualified_name, "id": version.record.id}
        if as_json:
            print_json(gone)
        elif everything:
            note(f"{name}: to the trash, with its versions. Back with `runstone artifact restore {name}`.")
        else:
            note(f"{gone['name']}: to the trash. Back with `runstone artifact restore @{gone['id']}`.")


def restore(
    name: Annotated[
        str,
        typer.Argument(
            help="A version: @ID, as `artifact rm` said. A whole artifact: [ENTITY/]PROJECT/NAME."
        ),
    ] = "",
    deletion: Annotated[
        int | None, typer.Option("--deletion", min=1, help="All that this deletion by query took.")
    ] = None,
    number: Annotated[
        int | None, typer.Option("--id", min=1, help="Which, where several of a name are in the trash.")
    ] = None,
    new_name: Annotated[str, typer.Option("--as", help="Its name from now on, if another has it.")] = "",
    wait: WaitOption = True,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring back from the trash: a version, a whole artifact, or all that a deletion by query took."""
    if bool(name) == (deletion is not None):
        fail("runstone artifact restore: name a version, an artifact, or a --deletion.", USAGE)
    if (number or new_name) and (deletion or "/" not in name):
        fail("runstone artifact restore: --id and --as go with PROJECT/NAME, a whole artifact.", USAGE)
    with open_client(host, as_json=as_json) as client:
        import msgspec

        from runstone.cli.deletion_output import follow
        from runstone.client.artifact_names import artifact_path
        from runstone.client.artifacts import ArtifactVersion
        from runstone.client.errors import Conflict

        if deletion is not None:
            begun = client.retention.find_deletion(deletion)
            place = (begun.entity, begun.project)
            follow(client, place, client.retention.undo(*place, deletion), wait=wait, as_json=as_json)
        elif "/" in name:
            if ":" in name:
                fail(
                    f"runstone artifact restore: {name!r} is a version's name; in the trash it has none. "
                    "Write @ID (`runstone artifact ls --trash` tells it).",
                    USAGE,
                )
            entity, project, full = artifact_path(name)
            try:
                back = client.artifacts.restore_collection(
                    entity, project, id=number or 0, name=full.rpartition(":")[0], new_name=new_name
                )
            except Conflict:
                if not as_json:
                    note("--as NAME restores it under another name; --id N says which of several.")
                raise
            if as_json:
                print_json(msgspec.to_builtins(back))
            else:
                print(f"{back.entity}/{back.project}/{back.name}: {back.version_count} versions are back.")
        elif name.lstrip("@").isdecimal():
            version = ArtifactVersion(client, client.artifacts.restore("", "", name.lstrip("@")))
            print_version(version, as_json)
        else:
            fail(
                f"runstone artifact restore: {name!r} is neither an id (@ and the number) nor PROJECT/NAME.",
                USAGE,
            )


def alias(
    name: VersionName,
    add: Annotated[list[str] | None, typer.Option("--add", help="Move it here (repeatable).")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="Take it off (repeatable).")] = None,
    reason: _Reason = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move aliases to a version, or take them off it; all at once."""
    with open_api(host, as_json=as_json) as api:
        from runstone.client.artifacts import ArtifactVersion

        version = api.artifact(name)
        record = api.client.artifacts.move_aliases(
            version.entity,
            version.project,
            f"{version.collection_name}:{version.version}",
            add=add or [],
            remove=remove or [],
            reason=reason,
        )
        print_version(ArtifactVersion(api.client, record), as_json)


def tag(
    name: VersionName,
    add: Annotated[list[str] | None, typer.Option("--add", help="Repeatable.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="Repeatable.")] = None,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add tags to a version, or take them off it."""
    with open_api(host, as_json=as_json) as api:
        version = api.artifact(name)
        version.tags = [*dict.fromkeys([*version.tags, *(add or [])])]
        version.tags = [tag for tag in version.tags if tag not in (remove or [])]
        version.save()
        print_version(version, as_json)
