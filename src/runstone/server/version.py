"""Which release this is."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def server_version() -> str:
    try:
        return version("runstone")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0+unknown"
