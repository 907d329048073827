"""How the command line speaks: tables for people, JSON for programs, errors with an exit code."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

OK = 0
LEFT = 1  # something failed or is left to do
USAGE = 2
NOT_SIGNED_IN = 3
NOT_FOUND = 4
AWAY = 5  # the server cannot be reached


def print_json(value: Any) -> None:
    """One JSON document on standard output; NaN and infinities as strings."""
    sys.stdout.write(json.dumps(_plain(value), indent=2, ensure_ascii=False, default=str) + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, empty: str) -> None:
    """Aligned columns, no colours: what a terminal shows and what `awk` reads are the same text."""
    if not rows:
        print(empty)
        return
    texts = [[_cell(cell) for cell in row] for row in rows]
    widths = [max(len(name), *(len(row[at]) for row in texts)) for at, name in enumerate(columns)]
    for line in ([name.upper() for name in columns], *texts):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def note(message: str) -> None:
    """What is going on, on standard error, so that standard output stays clean."""
    print(message, file=sys.stderr, flush=True)


def fail(message: str, code: int = LEFT) -> NoReturn:
    note(message)
    raise SystemExit(code)


@contextmanager
def reported(*, as_json: bool = False) -> Iterator[None]:
    """Turn the client's errors into a line of words (or JSON) and an exit code."""
    from runstone.client import errors

    try:
        yield
    except errors.ClientError as error:
        if as_json:
            print_json({"error": error.describe()})
        else:
            note(f"runstone: {error}")
        raise SystemExit(exit_code(error)) from None
    except BrokenPipeError:
        # The reader (`head`) left: nothing to say, and nothing more to write at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(OK) from None
    except OSError as error:  # of a disk: what a server does not do is a ClientError
        where = f"{error.filename!r}: " if error.filename is not None else ""
        if as_json:
            print_json({"error": {"code": "disk", "message": f"{where}{error.strerror or error}"}})
        else:
            note(f"runstone: {where}{error.strerror or error}.")
        raise SystemExit(LEFT) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def exit_code(error: Exception) -> int:
    from runstone.client import errors

    if isinstance(error, (errors.NotSignedIn, errors.NotAllowed)):
        return NOT_SIGNED_IN
    if isinstance(error, errors.NotFound):
        return NOT_FOUND
    if isinstance(error, (errors.ServerAway, errors.Unavailable)):
        return AWAY
    if isinstance(error, errors.Misuse):
        return USAGE
    return LEFT


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value)) or "-"
    # Names are data: a control character must not reach the terminal.
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(value))


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
