"""`run.config` and `run.summary`: nested maps that record each change.

Reading is by item, by attribute, or by a path with dots where no key is literally so. A nested map
comes back as a view, so `run.config.model.layers = 3` is recorded too. In this process the values
stay what they are; what is recorded has its secrets taken out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from typing import Any

from runstone.sdk.errors import UsageError
from runstone.sdk.values import as_mapping, plain_value

Change = Callable[[list[tuple[list[str], Any]], list[list[str]]], None]


class Tree(MutableMapping[str, Any]):
    """A nested map of plain values. Each change calls `changed(set, unset)` once."""

    _what = "values"

    def __init__(self, data: dict[str, Any], path: tuple[str, ...], changed: Change) -> None:
        object.__setattr__(self, "_data", data)
        object.__setattr__(self, "_path", path)
        object.__setattr__(self, "_changed", changed)

    _data: dict[str, Any]
    _path: tuple[str, ...]
    _changed: Change

    # --- reading

    def _current(self) -> dict[str, Any]:
        return self._data

    def __getitem__(self, key: str) -> Any:
        data = self._current()
        if key in data:
            return self._view(key, data[key])
        holder, rest = self._walk(data, key)
        if holder is None:
            raise KeyError(key)
        return holder[rest]

    def _walk(self, data: dict[str, Any], key: str) -> tuple[Tree | None, str]:
        """The map that holds the path `key`, and its name there; longest literal keys first."""
        if not isinstance(key, str):
            return None, ""
        at = key.rfind(".")
        while at > 0:
            front = data.get(key[:at])
            if isinstance(front, dict):
                view = self._view(key[:at], front)
                rest = key[at + 1 :]
                if rest in front:
                    return view, rest
                inner, last = view._walk(front, rest)
                if inner is not None:
                    return inner, last
            at = key.rfind(".", 0, at)
        return None, ""

    def _view(self, key: str, value: Any) -> Any:
        if isinstance(value, dict) and "_type" not in value:
            return type(self)._nested(self, value, (*self._path, key))
        return value

    def _nested(self, data: dict[str, Any], path: tuple[str, ...]) -> Tree:
        return Tree(data, path, self._changed)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"The run's {self._what} has no {name!r}.") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._current())

    def __len__(self) -> int:
        return len(self._current())

    def __contains__(self, key: object) -> bool:
        data = self._current()
        return key in data or (isinstance(key, str) and self._walk(data, key)[0] is not None)

    def keys(self) -> KeysView[str]:
        return self._current().keys()

    def items(self) -> ItemsView[str, Any]:
        return {key: self._view(key, value) for key, value in self._current().items()}.items()

    def values(self) -> ValuesView[Any]:
        return {key: self._view(key, value) for key, value in self._current().items()}.values()

    def as_dict(self) -> dict[str, Any]:
        """A copy as plain nested dicts."""
        return {key: _copy(value) for key, value in self._current().items()}

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Tree):
            return self._current() == other._current()
        return self._current() == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._current())

    def __reduce__(self) -> tuple[Any, ...]:
        return (dict, (self.as_dict(),))

    # --- changing

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        else:
            self.update({name: value})

    def __delitem__(self, key: str) -> None:
        data = self._current()
        if key in data:
            del data[key]
            self._changed([], [[*self._path, key]])
            return
        holder, rest = self._walk(data, key)
        if holder is None:
            raise KeyError(key)
        del holder[rest]

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f"The run's {self._what} has no {name!r}.") from None

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set many values at once, one record. Takes a map, pairs, a configuration object (argparse,
        absl, omegaconf, dataclass, …) and keywords; `allow_val_change` is accepted and not needed.
        Nested maps replace what is there."""
        kwargs.pop("allow_val_change", None)
        self._set(fields_of(args, kwargs, self._what))

    def _set(self, fields: dict[str, Any]) -> None:
        data = self._current()
        changes: list[tuple[list[str], Any]] = []
        for key, value in fields.items():
            plain = plain_value(value)
            holder, name = (None, key) if key in data else self._walk_to_parent(data, key)
            if holder is not None:
                holder._current()[name] = plain
                changes.append(([*holder._path, name], plain))
            else:
                data[key] = plain
                changes.append(([*self._path, key], plain))
        if changes:
            self._changed(changes, [])

    def _walk_to_parent(self, data: dict[str, Any], key: str) -> tuple[Tree | None, str]:
        """Where a path with dots is to be set: in an existing map, or else here under the whole key."""
        found, name = self._walk(data, key)
        if found is not None:
            return found, name
        front, dot, rest = key.rpartition(".")
        if dot and front:
            parent = data.get(front)
            if isinstance(parent, dict):
                return self._view(front, parent), rest
            holder, name = self._walk(data, front)
            if holder is not None and isinstance(holder._current().get(name), dict):
                return holder[name], rest
        return None, key

    def setdefaults(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Set what is not there yet; returns the whole."""
        fields = fields_of(args, kwargs, self._what)
        self._set({key: value for key, value in fields.items() if key not in self})
        return self.as_dict()

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def persist(self) -> None:
        """Nothing is left to do: each change was recorded when it was made."""


class Config(Tree):
    """`run.config`. What a sweep has set stays as it is: a change of it is left aside, with a word."""

    _what = "config"

    def __init__(
        self,
        data: dict[str, Any],
        path: tuple[str, ...],
        changed: Change,
        locked: frozenset[tuple[str, ...]] = frozenset(),
    ) -> None:
        """locked: whole paths, of values that are not to be changed."""
        super().__init__(data, path, changed)
        object.__setattr__(self, "_locked", locked)

    _locked: frozenset[tuple[str, ...]]

    def _nested(self, data: dict[str, Any], path: tuple[str, ...]) -> Tree:
        return Config(data, path, self._changed, self._locked)

    def _set(self, fields: dict[str, Any]) -> None:
        if not self._locked:
            super()._set(fields)
            return
        for key, value in fields.items():
            # A name with dots may be a path: what it would change is found as it would be set.
            holder, name = (None, key) if key in self._data else self._walk_to_parent(self._data, key)
            place = (*(holder or self)._path, name)
            allowed, new = self._allowed(place, plain_value(value))
            if allowed:
                super()._set({key: new})

    def _allowed(self, place: tuple[str, ...], value: Any) -> tuple[bool, Any]:
        """Whether the value at a path may change, and to what: a map keeps what the sweep has set in it."""
        within = [path for path in self._locked if path[: len(place)] == place or place[: len(path)] == path]
        if not within:
            return True, value
        below = [path for path in within if len(path) > len(place)]
        if not below or not isinstance(value, dict):
            _say_locked(place)
            return False, value
        new = _copy(value)
        for path in below:
            old = self._root_value(path)
            if _value_at(new, path[len(place) :]) not in (_ABSENT, old):
                _say_locked(path)
            _put(new, path[len(place) :], old)
        return True, new

    def _root_value(self, path: tuple[str, ...]) -> Any:
        """What lies at a whole path, from this map down."""
        return _copy(_value_at(self._data, path[len(self._path) :]))

    def __delitem__(self, key: str) -> None:
        place = (*self._path, *((key,) if key in self._data else key.split(".")))
        if any(path[: len(place)] == place for path in self._locked):
            _say_locked(place)
            return
        super().__delitem__(key)

    def update_locked(self, fields: Mapping[str, Any], *args: Any, **kwargs: Any) -> None:
        """As `update`; the name is the one sweeps use."""
        self.update(fields)


def fields_of(args: tuple[Any, ...], kwargs: Mapping[str, Any], what: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for given in args:
        if given is None or isinstance(given, bool):
            continue  # `allow_val_change` by position
        fields = as_mapping(given)
        if fields is None:
            try:
                fields = {str(key): value for key, value in given}
            except (TypeError, ValueError):
                raise UsageError(
                    f"The run's {what} takes a map or an object with fields, met {type(given).__name__}: "
                    f"{str(given)[:60]!r}."
                ) from None
        found |= fields
    return found | {str(key): value for key, value in kwargs.items()}


_ABSENT: Any = object()


def _value_at(data: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(data, dict) or name not in data:
            return _ABSENT
        data = data[name]
    return data


def _put(data: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        inner = data.get(name)
        if not isinstance(inner, dict):
            inner = data[name] = {}
        data = inner
    data[path[-1]] = value


def _say_locked(path: tuple[str, ...]) -> None:
    print(
        f"runstone: config {'.'.join(path)!r} stays as the sweep has set it; the change is left aside.",
        file=sys.stderr,
    )


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
