"""The uplink's life: look at the queue, look at the journals, hand what is new to a few threads.

One thread looks (this one) and sleeps in between, at most a quarter of a second while a run lives:
a poll is one small read of each journal. Shipping threads only carry; a sampler thread looks at the
machine. A row that is logged after a silence goes out with the next poll; under a steady stream rows
gather for `GATHER_SECONDS`, longer where many runs share the host, so that the number of requests
does not grow with the number of rows.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from runstone.journal.home import QueueStatus
from runstone.uplink.artifacts import NotYet
from runstone.uplink.links import KnownAway, Link, NoServer
from runstone.uplink.log import Log
from runstone.uplink.queue import Queue
from runstone.uplink.reading import JournalDamaged
from runstone.uplink.watch import FOREIGN_QUIET_SECONDS, Watch

if TYPE_CHECKING:
    from runstone.uplink.sampler import Sampler

POLL_SECONDS_MIN = 0.05
POLL_SECONDS_MAX = 0.25
POLL_SECONDS_PER_RUN = 0.005
QUIET_SECONDS = 1.0  # between looks at a journal that cannot be shipped now
GATHER_SECONDS = 0.2
GATHER_SECONDS_PER_RUN = 0.015
GATHER_SECONDS_MAX = 1.0
BLOCKED_SECONDS = 60.0
HELD_PAUSE_SECONDS = 1.0
LINGER_SECONDS = 2.0
AWAY_SECONDS_MAX = 24 * 3600.0  # nothing live, and a named server away this long: leave it to the next uplink
HOME_SECONDS = 2.0  # between looks whether the home is still there
THREADS = 8


class Uplink:
    """All of it, for one home. `run` returns when there is nothing left to do, or `stop` was called."""

    def __init__(
        self,
        root: Path,
        *,
        linger_seconds: float = LINGER_SECONDS,
        is_home: Callable[[], bool] = lambda: True,
    ) -> None:
        """is_home: whether the home is still the one whose lock this process holds. When somebody
        removed it, there is nothing left to care for, and another uplink may hold a new one."""
        self.root = root
        self._is_home = is_home
        self._home_at = 0.0
        self.queue = Queue(root)
        self.log = Log(root / "uplink" / "log")
        self.watches: dict[str, Watch] = {}
        self._linger_seconds = linger_seconds
        self._links: dict[tuple[str, str], Link] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._sampler: Sampler | None = None
        self._carried: SimpleQueue[tuple[Watch, Link, BaseException | None]] = SimpleQueue()
        self._wake = threading.Event()
        self._stopping = False
        self._idle_since: float | None = None
        self._unopened: dict[str, float] = {}

    def stop(self) -> None:
        """End soon: after the requests that are on their way. May be called from a signal handler."""
        self._stopping = True
        self._wake.set()

    def run(self) -> None:
        try:
            while not self._stopping:
                self._wake.clear()
                while not self._carried.empty():
                    self._came_back(*self._carried.get())
                now = time.monotonic()
                if now - self._home_at >= HOME_SECONDS:
                    self._home_at = now
                    if not self._is_home():
                        return
                if self.queue.changed():
                    self._take_entries()
                due = now + POLL_SECONDS_MAX
                for watch in list(self.watches.values()):
                    if not watch.busy:
                        self._attend(watch, now)
                    due = min(due, max(watch.poll_at, now + 0.01))
                if self._may_go(now):
                    return
                self._wake.wait(max(0.0, due - time.monotonic()))
        finally:
            self._close()

    def left(self) -> set[str]:
        """Names of entries that this uplink leaves in the queue on purpose."""
        return set(self.watches) | set(self._unopened)

    # ---------------------------------------------------------------------------------------------

    def _take_entries(self) -> None:
        names = self.queue.names()
        for name in names:
            if name in self.watches:
                continue
            entry = self.queue.read(name)
            if entry is None:
                self._unopened.setdefault(name, time.monotonic())
                continue
            try:
                self.watches[name] = Watch(name, entry)
                self._unopened.pop(name, None)
            except FileNotFoundError:
                self._missing(name, entry.journal)
            except OSError as error:
                if name not in self._unopened:
                    self.log(f"{entry.journal} cannot be read now: {error}")
                self._unopened.setdefault(name, time.monotonic())
        for name in set(self._unopened) - set(names):
            del self._unopened[name]

    def _missing(self, name: str, journal: str) -> None:
        """An entry is written after its journal, so it was removed; a network file system may need
        a moment to show it."""
        since = self._unopened.setdefault(name, time.monotonic())
        if time.monotonic() - since > 30.0:
            self.log(f"{journal} is gone: its entry is dropped")
            self.queue.remove(name)
            self._unopened.pop(name, None)

    def _attend(self, watch: Watch, now: float) -> None:
        """Look at one journal, if it is time, and have it carried if it has news."""
        if now < watch.poll_at:
            return
        if watch.damage:
            self._tend_damaged(watch, now)
            return
        try:
            watch.look(now)
        except JournalDamaged as damage:
            self._put_away(watch, _damage(damage))
            return
        except OSError as error:
            self._block(watch, f"It cannot be read: {error}")
            return
        if watch.fields is None:
            if watch.live or watch.foreign:
                watch.poll_at = now + POLL_SECONDS_MAX
            else:
                self.log(f"{watch.path} ended before it said which run it is: there is nothing to send")
                self._drop(watch)
            return
        self._sample(watch)
        if not watch.online:
            self._tend_offline(watch, now)
            return
        if watch.foreign and watch.quiet_seconds() < FOREIGN_QUIET_SECONDS:
            watch.poll_at = now + 5.0
            return
        gather = min(max(GATHER_SECONDS, GATHER_SECONDS_PER_RUN * len(self.watches)), GATHER_SECONDS_MAX)
        if not watch.has_news(now):
            slowest = min(POLL_SECONDS_MAX + POLL_SECONDS_PER_RUN * len(self.watches), 2 * POLL_SECONDS_MAX)
            watch.interval = min(max(watch.interval * 1.3, POLL_SECONDS_MIN), slowest)
            watch.poll_at = now + watch.interval
            return
        if watch.live and now - watch.carried_at < gather and not watch.backlog():
            watch.poll_at = watch.carried_at + gather
            return
        link = self._link(watch)
        if now < watch.blocked_until or not link.ready():
            self._wait_for_server(watch, link, now)
            return
        watch.busy = True
        watch.carried_at = now
        watch.interval = POLL_SECONDS_MIN
        watch.poll_at = now + watch.interval
        self._submit(watch, link)

    def _tend_offline(self, watch: Watch, now: float) -> None:
        watch.poll_at = now + QUIET_SECONDS
        try:
            watch.settle()
        except JournalDamaged as damage:
            self._put_away(watch, _damage(damage))
            return
        except OSError as error:
            self.log(f"{watch.path}: {error}")
        if not watch.live:
            self._drop(watch)

    def _wait_for_server(self, watch: Watch, link: Link, now: float) -> None:
        watch.poll_at = now + (POLL_SECONDS_MAX if watch.live else QUIET_SECONDS)
        if now >= watch.blocked_until:
            if not link.base_url:
                self._say(watch, "waiting", link.message or "No server is known.")
            elif link.message:
                self._say(watch, "refused" if link.is_refused else "away", link.message, link.base_url)
        try:
            watch.settle()
        except JournalDamaged as damage:
            self._put_away(watch, _damage(damage))
        except OSError as error:
            self.log(f"{watch.path}: {error}")

    def _submit(self, watch: Watch, link: Link) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="ship")

        self._pool.submit(self._carry, watch, link)

    def _carry(self, watch: Watch, link: Link) -> None:
        """In a shipping thread, which only carries: what came of it is dealt with by the loop."""
        from runstone.client.errors import BadAnswer, ServerAway, TooMany, Unavailable

        problem: BaseException | None = None
        try:
            link.check_there()
            watch.carry(link.client())
        except (ServerAway, BadAnswer, TooMany, Unavailable) as error:
            # At once, so that journals that wait for a thread do not ask the same again.
            link.failed(str(error), retry_after_seconds=getattr(error, "retry_after_seconds", None))
            problem = error
        except BaseException as error:
            problem = error
        self._carried.put((watch, link, problem))
        self._wake.set()

    def _came_back(self, watch: Watch, link: Link, problem: BaseException | None) -> None:
        """Everything that can go wrong with one journal ends here."""
        from runstone.client.errors import (
            ApiError,
            BadAnswer,
            NotAllowed,
            NotSignedIn,
            ServerAway,
            TooMany,
            Unavailable,
        )

        watch.busy = False
        if isinstance(problem, KnownAway):
            return
        if isinstance(problem, (ServerAway, BadAnswer, TooMany, Unavailable)):
            self._say(watch, "away", str(problem), link.base_url)
            return
        if isinstance(problem, NotSignedIn):
            said = f"{problem} Sign in with `runstone login {link.base_url}`."
            if not link.not_signed_in(said):
                self._say(watch, "refused", said, link.base_url)
            return
        if isinstance(problem, NotYet):
            link.passed()
            watch.blocked_until = time.monotonic() + HELD_PAUSE_SECONDS
            self._say(watch, "sending", str(problem), link.base_url)
            return
        if isinstance(problem, (NoServer, OSError)):
            link.passed()
            self._block(watch, str(problem))
            return
        if problem is not None and not isinstance(problem, (ApiError, JournalDamaged)):
            link.passed()
            self._block(watch, "".join(traceback.format_exception(problem)))
            return
        link.succeeded()
        if isinstance(problem, JournalDamaged):
            self._put_away(watch, _damage(problem))
        elif isinstance(problem, NotAllowed) or (problem is not None and watch.live):
            self._block(watch, str(problem), state="refused")
        elif problem is not None:
            self._put_away(watch, f"The server will not take it: {problem}")
        elif watch.done:
            self._say_done(watch, link)
            self._drop(watch)
        else:
            if watch.stop_requested and watch.live and watch.stop():
                self.log(f"{watch.path}: asked process {watch.entry.pid} to stop")
            self._say(watch, "sending", "", link.base_url)

    def _say_done(self, watch: Watch, link: Link) -> None:
        for trouble in watch.shipper.shipped.troubles:
            self.log(f"{watch.path}: not done: {trouble}")
        missing = sorted(set(watch.shipper.shipped.missing_files))
        if missing:
            self.log(f"{watch.path}: files gone from this host were left out: {', '.join(missing[:20])}")
        self.log(f"{watch.path}: all {watch.shipper.offset} bytes are on {link.base_url}")

    # ---------------------------------------------------------------------------------------------

    def _link(self, watch: Watch) -> Link:
        key = (watch.entry.base_url, watch.entry.api_key_file)
        link = self._links.get(key)
        if link is None:
            link = self._links[key] = Link(self.root, *key, connections_max=THREADS)
        return link

    def _sample(self, watch: Watch) -> None:
        """Have the machine looked at for this run, if that is wanted and it is not so already."""
        if not watch.live or not watch.entry.sample_system or watch.side is None or watch.tree is not None:
            return
        if self._sampler is None:
            from runstone.uplink.sampler import Sampler

            self._sampler = Sampler(self.log)
        self._sampler.add(watch)

    def _say(self, watch: Watch, state: str, message: str, base_url: str = "") -> None:
        """Into the status file and the log, when it is news."""
        said = f"{state}: {message}"
        if watch.problem == said:
            return
        if message and watch.problem.partition(":")[0] != state:
            self.log(f"{watch.path}: {message}")
        watch.problem = said
        status = QueueStatus(
            state=state, message=message, base_url=base_url, next_offset=watch.shipper.offset
        )
        self.queue.write_status(watch.name, status)

    def _block(self, watch: Watch, message: str, *, state: str = "away") -> None:
        watch.blocked_until = time.monotonic() + BLOCKED_SECONDS
        self._say(watch, state, message)

    def _put_away(self, watch: Watch, message: str) -> None:
        """No server will take this journal as it is. While its process lives the entry stays, so that
        its `finish` can say so; then it goes out of the queue."""
        watch.damage = message
        watch.poll_at = 0.0
        self._say(watch, "damaged", message)

    def _tend_damaged(self, watch: Watch, now: float) -> None:
        watch.poll_at = now + QUIET_SECONDS
        if watch.process.is_alive():
            return
        self.log(f"{watch.path}: its entry is in {self.queue.refused}; `runstone sync` tries it again")
        status = QueueStatus(state="damaged", message=watch.damage, next_offset=watch.shipper.offset)
        try:
            self.queue.put_away(watch.name, status)
        except OSError as error:
            self.log(f"{watch.path}: {error}")
        self._forget(watch)

    def _drop(self, watch: Watch) -> None:
        self.queue.remove(watch.name)
        self._forget(watch)

    def _forget(self, watch: Watch) -> None:
        if self._sampler is not None:
            self._sampler.remove(watch)
        self.watches.pop(watch.name, None)
        watch.close()

    def _may_go(self, now: float) -> bool:
        """Nothing is live and nothing that could be sent is left; for a little while now."""
        if any(self._holds(watch, now) for watch in list(self.watches.values())) or self._waiting_to_open(
            now
        ):
            self._idle_since = None
            return False
        if self._idle_since is None:
            self._idle_since = now
        return now - self._idle_since >= self._linger_seconds

    def _holds(self, watch: Watch, now: float) -> bool:
        if watch.busy or (watch.live and not watch.damage) or (watch.damage and watch.process.is_alive()):
            return True
        if not watch.online or watch.foreign:
            return False
        link = self._link(watch)
        if not link.base_url:
            return False  # the next server of this home, or the next run, starts an uplink again
        return link.away_since is None or now - link.away_since < AWAY_SECONDS_MAX

    def _waiting_to_open(self, now: float) -> bool:
        return any(now - since < 35.0 for since in self._unopened.values())

    def _close(self) -> None:
        if self._sampler is not None:
            self._sampler.close()
        if self._pool is not None:
            self._pool.shutdown(wait=True)
        for link in self._links.values():
            link.close()
        for watch in self.watches.values():
            watch.close()


def _damage(damage: JournalDamaged) -> str:
    return f"The journal is damaged at offset {damage.offset}: {damage}"
