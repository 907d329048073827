"""`runstone retention …`: what is kept of versions, what would go, and deletion of many at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runstone.cli.asking import open_client
from runstone.cli.deletion_output import ended, follow, part, query_words
from runstone.cli.options import HostOption, JsonOption, WaitOption
from runstone.cli.output import USAGE, fail, note, print_json, print_table
from runstone.cli.query import when

if TYPE_CHECKING:
    from runstone.client.retention_calls import PreviewRecord

retention_app = typer.Typer(
    help="What is kept of artifact versions, and deletion of many at once.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Project = Annotated[str, typer.Argument(help="[ENTITY/]PROJECT.")]
_Type = Annotated[str, typer.Option("--type", help="Of this type of artifacts.")]
_Collection = Annotated[str, typer.Option("--collection", help="Of this collection.")]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_OPS = ("!=", "<=", ">=", "=", "<", ">")


@retention_app.command("show")
def show(project: _Project, host: HostOption = None, as_json: JsonOption = False) -> None:
    """The policies that hold in a project, and who said so."""
    with open_client(host, as_json=as_json) as client:
        import msgspec

        from runstone.client.api import project_path

        found = client.retention.get(*project_path(project))
        if as_json:
            print_json(msgspec.to_builtins(found))
            return
        rows = [(f"collection {one['name']}", rule_words(one["rule"]), "") for one in found.collections]
        for where, policies in (("project", found.project), ("entity", found.entity)):
            rows += [
                (f"{where}, type {one.type}" if one.type else where, rule_words(one.rule), one.by)
                for one in sorted(policies, key=lambda one: not one.type)
            ]
        print_table(("of", "kept", "by"), rows, empty="No policy: all versions stay.")


@retention_app.command("set")
def set_(
    place: Annotated[str, typer.Argument(help="[ENTITY/]PROJECT, or ENTITY with --entity.")],
    type_name: _Type = "",
    collection: _Collection = "",
    entity: Annotated[bool, typer.Option("--entity", help="The default of all its projects.")] = False,
    last: Annotated[int, typer.Option(min=0, help="Keep so many of the newest.")] = 0,
    best: Annotated[int, typer.Option(min=0, help="Keep so many of the best by --metric.")] = 0,
    metric: Annotated[str, typer.Option(help="A number in the summary of the run that made it.")] = "",
    of_metadata: Annotated[
        bool, typer.Option("--of-metadata", help="The metric lies in the version's metadata.")
    ] = False,
    minimize: Annotated[bool, typer.Option("--min", help="The lowest is the best.")] = False,
    ttl: Annotated[str, typer.Option(help="How long the others stay: 14d, 12h, 3600s.")] = "",
    keep_used: Annotated[bool, typer.Option("--keep-used", help="What a run used stays.")] = False,
    keep_all: Annotated[bool, typer.Option("--keep-all", help="Nothing goes, whatever others say.")] = False,
    inherit: Annotated[bool, typer.Option("--inherit", help="No policy here: others hold.")] = False,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is kept: of a project, a type, a collection, or an entity's projects."""
    if entity and collection:
        fail("runstone retention set: a collection lies in a project, not in an entity.", USAGE)
    rule: dict[str, Any] = {
        "last": last,
        "best": best,
        "metric": metric,
        "of": "metadata" if of_metadata else "run",
        "goal": "min" if minimize else "max",
        "ttl_seconds": seconds(ttl) if ttl else None,
        "keep_used": keep_used,
    }
    if keep_all or inherit:
        if last or best or ttl:
            fail("runstone retention set: --keep-all and --inherit say nothing else.", USAGE)
        rule = {"all": True} if keep_all else {}
    with open_client(host, as_json=as_json) as client:
        import msgspec

        from runstone.client.api import project_path

        if entity:
            policies = client.retention.set_entity(place, rule, type=type_name)
            if as_json:
                print_json(msgspec.to_builtins(policies))
        elif collection:
            client.retention.set_collection(*project_path(place), collection, rule)
            if as_json:
                print_json({"collection": collection, "rule": rule})
        else:
            kept = client.retention.set(*project_path(place), rule, type=type_name)
            if as_json:
                print_json(msgspec.to_builtins(kept))
        if not as_json:
            print(rule_words(rule) or "as the next policy up says")


@retention_app.command("apply")
def apply(
    project: _Project,
    type_name: _Type = "",
    collection: _Collection = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    wait: WaitOption = True,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Apply the policies now rather than within the hour. --type and --collection only look."""
    if (type_name or collection) and not dry_run:
        fail("runstone retention apply: --type and --collection go with --dry-run.", USAGE)
    with open_client(host, as_json=as_json) as client:
        from runstone.client.api import project_path

        place = project_path(project)
        if dry_run:
            _show(client.retention.preview(*place, type=type_name, collection=collection), as_json)
            return
        follow(client, place, client.retention.apply(*place), wait=wait, as_json=as_json)


@retention_app.command("delete")
def delete(
    project: _Project,
    type_name: _Type = "",
    collection: Annotated[str, typer.Option("--collection", help="A name, or a pattern with * and ?.")] = "",
    older_than: Annotated[str, typer.Option("--older-than", help="14d, 12h, 3600s.")] = "",
    tag: Annotated[str, typer.Option(help="With this tag.")] = "",
    metadata: Annotated[
        list[str] | None, typer.Option("--metadata", help="PATH=VALUE, also != < <= > >= (repeatable).")
    ] = None,
    unaliased: Annotated[bool, typer.Option("--unaliased", help="Not even `latest` points to it.")] = False,
    keep_last: Annotated[int, typer.Option(min=0, help="Of each collection the newest stay.")] = 0,
    keep_used: Annotated[bool, typer.Option("--keep-used", help="What a run used stays.")] = False,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why, for the log.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    wait: WaitOption = True,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Versions that match all of it, to the trash. What has an alias beside `latest`, is linked elsewhere
    or deployed stays."""
    query: dict[str, Any] = {
        "type": type_name,
        "collection": collection,
        "created_before": time.time() - seconds(older_than) if older_than else None,
        "tag": tag,
        "unaliased": unaliased,
        "metadata": [condition(text) for text in metadata or []],
        "keep_last": keep_last,
        "keep_used": keep_used,
        "reason": reason,
    }
    with open_client(host, as_json=as_json) as client:
        from runstone.client.api import project_path

        place = project_path(project)
        if dry_run:
            _show(client.retention.preview_deletion(*place, query), as_json)
            return
        follow(client, place, client.retention.delete(*place, query), wait=wait, as_json=as_json)


@retention_app.command("deletions")
def deletions(project: _Project, host: HostOption = None, as_json: JsonOption = False) -> None:
    """Deletions of many versions: how far each is."""
    with open_client(host, as_json=as_json) as client:
        from itertools import islice

        import msgspec

        from runstone.client.api import project_path

        found = list(islice(client.retention.deletions(*project_path(project)), 100))
        if as_json:
            print_json(msgspec.to_builtins(found))
            return
        rows = [
            (one.id, one.kind, one.state, part(one), one.versions, one.in_trash, one.purged, one.bytes,
             one.by, when(one.created_at), query_words(one))
            for one in found
        ]  # fmt: skip
        columns = ("id", "kind", "state", "done", "versions", "in trash", "purged", "bytes", "by", "when",
                   "query")  # fmt: skip
        print_table(columns, rows, empty="No deletions.")


@retention_app.command("cancel")
def cancel(
    project: _Project,
    number: Annotated[int, typer.Argument(help="As `runstone retention deletions` says it.")],
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop a deletion, or its undo; what went is in the trash, what came back is back."""
    with open_client(host, as_json=as_json) as client:
        import msgspec

        from runstone.client.api import project_path

        found = client.retention.cancel(*project_path(project), number)
        if as_json:
            print_json(msgspec.to_builtins(found))
        else:
            print(ended(found))


def seconds(text: str) -> int:
    """`14d`, `12h`, `30m`, `3600s` or `3600`."""
    number, unit = (text[:-1], text[-1:]) if text[-1:] in _UNITS else (text, "s")
    if not number.isdigit() or int(number) == 0:
        fail(f"runstone retention: {text!r} is no time. Say 14d, 12h, 30m or 3600s.", USAGE)
    return int(number) * _UNITS[unit]


def condition(text: str) -> dict[str, Any]:
    """`eval.loss>=0.3`: the value is JSON where it can be read so, and text else."""
    import json

    places = [(text.find(op), -len(op), op) for op in _OPS if text.find(op) > 0]
    if not places:
        fail(f"runstone retention: {text!r} is no condition. Say PATH=VALUE, or != < <= > >=.", USAGE)
    at, _, op = min(places)
    raw = text[at + len(op) :]
    try:
        value = json.loads(raw)
    except ValueError:
        value = raw
    return {"path": text[:at], "op": op, "value": value}


def rule_words(rule: dict[str, Any]) -> str:
    """A rule in a line; "" for none."""
    if rule.get("all"):
        return "all"
    words = []
    if rule.get("last"):
        words.append(f"the last {rule['last']}")
    if rule.get("best"):
        where = "metadata " if rule.get("of") == "metadata" else ""
        words.append(f"the best {rule['best']} by {where}{rule.get('metric')} ({rule.get('goal', 'max')})")
    ttl = rule.get("ttl_seconds")
    if ttl:
        words.append(f"{'the others' if words else 'each'} for {_time(int(ttl))}")
    if rule.get("keep_used"):
        words.append("what runs used")
    return ", ".join(words)


def _time(whole: int) -> str:
    for unit in ("w", "d", "h", "m"):
        if whole % _UNITS[unit] == 0:
            return f"{whole // _UNITS[unit]}{unit}"
    return f"{whole}s"


def _show(found: PreviewRecord, as_json: bool) -> None:
    import msgspec

    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    rows = [
        (one["name"], one["type"], one["rule_from"], one["versions"], one["bytes"])
        for one in found.collections
    ]
    print_table(("collection", "type", "by", "versions", "bytes"), rows, empty="Nothing would go.")
    if found.versions:
        print()
        print_table(("version", "bytes"), [(one["name"], one["size"]) for one in found.shown], empty="")
        if len(found.shown) < found.versions:
            note(f"and {found.versions - len(found.shown)} more.")
    print(
        f"{found.versions} versions of {found.bytes} bytes would go to the trash; garbage collection would "
        f"then free {found.freed_bytes} bytes."
    )
