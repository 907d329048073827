"""What a part of a manifest holds by folder, small enough to read for every part of a version.

A folder is a path ending in a slash; "" is the top. An outline is a list of groups, each some files
of the part: all those right in a folder, or (`nested`) all those at any depth below one. Together
they are the files of the part, each once. A part with few folders names each of them; one with many
names what lies above them, as deep as `GROUPS_MAX` allows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

GROUPS_MAX = 32

_encode = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class Group:
    folder: str
    files: int
    bytes: int
    nested: bool  # some lie deeper than right in `folder`


_decode = msgspec.msgpack.Decoder(list[tuple[str, int, int, bool]]).decode


def outline(files: Iterable[tuple[str, int]]) -> list[Group]:
    """Of (path, size) of a part, at most GROUPS_MAX groups, by folder."""
    groups = exact(files)
    if len(groups) <= GROUPS_MAX:
        return groups
    depth = max(group.folder.count("/") for group in groups)
    while len(groups) > GROUPS_MAX:  # one group is left at depth 0 at the latest
        depth -= 1
        groups = _cut(groups, depth)
    return groups


def exact(files: Iterable[tuple[str, int]]) -> list[Group]:
    """A group for each folder that holds a file itself, however many."""
    found: dict[str, list[int]] = {}
    for path, size in files:
        folder = path[: path.rfind("/") + 1]
        counted = found.get(folder)
        if counted is None:
            found[folder] = [1, size]
        else:
            counted[0] += 1
            counted[1] += size
    return [Group(folder, count, size, nested=False) for folder, (count, size) in sorted(found.items())]


def _cut(groups: Iterable[Group], depth: int) -> list[Group]:
    """The same files, no folder deeper than that."""
    found: dict[str, Group] = {}
    for group in groups:
        parts = group.folder.split("/")
        deeper = len(parts) - 1 > depth
        folder = "/".join([*parts[:depth], ""]) if deeper else group.folder
        old = found.get(folder, Group(folder, 0, 0, nested=False))
        found[folder] = Group(
            folder, old.files + group.files, old.bytes + group.bytes, old.nested or group.nested or deeper
        )
    return [found[folder] for folder in sorted(found)]


def encode(groups: Iterable[Group]) -> bytes:
    return _encode([(group.folder, group.files, group.bytes, group.nested) for group in groups])


def decode(data: bytes) -> list[Group]:
    return [Group(*row) for row in _decode(data)]
