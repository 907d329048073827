"""A GraphQL request answered: the result, and the HTTP status the published clients act on.

Clients of 0.31 give up at once on errors in a 200, retry 5xx and 429 (and 409 for upsertBucket), and
report a 4xx with its message (`core/internal/api`, seen in traffic). So passing trouble is 5xx or
429, permanent trouble 4xx, and a query that found most of what was asked for stays a 200.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType, execute_sync

from runstone.server.domain.errors import Invalid, NotSignedIn, RunstoneError
from runstone.server.doors.http.errors import headers_of, status_of
from runstone.server.doors.wandb import jsonx
from runstone.server.doors.wandb.gql.budget import Spent
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.gql.documents import Document, Documents
from runstone.server.doors.wandb.gql.plan import Result
from runstone.server.doors.wandb.gql.plans import Plans

log = logging.getLogger("runstone.server")
ANONYMOUS_TEXT_CHARS_MAX = 16 * 1024
ERRORS_TOLD_MAX = 100
# Clients compare validation messages with the words of graphql-js, which quotes names doubly.
_QUOTED = re.compile(r"'([^'\s]*)'")


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of a request body; unknown ones were passed over."""

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def asked_of(body: bytes) -> Asked:
    """Raises Invalid where the body is not a GraphQL request."""
    try:
        value = jsonx.parse(body)
    except ValueError as error:
        raise Invalid(f'The body is not JSON: {error}. Send {{"query": …, "variables": …}}.') from None
    if not isinstance(value, dict) or not isinstance(value.get("query"), str):
        raise Invalid('The body has no "query". Send {"query": "…", "variables": {…}}.')
    variables = value.get("variables") or {}
    if isinstance(variables, str):
        variables = jsonx.parse_argument(variables, what="variables") or {}
    if not isinstance(variables, dict):
        raise Invalid('"variables" is not an object. Send {"name": value}.')
    name = value.get("operationName")
    return Asked(value["query"], variables, name if isinstance(name, str) and name else None)


class Answers:
    """Executes documents against the schema. Blocks: call it in a thread."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._documents = Documents(schema)
        self._plans = Plans(schema)

    def answer(self, asked: Asked, call: Call, *, request_id: str) -> Answer:
        if call.actor.user_id is None and len(asked.query) > ANONYMOUS_TEXT_CHARS_MAX:
            # Reading a long text costs a tenth of a second and more, which is not for anybody to spend.
            raise NotSignedIn("Sign in first: a query this long is read only for somebody with a key.")
        document = self._documents.get(asked.query)
        if document.node is None:
            return _answer(None, document.errors, 400)
        try:
            data, errors = self._execute(document, asked, call)
        except Spent as spent:
            return error_answer(spent.error)
        if not errors:
            # The scalars saw to it that every number is one that JSON has.
            return Answer(200, jsonx.dump_ready({"data": data}))
        for error in errors[:ERRORS_TOLD_MAX]:
            fault = error.original_error
            if fault is not None and not isinstance(fault, (RunstoneError, GraphQLError)):
                log.error("request %s: %s failed", request_id, _place(error), exc_info=fault)
        status = _status(errors, data, _is_mutation(document, asked.operation_name))
        faults = [error.original_error for error in errors]
        headers = next((headers_of(fault) for fault in faults if isinstance(fault, RunstoneError)), {})
        return _answer(data, errors[:ERRORS_TOLD_MAX], status, headers, request_id)

    def _execute(self, document: Document, asked: Asked, call: Call) -> Result:
        """(data, errors). Raises Spent."""
        plan = self._plans.find(document, asked.operation_name)
        if plan is not None:
            return plan.execute(call, asked.variables)
        assert document.node is not None
        result = execute_sync(
            self._schema,
            document.node,
            context_value=call,
            variable_values=dict(asked.variables),
            operation_name=asked.operation_name,
            hide_suggestions=True,
        )
        return result.data, result.errors or []


def error_answer(error: RunstoneError) -> Answer:
    """For an error outside of execution: a wrong key, a body too large."""
    body = jsonx.dump_bytes(
        {"data": None, "errors": [{"message": error.message, "extensions": {"code": error.code}}]}
    )
    return Answer(status_of(error), body, headers_of(error))


def _answer(
    data: Any,
    errors: Any,
    status: int,
    headers: Mapping[str, str] | None = None,
    request_id: str = "",
) -> Answer:
    body = {"data": data, "errors": [_told(error, request_id) for error in errors]}
    return Answer(status, jsonx.dump_bytes(body), headers or {})


def _told(error: GraphQLError, request_id: str) -> dict[str, Any]:
    fault = error.original_error
    told: dict[str, Any] = {
        "message": _QUOTED.sub(r'"\1"', error.message) if fault is None else error.message
    }
    if isinstance(fault, RunstoneError):
        told["message"] = fault.message
        told["extensions"] = {"code": fault.code}
    elif fault is not None and not isinstance(fault, GraphQLError):
        told["message"] = f"Something went wrong in the server; its log tells more under {request_id}."
        told["extensions"] = {"code": "internal"}
    if error.path:
        told["path"] = error.path
    if error.locations:
        told["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    return told


def _status(errors: Any, data: Mapping[str, Any] | None, mutation: bool) -> int:
    found = [_status_of(error) for error in errors]
    worst = max(found)
    if worst >= 500 or worst in (401, 429):
        return worst
    if mutation or not data or all(value is None for value in data.values()):
        return found[0]
    return 200


def _status_of(error: GraphQLError) -> int:
    fault = error.original_error
    if isinstance(fault, RunstoneError):
        return status_of(fault)
    if fault is None or isinstance(fault, GraphQLError):
        return 400  # a variable that does not fit its type, and the like
    return 500


def _place(error: GraphQLError) -> str:
    return ".".join(str(part) for part in error.path or ())


def _is_mutation(document: Document, name: str | None) -> bool:
    assert document.node is not None
    return any(
        isinstance(node, OperationDefinitionNode)
        and node.operation is OperationType.MUTATION
        and (name is None or (node.name is not None and node.name.value == name))
        for node in document.node.definitions
    )
