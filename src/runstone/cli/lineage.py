"""`runstone lineage`, `trace-back`, `impact`, `du`, `gc`: where things are from, what came of them,
and what they take up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from runstone.cli.asking import open_api, open_client
from runstone.cli.options import HostOption, JsonOption, VersionName
from runstone.cli.output import USAGE, fail, note, print_json, print_table

if TYPE_CHECKING:
    from runstone.client.lineage_models import EntityUse, LineageGraph, LineageNode, PredictionTrace

_DIRECTIONS = ("up", "down", "both")


def lineage(
    name: Annotated[
        str, typer.Argument(help="[[ENTITY/]PROJECT/]NAME:VERSION, @ID, or with --run [ENTITY/]PROJECT/RUN.")
    ],
    direction: Annotated[str, typer.Option(help="up, down, or both.")] = "both",
    depth: Annotated[int, typer.Option(min=0, help="Steps.")] = 5,
    limit: Annotated[int, typer.Option(min=1, help="At most so many nodes.")] = 1000,
    run: Annotated[bool, typer.Option("--run", help="The name is a run's.")] = False,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a version or run was made from, and what was made of it. What you may not see is locked."""
    if direction not in _DIRECTIONS:
        fail(f"runstone lineage: --direction is one of {', '.join(_DIRECTIONS)}.", USAGE)
    with open_client(host, as_json=as_json) as client:
        import msgspec

        from runstone.client.api import run_path
        from runstone.client.artifact_names import artifact_path

        calls = client.lineage
        if run:
            graph = calls.of_run(*run_path(name), direction=direction, depth=depth, limit=limit)
        else:
            graph = calls.of_artifact(*artifact_path(name), direction=direction, depth=depth, limit=limit)
        if as_json:
            print_json(msgspec.to_builtins(graph))
        else:
            _show(graph)


def trace_back(
    prediction: Annotated[str, typer.Argument(help="[ENTITY/]PREDICTION, by its id.")],
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """A prediction back to the model version, the run that trained it, its commit and its data."""
    with open_client(host, as_json=as_json) as client:
        import msgspec

        entity, _, name = prediction.rpartition("/")
        found = client.lineage.trace_back(entity, name)
        if as_json:
            print_json(msgspec.to_builtins(found))
            return
        facts = [
            ("prediction", found.prediction.get("id")),
            ("model", found.artifact.source),
            ("model sha256", found.artifact.sha256),
            ("trained by", found.run or _maker(found)),
            ("a trial of", found.sweep),
            ("commit", found.commit),
        ]
        print_table(("field", "value"), facts, empty="")
        print()
        print_table(("input", "sha256"), [(_named(n), n.sha256) for n in found.inputs], empty="No inputs.")


def _maker(found: PredictionTrace) -> str:
    """Of a run that may not be seen: that there is one."""
    locked = {node.key for node in found.graph.nodes if node.locked}
    target = f"artifact:{found.artifact.id}"
    made = any(e.kind == "made" and e.target == target and e.source in locked for e in found.graph.edges)
    return "(locked)" if made else ""


def impact(
    name: VersionName,
    row: Annotated[str, typer.Option(help="A row of the dataset: all versions that hold it.")] = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every version, run, model and deployment that came of a version, or of one of its rows."""
    with open_api(host, as_json=as_json) as api:
        import msgspec

        from runstone.client.artifact_names import artifact_path

        found = api.client.lineage.impact(*artifact_path(name), row=row)
        if as_json:
            print_json(msgspec.to_builtins(found))
            return
        if row:
            words = "hold" if found.certain else "may hold"
            note(f"{len(found.versions)} versions {words} the row.")
        _show(found.graph)


def du(
    project: Annotated[
        str, typer.Argument(help="[ENTITY/]PROJECT, or ENTITY/ for all projects of one; yours if left out.")
    ] = "",
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the artifacts of a project, or of each project of an entity, take up; counted now: exact."""
    with open_client(host, as_json=as_json) as client:
        if not project or project.endswith("/"):
            _du_of_entity(client.lineage.storage_of_entity(project.strip("/")), as_json=as_json)
            return
        import msgspec

        from runstone.client.api import project_path

        found = client.lineage.storage(*project_path(project))
        if as_json:
            print_json(msgspec.to_builtins(found))
            return
        print_table(
            ("artifact", "type", "versions", "bytes in full", "stored", "held alone", "in the trash"),
            [
                (
                    f"{item.name} (deleted)" if item.deleted else item.name,
                    item.type,
                    item.versions,
                    item.logical_bytes,
                    item.stored_bytes,
                    item.alone_bytes,
                    item.trash_versions,
                )
                for item in found.collections
            ],
            empty="No artifacts.",
        )
        print()
        print(f"{found.versions} versions of {found.logical_bytes} bytes, kept in {found.stored_bytes}.")
        print(f"The trash: {found.trash_versions} versions that hold {found.trash_bytes} bytes alone.")


def _du_of_entity(found: EntityUse, *, as_json: bool) -> None:
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(found))
        return
    print_table(
        ("project", "versions", "bytes in full", "stored", "held alone", "in the trash"),
        [
            (
                item.name,
                item.versions,
                item.logical_bytes,
                item.stored_bytes,
                item.alone_bytes,
                item.trash_versions,
            )
            for item in found.projects
        ],
        empty="No artifacts.",
    )
    print()
    print(f"{found.versions} versions of {found.logical_bytes} bytes, kept in {found.stored_bytes}.")


def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    spared_seconds: Annotated[
        float | None, typer.Option(min=0, help="What came since stays.  [default: a day]")
    ] = None,
    trash_seconds: Annotated[
        float | None, typer.Option(min=0, help="How long the trash is kept.  [default: 30 days]")
    ] = None,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give back what nothing refers to, on the whole server (for its admins)."""
    with open_client(host, as_json=as_json) as client:
        import msgspec

        found = client.lineage.collect(
            dry_run=dry_run, spared_seconds=spared_seconds, trash_seconds=trash_seconds
        )
        if as_json:
            print_json(msgspec.to_builtins(found))
            return
        if dry_run:
            rows = [(item.get("sha256"), item.get("size")) for item in found.digests]
            print_table(("sha256", "bytes"), rows, empty="Nothing would go.")
        words = "would be" if dry_run else "were"
        print(f"{found.versions} versions and {found.blobs} blobs of {found.bytes} bytes {words} removed.")


def _show(graph: LineageGraph) -> None:
    names = {node.key: _named(node) for node in graph.nodes}
    print_table(
        ("steps", "kind", "name", "type", "sha256"),
        [
            (f"{node.depth:+d}" if node.depth else "0", node.kind, _named(node), node.type, node.sha256[:12])
            for node in sorted(graph.nodes, key=lambda node: (node.depth, node.kind, node.name))
        ],
        empty="Nothing is known of it.",
    )
    if graph.edges:
        print()
        print_table(
            ("from", "how", "to"),
            [
                (names.get(edge.source, edge.source), edge.kind, names.get(edge.target, edge.target))
                for edge in graph.edges
            ],
            empty="",
        )
    if graph.truncated:
        note("There is more: raise --depth or --limit.")


def _named(node: LineageNode) -> str:
    return "(locked)" if node.locked else node.name or node.label or node.key
