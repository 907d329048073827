"""The manifest of an artifact as JSON of this wire, both ways.

    {"version": 1, "storagePolicy": "wandb-storage-policy-v1", "storagePolicyConfig": {…},
     "contents": {PATH: {"digest": …, "size": …, "birthArtifactID": …, "ref": …, "extra": {…}}}}

The digest of a file is the base64 of its MD5, that of a reference whatever pins it. Where `extra` says
`{"alg": "XXH128"}` it is the base64 of the file's XXH128 (0.29 on:
`wandb/sdk/artifacts/artifact_manifest_entry.py`). Clients write paths of their own disks beside entries
(`local_path`): those are dropped.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from runstone.server.domain.artifact_model import Entry
from runstone.server.domain.errors import Invalid
from runstone.server.domain.manifests import MANIFEST_MD5, MANIFEST_XXH128
from runstone.server.doors.wandb import ids, jsonx

_HEAD = (
    b'{"version":1,"storagePolicy":"wandb-storage-policy-v1",'
    b'"storagePolicyConfig":{"storageLayout":"V2"},"contents":{'
)
_ENTRIES_IN_PIECE = 500
ALGORITHMS = {MANIFEST_MD5: "MANIFEST_MD5", MANIFEST_XXH128: "MANIFEST_XXH128"}  # as this wire names them
_ALGORITHM = "alg"
_XXH128 = "XXH128"


class _Entry(msgspec.Struct, rename={"birth": "birthArtifactID"}):
    digest: str = ""
    size: int | None = None
    birth: str | None = None
    ref: str | None = None
    extra: dict[str, Any] | None = None


class _Manifest(msgspec.Struct):
    contents: dict[str, _Entry]
    version: int = 1


_decode = msgspec.json.Decoder(_Manifest).decode
_encode = msgspec.json.Encoder().encode


def parse(data: bytes) -> list[Entry]:
    """Raises Invalid for what is no manifest. A file whose size is not said has the size -1."""
    try:
        manifest = _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid(f"These bytes are no artifact manifest: {error}.") from None
    if manifest.version != 1:
        raise Invalid(f"An artifact manifest of version {manifest.version}; this server reads version 1.")
    return [_entry(path, one) for path, one in manifest.contents.items()]


def _entry(path: str, one: _Entry) -> Entry:
    # Ids of other servers, from which an artifact was copied, mean nothing here.
    birth = ids.artifact_or_none(one.birth or "") or 0
    extra = one.extra or None
    if one.ref:
        return Entry(path, max(one.size or 0, 0), ref=one.ref, digest=one.digest, extra=extra, birth=birth)
    size = -1 if one.size is None else one.size
    digest = hex_of(one.digest, what=path)
    if extra is None or extra.get(_ALGORITHM) != _XXH128:
        return Entry(path, size, md5=digest, extra=extra, birth=birth)
    del extra[_ALGORITHM]
    return Entry(path, size, xxh128=digest, extra=extra or None, birth=birth)


def hex_of(digest: str, *, what: str) -> str:
    """Hexadecimal digits of an MD5 or XXH128 in base64. Raises Invalid."""
    try:
        raw = b64decode(digest, validate=True)
    except ValueError:
        raw = b""
    if len(raw) != 16:
        raise Invalid(f"The digest {digest[:80]!r} of {what[:300]!r} is not the base64 of 16 bytes.")
    return raw.hex()


def b64_of(digest: str) -> str:
    return b64encode(bytes.fromhex(digest)).decode()


def digest_of(entry: Entry) -> str:
    """As this wire tells it."""
    return entry.digest if entry.ref else b64_of(entry.xxh128 or entry.md5)


def write(entries: Iterable[Entry], version: int) -> Iterator[bytes]:
    """Pieces of the JSON; entries without a birth came first in `version`."""
    yield _HEAD
    pieces: list[bytes] = []
    begun = False
    for entry in entries:
        row: dict[str, Any] = {"digest": digest_of(entry), "size": entry.size}
        if not entry.ref:
            row["birthArtifactID"] = ids.artifact_id(entry.birth or version)
        else:
            row["ref"] = entry.ref
        if entry.xxh128:
            row["extra"] = {**(entry.extra or {}), _ALGORITHM: _XXH128}
        elif entry.extra:
            row["extra"] = entry.extra
        pieces.append((b"," if begun else b"") + _encode(entry.path) + b":" + jsonx.dump_bytes(row))
        begun = True
        if len(pieces) >= _ENTRIES_IN_PIECE:
            yield b"".join(pieces)
            pieces.clear()
    pieces.append(b"}}")
    yield b"".join(pieces)


def check_md5(body: bytes, md5: str) -> None:
    """Raises Invalid where the bytes are not those that were announced."""
    met = hashlib.md5(body, usedforsecurity=False).hexdigest()
    if met != md5:
        raise Invalid(f"The manifest that came has MD5 {met}, not {md5} as announced. Send it again.")
