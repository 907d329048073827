"""Files to and from the server: `runstone artifact put`, `get` and `verify`, and `runstone pull`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runstone.cli.artifact_output import described
from runstone.cli.asking import object_of, open_api
from runstone.cli.options import HostOption, JsonOption, VersionName
from runstone.cli.output import LEFT, NOT_FOUND, USAGE, fail, note, print_json, reported


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
    host: HostOption = None,
    as_json: JsonOption = False,
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
        from runstone.sdk.artifacts.facts import known_of

        *place, artifact = name.split("/")
        if not 1 <= len(place) <= 2 or not all(place) or not artifact or ":" in artifact:
            fail(f"runstone artifact put: --name is [ENTITY/]PROJECT/NAME, met {name!r}.", USAGE)
        told = object_of(metadata, "runstone artifact put", "--metadata")
        try:
            files = walk(str(path), follow_links=follow_links) if path.is_dir() else [one_file(str(path))]
            digests = digests_of(files, HashCache(str(home() / "artifacts" / "hashes")))
        except ContentError as error:
            fail(f"runstone artifact put: {error}")
        where = {file.path: file for file in files}
        entries = entries_of(where, (file.size for file in files), digests)
        facts = known_of(kind, {file.path: file.local for file in files})
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
                metadata=told,
                facts=facts,
                aliases=aliases or [],
                tags=tags or [],
            )
            version = ArtifactVersion.by_id(client, record.id)
            if as_json:
                print_json(described(version))
            else:
                print(f"{version.qualified_name}  {version.file_count} files, {version.size} bytes")


def get(
    name: VersionName,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder.  [./artifacts/NAME:vN]")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Only files whose path begins so.")] = "",
    copy: Annotated[bool, typer.Option("--copy", help="Own copies, no links into the cache.")] = False,
    allow_missing: Annotated[
        bool,
        typer.Option("--allow-missing-references", help="Go on without references that are away, and tell."),
    ] = False,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch a version's files, checked. Goes on where it was cut; what is there already stays."""
    _fetch(
        name,
        output,
        prefix=prefix,
        copy=copy,
        host=host,
        as_json=as_json,
        allow_missing=allow_missing,
    )


def pull(
    name: VersionName,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder.  [./artifacts/NAME:vN]")
    ] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Own copies, no links into the cache.")] = False,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch a model or dataset to deploy it: `runstone pull models/net:production -o DIR`.

    NAME is [[ORG/]REGISTRY/]COLLECTION[:ALIAS] of a registry, or a version in a project. A key that may only
    read will do, and nothing is written on the server. Every file is checked against the digest that was
    committed; nothing that is fetched is loaded or run.
    """
    _fetch(name, output, prefix="", copy=copy, host=host, as_json=as_json, deployed=True)


def _fetch(
    name: str,
    output: Path | None,
    *,
    prefix: str,
    copy: bool,
    host: str | None,
    as_json: bool,
    deployed: bool = False,
    allow_missing: bool = False,
) -> None:
    """deployed: registries are looked in too."""
    with open_api(host, as_json=as_json) as api:
        from runstone.client.deployed import deployed_version
        from runstone.content.errors import ContentError

        version = deployed_version(api.client, name) if deployed else api.artifact(name)
        root = str(output) if output is not None else version.default_root
        entries = [entry for entry in version.entries() if entry.path.startswith(prefix)]
        if prefix and not entries:
            fail(
                f"runstone artifact get: no file of {version.qualified_name} begins with {prefix!r}. See "
                f"`runstone artifact ls {version.qualified_name}`.",
                NOT_FOUND,
            )
        try:
            done = version.fetch(
                entries,
                root,
                links="copy" if copy else None,
                allow_missing_references=allow_missing,
            )
        except ContentError as error:
            fail(f"runstone: {error}")
        pickles = version.facts.get("roles", {}).get("pickles", [])
        if as_json:
            print_json(
                {
                    **described(version),
                    "path": root,
                    "files_there": done.there,
                    "files_from_cache": done.placed,
                    "files_fetched": done.fetched,
                    "bytes_fetched": done.fetched_bytes,
                    "missing_references": done.missing_references,
                }
            )
            return
        print(root)
        note(
            f"{version.qualified_name}: {done.fetched} files fetched ({done.fetched_bytes} bytes), "
            f"{done.placed} from the cache, {done.there} were there; all checked."
        )
        for missing in done.missing_references:
            note(f"missing: {missing}")
        if pickles:
            note(f"Loading these runs code that is in them: {', '.join(pickles[:10])}")


def verify(
    name: VersionName,
    root: Annotated[
        Path | None, typer.Option("--root", help="The folder it was fetched to; else the server's bytes.")
    ] = None,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hash every file anew, here or as the server gives it. The status is 1 if one is not as committed."""
    with open_api(host, as_json=as_json) as api:
        from runstone.content.errors import ContentError

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
