"""`runstone deployments …`: what runs where, and what it predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from runstone.cli.asking import object_of, open_client
from runstone.cli.options import HostOption, JsonOption
from runstone.cli.output import USAGE, fail, print_json, print_table
from runstone.cli.query import when

if TYPE_CHECKING:
    from runstone.client.native import Client
    from runstone.client.registry_models import DeploymentRecord

deployments_app = typer.Typer(
    help="What runs where, and what it predicted.", no_args_is_help=True, rich_markup_mode=None
)

_Entity = Annotated[str, typer.Option("--entity", "-e", help="Whose; your own if not given.")]
_Metadata = Annotated[str, typer.Option(help="A JSON object.")]
_Version = Annotated[
    str, typer.Argument(help="[[ORG/]REGISTRY/]COLLECTION:ALIAS, or a version in a project.")
]


@deployments_app.command("record")
def record(
    site: Annotated[str, typer.Argument(help="Where it runs.")],
    version: _Version,
    name: Annotated[str, typer.Option(help="Of the deployment there.  [default: the artifact's]")] = "",
    entity: Annotated[
        str, typer.Option("--entity", "-e", help="Whose; of the registry or project if not given.")
    ] = "",
    metadata: _Metadata = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """A version runs at a site from now on; what ran there under that name has ended."""
    told = object_of(metadata, "runstone deployments record", "--metadata")
    with open_client(host, as_json=as_json) as client:
        import msgspec

        from runstone.client.deployed import deployed_version

        found = deployed_version(client, version)
        called = f"{found.collection_name}:{_alias(version, found.version)}"
        made = client.deployments.record(
            entity or found.entity,
            site=site,
            name=name or found.collection_name,
            artifact=f"{found.entity}/{found.project}/{called}",
            metadata=told,
        )
        if as_json:
            print_json(msgspec.to_builtins(made))
        else:
            place = f"{made.entity}/{made.site}/{made.name}"
            print(f"{place}: deployment {made.id}, {found.qualified_name}, {made.sha256}")


@deployments_app.command("ls")
def ls(
    site: Annotated[str, typer.Argument(help="Only there.")] = "",
    name: Annotated[str, typer.Option(help="Only of this name.")] = "",
    ended: Annotated[bool, typer.Option("--all", help="Also what has ended.")] = False,
    entity: _Entity = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """What runs, the newest first: site, version, digest, since when."""
    with open_client(host, as_json=as_json) as client:
        import msgspec

        found = list(client.deployments.find(entity, site=site, name=name, live=None if ended else True))
        named = {} if as_json else _names(client, found)
        if as_json:
            print_json([msgspec.to_builtins(one) for one in found])
            return
        print_table(
            ("id", "site", "name", "version", "sha256", "by", "from", "until"),
            [
                (
                    one.id,
                    one.site,
                    one.name,
                    named[one.version_id],
                    one.sha256[:12],
                    one.by,
                    when(one.started_at),
                    when(one.ended_at) if one.ended_at is not None else "",
                )
                for one in found
            ],
            empty="Nothing runs." if not ended else "Nothing ran.",
        )


@deployments_app.command("end")
def end(
    deployment: Annotated[int, typer.Argument(help="Its id, as `deployments ls` tells it.")],
    entity: _Entity = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """It does not run any more."""
    with open_client(host, as_json=as_json) as client:
        import msgspec

        ended = client.deployments.end(entity, deployment)
        if as_json:
            print_json(msgspec.to_builtins(ended))
        else:
            print(f"{ended.entity}/{ended.site}/{ended.name}: ended {when(ended.ended_at)}")


@deployments_app.command("diff")
def diff(
    site: Annotated[str, typer.Argument(help="A site.")],
    other: Annotated[str, typer.Argument(help="Another.")],
    entity: _Entity = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """What runs at two sites: by name, version and digest, and whether it is the same content."""
    with open_client(host, as_json=as_json) as client:
        import msgspec

        found = client.deployments.difference(entity, site, other)
        records = [one for pair in found for one in (pair.one, pair.other) if one is not None]
        named = {} if as_json else _names(client, records)
        if as_json:
            print_json(
                [
                    {
                        "name": pair.name,
                        "same": pair.same,
                        **msgspec.to_builtins({site: pair.one, other: pair.other}),
                    }
                    for pair in found
                ]
            )
            return

        def told(one: DeploymentRecord | None) -> str:
            return f"{named[one.version_id]} {one.sha256[:12]}" if one is not None else ""

        print_table(
            ("name", site, other, "content"),
            [
                (pair.name, told(pair.one), told(pair.other), "the same" if pair.same else "DIFFERS")
                for pair in found
            ],
            empty=f"Nothing runs at {site} or {other}.",
        )


@deployments_app.command("predicted")
def predicted(
    prediction: Annotated[str, typer.Argument(help="The id by which it is known to whoever asked for it.")],
    deployment: Annotated[int | None, typer.Option(help="The deployment that made it.")] = None,
    version: Annotated[str, typer.Option(help="Else the version that did.")] = "",
    metadata: _Metadata = "",
    entity: _Entity = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note a prediction, so that `runstone trace-back` leads from it to what the model was trained on."""
    if (deployment is None) == (not version):
        fail("runstone deployments predicted: say --deployment, or --version.", USAGE)
    told = object_of(metadata, "runstone deployments predicted", "--metadata")
    with open_client(host, as_json=as_json) as client:
        import msgspec

        from runstone.client.deployed import deployed_version

        made = client.deployments.add_prediction(
            entity,
            prediction,
            deployment=deployment,
            version=deployed_version(client, version).record.id if version else None,
            metadata=told,
        )
        if as_json:
            print_json(msgspec.to_builtins(made))
        else:
            print(f"{made.entity}/{made.id}")


def _alias(given: str, number: str) -> str:
    """By which alias it was named: kept with the deployment."""
    alias = given.rpartition("/")[2].partition(":")[2]
    return alias or number


def _names(client: Client, found: list[DeploymentRecord]) -> dict[int, str]:
    """What their versions are called where they were made; "@ID" of those that one may not see."""
    from runstone.client.errors import NotAllowed, NotFound

    names: dict[int, str] = {}
    for one in found:
        if one.version_id not in names:
            try:
                names[one.version_id] = client.artifacts.get("", "", f"@{one.version_id}").source
            except (NotFound, NotAllowed):
                names[one.version_id] = f"@{one.version_id}"
    return names
