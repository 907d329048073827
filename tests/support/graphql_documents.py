"""Documents made from a GraphQL schema: for each root field one that hands every argument over as a
variable and selects all that is below. A field that is added is asked for without anybody remembering to.

    for root in roots(schema):
        text, variables = document(schema, root, lambda place, kind: "a value for it")
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)

DEPTH_MAX = 12
MUTATION_DEPTH_MAX = 4

# (where: Type.field.argument, or Input.field, with a `!` in front once it was left out though it must not
# be; its scalar or enumeration) -> a value
Value = Callable[[str, GraphQLNamedType], Any]
MISSING = object()  # a Value's answer for: leave it out where that is allowed


@dataclass(frozen=True)
class Root:
    operation: str  # query or mutation
    name: str

    def __str__(self) -> str:
        return f"{self.operation}.{self.name}"


def roots(schema: GraphQLSchema) -> Iterator[Root]:
    for operation, kind in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        if kind is not None:
            yield from (Root(operation, name) for name in kind.fields)


def document(
    schema: GraphQLSchema, root: Root, value: Value, *, depth: int | None = None
) -> tuple[str, dict[str, Any]]:
    """(text, variables) of one operation, `depth` levels down: by default all of them for a query,
    and few for a mutation, whose answer is of types that queries give as well."""
    kind = schema.query_type if root.operation == "query" else schema.mutation_type
    assert kind is not None
    most = depth or (DEPTH_MAX if root.operation == "query" else MUTATION_DEPTH_MAX)
    made = _Document(schema, value, most)
    selection = made.field(kind.name, root.name, kind.fields[root.name])
    made.expand()
    declared = f"({', '.join(made.declared)})" if made.declared else ""
    return f"{root.operation} Q{declared} {{ {selection} }}", made.variables


def input_value(kind: Any, place: str, value: Value) -> Any:
    """A value for an argument of that type, all input fields filled; MISSING where `value` says so."""
    if isinstance(kind, GraphQLNonNull):
        found = input_value(kind.of_type, place, value)
        for _ in range(20):  # one that may be left out elsewhere is wanted here
            if found is not MISSING:
                return found
            found = input_value(kind.of_type, "!" + place.lstrip("!"), value)
        return None
    if isinstance(kind, GraphQLList):
        one = kind.of_type.of_type if isinstance(kind.of_type, GraphQLNonNull) else kind.of_type
        found = input_value(one, place, value)
        return MISSING if found is MISSING else [found]
    if isinstance(kind, GraphQLInputObjectType):
        filled = {
            key: input_value(item.type, f"{kind.name}.{key}", value) for key, item in kind.fields.items()
        }
        return {key: item for key, item in filled.items() if item is not MISSING}
    if isinstance(kind, GraphQLEnumType):
        found = value(place, kind)
        return found if found in kind.values or found is MISSING else next(iter(kind.values))
    return value(place, kind)


@dataclass
class _Document:
    schema: GraphQLSchema
    value: Value
    depth: int
    declared: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _waiting: deque[tuple[_Place, GraphQLNamedType, int]] = field(default_factory=deque)

    def field(self, owner: str, name: str, what: GraphQLField, depth: int = 1, alias: str = "") -> _Place:
        arguments = []
        for argument, wanted in what.args.items():
            found = input_value(wanted.type, f"{owner}.{name}.{argument}", self.value)
            if found is MISSING:
                continue
            variable = f"v{len(self.declared)}"
            self.declared.append(f"${variable}: {wanted.type}")
            self.variables[variable] = found
            arguments.append(f"{argument}: ${variable}")
        place = _Place(
            (f"{alias}: " if alias else "") + name + (f"({', '.join(arguments)})" if arguments else "")
        )
        below = get_named_type(what.type)
        if not is_leaf_type(below):
            self._waiting.append((place, below, depth))
        return place

    def expand(self) -> None:
        """Breadth first: each type is selected whole where it is nearest to the root, elsewhere by what
        tells it apart."""
        while self._waiting:
            place, kind, depth = self._waiting.popleft()
            place.parts.append("__typename")
            if isinstance(kind, (GraphQLUnionType, GraphQLInterfaceType)):
                for one in self.schema.get_possible_types(kind):
                    inner = _Place(f"... on {one.name}")
                    place.parts.append(inner)
                    self._select(inner, one, depth, prefix=one.name)
            elif isinstance(kind, GraphQLObjectType):
                self._select(place, kind, depth)

    def _select(self, place: _Place, kind: GraphQLObjectType, depth: int, prefix: str = "") -> None:
        place.parts.append("__typename")
        whole = kind.name not in self._seen and depth < self.depth
        self._seen.add(kind.name)
        for name, what in kind.fields.items():
            alias = f"{prefix}_{name}" if prefix else ""
            if whole or (name in ("id", "name", "username", "email") and not what.args):
                place.parts.append(self.field(kind.name, name, what, depth + 1, alias))


@dataclass
class _Place:
    head: str
    parts: list[Any] = field(default_factory=list)

    def __str__(self) -> str:
        return self.head + (" { " + " ".join(map(str, self.parts)) + " }" if self.parts else "")
