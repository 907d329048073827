"""What can go wrong, drawn as one tree. A message names the thing, the value met, the rule and the
next step; circumstances travel as fields. Each door turns these into its own shape in one place.
"""

from __future__ import annotations

from typing import Any


class RunstoneError(Exception):
    """Root of all errors that a person may see. `code` is stable and machine-readable."""

    code = "error"

    def __init__(self, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields


class NotSignedIn(RunstoneError):
    code = "not_signed_in"


class NotAllowed(RunstoneError):
    code = "not_allowed"


class NotFound(RunstoneError):
    """Also the answer where the actor may not know that the thing exists."""

    code = "not_found"


class Invalid(RunstoneError):
    """The request breaks a rule; sending it again will not help."""

    code = "invalid"


class TooLarge(Invalid):
    code = "too_large"


class Conflict(RunstoneError):
    code = "conflict"


class OffsetMismatch(Conflict):
    """A journal or stream was sent from the wrong place; `next_offset` is where to go on."""

    code = "offset_mismatch"

    def __init__(self, message: str, *, next_offset: int, **fields: Any) -> None:
        super().__init__(message, next_offset=next_offset, **fields)
        self.next_offset = next_offset


class MissingFile(Conflict):
    """A record names a file whose bytes have not arrived: `name`."""

    code = "missing_file"


class VersionClosed(Conflict):
    """A part of a version that several runs make together, which was committed without it."""

    code = "version_closed"


class ReferenceGone(Conflict):
    """What a change refers to was removed while it was made: looking again tells what is there."""


class TooMany(RunstoneError):
    """Slow down: `retry_after_seconds`."""

    code = "too_many"


class Unavailable(RunstoneError):
    """A store is away, or the disk is full: passing trouble, worth trying again."""

    code = "unavailable"
