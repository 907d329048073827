"""DVC files: what they track, in DVC's caches and remotes. Read without DVC.

A reference `dvc://MD5[.dir]` of `extra`
    kind    "dvc"
    hash    "md5", or "md5-dos2unix" for a file of DVC before 3
    file    where the DVC file lay when it was logged: for people to read, never opened again
    path    what it tracks, below its repository
    remote  the address of the repository's remote, where that is no folder
    files   of a folder (`.dir`): how many files it has

A folder whose list is at hand when it is logged becomes an entry for each of its files; else it is one entry,
and becomes a folder when it is downloaded.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from runstone.client.clouds import CLOUDS, cloud_store
from runstone.client.errors import ClientError, Misuse, ReferenceAway
from runstone.client.pointers.places import ROOTS, Ini, Places, above_with, read_ini, remember
from runstone.client.pointers.proofs import Algorithm, Proof
from runstone.client.pointers.sources import Found, Source, bring, file_source, shown
from runstone.client.pointers.web import Refused, basic, is_private, netrc_login, scheme_of, without_user
from runstone.content.errors import ContentError
from runstone.content.manifest import NO_DIGEST, Reference
from runstone.content.paths import entry_path

DVC_FILE_BYTES_MAX = 16 << 20
LIST_BYTES_MAX = 1 << 30
_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")


# WebDAV's reading is that of the web.
_WEB = {"http": "http", "https": "https", "webdav": "http", "webdavs": "https"}
KINDS_NOT_READ = {
    "ssh": "SSH",
    "gdrive": "Google Drive",
    "hdfs": "HDFS",
    "webhdfs": "WebHDFS",
    "oss": "Alibaba Cloud OSS",
}


class Listed(NamedTuple):
    """A file of a folder that DVC tracks. path: below the folder."""

    path: str
    md5: str


def found_at(path: str, name: str | None) -> Iterator[Found]:
    """What the DVC file `path` tracks. Raises Misuse."""
    file = os.path.abspath(path)
    outputs = _outputs(file)
    root = above_with(os.path.dirname(file), ".dvc")
    project = Project(root) if root is not None else None
    if root is not None:
        remember(root)
    for output in outputs:
        md5 = str(output.get("md5", ""))
        if not _MD5.fullmatch(md5):
            raise Misuse(
                f"{path!r} gives no MD5 of {shown(output['path'])!r}, so nothing says which bytes are meant. "
                "Run `dvc commit` or `dvc add` first."
            )
        kind: Algorithm = "md5" if output.get("hash") == "md5" else "md5-dos2unix"
        extra: dict[str, Any] = {"kind": "dvc", "hash": kind, "file": file}
        tracked = os.path.join(os.path.dirname(file), output["path"])
        if root is not None and project is not None:
            extra["path"] = os.path.relpath(tracked, root).replace(os.sep, "/")
            remote = project.remote(output.get("remote"))
            if remote is not None and remote.is_far:
                extra["remote"] = without_user(remote.url)
        target = name if name and len(outputs) == 1 else output["path"]
        if md5.endswith(".dir"):
            yield from _folder(target, md5, output, extra, project)
        else:
            yield target, _count(output.get("size")), Reference(f"dvc://{md5}", md5, extra), NO_DIGEST


def _outputs(file: str) -> list[dict[str, Any]]:
    import yaml

    try:
        with open(file, "rb") as opened:
            text = opened.read(DVC_FILE_BYTES_MAX)
        # All scalars as they are written: an MD5 of digits alone is no number.
        said = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
        outputs = said["outs"]
        if not outputs or not all(isinstance(output.get("path"), str) for output in outputs):
            raise ValueError
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise Misuse(f"{file!r} names no outputs. Is it a DVC file?") from None
    wanted = said.get("wdir", ".")
    for output in outputs:
        output["path"] = os.path.normpath(os.path.join(str(wanted), output["path"]))
    return list(outputs)


def _folder(
    target: str, md5: str, output: Mapping[str, Any], extra: dict[str, Any], project: Project | None
) -> Iterator[Found]:
    kind: Algorithm = extra["hash"]
    data = None
    for store in project.stores if project is not None else ():
        data = data or _read_list(store.path(md5, kind), md5)
    if data is None:
        extra["files"] = _count(output.get("nfiles"))
        reference = Reference(f"dvc://{md5}", md5, extra)
        yield target, _count(output.get("size")), reference, NO_DIGEST
        return
    for file in listed(data):
        size = -1
        for store in project.stores if project is not None else ():
            path = store.path(file.md5, kind)
            size = os.path.getsize(path) if size < 0 and os.path.isfile(path) else size
        own = {**extra, "path": f"{extra['path']}/{file.path}"} if "path" in extra else extra
        yield f"{target}/{file.path}", size, Reference(f"dvc://{file.md5}", file.md5, own), NO_DIGEST


def _read_list(path: str, md5: str) -> bytes | None:
    import hashlib

    try:
        with open(path, "rb") as file:
            data = file.read(LIST_BYTES_MAX)
    except OSError:
        return None
    right = hashlib.md5(data, usedforsecurity=False).hexdigest() == md5.removesuffix(".dir")
    return data if right else None


def listed(data: bytes) -> list[Listed]:
    """The files of a folder, from DVC's list of them. Raises ReferenceAway for what is none."""
    try:
        items = [Listed(entry_path(item["relpath"]), item["md5"]) for item in json.loads(data)]
        if not all(_MD5.fullmatch(item.md5) and not item.md5.endswith(".dir") for item in items):
            raise ValueError
    except ContentError as error:
        raise ReferenceAway(f"a folder of DVC lists a file that leads elsewhere: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ReferenceAway("no list of a folder of DVC") from None
    return items


def _count(value: object) -> int:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else -1


class Store(NamedTuple):
    """A folder that is a cache of DVC, or a remote."""

    folder: str

    def path(self, md5: str, kind: Algorithm) -> str:
        return os.path.join(self.folder, *_key(md5, kind).split("/"))


def _key(md5: str, kind: Algorithm) -> str:
    return f"{'files/md5/' if kind == 'md5' else ''}{md5[:2]}/{md5[2:]}"


class Remote(NamedTuple):
    """url: of a folder, made absolute; else as it is written. options: the rest of its section."""

    url: str
    options: Mapping[str, str]

    @property
    def is_far(self) -> bool:
        """Whether it is no folder; bytes of those by `KINDS_NOT_READ` are not brought all the same."""
        return scheme_of(self.url) not in ("", "file", "remote")


class Project:
    """A repository of DVC, or a folder that is a cache or remote itself."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._dvc = os.path.join(root, ".dvc")
        self._config: Ini = {}
        if os.path.isdir(self._dvc):
            home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
            files = (os.path.join(home, "dvc", "config"), self._in("config"), self._in("config.local"))
            self._config = read_ini(*files)

    @cached_property
    def stores(self) -> list[Store]:
        """Its cache, and those of its remotes that are folders."""
        if not os.path.isdir(self._dvc):  # a cache or remote that was named itself
            return [] if os.path.exists(os.path.join(self.root, ".git")) else [Store(self.root)]
        cache = self._config.get("cache", {}).get("dir") or "cache"
        far = [remote for remote in self.remotes if not remote.is_far and "://" not in remote.url]
        return [Store(self._in(os.path.expanduser(cache))), *(Store(remote.url) for remote in far)]

    @cached_property
    def remotes(self) -> list[Remote]:
        """The default one first."""
        default = self._config.get("core", {}).get("remote")
        names = [name[8:-1] for name in self._config if name.startswith('remote "')]
        names.sort(key=lambda name: name != default)
        return [remote for name in names if (remote := self.remote(name)) is not None]

    def remote(self, name: object = None) -> Remote | None:
        """By its name, or the default."""
        chosen = name or self._config.get("core", {}).get("remote")
        options = dict(self._config.get(f'remote "{chosen}"', {}))
        url = options.pop("url", "")
        for _ in range(5):  # remote://NAME/path, which may lean on another again
            if scheme_of(url) != "remote":
                break
            parts = urlsplit(url)
            base = dict(self._config.get(f'remote "{parts.netloc}"', {}))
            url = base.pop("url", "").rstrip("/") + parts.path
            options = {**base, **options}
        if not url or url.startswith("remote:"):
            return None
        if url.startswith("file://"):
            url = unquote(urlsplit(url).path)
        return Remote(url if "://" in url else self._in(os.path.expanduser(url)), options)

    def _in(self, path: str) -> str:
        return os.path.normpath(os.path.join(self._dvc, path))


def is_folder(reference: Reference) -> bool:
    return reference.uri.startswith("dvc:") and reference.digest.endswith(".dir")


def sources(reference: Reference, places: Places, *, md5: str | None = None) -> list[Source]:
    """md5: of a file in the folder that it is. Raises ReferenceAway for what is no such reference."""
    wanted = md5 or reference.uri.removeprefix("dvc://")
    if not _MD5.fullmatch(wanted):
        raise ReferenceAway(f"{shown(reference.uri)} is no reference of DVC: it names no MD5.")
    said_hash = reference.extra.get("hash")
    # What was logged before files of DVC 2 were told apart says "md5" of both: their places are tried too.
    kinds: list[Algorithm] = ["md5-dos2unix"] if said_hash == "md5-dos2unix" else ["md5", "md5-dos2unix"]
    found: list[Source] = []
    far: list[Remote] = []
    said = reference.extra.get("remote")
    known: Remote | None = None
    for root in places.roots:
        project = places.once(f"dvc {root.path}", partial(Project, root.path))
        for store in project.stores:
            for kind in kinds:
                path = store.path(wanted, kind)
                if kind == kinds[0] or os.path.exists(path):
                    found.append(file_source(path, store.folder))
        for remote in project.remotes:
            if remote.is_far and without_user(remote.url) == said:
                known = known or remote
            elif remote.is_far and root.named:
                far.append(remote)
    if isinstance(said, str) and said:
        # As the user's own repository reaches it, else with nothing but what the environment has.
        far = [known or Remote(said, {})]
    found += [_far(remote, _key(wanted, kinds[0]), places) for remote in far]
    return found


def hint(reference: Reference) -> str:
    """What to do where the bytes are nowhere at hand."""
    path = reference.extra.get("path")
    what = f" {shown(path)!r}" if path else ""
    kind = KINDS_NOT_READ.get(scheme_of(str(reference.extra.get("remote") or "")))
    if kind is not None:
        return (
            f"DVC itself reads remotes by {kind}: run `dvc pull{what}` in its repository, then download from "
            f"there again (or name it in {ROOTS}), or log the files themselves by add_file() or add_dir()."
        )
    return f"Run `dvc fetch{what}` in its repository and download again from there, or name it in {ROOTS}."


def bring_list(reference: Reference, places: Places, part: str) -> list[Listed]:
    """The files of the folder that a reference is. part: a file to use meanwhile. Raises ReferenceAway."""
    proof = Proof("md5", reference.digest.removesuffix(".dir"))
    what = shown(reference.extra.get("path") or reference.uri)
    found = sources(reference, places)
    bring(
        found,
        part,
        what=f"The list of {what}",
        size=-1,
        proof=proof,
        hint=hint(reference),
        most=LIST_BYTES_MAX,
    )
    with open(part, "rb") as file:
        return listed(file.read())


def _far(remote: Remote, key: str, places: Places) -> Source:
    where = shown(without_user(remote.url)) or "its remote"
    scheme = scheme_of(remote.url)
    if scheme in _WEB:
        return Source(where, _web(remote, key, places))

    @contextmanager
    def opened() -> Iterator[Iterator[bytes]]:
        import obstore

        if scheme not in CLOUDS:
            kind = KINDS_NOT_READ.get(scheme, "a way that is not known")
            raise ReferenceAway(f"a remote by {kind}, which Runstone does not read")
        parts = urlsplit(remote.url)
        path = f"{unquote(parts.path).strip('/')}/{key}".lstrip("/")
        try:
            base, options = f"{parts.scheme}://{parts.netloc}", _options(scheme, remote.options)
            store = places.once(f"{base} {options}", partial(cloud_store, base, **options))
            answer = obstore.get(store, path)
        except FileNotFoundError:
            raise
        except ClientError as error:
            raise ReferenceAway(error.message) from None
        except Exception as error:
            raise ReferenceAway(f"cannot be asked: {shown(error)}") from error
        yield _cloud_pieces(answer)

    return Source(where, opened)


def _cloud_pieces(answer: Any) -> Iterator[bytes]:
    try:
        for part in answer.stream():
            yield bytes(part)
    except Exception as error:
        raise ReferenceAway(f"was cut: {shown(error)}") from error


# What the user's own repository says of its remote, as obstore has it.
_S3_OPTIONS = {
    "endpointurl": "endpoint",
    "region": "region",
    "access_key_id": "access_key_id",
    "secret_access_key": "secret_access_key",
    "session_token": "session_token",
}
_OPTIONS = {
    "s3": _S3_OPTIONS,
    "gs": {"credentialpath": "service_account", "endpointurl": "base_url"},
    "az": {"account_name": "account_name", "account_key": "account_key", "sas_token": "sas_key"},
}


def _options(scheme: str, options: Mapping[str, str]) -> dict[str, Any]:
    names = _OPTIONS[CLOUDS[scheme]]
    given: dict[str, Any] = {names[name]: value for name, value in options.items() if name in names and value}
    if any(str(given.get(name, "")).startswith("http://") for name in ("endpoint", "base_url")):
        given["client_options"] = {"allow_http": True}
    return given


def _web(remote: Remote, key: str, places: Places) -> Any:
    @contextmanager
    def opened() -> Iterator[Iterator[bytes]]:
        scheme, _, rest = without_user(remote.url).rstrip("/").partition("://")
        url = f"{_WEB[scheme.lower()]}://{rest}/{quote(key)}"
        secret = _web_key(remote)
        try:
            with places.web.reading(url, secret=secret) as chunks:
                yield chunks
                return
        except Refused as error:
            login = netrc_login(url)
            if error.status not in (401, 403, 404) or secret or not login:
                raise
        with places.web.reading(url, secret=login) as chunks:
            yield chunks

    return opened


def _web_key(remote: Remote) -> dict[str, str]:
    """What the user's own repository has for its remote."""
    options, parts = remote.options, urlsplit(remote.url)
    if not is_private(f"{_WEB[parts.scheme.lower()]}://{parts.netloc}"):
        return {}
    if options.get("token"):  # of WebDAV
        return {"Authorization": f"Bearer {options['token']}"}
    user, password = options.get("user", ""), options.get("password", "")
    if options.get("auth", "").lower() == "custom" and options.get("custom_auth_header") and password:
        return {options["custom_auth_header"]: password}
    if user and password:
        return basic(user, password)
    return (
        basic(unquote(parts.username), unquote(parts.password)) if parts.username and parts.password else {}
    )
