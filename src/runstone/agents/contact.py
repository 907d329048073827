"""The one thread of an agent that talks to whoever hands out trials, so that nobody who waits for an
answer keeps the agent from its processes.

What an agent must say is kept until it was heard: an end that could not be told stays held, its lease
is beaten for, and it is said again when the source is back.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from runstone.agents.source import Assignment, Ending, SourceAway, TrialSource

AWAY_SECONDS_FIRST, AWAY_SECONDS_MOST = 0.5, 15.0
DONE_SECONDS = 10.0  # between questions to a sweep that is over, by an agent that stays
UNSURE_SECONDS = 60.0
_TICK_SECONDS_MOST = 5.0


@dataclass(slots=True)
class News:
    """What came since it was last asked for. stop: by trial number, why. lost: numbers."""

    begin: list[Assignment] = field(default_factory=list)
    stop: dict[int, str] = field(default_factory=dict)
    lost: list[int] = field(default_factory=list)


class Contact:
    """Made joined; `start` it. The other methods are for the agent's own thread, and never wait
    unless they say so."""

    def __init__(
        self,
        source: TrialSource,
        *,
        say: Callable[[str], None],
        woken: Callable[[], None],
        forever: bool = False,
    ) -> None:
        """say: for the agent's log. woken: called when there are news, from this thread. forever: a
        sweep that is over is asked again and again."""
        self._source = source
        self._say = say
        self._woken = woken
        self._forever = forever
        self._changed = threading.Condition()
        self._news = News()
        self._held: dict[int, int] = {}
        self._ends: list[tuple[int, int, Ending]] = []
        self._room = 0
        self._done = ""
        self._left = False
        self._leaving = False
        self._closed = False
        self._failed: BaseException | None = None
        self._next_beat = 0.0
        self._next_claim = 0.0
        self._misses = 0
        self._unsure_until = 0.0
        self._why = ""
        self._thread = threading.Thread(target=self._run, name="sweep-contact", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Say nothing more. Waits for what is being said, a little."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(2.0)

    # -- what the agent says

    def room(self, count: int) -> None:
        """How many more trials it could begin now."""
        with self._changed:
            if count > self._room:
                self._next_claim = 0.0
                self._changed.notify()
            self._room = count

    def end(self, trial: Assignment, ending: Ending) -> None:
        with self._changed:
            self._ends.append((trial.number, trial.attempt, ending))
            self._changed.notify()

    def drop(self, trial: Assignment) -> None:
        """It is not held any more, and nothing is said of it."""
        with self._changed:
            self._held.pop(trial.number, None)

    def leave(self, seconds: float) -> bool:
        """Give back what is held, after saying what has ended. Waits so long; False where it was not
        heard by then (leases lapse by themselves)."""
        if not self._thread.is_alive():
            return False
        with self._changed:
            self._leaving = True
            self._room = 0
            self._changed.notify()
            return self._changed.wait_for(lambda: self._left or self._closed, seconds) and self._left

    def flush(self, seconds: float) -> bool:
        """Wait until all ends were heard; False where they were not by then."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._ends or self._closed, seconds) and not self._ends

    # -- what the agent is told

    def take(self) -> News:
        with self._changed:
            news, self._news = self._news, News()
            return news

    @property
    def done(self) -> str:
        """Why no more trials will come; "" while they may."""
        return self._done

    @property
    def failed(self) -> BaseException | None:
        """What ended this thread: SweepGone, or a fault."""
        return self._failed

    @property
    def is_quiet(self) -> bool:
        """Nothing is left to be said."""
        with self._changed:
            return not self._ends

    # -- the thread

    def _run(self) -> None:
        try:
            while not self._closed:
                wait = self._turn()
                with self._changed:
                    if not self._closed and wait > 0:
                        self._changed.wait(min(wait, _TICK_SECONDS_MOST))
        except BaseException as error:
            self._failed = error
        finally:
            with self._changed:
                self._closed = True
                self._changed.notify_all()
            self._woken()

    def _turn(self) -> float:
        """Say and ask what is due. Returns for how long there is nothing to do."""
        try:
            self._say_ends()
            if self._leaving:
                if not self._left:
                    self._source.leave()
                    with self._changed:
                        self._left = True
                        self._changed.notify_all()
                self._heard()
                return _TICK_SECONDS_MOST
            now = time.monotonic()
            if (self._held or now < self._unsure_until) and now >= self._next_beat:
                self._beat()
            if self._room > 0 and now >= self._next_claim and not self._done:
                self._claim()
        except SourceAway as error:
            return self._missed(error)
        self._heard()
        with self._changed:
            if self._ends:
                return 0.0
            due = [self._next_beat] if self._held or time.monotonic() < self._unsure_until else []
            due += [self._next_claim] if self._room > 0 and not self._done else []
        return max(0.0, min(due, default=time.monotonic() + _TICK_SECONDS_MOST) - time.monotonic())

    def _say_ends(self) -> None:
        while True:
            with self._changed:
                if not self._ends:
                    return
                number, attempt, ending = self._ends[0]
            taken = self._source.complete(number, attempt, ending)
            with self._changed:
                self._ends.pop(0)
                if self._held.get(number) == attempt:
                    del self._held[number]
                self._changed.notify_all()
            if not taken:
                self._say(f"trial {number}: its result was not taken, for somebody else has it by now")

    def _beat(self) -> None:
        with self._changed:
            held = dict(self._held)
        orders = self._source.beat(held)
        self._next_beat = time.monotonic() + self._source.beat_seconds
        self._tell(stop=dict(orders.stop), lost=orders.lost)

    def _claim(self) -> None:
        with self._changed:
            room = self._room
        try:
            found = self._source.claim(room)
        except SourceAway:
            # It may have handed out what never arrived: beats say that it is not held.
            self._unsure_until = time.monotonic() + UNSURE_SECONDS
            raise
        now = time.monotonic()
        with self._changed:
            if found.assignments:
                if not self._held:
                    self._next_beat = now + self._source.beat_seconds
                self._held |= {one.number: one.attempt for one in found.assignments}
                self._room = max(0, self._room - len(found.assignments))
            full = len(found.assignments) >= room
            wait = DONE_SECONDS if found.done else 0.0 if full else max(0.1, found.wait_seconds)
            self._next_claim = now + wait
            if found.done and not self._forever:
                self._done = found.why or f"the sweep is {found.state}"
        if found.why and found.why != self._why:
            self._say(f"waits: {found.why}" if not found.done or self._forever else found.why)
        self._why = found.why
        if found.assignments or self._done:
            self._tell(begin=found.assignments)

    def _tell(
        self,
        *,
        begin: Sequence[Assignment] = (),
        stop: dict[int, str] | None = None,
        lost: Sequence[int] = (),
    ) -> None:
        with self._changed:
            self._news.begin += begin
            self._news.stop |= stop or {}
            self._news.lost += lost
            for number in lost:
                self._held.pop(number, None)
                self._ends = [end for end in self._ends if end[0] != number]
        if begin or stop or lost or self._done:
            self._woken()

    def _missed(self, error: SourceAway) -> float:
        if not self._misses:
            self._say(f"{error} What runs goes on; it is asked again.")
        wait = min(AWAY_SECONDS_MOST, AWAY_SECONDS_FIRST * 2 ** min(self._misses, 10))
        self._misses += 1
        return float(wait * (0.5 + random.random() / 2))  # noqa: S311 (spreads retries, guards nothing)

    def _heard(self) -> None:
        if self._misses:
            self._say("hears of the sweep again")
        self._misses = 0


def joined(
    source: TrialSource,
    *,
    host: str,
    name: str,
    say: Callable[[str], None],
    wait: Callable[[float], bool],
) -> str:
    """Join, and wait for a source that is away. wait: sleeps so many seconds, and tells whether to go
    on. Returns the agent's id, "" where it was told not to go on. Raises SweepGone."""
    misses = 0
    while True:
        try:
            return source.join(host=host, name=name)
        except SourceAway as error:
            if not misses:
                say(f"{error} It is asked again.")
            pause = min(AWAY_SECONDS_MOST, AWAY_SECONDS_FIRST * 2 ** min(misses, 10))
            misses += 1
            if not wait(pause):
                return ""
