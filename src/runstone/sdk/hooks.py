"""How a run hears of the end of its process: exceptions, exit codes, signals, forks.

Each hook hands on to whoever was there before. They are set by the first run and taken back when the
last one has finished, if nobody has put others on top meanwhile.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from runstone.sdk import exit_code

if TYPE_CHECKING:
    from runstone.sdk.run import Run

INTERRUPTED_EXIT_CODE = 255
SIGTERM_SECONDS = 2.0  # to wait for the uplink when told to go

_live: list[Run] = []
_pid = 0
_at_exit_set = False
_terminated = False
_before: dict[str, Any] = {}


def live_runs() -> list[Run]:
    """The runs of this process that are not finished; a forked child has its parent's."""
    return list(_live)


def watch(run: Run) -> None:
    """From now on the end of the process ends `run`."""
    global _pid, _at_exit_set
    if not _live:
        _pid = os.getpid()
        _set()
    _live.append(run)
    if not _at_exit_set:
        _at_exit_set = True
        atexit.register(_at_exit)


def forget(run: Run) -> None:
    if run in _live:
        _live.remove(run)
    if not _live and os.getpid() == _pid:
        _take_back()


def end_by_exception(run: Run, error: BaseException) -> None:
    """Finish `run` as `error`, which is about to leave the program, says."""
    from runstone.sdk.ending import finish

    if isinstance(error, KeyboardInterrupt):
        finish(run, INTERRUPTED_EXIT_CODE, state="killed", traceback=_traceback(run, error))
    elif isinstance(error, (SystemExit, GeneratorExit)):
        finish(run, exit_code.code_of(getattr(error, "code", 0)))
    else:
        finish(run, 1, traceback=_traceback(run, error))


# --- the hooks


def _set() -> None:
    _before["excepthook"], sys.excepthook = sys.excepthook, _on_exception
    exit_code.watch()
    _before.pop("sigterm", None)
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGTERM"):
        handler = signal.getsignal(signal.SIGTERM)
        if handler == signal.SIG_DFL or callable(handler):
            signal.signal(signal.SIGTERM, _on_sigterm)
            _before["sigterm"] = handler


def _take_back() -> None:
    if sys.excepthook is _on_exception:
        sys.excepthook = _before["excepthook"]
    exit_code.unwatch()
    if (
        "sigterm" in _before
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is _on_sigterm
    ):
        signal.signal(signal.SIGTERM, _before["sigterm"])


def _on_exception(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    if os.getpid() == _pid:
        for run in live_runs():
            try:
                end_by_exception(run, error.with_traceback(trace) if error.__traceback__ is None else error)
            except Exception as ours:  # the user's own error must be seen, whatever ours is
                print(f"runstone: the run could not be ended ({ours}).", file=sys.stderr)
    _before["excepthook"](kind, error, trace)


def _on_sigterm(number: int, frame: Any) -> None:
    global _terminated
    before = _before.get("sigterm", signal.SIG_DFL)
    if os.getpid() == _pid:
        _terminated = True
        if not callable(before):
            from runstone.sdk.ending import finish

            for run in live_runs():
                finish(run, 128 + number, state="killed", timeout=SIGTERM_SECONDS)
    if callable(before):
        before(number, frame)
        return
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _at_exit() -> None:
    if os.getpid() != _pid:
        return
    from runstone.sdk.ending import finish

    code = exit_code.code()
    for run in live_runs():
        finish(run, code, state="killed" if _terminated and code else None)


def _after_fork_in_child() -> None:
    for run in _live:
        run._after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _traceback(run: Run, error: BaseException) -> str:
    import traceback

    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return run._redactor.text(text)[-100_000:]
