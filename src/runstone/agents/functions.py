"""`runstone.sweep` and `runstone.agent`: a sweep made of a map, and trials run as calls of a function in
this very process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from runstone.agents.command import foreign
from runstone.agents.contact import Contact, joined
from runstone.agents.endings import ending_of_error
from runstone.agents.loop import LAST_WORD_SECONDS, LEAVE_SECONDS, ProcessAgent
from runstone.agents.opening import opened
from runstone.agents.parameters import ParameterFiles
from runstone.agents.source import Assignment, Ending, TrialSource
from runstone.client.native import Client
from runstone.client.sweeps import Sweep
from runstone.sdk import hooks
from runstone.sdk.errors import Error, UsageError

Json = Any


class TrialStopped(BaseException):
    """Raised within the function whose trial is to end now. No `except Exception` holds it."""


def sweep(
    sweep: Mapping[str, Json] | Callable[[], Mapping[str, Json]],
    entity: str | None = None,
    project: str | None = None,
    prior_runs: Sequence[str] | None = None,
) -> str:
    """Make a sweep and return its id.

    sweep: what a sweep file holds, as a map, or a function that returns one. entity, project: else the
    map's, else RUNSTONE_* or WANDB_* variables. prior_runs: ids of runs in the project whose results the
    search begins with. Raises Error with every key that is wrong, or where no server is known.
    """
    given = sweep() if callable(sweep) else sweep
    if not isinstance(given, Mapping):
        raise UsageError(f"sweep() takes a map of keys, met {type(given).__name__}: {str(given)[:60]!r}.")
    config = dict(given)
    if prior_runs:
        warm = config.get("warm_start")
        earlier = warm.get("runs", []) if isinstance(warm, Mapping) else []
        if not isinstance(earlier, Sequence) or isinstance(earlier, str):
            raise UsageError("prior_runs are run ids; warm_start.runs in this sweep is a filter. Use one.")
        config["warm_start"] = {**(warm or {}), "runs": [*earlier, *prior_runs]}
    env = os.environ
    wanted = project or config.get("project") or env.get("RUNSTONE_PROJECT") or env.get("WANDB_PROJECT")
    owner = entity or config.get("entity") or env.get("RUNSTONE_ENTITY") or env.get("WANDB_ENTITY")
    with _ours(), Client() as client:
        made = Sweep.create(str(wanted or "uncategorized"), config, entity=str(owner or "-"), client=client)
        print(f"Create sweep with ID: {made.id}\nSweep URL: {made.url}")
        return made.id


def agent(
    sweep_id: str,
    function: Callable[[], Any] | None = None,
    entity: str | None = None,
    project: str | None = None,
    count: int | None = None,
    **others: Any,
) -> None:
    """Run trials of a sweep until it is done, or `count` of them.

    sweep_id: ID, PROJECT/ID, ENTITY/PROJECT/ID, the address of its page, or the directory that it lives
    in. function: called once per
    trial, in this thread; the run that it begins has the trial's parameters in its config, and is
    finished when it returns. One that raises fails its trial, and the next begins. Without a function
    the sweep's program is run, a process per trial, as `runstone agent` does.

    Raises UsageError, Error where the sweep cannot be had, and KeyboardInterrupt after giving back the
    trial that was interrupted.
    """
    _check_others(others)
    if function is not None and not callable(function):
        raise UsageError(f"function must be callable, met {type(function).__name__}.")
    if count is not None and count < 1:
        return
    with _ours(), opened(sweep_id, entity=entity or "", project=project or "") as source:
        if function is None:
            words = foreign(source.sweep)
            if words:
                raise UsageError(
                    f"Sweep {source.sweep.id!r} was made by {source.sweep.made_by} and would run {words} "
                    f"here. If you trust it: runstone agent {sweep_id} --trust."
                )
            report = ProcessAgent(source, count=count).run()
            _say(f"ends, for {report.why}")
        else:
            FunctionAgent(source, function, count=count).run()


class FunctionAgent:
    """One trial at a time, in the thread that calls `run`."""

    def __init__(
        self,
        source: TrialSource,
        function: Callable[[], Any],
        *,
        count: int | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self._source = source
        self._function = function
        self._count = count
        self._say = say or _say
        self._woken = threading.Event()
        self._contact = Contact(source, say=self._say, woken=self._hear)
        self._turn = threading.Lock()
        self._current: Assignment | None = None
        self._stop = ""
        self._lost = False
        self._waiting: list[Assignment] = []
        self._thread = 0

    def run(self) -> int:
        """How many trials were run. Raises SweepGone, and what is no Exception of the function's."""
        files = ParameterFiles(self._source.sweep)
        self._thread = threading.get_ident()
        began = 0
        try:
            joined(self._source, host=socket.gethostname(), name="", say=self._say, wait=_slept)
            self._contact.start()
            while self._count is None or began < self._count:
                trial = self._next()
                if trial is None:
                    break
                began += 1
                self._run_one(trial, files)
            self._contact.flush(LAST_WORD_SECONDS)
            self._contact.leave(LEAVE_SECONDS)
            return began
        except BaseException:
            # Before the run is told as failed: it goes to somebody else.
            self._contact.leave(LEAVE_SECONDS)
            _finish_runs(1)
            raise
        finally:
            self._contact.close()
            files.close()

    def _next(self) -> Assignment | None:
        self._contact.room(1)
        while True:
            with self._turn:
                if self._waiting:
                    return self._waiting.pop(0)
            if self._contact.failed is not None:
                raise self._contact.failed
            if self._contact.done:
                self._say(f"ends, for {self._contact.done}")
                return None
            self._woken.wait(1.0)
            self._woken.clear()

    def _run_one(self, trial: Assignment, files: ParameterFiles) -> None:
        shown = ", ".join(f"{name}={value!r:.60}" for name, value in trial.params.items())
        self._say(f"trial {trial.number} begins as run {trial.run_id}: {shown}")
        started = time.monotonic()
        variables = files.write(trial)
        _finish_runs(0)  # one from before would be taken for the trial's
        with _environment(variables):
            ending = self._called(trial)
            _finish_runs(0 if ending.state == "finished" else ending.exit_code or 1)
        files.forget(trial)
        if self._lost:
            self._contact.drop(trial)
            return
        error = f": {ending.error}" if ending.error else ""
        self._say(f"trial {trial.number} {ending.state} after {time.monotonic() - started:.1f} s{error}")
        self._contact.end(trial, ending)

    def _called(self, trial: Assignment) -> Ending:
        with self._turn:
            self._current, self._stop, self._lost = trial, "", False
        try:
            try:
                self._function()
            finally:
                with self._turn:
                    self._current = None
                    # A word to stop that came too late is taken back.
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), None)
        except TrialStopped:
            return Ending("stopped", exit_code=1, error=self._stop)
        except SystemExit as error:
            if error.code in (None, 0):
                return Ending("finished", exit_code=0)
            return ending_of_error(error, str(error))
        except Exception as error:
            text = traceback.format_exc()
            print(text, file=sys.stderr, end="")
            return ending_of_error(error, text)
        return Ending("finished", exit_code=0)

    def _hear(self) -> None:
        """From the contact's thread: what it was told."""
        news = self._contact.take()
        with self._turn:
            self._waiting += news.begin
            told = {**news.stop, **dict.fromkeys(news.lost, "it is somebody else's by now")}
            for number, why in told.items():
                for waiting in [one for one in self._waiting if one.number == number]:
                    self._waiting.remove(waiting)
                    if number in news.stop:
                        self._contact.end(waiting, Ending("stopped", error=why))
                    self._contact.room(1)
                if self._current is not None and self._current.number == number and not self._stop:
                    self._stop = why
                    self._lost = number in news.lost
                    self._say(f"trial {number} is ended: {why}")
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(self._thread), ctypes.py_object(TrialStopped)
                    )
        self._woken.set()


def _finish_runs(exit_code: int) -> None:
    for run in hooks.live_runs():
        run.finish(exit_code)


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _ours() -> Iterator[None]:
    """What goes wrong with servers and sweeps, as the SDK's own error."""
    from runstone.agents.command import CommandError
    from runstone.agents.folder import FolderError
    from runstone.agents.source import SourceAway, SweepGone
    from runstone.client.errors import ClientError, Misuse

    try:
        yield
    except (Misuse, CommandError, FolderError) as error:
        raise UsageError(str(error)) from error
    except (ClientError, SourceAway, SweepGone) as error:
        raise Error(str(error)) from error


def _check_others(others: Mapping[str, Any]) -> None:
    """Arguments of the published client's that mean nothing here do no harm; a misspelt one does."""
    known = {"forward_signals", "term_timeout", "max_consecutive_failed_runs"}
    wrong = [name for name in others if name not in known]
    if wrong:
        raise TypeError(f"agent() got an unexpected keyword argument {wrong[0]!r}")
    if others.get("max_consecutive_failed_runs"):
        _say("max_consecutive_failed_runs means nothing here: the server shuts out a host that keeps failing")


def _slept(seconds: float) -> bool:
    time.sleep(seconds)
    return True


def _say(line: str) -> None:
    print(f"runstone agent: {line}", file=sys.stderr, flush=True)
