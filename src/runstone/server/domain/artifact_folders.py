"""What lies in a version, folder by folder, at a cost that does not grow with the version.

Parts lie in the order of paths, so all of a folder is a stretch of them. The outline of a part (see
`outlines`) tells whether all of it lies in one folder that is shown: such parts are added up without
being opened, and where a folder goes on beyond what was read, the record store adds up the rest and
reading goes on behind it. Only parts in which folders begin and end are opened. A page ends early,
with a place to go on from, before it has opened or read too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import manifests, outlines
from runstone.server.domain.artifact_model import Entry
from runstone.server.domain.files import FILE_NAME_BYTES_MAX
from runstone.server.domain.outlines import Group
from runstone.server.stores.records import manifests as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

OUTLINES_AT_ONCE = (16, 128)  # at first, and at most: a page of files needs few, one of folders many
OUTLINES_MAX = 4096  # read for a page, before it ends early
OPENED_MAX = 128  # parts of some 500 entries opened for a page
_OPENED_AT_ONCE = 8
_FILLED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Folder:
    """path: with the slash at its end. files, bytes: of all that lies below it, at any depth."""

    path: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class FolderPage:
    folders: list[Folder]
    files: list[Entry]
    next: tuple[str, bool] | None  # where to go on: path, and whether among files


@dataclass(frozen=True, slots=True)
class Found:
    """Of a search: `searched` files were looked at for this page, from `after` on."""

    files: list[Entry]
    searched: int
    next: str


def page(records: Records, version_id: int, prefix: str, *, at: tuple[str, bool], limit: int) -> FolderPage:
    """Folders right in the folder that `prefix` lies in, then files right in it, each by path and only
    those that begin with `prefix`. at: ("", False) for the beginning. A page may hold fewer than
    `limit` where there is more."""
    place, among_files = at
    listing = _Listing(records, version_id, prefix)
    folders: list[Folder] = []
    if not among_files:
        folders, more = listing.folders(max(place, prefix), limit)
        if more or len(folders) >= limit:
            return FolderPage(folders, [], (more, False) if more else ("", True))
        place = ""
    files, more = listing.files(max(place, prefix), limit - len(folders))
    return FolderPage(folders, files, (more, True) if more else None)


def total(records: Records, version_id: int, prefix: str) -> tuple[int, int]:
    """(files, bytes) of all paths that begin with `prefix`."""
    if not prefix:
        return _sum(records, version_id, 0, 2**31 - 1)
    with records.read() as conn:
        first = statements.ordinal_at(conn, version_id, prefix)
        last = statements.ordinal_at(conn, version_id, behind(prefix))
        edges = list(statements.parts_of(conn, version_id, ordinal=first, limit=1))
        if last > first:
            edges += statements.parts_of(conn, version_id, ordinal=last, limit=1)
    files, size = _sum(records, version_id, first + 1, last) if last > first + 1 else (0, 0)
    for edge in edges:
        sizes = [row[1] for row in manifests.rows(edge.data) if row[0].startswith(prefix)]
        files += len(sizes)
        size += sum(sizes)
    return files, size


def search(
    records: Records, version_id: int, text: str, *, prefix: str = "", after: str = "", limit: int = 100
) -> Found:
    """Entries whose path holds `text`, in any case, and begins with `prefix`. A page ends early after
    so many parts: `next` is where to go on from, "" at the end."""
    wanted = text.lower()
    found: list[Entry] = []
    searched = 0
    start, ordinal, last = max(after, prefix), None, ""
    opened = 0
    while True:
        with records.read() as conn:
            rows = statements.parts_of(conn, version_id, path=start, ordinal=ordinal, limit=_OPENED_AT_ONCE)
        for row in rows:
            if row.first_path > prefix and not row.first_path.startswith(prefix):
                return Found(found, searched, "")
            if opened == OPENED_MAX:
                return Found(found, searched, last)
            opened += 1
            for entry in manifests.rows(row.data):
                last = entry[0]
                if last <= after or not last.startswith(prefix):
                    continue
                searched += 1
                if wanted in last.lower():
                    found.append(manifests.entry_of(entry))
                    if len(found) == limit:
                        return Found(found, searched, last)
        if not rows:
            return Found(found, searched, "")
        ordinal = rows[-1].ordinal + 1


def behind(prefix: str) -> str:
    """A text behind all paths that begin with `prefix`, and before or at all others behind them."""
    if not prefix:
        return "\U0010ffff" * (FILE_NAME_BYTES_MAX // 4)
    last = ord(prefix[-1]) + 1
    if last > 0x10FFFF:
        return behind(prefix[:-1])
    return prefix[:-1] + chr(0xE000 if last == 0xD800 else last)


def put_missing_outlines(records: Records, version_id: int, *, ordinal: int = 0) -> None:
    """Of parts from before there were outlines, from `ordinal` on: made once."""
    while True:
        with records.read() as conn:
            rows = statements.without_outline(conn, version_id, ordinal=ordinal, limit=_FILLED_AT_ONCE)
        if not rows:
            return
        made = []
        for row in rows:
            sizes = [(entry[0], entry[1]) for entry in manifests.rows(row.data)]
            folders = outlines.encode(outlines.outline(sizes))
            made.append((row.part_id, len(sizes), sum(size for _, size in sizes), folders))
        records.write(partial(put_outlines, made=made))


def put_outlines(conn: Connection, made: Sequence[tuple[int, int, int, bytes]]) -> None:
    """(part, files, bytes, outline)."""
    for part, files, size, folders in made:
        statements.put_outline(conn, part, files=files, size=size, folders=folders)


# -- inside


def _sum(records: Records, version_id: int, first: int, end: int) -> tuple[int, int]:
    with records.read() as conn:
        files, size, missing = statements.sum_between(conn, version_id, first, end)
    if missing:
        put_missing_outlines(records, version_id, ordinal=first)
        with records.read() as conn:
            files, size, _ = statements.sum_between(conn, version_id, first, end)
    return files, size


class _Listing:
    def __init__(self, records: Records, version_id: int, prefix: str) -> None:
        self._records = records
        self._version = version_id
        self._prefix = prefix
        self._base = prefix[: prefix.rfind("/") + 1]

    def folders(self, place: str, limit: int) -> tuple[list[Folder], str]:
        """From `place` on; where to go on, or ""."""
        found: dict[str, list[int]] = {}
        opened = 0
        for read, part in enumerate(self._parts(place, found)):
            if read >= OUTLINES_MAX or opened >= OPENED_MAX:
                # All folders but the last are whole, and it too where this part lies behind it.
                last = max(found, default="")
                begins = self._child_of(part.first_path) or part.first_path
                if begins > place and (not last or part.first_path >= behind(last)):
                    return self._made(found, len(found)), begins
                if len(found) > 1:
                    return self._made(found, len(found) - 1), last
            groups = outlines.decode(part.folders)
            if any(self._hides_folders(group) for group in groups):
                opened += 1
                groups = outlines.exact((row[0], row[1]) for row in self._open(part))
            for group in groups:
                child = self._child(group.folder)
                if child and child >= place:
                    counted = found.setdefault(child, [0, 0])
                    counted[0] += group.files
                    counted[1] += group.bytes
            if len(found) > limit:
                return self._made(found, limit), sorted(found)[limit]
        return self._made(found, len(found)), ""

    @staticmethod
    def _made(found: dict[str, list[int]], count: int) -> list[Folder]:
        return [Folder(path, files, size) for path, (files, size) in sorted(found.items())[:count]]

    def files(self, place: str, limit: int) -> tuple[list[Entry], str]:
        """As `folders`."""
        found: list[Entry] = []
        opened = 0
        for read, part in enumerate(self._parts(place, None)):
            if (read >= OUTLINES_MAX or opened >= OPENED_MAX) and part.first_path > place:
                return found, part.first_path
            if not any(self._holds_files(group) for group in outlines.decode(part.folders)):
                continue
            opened += 1
            for row in self._open(part):
                path = row[0]
                if path < place or not path.startswith(self._prefix) or "/" in path[len(self._base) :]:
                    continue
                if len(found) == limit:
                    return found, path
                found.append(manifests.entry_of(row))
        return found, ""

    def _child(self, folder: str) -> str:
        """The folder right in ours that `folder` is or lies in; "" where that is not one we look for."""
        if len(folder) <= len(self._base) or not folder.startswith(self._prefix[: len(folder)]):
            return ""
        child = folder[: folder.index("/", len(self._base)) + 1]
        return child if child.startswith(self._prefix) else ""

    def _hides_folders(self, group: Group) -> bool:
        return group.nested and self._base.startswith(group.folder)

    def _holds_files(self, group: Group) -> bool:
        return group.folder == self._base or self._hides_folders(group)

    def _open(self, part: AnyRow) -> Iterable[list[Any]]:
        with self._records.read() as conn:
            data = statements.part_data(conn, part.part_id)
        return () if data is None else manifests.rows(data)

    def _parts(self, place: str, found: dict[str, list[int]] | None) -> Iterator[AnyRow]:
        """Outlines from that of the part that would hold `place` to the last that holds a path of ours.
        Where one folder fills all that was read at once, the parts that it fills after that are passed
        over, and `found`, if given, gets what they hold."""
        with self._records.read() as conn:
            ordinal = statements.ordinal_at(conn, self._version, place)
        at_once, most = OUTLINES_AT_ONCE
        while True:
            parts = self._read(ordinal, at_once)
            mine = [
                part
                for part in parts
                if part.first_path <= self._prefix or part.first_path.startswith(self._prefix)
            ]
            yield from mine
            if len(mine) < at_once:
                return
            at_once = min(at_once * 2, most)
            ordinal = mine[-1].ordinal + 1
            child = self._child_of(mine[-1].first_path)
            if child and mine[0].first_path >= child:
                with self._records.read() as conn:
                    end = statements.ordinal_at(conn, self._version, behind(child))
                if end > ordinal:
                    if found is not None and child in found:
                        files, size = _sum(self._records, self._version, ordinal, end)
                        found[child][0] += files
                        found[child][1] += size
                    ordinal = end

    def _child_of(self, path: str) -> str:
        return self._child(path[: path.rfind("/") + 1])

    def _read(self, ordinal: int, limit: int) -> list[AnyRow]:
        for _ in range(2):
            with self._records.read() as conn:
                parts = statements.outlines_of(conn, self._version, ordinal=ordinal, limit=limit)
            if all(part.folders is not None for part in parts):
                return list(parts)
            put_missing_outlines(self._records, self._version, ordinal=ordinal)
        return [part for part in parts if part.folders is not None]
