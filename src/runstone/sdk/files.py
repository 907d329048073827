"""Files of a run: bytes under the run folder's `files/`, or paths elsewhere, named in FILE records.

The bytes come first: a FILE record is written when the file is whole, so whoever reads it may ship.
"""

from __future__ import annotations

import glob
import os
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from runstone.journal.kinds import FileLogged, Kind
from runstone.sdk.errors import UsageError

if TYPE_CHECKING:
    from runstone.sdk.recorder import Recorder

POLICIES = ("live", "now", "end")
LIVE_SECONDS = 10.0
_CODE_SUFFIXES = (".py", ".ipynb", ".sh", ".yaml", ".yml", ".toml", ".cfg", ".json")
_CODE_BYTES_MAX = 1024 * 1024
_CODE_FILES_MAX = 5000
_CODE_FOLDERS_LEFT_OUT = {
    "node_modules",
    "__pycache__",
    "venv",
    ".venv",
    "env",
    "runstone",
    "wandb",
    "site-packages",
}


def check_file_name(name: str) -> str:
    """`name` with forward slashes. Raises UsageError for one that could leave the run's folder."""
    text = name.replace(os.sep, "/")
    parts = text.split("/")
    if not text or text.startswith("/") or any(part in ("", ".", "..") for part in parts) or "\0" in text:
        raise UsageError(
            f"A run's file cannot be named {name!r}. Use a relative path without '.' or '..' parts."
        )
    return text


class RunFiles:
    """The files of one run in one process."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._live: dict[str, tuple[str, int]] = {}  # name -> path, time of its last shipped change
        self._end: dict[str, str] = {}
        self._watcher: threading.Thread | None = None
        self._stop = threading.Event()

    @property
    def folder(self) -> str:
        return os.path.join(self._recorder.folder, "files")

    def keep(self, name: str, data: bytes) -> str:
        """Store `data` as the run's file `name`; returns the name. A full disk is said once, and the
        file counted as lost."""
        name = check_file_name(name)
        path = os.path.join(self.folder, *name.split("/"))
        temporary = f"{path}.{os.getpid()}-{threading.get_ident()}.tmp"
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(temporary, "wb") as file:
                file.write(data)
            os.replace(temporary, path)
        except OSError as error:
            self._lost(name, error)
            return name
        self.record(name, os.path.join("files", *name.split("/")))
        return name

    def copy(self, name: str, source: str) -> str:
        """As `keep`, from a file."""
        name = check_file_name(name)
        path = os.path.join(self.folder, *name.split("/"))
        temporary = f"{path}.{os.getpid()}-{threading.get_ident()}.tmp"
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copyfile(source, temporary)
            os.replace(temporary, path)
        except FileNotFoundError:
            raise UsageError(f"File {source!r} is not there, or cannot be read.") from None
        except OSError as error:
            self._lost(name, error)
            return name
        self.record(name, os.path.join("files", *name.split("/")))
        return name

    def record(self, name: str, path: str) -> None:
        """The run has this file; `path` is absolute or relative to the run folder."""
        self._recorder.write(Kind.FILE, FileLogged(name=name, path=path, at=time.time()))

    def save(self, pattern: str, base_path: str | None, policy: str) -> list[str]:
        """The files that match, kept under their names relative to `base_path`. now: as they are at
        this moment. live: again whenever they change. end: as they are when the run finishes."""
        if policy not in POLICIES:
            raise UsageError(f"save() policy {policy!r} is not known. Use {', '.join(POLICIES)}.")
        if not isinstance(pattern, (str, os.PathLike)):
            raise UsageError(f"save() takes a path or a glob, met {type(pattern).__name__}.")
        text = os.path.abspath(os.fspath(pattern))
        base = os.path.abspath(base_path) if base_path else _base_of(text)
        if os.path.commonpath([base, text]) != base:
            raise UsageError(f"save() base_path {base!r} is not a parent of {text!r}.")
        saved = []
        for path in sorted(glob.glob(text, recursive=True)):
            if os.path.isdir(path):
                saved += self._save_folder(path, base, policy)
            else:
                saved.append(self._save_one(path, base, policy))
        return saved

    def _save_folder(self, folder: str, base: str, policy: str) -> list[str]:
        return [
            self._save_one(os.path.join(at, name), base, policy)
            for at, _, names in os.walk(folder)
            for name in sorted(names)
        ]

    def _save_one(self, path: str, base: str, policy: str) -> str:
        name = check_file_name(os.path.relpath(path, base))
        kept = os.path.join(self.folder, *name.split("/"))
        if policy == "end":
            self._end[name] = path
            return kept
        changed = _changed_ns(path)
        if os.path.realpath(path) == os.path.realpath(kept):
            self.record(name, os.path.join("files", *name.split("/")))
        else:
            self.copy(name, path)
        if policy == "live":
            self._live[name] = (path, changed)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="runstone-files", daemon=True)
                self._watcher.start()
        return kept

    def _watch(self) -> None:
        while not self._stop.wait(LIVE_SECONDS):
            self._look_again()

    def _look_again(self) -> None:
        for name, (path, seen) in list(self._live.items()):
            changed = _changed_ns(path)
            if changed and changed != seen:
                self._live[name] = (path, changed)
                try:
                    self.copy(name, path)
                except UsageError:
                    pass  # it has just gone

    def finish(self) -> None:
        """What is to be kept at the end."""
        self._stop.set()
        self._look_again()
        for name, path in self._end.items():
            if os.path.exists(path):
                self.copy(name, path)

    def log_code(self, root: str, include: object, exclude: object) -> list[str]:
        """Source files below `root`, as `code/PATH`."""
        root = os.path.abspath(root)
        names = []
        for folder, folders, files in os.walk(root):
            folders[:] = [f for f in folders if f not in _CODE_FOLDERS_LEFT_OUT and not f.startswith(".")]
            for file in sorted(files):
                path = os.path.join(folder, file)
                wanted = include(path) if callable(include) else file.endswith(_CODE_SUFFIXES[:2])
                if not wanted or (callable(exclude) and exclude(path)):
                    continue
                if os.path.getsize(path) <= _CODE_BYTES_MAX:
                    names.append(self.copy("code/" + os.path.relpath(path, root).replace(os.sep, "/"), path))
                if len(names) >= _CODE_FILES_MAX:
                    self._recorder.say(
                        "code", f"log_code() kept the first {_CODE_FILES_MAX} files of {root}."
                    )
                    return names
        return names

    def _lost(self, name: str, error: OSError) -> None:
        self._recorder.lost["file"] = self._recorder.lost.get("file", 0) + 1
        self._recorder.say("file", f"file {name!r} could not be kept ({error}). Training goes on.")


def _base_of(text: str) -> str:
    """The folder a path or glob is named in: names of saved files are relative to it."""
    folder = os.path.dirname(text)
    while glob.has_magic(folder):
        folder = os.path.dirname(folder)
    here = os.getcwd()
    return here if text.startswith(here + os.sep) else folder


def _changed_ns(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0
