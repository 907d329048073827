"""Folders in which this user keeps what references point to: named by the user, never by a reference.

RUNSTONE_REFERENCE_ROOTS   paths, as in PATH: checkouts, DVC caches or remotes, stores of Git LFS
the current folder         the repository it is in
HOME/artifacts/reference-roots   repositories that `add_reference` was given pointers of, a line each
"""

from __future__ import annotations

import configparser
import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from runstone.client.pointers.web import Web
from runstone.journal.home import home_path

ROOTS = "RUNSTONE_REFERENCE_ROOTS"
REMEMBERED_MAX = 200
_FILE_BYTES_MAX = 1 << 20
Ini = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Root:
    """named: by the environment or by standing in it, just now; else it is remembered from earlier."""

    path: str
    named: bool


class Places:
    """One download's; what it found is kept, and its connections. Safe for threads."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self.environ = os.environ if environ is None else environ
        self.web = Web()
        self._once: dict[str, Any] = {}
        self._lock = threading.Lock()

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` makes, made once."""
        with self._lock:
            if name not in self._once:
                self._once[name] = make()
            return self._once[name]

    def close(self) -> None:
        self.web.close()

    @property
    def roots(self) -> list[Root]:
        """No path twice, and only folders that are there."""
        found: list[Root] = self.once("roots", self._find_roots)
        return found

    def _find_roots(self) -> list[Root]:
        named = [os.path.expanduser(path) for path in self.environ.get(ROOTS, "").split(os.pathsep) if path]
        with contextlib.suppress(OSError):  # the current folder may be gone
            here = os.getcwd()
            named += [found for name in (".git", ".dvc") if (found := above_with(here, name)) is not None]
        roots: dict[str, Root] = {}
        for path, is_named in [(path, True) for path in named] + [(path, False) for path in _remembered()]:
            real = os.path.realpath(path)
            if real not in roots and os.path.isdir(real):
                roots[real] = Root(real, is_named)
        return list(roots.values())


def above_with(folder: str, name: str) -> str | None:
    """The nearest folder from `folder` up that has a `name` in it."""
    at = os.path.realpath(folder)
    while not os.path.exists(os.path.join(at, name)):
        above = os.path.dirname(at)
        if above == at:
            return None
        at = above
    return at


def remember(root: str) -> None:
    """Look in this repository too when something is downloaded later. Nothing where the home cannot be
    written: it is a help, and the repository can be named."""
    kept = _remembered()
    if kept and kept[-1] == root:
        return
    lines = [*(path for path in kept if path != root), root][-REMEMBERED_MAX:]
    path = _memory()
    with contextlib.suppress(OSError, UnicodeEncodeError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        number, part = tempfile.mkstemp(dir=os.path.dirname(path), prefix="reference-roots-")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write("".join(f"{line}\n" for line in lines))
            os.replace(part, path)
        except BaseException:
            os.unlink(part)
            raise


def _memory() -> str:
    return os.path.join(home_path(), "artifacts", "reference-roots")


def _remembered() -> list[str]:
    return [line for line in (read_text(_memory()) or "").splitlines() if os.path.isabs(line)]


def read_text(path: str) -> str | None:
    """A small file; None where there is none."""
    try:
        if not os.path.isfile(path):
            return None
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(_FILE_BYTES_MAX)
    except OSError:
        return None


def read_ini(*paths: str) -> Ini:
    """Sections of Git's or DVC's configuration files, later files over earlier ones. Their names are as they
    are written, without the quotes around them: `remote "origin"`. Includes are not followed."""
    found: Ini = {}
    for path in paths:
        text = read_text(path)
        if text is None:
            continue
        parser = configparser.RawConfigParser(
            strict=False,
            allow_no_value=True,
            delimiters=("=",),
            comment_prefixes=("#", ";"),
            inline_comment_prefixes=("#", ";"),
            default_section="\0",
        )
        lines = [line.strip() for line in text.splitlines()]
        with contextlib.suppress(configparser.Error):
            parser.read_string("\n".join(lines))
        for section in parser.sections():
            values = {key: _bare(value or "") for key, value in parser.items(section)}
            found.setdefault(section.strip("'"), {}).update(values)
    return found


def _bare(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
