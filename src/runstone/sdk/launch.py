"""Starting helper processes, and telling the uplink of a journal. Milliseconds, and never a child
that somebody must wait for: `sh` starts the helper in the background and ends, so the helper is
nobody's zombie, and code that waits for "any child" does not meet it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

import msgspec

from runstone.journal.home import QueueEntry, host_name

_SHELL = "/bin/sh"


def helper_command(module: str, *arguments: str, flags: Sequence[str] = ()) -> list[str]:
    """A command that runs `module` with this interpreter, whatever the current folder holds.

    `-X runstone=helper` tells our package not to load the SDK.
    """
    here = os.path.abspath(__file__)
    root = os.path.dirname(os.path.dirname(os.path.dirname(here)))
    code = (
        f"import sys; sys.path.insert(0, {root!r}); from {module} import main; sys.exit(main(sys.argv[1:]))"
    )
    return [sys.executable, *flags, "-X", "runstone=helper", "-c", code, *arguments]


def start(
    command: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    keep: Sequence[tuple[int, int]] = (),
    folder: str = "",
) -> bool:
    """Start `command` detached, in `folder`. keep: (our descriptor, its descriptor there, below 9);
    0, 1 and 2 are /dev/null unless kept. Returns whether it was started. Never raises for what the
    system refuses."""
    if not hasattr(os, "posix_spawn"):
        return _start_elsewhere(command, environ)
    actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = []
    kept = {target for _, target in keep}
    # Ours are moved out of the way first: one of them may lie where another is to go.
    high = 100
    moved = []
    for source, target in keep:
        actions.append((os.POSIX_SPAWN_DUP2, source, high))
        moved.append((high, target))
        high += 1
    for target in (0, 1, 2):
        if target not in kept:
            actions.append((os.POSIX_SPAWN_OPEN, target, os.devnull, os.O_RDWR, 0))
    for source, target in moved:
        actions.append((os.POSIX_SPAWN_DUP2, source, target))
        actions.append((os.POSIX_SPAWN_CLOSE, source))
    # The shell's background commands read /dev/null unless told otherwise: descriptor 0 is put aside.
    script = 'exec 9<&0; [ -z "$0" ] || cd "$0"; "$@" <&9 9<&- &'
    try:
        pid = os.posix_spawn(
            _SHELL,
            [_SHELL, "-c", script, folder, *command],
            dict(os.environ if environ is None else environ),
            file_actions=actions,
            setpgroup=0,  # an interrupt from the terminal is not for helpers
        )
    except (OSError, ValueError):
        return False
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pass  # somebody collects all children (SIGCHLD ignored)
    return True


def _start_elsewhere(command: Sequence[str], environ: Mapping[str, str] | None) -> bool:
    import subprocess

    flags = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
    null = subprocess.DEVNULL
    try:
        subprocess.Popen(  # noqa: S603
            list(command), env=environ, stdin=null, stdout=null, stderr=null, creationflags=flags
        )
    except OSError:
        return False
    return True


def queue_path(home: str, writer: str) -> str:
    """Where the entry of a writer's journal lies."""
    return os.path.join(home, "uplink", "queue", f"{writer}.json")


def enqueue(home: str, writer: str, entry: QueueEntry) -> str:
    """Tell the uplink of a journal; returns the entry's path. Raises OSError."""
    path = queue_path(home, writer)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    fd = os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        os.write(fd, msgspec.json.encode(entry))
    finally:
        os.close(fd)
    os.replace(f"{path}.new", path)
    return path


def ensure_uplink(home: str) -> bool:
    """Start the uplink of this home unless one is there. The queue entry must be written before.
    Returns whether one was started."""
    if _is_held(os.path.join(home, "uplink", f"lock-{host_name()}")):
        return False
    # The uplink looks after many runs and outlives this one: what is this run's alone stays out.
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("RUNSTONE_API", "WANDB_API"))}
    return start(helper_command("runstone.uplink.__main__", "--home", home), environ=environ, folder="/")


def _is_held(lock: str) -> bool:
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fd = os.open(lock, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return False
    try:
        # Shared, so that two who ask at once do not take each other for an uplink.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def key_file(home: str, api_key: str) -> str:
    """Keep a key that was given by argument or environment where the uplink finds it: a file only
    this user can read, named by the key's digest. Returns its path. Raises OSError."""
    import hashlib

    folder = os.path.join(home, "uplink", "keys")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, hashlib.sha256(api_key.encode()).hexdigest()[:24])
    if not os.path.exists(path):
        fd = os.open(f"{path}.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(fd, api_key.encode())
        finally:
            os.close(fd)
        os.replace(f"{path}.{os.getpid()}", path)
    return path
