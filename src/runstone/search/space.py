"""The space of a sweep: parameters in an order in which every condition can be decided.

A trial's parameters are kept flat, by dotted name, active ones only; `arguments` gives them as the
program is handed them, nested as they were declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from runstone.search.distributions import CELLS_MAX, Distribution, Json
from runstone.search.expressions import Expression

Flat = dict[str, Json]
REJECTED_MAX = 1_000  # draws in a row that break a rule before we say that the rules leave nothing


class NoCombination(ValueError):
    """The rules over parameters left nothing in as many draws as were tried."""


@dataclass(frozen=True, slots=True)
class Condition:
    """All `tests` and all `expressions` must hold. A test: the parameter has one of these values."""

    tests: tuple[tuple[str, tuple[Json, ...]], ...] = ()
    expressions: tuple[Expression, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        found = {name for name, _ in self.tests}
        return frozenset(found.union(*(expression.names for expression in self.expressions)))

    def holds(self, values: Mapping[str, Json]) -> bool:
        return all(
            name in values and any(_alike(values[name], wanted) for wanted in allowed)
            for name, allowed in self.tests
        ) and all(expression.holds(values) for expression in self.expressions)


@dataclass(frozen=True, slots=True)
class Parameter:
    path: tuple[str, ...]  # where the program finds it
    name: str  # the path with dots between
    distribution: Distribution
    when: Condition | None = None


@dataclass(frozen=True)
class Space:
    """parameters: each after all that its condition names. rules: over parameters, true for every
    combination that may be proposed. texts: by parameter, what its values stand for in the program's
    arguments, under another path (prompt templates, few-shot sets)."""

    parameters: tuple[Parameter, ...]
    rules: tuple[Expression, ...] = ()
    texts: Mapping[str, tuple[tuple[str, ...], Mapping[str, Json]]] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> dict[str, Parameter]:
        return {parameter.name: parameter for parameter in self.parameters}

    @cached_property
    def is_conditional(self) -> bool:
        return any(parameter.when is not None for parameter in self.parameters)

    @cached_property
    def free(self) -> tuple[Parameter, ...]:
        """Those that can differ between trials."""
        return tuple(p for p in self.parameters if not p.distribution.is_constant)

    def walk(self, choose: Callable[[Parameter], Json]) -> Flat:
        """The active parameters, each chosen once those that decide about it are."""
        values: Flat = {}
        for parameter in self.parameters:
            if parameter.when is None or parameter.when.holds(values):
                values[parameter.name] = choose(parameter)
        return values

    def at(self, point: Sequence[float]) -> Flat:
        """The combination at a point of the unit cube: one coordinate for each of `free`."""
        of = {parameter.name: u for parameter, u in zip(self.free, point, strict=True)}
        return self.walk(lambda parameter: parameter.distribution.at(of.get(parameter.name, 0.0)))

    def allows(self, values: Mapping[str, Json]) -> bool:
        """Whether the rules over parameters hold. One over an inactive parameter says nothing."""
        return all(rule.holds(values) for rule in self.rules if rule.names <= values.keys())

    def faults(self, values: Mapping[str, Json]) -> list[str]:
        """What keeps a combination from being one of this space; empty for a valid one."""
        found = []
        active: Flat = {}
        for parameter in self.parameters:
            name = parameter.name
            wanted = parameter.when is None or parameter.when.holds(active)
            if name in values and not wanted:
                found.append(f"{name} is set, and its condition does not hold")
            elif wanted and name not in values:
                found.append(f"{name} is missing")
            elif wanted:
                active[name] = values[name]
                if not parameter.distribution.contains(values[name]):
                    found.append(
                        f"{name} is {values[name]!r:.100}, which its {parameter.distribution.kind} cannot be"
                    )
        found += [f"unknown parameter {name}" for name in values if name not in self.by_name]
        if not found and not self.allows(values):
            found += [
                f"breaks the rule {rule.text}"
                for rule in self.rules
                if rule.names <= values.keys() and not rule.holds(values)
            ]
        return found

    def arguments(self, values: Mapping[str, Json]) -> dict[str, Json]:
        """As the program is handed them."""
        nested: dict[str, Json] = {}
        for name, value in values.items():
            parameter = self.by_name.get(name)
            _put(nested, parameter.path if parameter is not None else tuple(name.split(".")), value)
            if name in self.texts and isinstance(value, str):
                path, texts = self.texts[name]
                if value in texts:
                    _put(nested, path, texts[value])
        return nested

    def found_in(self, config: Mapping[str, Json]) -> Flat | None:
        """The combination that a run's config holds; None where it holds none of this space."""
        values: Flat = {}
        for parameter in self.parameters:
            if parameter.when is not None and not parameter.when.holds(values):
                continue
            value = _at(config, parameter.path)
            if value is _ABSENT and parameter.distribution.is_constant:
                value = parameter.distribution.values[0]
            if value is _ABSENT or not parameter.distribution.contains(value):
                return None
            values[parameter.name] = value
        return values if self.allows(values) else None


class Grid:
    """The cells of a space, numbered. Each valid combination is one cell, whatever is repeated."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._cells = {p.name: _listed(p) for p in space.parameters}
        self._plain = not (space.is_conditional or space.rules)
        self._known: list[Flat] = []
        self._rest: Iterator[Flat] = self._enumerate(0, {})
        self._ended = False

    @property
    def count(self) -> int:
        """How many cells there are; at most a million where conditions or rules thin them out."""
        if self._plain:
            total = 1
            for cells in self._cells.values():
                total *= len(cells)
            return total
        self._reach(CELLS_MAX)
        return len(self._known)

    def cell(self, number: int) -> Flat | None:
        """None beyond the last one."""
        if not self._plain:
            self._reach(number + 1)
            return dict(self._known[number]) if number < len(self._known) else None
        values: Flat = {}
        for parameter in reversed(self._space.parameters):
            cells = self._cells[parameter.name]
            number, place = divmod(number, len(cells))
            values[parameter.name] = cells[place]
        return None if number else dict(reversed(values.items()))

    def _reach(self, count: int) -> None:
        if not self._ended and len(self._known) < count:
            more = list(islice(self._rest, min(count, CELLS_MAX) - len(self._known)))
            self._known += more
            self._ended = not more or len(self._known) >= CELLS_MAX

    def _enumerate(self, place: int, values: Flat) -> Iterator[Flat]:
        if place == len(self._space.parameters):
            if self._space.allows(values):
                yield dict(values)
            return
        parameter = self._space.parameters[place]
        if parameter.when is not None and not parameter.when.holds(values):
            yield from self._enumerate(place + 1, values)
            return
        for value in self._cells[parameter.name]:
            yield from self._enumerate(place + 1, {**values, parameter.name: value})


def ordered(parameters: Sequence[Parameter]) -> tuple[tuple[Parameter, ...], list[str]]:
    """In an order in which conditions can be decided, and the names that wait for each other in a circle."""
    waiting = list(parameters)
    done: list[Parameter] = []
    names: set[str] = set()
    known = {parameter.name for parameter in parameters}
    while waiting:
        ready = [p for p in waiting if p.when is None or (p.when.names & known) <= names]
        if not ready:
            return tuple(done), [parameter.name for parameter in waiting]
        done += ready
        names.update(parameter.name for parameter in ready)
        waiting = [parameter for parameter in waiting if parameter.name not in names]
    return tuple(done), []


def _listed(parameter: Parameter) -> Sequence[Json]:
    cells = parameter.distribution.cells()
    if cells is None:
        raise ValueError(f"{parameter.name} has no finite list of values")
    return cells


_ABSENT: Any = object()


def _at(config: Mapping[str, Json], path: Sequence[str]) -> Json:
    value: Json = config
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return _ABSENT
        value = value[key]
    return value


def _put(nested: dict[str, Json], path: Sequence[str], value: Json) -> None:
    node = nested
    for key in path[:-1]:
        inner = node.get(key)
        if not isinstance(inner, dict):
            inner = node[key] = {}
        node = inner
    node[path[-1]] = value


def _alike(one: Json, other: Json) -> bool:
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)
