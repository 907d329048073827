"""`runstone registry …`, `audit …`: what is in use, who moved it there and why."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from runstone.cli.artifact_output import print_version
from runstone.cli.asking import open_api, open_client
from runstone.cli.options import HostOption, JsonOption
from runstone.cli.output import LEFT, USAGE, fail, note, print_json, print_table
from runstone.cli.query import when

registry_app = typer.Typer(
    help="Registries: versions in use, and how they came there.", no_args_is_help=True, rich_markup_mode=None
)
audit_app = typer.Typer(help="The audit log.", no_args_is_help=True, rich_markup_mode=None)

Collection = Annotated[str, typer.Argument(help="[ORGANISATION/]REGISTRY/COLLECTION.")]
Version = Annotated[str, typer.Argument(help="v3, an alias, or the beginning of a digest.")]
KeptReason = Annotated[str, typer.Option("--reason", "-r", help="Why; it is kept.")]
Force = Annotated[bool, typer.Option("--force", help="A model without a traceable past too.")]
Evidence = Annotated[
    list[str] | None,
    typer.Option("--evidence", help="NAME=VALUE that speaks for it, kept too (repeatable)."),
]
_Organization = Annotated[str, typer.Option("--organization", help="If you belong to several.")]
_Reason = Annotated[str, typer.Option("--reason", "-r", help="Why, for the log.")]


@registry_app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="The registry.")],
    organization: _Organization = "",
    description: Annotated[str, typer.Option("--description", "-d")] = "",
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Only artifacts of this type (repeatable).")
    ] = None,
    protected: Annotated[
        list[str] | None,
        typer.Option("--protect", help="A protected alias (repeatable).  [default: production]"),
    ] = None,
    approvals: Annotated[
        int, typer.Option(min=0, help="How many must approve before a protected alias moves.")
    ] = 0,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a registry in an organisation."""
    with open_client(host, as_json=as_json) as client:
        import msgspec

        made = client.registries.create(
            organization,
            name,
            description=description,
            artifact_types=types,
            protected_aliases=protected,
            approvals_needed=approvals,
        )
        if as_json:
            print_json(msgspec.to_builtins(made))
        else:
            print(f"{made.organization}/{made.name}")


@registry_app.command("organization")
def organization(
    name: Annotated[str, typer.Argument(help="The organisation.")],
    owner: Annotated[str, typer.Option(help="Its first admin; you, if not given.")] = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an organisation for registries to belong to. For admins of the server; it may be there already."""
    with open_client(host, as_json=as_json) as client:
        made = client.registries.create_organization(name, owner=owner)
    if as_json:
        print_json({"name": made})
    else:
        print(made)


@registry_app.command("ls")
def ls(
    name: Annotated[str, typer.Argument(help="[ORGANISATION/]REGISTRY for its collections.")] = "",
    organization: _Organization = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """List registries, or the collections of one with what their aliases point to."""
    with open_client(host, as_json=as_json) as client:
        import msgspec

        from runstone.client.artifact_collections import ArtifactCollection

        if not name:
            found = client.registries.list(organization)
            if as_json:
                print_json([msgspec.to_builtins(item) for item in found])
                return
            print_table(
                ("registry", "organisation", "types", "protected", "approvals"),
                [
                    (
                        item.name,
                        item.organization,
                        " ".join(item.artifact_types) or "any",
                        " ".join(item.protected_aliases),
                        item.approvals_needed,
                    )
                    for item in found
                ],
                empty="No registries.",
            )
            return
        at = client.registries.in_registry(f"{name}/-")
        rows, described = [], []
        for record in client.artifacts.collections(at.entity, at.project):
            versions = list(islice(ArtifactCollection(client, record).versions(), 1000))
            points = {alias: version for version in versions for alias in version.aliases}
            described.append(
                {
                    **msgspec.to_builtins(record),
                    "aliases": {alias: version.version for alias, version in points.items()},
                }
            )
            shown = " ".join(f"{alias}={version.version}" for alias, version in sorted(points.items()))
            rows.append((record.name, record.type, record.version_count, shown))
        if as_json:
            print_json(described)
        else:
            print_table(("collection", "type", "versions", "aliases"), rows, empty="No collections.")


@registry_app.command("link")
def link(
    version: Annotated[str, typer.Argument(help="[[ENTITY/]PROJECT/]NAME:VERSION, or @ID.")],
    collection: Collection,
    aliases: Annotated[list[str] | None, typer.Option("--alias", "-a", help="Repeatable.")] = None,
    reason: _Reason = "",
    allow_unlinked: Annotated[
        str,
        typer.Option("--allow-unlinked", help="Why a model whose run names no input dataset may go in."),
    ] = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Link a version into a registry. A model must come from a run that names its dataset."""
    with open_api(host, as_json=as_json) as api:
        from runstone.client.artifacts import ArtifactVersion

        source = api.artifact(version)
        at = api.client.registries.in_registry(collection)
        record = api.client.artifacts.link(
            source.entity,
            source.project,
            f"@{source.id}",
            at,
            aliases=aliases or [],
            reason=allow_unlinked or reason,
            force=bool(allow_unlinked),
        )
        print_version(ArtifactVersion(api.client, record), as_json)


@registry_app.command("promote")
def promote(
    collection: Collection,
    version: Version,
    alias: Annotated[str, typer.Argument(help="The alias that is to point to it.")],
    reason: KeptReason,
    force: Force = False,
    evidence: Evidence = None,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Point an alias to a version, with a reason; in one step that is logged."""
    given = dict(evidence_of("promote", text) for text in evidence or ())
    with open_client(host, as_json=as_json) as client:
        from runstone.client.artifacts import ArtifactVersion

        at = client.registries.in_registry(collection)
        record = client.registries.promote(at, version, alias, reason=reason, force=force, evidence=given)
        print_version(ArtifactVersion(client, record), as_json)


def evidence_of(command: str, text: str) -> tuple[str, Any]:
    """`accuracy=0.97`, `run=project/abc`: the value is JSON where it can be read so, and text else."""
    import json

    name, equals, value = text.partition("=")
    if not name or not equals:
        fail(f"runstone registry {command}: --evidence takes NAME=VALUE, met {text[:100]!r}.", USAGE)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


@registry_app.command("rollback")
def rollback(
    collection: Collection,
    alias: Annotated[str, typer.Argument(help="The alias.")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; it is kept.")],
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Point an alias to the version it pointed to before; again goes one further back."""
    with open_client(host, as_json=as_json) as client:
        from runstone.client.artifacts import ArtifactVersion

        at = client.registries.in_registry(collection)
        record = client.registries.rollback(at, alias, reason=reason)
        print_version(ArtifactVersion(client, record), as_json)


@registry_app.command("log")
def log(
    collection: Collection,
    alias: Annotated[str, typer.Option(help="Only this alias.")] = "",
    limit: Annotated[int, typer.Option(min=1)] = 100,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """What was where when, by whom and why: the newest first."""
    with open_client(host, as_json=as_json) as client:
        import msgspec

        at = client.registries.in_registry(collection)
        moves = list(islice(client.registries.log(at, alias=alias, limit=min(limit, 1000)), limit))
        if as_json:
            print_json([msgspec.to_builtins(move) for move in moves])
            return
        print_table(
            ("when", "alias", "act", "from", "to", "by", "reason"),
            [(when(m.at), m.alias, m.act, m.from_version, m.to_version, m.by, m.reason) for m in moves],
            empty="Nothing was moved.",
        )


@registry_app.command("compare")
def compare(
    candidate: Annotated[str, typer.Argument(help="A version.")],
    baseline: Annotated[str, typer.Argument(help="The same; mostly an alias: models/net:production.")],
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """A version against a baseline: metrics of their runs, config, metadata, files.

    Each is [[ORG/]REGISTRY/]COLLECTION:ALIAS of a registry, or [[ENTITY/]PROJECT/]NAME:VERSION.
    """
    with open_api(host, as_json=as_json) as api:
        import msgspec

        from runstone.client.deployed import deployed_version

        one, other = (deployed_version(api.client, name) for name in (candidate, baseline))
        found = api.client.registries.compare(
            one.entity,
            one.project,
            f"{one.collection_name}:{one.version}",
            f"{other.entity}/{other.project}/{other.collection_name}:{other.version}",
        )
        if as_json:
            print_json(msgspec.to_builtins(found))
            return
        print_table(
            ("metric", "candidate", "baseline", "delta"),
            [(m.name, m.candidate, m.baseline, m.delta) for m in found.metrics],
            empty="No metrics to compare.",
        )
        for title, rows in (("config", found.config), ("metadata", found.metadata)):
            if rows:
                print()
                listed = [(row.name, row.candidate, row.baseline) for row in rows]
                print_table((title, "candidate", "baseline"), listed, empty="")
        print()
        counts = ", ".join(f"{count} {name}" for name, count in found.files.items())
        print("Files: the same content." if found.same_content else f"Files: {counts}.")


@audit_app.command("verify")
def audit_verify(
    head: Annotated[str, typer.Option(help="A hash told earlier, to be found in the chain.")] = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Walk the chain: was a row edited, removed, moved or cut off? The status is 1 if so."""
    with open_client(host, as_json=as_json) as client:
        import msgspec

        found = client.registries.verify_audit(head)
        if as_json:
            print_json(msgspec.to_builtins(found))
        elif found.ok:
            print(f"{found.rows} rows, unbroken. Head: {found.head}")
        else:
            print(f"BROKEN at row {found.seq}: {found.problem}")
        if not found.ok:
            raise SystemExit(LEFT)


@audit_app.command("export")
def audit_export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; else standard output.")
    ] = None,
    entity: Annotated[str, typer.Option(help="Only this user's, team's or organisation's.")] = "",
    host: HostOption = None,
) -> None:
    """The whole log as JSON lines, the oldest first."""
    with open_client(host) as client:
        if output is None:
            for part in client.registries.export_audit(entity):
                sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
            return
        with output.open("wb") as file:
            for part in client.registries.export_audit(entity):
                file.write(part)
        note(f"{output}: {output.stat().st_size} bytes")
