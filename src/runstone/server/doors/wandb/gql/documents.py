"""Documents: parsed, validated and measured once, then kept.

Clients send the same few dozen texts over and over, so a cache of texts saves nearly all of that
work. Bounds (V16): length, tokens, depth, number of fields once fragments are spread, of fields at
the top, and of fields in one place that go by one name (validation compares each pair of them).
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass, field

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
TOP_FIELDS_MAX = 250
SAME_NAME_MAX = 100
# A parsed text takes a hundred times its length and more.
KEPT_DOCUMENTS_MAX = 1_000
KEPT_TEXT_CHARS_MAX = 32 * 1024
KEPT_CHARS_MAX = 1024 * 1024

# Clients declare variables and fragments that one of their shapes of a query does not use.
_RULES = [rule for rule in specified_rules if rule not in (NoUnusedVariablesRule, NoUnusedFragmentsRule)]


@dataclass(frozen=True, eq=False)
class Document:
    """A checked document, or what is wrong with it. Itself by identity: others are kept by it."""

    node: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()


class Documents:
    """Safe to use from any thread."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[bytes, tuple[Document, int]] = OrderedDict()
        self._kept_chars = 0
        self._lock = threading.Lock()

    def get(self, text: str) -> Document:
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found[0]
        made = self._check(text)
        if len(text) <= KEPT_TEXT_CHARS_MAX:
            self._keep(key, made, len(text))
        return made

    def _keep(self, key: bytes, made: Document, chars: int) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = made, chars
            self._kept_chars += chars
            while len(self._kept) > KEPT_DOCUMENTS_MAX or self._kept_chars > KEPT_CHARS_MAX:
                _, (_, gone) = self._kept.popitem(last=False)
                self._kept_chars -= gone

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


@dataclass(slots=True)
class _Size:
    """Of a selection set once fragments are spread. `names`: how many fields of the set itself, not
    of those below, go by each name in the answer."""

    depth: int = 0
    fields: int = 0
    names: Counter[str] = field(default_factory=Counter)


class _TooMuch(Exception):
    """The words of a refusal."""


def measure(document: DocumentNode) -> str:
    """What exceeds the bounds, in words; "" where nothing does.

    Each fragment is measured once, so that fragments which spread each other cost nothing.
    """
    try:
        total = 0
        measure_set = _Measure(document).of_set
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                found = measure_set(node.selection_set)
                if found.depth > DEPTH_MAX:
                    return f"The query is {found.depth} levels deep; the most is {DEPTH_MAX}."
                if found.names.total() > TOP_FIELDS_MAX:
                    return (
                        f"The query asks for {found.names.total()} fields at the top; the most is "
                        f"{TOP_FIELDS_MAX}. Send several."
                    )
                total += found.fields
                if total > FIELDS_MAX:
                    return _TOO_MANY_FIELDS
    except RecursionError:
        return "The query is nested too deeply."
    except _TooMuch as error:
        return str(error)
    return ""


_TOO_MANY_FIELDS = f"The query asks for more than {FIELDS_MAX} fields, fragments counted."


class _Measure:
    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, _Size] = {}
        self._open: set[str] = set()

    def of_set(self, selections: SelectionSetNode | None) -> _Size:
        """Raises _TooMuch."""
        size = _Size()
        for item in selections.selections if selections else ():
            if isinstance(item, FieldNode):
                below = self.of_set(item.selection_set)
                size.depth = max(size.depth, below.depth + 1)
                size.fields += below.fields + 1
                self._name(size, (item.alias or item.name).value, 1)
                if size.fields > FIELDS_MAX:
                    raise _TooMuch(_TOO_MANY_FIELDS)
                continue
            if isinstance(item, FragmentSpreadNode):
                spread = self._of_fragment(item.name.value)
            elif isinstance(item, InlineFragmentNode):
                spread = self.of_set(item.selection_set)
            else:
                continue
            size.depth = max(size.depth, spread.depth)
            size.fields += spread.fields
            if size.fields > FIELDS_MAX:
                raise _TooMuch(_TOO_MANY_FIELDS)
            for name, count in spread.names.items():
                self._name(size, name, count)
        return size

    def _of_fragment(self, name: str) -> _Size:
        if name in self._known:
            return self._known[name]
        if name not in self._fragments or name in self._open:
            return _Size()  # validation names unknown fragments and circles
        self._open.add(name)
        self._known[name] = self.of_set(self._fragments[name].selection_set)
        self._open.discard(name)
        return self._known[name]

    @staticmethod
    def _name(size: _Size, name: str, count: int) -> None:
        size.names[name] += count
        if size.names[name] > SAME_NAME_MAX:
            raise _TooMuch(
                f"The query asks for {name[:100]!r} more than {SAME_NAME_MAX} times in one place. Ask once, "
                "or give each an alias of its own."
            )
