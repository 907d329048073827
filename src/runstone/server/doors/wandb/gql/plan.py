"""How one operation is answered, worked out once and carried out many times.

graphql-core finds out for every object anew which fields it has, what the type of each is, how its
arguments read, and whether a value is awaitable: 10 µs a field, and a page of 50 runs has 1,100. Here
that is found out once for each operation (and each outcome of its `@skip` and `@include`) and kept, so
that a field costs its resolver and little more.

The answer is graphql-core's, errors and their places included: `test_wandb_plan.py` holds the two
against each other. Variables and arguments are read by graphql-core itself, and what a plan cannot do
(introspection) is left to it whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    Visitor,
    get_argument_values,
    get_directive_values,
    get_variable_values,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    located_error,
    type_from_ast,
    visit,
)
from graphql.pyutils import inspect, is_iterable

from runstone.server.doors.wandb.gql.binding import CalledWithInfo, Field
from runstone.server.doors.wandb.gql.call import Call

VARIABLE_ERRORS_MAX = 50
OUTCOMES_KEPT_MAX = 4  # of `@skip` and `@include`; those beyond are planned each time

Place = tuple[Any, Any]  # (the place above or None, a key or an index)
Complete = Callable[[Any, "Execution", Place], Any]
Variables = Any  # graphql-core's VariableValues, which it does not export
Result = tuple["dict[str, Any] | None", list[GraphQLError]]

# Of these types a value of this very class is its own answer.
_EXACT: dict[str, type] = {"String": str, "ID": str, "JSONString": str, "DateTime": str, "Boolean": bool}
_INTROSPECTION = frozenset({"__schema", "__type"})
_NOTHING: Mapping[str, Any] = {}


class Size:
    """How many steps are kept, of one plan and of all."""

    def __init__(self, whole: Size | None = None) -> None:
        self.steps = 0
        self._whole = whole

    def add(self, count: int) -> None:
        self.steps += count
        if self._whole is not None:
            self._whole.add(count)


@dataclass(slots=True)
class Step:
    """One field of a selection on objects of one type."""

    key: str
    nodes: list[FieldNode]
    give: Callable[[Any, Any, Mapping[str, Any]], Any]
    given: Mapping[str, Any] | None  # its arguments; None where they are read in each execution
    definition: GraphQLField
    calls: bool
    informed: bool
    exact: type | None
    required: bool
    complete: Complete


class Plan:
    """One operation of a document that was validated. Safe to use from any thread."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, name: str | None, size: Size) -> None:
        """Raises LookupError where the operation is not there, or not one that can be planned."""
        self.schema = schema
        self.size = size
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._operation = _operation(document, name)
        kind = schema.get_root_type(self._operation.operation)
        if kind is None:
            raise LookupError(f"The schema has no {self._operation.operation.value}.")
        self._root_type = kind
        self._conditions = _condition_variables(document)
        self._roots: dict[tuple[Any, ...], Selection] = {}
        if _introspects(self._operation.selection_set, self.fragments):
            raise LookupError("Introspection is graphql-core's.")

    def execute(self, call: Call, given: Mapping[str, Any]) -> Result:
        """(data, errors), as graphql-core gives them. Raises Spent."""
        variables = get_variable_values(
            self.schema,
            self._operation.variable_definitions or (),
            dict(given),
            max_errors=VARIABLE_ERRORS_MAX,
            hide_suggestions=True,
        )
        if isinstance(variables, list):
            return None, variables
        root = self._root(variables)
        execution = Execution(self, call, variables)
        try:
            return execution.fields(root.steps(self._root_type), None, None), execution.errors
        except GraphQLError as error:
            return None, [*execution.errors, error]

    def _root(self, variables: Variables) -> Selection:
        outcome = tuple(variables.coerced.get(name) for name in self._conditions)
        found = self._roots.get(outcome)
        if found is None:
            found = Selection(self, [self._operation.selection_set], variables)
            if len(self._roots) < OUTCOMES_KEPT_MAX:
                self._roots[outcome] = found
        return found


class Selection:
    """What is asked of an object, planned for each type of object when one is met."""

    __slots__ = ("_by_type", "_plan", "_sets", "_variables")

    def __init__(self, plan: Plan, sets: Sequence[SelectionSetNode], variables: Variables) -> None:
        self._plan = plan
        self._sets = sets
        self._variables = variables  # read for `@skip` and `@include` alone: the same in all executions
        self._by_type: dict[str, list[Step]] = {}

    def steps(self, kind: GraphQLObjectType) -> list[Step]:
        found = self._by_type.get(kind.name)
        if found is None:
            collected: dict[str, list[FieldNode]] = {}
            seen: set[str] = set()
            for one in self._sets:
                self._collect(one, kind, collected, seen)
            found = [self._step(key, nodes, kind) for key, nodes in collected.items()]
            self._by_type[kind.name] = found
            self._plan.size.add(len(found) + 1)
        return found

    def _collect(
        self,
        chosen: SelectionSetNode,
        kind: GraphQLObjectType,
        into: dict[str, list[FieldNode]],
        seen: set[str],
    ) -> None:
        for item in chosen.selections:
            if item.directives and not self._included(item):
                continue
            if isinstance(item, FieldNode):
                into.setdefault((item.alias or item.name).value, []).append(item)
            elif isinstance(item, InlineFragmentNode):
                if self._applies(item, kind):
                    self._collect(item.selection_set, kind, into, seen)
            elif isinstance(item, FragmentSpreadNode) and item.name.value not in seen:
                fragment = self._plan.fragments[item.name.value]
                if self._applies(fragment, kind):
                    seen.add(item.name.value)
                    self._collect(fragment.selection_set, kind, into, seen)

    def _included(self, item: Any) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, item, self._variables)
        if skip and skip["if"]:
            return False
        include = get_directive_values(GraphQLIncludeDirective, item, self._variables)
        return not (include and not include["if"])

    def _applies(
        self, fragment: InlineFragmentNode | FragmentDefinitionNode, kind: GraphQLObjectType
    ) -> bool:
        if fragment.type_condition is None:
            return True
        wanted: Any = type_from_ast(self._plan.schema, fragment.type_condition)
        return wanted is kind or (not is_object_type(wanted) and self._plan.schema.is_sub_type(wanted, kind))

    def _step(self, key: str, nodes: list[FieldNode], kind: GraphQLObjectType) -> Step:
        name = nodes[0].name.value
        definition = self._plan.schema.get_field(kind, name)
        if definition is None:  # validation would have refused it
            raise GraphQLError(f"{kind.name}.{name} is no field.", nodes)
        if name == "__typename":
            said = kind.name
            return Step(key, nodes, lambda *_: said, _NOTHING, definition, False, False, str, True, _as_it_is)
        bound = cast(Field, definition.resolve)
        below = [node.selection_set for node in nodes if node.selection_set is not None]
        given = None if nodes[0].arguments else get_argument_values(definition, nodes[0])
        named = definition.type.of_type if is_non_null_type(definition.type) else definition.type
        return Step(
            key,
            nodes,
            bound.give(),
            given,
            definition,
            bound.calls,
            isinstance(bound, CalledWithInfo),
            _EXACT.get(getattr(named, "name", "")),
            is_non_null_type(definition.type),
            _completer(
                definition.type, Selection(self._plan, below, self._variables), f"{kind.name}.{name}", nodes
            ),
        )


@dataclass(slots=True)
class Informed:
    """What a resolver may know of its place (`selected.Info`)."""

    context: Call
    field_nodes: Sequence[FieldNode]
    fragments: Mapping[str, FragmentDefinitionNode]


class Execution:
    """One answer in the making. `context` is the call, under the name that graphql-core gives it."""

    __slots__ = ("_arguments", "_plan", "_variables", "context", "errors")

    def __init__(self, plan: Plan, call: Call, variables: Variables) -> None:
        self._plan = plan
        self._variables = variables
        # By step: the same for all objects of a page. Kept with the step, whose id is thus nobody else's.
        self._arguments: dict[int, tuple[Step, dict[str, Any]]] = {}
        self.context = call
        self.errors: list[GraphQLError] = []

    def fields(self, steps: Sequence[Step], parent: Any, place: Place | None) -> dict[str, Any]:
        """Raises a located GraphQLError where a field that must not be null would be."""
        found: dict[str, Any] = {}
        self.context.budget.fields(len(steps))
        for step in steps:
            key = step.key
            try:
                if step.calls:
                    self.context.budget.check()
                given = step.given
                if given is None:
                    given = self._given(step)
                if step.informed:
                    value = step.give(parent, Informed(self.context, step.nodes, self._plan.fragments), given)
                else:
                    value = step.give(parent, self, given)
                if type(value) is step.exact:
                    found[key] = value
                elif value is None and not step.required:
                    found[key] = None
                else:
                    found[key] = step.complete(value, self, (place, key))
            except Exception as error:
                located = located_error(error, step.nodes, _path((place, key)))
                if step.required:
                    raise located from error
                self.errors.append(located)
                found[key] = None
        return found

    def _given(self, step: Step) -> dict[str, Any]:
        kept = self._arguments.get(id(step))
        if kept is None:
            values = get_argument_values(
                step.definition, step.nodes[0], self._variables, hide_suggestions=True
            )
            kept = self._arguments[id(step)] = (step, values)
        return kept[1]


# -- values made answers, by type


def _completer(kind: GraphQLOutputType, below: Selection, where: str, nodes: list[FieldNode]) -> Complete:
    """`where`: the field, for messages."""
    if is_non_null_type(kind):
        return _required(_completer(kind.of_type, below, where, nodes), where)
    if is_list_type(kind):
        return _listed(kind.of_type, below, where, nodes)
    if is_leaf_type(kind):
        return _leaf(kind)
    if is_object_type(kind):

        def complete_object(value: Any, execution: Execution, place: Place) -> Any:
            return None if value is None else execution.fields(below.steps(kind), value, place)

        return complete_object
    return _abstract(cast(GraphQLAbstractType, kind), below, nodes)


def _as_it_is(value: Any, _execution: Execution, _place: Place) -> Any:
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
    inner = _completer(kind, below, where, nodes)

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
                located = located_error(error, nodes, _path(here))
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
        schema = execution._plan.schema
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


# -- documents


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The one of that name, or the only one. Raises LookupError."""
    found = [
        node
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
        and (name is None or (node.name is not None and node.name.value == name))
    ]
    if len(found) != 1:
        raise LookupError(f"{len(found)} operations are meant.")
    return found[0]


def _condition_variables(document: DocumentNode) -> tuple[str, ...]:
    """Those that `@skip` and `@include` read."""
    names: dict[str, None] = {}

    class Conditions(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            for argument in node.arguments or ():
                if isinstance(argument.value, VariableNode):
                    names[argument.value.name.value] = None

    visit(document, Conditions())
    return tuple(names)


def _introspects(chosen: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> bool:
    """At the top, the only place where one can."""
    seen: set[str] = set()
    stack = [chosen]
    while stack:
        for item in stack.pop().selections:
            if isinstance(item, FieldNode):
                if item.name.value in _INTROSPECTION:
                    return True
            elif isinstance(item, InlineFragmentNode):
                stack.append(item.selection_set)
            elif isinstance(item, FragmentSpreadNode) and item.name.value not in seen:
                seen.add(item.name.value)
                stack.append(fragments[item.name.value].selection_set)
    return False


def _path(place: Place | None) -> list[str | int]:
    found: list[str | int] = []
    while place is not None:
        place, key = place
        found.append(key)
    return found[::-1]
