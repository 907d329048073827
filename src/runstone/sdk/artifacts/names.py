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
    if not isinstance(kind, str) or not _is_label(kind):
        raise UsageError(
            f"An artifact's type is a short text such as 'dataset' or 'model', met {_shown(kind)}. "
            f"{_LABEL_RULE}"
        )
    return kind


# What the server takes (`server/domain/artifact_names.py`), so that a name is refused where it is given,
# and not when the version, hours of training later, is on its way.
_LABEL_REFUSED = frozenset("/\\#?%:")
_LABEL_RULE = (
    f"Use 1 to {NAME_CHARS_MAX} characters, none of / \\ # ? % : and no control characters, no '@' in front "
    "and no space at either end."
)
_TAGS_MAX = 20


def _is_label(text: str) -> bool:
    return (
        0 < len(text) <= NAME_CHARS_MAX
        and _LABEL_REFUSED.isdisjoint(text)
        and text == text.strip()
        and text[0] != "@"
        and text not in (".", "..")
        and not any(char < " " or "\x7f" <= char <= "\x9f" or "\ud800" <= char <= "\udfff" for char in text)
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "…"


def _listed(values: Iterable[str] | str | None) -> list[str]:
    if values is None:
        return []
    return list(dict.fromkeys([values] if isinstance(values, str) else map(str, values)))


def tags(values: Iterable[str] | str | None) -> list[str]:
    """Each once, in order. Raises UsageError."""
    found = _listed(values)
    for tag in found:
        letters = tag.translate(_NO_TAG_CHARS)
        if not 0 < len(tag) <= NAME_CHARS_MAX or tag != tag.strip() or (letters and not letters.isalnum()):
            raise UsageError(
                f"{_shown(tag)} cannot be a tag. Use words of letters, digits, '_' and '-', with spaces "
                f"between, at most {NAME_CHARS_MAX} characters."
            )
    if len(found) > _TAGS_MAX:
        raise UsageError(f"An artifact has at most {_TAGS_MAX} tags, met {len(found)}.")
    return found


_NO_TAG_CHARS = str.maketrans("", "", "_- ")


def own_aliases(values: Iterable[str] | str | None) -> list[str]:
    """Each once, in order; `v3` is a version's number and no alias. "latest" goes with every new version.
    Raises UsageError."""
    found = _listed(values)
    for alias in found:
        if not _is_label(alias):
            raise UsageError(f"{_shown(alias)} cannot be an alias. {_LABEL_RULE}")
        if alias[:1] == "v" and alias[1:].isdecimal():
            raise UsageError(f"{alias!r} is how versions are numbered, and cannot be an alias.")
    return found


class Address(msgspec.Struct, frozen=True):
    """`[[entity/]project/]name[:version or alias]`, or `@ID`: then `name` is that, and `version` empty."""

    entity: str
    project: str
    name: str
    version: str


def address(text: str, *, entity: str = "", project: str = "") -> Address:
    """Raises UsageError."""
    path, colon, version = text.removeprefix("runstone-artifact://").partition(":")
    if path[:1] == "@" and path[1:].isdecimal() and not colon:
        return Address("", "", path, "")
    parts = path.strip("/").split("/")
    if not 1 <= len(parts) <= 3 or not all(parts) or not _is_label(version if colon else "latest"):
        raise UsageError(
            f"{_shown(text)} names no artifact. Write 'entity/project/name:version', 'name:alias' of this "
            "project, or '@' and a version's id."
        )
    version = version if colon else "latest"
    found = [entity, project, ""]
    found[3 - len(parts) :] = parts
    return Address(found[0], found[1], found[2], version)
