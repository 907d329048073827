"""Values that resolvers gave, made answers by the types that the schema gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from graphql import (
    FieldNode,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLLeafType,
    GraphQLOutputType,
    Undefined,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    located_error,
)
from graphql.pyutils import inspect, is_iterable

if TYPE_CHECKING:
    from runstone.server.doors.wandb.gql.plan import Execution, Selection

Place = tuple[Any, Any]  # (the place above or None, a key or an index)
Complete = Callable[[Any, "Execution", Place], Any]


def completer(kind: GraphQLOutputType, below: Selection, where: str, nodes: list[FieldNode]) -> Complete:
    """`where`: the field, for messages."""
    if is_non_null_type(kind):
        return _required(completer(kind.of_type, below, where, nodes), where)
    if is_list_type(kind):
        return _listed(kind.of_type, below, where, nodes)
    if is_leaf_type(kind):
        return _leaf(kind)
    if is_object_type(kind):

        def complete_object(value: Any, execution: Execution, place: Place) -> Any:
            return None if value is None else execution.fields(below.steps(kind), value, place)

        return complete_object
    return _abstract(cast(GraphQLAbstractType, kind), below, nodes)


def as_it_is(value: Any, _execution: Execution, _place: Place) -> Any:
    return value


def _required(inner: Complete, where: str) -> Complete:
    def complete(value: Any, execution: Execution, place: Place) -> Any:
        found = None if value is None else inner(value, execution, place)
        if found is None:
            raise TypeError(f"Cannot return null for non-nullable field {where}.")
        return found

    return complete


def _listed(kind: GraphQLOutputType, below: Selection, where: str, nodes: list[FieldNode]) -> Complete:
    required = is_non_null_type(kind)
    inner = completer(kind, below, where, nodes)

    def complete(values: Any, execution: Execution, place: Place) -> Any:
        if values is None:
            return None
        if not is_iterable(values):
            raise GraphQLError(f"Expected Iterable, but did not find one for field '{where}'.")
        found: list[Any] = []
        for index, value in enumerate(values):
            if value is None and not required:
                found.append(None)
                continue
            here = (place, index)
            try:
                found.append(inner(value, execution, here))
            except Exception as error:
                located = located_error(error, nodes, path_of(here))
                if required:
                    raise located from error
                execution.errors.append(located)
                found.append(None)
        return found

    return complete


def _leaf(kind: GraphQLLeafType) -> Complete:
    give = kind.coerce_output_value

    def complete(value: Any, _execution: Execution, _place: Place) -> Any:
        if value is None:
            return None
        found = give(value)
        if found is None or found is Undefined:
            raise TypeError(
                f"Expected `{kind}.coerce_output_value({inspect(value)})` to return non-nullable value, "
                f"returned: {inspect(found)}"
            )
        return found

    return complete


def _abstract(kind: GraphQLAbstractType, below: Selection, nodes: list[FieldNode]) -> Complete:
    def complete(value: Any, execution: Execution, place: Place) -> Any:
        if value is None:
            return None
        schema = execution.plan.schema
        name = cast(Any, kind).resolve_type(value, None, kind)
        found = schema.get_type(name)
        if not is_object_type(found):
            raise GraphQLError(
                f"Abstract type '{kind}' was resolved to a type '{name}' that does not exist "
                "inside the schema.",
                nodes,
            )
        if not schema.is_sub_type(kind, found):
            raise GraphQLError(f"Runtime Object type '{found}' is not a possible type for '{kind}'.", nodes)
        return execution.fields(below.steps(found), value, place)

    return complete


def path_of(place: Place | None) -> list[str | int]:
    found: list[str | int] = []
    while place is not None:
        place, key = place
        found.append(key)
    return found[::-1]
