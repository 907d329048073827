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
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionSetNode,
    get_argument_values,
    get_directive_values,
    get_variable_values,
    is_non_null_type,
    is_object_type,
    located_error,
    type_from_ast,
)

from runstone.server.doors.wandb.gql.binding import CalledWithInfo, Field
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.gql.completing import Complete, Place, as_it_is, completer, path_of
from runstone.server.doors.wandb.gql.operations import condition_variables, introspects, operation_of

VARIABLE_ERRORS_MAX = 50
OUTCOMES_KEPT_MAX = 4  # of `@skip` and `@include`; those beyond are planned each time
Variables = Any  # graphql-core's VariableValues, which it does not export
Result = tuple["dict[str, Any] | None", list[GraphQLError]]

# Of these types a value of this very class is its own answer.
_EXACT: dict[str, type] = {"String": str, "ID": str, "JSONString": str, "DateTime": str, "Boolean": bool}
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
        self._operation = operation_of(document, name)
        kind = schema.get_root_type(self._operation.operation)
        if kind is None:
            raise LookupError(f"The schema has no {self._operation.operation.value}.")
        self._root_type = kind
        self._conditions = condition_variables(document)
        self._roots: dict[tuple[Any, ...], Selection] = {}
        if introspects(self._operation.selection_set, self.fragments):
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
            return Step(key, nodes, lambda *_: said, _NOTHING, definition, False, False, str, True, as_it_is)
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
            completer(
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

    __slots__ = ("_arguments", "_variables", "context", "errors", "plan")

    def __init__(self, plan: Plan, call: Call, variables: Variables) -> None:
        self.plan = plan
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
                    value = step.give(parent, Informed(self.context, step.nodes, self.plan.fragments), given)
                else:
                    value = step.give(parent, self, given)
                if type(value) is step.exact:
                    found[key] = value
                elif value is None and not step.required:
                    found[key] = None
                else:
                    found[key] = step.complete(value, self, (place, key))
            except Exception as error:
                located = located_error(error, step.nodes, path_of((place, key)))
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
