"""The run that a callback logs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runstone.sdk.module import current, current_or_none
from runstone.sdk.run import Run


def run_or_current(run: Run | None, what: str) -> Run:
    """Raises UsageError, which names `what`, where there is neither."""
    return current(what) if run is None else run


def run_or_begun(run: Run | None, options: Mapping[str, Any]) -> Run:
    """The run given, the current one, or a new one with these arguments of `runstone.init`."""
    found = current_or_none() if run is None else run
    if found is not None:
        return found
    from runstone.sdk.init import init

    return init(**options)
