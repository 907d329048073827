"""How a dataset came to be: steps in order, each a function with its parameters, so that two versions
that were prepared differently can be told apart by more than their bytes."""

from __future__ import annotations

import hashlib
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from runstone.sdk.errors import UsageError
from runstone.sdk.values import plain_value

STEPS_MAX = 1000
_SOURCE_CHARS_MAX = 20_000


class Preprocessing:
    """The steps of one artifact.

    artifact.preprocessing.add(normalise, {"mean": 0.1, "std": 0.3})
    artifact.preprocessing.add("resize", {"size": 224}, libraries=["torchvision"])
    """

    def __init__(self, steps: list[dict[str, Any]] | None = None) -> None:
        self._steps = [dict(step) for step in steps or []]

    def add(
        self,
        function: Callable[..., Any] | str,
        params: Mapping[str, Any] | None = None,
        *,
        name: str = "",
        libraries: list[str] | None = None,
    ) -> None:
        """The next step. function: what was called (its source is hashed), or a name. libraries: import
        or distribution names whose versions matter; without them the modules that the function's own
        code refers to. Raises UsageError."""
        if len(self._steps) >= STEPS_MAX:
            raise UsageError(f"An artifact has at most {STEPS_MAX} preprocessing steps.")
        if not isinstance(function, str) and not callable(function):
            raise UsageError(f"preprocessing.add() takes a function or its name, met {function!r}.")
        step: dict[str, Any] = {"name": name or _name_of(function), "params": plain_value(dict(params or {}))}
        if not isinstance(function, str):
            source = _source_of(function)
            if source:
                step["source_sha256"] = hashlib.sha256(source.encode()).hexdigest()
                step["source"] = source[:_SOURCE_CHARS_MAX]
            if libraries is None:
                libraries = _modules_of(function)
        versions = {name: version for name in libraries or [] if (version := _version_of(name))}
        if versions:
            step["libraries"] = versions
        self._steps.append(step)

    def as_list(self) -> list[dict[str, Any]]:
        """The steps as JSON values: name, params, source_sha256, source, libraries."""
        return [dict(step) for step in self._steps]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.as_list())

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, at: int) -> dict[str, Any]:
        return dict(self._steps[at])

    def __repr__(self) -> str:
        return f"<Preprocessing {[step['name'] for step in self._steps]}>"


def _name_of(function: Callable[..., Any] | str) -> str:
    if isinstance(function, str):
        return function
    plain = getattr(function, "func", function)  # functools.partial
    named = plain if hasattr(plain, "__qualname__") else type(plain)
    return f"{named.__module__}.{named.__qualname__}"


def _source_of(function: Callable[..., Any]) -> str:
    """Without its indentation, so that moving it changes nothing; "" where there is none."""
    import inspect

    plain = getattr(function, "func", function)
    if not (inspect.isfunction(plain) or inspect.ismethod(plain) or inspect.isclass(plain)):
        plain = type(plain)
    try:
        return textwrap.dedent(inspect.getsource(plain))
    except (OSError, TypeError):
        return ""


def _modules_of(function: Callable[..., Any]) -> list[str]:
    plain = getattr(function, "func", function)
    code = getattr(plain, "__code__", None)
    scope = getattr(plain, "__globals__", {})
    names: dict[str, None] = {}
    for name in getattr(code, "co_names", ()):
        value = scope.get(name)
        module = value.__name__ if type(value) is type(sys) else getattr(value, "__module__", None)
        if isinstance(module, str):
            names[module.partition(".")[0]] = None
    return [name for name in names if name not in sys.stdlib_module_names and name != "__main__"]


def _version_of(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        module = sys.modules.get(name)
        return str(getattr(module, "__version__", ""))
