"""A folder held against what a version holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from runstone.client.pointers.bringing import folder_is_right, is_folder
from runstone.client.pointers.proofs import proof_of
from runstone.content.digests import hash_file, in_threads
from runstone.content.manifest import NO_DIGEST, Entry
from runstone.content.paths import inside
from runstone.content.trees import walk


@dataclass(slots=True)
class Differences:
    """Between a folder and a version: paths."""

    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing or self.extra)

    def words(self) -> str:
        said = []
        for name in ("changed", "missing", "extra"):
            paths: Sequence[str] = getattr(self, name)
            if paths:
                more = f" and {len(paths) - 20} more" if len(paths) > 20 else ""
                said.append(f"{name}: {', '.join(paths[:20])}{more}")
        return "; ".join(said)


def compare(root: str, entries: Iterable[Entry]) -> Differences:
    """Hash all files below `root`, whatever is remembered of them. Raises ContentError."""
    listed = list(entries)
    wanted = {entry.path: entry for entry in listed if not is_folder(entry)}
    folders = {entry.path: entry for entry in listed if is_folder(entry)}
    holds = holding(listed)
    found = {file.path: file for file in walk(root)}
    different = Differences(
        missing=sorted(path for path in wanted if path not in found),
        extra=sorted(path for path in found if not holds(path)),
    )
    for path, entry in folders.items():
        folder = inside(root, path)
        if not os.path.isdir(folder):
            different.missing.append(path)
        elif not folder_is_right(entry, folder):
            different.changed.append(path)
    there = [path for path in wanted if path in found and proof_of(wanted[path]) is not None]

    def work(path: str) -> None:
        entry, file = wanted[path], found[path]
        if entry.sha256 != NO_DIGEST:
            right = file.size == entry.size and hash_file(file) == entry.sha256
        else:
            proof = proof_of(entry)
            right = entry.size in (-1, file.size) and proof is not None and proof.holds_for(file.local)
        if not right:
            different.changed.append(path)

    in_threads(work, there, sizes=[found[path].size for path in there])
    different.changed.sort()
    return different


def holding(entries: Iterable[Entry]) -> Callable[[str], bool]:
    """Whether a version with these entries has something to do with a file: it is one, or in a folder that
    a single entry stands for."""
    paths = set()
    folders = []
    for entry in entries:
        paths.add(entry.path)
        if is_folder(entry):
            folders.append(f"{entry.path}/")
    inner = tuple(folders)
    return lambda path: path in paths or path.startswith(inner)
