"""Which version is meant by whoever deploys one: mostly by what a registry calls it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from runstone.client.artifact_names import artifact_path
from runstone.client.artifacts import ArtifactVersion
from runstone.client.errors import Misuse, NotAllowed, NotFound
from runstone.client.registry_calls import PREFIX

if TYPE_CHECKING:
    from runstone.client.native import Client


def deployed_version(client: Client, path: str) -> ArtifactVersion:
    """`[[ORGANISATION/]REGISTRY/]COLLECTION[:ALIAS]` of a registry that one may read, or
    `[[ENTITY/]PROJECT/]NAME[:VERSION]`, or `@ID`. Raises Misuse where both or several are there and are not
    the same version: nothing is guessed that is going to be deployed; NotFound."""
    found: dict[int, ArtifactVersion] = {}
    for address in _addresses(client, path):
        try:
            record = client.artifacts.get(*address)
        except (NotFound, NotAllowed):
            continue
        found.setdefault(record.id, ArtifactVersion(client, record))
    if len(found) > 1:
        names = ", ".join(version.qualified_name for version in found.values())
        raise Misuse(f"{path!r} may be any of {names}. Write the one that is meant in full.")
    if not found:
        raise NotFound(
            f"There is no {path!r} that you may read, neither in a registry nor in a project. Write "
            "[ORGANISATION/]REGISTRY/COLLECTION:ALIAS or [ENTITY/]PROJECT/NAME:VERSION."
        )
    return next(iter(found.values()))


def _addresses(client: Client, path: str) -> Iterator[tuple[str, str, str]]:
    """(entity, project, name with alias) of all that may be meant."""
    entity, project, name = artifact_path(path)
    is_registry = project.startswith(PREFIX)
    if not is_registry or entity:
        yield entity, project, name
    if name.startswith("@") or (is_registry and entity):
        return
    for organization in [entity] if entity else client.registries.organizations():
        if project:
            yield organization, project if is_registry else PREFIX + project, name
            continue
        try:
            registries = client.registries.list(organization)
        except (NotFound, NotAllowed):
            continue
        for registry in registries:
            yield organization, registry.project, name
