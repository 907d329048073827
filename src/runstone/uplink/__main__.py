"""`python -m runstone.uplink --home HOME`: becomes the uplink of this home, or ends at once because
there is one."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    root, detach, linger = _parse(given)
    if detach and hasattr(os, "fork") and os.fork():
        return 0
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    (root / "uplink").mkdir(exist_ok=True, mode=0o700)
    niced = False
    while True:
        lock = _lock(root)
        if lock is None:
            return 0
        if hasattr(os, "nice") and not niced:
            os.nice(5)  # training goes first
            niced = True
        try:
            again = _serve(root, linger, lock)
        finally:
            os.close(lock)
        # Whoever wrote an entry while we were ending found us in place, and started nobody.
        if not again():
            return 0


def _parse(given: list[str]) -> tuple[Path, bool, float | None]:
    # By hand: argparse costs a training host 10 ms each time an uplink starts.
    root: Path | None = None
    detach, linger = False, None
    words = iter(given)
    for word in words:
        name, _, value = word.partition("=")
        if name == "--detach":
            detach = True
        elif name in ("--home", "--linger"):
            value = value or next(words, "")
            if name == "--home" and value:
                root = Path(value).expanduser().absolute()
            elif name == "--linger" and value:
                linger = float(value)
        else:
            raise SystemExit(f"runstone.uplink: {word!r} is not known. Use --home HOME.")
    if root is None:
        from runstone.journal.home import home

        root = home().expanduser().absolute()
    return root, detach, linger


def _lock(root: Path) -> int | None:
    """The home's lock, held as long as the number is open; None where another holds it."""
    from runstone.journal.home import uplink_lock

    try:
        import fcntl
    except ImportError:
        return os.open(uplink_lock(root), os.O_RDWR | os.O_CREAT, 0o600)
    number = os.open(uplink_lock(root), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(number)
        return None
    os.ftruncate(number, 0)
    os.write(number, f"{os.getpid()}\n".encode())
    return number


def _serve(root: Path, linger: float | None, lock: int) -> Callable[[], bool]:
    """Be the uplink. Returns what tells, once the lock is let go, whether there is new work."""
    from runstone.journal.home import uplink_lock
    from runstone.uplink.loop import LINGER_SECONDS, Uplink
    from runstone.uplink.queue import Queue

    def is_home() -> bool:
        """The lock that is held is the one that lies there."""
        try:
            return os.path.samestat(os.fstat(lock), uplink_lock(root).stat())
        except OSError:
            return False

    linger_seconds = LINGER_SECONDS if linger is None else linger
    uplink = Uplink(root, linger_seconds=linger_seconds, is_home=is_home)
    stopped: list[int] = []

    def stop(number: int, _frame: object) -> None:
        stopped.append(number)
        uplink.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    uplink.log(f"uplink of {root} begins")
    uplink.run()
    left = uplink.left()
    uplink.log(f"uplink ends; {len(left)} journals wait")
    if not is_home():
        return lambda: False
    return lambda: not stopped and bool(set(Queue(root).names()) - left)


if __name__ == "__main__":
    raise SystemExit(main())
