"""From a noun's resolvers to the schema's fields.

A resolver file makes one `Fields` per type it answers for and declares each field once:

    run = Fields("Run")
    run.plain(name="id", displayName="display_name")     # attributes of the parent

    @run("fileCount")
    def file_count(parent: Run, call: Call) -> int: ...

A resolver takes the parent, the call (who asks, and the house), and the field's arguments by name
in snake case. Every field of every type must be answered for: a schema that promises what nobody
answers is refused when the server starts. Each field given is counted (`budget.py`), and none is
begun once the request has cost what it may.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
)

from runstone.server.doors.wandb.gql.selected import Info

Resolver = Callable[..., Any]
Give = Callable[[Any, Info, Mapping[str, Any]], Any]  # (parent, info, arguments) -> the field's value
F = TypeVar("F", bound=Resolver)

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class SchemaBindingError(RuntimeError):
    """The schema and its resolvers do not fit together; a bug of ours."""


class Field(Protocol):
    """How one field is answered. graphql-core calls it as a resolver of its own kind, a plan
    (`plan.py`) asks `give` once and calls that; both count the field in the request's budget."""

    calls: bool  # it runs code of a noun, which may be long

    def __call__(self, parent: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any: ...

    def give(self) -> Give: ...


class Called:
    """By a function of the noun: (parent, call, **arguments)."""

    calls = True

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def __call__(self, parent: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
        info.context.budget.fields(1)
        return self._resolver(parent, info.context, **given)

    def give(self) -> Give:
        resolver = self._resolver
        return lambda parent, info, given: resolver(parent, info.context, **given)


class CalledWithInfo(Called):
    """The same, for the few that must know what else was asked: (parent, info, **arguments)."""

    def __call__(self, parent: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
        info.context.budget.fields(1)
        return self._resolver(parent, info, **given)

    def give(self) -> Give:
        resolver = self._resolver
        return lambda parent, info, given: resolver(parent, info, **given)


class Read:
    """An attribute of the parent, dots allowed."""

    calls = False

    def __init__(self, attribute: str) -> None:
        self._read = attrgetter(attribute)

    def __call__(self, parent: Any, info: GraphQLResolveInfo[Any], **_given: Any) -> Any:
        info.context.budget.fields(1)
        return self._read(parent)

    def give(self) -> Give:
        read = self._read
        return lambda parent, _info, _given: read(parent)


class Said:
    """The same of every parent."""

    calls = False

    def __init__(self, value: Any) -> None:
        self._value = value

    def __call__(self, parent: Any, info: GraphQLResolveInfo[Any], **_given: Any) -> Any:
        info.context.budget.fields(1)
        return self._value

    def give(self) -> Give:
        value = self._value
        return lambda _parent, _info, _given: value


class Mapped:
    """Of a parent that is a map by field name; a function there is called when it is asked for."""

    calls = False

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, parent: Mapping[str, Any], info: GraphQLResolveInfo[Any], **_given: Any) -> Any:
        info.context.budget.fields(1)
        value = parent.get(self._name)
        return value() if callable(value) else value

    def give(self) -> Give:
        name = self._name

        def give(parent: Mapping[str, Any], _info: Info, _given: Mapping[str, Any]) -> Any:
            value = parent.get(name)
            return value() if callable(value) else value

        return give


def snake(name: str) -> str:
    """`entityName` -> `entity_name`, `projectID` -> `project_id`, `queueIDs` -> `queue_ids`."""
    return _CAMEL.sub("_", name.replace("IDs", "Ids")).lower()


class Fields:
    """Resolvers of one type."""

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name
        self.resolvers: dict[str, Field] = {}
        self.from_map = False

    def __call__(self, name: str) -> Callable[[F], F]:
        def declare(resolver: F) -> F:
            self._add(name, Called(resolver))
            return resolver

        return declare

    def plain(self, *same: str, **attributes: str) -> None:
        """Fields that are attributes of the parent: `same` under the field's name in snake case."""
        for field, attribute in {**{name: snake(name) for name in same}, **attributes}.items():
            self._add(field, Read(attribute))

    def constant(self, **values: Any) -> None:
        """Fields that say the same of every parent."""
        for field, value in values.items():
            self._add(field, Said(value))

    def with_info(self, name: str) -> Callable[[F], F]:
        """As a call, for the few that must know what else was asked: (parent, info, **arguments)."""

        def declare(resolver: F) -> F:
            self._add(name, CalledWithInfo(resolver))
            return resolver

        return declare

    def _add(self, name: str, field: Field) -> None:
        if name in self.resolvers:
            raise SchemaBindingError(f"{self.type_name}.{name} has two resolvers.")
        self.resolvers[name] = field


def maps(*type_names: str) -> list[Fields]:
    """Types whose parents are plain maps by field name: payloads, connections, page info."""
    found = []
    for name in type_names:
        fields = Fields(name)
        fields.from_map = True
        found.append(fields)
    return found


def bind(schema: GraphQLSchema, fields: Iterable[Fields]) -> None:
    """Hand every field of the schema its resolver. Raises SchemaBindingError naming what is left over."""
    missing: dict[str, set[str]] = {
        name: set(kind.fields)
        for name, kind in schema.type_map.items()
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__")
    }
    for group in fields:
        kind = schema.type_map.get(group.type_name)
        if not isinstance(kind, GraphQLObjectType):
            raise SchemaBindingError(
                f"Resolvers for {group.type_name}, which is no object type of the schema."
            )
        if group.from_map:
            for name, field in kind.fields.items():
                if name in missing[group.type_name]:
                    field.resolve = Mapped(name)
            missing[group.type_name].clear()
        for name, resolver in group.resolvers.items():
            if name not in kind.fields:
                raise SchemaBindingError(
                    f"A resolver for {group.type_name}.{name}, which the schema has not."
                )
            kind.fields[name].resolve = resolver
            missing[group.type_name].discard(name)
    bare = sorted(f"{name}.{field}" for name, left in missing.items() for field in left)
    if bare:
        raise SchemaBindingError("These fields have no resolver: " + ", ".join(bare))
    _name_arguments(schema)


def _name_arguments(schema: GraphQLSchema) -> None:
    """Resolvers and inputs take arguments in snake case."""
    for kind in schema.type_map.values():
        if isinstance(kind, (GraphQLObjectType, GraphQLInterfaceType)) and not kind.name.startswith("__"):
            field: GraphQLField
            for field in kind.fields.values():
                for name, argument in field.args.items():
                    argument.out_name = snake(name)
        elif isinstance(kind, GraphQLInputObjectType):
            for name, item in kind.fields.items():
                item.out_name = snake(name)
        elif isinstance(kind, GraphQLUnionType):
            continue
