"""Files that an artifact points to without holding them: what their own places say of them, and their
bytes. Everything is read here, with this user's rights; the server fetches nothing.

    file:  s3:  gs:  az:      objects and prefixes; size, etag, version id (by `client.cloud_references`)
    https:                    the same, of Azure's store, where this process has its credentials
    http:  https:             one file; etag, length
    hf:                       hf://datasets/OWNER/NAME@REVISION[/PATH]; SHA-256 or Git blob id, size
    PATH.dvc                  what a DVC file points to; MD5 and size
    a Git LFS pointer         its SHA-256 and size

The last three are brought by `client.pointers`. Any other scheme is kept as it is written, with no checksum.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from runstone.client.cloud_references import bytes_in, found_in
from runstone.client.clouds import place_of
from runstone.client.errors import Misuse, ReferenceAway
from runstone.client.pointers import dvc, git_lfs, hub
from runstone.client.pointers.places import Places
from runstone.client.pointers.sources import Found
from runstone.client.pointers.web import netrc_login, without_user
from runstone.content.digests import hash_file
from runstone.content.manifest import NO_DIGEST, Reference
from runstone.content.trees import one_file, walk

if TYPE_CHECKING:
    from runstone.content.digests import HashCache

OBJECTS_MAX = 10_000_000


def resolve(
    uri: str,
    name: str | None = None,
    *,
    checksum: bool = True,
    objects_max: int | None = None,
    cache: HashCache | None = None,
) -> Iterator[Found]:
    """(path in the artifact, bytes or -1, reference, SHA-256 or NO_DIGEST) of each file that `uri`
    stands for. name: of the file, or of the folder that a prefix becomes. Raises Misuse, ReferenceAway,
    ContentError."""
    most = objects_max or OBJECTS_MAX
    parts = urlsplit(uri)
    scheme = parts.scheme.lower()
    if scheme in ("http", "https") and "@" in parts.netloc:
        raise Misuse(
            f"{without_user(uri)} was given with a user or password in it. A reference is kept and shown to "
            "whoever sees the version: leave them out, and put them into your netrc file for its host."
        )
    if len(scheme) <= 1:
        found = _of_path(uri, name, cache)
    elif scheme == "file":
        found = _of_files(unquote(parts.netloc + parts.path), name, checksum, cache)
    elif not checksum:
        found = iter([(name or _last(parts.path) or "reference", -1, Reference(uri, uri), NO_DIGEST)])
    elif (place := place_of(uri)) is not None:
        found = found_in(place, uri, name)
    elif scheme in ("http", "https"):
        found = _of_http(uri, name)
    elif scheme == "hf":
        found = _of_hub(uri, name)
    else:
        found = iter([(name or _last(parts.path) or "reference", -1, Reference(uri, uri), NO_DIGEST)])
    for number, item in enumerate(found):
        if number >= most:
            raise Misuse(f"{uri} holds more than {most} files. Pass max_objects= to allow more.")
        yield item


def _of_hub(uri: str, name: str | None) -> Iterator[Found]:
    places = Places()
    try:
        yield from hub.found_at(uri, name, places)
    finally:
        places.close()


def _of_files(path: str, name: str | None, checksum: bool, cache: HashCache | None) -> Iterator[Found]:
    single = not os.path.isdir(path)
    files = [one_file(path)] if single else walk(path)
    for file in files:
        digest = NO_DIGEST
        if checksum:
            known = cache.get(file.stamp) if cache is not None else None
            digest = known or hash_file(file)
        uri = "file://" + quote(file.local)
        said = digest.hex() if checksum else uri
        target = (name or file.path) if single else (f"{name.strip('/')}/{file.path}" if name else file.path)
        yield target, file.size, Reference(uri, said), digest


def _of_path(path: str, name: str | None, cache: HashCache | None) -> Iterator[Found]:
    """A pointer file of another tool, or what git-lfs put in its place."""
    try:
        with open(path, "rb") as file:
            head = file.read(64 * 1024)
    except OSError as error:
        raise Misuse(f"{path!r} cannot be read ({error.strerror}). A reference is a URI: file://…") from None
    if head.startswith(git_lfs.HEAD):
        yield git_lfs.found_at(path, head, name)
    elif path.endswith(".dvc"):
        yield from dvc.found_at(path, name)
    else:
        smudged = git_lfs.found_smudged(path, name, cache)
        if smudged is None:
            raise Misuse(
                f"{path!r} is no URI, DVC file or file of Git LFS. Write file://{os.path.abspath(path)}."
            )
        yield smudged


def _of_http(uri: str, name: str | None) -> Iterator[Found]:
    import httpx

    try:
        with httpx.stream("GET", uri, headers=_login(uri), follow_redirects=True, timeout=30.0) as answer:
            answer.raise_for_status()
            headers = answer.headers
    except httpx.HTTPError as error:
        raise ReferenceAway(f"{uri} cannot be asked for: {error}") from error
    etag = headers.get("ETag", "").strip('"')
    length = headers.get("Content-Length", "")
    packed = headers.get("Content-Encoding")
    size = int(length) if length.isdigit() and not packed else -1
    extra = {"etag": etag} if etag else {}
    changed = headers.get("Last-Modified", "")
    if changed and not etag:
        extra["lastModified"] = changed
    yield (
        name or _last(urlsplit(uri).path) or "index.html",
        size,
        Reference(uri, etag or uri, extra),
        NO_DIGEST,
    )


@contextmanager
def reading(reference: Reference) -> Iterator[Iterator[bytes]]:
    """The bytes of what a reference points to, as they come. Raises ReferenceAway where they are gone or
    are not those that were referred to, Misuse for a scheme whose bytes cannot be fetched here."""
    uri = reference.uri
    parts = urlsplit(uri)
    scheme = parts.scheme.lower()
    if scheme == "file":
        try:
            file = open(unquote(parts.netloc + parts.path), "rb")  # noqa: SIM115
        except OSError as error:
            raise ReferenceAway(f"{uri} cannot be read: {error.strerror}.") from None
        with file:
            yield iter(lambda: file.read(1 << 20), b"")
    elif (place := place_of(uri)) is not None:
        yield bytes_in(place, reference)
    elif scheme in ("http", "https"):
        import httpx

        try:
            with httpx.stream("GET", uri, headers=_login(uri), follow_redirects=True, timeout=60.0) as answer:
                answer.raise_for_status()
                etag = answer.headers.get("ETag", "").strip('"')
                if reference.extra.get("etag") and etag and etag != reference.extra["etag"]:
                    raise ReferenceAway(f"{uri} has changed: its etag is {etag!r} now.")
                changed = answer.headers.get("Last-Modified", "")
                if reference.extra.get("lastModified", changed) != changed:
                    raise ReferenceAway(f"{uri} has changed: it is of {changed or 'no known time'} now.")
                yield answer.iter_bytes()
        except httpx.HTTPError as error:
            raise ReferenceAway(f"{uri} cannot be fetched: {error}") from error
    else:
        raise Misuse(f"{uri} is only pointed to; its bytes cannot be fetched by Runstone.")


def check_bytes(reference: Reference, sha256: bytes, found: hashlib._Hash) -> None:
    """Raises ReferenceAway where the bytes are not those whose digest is known."""
    if sha256 != NO_DIGEST and found.digest() != sha256:
        raise ReferenceAway(f"{reference.uri} has changed: its SHA-256 is not {sha256.hex()} any more.")


def _login(uri: str) -> dict[str, str]:
    """What the netrc file has for the host. Another host that it redirects to is not told."""
    return netrc_login(uri) or {}


def _last(path: str) -> str:
    return unquote(path).rstrip("/").rpartition("/")[2]
