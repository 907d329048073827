"""Stands between an agent and one trial, so that no process of the trial outlives the agent.

    python -I -S supervise.py COMMAND…          (standard input: the agent's end of a pipe)

The trial is a session and a process group of its own. The pipe carries single letters: `t` asks the group
to end (SIGTERM), `k` ends it. When the pipe closes, the agent is gone, however it went (SIGKILL
included), and everything of the trial is killed at once: a result nobody would report is worth nothing,
and a trial killed so goes back to the queue.

On Linux this process is also the one that orphans of the trial fall to (PR_SET_CHILD_SUBREAPER), so
that workers in groups of their own are found and ended with it, and the trial itself dies with this
process (PR_SET_PDEATHSIG). Elsewhere what left the trial's group is not found. Helpers that carry what
was logged to a server (ours, the published client's) are spared: they end by themselves.

When the trial ends, what is left of its group is ended, and this process ends as the trial did, with
the same exit code or by the same signal. Only the standard library, and little of it: one of these
runs beside every trial.
"""

import os
import select
import signal
import sys
import time

LEFT_SECONDS = 3.0  # what a trial leaves behind in its group has so long to end
KILL_SECONDS = 5.0
_SPARED_PROGRAMS = (b"wandb-core", b"gpu_stats")
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


class Trial:
    def __init__(self, command: list[str]) -> None:
        self.pid = _start(command)
        self.status: int | None = None

    def reap(self) -> None:
        """Take note of everybody who ended, adopted ones too."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.pid:
                self.status = status

    def signal_group(self, number: int) -> bool:
        """False where nobody is left in the group."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # a member of it changed its user; the others were reached
        return True

    def end_group(self) -> None:
        """What the trial left behind."""
        if not self.signal_group(signal.SIGTERM):
            return
        deadline = time.monotonic() + LEFT_SECONDS
        while time.monotonic() < deadline:
            self.reap()
            if not self.signal_group(0):
                return
            time.sleep(0.02)
        self.signal_group(signal.SIGKILL)
        self.reap()

    def kill_all(self) -> None:
        """The group, and all that came of it. Again and again, for they may be starting others."""
        deadline = time.monotonic() + KILL_SECONDS
        while True:
            self.signal_group(signal.SIGKILL)
            others = _descendants(os.getpid())
            for pid in others:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            self.reap()
            over = self.status is not None and not others and not self.signal_group(0)
            if over or time.monotonic() > deadline:
                return
            time.sleep(0.01)


def main(command: list[str]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)  # whoever ends the whole job tells the agent, too
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    trial = Trial(command)
    while trial.status is None:
        ready, _, _ = select.select([0, woken], [], [], 60.0)
        if woken in ready:
            os.read(woken, 4096)
        trial.reap()
        if 0 in ready and trial.status is None:
            told = os.read(0, 64)
            if not told or b"k" in told:
                trial.kill_all()
                break
            trial.signal_group(signal.SIGTERM)
    trial.end_group()
    _end_as(trial.status if trial.status is not None else signal.SIGKILL)


def _start(command: list[str]) -> int:
    own = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != own:
            os._exit(137)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        for number in range(1, signal.NSIG):
            try:
                if signal.getsignal(number) != signal.SIG_DFL:
                    signal.signal(number, signal.SIG_DFL)
            except (OSError, ValueError, TypeError):
                pass
        os.execvp(command[0], command)  # noqa: S606
    except OSError as error:
        text = f"{command[0]} cannot be run: {error.strerror or error}.\n"
        os.write(2, text.encode(errors="replace"))
    finally:
        os._exit(127)


def _end_as(status: int) -> None:
    if not os.WIFSIGNALED(status):
        os._exit(os.WEXITSTATUS(status))
    number = os.WTERMSIG(status)
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the core that there may be is the trial's
        signal.set_wakeup_fd(-1)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        time.sleep(1.0)
    finally:
        os._exit(128 + number)


def _descendants(root: int) -> list[int]:
    """Of `root`, those to be ended; [] where the system does not tell."""
    children: dict[int, list[int]] = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    for name in names:
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if len(fields) > 1 and fields[0] != b"Z":
            children.setdefault(int(fields[1]), []).append(int(name))
    found: list[int] = []
    left = list(children.get(root, ()))
    while left:
        pid = left.pop()
        if not _is_spared(pid):
            found.append(pid)
            left += children.get(pid, ())
    return found


def _is_spared(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(8192).split(b"\0")
    except OSError:
        return False
    return b"runstone=helper" in words or words[0].rpartition(b"/")[2] in _SPARED_PROGRAMS


def _prctl(option: int, value: int) -> None:
    """Linux only; elsewhere nothing."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
