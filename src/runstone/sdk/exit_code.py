"""The exit code that a program ends with, for whoever runs at its very end.

Python tells it to nobody: functions at exit are called after a `raise SystemExit(3)` was dealt with
and forgotten, and a training that failed so would be a run that finished. But to end the process
the interpreter asks the exception for its `code`, and it does so when no Python code runs any more.
So the attribute `code` of SystemExit is read through `_Code`, which answers as before and takes note
of that one caller. Seen to hold for CPython 3.10 to 3.13; an interpreter that does it otherwise is
left alone, and `code()` then is what `sys.exit` was last called with.
"""

from __future__ import annotations

import gc
import sys
import threading
from typing import Any

_found = 0
_members: dict[str, Any] | None = None  # SystemExit's own attributes while we stand in front of one
_member: Any = None
_sys_exit: Any = None


def watch() -> None:
    """From now on."""
    global _found, _sys_exit
    _found = 0
    _stand_before_code()
    _sys_exit, sys.exit = sys.exit, _exit  # type: ignore[assignment]


def unwatch() -> None:
    global _members
    if sys.exit is _exit:
        sys.exit = _sys_exit
    if _members is not None and isinstance(_members.get("code"), _Code):
        _members["code"] = _member
        _forget_lookups()
    _members = None


def code() -> int:
    """0 for a program that just ended."""
    return _found


def code_of(status: Any) -> int:
    """What the process answers for what SystemExit was given."""
    if status is None:
        return 0
    return status if isinstance(status, int) else 1  # a text is printed, and the code is 1


class _Code:
    """In the place of the member `code`: the same value, to read and to write."""

    def __get__(self, error: Any, kind: Any = None) -> Any:
        if error is None:
            return self
        value = _member.__get__(error, kind)
        if sys._getframe(0).f_back is None and threading.current_thread() is threading.main_thread():
            global _found
            _found = code_of(value)
        return value

    def __set__(self, error: Any, value: Any) -> None:
        _member.__set__(error, value)

    def __delete__(self, error: Any) -> None:
        _member.__delete__(error)


def _stand_before_code() -> None:
    global _members, _member
    found = gc.get_referents(SystemExit.__dict__)
    if len(found) != 1 or not isinstance(found[0], dict) or "code" not in found[0]:
        return
    names: dict[str, Any] = found[0]
    if isinstance(names["code"], _Code):
        return
    _member, names["code"] = names["code"], _Code()
    if _forget_lookups() and SystemExit(5).code == 5:
        _members = names
    else:
        names["code"] = _member


def _forget_lookups() -> bool:
    """The interpreter remembers where it found an attribute."""
    forget = getattr(sys, "_clear_internal_caches", None) or getattr(sys, "_clear_type_cache", None)
    if forget is None:
        return False
    forget()
    return True


def _exit(status: Any = None, /) -> None:
    global _found
    if _members is None and threading.current_thread() is threading.main_thread():
        _found = code_of(status)
    try:
        _sys_exit(status)
    except SystemExit:
        raise  # having been caught it is an exception proper, which is asked for its code
