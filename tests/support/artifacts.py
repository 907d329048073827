"""Artifacts as tests make them through the native API: bytes first, then entries, then the commit."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from typing import Any

import httpx


def frames(datas: list[bytes]) -> bytes:
    return b"".join(struct.pack("<I", len(data)) + data for data in datas)


def entry(path: str, data: bytes) -> dict[str, Any]:
    return {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def log_artifact(
    api: httpx.Client,
    project: str,
    name: str,
    files: Mapping[str, bytes],
    *,
    type: str = "dataset",
    refs: Mapping[str, dict[str, Any]] | None = None,
    **wanted: Any,
) -> dict[str, Any]:
    """The committed version, as the API tells it. project: `/projects/ENTITY/NAME`."""
    entity = project.split("/")[2]
    kept = api.post(f"/entities/{entity}/blobs", content=frames(list(files.values())))
    assert kept.status_code == 201, kept.text
    made = api.post(f"{project}/artifacts", json={"type": type, "name": name, **wanted})
    assert made.status_code == 201, made.text
    artifact = made.json()["artifact"]
    if made.json()["existed"]:
        return dict(artifact)
    entries = [entry(path, data) for path, data in files.items()]
    entries += [{"path": path, **ref} for path, ref in (refs or {}).items()]
    taken = api.post(f"{project}/artifacts/@{artifact['id']}/entries", json={"entries": entries})
    assert taken.status_code == 200, taken.text
    done = api.post(f"{project}/artifacts/@{artifact['id']}/commit")
    assert done.status_code == 200, done.text
    return dict(done.json())
