"""Who a run is: ids, and names that are allowed."""

from __future__ import annotations

import os

from runstone.sdk.errors import UsageError

NAME_CHARS_MAX = 128
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_REFUSED = frozenset("/\\#?%:")


def generate_id(length: int = 8) -> str:
    """A new run id: letters and digits, 5.17 bits each."""
    return "".join(_ALPHABET[byte % 36] for byte in os.urandom(length * 4)[::4])


def check_name(name: str, what: str) -> str:
    """The server's own rule, asked early. Raises UsageError."""
    text = name if isinstance(name, str) else str(name)
    if (
        not text
        or len(text) > NAME_CHARS_MAX
        or not _REFUSED.isdisjoint(text)
        or not text.isprintable()
        or text in (".", "..")
        or text != text.strip()
    ):
        raise UsageError(
            f"{what} {text[:200]!r} is not allowed. Use 1 to {NAME_CHARS_MAX} characters, none of "
            "/ \\ # ? % : and no control characters, and no space at either end."
        )
    return text


def run_id_of_job(job: str) -> str:
    """The id that all processes of a launch agree on without talking to each other."""
    import hashlib

    number = int.from_bytes(hashlib.sha256(b"runstone run of job " + job.encode()).digest()[:8], "big")
    text = ""
    for _ in range(8):
        number, digit = divmod(number, 36)
        text += _ALPHABET[digit]
    return text


def process_started(pid: int) -> float:
    """When a process began, Unix seconds as the wall clock now counts; 0.0 where that is not known."""
    ticks = start_of(pid)
    if not ticks:
        return 0.0
    import time

    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return booted + int(ticks) / os.sysconf("SC_CLK_TCK")


def start_of(pid: int) -> str:
    """In clock ticks since boot, as the kernel says it; "" where it does not."""
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return ""
    try:
        text = os.read(fd, 4096)
    finally:
        os.close(fd)
    # The name in brackets may hold anything, blanks and brackets too.
    fields = text.rpartition(b")")[2].split()
    return fields[19].decode() if len(fields) > 19 else ""
