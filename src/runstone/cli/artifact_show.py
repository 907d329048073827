"""Artifacts looked at: `runstone artifact ls`, `show` and `diff`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runstone.cli.artifact_output import described
from runstone.cli.asking import open_api
from runstone.cli.options import HostOption, JsonOption, VersionName
from runstone.cli.output import NOT_FOUND, USAGE, fail, note, print_json, print_table
from runstone.cli.query import when

if TYPE_CHECKING:
    from runstone.client.api import Api


def ls(
    name: Annotated[
        str, typer.Argument(help="[ENTITY/]PROJECT; with /NAME its versions; with /NAME:VERSION its files.")
    ],
    path: Annotated[str, typer.Argument(help="A folder, or a file, of the version (latest if none).")] = "",
    kind: Annotated[str, typer.Option("--type", "-t", help="Only this type.")] = "",
    trash: Annotated[bool, typer.Option("--trash", help="Those that were deleted.")] = False,
    limit: Annotated[int, typer.Option(min=1)] = 100,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the artifacts of a project, the versions of one, or a folder of a version."""
    if path or ":" in name or name.startswith("@"):
        if trash:
            fail("runstone artifact ls: --trash lists artifacts of a project, or versions of one.", USAGE)
        _list_folder(name, path.strip("/"), limit=limit, host=host, as_json=as_json)
        return
    with open_api(host, as_json=as_json) as api:
        from itertools import islice

        import msgspec

        from runstone.client.errors import NotFound

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
        if trash:
            (_versions_in_trash if is_artifact else _artifacts_in_trash)(api, name, kind, limit, as_json)
            return
        if is_artifact:
            versions = list(islice(api.artifacts(kind, name, min(limit, 1000)), limit))
            if as_json:
                print_json([described(version) for version in versions])
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


def _artifacts_in_trash(api: Api, name: str, kind: str, limit: int, as_json: bool) -> None:
    from itertools import islice

    import msgspec

    from runstone.client.api import project_path

    query: dict[str, Any] = {"type": kind, "trash": True, "sort": "-deleted_at", "limit": min(limit, 1000)}
    found = list(islice(api.client.artifacts.collections(*project_path(name), **query), limit))
    if as_json:
        print_json([msgspec.to_builtins(item) for item in found])
        return
    print_table(
        ("id", "name", "type", "versions", "bytes", "by", "deleted", "gone for good"),
        [
            (
                item.id,
                item.name,
                item.type,
                item.version_count,
                item.bytes,
                item.deleted_by,
                when(item.deleted_at),
                when(item.purge_at),
            )
            for item in found
        ],
        empty="No artifacts in the trash.",
    )


def _versions_in_trash(api: Api, name: str, kind: str, limit: int, as_json: bool) -> None:
    from itertools import islice

    import msgspec

    from runstone.client.artifact_names import artifact_path

    entity, project, full = artifact_path(name)
    query = {"trash": True, "limit": min(limit, 1000)}
    versions = api.client.artifacts.versions(entity, project, full.rpartition(":")[0], **query)
    found = list(islice(versions, limit))
    if as_json:
        print_json([msgspec.to_builtins(item) for item in found])
        return
    print_table(
        ("id", "version", "bytes", "by", "created", "deleted"),
        [
            (f"@{item.id}", item.version, item.size, item.created_by, when(item.created_at),
             when(item.deleted_at))
            for item in found
        ],
        empty="No versions in the trash.",
    )  # fmt: skip


def _list_folder(name: str, path: str, *, limit: int, host: str | None, as_json: bool) -> None:
    with open_api(host, as_json=as_json) as api:
        import msgspec

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
                fail(
                    f"runstone artifact ls: {version.qualified_name} has no folder or file {path!r}.",
                    NOT_FOUND,
                )
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


def show(
    name: VersionName,
    contents: Annotated[bool, typer.Option("--contents", help="Also its files.")] = False,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a version: where it is from, what is known of it, its files."""
    with open_api(host, as_json=as_json) as api:
        version = api.artifact(name)
        files = (
            [{"path": f.name, "bytes": f.size, "sha256": f.sha256, "ref": f.ref} for f in version.files()]
            if contents
            else []
        )
        if as_json:
            print_json({**described(version), "files": files} if contents else described(version))
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


def diff(
    old: VersionName,
    new: Annotated[str, typer.Argument(help="The newer version: NAME:VERSION of the same project, or @ID.")],
    limit: Annotated[int, typer.Option(min=0, max=10_000)] = 1000,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """What differs between two versions: files, and the columns of their tables."""
    with open_api(host, as_json=as_json) as api:
        import msgspec

        from runstone.content.schemas import difference

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
