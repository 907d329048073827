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


def named_id(kind: str, name: str) -> str:
    """For what is found by one name or number: users, entities, organisations, keys, views."""
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
