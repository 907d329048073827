"""What a person names an artifact by: `[[ENTITY/]PROJECT/]NAME[:VERSION or ALIAS]`, or `@ID`."""

from __future__ import annotations

from runstone.client.errors import Misuse


def artifact_path(path: str) -> tuple[str, str, str]:
    """(entity, project, name with version) of `[[ENTITY/]PROJECT/]NAME[:VERSION]`. Raises Misuse."""
    parts = path.strip("/").split("/")
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise Misuse(f"{path!r} names no artifact. Write 'entity/project/name:version'.")
    name = parts[-1] if ":" in parts[-1] or parts[-1].startswith("@") else f"{parts[-1]}:latest"
    return (["", "", *parts[:-1]])[-2], (["", *parts[:-1]])[-1], name
