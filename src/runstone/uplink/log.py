"""uplink/log: a line per thing worth knowing, bounded in size."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

BYTES_MAX = 1024 * 1024


class Log:
    """Appends lines. The file before is kept as log.1. A full disk is no reason to stop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def __call__(self, message: str) -> None:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        line = f"{stamp} [{os.getpid()}] {message}\n"
        with self._lock:
            try:
                if self.path.exists() and self.path.stat().st_size > BYTES_MAX:
                    self.path.replace(self.path.with_name(self.path.name + ".1"))
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(line)
            except OSError:
                pass
