"""Times on this wire: ISO 8601 in UTC."""

from __future__ import annotations

from datetime import datetime, timezone

# Console lines carry microseconds and no zone (0.16 to 0.31: `core/internal/runconsolelogs`).
_SHORT = "%Y-%m-%dT%H:%M:%S"
_FINE_CHARS = len("2024-01-31T09:30:00.000000")


def iso(seconds: float | None) -> str | None:
    """`2024-01-31T09:30:00Z`, with fractions dropped: web code wants the Z, nobody reads fractions."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(_SHORT) + "Z"


def iso_fine(seconds: float) -> str:
    """With microseconds and no zone, as console lines have it."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(_SHORT + ".%f")


def seconds_of(text: str) -> float | None:
    """Unix seconds of an ISO time, UTC where it names no zone; None where it is none."""
    if len(text) == _FINE_CHARS:  # as console lines have it, of which there are many
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    text = text.strip()
    if text.endswith(("Z", "z")):
        text = text[:-1] + "+00:00"
    # Go writes nanoseconds where Python reads at most microseconds.
    head, dot, tail = text.partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[: min(digits, 6)].ljust(6, '0')}{tail[digits:]}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()
