"""GraphQL documents that a release of the wandb client sends, read out of its package: texts in its
Python modules, put together as the modules do, and those of its compiled core. Nothing of them is
kept here.

    python -m tests.support.wandb_documents [RELEASE …] [--type NAME]

lists what the server's schema refuses, by type and field, each with the documents that ask for it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from graphql import (
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    Visitor,
    parse,
    visit,
)
from tests.support.python_texts import Place, Texts
from tests.support.wandb_clients import ALL_RELEASES, CLIENTS_DIR

_OPERATION = re.compile(r"(?:query|mutation)\b\s*\w*\s*[({]")
_IN_BINARY = re.compile(rb"\n(?:query|mutation) \w+ ?[({]")
_LONGEST = 20_000
# A place in a text that the module fills in before it sends it.
_TEMPLATE = re.compile(r"\b_[A-Z]+(?:_[A-Z]+)*_\b|_Server_Settings_")


@dataclass
class Corpus:
    """`documents` by operation name (numbered where one name has several texts), and the places of
    literals that look like an operation and went into none of them."""

    documents: dict[str, str] = field(default_factory=dict)
    unfilled: set[Place] = field(default_factory=set)


def wheel_of(package: str, release: str) -> Path:
    """The release's wheel for this machine; downloaded the first time."""
    folder = CLIENTS_DIR.parent / "wheels"
    pattern = f"{package.replace('-', '_')}-{release}-*.whl"
    found = list(folder.glob(pattern))
    if not found:
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder]
        subprocess.run([*command, f"{package}=={release}"], check=True, timeout=300)
        found = list(folder.glob(pattern))
    return found[0]


def corpus(release: str, package: str = "wandb") -> Corpus:
    sources: dict[str, str] = {}
    texts: dict[str, frozenset[Place]] = {}
    with zipfile.ZipFile(wheel_of(package, release)) as wheel:
        for name in wheel.namelist():
            if name.endswith(".py") and "/vendor/" not in name:
                text = wheel.read(name).decode("utf-8", "replace")
                if "query" in text or "mutation" in text or "fragment" in text:
                    sources[name] = text
            elif name == "wandb/bin/wandb-core":
                texts.update((text, frozenset()) for text in _of_binary(wheel.read(name)))
    made = Texts(sources)
    asked = [one for one in made.found if _OPERATION.search(one.text)]
    for one in asked:
        texts[one.text] = texts.get(one.text, frozenset()) | one.places
    found = Corpus()
    numbers: dict[str, int] = defaultdict(int)
    whole: set[Place] = set()
    for text in sorted(texts):
        operation = _name(text)
        if operation is None:
            continue
        whole |= texts[text]
        number = numbers[operation]
        numbers[operation] += 1
        found.documents[f"{operation}#{number}" if number else operation] = text
    found.unfilled = {
        place for one in asked for place in one.places if not one.places & whole and _begins(one.text)
    }
    return found


def _begins(text: str) -> bool:
    """Whether it is an operation's beginning, and no prose that speaks of one."""
    return _OPERATION.match(text.strip().removeprefix("#graphql").strip()) is not None


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


class _Spreads(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self.names.add(node.name.value)


def _name(text: str) -> str | None:
    """None for a text that is no whole document (a piece to be put together, prose)."""
    if _TEMPLATE.search(text):
        return None
    try:
        document = parse(text)
    except (GraphQLError, RecursionError):
        return None
    spreads = _Spreads()
    visit(document, spreads)
    known = {node.name.value for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    if spreads.names - known:
        return None
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            return node.name.value if node.name else "anonymous"
    return None


def _main() -> int:
    from runstone.server.doors.wandb.gql.documents import Documents
    from runstone.server.doors.wandb.gql.schema import make_schema
    from runstone.server.doors.wandb.resolvers import all_fields

    parser = argparse.ArgumentParser(description="What the schema refuses of the clients' documents.")
    parser.add_argument("releases", nargs="*", default=ALL_RELEASES)
    parser.add_argument("--match", default="", help="only refusals whose words hold this")
    given = parser.parse_args()
    checked = Documents(make_schema(all_fields()))
    refused: dict[str, set[str]] = defaultdict(set)
    for release in given.releases:
        found = corpus(release)
        bad = 0
        for name, text in found.documents.items():
            errors = checked.get(text).errors
            bad += bool(errors)
            for error in errors:
                refused[error.message].add(f"{release}:{name}")
        print(
            f"{release}: {len(found.documents)} documents, {bad} refused; unfilled: {sorted(found.unfilled)}"
        )
    for message in sorted(refused):
        if given.match in message:
            print(f"{message}\n    {', '.join(sorted(refused[message])[-6:])}")
    return bool(refused)


if __name__ == "__main__":
    raise SystemExit(_main())
