"""Names, types, aliases and tags of artifacts, and how a version is addressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from runstone.sdk.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME_CHARS_MAX = 128
_OTHER_CHARS = str.maketrans("", "", "_.- ")
RESERVED_TYPES = ("job", "code")


def artifact_name(name: object) -> str:
    """Raises UsageError."""
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARS_MAX or not _is_plain(name):
        raise UsageError(
            f"An artifact cannot be named {name!r}. Use 1 to {NAME_CHARS_MAX} letters, digits, '_', '-', '.' "
            "and spaces."
        )
    if name.strip(". ") == "":
        raise UsageError(f"An artifact cannot be named {name!r}: use at least one letter or digit.")
    return name


def _is_plain(name: str) -> bool:
    """Without `re`, which would be a tenth of what loading this costs."""
    letters = name.translate(_OTHER_CHARS)
    return not letters or (letters.isascii() and letters.isalnum())


def artifact_type(kind: object) -> str:
    """Raises UsageError."""
    if not isinstance(kind, str) or not kind or len(kind) > NAME_CHARS_MAX or "/" in kind or ":" in kind:
        raise UsageError(f"An artifact's type is a short text such as 'dataset' or 'model', met {kind!r}.")
    return kind


def labels(values: Iterable[str] | str | None, what: str) -> list[str]:
    """Aliases or tags, each once, in order. Raises UsageError."""
    if values is None:
        return []
    if isinstance(values, str):
        values = [values]
    found: dict[str, None] = {}
    for value in values:
        text = str(value)
        if not text or len(text) > NAME_CHARS_MAX or "/" in text or ":" in text:
            raise UsageError(f"{text!r} cannot be {what}: it is empty, too long, or holds '/' or ':'.")
        found[text] = None
    return list(found)


def own_aliases(values: Iterable[str] | str | None) -> list[str]:
    """As `labels`; `v3` is a version's number and no alias. "latest" goes with every new version."""
    found = labels(values, "an alias")
    for alias in found:
        if alias[:1] == "v" and alias[1:].isdecimal():
            raise UsageError(f"{alias!r} is how versions are numbered, and cannot be an alias.")
    return found


class Address(msgspec.Struct, frozen=True):
    """`[[entity/]project/]name[:version or alias]`."""

    entity: str
    project: str
    name: str
    version: str


def address(text: str, *, entity: str = "", project: str = "") -> Address:
    """Raises UsageError."""
    path, _, version = text.removeprefix("runstone-artifact://").rpartition(":")
    if not path:
        path, version = version, "latest"
    parts = path.strip("/").split("/")
    if not 1 <= len(parts) <= 3 or not all(parts) or not version:
        raise UsageError(
            f"{text!r} names no artifact. Write 'entity/project/name:version', or 'name:alias' of this "
            "project."
        )
    found = [entity, project, ""]
    found[3 - len(parts) :] = parts
    return Address(found[0], found[1], found[2], version)
