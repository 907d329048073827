"""Starting the uplink: cheap to call, safe to call too often."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from runstone.journal.home import queue_dir, uplink_lock


def launch(root: Path) -> bool:
    """Start the uplink of this home unless one runs. It is no child to wait for: its own session,
    no terminal, no open file of ours. Returns whether a process was started (it may yet find that
    another was quicker, and end)."""
    if is_running(root):
        return False
    (root / "uplink").mkdir(parents=True, exist_ok=True, mode=0o700)
    process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
        [sys.executable, "-X", "runstone=helper", "-m", "runstone.uplink", "--home", str(root), "--detach"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        close_fds=True,
        start_new_session=True,
        cwd="/" if os.name == "posix" else None,
    )
    # With --detach it forks once more and this child ends at once: nobody has a zombie to reap.
    process.wait()
    return True


def adopt(root: Path) -> bool:
    """For a server that has just started over this home: let the journals that wait for it come in.
    Returns whether there were any."""
    if not any(queue_dir(root).glob("*.json")):
        return False
    launch(root)
    return True


def is_running(root: Path) -> bool:
    """Whether an uplink of this host holds the home's lock now."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        number = os.open(uplink_lock(root), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Shared, so that two who ask at once do not take each other for an uplink.
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(number)
    return False
