"""Whether a run ended for want of memory, by its last words."""

from __future__ import annotations

import re
from collections.abc import Iterable

LINES = 60
_SIGNS = re.compile(
    r"out of memory|outofmemory|\boom[- ]?kill|cannot allocate memory|\bmemoryerror\b"
    r"|resource_exhausted|cublas_status_alloc_failed|\bbad_alloc\b|defaultcpuallocator: not enough memory",
    re.IGNORECASE,
)


def out_of_memory_line(lines: Iterable[str]) -> str:
    """The last line that says so, shortened, or ""."""
    found = ""
    for line in lines:
        if _SIGNS.search(line):
            found = line.strip()
    return found[:500]
