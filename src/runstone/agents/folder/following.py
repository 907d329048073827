"""The state of a sweep's directory, followed act by act, and changed by acts of one's own."""

from __future__ import annotations

import os
import random
import secrets
import string
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from runstone.agents.folder.errors import FolderError
from runstone.agents.folder.files import Files
from runstone.agents.folder.log import Log, Sealed
from runstone.agents.folder.state import Draft, State
from runstone.agents.source import SourceAway

_TURNS_MAX = 1_000
_ID_CHARS = string.ascii_lowercase + string.digits
T = TypeVar("T")


class Folder:
    """The state of one directory, followed act by act, and changed by acts of one's own.

    Threads may share it. Raises SourceAway where the directory cannot be reached, or others write all
    the time; FolderError for what time will not mend.
    """

    def __init__(self, root: Path, *, files: type[Files] = Files) -> None:
        self.root = root
        writer = "".join(secrets.choice(_ID_CHARS) for _ in range(12))
        self.files = files(root, writer)
        self.state = State()
        self.lock = threading.RLock()
        self._log = Log(root, self.files, writer)

    def follow(self) -> State:
        """Up to the last act."""
        with self.lock, reaching(self.root):
            self._follow()
            return self.state

    def act(self, decide: Callable[[Draft], T]) -> T:
        """Carry out what `decide` writes on its draft, on exactly the state that it saw. It is called
        again where somebody else acted meanwhile; it touches nothing but the draft."""
        with self.lock, reaching(self.root):
            for turn in range(_TURNS_MAX):
                self._follow()
                draft = Draft(self.state)
                answer = decide(draft)
                if not draft.changes:
                    return answer
                number = self.state.position + 1
                act = {"at": round(time.time(), 3), **draft.changes.encode()}
                if self._log.append(number, act):
                    self.state.apply(draft.changes.encode())
                    self._tidy(number)
                    return answer
                if turn > 2:  # many at once: let some of them pass
                    time.sleep(random.random() * 0.002 * min(turn, 50))  # noqa: S311 (no secret)
        raise SourceAway(f"{self.root}: others acted {_TURNS_MAX} times before us; try again.")

    def _follow(self) -> None:
        if not self.state.position:
            self._load()
        while True:
            try:
                act = self._log.read(self.state.position + 1)
            except Sealed:
                self._load()
                continue
            if act is None:
                return
            self.state.apply(act)

    def _load(self) -> None:
        found = self._log.read_snapshot()
        if found is not None and found[0] > self.state.position:
            self.state = State.decode(*found)

    def _tidy(self, number: int) -> None:
        """The act is done; whatever fails from here on is left to somebody else."""
        try:
            if self._log.after_append(number):
                self._log.write_snapshot(number, self.state.encode())
        except OSError:
            pass


@contextmanager
def reaching(root: Path) -> Iterator[None]:
    """A directory that cannot be reached just now may be there again later."""
    try:
        yield
    except SourceAway:
        raise
    except PermissionError as error:
        raise FolderError(
            f"{root} cannot be written by this user ({os.strerror(error.errno or 0)}): {error.filename}. All "
            "who take part need to read and write it; a common group and umask 002 do."
        ) from None
    except OSError as error:
        raise SourceAway(f"{root} cannot be reached: {error}") from error
