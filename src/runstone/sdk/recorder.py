"""What a run writes in this process: its journal, and what becomes of trouble with it.

Nothing here raises for the sake of a disk, a quota or a permission: training goes on, the first
trouble is said on standard error, everything that could not be kept is counted, and `finish` tells.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec

from runstone.journal.format import JournalError
from runstone.journal.home import QueueEntry, host_name
from runstone.journal.kinds import End, Kind, RunFields
from runstone.journal.writer import JournalClosedError, JournalWriter
from runstone.sdk.identity import process_started

if TYPE_CHECKING:
    from runstone.sdk.run import Run

encode = msgspec.msgpack.Encoder().encode
RETRY_SECONDS = 1.0  # how often an append is tried again while the disk is full


def sound_text(value: Any) -> Any:
    """Plain values without text that UTF-8 cannot hold: question marks are in its place."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {sound_text(key): sound_text(item) for key, item in value.items()}
    return [sound_text(item) for item in value] if isinstance(value, (list, tuple)) else value


class Watching(msgspec.Struct, frozen=True, kw_only=True):
    """How the uplink is to look after this run's journals. `queue` False: not at all."""

    home: str
    mode: str
    queue: bool
    base_url: str = ""
    api_key_file: str = ""
    sample_system: bool = False
    sample_seconds: float = 10.0


class Recorder:
    """The journal of one run in one process. In a forked child, the first record opens a journal of
    the child's own, beside its parent's, in the same run."""

    def __init__(self, folder: str, first: RunFields, watching: Watching, *, secondary: bool = False) -> None:
        """secondary: the run was begun by another process, whose end ends it."""
        self.folder = folder
        self.home = watching.home
        self.lost: dict[str, int] = {}  # by kind, what could not be kept
        self.entries: list[str] = []  # paths of this process's queue entries
        self._first = first
        self._watching = watching
        self._secondary = secondary
        self._lock = threading.RLock()
        self._said: set[str] = set()
        self._retry_at = 0.0
        self._pid = os.getpid()
        self._writer: JournalWriter | None = None
        self.is_closed = False
        self._open()

    @property
    def journal(self) -> str:
        """The path of this process's journal; "" where there is none."""
        return self._writer.path if self._writer is not None else ""

    @property
    def writer(self) -> JournalWriter | None:
        return self._writer

    @property
    def watching(self) -> Watching:
        return self._watching

    @property
    def in_child(self) -> bool:
        """Is this a process that was forked from the one that began the run?"""
        return os.getpid() != self._pid

    def write(self, kind: Kind, value: Any) -> bool:
        """Keep one record. False if it could not be kept: it is counted then."""
        try:
            payload = encode(value)
        except UnicodeEncodeError:  # half a surrogate pair, as a file name that is not UTF-8 has them
            payload = encode(sound_text(msgspec.to_builtins(value)))
        return self.append(int(kind), payload)

    def append(self, kind: int, payload: bytes) -> bool:
        """Keep one record, already encoded."""
        writer = self._writer
        if writer is not None:
            try:
                writer.append(kind, payload)
                return True
            except (OSError, JournalError, JournalClosedError) as error:
                return self.recover(kind, payload, error)
        return self.recover(kind, payload, None)

    def recover(self, kind: int, payload: bytes, error: Exception | None) -> bool:
        """After an append that failed: in a forked child begin its journal; else try again at times."""
        with self._lock:
            if self.is_closed:
                self._count(kind)
                return False
            if isinstance(error, JournalClosedError) or self._writer is None:
                foreign = self._writer is not None and self._writer.is_foreign
                if foreign or time.monotonic() >= self._retry_at:
                    self._open()
                if self._writer is None:
                    self._count(kind)
                    return False
                try:
                    self._writer.append(kind, payload)
                    return True
                except (OSError, JournalError, JournalClosedError) as again:
                    error = again
            self._count(kind)
            if isinstance(error, JournalError):
                self.say("long", f"a record was too long and was left out. {error}")
            else:
                self.say("full", f"the run's journal could not be written ({error}). Training goes on.")
            return False

    def say(self, about: str, text: str) -> None:
        """On standard error, once for each `about`."""
        if about in self._said:
            return
        self._said.add(about)
        try:
            print(f"runstone: {text}", file=sys.stderr, flush=True)
        except (OSError, ValueError):
            pass

    def register(self, writer: str, journal: str, *, pid: int, sample_system: bool = False) -> None:
        """Put a journal of this run into the uplink's queue."""
        if not self._watching.queue:
            return
        from runstone.sdk import launch

        entry = self._entry(journal, pid=pid, sample_system=sample_system)
        try:
            self.entries.append(launch.enqueue(self.home, writer, entry))
        except OSError as error:
            self.say(
                "queue",
                f"the uplink could not be told of this run ({error}). `runstone sync` sends it later.",
            )

    def entry_for(self, writer: str, journal: str) -> dict[str, Any] | None:
        """What a helper process is to put into the queue itself, with its own pid; None for nothing."""
        if not self._watching.queue:
            return None
        from runstone.sdk import launch

        path = launch.queue_path(self.home, writer)
        self.entries.append(path)
        return {"path": path, "entry": msgspec.to_builtins(self._entry(journal, pid=0, sample_system=False))}

    def _entry(self, journal: str, *, pid: int, sample_system: bool) -> QueueEntry:
        watching = self._watching
        return QueueEntry(
            journal=journal,
            mode=watching.mode,
            base_url=watching.base_url,
            api_key_file=watching.api_key_file,
            pid=pid,
            pid_started=process_started(pid) if pid else 0.0,
            sample_system=sample_system,
            sample_seconds=watching.sample_seconds,
            capture_environment=False,  # `init` starts the capture itself
            host=host_name(),
        )

    def wake_uplink(self) -> None:
        if self._watching.queue and self.entries:
            from runstone.sdk import launch

            launch.ensure_uplink(self._watching.home)

    def secondary(self, writer: str) -> RunFields:
        """The first record of a further journal of this run."""
        return msgspec.structs.replace(
            self._first,
            writer=writer,
            primary=False,
            resume="allow",  # the run is there already: this is no second one
            fork_of=None,
            fork_step=None,
        )

    def close(self, end: End | None) -> None:
        """The last record, then the journal to its true size and to the disk."""
        with self._lock:
            if self.is_closed:
                return
            if end is not None and not (self._writer is not None and self._writer.is_foreign):
                self.write(Kind.END, end)
            self.is_closed = True
            if self._writer is not None:
                self._writer.close()

    def _open(self) -> None:
        child = self.in_child
        self._retry_at = time.monotonic() + RETRY_SECONDS
        try:
            os.makedirs(self.folder, exist_ok=True)
            writer = JournalWriter(self.folder)
        except OSError as error:
            self.say(
                "open", f"no journal could be made in {self.folder} ({error}). Training goes on, unrecorded."
            )
            self._writer = None
            return
        first = (
            self.secondary(writer.writer)
            if child
            else msgspec.structs.replace(self._first, writer=writer.writer)
        )
        try:
            writer.append(Kind.RUN, encode(first))
        except OSError as error:
            self.say(
                "open", f"no journal could be made in {self.folder} ({error}). Training goes on, unrecorded."
            )
            writer.close(sync=False)
            self._writer = None
            return
        if self._writer is not None and child:
            self._writer.close(sync=False)
            self.entries.clear()
        self._writer = writer
        sample = self._watching.sample_system and not child and not self._secondary
        self.register(writer.writer, writer.path, pid=os.getpid(), sample_system=sample)
        if child:
            self.wake_uplink()
            at_child_exit(self)

    def _count(self, kind: int) -> None:
        name = Kind(kind).name
        self.lost[name] = self.lost.get(name, 0) + 1

    def after_fork(self) -> None:
        """In the child."""
        self._lock = threading.RLock()


def at_child_exit(ending: Recorder | Run) -> None:
    """multiprocessing ends its children without `atexit`, but with finalizers of its own."""
    util = sys.modules.get("multiprocessing.util")
    if util is None:
        return
    process = sys.modules["multiprocessing.process"]
    # A spawned child unpickles what it is given before it knows that it is one.
    if process.parent_process() is None and not hasattr(process.current_process(), "_inheriting"):
        return
    # What is registered before a child of spawn or forkserver begins its work is forgotten then.
    util.register_after_fork(ending, at_child_exit)
    if isinstance(ending, Recorder):
        util.Finalize(None, ending.close, args=(End(exit_code=0, at=time.time()),), exitpriority=0)
    else:
        util.Finalize(None, ending.finish, exitpriority=0)
