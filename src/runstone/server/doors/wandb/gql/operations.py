"""What is read out of a document before its operation is planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    visit,
)

_INTROSPECTION = frozenset({"__schema", "__type"})


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
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


def condition_variables(document: DocumentNode) -> tuple[str, ...]:
    """Those that `@skip` and `@include` read."""
    names: dict[str, None] = {}

    class Conditions(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            for argument in node.arguments or ():
                if isinstance(argument.value, VariableNode):
                    names[argument.value.name.value] = None

    visit(document, Conditions())
    return tuple(names)


def introspects(chosen: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> bool:
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
