"""Background work in a process of its own, beside replicas that only answer.

With PostgreSQL the jobs of all processes are claimed by lease rows, so any number may do them. A worker
has the same stores and jobs as a server and listens nowhere; servers started with `--no-jobs` leave
all of it to the workers.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading

from runstone.server.domain.errors import Invalid, RunstoneError
from runstone.server.house import open_house
from runstone.server.process import log_to_stderr, migrate_apart, own_directory
from runstone.server.settings import ServerSettings

log = logging.getLogger("runstone.server")


def work(settings: ServerSettings) -> int:
    """Do background work until told to stop (SIGTERM, SIGINT). Returns the exit status: 0 after a clean
    stop, 1 where it could not start (and says why)."""
    log_to_stderr()
    try:
        _work(settings)
    except RunstoneError as error:
        print(f"runstone worker: {error.message}", file=sys.stderr)
        return 1
    return 0


def _work(settings: ServerSettings) -> None:
    if not settings.storage.database_url:
        raise Invalid(
            "A worker does the background work of servers that keep their records in PostgreSQL. Name their "
            "database in RUNSTONE_DATABASE_URL. A server without one does that work itself."
        )
    stop = threading.Event()
    with own_directory(settings.storage.data):
        migrate_apart(settings)
        house = open_house(settings)
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: stop.set())
            house.start()
            print(f"Runstone works in the background  (data: {settings.storage.data})", flush=True)
            stop.wait()
        finally:
            house.close()  # when the step at hand has ended
