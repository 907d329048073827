"""What artifacts, aliases and tags may be called, and how a version is named in one word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from runstone.server.domain.errors import Invalid, TooLarge
from runstone.server.domain.identity import NAME_CHARS_MAX
from runstone.server.stores.records import codec

ALIASES_MAX = 1000
TAGS_MAX = 20
METADATA_KEYS_MAX = 100
METADATA_CHARS_MAX = 4 * 1024 * 1024
DIGEST_PREFIX_CHARS_MIN = 8

_REFUSED = re.compile(r"[/\\#?%:\x00-\x1f\x7f]")
_TAG = re.compile(r"[-\w]+([ ]+[-\w]+)*")
_INDEX = re.compile(r"v(\d{1,9})")
_HEX = re.compile(r"[0-9a-f]{8,64}")
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Name:
    """`[[entity/]project/]collection[:alias]`, or `@ID`. Empty parts are those of where it is said."""

    entity: str = ""
    project: str = ""
    collection: str = ""
    alias: str = ""
    version_id: int | None = None

    def __str__(self) -> str:
        if self.version_id is not None:
            return f"@{self.version_id}"
        place = "".join(part + "/" for part in (self.entity, self.project) if part)
        return place + self.collection + (f":{self.alias}" if self.alias else "")


def parse_name(text: str) -> Name:
    """Raises Invalid for what names no version."""
    if text.startswith("@"):
        if not text[1:].isdecimal() or len(text) > 19:
            raise Invalid(f"{text[:200]!r} is no version's id. Write @ and its number.", name=text[:200])
        return Name(version_id=int(text[1:]))
    place, colon, alias = text.partition(":")
    parts = place.split("/")
    if len(parts) > 3 or not all(parts) or (colon and not alias):
        raise Invalid(
            f"{text[:300]!r} names no artifact. Write NAME, NAME:ALIAS, NAME:v3 or "
            "ENTITY/PROJECT/NAME:ALIAS.",
            name=text[:300],
        )
    entity, project, collection = [""] * (3 - len(parts)) + parts
    return Name(entity, project, check_collection_name(collection), alias)


def index_of(alias: str) -> int | None:
    """The number in `v3`; None for any other alias."""
    met = _INDEX.fullmatch(alias)
    return None if met is None else int(met[1])


def is_digest_prefix(alias: str) -> bool:
    """At least eight hexadecimal digits: it may be the beginning of a digest."""
    return bool(_HEX.fullmatch(alias))


def check_collection_name(name: str) -> str:
    return _check(name, "Artifact name")


def check_type_name(name: str) -> str:
    return _check(name, "Artifact type")


def check_alias(alias: str) -> str:
    """1 to 128 characters, none of / \\ # ? % : and no control characters, and not `v` and a number,
    which only the server gives."""
    _check(alias, "Alias")
    if _INDEX.fullmatch(alias):
        raise Invalid(
            f"The alias {alias!r} is the server's: versions are numbered so. Choose another.", alias=alias
        )
    return alias


def check_aliases(aliases: Iterable[str]) -> tuple[str, ...]:
    checked = tuple(dict.fromkeys(check_alias(alias) for alias in aliases))
    if len(checked) > ALIASES_MAX:
        raise Invalid(f"At most {ALIASES_MAX:,} aliases at once, met {len(checked):,}.")
    return checked


def check_tags(tags: Iterable[str]) -> list[str]:
    """Sorted, each once. Words of letters, digits, `_` and `-`, with spaces between; at most 20."""
    checked = sorted(set(tags))
    for tag in checked:
        if len(tag) > NAME_CHARS_MAX or not _TAG.fullmatch(tag):
            raise Invalid(
                f"The tag {tag[:200]!r} is not allowed. Use words of letters, digits, '_' and '-', with "
                f"spaces between, at most {NAME_CHARS_MAX} characters.",
                tag=tag[:200],
            )
    if len(checked) > TAGS_MAX:
        raise Invalid(f"At most {TAGS_MAX} tags, met {len(checked)}.")
    return checked


def check_metadata(metadata: dict[str, Any], *, what: str = "Metadata") -> codec.Encoded:
    """As it is kept. Raises Invalid, TooLarge."""
    if not isinstance(metadata, dict):
        raise Invalid(f"{what} is a JSON object, met {type(metadata).__name__}.")
    if len(metadata) > METADATA_KEYS_MAX:
        raise TooLarge(
            f"{what} has at most {METADATA_KEYS_MAX} keys at the top, met {len(metadata)}. Nest them, or "
            "put them in a file of the artifact.",
            keys=len(metadata),
        )
    try:
        text = codec.dumps(metadata)
    except (TypeError, ValueError, RecursionError) as error:
        raise Invalid(f"{what} is not JSON that can be kept: {error}.") from None
    if len(text) > METADATA_CHARS_MAX:
        raise TooLarge(
            f"{what} would be {len(text):,} characters of JSON; the most is {METADATA_CHARS_MAX:,}. Put it "
            "in a file of the artifact.",
            size=len(text),
        )
    return codec.Encoded(text)


def check_ttl(seconds: int | None) -> int | None:
    """None: inherit; -2: never; else positive seconds (at most a thousand years)."""
    if seconds is None or seconds == -2 or 0 < seconds <= 31_557_600_000:
        return seconds
    raise Invalid(
        f"A time to live of {seconds} s is not allowed. Give positive seconds, -2 for never, or nothing "
        "to do as the collection does.",
        ttl_seconds=seconds,
    )


def _check(name: str, what: str) -> str:
    if (
        not name
        or len(name) > NAME_CHARS_MAX
        or _REFUSED.search(name)
        or name in (".", "..")
        or name != name.strip()
        or name.startswith("@")
        or any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name)
    ):
        shown = name[:200].encode("utf-8", "backslashreplace").decode()
        raise Invalid(
            f"{what} {shown!r} is not allowed. Use 1 to {NAME_CHARS_MAX} characters, none of "
            "/ \\ # ? % : and no control characters, no '@' in front and no space at either end.",
            name=shown,
        )
    return name
