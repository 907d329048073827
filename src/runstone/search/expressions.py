"""Conditions over names, as sweep files write them: `optimizer == "sgd" and layers >= 2`.

A small part of Python's expressions, read with `ast` and evaluated by hand: comparisons, and/or/not,
`in`, + - * / on numbers, names with dots. Nothing is called and nothing is looked up but the names.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

CHARS_MAX = 1_000
_NODES_MAX = 200

Json = Any
MISSING: Any = object()  # of a name that holds nothing now; no comparison with it is true

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: lambda a, b: bool(a == b),
    ast.NotEq: lambda a, b: bool(a != b),
    ast.Lt: lambda a, b: bool(a < b),
    ast.LtE: lambda a, b: bool(a <= b),
    ast.Gt: lambda a, b: bool(a > b),
    ast.GtE: lambda a, b: bool(a >= b),
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b if b else math.nan,
}


class ExpressionError(ValueError):
    """The text is no expression of this language; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Expression:
    text: str
    names: frozenset[str]
    _node: ast.expr

    def holds(self, values: Mapping[str, Json]) -> bool:
        """Whether it is true; false where it compares what is missing or of unlike types."""
        found = _value(self._node, values)
        return found is not MISSING and bool(found)


def parse_expression(text: str) -> Expression:
    """Raises ExpressionError."""
    if len(text) > CHARS_MAX:
        raise ExpressionError(f"has {len(text)} characters; the most is {CHARS_MAX}")
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"{text!r} cannot be read: {getattr(error, 'msg', error)}") from None
    names: set[str] = set()
    count = 0
    stack: list[ast.expr] = [node]
    while stack:
        current = stack.pop()
        count += 1
        if count > _NODES_MAX:
            raise ExpressionError(f"{text!r:.100} has more than {_NODES_MAX} parts")
        name = _name(current)
        if name is not None:
            names.add(name)
        else:
            stack += _parts(current, text)
    return Expression(text.strip(), frozenset(names), node)


_BOUND = re.compile(r"^\s*(?P<name>.+?)\s*(?P<sign><=|>=|<|>)\s*(?P<bound>[-+]?[0-9.][0-9eE.+-]*)\s*$")


@dataclass(frozen=True, slots=True)
class Bound:
    """`name < bound` and its like, over one metric."""

    text: str
    name: str
    sign: str
    bound: float

    def excess(self, value: float | None) -> float:
        """By how much the rule is broken: 0 or less where it holds, ∞ for a value that is not there."""
        if value is None or math.isnan(value):
            return math.inf
        over = value - self.bound if self.sign in ("<", "<=") else self.bound - value
        # A strict rule is broken by what lies on the bound itself.
        return 5e-324 if over == 0 and self.sign in ("<", ">") else over


def parse_bound(text: str) -> Bound:
    """Raises ExpressionError."""
    found = _BOUND.match(text)
    try:
        if found is None:
            raise ValueError
        bound = float(found["bound"])
    except ValueError:
        raise ExpressionError(f"{text!r:.200} is no rule. Write NAME < NUMBER (or <=, >, >=)") from None
    return Bound(text.strip(), found["name"].strip("`'\" "), found["sign"], bound)


# -- inside


def _name(node: ast.expr) -> str | None:
    """`a.b.c` as one name; quoted by backticks it could hold anything, which Python has not."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = _name(node.value)
        return None if inner is None else f"{inner}.{node.attr}"
    return None


def _parts(node: ast.expr, text: str) -> list[ast.expr]:
    if isinstance(node, ast.Compare) and all(type(op) in _COMPARE for op in node.ops):
        return [node.left, *node.comparators]
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub, ast.UAdd)):
        return [node.operand]
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        return [node.left, node.right]
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return node.elts
    if isinstance(node, ast.Constant) and (
        node.value is None or isinstance(node.value, (bool, int, float, str))
    ):
        return []
    raise ExpressionError(
        f"{text!r:.200} holds {ast.unparse(node)!r:.60}, which conditions may not. "
        "Use names, numbers, texts, lists, comparisons, and, or, not, in, + - * /"
    )


def _value(node: ast.expr, values: Mapping[str, Json]) -> Any:
    name = _name(node)
    if name is not None:
        return values.get(name, _WORDS.get(name, MISSING))
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return [_value(item, values) for item in node.elts]
    if isinstance(node, ast.BoolOp):
        truths = (_true(item, values) for item in node.values)
        return all(truths) if isinstance(node.op, ast.And) else any(truths)
    if isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.Not):
            return not _true(node.operand, values)
        found = _value(node.operand, values)
        return _tried(lambda: -found if isinstance(node.op, ast.USub) else +found) if _is(found) else MISSING
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, values), _value(node.right, values)
        if not (_is_number(left) and _is_number(right)):
            return MISSING
        return _tried(lambda: _ARITHMETIC[type(node.op)](left, right))
    assert isinstance(node, ast.Compare)
    left = _value(node.left, values)
    for op, item in zip(node.ops, node.comparators, strict=True):
        right = _value(item, values)
        if not (_is(left) and _is(right)):
            return False
        compared = _tried(lambda op=op, a=left, b=right: _COMPARE[type(op)](a, b))  # type: ignore[misc]
        if compared is MISSING or not compared:
            return False
        left = right
    return True


# YAML and JSON write these in small letters, and so will people in their conditions.
_WORDS = {"true": True, "false": False, "null": None, "none": None}


def _true(node: ast.expr, values: Mapping[str, Json]) -> bool:
    found = _value(node, values)
    return found is not MISSING and bool(found)


def _is(value: Any) -> bool:
    return value is not MISSING


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _tried(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except (TypeError, OverflowError):
        return MISSING
