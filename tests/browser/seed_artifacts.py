"""Artifacts for the pages to show, made by the native API: blobs, entries, commit, aliases."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from typing import Any

import httpx


def put_artifact(
    api: httpx.Client,
    project: str,
    name: str,
    type: str,
    files: Mapping[str, bytes],
    *,
    references: Mapping[str, str] | None = None,
    run: str = "",
    **said: Any,
) -> dict[str, Any]:
    """One committed version, as the server answers it. said: description, metadata, facts, aliases, tags."""
    body = b"".join(struct.pack("<I", len(data)) + data for data in files.values())
    if files:
        _ok(api.post("/entities/-/blobs", content=body))
    made = _ok(
        api.post(f"/projects/-/{project}/artifacts", json={"name": name, "type": type, "run": run, **said})
    )
    if made["existed"]:
        return dict(made["artifact"])
    artifact = f"/projects/-/{project}/artifacts/@{made['artifact']['id']}"
    entries: list[dict[str, Any]] = [
        {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for path, data in files.items()
    ]
    entries += [
        {"path": path, "size": 1_000_000, "ref": ref, "digest": "etag-of-it"}
        for path, ref in (references or {}).items()
    ]
    _ok(api.post(f"{artifact}/entries", json={"entries": entries}))
    return dict(_ok(api.post(f"{artifact}/commit")))


def use_artifact(api: httpx.Client, project: str, run: str, artifact: str) -> None:
    _ok(api.post(f"/projects/-/{project}/runs/{run}/artifacts", json={"artifact": artifact}))


def _ok(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None
