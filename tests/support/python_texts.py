"""Texts that Python sources can put together, found without running them.

A module builds a query from pieces: f-strings, `%`, `.format`, `.replace`, `+=` under `if`. This
follows each function path by path and yields every text that an expression of it can be, beside the
places of the literals that went into it. What cannot be known (an argument, an answer) is empty.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product

PATHS_MAX = 96
VALUES_MAX = 96
_CALLS_DEEP_MAX = 2
# Functions that give back the text they are given, as far as a reader of it cares.
_SAME = frozenset(("gql", "Template", "str", "gql_compat", "print_ast", "parse"))
_DECIDED = "if "  # before a condition's text: what this path takes it for

_Function = ast.FunctionDef | ast.AsyncFunctionDef

Place = tuple[str, int]  # (module's path, line)


@dataclass(frozen=True)
class Text:
    text: str
    places: frozenset[Place] = frozenset()

    def __add__(self, other: Text) -> Text:
        return Text(self.text + other.text, self.places | other.places)


@dataclass(frozen=True)
class Items:
    """A list or tuple whose elements are known."""

    items: tuple[Text | Items, ...]


Value = Text | Items
UNKNOWN = Text("")
Names = Mapping[str, Value]


class Texts:
    """All modules of a package; `sources` by path."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.found: set[Text] = set()
        self._globals: dict[str, Value] = {}
        self._functions: dict[str, list[tuple[str, _Function]]] = {}
        self._known: dict[object, list[Value]] = {}
        self._deep = 0
        modules = [(path, tree) for path, text in sources.items() if (tree := _tree(text)) is not None]
        for path, tree in modules:
            for node in ast.walk(tree):
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    self._functions.setdefault(node.name, []).append((path, node))
        # Twice: a module may use the names of one that is read later.
        for _ in range(2):
            for path, tree in modules:
                for names in _Paths(self, path).run(_without_functions(tree.body), [{}]):
                    self._globals.update(names)
        for path, tree in modules:
            for node in ast.walk(tree):
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    _Paths(self, path).run(node.body, [{}])

    def named(self, name: str) -> Value | None:
        return self._globals.get(name)

    def called(self, path: str, name: str, given: list[Value], keywords: Mapping[str, Value]) -> list[Value]:
        """What a function of this name can return, called so; nothing where it is not known, or where two
        could be meant."""
        known = self._functions.get(name, [])
        meant = [one for one in known if one[0] == path] or known
        if self._deep >= _CALLS_DEEP_MAX or len(meant) != 1:
            return []
        place, node = meant[0]
        names = _arguments(node, given, keywords)
        key = (node, frozenset(names.items()))
        if key not in self._known:
            self._known[key] = []  # while it runs: it may call itself
            self._deep += 1
            paths = _Paths(self, place)
            paths.run(node.body, [names])
            self._known[key] = paths.returns
            self._deep -= 1
        return self._known[key]


class _Paths:
    """One module's or function's statements, followed on every path."""

    def __init__(self, texts: Texts, path: str) -> None:
        self._texts = texts
        self._path = path
        self._inner: dict[str, _Function] = {}
        self._running: list[_Function] = []
        self.returns: list[Value] = []

    def run(self, body: Iterable[ast.stmt], paths: list[dict[str, Value]]) -> list[dict[str, Value]]:
        for statement in body:
            decided = [after for names in paths for after in _decisions(statement, names)]
            paths = _distinct(
                [after for names in _distinct(decided) for after in self._statement(statement, names)]
            )
        return paths

    def _statement(self, node: ast.stmt, names: dict[str, Value]) -> list[dict[str, Value]]:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = [target.id for target in targets if isinstance(target, ast.Name)]
            values = self.values(node.value, names)
            return [{**names, **dict.fromkeys(named, value)} for value in values] if named else [names]
        if isinstance(node, ast.AugAssign):
            values = self.values(node.value, names)
            if isinstance(node.target, ast.Name):
                before = names.get(node.target.id, UNKNOWN)
                if isinstance(before, Text):
                    return [{**names, node.target.id: before + _text(value)} for value in values]
            return [names]
        if isinstance(node, ast.If):
            self.values(node.test, names)
            return self.run(node.body, [dict(names)]) + self.run(node.orelse, [dict(names)])
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            return [names, *self.run(node.body, [dict(names)])]
        if isinstance(node, (ast.With, ast.AsyncWith)):
            return self.run(node.body, [names])
        if isinstance(node, ast.Try):
            whole = self.run([*node.body, *node.orelse], [dict(names)])
            caught = [after for one in node.handlers for after in self.run(one.body, [dict(names)])]
            return self.run(node.finalbody, whole + caught)
        if isinstance(node, ast.ClassDef):
            inner = self.run(_without_functions(node.body), [dict(names)])
            return [{**names, **found} for found in inner]  # self.NAME and Class.NAME are looked up by name
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._inner[node.name] = node
            return [names]
        if isinstance(node, ast.Return):
            if node.value is not None:
                self.returns += self.values(node.value, names)
            return []
        if isinstance(node, ast.Raise):
            return []
        if isinstance(node, ast.Expr):
            self._list_grows(node.value, names)
            inner = self._inner_call(node.value, names)
            if inner is not None:
                return inner
            self.values(node.value, names)
        return [names]

    def _inner_call(self, node: ast.expr, names: dict[str, Value]) -> list[dict[str, Value]] | None:
        """A call of a function defined within this one, which may set what is not its own."""
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            return None
        inner = self._inner.get(node.func.id)
        if inner is None or inner in self._running:  # it may call itself
            return None
        outer = {name for one in ast.walk(inner) if isinstance(one, ast.Nonlocal) for name in one.names}
        given = [self.values(argument, names)[0] for argument in node.args]
        self._running.append(inner)
        ends = self.run(inner.body, [{**names, **_arguments(inner, given, {})}])
        self._running.pop()
        return [{**names, **{name: end[name] for name in outer if name in end}} for end in ends]

    def _list_grows(self, node: ast.expr, names: dict[str, Value]) -> None:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.attr in ("append", "extend")
            and isinstance(known := names.get(node.func.value.id), Items)
            and node.args
        ):
            more = self.values(node.args[0], names)[0]
            added = more.items if isinstance(more, Items) and node.func.attr == "extend" else (more,)
            names[node.func.value.id] = Items((*known.items, *added))

    # -- expressions

    def values(self, node: ast.expr, names: Names) -> list[Value]:
        """At least one; UNKNOWN among them where nothing is known."""
        values = list(dict.fromkeys(self._values(node, names)))[:VALUES_MAX] or [UNKNOWN]
        self._texts.found.update(value for value in values if isinstance(value, Text) and value.text)
        return values

    def _values(self, node: ast.expr, names: Names) -> list[Value]:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                return [Text(node.value, frozenset(((self._path, node.lineno),)))]
            return [UNKNOWN]
        if isinstance(node, ast.Name):
            return [names.get(node.id) or self._texts.named(node.id) or UNKNOWN]
        if isinstance(node, ast.Attribute):
            return [names.get(node.attr) or self._texts.named(node.attr) or UNKNOWN]
        if isinstance(node, ast.JoinedStr):
            return list(self._joined([self._piece(part, names) for part in node.values]))
        if isinstance(node, ast.IfExp):
            decided = names.get(_DECIDED + ast.unparse(node.test))
            if isinstance(decided, Text):
                return self.values(node.body if decided.text else node.orelse, names)
            return self.values(node.body, names) + self.values(node.orelse, names)
        if isinstance(node, ast.BoolOp):
            return [value for part in node.values for value in self.values(part, names)]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return list(self._joined([self.values(node.left, names), self.values(node.right, names)]))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            return self._percent(node, names)
        if isinstance(node, (ast.List, ast.Tuple)):
            parts = [self.values(part, names) for part in node.elts]
            return [Items(found) for found in _products(parts)]
        if isinstance(node, ast.Call):
            return self._called(node, names)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.values(child, names)
        return [UNKNOWN]

    def _piece(self, node: ast.expr, names: Names) -> list[Value]:
        return self.values(node.value if isinstance(node, ast.FormattedValue) else node, names)

    def _joined(self, parts: list[list[Value]]) -> Iterator[Text]:
        for found in _products(parts):
            whole = Text("")
            for one in found:
                whole = whole + _text(one)
            yield whole

    def _percent(self, node: ast.BinOp, names: Names) -> list[Value]:
        found: list[Value] = []
        for left, right in product(self.values(node.left, names), self.values(node.right, names)):
            given = right.items if isinstance(right, Items) else (right,)
            if isinstance(left, Text):
                pieces = left.text.replace("%%", "\0").split("%s")
                if len(pieces) == len(given) + 1:
                    whole = Text(pieces[0], left.places)
                    for one, piece in zip(given, pieces[1:], strict=True):
                        whole = whole + _text(one) + Text(piece)
                    found.append(Text(whole.text.replace("\0", "%"), whole.places))
        return found

    def _called(self, node: ast.Call, names: Names) -> list[Value]:
        given = [self.values(argument, names) for argument in node.args]
        keywords = {one.arg: self.values(one.value, names) for one in node.keywords if one.arg}
        if isinstance(node.func, ast.Attribute):
            owner = self.values(node.func.value, names)
            method = node.func.attr
            if method in ("format", "substitute"):
                return self._formatted(owner, given, keywords, dollar=method == "substitute")
            if method == "replace" and len(given) >= 2:
                return [
                    Text(_text(a).text.replace(_text(b).text or "\0", _text(c).text), _places(a, c))
                    for a, b, c in _products([owner, given[0], given[1]])
                ]
            if method == "join" and len(given) == 1:
                return [_join(_text(a), b) for a, b in _products([owner, given[0]])]
            if method in ("strip", "lstrip", "rstrip"):
                return owner
            return self._returned(method, given, keywords)
        if isinstance(node.func, ast.Name):
            if node.func.id == "dedent" and given:
                return [Text(textwrap.dedent(_text(one).text), _text(one).places) for one in given[0]]
            if node.func.id in _SAME and given:
                return given[0]
            return self._returned(node.func.id, given, keywords)
        return [UNKNOWN]

    def _returned(
        self, name: str, given: list[list[Value]], keywords: Mapping[str, list[Value]]
    ) -> list[Value]:
        found: list[Value] = []
        for values in islice(_products([*given, *keywords.values()]), 8):
            plain, named = list(values[: len(given)]), dict(zip(keywords, values[len(given) :], strict=True))
            found += self._texts.called(self._path, name, plain, named)
        return found

    def _formatted(
        self, owner: list[Value], given: list[list[Value]], keywords: dict[str, list[Value]], *, dollar: bool
    ) -> list[Value]:
        found: list[Value] = []
        for values in _products([owner, *given, *keywords.values()]):
            template, words = _text(values[0]), [_text(one) for one in values[1:]]
            named = dict(zip(keywords, (word.text for word in words[len(given) :]), strict=True))
            plain = [word.text for word in words[: len(given)]]
            try:
                if dollar:
                    import string

                    text = string.Template(template.text).safe_substitute(named)
                else:
                    text = template.text.format(*plain, **named)
            except (KeyError, IndexError, ValueError, AttributeError):
                continue
            found.append(Text(text, _places(*values)))
        return found


def _arguments(node: _Function, given: list[Value], keywords: Mapping[str, Value]) -> dict[str, Value]:
    """The function's parameters as this call sets them; those it leaves out are unknown."""
    names = [one.arg for one in (*node.args.posonlyargs, *node.args.args) if one.arg not in ("self", "cls")]
    known = {*names, *(one.arg for one in node.args.kwonlyargs)}
    found = {**dict(zip(names, given, strict=False)), **keywords}
    return {name: value for name, value in found.items() if name in known}


def _decisions(statement: ast.stmt, names: dict[str, Value]) -> list[dict[str, Value]]:
    """One path for each way the conditional expressions of a simple statement can go, the same condition
    going the same way wherever it stands."""
    if hasattr(statement, "body"):
        return [names]
    tests = {_DECIDED + ast.unparse(node.test) for node in ast.walk(statement) if isinstance(node, ast.IfExp)}
    open_ones = sorted(test for test in tests if test not in names)[:4]
    return [
        {**names, **dict(zip(open_ones, (Text(way) for way in ways), strict=True))}
        for ways in product(("yes", ""), repeat=len(open_ones))
    ]


def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:
        return None


def _without_functions(body: Iterable[ast.stmt]) -> list[ast.stmt]:
    return [node for node in body if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def _text(value: Value) -> Text:
    return value if isinstance(value, Text) else UNKNOWN


def _places(*values: Value) -> frozenset[Place]:
    return frozenset(place for value in values for place in _text(value).places)


def _join(between: Text, value: Value) -> Text:
    items = [_text(one) for one in value.items] if isinstance(value, Items) else []
    return Text(between.text.join(one.text for one in items), _places(*items))


def _products(parts: list[list[Value]]) -> Iterator[tuple[Value, ...]]:
    for count, found in enumerate(product(*parts)):
        if count >= VALUES_MAX:
            return
        yield found


def _distinct(paths: list[dict[str, Value]]) -> list[dict[str, Value]]:
    seen: dict[frozenset[tuple[str, Value]], dict[str, Value]] = {}
    for names in paths:
        seen.setdefault(frozenset(names.items()), names)
    return list(seen.values())[:PATHS_MAX]
