"""What the end of a trial's process, or of its function, says of the attempt."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from runstone.agents.source import Ending
from runstone.search.out_of_memory import out_of_memory_line

_ERROR_CHARS_MAX = 2_000


def ending_of(
    code: int, last_lines: Sequence[str], *, memory_kills: int | None = None, stop: str = ""
) -> Ending:
    """code: as `subprocess` has it, negative for a signal. memory_kills: how many processes the kernel
    ended for want of memory meanwhile, here about; None: not known. stop: why it was told to end."""
    if code == 0:
        return Ending("finished", exit_code=0)
    if stop:
        return Ending("stopped", exit_code=code, error=stop[:_ERROR_CHARS_MAX])
    said = out_of_memory_line(last_lines)
    if said:
        return Ending("oom", exit_code=code, error=said)
    killed = hasattr(signal, "SIGKILL") and code in (-signal.SIGKILL, 128 + signal.SIGKILL)
    if killed and memory_kills:
        return Ending(
            "oom",
            exit_code=code,
            error="ended by SIGKILL while the kernel ended processes for want of memory",
        )
    if killed:
        # Who sent it is not told to anybody: so it is a failure, with the likeliest cause named.
        return Ending(
            "failed",
            exit_code=code,
            error="ended by SIGKILL: by hand, or by the kernel because memory ran out",
        )
    how = f"ended by {_signal_name(-code)}" if code < 0 else f"exit code {code}"
    last = next((line.strip() for line in reversed(last_lines) if line.strip()), "")
    return Ending("failed", exit_code=code, error=f"{how}: {last}"[:_ERROR_CHARS_MAX] if last else how)


def ending_of_error(error: BaseException, text: str) -> Ending:
    """Of a function that raised. text: the traceback."""
    said = out_of_memory_line([f"{type(error).__name__}: {error}", *text.splitlines()[-1:]])
    words = f"{type(error).__name__}: {error}"[:_ERROR_CHARS_MAX]
    return Ending("oom" if said or isinstance(error, MemoryError) else "failed", exit_code=1, error=words)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
