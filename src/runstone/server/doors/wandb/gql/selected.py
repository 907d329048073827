"""What else a request asks for, so that a resolver need not bring what nobody reads."""

from __future__ import annotations

from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    InlineFragmentNode,
    SelectionSetNode,
)


def selects(info: GraphQLResolveInfo[Any], *names: str) -> bool:
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
                fragment = info.fragments[item.name.value]
                stack.append(getattr(fragment, "definition", fragment).selection_set)
    return False
