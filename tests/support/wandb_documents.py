"""GraphQL documents that an installed release of the wandb client sends, read out of its package:
texts in its Python modules, and in its compiled core. Nothing of them is kept here."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from graphql import GraphQLError, OperationDefinitionNode, parse
from tests.support.wandb_clients import python_of

_OPERATION = re.compile(r"(?:query|mutation)\b\s*\w*\s*[({]")
_IN_BINARY = re.compile(rb"\n(?:query|mutation) \w+ ?[({]")
_LONGEST = 20_000


def documents(release: str) -> dict[str, str]:
    """Operation name (with a number where one name has several texts) -> text."""
    package = _package(release)
    texts = {text for path in package.rglob("*.py") for text in _of_module(path)}
    for binary in package.glob("bin/wandb-core"):
        texts.update(_of_binary(binary.read_bytes()))
    found: dict[str, str] = {}
    for text in sorted(texts):
        name = _name(text)
        if name is not None:
            number = sum(1 for known in found if known.partition("#")[0] == name)
            found[f"{name}#{number}" if number else name] = text
    return found


def _package(release: str) -> Path:
    code = "import importlib.util; print(importlib.util.find_spec('wandb').submodule_search_locations[0])"
    done = subprocess.run([python_of(release), "-c", code], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


def _of_module(path: Path) -> Iterator[str]:
    if "vendor" in path.parts:
        return
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _OPERATION.search(node.value):
            yield node.value


def _of_binary(data: bytes) -> Iterator[str]:
    """An operation with the fragments that follow it, up to the last brace that closes one."""
    for match in _IN_BINARY.finditer(data):
        text = data[match.start() : match.start() + _LONGEST].decode("utf-8", "replace")
        depth = 0
        end = 0
        for place, char in enumerate(text):
            depth += (char == "{") - (char == "}")
            if depth == 0 and char == "}":
                end = place + 1
                if not re.match(r"\s*fragment ", text[end : end + 16]):
                    break
            elif depth < 0:
                break
        if end:
            yield text[:end]


def _name(text: str) -> str | None:
    """None for a text that is no whole document (a piece to be put together, prose)."""
    try:
        document = parse(text)
    except GraphQLError:
        return None
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            return node.name.value if node.name else "anonymous"
    return None
