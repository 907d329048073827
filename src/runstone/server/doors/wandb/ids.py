"""Node ids: base64 of `Type:v1:…`, opaque to clients.

They must be base64 text (clients turn some of them into hexadecimal and back), and the project's
internal id must read `ProjectInternalId:NUMBER` (0.19 to 0.22 decode it: `wandb/apis/public/projects.py`).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import NamedTuple

from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.domain.identity import ProjectId, RunKey


class RunRef(NamedTuple):
    entity: str
    project: str
    run: str


class ProjectRef(NamedTuple):
    entity: str
    project: str


def run_id(entity: str, project: str, run: str) -> str:
    return _pack(f"Run:v1:{run}:{project}:{entity}")


def run_of(node: str) -> RunRef:
    """Raises NotFound for any id that is not a run's: to a client it is a run that is not there."""
    parts = _unpack(node).split(":")
    if len(parts) != 5 or parts[:2] != ["Run", "v1"]:
        raise NotFound(f"No run has the id {node[:200]!r}.", id=node[:200])
    return RunRef(parts[4], parts[3], parts[2])


def project_id(entity: str, project: str) -> str:
    return _pack(f"Project:v1:{project}:{entity}")


def project_of(node: str) -> ProjectRef:
    parts = _unpack(node).split(":")
    if len(parts) != 4 or parts[:2] != ["Project", "v1"]:
        raise NotFound(f"No project has the id {node[:200]!r}.", id=node[:200])
    return ProjectRef(parts[3], parts[2])


def internal_id(project: ProjectId) -> str:
    return _pack(f"ProjectInternalId:{project}")


def file_id(run: RunKey, name: str) -> str:
    return _pack(f"File:v1:{run}:{name}")


def file_of(node: str) -> tuple[RunKey, str]:
    parts = _unpack(node).split(":", 3)
    run = number_of(parts[2]) if len(parts) == 4 and parts[:2] == ["File", "v1"] else None
    if run is None:
        raise NotFound(f"No file has the id {node[:200]!r}.", id=node[:200])
    return RunKey(run), parts[3]


def number_of(text: str) -> int | None:
    """A whole number as decimal digits, small enough for every store; None for any other text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def numbered_id(kind: str, number: int) -> str:
    """`User:7` and `Entity:7`: clients take the number of these apart (0.26 on:
    `wandb/apis/public/registries/_members.py`)."""
    return _pack(f"{kind}:{number}")


def numbered_of(kind: str, node: str) -> int:
    """The number in it. Raises NotFound for another kind's id."""
    name, _, text = _unpack(node).partition(":")
    number = number_of(text)
    if name != kind or number is None:
        raise NotFound(f"No {kind} has the id {node[:200]!r}.", id=node[:200])
    return number


def artifact_id(version: int) -> str:
    return named_id("Artifact", str(version))


def artifact_of(node: str) -> int:
    return _number("Artifact", node)


def artifact_or_none(node: str) -> int | None:
    try:
        return artifact_of(node)
    except NotFound:
        return None


def collection_id(collection: int) -> str:
    return named_id("ArtifactCollection", str(collection))


def collection_of(node: str) -> int:
    return _number("ArtifactCollection", node)


def membership_id(collection: int, version: int) -> str:
    return named_id("ArtifactCollectionMembership", f"{collection}:{version}")


def artifact_file_id(version: int, path: str) -> str:
    return _pack(f"ArtifactFile:v1:{version}:{path}")


class ManifestRef(NamedTuple):
    version: int
    kind: str  # full, patch, incremental


def manifest_id(ref: ManifestRef) -> str:
    return named_id("ArtifactManifest", f"{ref.version}:{ref.kind}")


def manifest_of(node: str) -> ManifestRef:
    text, _, kind = named_of("ArtifactManifest", node).partition(":")
    number = number_of(text)
    if number is None or kind not in ("full", "patch", "incremental"):
        raise NotFound(f"No ArtifactManifest has the id {node[:200]!r}.", id=node[:200])
    return ManifestRef(number, kind)


def _number(kind: str, node: str) -> int:
    number = number_of(named_of(kind, node))
    if number is None:
        raise NotFound(f"No {kind} has the id {node[:200]!r}.", id=node[:200])
    return number


def named_id(kind: str, name: str) -> str:
    """For what is found by one name or number: organisations, keys, views, artifacts."""
    return _pack(f"{kind}:v1:{name}")


def named_of(kind: str, node: str) -> str:
    """The name in it. Raises NotFound for another kind's id."""
    parts = _unpack(node).split(":", 2)
    if len(parts) != 3 or parts[0] != kind or parts[1] != "v1":
        raise NotFound(f"No {kind} has the id {node[:200]!r}.", id=node[:200])
    return parts[2]


def member_id(entity: str, username: str) -> str:
    return named_id("Member", f"{username}:{entity}")


def cursor(text: str) -> str:
    """An opaque cursor of any text; "" stays "", the end."""
    return _pack(text) if text else ""


def cursor_text(given: str | None) -> str:
    """What `cursor` was made of. Raises Invalid for what was never one."""
    if not given:
        return ""
    text = _unpack(given)
    if not text:
        raise Invalid(f"{given[:100]!r} is not a cursor of this server. Take `endCursor` of the page before.")
    return text


def _pack(text: str) -> str:
    return b64encode(text.encode()).decode()


def _unpack(node: str) -> str:
    try:
        return b64decode(node, validate=True).decode()
    except ValueError:
        return ""
