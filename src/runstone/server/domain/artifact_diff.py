"""What two versions do not share: by path, or folder by folder.

Parts that both have are passed over unread, whatever they hold: a path lies in one part of a version
only, so what is in a shared part is the same in both. The cost follows what changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from runstone.server.domain import manifests
from runstone.server.domain.artifact_folders import behind
from runstone.server.domain.artifact_model import Entry
from runstone.server.domain.manifests import Change
from runstone.server.stores.records import manifests as statements
from runstone.server.stores.records.contract import Records


@dataclass(slots=True)
class Counts:
    """Paths by what became of them; bytes of those that differ, in either version."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    old_bytes: int = 0
    new_bytes: int = 0

    def count(self, change: Change) -> None:
        if change.old is None:
            self.added += 1
        elif change.new is None:
            self.removed += 1
        else:
            self.changed += 1
        self.old_bytes += change.old.size if change.old else 0
        self.new_bytes += change.new.size if change.new else 0


@dataclass(slots=True)
class DiffPage:
    """counts: of all that lies below the folder. next: where to go on, and whether among files."""

    counts: Counts = field(default_factory=Counts)
    folders: dict[str, Counts] = field(default_factory=dict)
    files: list[Change] = field(default_factory=list)
    next: tuple[str, bool] | None = None


def changes(records: Records, old_id: int, new_id: int, *, prefix: str = "") -> Iterator[Change]:
    """Paths that begin with `prefix` and differ, in order."""
    with records.read() as conn:
        old, new = (statements.part_list(conn, version) for version in (old_id, new_id))
    shared = {part.part_id for part in old} & {part.part_id for part in new}

    def entries(parts: list[tuple[int, str]]) -> Iterator[Entry]:
        end = behind(prefix) if prefix else ""
        for at, (part, first_path) in enumerate(parts):
            ended = at + 1 < len(parts) and parts[at + 1][1] <= prefix
            if part in shared or ended:
                continue
            if end and first_path >= end:
                return
            with records.read() as conn:
                data = statements.part_data(conn, part)
            for entry in manifests.decode(data) if data else ():
                if entry.path.startswith(prefix):
                    yield entry

    return manifests.diff(
        entries([(part.part_id, part.first_path) for part in old]),
        entries([(part.part_id, part.first_path) for part in new]),
    )


def folder(
    records: Records, old_id: int, new_id: int, prefix: str, *, at: tuple[str, bool], limit: int
) -> DiffPage:
    """Right in the folder `prefix` ("" or ending in a slash): folders in which something differs, then
    files that do. at: ("", False) for the beginning. Counts are over all pages, and cost one reading of
    what changed below the folder for each page."""
    place, among_files = at
    found = DiffPage()
    more_folders = more_files = ""
    for change in changes(records, old_id, new_id, prefix=prefix):
        found.counts.count(change)
        slash = change.path.find("/", len(prefix))
        if slash < 0:
            if not (among_files and change.path < place) and not more_files:
                if len(found.files) < limit:
                    found.files.append(change)
                else:
                    more_files = change.path
            continue
        child = change.path[: slash + 1]
        if among_files or child < place:
            continue
        counted = found.folders.get(child)
        if counted is None:
            if len(found.folders) == limit:
                more_folders = more_folders or child
                continue
            counted = found.folders[child] = Counts()
        counted.count(change)
    room = 0 if more_folders else limit - len(found.folders)
    if len(found.files) > room:
        more_files = found.files[room].path
        del found.files[room:]
    if more_folders:
        found.next = (more_folders, False)
    elif more_files:
        found.next = (more_files, True)
    return found
