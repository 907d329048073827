"""What goes wrong with a sweep in a directory, beyond `SourceAway`."""

from __future__ import annotations


class FolderError(ValueError):
    """Cannot be done, now or later, as things are: the message says what to change."""


class AttemptOver(FolderError):
    """The attempt was given up, and the trial is somebody else's or done."""
