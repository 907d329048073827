"""Files of a Hugging Face repository at a revision, which is made exact when it is logged: the commit.

    HF_ENDPOINT                     the hub, where it is not https://huggingface.co
    HF_TOKEN, or HF_HOME/token      a key for it, sent nowhere else
    HF_HUB_CACHE, HF_HOME/hub       what was fetched already, by whatever program

A reference `hf://datasets/OWNER/NAME@COMMIT/PATH` is known by its file's SHA-256, or the id of its Git blob.
Source: huggingface_hub 2.4, `hf_api.py`, `file_download.py`, `constants.py`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import quote, urljoin

from runstone.client.errors import Misuse, ReferenceAway
from runstone.client.pointers.places import Places, read_text
from runstone.client.pointers.sources import Found, Source, file_source, shown
from runstone.client.pointers.web import Refused, origin
from runstone.content.errors import ContentError
from runstone.content.manifest import NO_DIGEST, Reference
from runstone.content.paths import entry_path

DEFAULT = "https://huggingface.co"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/-]{0,255}")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PAGES_MAX = 100_000


class Address(NamedTuple):
    """kind: model, dataset or space. path: "" for all files."""

    kind: str
    repo: str
    revision: str
    path: str

    @property
    def words(self) -> str:
        return f"hf://{self.kind}s/{self.repo}@{self.revision}" + (f"/{self.path}" if self.path else "")


def hub_address(uri: str) -> Address:
    """Of `hf://[datasets/|spaces/|models/]OWNER/NAME[@REVISION][/PATH]`. A slash in a revision is `%2F`.
    Raises Misuse."""
    rest = uri.removeprefix("hf://")
    kind = "model"
    for plural in ("datasets", "spaces", "models"):
        if rest.startswith(plural + "/"):
            kind, rest = plural[:-1], rest[len(plural) + 1 :]
    parts = rest.split("/", 2)
    if len(parts) < 2 or not all(parts[:2]):
        raise Misuse(f"{uri!r} names no repository. Write hf://datasets/OWNER/NAME@REVISION.")
    name, _, revision = parts[1].partition("@")
    revision = revision.replace("%2F", "/").replace("%2f", "/") or "main"
    path = parts[2].strip("/") if len(parts) > 2 else ""
    if not _PART.fullmatch(parts[0]) or not _PART.fullmatch(name) or not _REVISION.fullmatch(revision):
        raise Misuse(f"{shown(uri)!r} names no repository. Write hf://datasets/OWNER/NAME@REVISION.")
    if ".." in revision.split("/"):
        raise Misuse(f"{shown(uri)!r} names no revision of a repository.")
    try:
        path = entry_path(path) if path else ""
    except ContentError as error:
        raise Misuse(f"{shown(uri)!r} names no file of a repository. {error}") from None
    return Address(kind, f"{parts[0]}/{name}", revision, path)


def found_at(uri: str, name: str | None, places: Places) -> Iterator[Found]:
    """A file, or all files in a folder or the repository. Raises Misuse, ReferenceAway."""
    address = hub_address(uri)
    try:
        commit, items = _listed(address, places)
        for item in items:
            yield _entry(address, commit, item, name)
    except Refused as error:
        raise ReferenceAway(f"{shown(uri)} cannot be listed: {_explained(error, places)}") from None
    except ReferenceAway as error:
        raise ReferenceAway(f"{shown(uri)} cannot be listed: the hub {error.message}.") from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ReferenceAway(f"{shown(uri)} cannot be listed: {endpoint(places)} is no hub.") from None


def _listed(address: Address, places: Places) -> tuple[str, Iterator[Mapping[str, Any]]]:
    """(commit, files)"""
    base = f"{endpoint(places)}/api/{address.kind}s/{address.repo}"
    secret = _key(places)
    about, _ = places.web.json(f"{base}/revision/{quote(address.revision, safe='')}", secret=secret)
    commit = str(about["sha"])
    if not _COMMIT.fullmatch(commit):
        raise ValueError(commit)
    if address.path:
        asked = json.dumps({"paths": [address.path], "expand": False}).encode()
        headers = {"Content-Type": "application/json"}
        things, _ = places.web.json(
            f"{base}/paths-info/{commit}", headers=headers, secret=secret, method="POST", content=asked
        )
        if not things:
            raise ReferenceAway(f"has no {shown(address.path)!r} at this revision")
        if things[0]["type"] == "file":
            return commit, iter(things)
    inner = f"/{quote(address.path)}" if address.path else ""
    return commit, _pages(f"{base}/tree/{commit}{inner}?recursive=true&expand=false", secret, places)


def _pages(url: str, secret: Mapping[str, str], places: Places) -> Iterator[Mapping[str, Any]]:
    first = origin(url)
    for _ in range(_PAGES_MAX):
        items, headers = places.web.json(url, secret=secret)
        yield from (item for item in items if item["type"] == "file")
        further = re.search(r"<([^>]*)>\s*;\s*rel=\"?next\"?", headers.get("Link", ""))
        if further is None:
            return
        url = urljoin(url, further[1])
        if origin(url) != first:
            raise ReferenceAway("sends on to another host for the rest of its list")


def _entry(address: Address, commit: str, item: Mapping[str, Any], name: str | None) -> Found:
    path, lfs = str(item["path"]), item.get("lfs")
    said = str(lfs["oid"]) if lfs else str(item["oid"])
    digest = bytes.fromhex(said) if lfs else NO_DIGEST
    uri = f"hf://{address.kind}s/{address.repo}@{commit}/{path}"
    extra = {"kind": "huggingface", "revision": commit}
    if path == address.path:  # the file itself was asked for
        target = name or path.rpartition("/")[2]
    else:
        inner = path.removeprefix(address.path).lstrip("/")
        target = f"{name.strip('/')}/{inner}" if name else inner
    return target, int(item["size"]), Reference(uri, said, extra), digest


def endpoint(places: Places) -> str:
    return (places.environ.get("HF_ENDPOINT") or DEFAULT).rstrip("/")


def _key(places: Places) -> dict[str, str]:
    token = places.environ.get("HF_TOKEN", "").strip()
    if not token:
        path = places.environ.get("HF_TOKEN_PATH") or os.path.join(_home(places), "token")
        token = (read_text(path) or "").strip()
    fits = token.isascii() and token.isprintable()
    return {"Authorization": f"Bearer {token}"} if token and fits else {}


def _home(places: Places) -> str:
    environ = places.environ
    cache = environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    said = environ.get("HF_HOME") or os.path.join(cache, "huggingface")
    return os.path.expanduser(os.path.expandvars(said))


def _cache(places: Places) -> str:
    environ = places.environ
    said = environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE")
    return os.path.expanduser(os.path.expandvars(said)) if said else os.path.join(_home(places), "hub")


def sources(reference: Reference, places: Places) -> list[Source]:
    """Raises ReferenceAway for what is no such reference, or not of one file."""
    try:
        address = hub_address(reference.uri)
    except Misuse as error:
        raise ReferenceAway(error.message) from None
    if not address.path:
        raise ReferenceAway(
            f"{shown(reference.uri)} is a whole repository, of which no file was asked when it was logged. "
            "Log it with checksum=True, or a file of it."
        )
    found = []
    folder = os.path.join(_cache(places), f"{address.kind}s--{address.repo.replace('/', '--')}")
    if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", reference.digest):  # else nothing would tell it is right
        blob = os.path.join(folder, "blobs", reference.digest)
        found.append(file_source(blob, _cache(places)))
        copy = os.path.join(folder, "snapshots", address.revision, *address.path.split("/"))
        # Without links (Windows), files lie in the snapshot. Not through one that leads out of the cache.
        if _COMMIT.fullmatch(address.revision) and os.path.realpath(copy).startswith(
            os.path.realpath(folder) + os.sep
        ):
            found.append(file_source(copy, _cache(places)))
    found.append(_web(address, places))
    return found


def hint(reference: Reference, places: Places) -> str:
    try:
        address = hub_address(reference.uri)
    except Misuse:
        return ""
    kind = "" if address.kind == "model" else f" --repo-type {address.kind}"
    command = f"hf download {address.repo} {address.path!r} --revision {address.revision}{kind}"
    return f"Run `{command}` where the hub answers, and name that cache in HF_HOME here."


def _web(address: Address, places: Places) -> Source:
    base = endpoint(places)
    kind = "" if address.kind == "model" else f"{address.kind}s/"
    revision, path = quote(address.revision, safe=""), quote(address.path)
    url = f"{base}/{kind}{address.repo}/resolve/{revision}/{path}"

    @contextmanager
    def opened() -> Iterator[Iterator[bytes]]:
        try:
            with places.web.reading(url, secret=_key(places)) as chunks:
                yield chunks
        except Refused as error:
            raise ReferenceAway(_explained(error, places)) from None

    return Source(shown(base), opened)


def _explained(error: Refused, places: Places) -> str:
    if error.status in (401, 403) or (error.status == 404 and not _key(places)):
        more = "the key in HF_TOKEN may not read it" if _key(places) else "set HF_TOKEN if it is not public"
        return f"{error.message}; {more}"
    return error.message
