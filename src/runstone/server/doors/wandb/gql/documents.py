"""Documents: parsed, validated and measured once, then kept.

Clients send the same few dozen texts over and over, so a cache of texts saves nearly all of that
work. Bounds (V16): length, tokens, depth and number of fields once fragments are spread.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)

TEXT_CHARS_MAX = 256 * 1024
TOKENS_MAX = 20_000
DEPTH_MAX = 32
FIELDS_MAX = 5_000
KEPT_DOCUMENTS_MAX = 1_000

# Clients declare variables and fragments that one of their shapes of a query does not use.
_RULES = [rule for rule in specified_rules if rule not in (NoUnusedVariablesRule, NoUnusedFragmentsRule)]


@dataclass(frozen=True, slots=True)
class Document:
    """A checked document, or what is wrong with it."""

    node: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()


class Documents:
    """Safe to use from any thread."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[bytes, Document] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str) -> Document:
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = self._check(text)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT_DOCUMENTS_MAX:
                self._kept.popitem(last=False)
        return made

    def _check(self, text: str) -> Document:
        if len(text) > TEXT_CHARS_MAX:
            return _refused(f"The query has {len(text)} characters; the most is {TEXT_CHARS_MAX}.")
        try:
            node = parse(text, max_tokens=TOKENS_MAX)
        except GraphQLSyntaxError as error:
            return Document(None, (error,))
        except RecursionError:
            return _refused("The query is nested too deeply.")
        too_much = measure(node)
        if too_much:
            return _refused(too_much)
        # Suggestions ("Did you mean …") are left out: clients compare the wording.
        errors = validate(self._schema, node, _RULES, max_errors=20, hide_suggestions=True)
        return Document(None, tuple(errors)) if errors else Document(node)


def _refused(words: str) -> Document:
    return Document(None, (GraphQLError(words),))


def measure(document: DocumentNode) -> str:
    """What exceeds the bounds, in words; "" where nothing does.

    Each fragment is measured once, so that fragments which spread each other cost nothing.
    """
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    known: dict[str, tuple[int, int]] = {}
    open_now: set[str] = set()

    def of_fragment(name: str) -> tuple[int, int]:
        if name in known:
            return known[name]
        if name not in fragments or name in open_now:
            return 0, 0  # validation names unknown fragments and circles
        open_now.add(name)
        known[name] = of_set(fragments[name].selection_set)
        open_now.discard(name)
        return known[name]

    def of_set(selections: SelectionSetNode | None) -> tuple[int, int]:
        depth = fields = 0
        for item in selections.selections if selections else ():
            if isinstance(item, FragmentSpreadNode):
                below, count = of_fragment(item.name.value)
            elif isinstance(item, (FieldNode, InlineFragmentNode)):
                below, count = of_set(item.selection_set)
                if isinstance(item, FieldNode):
                    below, count = below + 1, count + 1
            else:
                continue
            depth = max(depth, below)
            fields = min(fields + count, FIELDS_MAX + 1)
        return depth, fields

    try:
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                depth, fields = of_set(node.selection_set)
                if depth > DEPTH_MAX:
                    return f"The query is {depth} levels deep; the most is {DEPTH_MAX}."
                if fields > FIELDS_MAX:
                    return f"The query asks for more than {FIELDS_MAX} fields, fragments counted."
    except RecursionError:
        return "The query is nested too deeply."
    return ""
