"""Finishing a run: the last record, a bounded wait, and a word on where everything is."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import msgspec

from runstone.journal.home import STATUS_SUFFIX, QueueStatus
from runstone.journal.kinds import End
from runstone.sdk import hooks

if TYPE_CHECKING:
    from runstone.sdk.run import Run

POLL_SECONDS = 0.02


def finish(
    run: Run,
    exit_code: int,
    *,
    state: str | None = None,
    traceback: str | None = None,
    timeout: float | None = None,
) -> None:
    """End `run` in this process. Once; never raises for trouble with disks, processes or servers."""
    if run._finished:
        return
    run._finished = True
    recorder = run._recorder
    if recorder is not None and recorder.in_child:
        # What ends here is a forked worker: its own journal, not the run.
        recorder.close(End(exit_code=exit_code, at=time.time()))
        hooks.forget(run)
        return
    hooks.forget(run)
    for undo in [*reversed(run._teardown), *reversed(run._ends)]:
        try:
            undo()
        except Exception as error:
            if recorder is not None:
                recorder.say("end", f"something could not be tidied up at the end ({error}).")
    if recorder is None:
        return
    if run._files is not None:
        run._files.finish()
    recorder.close(End(exit_code=exit_code, at=time.time(), state=state, traceback=traceback))
    _forget_to_resume(run, exit_code)
    waiting = _wait(run, run.settings.finish_timeout if timeout is None else timeout)
    if recorder.lost or not run.settings.silent:
        _tell(run, exit_code, state, waiting)


def _wait(run: Run, seconds: float) -> list[str]:
    """Wait for the run's journals to leave the uplink's queue. Returns the entries that are left.

    Where the uplink says that it does not go (no server, server away, key refused) there is nothing
    to wait for.
    """
    recorder = run._recorder
    assert recorder is not None
    left = [entry for entry in recorder.entries if os.path.exists(entry)]
    if run.mode != "online" or not left:
        return left if run.mode == "online" else []
    if not _server_is_named(run):
        return left
    recorder.wake_uplink()
    deadline = time.monotonic() + seconds
    pause = POLL_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(min(pause, max(deadline - time.monotonic(), 0)))
        pause = min(pause * 1.3, 0.25)
        left = [entry for entry in left if os.path.exists(entry)]
        if left and all(status(entry).state in ("away", "refused", "damaged") for entry in left):
            break
    return left


def _server_is_named(run: Run) -> bool:
    if run._base_url:
        return True
    recorder = run._recorder
    assert recorder is not None
    return os.path.exists(os.path.join(recorder.home, "server.json"))


def status(entry: str) -> QueueStatus:
    """How the way of one journal goes; state "waiting" where nobody has said anything yet."""
    try:
        with open(entry.removesuffix(".json") + STATUS_SUFFIX, "rb") as file:
            return msgspec.json.decode(file.read(), type=QueueStatus)
    except (OSError, msgspec.MsgspecError):
        return QueueStatus(state="waiting")


def _tell(run: Run, exit_code: int, state: str | None, waiting: list[str]) -> None:
    recorder = run._recorder
    assert recorder is not None
    how = state or ("finished" if exit_code == 0 else f"failed with exit code {exit_code}")
    lines = [f"run {run.name or run.id} {how}."]
    if run.url and not waiting:
        lines[0] += f" View it at {run.url}"
    elif run.mode == "offline":
        lines.append(
            f"Kept in {recorder.folder}; `runstone sync {_sync_argument(run)}` sends it to a server."
        )
    elif waiting:
        reason = next((s.message for s in map(status, waiting) if s.message), "")
        if not _server_is_named(run):
            lines.append(f"Kept in {recorder.folder}; `runstone server` takes it in and shows it.")
        else:
            lines.append(
                f"Not all of it is on the server yet{f' ({reason})' if reason else ''}; it is sent in the "
                f"background, or by `runstone sync {_sync_argument(run)}`."
            )
    if recorder.lost:
        counts = ", ".join(f"{count} {kind.lower()}" for kind, count in sorted(recorder.lost.items()))
        lines.append(f"Could not be recorded: {counts} records (see the messages above).")
    try:
        print("\n".join(f"runstone: {line}" for line in lines), file=sys.stderr, flush=True)
    except (OSError, ValueError):
        pass  # nobody listens any more


def _sync_argument(run: Run) -> str:
    recorder = run._recorder
    assert recorder is not None
    folder = recorder.folder
    return f"'{folder}'" if " " in folder else folder


def _forget_to_resume(run: Run, exit_code: int) -> None:
    """`resume="auto"` continues a run that did not end well; this one did."""
    if run._resume_file and exit_code == 0:
        try:
            os.unlink(run._resume_file)
        except OSError:
            pass
