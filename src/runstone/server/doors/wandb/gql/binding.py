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
from typing import Any, TypeVar

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
)

Resolver = Callable[..., Any]
F = TypeVar("F", bound=Resolver)

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class SchemaBindingError(RuntimeError):
    """The schema and its resolvers do not fit together; a bug of ours."""


def snake(name: str) -> str:
    """`entityName` -> `entity_name`, `projectID` -> `project_id`, `queueIDs` -> `queue_ids`."""
    return _CAMEL.sub("_", name.replace("IDs", "Ids")).lower()


class Fields:
    """Resolvers of one type."""

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name
        self.resolvers: dict[str, Callable[[Any, GraphQLResolveInfo[Any]], Any]] = {}
        self.names: set[str] = set()
        self.from_map = False

    def __call__(self, name: str) -> Callable[[F], F]:
        def declare(resolver: F) -> F:
            def resolve(parent: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
                call = info.context
                call.budget.check()
                call.budget.field()
                return resolver(parent, call, **given)

            self._add(name, resolve)
            return resolver

        return declare

    def plain(self, *same: str, **attributes: str) -> None:
        """Fields that are attributes of the parent: `same` under the field's name in snake case."""
        for field, attribute in {**{name: snake(name) for name in same}, **attributes}.items():
            read = attrgetter(attribute)

            def resolve(parent: Any, info: GraphQLResolveInfo[Any], read: Resolver = read) -> Any:
                info.context.budget.field()
                return read(parent)

            self._add(field, resolve)

    def constant(self, **values: Any) -> None:
        """Fields that say the same of every parent."""
        for field, value in values.items():
            self._add(field, lambda _parent, _info, value=value: value)

    def with_info(self, name: str) -> Callable[[F], F]:
        """As a call, for the few that must know what else was asked: (parent, info, **arguments)."""

        def declare(resolver: F) -> F:
            def resolve(parent: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
                info.context.budget.check()
                info.context.budget.field()
                return resolver(parent, info, **given)

            self._add(name, resolve)
            return resolver

        return declare

    def _add(self, name: str, resolver: Resolver) -> None:
        if name in self.resolvers:
            raise SchemaBindingError(f"{self.type_name}.{name} has two resolvers.")
        self.resolvers[name] = resolver


def maps(*type_names: str) -> list[Fields]:
    """Types whose parents are plain maps by field name: payloads, connections, page info."""
    found = []
    for name in type_names:
        fields = Fields(name)
        fields.from_map = True
        found.append(fields)
    return found


def _from_map(name: str) -> Resolver:
    def resolve(parent: Mapping[str, Any], info: GraphQLResolveInfo[Any], **_given: Any) -> Any:
        info.context.budget.field()
        value = parent.get(name)
        return value() if callable(value) else value

    return resolve


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
                    field.resolve = _from_map(name)
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
