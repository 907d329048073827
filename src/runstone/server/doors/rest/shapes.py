"""Bodies of raw routes, read as the models that document them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from runstone.server.doors.http.errors import Misshapen
from runstone.server.doors.rest.routing import BASE

M = TypeVar("M", bound=BaseModel)


def body_as(model: type[M], body: bytes) -> M:
    """Raises Misshapen as a typed route answers."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        fields = {
            ".".join(str(part) for part in ("body", *problem["loc"]))[:200]: problem["msg"][:300]
            for problem in error.errors(include_input=False)[:20]
        }
        raise Misshapen(shape_words(fields), **fields) from None


def shape_words(fields: Mapping[str, str]) -> str:
    """What is wrong with a request, by place."""
    place, words = next(iter(fields.items()), ("request", "not as documented"))
    return f"The request is not as documented: {place}: {words}. See {BASE}/openapi.json."
