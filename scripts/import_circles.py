"""Refuse circles of imports between our modules, those inside one package too.

    python scripts/import_circles.py [SRC]

The layers (import-linter) say which part may import which; within a part they say nothing. Two rules:

- What runs when modules are loaded forms no circle. One that does may work by the order of loading
  alone, and breaks for whoever begins elsewhere.
- What is imported for types alone forms none either, outside the packages of `MUTUAL`: two modules that
  name each other's types are one thought in two files, or hold a type that belongs in a third.

Imports inside functions count for neither: they wait until both modules are there.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

# Where things know each other by their nature, and why.
MUTUAL = {
    "runstone.sdk": "a live run hands itself to its parts, and each part keeps it",
    "runstone.client": "a run leads to its artifacts, a version to the run that made it",
    "runstone.server.doors.wandb.gql": "an answer is a tree: objects complete fields, and fields objects",
}

Graph = Mapping[str, set[str]]


def modules(src: Path) -> dict[str, Path]:
    found = {}
    for path in src.rglob("*.py"):
        parts = path.relative_to(src).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(tree: ast.AST, *, types: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    """Those outside functions; with `types` those for type checkers too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for part in node.body if types else node.orelse:
                yield from imports(ast.Module([part], []), types=types)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.expr):
            yield from imports(node, types=types)


def graph(found: Mapping[str, Path], *, types: bool) -> Graph:
    arrows: dict[str, set[str]] = {}
    for name, path in found.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        wanted: set[str] = set()
        for node in imports(ast.parse(path.read_text("utf-8")), types=types):
            if isinstance(node, ast.Import):
                wanted.update(alias.name for alias in node.names)
                continue
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                wanted.add(inner if inner in found else base)
        arrows[name] = {other for other in wanted if other in found and other != name}
    return arrows


def circles(arrows: Graph) -> list[list[str]]:
    """Each set of modules that all reach each other (Tarjan's components of more than one)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    open_names: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        open_names.append(name)
        for other in sorted(arrows[name]):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in open_names:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            at = open_names.index(name)
            if len(open_names) - at > 1:
                found.append(sorted(open_names[at:]))
            del open_names[at:]

    for name in sorted(arrows):
        if name not in order:
            visit(name)
    return found


def problems(src: Path) -> list[str]:
    found = modules(src)
    told = [
        f"These modules import each other when they are loaded: {_told(circle, arrows)}. "
        "Move what both need into one that imports neither."
        for arrows in [graph(found, types=False)]
        for circle in circles(arrows)
    ]
    arrows = graph(found, types=True)
    for circle in circles(arrows):
        if not any(all(name.startswith(f"{place}.") for name in circle) for place in MUTUAL):
            told.append(
                f"These modules name each other's types: {_told(circle, arrows)}. Move the type to the lower "
                "one; or, where they know each other by nature, say so in scripts/import_circles.py."
            )
    return told


def _told(circle: Sequence[str], arrows: Graph) -> str:
    return "; ".join(f"{name} → {', '.join(sorted(arrows[name] & set(circle)))}" for name in circle)


if __name__ == "__main__":
    src = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "src"
    lines = problems(src)
    print("\n".join(lines) or "No circles of imports.")
    sys.exit(bool(lines))
