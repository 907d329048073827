"""The packages this interpreter has, as a requirements file."""

from __future__ import annotations

import importlib.metadata
import json


def requirements() -> str:
    """One line each, by name: `name==version`, or `name @ URL` for what came from a repository."""
    lines = {}
    for distribution in importlib.metadata.distributions():
        try:
            name, version = distribution.metadata["Name"], distribution.version
        except (KeyError, ValueError, OSError):
            continue
        if name and version and name.lower() not in lines:
            lines[name.lower()] = _line(distribution, name, version)
    return "".join(f"{line}\n" for _, line in sorted(lines.items()))


def _line(distribution: importlib.metadata.Distribution, name: str, version: str) -> str:
    try:
        said = json.loads(distribution.read_text("direct_url.json") or "{}")
    except (OSError, ValueError):
        said = {}
    vcs = said.get("vcs_info") or {}
    if vcs.get("commit_id") and said.get("url"):
        return f"{name} @ {vcs.get('vcs', 'git')}+{said['url']}@{vcs['commit_id']}"
    if (said.get("dir_info") or {}).get("editable"):
        return f"# editable: {name}=={version}"
    return f"{name}=={version}"
