"""What one request may cost while it is answered (V16).

A text can be short and its answer without end: runs of the project of each run, to the depth that is
allowed. What such a query costs depends on what is stored, so it is counted while the answer is
made: fields given, and processor time. Real clients stay far below: their largest pages give some
100,000 fields in about a second.
"""

from __future__ import annotations

import time

from runstone.server.domain.errors import Invalid

FIELDS_MAX = 1_000_000
CPU_SECONDS_MAX = 10.0
SECONDS_MAX = 120.0  # clients let go of an answer after 30 to 60
LOOK_SECONDS = 0.02  # the processor's clock costs a system call: it is read this often at most


class Spent(BaseException):
    """Ends an execution. No Exception: that would end one field, and go on with the next."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.error = Invalid(words + " Ask for less at once: smaller pages, fewer fields, fewer levels.")


class Budget:
    """Of one request, which is answered in the thread that makes this."""

    __slots__ = ("_cpu_until", "_fields", "_look_at", "_until")

    def __init__(self) -> None:
        now = time.monotonic()
        self._fields = 0
        self._cpu_until = time.thread_time() + CPU_SECONDS_MAX
        self._until = now + SECONDS_MAX
        self._look_at = now + LOOK_SECONDS

    def fields(self, count: int) -> None:
        """So many more fields are given. Raises Spent."""
        self._fields += count
        if self._fields > FIELDS_MAX:
            raise Spent(f"The answer has more than {FIELDS_MAX:,} fields.")
        self.check()

    def check(self) -> None:
        """Whether there is time left; cheap, to be asked often. Raises Spent."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        if time.thread_time() > self._cpu_until:
            raise Spent(f"The answer takes more than {CPU_SECONDS_MAX:.0f} seconds of the processor.")
        if now > self._until:
            raise Spent(f"The answer takes more than {SECONDS_MAX:.0f} seconds.")
