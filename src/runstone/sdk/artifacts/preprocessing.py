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
_SOURCES_CHARS_MAX = 1 << 20  # of all steps: a version says at most 4 MiB of itself


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
        or distribution names whose versions matter; without them the one it comes from, and the modules
        that its own code refers to. What a `functools.partial` has bound, a closure has caught or a
        callable object holds is among the parameters; those given win. Raises UsageError."""
        if len(self._steps) >= STEPS_MAX:
            raise UsageError(f"An artifact has at most {STEPS_MAX} preprocessing steps.")
        if (not isinstance(function, str) and not callable(function)) or function == "":
            raise UsageError(f"preprocessing.add() takes a function or its name, met {function!r}.")
        if params is not None and not isinstance(params, Mapping):
            raise UsageError(
                f"preprocessing.add() takes params as a mapping of names to values, met {params!r}."
            )
        step: dict[str, Any] = {"name": name or _name_of(function)}
        if isinstance(function, str):
            step["params"] = plain_value(dict(params or {}))
        else:
            step["params"] = plain_value({**_bound_in(function), **(params or {})})
            source = _source_of(function)
            if source:
                step["source_sha256"] = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
                room = _SOURCES_CHARS_MAX - sum(len(one.get("source", "")) for one in self._steps)
                if min(len(source), _SOURCE_CHARS_MAX) <= room:
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


def _plain(function: Callable[..., Any]) -> Any:
    """What is called in the end: beneath `partial`, and decorators that say what they wrap."""
    import functools
    import inspect

    while isinstance(function, (functools.partial, functools.partialmethod)):
        function = function.func
    try:
        return inspect.unwrap(function)
    except ValueError:
        return function


def _name_of(function: Callable[..., Any] | str) -> str:
    if isinstance(function, str):
        return function
    plain = _plain(function)
    named = plain if hasattr(plain, "__qualname__") else type(plain)
    module = getattr(named, "__module__", None)
    return f"{module}.{named.__qualname__}" if module else str(named.__qualname__)


def _bound_in(function: Callable[..., Any]) -> dict[str, Any]:
    import functools
    import inspect

    plain = _plain(function)
    if inspect.isfunction(plain) or inspect.ismethod(plain):
        caught = dict(inspect.getclosurevars(plain).nonlocals) if plain.__closure__ else {}
        if inspect.ismethod(plain) and not isinstance(plain.__self__, type):
            caught.update(getattr(plain.__self__, "__dict__", {}))
    else:
        caught = {} if isinstance(plain, type) else dict(getattr(plain, "__dict__", {}))
    bound = {name: value for name, value in caught.items() if name[:1] != "_" and _is_small(value)}
    if isinstance(function, functools.partial):
        try:
            bound.update(inspect.signature(function.func).bind_partial(*function.args).arguments)
        except (TypeError, ValueError):
            bound["args"] = list(function.args)
        bound.update(function.keywords)
    return bound


def _is_small(value: Any) -> bool:
    """A number, a text, a function, or few of those: nothing that would bring data along."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return len(value) <= 100 and all(_is_small(one) for one in value)
    if isinstance(value, dict):
        return len(value) <= 100 and all(_is_small(one) for one in value.values())
    return isinstance(value, (bool, int, float, str, type(None))) or (
        callable(value) and hasattr(value, "__qualname__")
    )


def _source_of(function: Callable[..., Any]) -> str:
    """Without its indentation, so that moving it changes nothing; "" where there is none."""
    import inspect

    plain = _plain(function)
    if not (inspect.isfunction(plain) or inspect.ismethod(plain) or inspect.isclass(plain)):
        plain = type(plain)
    try:
        return textwrap.dedent(inspect.getsource(plain))
    except (OSError, TypeError, IndexError, SyntaxError):
        return ""


def _modules_of(function: Callable[..., Any]) -> list[str]:
    plain = _plain(function)
    own = getattr(plain, "__module__", None) or type(plain).__module__
    names: dict[str, None] = {str(own).partition(".")[0]: None}
    scope = getattr(plain, "__globals__", {})
    codes = [code] if (code := getattr(plain, "__code__", None)) is not None else []
    while codes:
        code = codes.pop()
        codes += [const for const in code.co_consts if type(const) is type(code)]
        for name in code.co_names:
            value = scope.get(name)
            module = value.__name__ if type(value) is type(sys) else getattr(value, "__module__", None)
            if value is None and name in sys.modules:  # imported within the function
                module = name
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
