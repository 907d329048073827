"""What all media have in common: content becomes a file named by key, step and digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Any, Protocol

from runstone.sdk.errors import UsageError

FILE_BYTES_MAX = 2 * 1024**3


class Keeper(Protocol):
    """Where files go: `name` is the file's name in the run."""

    def keep(self, name: str, data: bytes) -> str: ...

    def copy(self, name: str, source: str) -> str: ...


class Media:
    """One medium. Subclasses say their `_type` and folder, and give content and facts."""

    _type = ""
    _folder = ""
    _many = ""  # the `_type` of a list of them
    _listed = ""  # the name of the list in it

    caption: str | None = None

    def _content(self) -> tuple[bytes | str, str]:
        """(bytes, or the path of a file to copy; the suffix without its dot)."""
        raise NotImplementedError

    def _facts(self, keeper: Keeper, key: str, step: int) -> dict[str, Any]:
        """More of the map: width, height, …"""
        return {}

    def _runstone_value(
        self, keeper: Keeper, key: str, step: int, index: int | None = None
    ) -> dict[str, Any]:
        content, suffix = self._content()
        kept = store(keeper, self._folder, key, step, content, suffix, index=index)
        value = {"_type": self._type, **kept, **self._facts(keeper, key, step)}
        if self.caption is not None:
            value["caption"] = self.caption
        return value

    @classmethod
    def _runstone_values(cls, items: Sequence[Any], keeper: Keeper, key: str, step: int) -> Any:
        """A list of media of one kind as one map."""
        values = [item._runstone_value(keeper, key, step, number) for number, item in enumerate(items)]
        if not cls._many or any(type(item) is not cls for item in items):
            return values
        found: dict[str, Any] = {"_type": cls._many, "count": len(values), cls._listed: values}
        if any(item.caption is not None for item in items):
            found["captions"] = [item.caption or "" for item in items]
        return found


def store(
    keeper: Keeper,
    folder: str,
    key: str,
    step: int,
    content: bytes | str,
    suffix: str,
    *,
    index: int | None = None,
) -> dict[str, Any]:
    """Keep `content` (bytes, or a file's path); returns path, sha256 and size."""
    if isinstance(content, str):
        try:
            size = os.path.getsize(content)
            with open(content, "rb") as file:
                digest = _digest(file)
        except OSError as error:
            raise UsageError(
                f"log() met a file that cannot be read: {content!r} ({error.strerror})."
            ) from None
    else:
        size, digest = len(content), hashlib.sha256(content).hexdigest()
    if size > FILE_BYTES_MAX:
        raise UsageError(f"log() met a file of {size} bytes for {key!r}; the most is {FILE_BYTES_MAX}.")
    number = "" if index is None else f"_{index}"
    name = f"media/{folder}/{_safe(key)}_{step}{number}_{digest[:20]}.{suffix}"
    path = keeper.copy(name, content) if isinstance(content, str) else keeper.keep(name, content)
    return {"path": path, "sha256": digest, "size": size}


def _digest(file: Any) -> str:
    digest = hashlib.sha256()
    while part := file.read(1 << 20):
        digest.update(part)
    return digest.hexdigest()


def _safe(key: str) -> str:
    """A key as part of a file's name; its slashes make folders."""
    parts = []
    for part in key.split("/"):
        clean = "".join(char if char.isalnum() or char in "_-. " else "_" for char in part).strip(" .")
        parts.append(clean[:80] or "_")
    return "/".join(parts)


def suffix_of(path: str, allowed: Sequence[str], what: str) -> str:
    """The suffix of a file that is one of `allowed`. Raises UsageError."""
    folded = os.path.basename(path).lower()
    for suffix in sorted(allowed, key=len, reverse=True):
        if folded.endswith(f".{suffix}"):
            return suffix
    raise UsageError(f"{what} takes files of these kinds: {', '.join(allowed)}; met {path!r}.")
