"""What the schema's own scalars accept and give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLError, GraphQLSchema, ValueNode, value_from_ast_untyped

from runstone.server.doors.http.answers import plain
from runstone.server.doors.wandb import clock, jsonx

_INT64_MAX = 2**63 - 1


def _same(value: Any) -> Any:
    return value


def _json_text_in(value: Any) -> str:
    # Some hand-written clients send the value itself in place of its text.
    return value if isinstance(value, str) else jsonx.dumps(value)


def _json_text_out(value: Any) -> str:
    return value if isinstance(value, str) else jsonx.dumps(value)


def _int64(value: Any) -> int:
    if (isinstance(value, str) and len(value) <= 24 and value.strip().removeprefix("-").isdecimal()) or (
        isinstance(value, float) and value.is_integer()
    ):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _INT64_MAX:
        raise GraphQLError(f"Int64 cannot represent {value!r:.100}. Send an integer of 64 bits.")
    return value


def _milliseconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _INT64_MAX:
        raise GraphQLError(f"Duration cannot represent {value!r:.100}. Send milliseconds.")
    return float(value)


def _time_out(value: Any) -> str | None:
    return value if isinstance(value, str) else clock.iso(value)


def _of_literal(read: Callable[[Any], Any]) -> Callable[[ValueNode], Any]:
    return lambda node: read(value_from_ast_untyped(node))


_SCALARS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "JSONString": (_json_text_in, _json_text_out),
    "JSON": (_same, plain),
    "Int64": (_int64, _int64),
    "Duration": (_milliseconds, _same),
    "DateTime": (_same, _time_out),
}


def bind_scalars(schema: GraphQLSchema) -> None:
    """Give the schema's scalars their functions."""
    for name, (read, give) in _SCALARS.items():
        scalar: Any = schema.type_map[name]
        scalar.coerce_input_value = read
        scalar.coerce_input_literal = _of_literal(read)
        scalar.coerce_output_value = give
