"""A version as the command line tells it, in a line or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runstone.cli.output import print_json

if TYPE_CHECKING:
    from runstone.client.artifacts import ArtifactVersion


def print_version(version: ArtifactVersion, as_json: bool) -> None:
    if as_json:
        print_json(described(version))
    else:
        labels = [*version.aliases, *(f"#{tag}" for tag in version.tags)]
        print(f"{version.qualified_name}  {' '.join(labels)}".rstrip())


def described(version: ArtifactVersion) -> dict[str, Any]:
    import msgspec

    found: dict[str, Any] = msgspec.to_builtins(version.record)
    return {**found, "qualified_name": version.qualified_name, "aliases": version.aliases, "url": version.url}
