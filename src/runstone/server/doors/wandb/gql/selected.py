"""What else a request asks for, so that a resolver need not bring what nobody reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
)


class Info(Protocol):
    """What a resolver may know of its place; graphql-core's `GraphQLResolveInfo` is one."""

    @property
    def context(self) -> Any: ...
    @property
    def field_nodes(self) -> Sequence[FieldNode]: ...
    @property
    def fragments(self) -> Mapping[str, FragmentDefinitionNode]: ...


def selects(info: Info, *names: str) -> bool:
    """Whether any of these fields is selected anywhere below the field being resolved."""
    wanted = frozenset(names)
    seen: set[str] = set()
    stack: list[SelectionSetNode | None] = [node.selection_set for node in info.field_nodes]
    while stack:
        current = stack.pop()
        for item in current.selections if current else ():
            if isinstance(item, FieldNode):
                if item.name.value in wanted:
                    return True
                stack.append(item.selection_set)
            elif isinstance(item, InlineFragmentNode):
                stack.append(item.selection_set)
            elif isinstance(item, FragmentSpreadNode) and item.name.value not in seen:
                seen.add(item.name.value)
                stack.append(info.fragments[item.name.value].selection_set)
    return False
