"""Git LFS pointers: what they stand for, in the stores of checkouts and at the server of their repository.

A reference `lfs://sha256/OID` of `extra`
    kind      "git-lfs"
    pointer   where the pointer lay when it was logged: for people to read, never opened again
    path      the same, below its repository
    remote    the address of the repository's LFS server, without anybody's name or password in it

Source: git-lfs, `docs/api/server-discovery.md`. The server's side is in `git_lfs_server`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from runstone.client.errors import Misuse, ReferenceAway
from runstone.client.pointers.git_lfs_server import Servers
from runstone.client.pointers.places import ROOTS, Ini, Places, above_with, read_ini, read_text, remember
from runstone.client.pointers.sources import Found, Source, file_source, shown
from runstone.client.pointers.web import scheme_of, without_user
from runstone.content.digests import hash_file
from runstone.content.manifest import Entry, Reference
from runstone.content.trees import one_file

if TYPE_CHECKING:
    from runstone.content.digests import HashCache

HEAD = b"version https://git-lfs.github.com/spec/v1"
_OID = re.compile(r"[0-9a-f]{64}")
_SCP = re.compile(r"(?:[^@/]+@)?([^:/@\[]+):(?!//)(.+)")


def found_at(path: str, head: bytes, name: str | None) -> Found:
    """What the pointer `path` stands for. Raises Misuse."""
    fields = dict(line.partition(" ")[::2] for line in head.decode("utf-8", "replace").splitlines())
    algorithm, _, oid = fields.get("oid", "").partition(":")
    size = fields.get("size", "")
    if algorithm != "sha256" or not _OID.fullmatch(oid) or not (size.isascii() and size.isdigit()):
        raise Misuse(f"{path!r} begins like a Git LFS pointer, and names no SHA-256 and size.")
    pointer = os.path.abspath(path)
    root = above_with(os.path.dirname(pointer), ".git")
    reference = Reference(f"lfs://sha256/{oid}", oid, _recorded(pointer, root))
    return name or os.path.basename(path), int(size), reference, bytes.fromhex(oid)


def found_smudged(path: str, name: str | None, cache: HashCache | None) -> Found | None:
    """What a file stands for that git-lfs has put in place of its pointer: one whose content is in the
    repository's LFS store. None for any other. Raises ContentError."""
    file = one_file(path)
    root = above_with(os.path.dirname(file.local), ".git")
    stores = Repository(root).stores[:1] if root is not None else []
    if root is None or not any(os.path.isdir(os.path.join(store, "objects")) for store in stores):
        return None
    known = cache.get(file.stamp) if cache is not None else None
    digest = known or hash_file(file)
    oid = digest.hex()
    if not any(os.path.isfile(_object_in(store, oid)) for store in stores):
        return None
    reference = Reference(f"lfs://sha256/{oid}", oid, _recorded(file.local, root))
    return name or os.path.basename(path), file.size, reference, digest


def _recorded(pointer: str, root: str | None) -> dict[str, Any]:
    extra: dict[str, Any] = {"kind": "git-lfs", "pointer": pointer}
    if root is not None:
        inner = os.path.relpath(os.path.realpath(pointer), root)
        extra["path"] = inner.replace(os.sep, "/")
        remote = Repository(root).endpoint
        if remote:
            extra["remote"] = remote
        remember(root)
    return extra


def _object_in(store: str, oid: str) -> str:
    return os.path.join(store, "objects", oid[:2], oid[2:4], oid)


class Repository:
    """A checkout or bare repository: where its LFS objects lie, and where they come from."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._git = _git_folder(root)
        self._config: Ini = {}
        if self._git:
            self._config = read_ini(os.path.join(root, ".lfsconfig"), os.path.join(self._git, "config"))

    @cached_property
    def stores(self) -> list[str]:
        """Folders with `objects` of LFS below: its own, and its remote's where that is a folder."""
        if not self._git:  # a store that was named itself
            return [] if os.path.isdir(os.path.join(self.root, ".dvc")) else [self.root]
        own = self._config.get("lfs", {}).get("storage", "") or "lfs"
        stores = [os.path.join(self._git, os.path.expanduser(own))]
        remote = self._remote()
        url = remote.get("url", "")
        local = unquote(urlsplit(url).path) if url.startswith("file://") else url
        if local and "://" not in local and (os.path.isabs(local) or not _SCP.fullmatch(local)):
            far = os.path.join(self.root, local)
            stores.append(os.path.join(_git_folder(far) or far, "lfs"))
        return stores

    @cached_property
    def endpoint(self) -> str:
        """The address of its LFS server, as git-lfs finds it; "" where it has none on the web."""
        remote = self._remote()
        said = self._config.get("lfs", {}).get("url") or remote.get("lfsurl", "")
        if said:
            return _web_address(said)
        url = _web_address(remote.get("url", ""))
        if not url:
            return ""
        url = url.rstrip("/")
        return f"{url if url.endswith('.git') else url + '.git'}/info/lfs"

    def _remote(self) -> Mapping[str, str]:
        remotes = {
            name.removeprefix('remote "').removesuffix('"'): values
            for name, values in self._config.items()
            if name.startswith('remote "')
        }
        chosen = self._config.get("remote", {}).get("lfsdefault", "origin")
        if chosen in remotes:
            return remotes[chosen]
        return next(iter(remotes.values())) if len(remotes) == 1 else {}


def _git_folder(root: str) -> str | None:
    """The folder with the repository's configuration and objects, of a checkout, a work tree beside it, a
    submodule or a bare repository."""
    at = os.path.join(root, ".git")
    if os.path.isfile(at):
        said = (read_text(at) or "").partition("gitdir:")[2].strip()
        if not said:
            return None
        at = os.path.join(root, said)
        common = (read_text(os.path.join(at, "commondir")) or "").strip()
        return os.path.normpath(os.path.join(at, common))
    if os.path.isdir(at):
        return at
    if os.path.isfile(os.path.join(root, "HEAD")) and os.path.isdir(os.path.join(root, "objects")):
        return root
    return None


def _web_address(url: str) -> str:
    """`url` as http or https, where it is one or goes by ssh to a host."""
    scheme = scheme_of(url)
    if scheme in ("http", "https"):
        return without_user(url).rstrip("/")
    if scheme in ("ssh", "git+ssh", "ssh+git"):
        parts = urlsplit(url)
        return f"https://{parts.hostname}{parts.path}".rstrip("/") if parts.hostname else ""
    scp = _SCP.fullmatch(url) if "://" not in url else None
    return f"https://{scp[1]}/{scp[2].lstrip('/')}".rstrip("/") if scp and len(scp[1]) > 1 else ""


def sources(reference: Reference, size: int, places: Places) -> list[Source]:
    """Raises ReferenceAway for what is no such reference."""
    oid = reference.uri.removeprefix("lfs://sha256/")
    if not _OID.fullmatch(oid):
        raise ReferenceAway(f"{shown(reference.uri)} is no reference of Git LFS: it names no SHA-256.")
    found: list[Source] = []
    asked: list[str] = []
    for root in places.roots:
        repository = places.once(f"git {root.path}", partial(Repository, root.path))
        for store in repository.stores:
            for folder in (store, os.path.join(store, "lfs")):
                path = _object_in(folder, oid)
                if folder == store or os.path.exists(path):
                    found.append(file_source(path, folder))
        if root.named and repository.endpoint:
            asked.append(repository.endpoint)
    said = reference.extra.get("remote")
    # Which repository it is of is not known of versions of old: those that the user named are asked.
    for remote in [said] if isinstance(said, str) and said else dict.fromkeys(asked):
        found.append(places.once("lfs", lambda: Servers(places)).source(remote, oid, size))
    return found


def expect(entries: Iterable[Entry], places: Places) -> None:
    """What is going to be downloaded: servers are asked of many at once."""
    servers: Servers = places.once("lfs", lambda: Servers(places))
    for entry in entries:
        reference = entry.reference
        if reference is None or not reference.uri.startswith("lfs://sha256/"):
            continue
        said, oid = reference.extra.get("remote"), reference.uri.removeprefix("lfs://sha256/")
        if isinstance(said, str) and said and _OID.fullmatch(oid):
            servers.expect(said, oid, entry.size)


def hint(reference: Reference) -> str:
    remote, path = reference.extra.get("remote"), reference.extra.get("path")
    where = f"a checkout of {shown(remote).removesuffix('/info/lfs')}" if remote else "its checkout"
    what = f" --include={shown(path)!r}" if path else ""
    return f"Run `git lfs fetch{what}` in {where} and download again from there, or name it in {ROOTS}."
