"""What a run prints."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runstone.sdk.console.redirect import Redirection
    from runstone.sdk.console.wrap import Wrapping
    from runstone.sdk.run import Run


def capture(run: Run, how: str) -> None:
    """Record what this process prints, until the run finishes. how: redirect, wrap, or auto, which is
    redirect unless Python's own streams go elsewhere (a notebook). Never raises."""
    recorder = run._recorder
    assert recorder is not None
    if how == "auto":
        how = "redirect" if _can_redirect() else "wrap"
    console: Redirection | Wrapping
    try:
        if how == "redirect":
            from runstone.sdk.console.redirect import Redirection

            console = Redirection(run)
        else:
            from runstone.sdk.console.wrap import Wrapping

            console = Wrapping(run)
    except (OSError, ValueError) as error:
        recorder.say("console", f"what the run prints is not recorded ({error}).")
        return
    run._console = console
    run._ends.append(console.stop)


def _can_redirect() -> bool:
    if not hasattr(os, "posix_spawn") or not os.path.exists("/bin/sh"):
        return False
    try:
        return sys.stdout.fileno() == 1 and sys.stderr.fileno() == 2 and os.fstat(1) is not None
    except (AttributeError, OSError, ValueError):
        return False  # a notebook's streams, or none
