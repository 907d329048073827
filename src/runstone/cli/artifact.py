"""`runstone artifact …` and `runstone pull`: versions of files, put, looked at, fetched and checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runstone.cli.output import LEFT, USAGE, fail, note, print_json, print_table, reported
from runstone.cli.query import when

if TYPE_CHECKING:
    from runstone.client.artifacts import ArtifactVersion

artifact_app = typer.Typer(
    help="Versions of datasets, models, files.", no_args_is_help=True, rich_markup_mode=None
)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Host = Annotated[str | None, typer.Option(help="Another server than the usual one.")]
_Name = Annotated[str, typer.Argument(help="[[ENTITY/]PROJECT/]NAME[:VERSION or ALIAS], or @ID.")]
_Reason = Annotated[str, typer.Option(help="Why, for the log.")]


@artifact_app.command("put")
def put(
    path: Annotated[Path, typer.Argument(help="A file or a folder.")],
    name: Annotated[str, typer.Option("--name", "-n", help="[ENTITY/]PROJECT/NAME.")],
    kind: Annotated[str, typer.Option("--type", "-t", help="dataset, model, …")] = "dataset",
    description: Annotated[str, typer.Option("--description", "-d")] = "",
    metadata: Annotated[str, typer.Option(help="A JSON object.")] = "",
    aliases: Annotated[list[str] | None, typer.Option("--alias", "-a", help="Repeatable.")] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="Repeatable.")] = None,
    follow_links: Annotated[
        bool, typer.Option("--follow-links", help="Also links out of the folder.")
    ] = False,
    host: _Host = None,
    as_json: _Json = False,
) -> None:
    """Make a version of a file or folder. The same content again is the same version."""
    with reported(as_json=as_json):
        from runstone.client.artifact_upload import publish
        from runstone.client.artifacts import ArtifactVersion
        from runstone.client.native import Client
        from runstone.content.digests import HashCache, digests_of
        from runstone.content.errors import ContentError
        from runstone.content.manifest import entries_of
        from runstone.content.store import Place
        from runstone.content.trees import one_file, walk
        from runstone.journal.home import home

        *place, artifact = name.split("/")
        if not 1 <= len(place) <= 2 or not all(place) or not artifact or ":" in artifact:
            fail(f"runstone artifact put: --name is [ENTITY/]PROJECT/NAME, met {name!r}.", USAGE)
        try:
            facts = json.loads(metadata) if metadata else {}
        except ValueError as error:
            fail(f"runstone artifact put: --metadata is no JSON: {error}", USAGE)
        try:
            files = walk(str(path), follow_links=follow_links) if path.is_dir() else [one_file(str(path))]
            digests = digests_of(files, HashCache(str(home() / "artifacts" / "hashes")))
        except ContentError as error:
            fail(f"runstone artifact put: {error}")
        where = {file.path: file for file in files}
        entries = entries_of(where, (file.size for file in files), digests)
        with Client(host) as client:
            record = publish(
                client.artifacts,
                place[0] if len(place) == 2 else "",
                place[-1],
                list(entries.values()),
                lambda entry: Place(where[entry.path].local, 0, where[entry.path].size),
                name=artifact,
                type=kind,
                description=description,
                metadata=facts,
                aliases=aliases or [],
                tags=tags or [],
            )
            version = ArtifactVersion.by_id(client, record.id)
            if as_json:
                print_json(_described(version))
            else:
                print(f"{version.qualified_name}  {version.file_count} files, {version.size} bytes")


@artifact_app.command("get")
def get(
    name: _Name,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder.  [./artifacts/NAME:vN]")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Only files whose path begins so.")] = "",
    copy: Annotated[bool, typer.Option("--copy", help="Own copies, no links into the cache.")] = False,
    host: _Host = None,
    as_json: _Json = False,
) -> None:
    """Fetch a version's files, checked. Goes on where it was cut; what is there already stays."""
    _fetch(name, output, prefix=prefix, copy=copy, host=host, as_json=as_json)


def pull(
    name: Annotated[str, typer.Argument(help="[[ENTITY/]PROJECT/]NAME[:VERSION or ALIAS], or @ID.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder.  [./artifacts/NAME:vN]")
    ] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Own copies, no links into the cache.")] = False,
    host: _Host = None,
    as_json: _Json = False,
) -> None:
    """Fetch a model or dataset to deploy it: `runstone pull models/net:production -o DIR`.

    A key that may only read will do. Every file is checked against the digest that was committed; nothing
    that is fetched is loaded or run.
    """
    _fetch(name, output, prefix="", copy=copy, host=host, as_json=as_json)


def _fetch(
    name: str, output: Path | None, *, prefix: str, copy: bool, host: str | None, as_json: bool
) -> None:
    with reported(as_json=as_json):
        from runstone.client.api import Api
        from runstone.content.errors import ContentError

        with Api(host) as api:
            version = api.artifact(name)
            root = str(output) if output is not None else version.default_root
            entries = [entry for entry in version.entries() if entry.path.startswith(prefix)]
            try:
                done = version.fetch(entries, root, links="copy" if copy else None)
            except ContentError as error:
                fail(f"runstone: {error}")
            pickles = version.facts.get("roles", {}).get("pickles", [])
            if as_json:
                print_json(
                    {
                        **_described(version),
                        "path": root,
                        "files_there": done.there,
                        "files_from_cache": done.placed,
                        "files_fetched": done.fetched,
                        "bytes_fetched": done.fetched_bytes,
                    }
                )
                return
            print(root)
            note(
                f"{version.qualified_name}: {done.fetched} files fetched ({done.fetched_bytes} bytes), "
                f"{done.placed} from the cache, {done.there} were there; all checked."
            )
            if pickles:
                note(f"Loading these runs code that is in them: {', '.join(pickles[:10])}")


@artifact_app.command("ls")
def ls(
    name: Annotated[
        str, typer.Argument(help="[ENTITY/]PROJECT; with /NAME its versions; with /NAME:VERSION its files.")
    ],
    path: Annotated[str, typer.Argument(help="A folder, or a file, of the version (latest if none).")] = "",
    kind: Annotated[str, typer.Option("--type", "-t", help="Only this type.")] = "",
    limit: Annotated[int, typer.Option(min=1)] = 100,
    host: _Host = None,
    as_json: _Json = False,
) -> None:
    """List the artifacts of a project, the versions of one, or a folder of a version."""
    if path or ":" in name or name.startswith("@"):
        _list_folder(name, path.strip("/"), limit=limit, host=host, as_json=as_json)
        return
    with reported(as_json=as_json):
        from itertools import islice

        import msgspec

        from runstone.client.api import Api
        from runstone.client.errors import NotFound

        with Api(host) as api:
            if name.count("/") == 1:
                # Two parts may be a project of somebody's, or an artifact of one's own.
                project, artifact = name.split("/")
                try:
                    api.client.artifacts.collection("", project, artifact)
                    is_artifact = True
                except NotFound:
                    is_artifact = False
            else:
                is_artifact = name.count("/") == 2
            if is_artifact:
                versions = list(islice(api.artifacts(kind, name, min(limit, 1000)), limit))
                if as_json:
                    print_json([_described(version) for version in versions])
                    return
                print_table(
                    ("version", "aliases", "files", "bytes", "digest", "by", "created"),
                    [
                        (v.version, " ".join(v.aliases), v.file_count, v.size, v.sha256[:12],
                         v.record.created_by, when(v.created_at))
                        for v in versions
                    ],
                    empty="No versions.",
                )  # fmt: skip
                return
            found = list(islice(api.artifact_collections(name, kind), limit))
            if as_json:
                print_json([msgspec.to_builtins(item.record) for item in found])
                return
            print_table(
                ("name", "type", "versions", "tags", "updated"),
                [
                    (
                        item.name,
                        item.type,
                        item.record.version_count,
                        " ".join(item.tags),
                        when(item.record.updated_at),
                    )
                    for item in found
                ],
                empty="No artifacts.",
            )


def _list_folder(name: str, path: str, *, limit: int, host: str | None, as_json: bool) -> None:
    with reported(as_json=as_json):
        import msgspec

        from runstone.client.api import Api

        with Api(host) as api:
            version = api.artifact(name)
            place = (version.entity, version.project, f"@{version.id}")
            prefix = f"{path}/" if path else ""
            page = api.client.artifacts.folder(*place, prefix=prefix, limit=limit)
            if path and not (page.folders or page.files or page.next):
                # No folder: a file, or nothing.
                page = api.client.artifacts.folder(*place, prefix=path, limit=1)
                page = msgspec.structs.replace(
                    page, files=[file for file in page.files if file.path == path], folders=[], next=""
                )
                if not page.files:
                    fail(f"runstone artifact ls: {version.qualified_name} has no folder or file {path!r}.")
        if as_json:
            print_json({**msgspec.to_builtins(page), "name": version.qualified_name})
            return
        at = len(prefix)
        print_table(
            ("name", "files", "bytes", "sha256 or reference"),
            [
                *((folder.path[at:], folder.files, folder.bytes, "") for folder in page.folders),
                *((file.path[at:], "", file.size, file.sha256[:12] or file.ref) for file in page.files),
            ],
            empty="No files.",
        )
        if page.next:
            note(f"There is more: raise --limit ({limit}).")


@artifact_app.command("show")
def show(
    name: _Name,
    contents: Annotated[bool, typer.Option("--contents", help="Also its files.")] = False,
    host: _Host = None,
    as_json: _Json = False,
) -> None:
    """Print a version: where it is from, what is known of it, its files."""
    with reported(as_json=as_json):
        from runstone.client.api import Api

        with Api(host) as api:
            version = api.artifact(name)
            files = (
                [{"path": f.name, "bytes": f.size, "sha256": f.sha256, "ref": f.ref} for f in version.files()]
                if contents
                else []
            )
        if as_json:
            print_json({**_described(version), "files": files} if contents else _described(version))
            return
        record = version.record
        facts = [
            ("name", version.qualified_name),
            ("type", version.type),
            ("aliases", " ".join(version.aliases)),
            ("tags", " ".join(version.tags)),
            ("made in", record.source),
            ("made by", record.run or record.created_by),
            ("created", when(record.created_at)),
            ("files", record.file_count),
            ("bytes", record.size),
            ("sha256", record.sha256),
            ("digest", record.digest),
            ("expires", when(record.expires_at)),
            ("description", record.description),
            ("metadata", json.dumps(record.metadata) if record.metadata else ""),
            ("page", version.url),
        ]
        print_table(("field", "value"), facts, empty="")
        _tell_facts(version.facts)
        if contents:
            print()
            rows = [(item["path"], item["bytes"], item["sha256"] or item["ref"]) for item in files]
            print_table(("file", "bytes", "sha256 or reference"), rows, empty="No files.")


def _tell_facts(facts: dict[str, Any]) -> None:
    roles = facts.get("roles")
    if roles:
        print()
        listed = []
        for role, paths in roles.items():
            if role not in ("missing", "pickles"):
                more = f" (+{len(paths) - 5})" if len(paths) > 5 else ""
                listed.append((role, " ".join(paths[:5]) + more or "MISSING"))
        print_table(("role", "files"), listed, empty="")
    for table in facts.get("schema") or []:
        print()
        rows = [(column["name"], column["dtype"], column["nullable"]) for column in table["columns"]]
        print(f"{table['path'] or 'data'}: {table['rows'] if table['rows'] is not None else '?'} rows")
        print_table(("column", "dtype", "nullable"), rows, empty="No columns.")
    steps = facts.get("preprocessing")
    if steps:
        print()
        print_table(
            ("step", "params", "source"),
            [
                (step["name"], json.dumps(step["params"]), step.get("source_sha256", "")[:12])
                for step in steps
            ],
            empty="",
        )


@artifact_app.command("verify")
def verify(
    name: _Name,
    root: Annotated[
        Path | None, typer.Option("--root", help="The folder it was fetched to; else the server's bytes.")
    ] = None,
    host: _Host = None,
    as_json: _Json = False,
) -> None:
    """Hash every file anew, here or as the server gives it. The status is 1 if one is not as committed."""
    with reported(as_json=as_json):
        from runstone.client.api import Api
        from runstone.content.errors import ContentError

        with Api(host) as api:
            version = api.artifact(name)
            if root is not None:
                try:
                    found = version.differences(root)
                except ContentError as error:
                    fail(f"runstone artifact verify: {error}")
                bad = {"changed": found.changed, "missing": found.missing, "extra": found.extra}
            else:
                bad = {"changed": version.damaged(), "missing": [], "extra": []}
        well = not any(bad.values())
        if as_json:
            print_json({"name": version.qualified_name, "ok": well, "files": version.file_count, **bad})
        else:
            for what, paths in bad.items():
                for path in paths:
                    print(f"{what}: {path}")
            note(f"{version.qualified_name}: {'all files are as committed' if well else 'NOT as committed'}.")
        if not well:
            raise SystemExit(LEFT)


@artifact_app.command("diff")
def diff(
    old: _Name,
    new: Annotated[str, typer.Argument(help="The newer version: NAME:VERSION of the same project, or @ID.")],
    limit: Annotated[int, typer.Option(min=0, max=10_000)] = 1000,
    host: _Host = None,
    as_json: _Json = False,
) -> None:
    """What differs between two versions: files, and the columns of their tables."""
    with reported(as_json=as_json):
        import msgspec

        from runstone.client.api import Api
        from runstone.content.schemas import difference

        with Api(host) as api:
            before = api.artifact(old)
            if "/" in new:
                new = f"@{api.artifact(new).id}"
            found = before.diff(new, limit=limit)
        columns = difference(found.old.facts.get("schema") or [], found.new.facts.get("schema") or [])
        if as_json:
            print_json({**msgspec.to_builtins(found), "schema": columns})
            return
        rows = [
            (
                change.change,
                change.path,
                change.old.size if change.old else "",
                change.new.size if change.new else "",
            )
            for change in found.changes
        ]
        print_table(("change", "file", "bytes before", "after"), rows, empty="No file differs.")
        note(f"{found.added} added, {found.removed} removed, {found.changed} changed.")
        if columns:
            print()
            print_table(
                ("table", "change", "column", "before", "after"),
                [
                    (c["table"], c["change"], c.get("column"), c.get("before"), c.get("after"))
                    for c in columns
                ],
                empty="",
            )


@artifact_app.command("rm")
def rm(
    name: _Name,
    aliases: Annotated[bool, typer.Option("--aliases", help="Although aliases point to it.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="The whole artifact, all versions.")] = False,
    reason: _Reason = "",
    host: _Host = None,
    as_json: _Json = False,
) -> None:
    """Put a version in the trash, where it stays restorable for 30 days (`artifact restore`)."""
    with reported(as_json=as_json):
        from runstone.client.api import Api
        from runstone.client.artifacts import artifact_path

        with Api(host) as api:
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
            note(f"{name}: to the trash, with its versions.")
        else:
            note(f"{gone['name']}: to the trash. Back with `runstone artifact restore @{gone['id']}`.")


@artifact_app.command("restore")
def restore(
    name: Annotated[str, typer.Argument(help="@ID, as `artifact rm` said.")],
    host: _Host = None,
    as_json: _Json = False,
) -> None:
    """Bring a version back from the trash."""
    with reported(as_json=as_json):
        from runstone.client.artifacts import ArtifactVersion
        from runstone.client.native import Client

        if not name.lstrip("@").isdecimal():
            fail(f"runstone artifact restore: {name!r} is no id. Write @ and the number.", USAGE)
        with Client(host) as client:
            version = ArtifactVersion(client, client.artifacts.restore("", "", name.lstrip("@")))
            _say(version, as_json)


@artifact_app.command("alias")
def alias(
    name: _Name,
    add: Annotated[list[str] | None, typer.Option("--add", help="Move it here (repeatable).")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="Take it off (repeatable).")] = None,
    reason: _Reason = "",
    host: _Host = None,
    as_json: _Json = False,
) -> None:
    """Move aliases to a version, or take them off it; all at once."""
    with reported(as_json=as_json):
        from runstone.client.api import Api
        from runstone.client.artifacts import ArtifactVersion

        with Api(host) as api:
            version = api.artifact(name)
            record = api.client.artifacts.move_aliases(
                version.entity,
                version.project,
                f"{version.collection_name}:{version.version}",
                add=add or [],
                remove=remove or [],
                reason=reason,
            )
            _say(ArtifactVersion(api.client, record), as_json)


@artifact_app.command("tag")
def tag(
    name: _Name,
    add: Annotated[list[str] | None, typer.Option("--add", help="Repeatable.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="Repeatable.")] = None,
    host: _Host = None,
    as_json: _Json = False,
) -> None:
    """Add tags to a version, or take them off it."""
    with reported(as_json=as_json):
        from runstone.client.api import Api

        with Api(host) as api:
            version = api.artifact(name)
            version.tags = [*dict.fromkeys([*version.tags, *(add or [])])]
            version.tags = [tag for tag in version.tags if tag not in (remove or [])]
            version.save()
            _say(version, as_json)


def _say(version: ArtifactVersion, as_json: bool) -> None:
    if as_json:
        print_json(_described(version))
    else:
        labels = [*version.aliases, *(f"#{tag}" for tag in version.tags)]
        print(f"{version.qualified_name}  {' '.join(labels)}".rstrip())


def _described(version: ArtifactVersion) -> dict[str, Any]:
    import msgspec

    found: dict[str, Any] = msgspec.to_builtins(version.record)
    return {**found, "qualified_name": version.qualified_name, "aliases": version.aliases, "url": version.url}
