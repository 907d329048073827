"""The one schema, put together from the nouns' files."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources

from graphql import GraphQLInterfaceType, GraphQLSchema, GraphQLUnionType, assert_valid_schema, build_schema

from runstone.server.doors.wandb.gql.binding import Fields, bind
from runstone.server.doors.wandb.gql.kinds import type_name
from runstone.server.doors.wandb.gql.scalars import bind_scalars


def schema_text() -> str:
    """All schema files, in the order of their names."""
    folder = resources.files("runstone.server.doors.wandb") / "schema"
    files = sorted(
        (item for item in folder.iterdir() if item.name.endswith(".graphql")), key=lambda f: f.name
    )
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def make_schema(fields: Iterable[Fields]) -> GraphQLSchema:
    """An executable schema. Raises SchemaBindingError where fields and resolvers do not match."""
    schema = build_schema(schema_text(), no_location=True)  # places in the text take 3 MB
    bind_scalars(schema)
    bind(schema, fields)
    for kind in schema.type_map.values():
        if isinstance(kind, (GraphQLInterfaceType, GraphQLUnionType)):
            kind.resolve_type = lambda value, _info, _kind: type_name(value)
    assert_valid_schema(schema)
    return schema
