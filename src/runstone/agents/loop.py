"""An agent that runs trials as processes, several at once where it is told so.

The loop starts, watches and ends processes, and nothing else: whoever hands out trials is talked to by
`contact`, in a thread of its own. A trial that fails is a result like another; the agent goes on.

Told to end (SIGTERM, SIGINT), it gives back what it holds, so that others can have it at once, asks the
processes to end, waits, and kills what is left. Told twice, it does not wait.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from runstone.agents import command
from runstone.agents.contact import Contact, joined
from runstone.agents.endings import ending_of
from runstone.agents.memory import kernel_kills
from runstone.agents.parameters import ParameterFiles
from runstone.agents.process import LinePrefix, TrialProcess
from runstone.agents.source import Assignment, Ending, TrialSource

TICK_SECONDS = 0.2
TICK_SECONDS_FIRST = 0.01  # after news: what a process printed last comes a little before its end
GRACE_SECONDS = 30.0
LEAVE_SECONDS = 5.0  # for giving back what is held, before processes are ended
LAST_WORD_SECONDS = 60.0  # for telling of what ended, when nothing runs any more


@dataclass(frozen=True, slots=True)
class Report:
    """What an agent did. ended: trials by how they ended. signal: that ended the agent, or 0. why: it
    ended, in words. untold: ends that nobody heard of."""

    ended: Mapping[str, int]
    why: str
    signal: int = 0
    untold: bool = False


@dataclass(slots=True)
class _Running:
    trial: Assignment
    process: TrialProcess
    slot: int
    kills_before: int | None
    prefix: LinePrefix | None
    stop: str = ""  # why it was told to end
    is_lost: bool = False
    kill_at: float | None = None


@dataclass(slots=True)
class ProcessAgent:
    """slots: for each trial at once, the variables that it gets beside the agent's own. count: ends
    after so many trials. forever: does not end when the sweep does. out: takes what trials print; say:
    a line for the agent's own log."""

    source: TrialSource
    slots: Sequence[Mapping[str, str]] = ({},)
    count: int | None = None
    forever: bool = False
    name: str = ""
    grace_seconds: float = GRACE_SECONDS
    out: Callable[[bytes], None] = field(default=lambda block: _to_stdout(block))
    say: Callable[[str], None] = field(default=lambda line: _to_stderr(line))

    _running: dict[int, _Running] = field(default_factory=dict, init=False)
    _waiting: list[Assignment] = field(default_factory=list, init=False)
    _ended: Counter[str] = field(default_factory=Counter, init=False)
    _begun: int = field(default=0, init=False)
    _signals: list[int] = field(default_factory=list, init=False)
    _woken: threading.Event = field(default_factory=threading.Event, init=False)
    _printing: threading.Lock = field(default_factory=threading.Lock, init=False)

    def run(self) -> Report:
        """Until the sweep is done, the count is reached, or a signal comes. Raises SweepGone, and
        CommandError where the sweep names nothing to run."""
        sweep = self.source.sweep
        command.check(sweep.config.command, sweep.config.program)
        before = self._listen()
        files = ParameterFiles(sweep)
        contact = Contact(self.source, say=self.say, woken=self._woken.set, forever=self.forever)
        try:
            host = socket.gethostname()
            agent = joined(self.source, host=host, name=self.name, say=self.say, wait=self._pause)
            if not agent:
                return Report({}, "told to end", self._signals[0])
            self.say(f"{self.name or agent} takes part in sweep {sweep.id}, {len(self.slots)} at once")
            contact.start()
            return self._go_on(contact, files)
        finally:
            for running in self._running.values():
                running.process.kill()
            contact.close()
            files.close()
            for number, handler in before.items():
                signal.signal(number, handler)

    # -- the loop

    def _go_on(self, contact: Contact, files: ParameterFiles) -> Report:
        tick = TICK_SECONDS
        while True:
            self._woken.clear()
            self._reap(contact, files)
            self._obey(contact)
            if self._signals:
                return self._end(contact, files)
            if contact.failed is not None:
                self._end_processes(files, contact=None)
                raise contact.failed
            why = self._why_over(contact)
            if why:
                told = contact.flush(LAST_WORD_SECONDS)
                contact.leave(LEAVE_SECONDS)
                return Report(dict(self._ended), why, untold=not told)
            self._begin_waiting(contact, files)
            self._escalate()
            contact.room(self._room())
            woken = self._woken.wait(tick)
            tick = TICK_SECONDS_FIRST if woken else min(TICK_SECONDS, tick * 2)

    def _why_over(self, contact: Contact) -> str:
        """Why the agent is done, once nothing runs; "" while it is not."""
        if self._running or self._waiting:
            return ""
        if self.count is not None and self._begun >= self.count:
            return f"{self.count} trials were run"
        return contact.done

    def _room(self) -> int:
        free = len(self.slots) - len(self._running) - len(self._waiting)
        if self.count is not None:
            free = min(free, self.count - self._begun - len(self._waiting))
        return max(0, free)

    def _obey(self, contact: Contact) -> None:
        news = contact.take()
        self._waiting += news.begin
        for number, why in news.stop.items():
            running = self._running.get(number)
            if running is not None and not running.stop:
                running.stop = why
                self.say(f"trial {number} is ended: {why}")
                self._ask_to_end(running)
            self._forget_waiting(contact, number, Ending("stopped", error=why))
        for number in news.lost:
            running = self._running.get(number)
            if running is not None and not running.is_lost:
                running.is_lost = True
                self.say(f"trial {number} is somebody else's by now: it is ended here")
                self._ask_to_end(running)
            self._forget_waiting(contact, number, None)

    def _forget_waiting(self, contact: Contact, number: int, ending: Ending | None) -> None:
        for trial in [one for one in self._waiting if one.number == number]:
            self._waiting.remove(trial)
            if ending is not None:
                contact.end(trial, ending)

    # -- beginning

    def _begin_waiting(self, contact: Contact, files: ParameterFiles) -> None:
        while self._waiting:
            taken = {running.slot for running in self._running.values()}
            slot = next((at for at in range(len(self.slots)) if at not in taken), None)
            if slot is None:
                return  # one that was lost is still on its way out
            trial = self._waiting.pop(0)
            self._begun += 1
            try:
                self._begin(trial, slot, files)
            except (OSError, ValueError) as error:
                self._note_end(contact, trial, Ending("failed", error=f"could not be started: {error}"), 0.0)

    def _begin(self, trial: Assignment, slot: int, files: ParameterFiles) -> None:
        sweep = self.source.sweep
        environ: dict[str, str] = dict(os.environ)
        environ |= {"PYTHONUNBUFFERED": environ.get("PYTHONUNBUFFERED", "1")}  # its last words count
        environ |= files.write(trial)
        environ |= self.slots[slot]
        words = command.words(
            sweep.config.command,
            program=sweep.config.program,
            arguments=trial.arguments,
            json_file=str(files.json_path(trial)),
            environ=environ,
        )
        shown = ", ".join(f"{name}={value!r:.60}" for name, value in trial.params.items())
        self.say(f"trial {trial.number} begins as run {trial.run_id}: {shown}")
        prefix = LinePrefix(f"[{trial.number}] ", self._print) if len(self.slots) > 1 else None
        self._running[trial.number] = _Running(
            trial,
            TrialProcess(words, environ=environ, echo=prefix or self._print, ended=self._woken.set),
            slot,
            kernel_kills(),
            prefix,
        )

    # -- watching

    def _reap(self, contact: Contact | None, files: ParameterFiles) -> None:
        for number, running in list(self._running.items()):
            code = running.process.poll()
            if code is None:
                continue
            running.process.close()
            if running.prefix is not None:
                running.prefix.close()
            del self._running[number]
            files.forget(running.trial)
            if contact is None:
                continue
            if running.is_lost:
                contact.drop(running.trial)
                continue
            kills = kernel_kills()
            risen = None if kills is None or running.kills_before is None else kills - running.kills_before
            ending = ending_of(code, running.process.last_lines, memory_kills=risen, stop=running.stop)
            self._note_end(contact, running.trial, ending, time.monotonic() - running.process.started_at)

    def _note_end(self, contact: Contact, trial: Assignment, ending: Ending, seconds: float) -> None:
        self._ended[ending.state] += 1
        error = f": {ending.error}" if ending.error else ""
        self.say(f"trial {trial.number} {ending.state} after {seconds:.1f} s{error}")
        contact.end(trial, ending)

    # -- ending

    def _ask_to_end(self, running: _Running) -> None:
        running.process.terminate()
        if running.kill_at is None:
            running.kill_at = time.monotonic() + self.grace_seconds

    def _escalate(self) -> None:
        now = time.monotonic()
        for running in self._running.values():
            if running.kill_at is not None and now >= running.kill_at:
                running.process.kill()

    def _end(self, contact: Contact, files: ParameterFiles) -> Report:
        """Told to end. What is held goes back before its processes end, so that nobody takes their end
        for a result."""
        name = signal.Signals(self._signals[0]).name
        held = len(self._running) + len(self._waiting)
        self.say(f"{name}: gives back {held} trials and ends. Again: at once.")
        self._waiting.clear()
        deadline = time.monotonic() + LEAVE_SECONDS
        while not contact.leave(TICK_SECONDS) and time.monotonic() < deadline and len(self._signals) < 2:
            if contact.failed is not None:
                break
        self._end_processes(files, contact=None)
        told = contact.flush(0.0 if len(self._signals) > 1 else LEAVE_SECONDS)
        return Report(dict(self._ended), f"{name} came", self._signals[0], untold=not told)

    def _end_processes(self, files: ParameterFiles, *, contact: Contact | None) -> None:
        for running in self._running.values():
            self._ask_to_end(running)
        while self._running:
            self._woken.clear()
            if len(self._signals) > 1:
                for running in self._running.values():
                    running.process.kill()
            self._reap(contact, files)
            self._escalate()
            if self._running:
                self._woken.wait(TICK_SECONDS)

    def _pause(self, seconds: float) -> bool:
        self._woken.wait(seconds)
        return not self._signals

    # -- signals and print

    def _listen(self) -> dict[int, Any]:
        """From now on signals are noted; what was there before. Only the main thread hears of any."""
        if threading.current_thread() is not threading.main_thread():
            return {}
        numbers = [signal.SIGINT, signal.SIGTERM]
        if hasattr(signal, "SIGHUP"):
            numbers.append(signal.SIGHUP)
        return {
            number: signal.signal(number, self._note_signal)
            for number in numbers
            if signal.getsignal(number) != signal.SIG_IGN  # nohup, or a shell's background, wants it so
        }

    def _note_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals.append(number)
        self._woken.set()

    def _print(self, block: bytes) -> None:
        with self._printing:
            self.out(block)


def _to_stdout(block: bytes) -> None:
    try:
        sys.stdout.buffer.write(block)
        sys.stdout.buffer.flush()
    except (OSError, ValueError):
        pass  # nobody reads any more: the trial goes on


def _to_stderr(line: str) -> None:
    try:
        print(f"runstone agent: {line}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        pass
