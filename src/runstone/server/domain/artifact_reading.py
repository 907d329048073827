"""Finding artifact versions and reading what lies in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection

from runstone.server.domain import artifact_diff, artifact_folders, manifests
from runstone.server.domain.artifact_base import ArtifactBase
from runstone.server.domain.artifact_commit import entries_named, entries_of
from runstone.server.domain.artifact_model import (
    Entry,
    Member,
    Page,
    Version,
    alias_of,
    collection_of,
    version_of,
)
from runstone.server.domain.artifact_names import index_of, parse_name
from runstone.server.domain.cursors import cursor_of, parse_cursor
from runstone.server.domain.errors import Invalid, NotFound, TooLarge
from runstone.server.domain.files import check_file_name
from runstone.server.domain.identity import Actor, Permission
from runstone.server.domain.registry_access import allows_place
from runstone.server.domain.uploads import PACK_BLOBS_MAX, PACK_BYTES_MAX, PACKED_BYTES_MAX
from runstone.server.stores.records import aliases as alias_statements
from runstone.server.stores.records import artifacts as statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import version_lists
from runstone.server.stores.records.rows import AnyRow


@dataclass(frozen=True, slots=True)
class FolderPage:
    folders: list[artifact_folders.Folder]
    files: list[Entry]
    next: str


VERSION_SORTS = frozenset({"version_index", "-version_index", "created_at", "-created_at", "size", "-size"})
FIND_MAX = 1000
FILES_MAX = 10_000


class ArtifactReading(ArtifactBase):
    # -- finding

    def get(self, actor: Actor, entity: str, project: str, name: str) -> Member:
        """What a name means: `[[entity/]project/]collection[:alias | :vN | :digest prefix]` (without
        an alias `latest`), or `@ID`. entity and project are those the name leaves out."""
        with self._records.read() as conn:
            return self._named(conn, actor, entity, project, parse_name(name))

    def by_id(self, actor: Actor, version_id: int) -> Version:
        """Whatever its state, save deleted ones."""
        with self._records.read() as conn:
            return version_of(self._readable(conn, actor, version_id))

    def by_client_id(self, actor: Actor, client_id: str) -> Version | None:
        """The version a client gave that id, pending or committed; None where none is to be seen."""
        with self._records.read() as conn:
            for row in statements.versions_with_client_id(conn, client_id):
                if row.state != "deleted" and self._may_read(conn, actor, row):
                    return version_of(row)
        return None

    def members_of(self, actor: Actor, version_id: int) -> list[Member]:
        """The version in each collection that has it and the actor may see, its source first."""
        with self._records.read() as conn:
            version = version_of(self._readable(conn, actor, version_id))
            rows = [
                row
                for row in collection_statements.collections_of(conn, [version_id])
                if allows_place(
                    self._access,
                    conn,
                    actor,
                    Permission.READ,
                    entity_id=row.entity_id,
                    project_id=row.project_id,
                    project=row.project,
                )
            ]
            aliases = alias_statements.aliases_of(conn, [version_id])
        rows.sort(key=lambda row: row.id != version.collection_id)
        return [
            Member(
                version,
                collection_of(row),
                row.version_index,
                tuple(alias_of(alias) for alias in aliases if alias.collection_id == row.id),
                row.linked_at,
            )
            for row in rows
        ]

    def find(
        self,
        actor: Actor,
        entity: str,
        project: str,
        collection: str,
        *,
        search: str = "",
        tag: str = "",
        alias: str = "",
        created_since: float | None = None,
        created_before: float | None = None,
        trash: bool = False,
        sort: str = "-version_index",
        after: str = "",
        skip: int = 0,
        at: str = "",
        count: bool = False,
        limit: int = 100,
    ) -> Page:
        """Committed versions of a collection as Members, or with `trash` those made there that are in the
        trash; `sort`: one of VERSION_SORTS. A page goes on `after` the one before, or begins `skip` after
        the first, or `at` a version: `v3`, an alias, or `@ID`. count: say the total."""
        if sort not in VERSION_SORTS:
            raise Invalid(f"{sort!r} is no order of versions. One of: {', '.join(sorted(VERSION_SORTS))}.")
        if sum(map(bool, (after, skip, at))) > 1:
            raise Invalid("A page has one beginning: give one of `after`, `skip` and `at`.")
        limit, skip = max(1, min(limit, FIND_MAX)), max(0, skip)
        total = None
        with self._records.read() as conn:
            kept = self._collections.resolve(conn, actor, entity, project, collection, Permission.READ)
            wanted = version_lists.VersionFilter(
                kept.id,
                source=kept.kind == "sequence",
                search=search,
                tag=tag,
                alias=alias,
                created_since=created_since,
                created_before=created_before,
                trash=trash,
            )
            if at:
                skip = self._place(conn, kept, wanted, at, sort)
            rows = version_lists.page(
                conn, wanted, sort=sort, after=parse_cursor(after), skip=skip, limit=limit
            )
            if count:
                ends = not after and len(rows) < limit and (bool(rows) or not skip)
                total = skip + len(rows) if ends else version_lists.count(conn, wanted)
            aliases = alias_statements.aliases_of(conn, (row.id for row in rows), collection_id=kept.id)
        within = collection_of(kept)
        named: dict[int, list[AnyRow]] = {}
        for found in aliases:
            named.setdefault(found.version_id, []).append(found)
        members = [
            Member(
                version_of(row),
                within,
                row.member_index,
                tuple(map(alias_of, named.get(row.id, ()))),
                row.added_at,
            )
            for row in rows
        ]
        if len(rows) < limit:
            return Page(members, total=total, skip=skip)
        name = sort.lstrip("-")
        value = rows[-1].member_index if name == "version_index" else getattr(rows[-1], name)
        return Page(members, cursor_of(value, rows[-1].member_index), total, skip)

    @staticmethod
    def _place(
        conn: Connection, kept: AnyRow, wanted: version_lists.VersionFilter, at: str, sort: str
    ) -> int:
        """How many come before the version that `at` names."""
        index = index_of(at)
        number: int | None
        if at.startswith("@"):
            number = parse_name(at).version_id
        elif index is not None:
            number = collection_statements.version_of_index(conn, kept.id, index)
        else:
            number = alias_statements.version_of_alias(conn, kept.id, at)
        found = None if number is None else version_lists.place_of(conn, wanted, number, sort=sort)
        if found is None:
            raise NotFound(f"{kept.name!r} has no version {at[:200]!r} in this list.", version=at[:200])
        return found

    # -- what lies in it

    def files(
        self, actor: Actor, version_id: int, *, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Page:
        """Entries by path."""
        limit = max(1, min(limit, FILES_MAX))
        self.by_id(actor, version_id)
        found = list(islice(entries_of(self._records, version_id, after=after, prefix=prefix), limit))
        return Page(found, found[-1].path if len(found) == limit else "")

    def folder(
        self, actor: Actor, version_id: int, *, prefix: str = "", after: str = "", limit: int = 1000
    ) -> FolderPage:
        """One folder: the folders right in it with what lies below each, then its files. prefix: the
        folder with its slash, "" for the top, and perhaps how names in it begin. A page may hold fewer
        than `limit` while there is more: `next` tells."""
        limit = max(1, min(limit, FILES_MAX))
        self.by_id(actor, version_id)
        found = artifact_folders.page(self._records, version_id, prefix, at=_place(after), limit=limit)
        return FolderPage(found.folders, found.files, _next(found.next))

    def below(self, actor: Actor, version_id: int, prefix: str) -> tuple[int, int]:
        """(files, bytes) of paths that begin with `prefix`."""
        version = self.by_id(actor, version_id)
        if not prefix:
            return version.file_count, version.size
        return artifact_folders.total(self._records, version_id, prefix)

    def search_files(
        self,
        actor: Actor,
        version_id: int,
        text: str,
        *,
        prefix: str = "",
        after: str = "",
        limit: int = 100,
    ) -> artifact_folders.Found:
        """Entries whose path holds `text`, in any case. So many files are looked at for a page and no
        more, so that it may hold few, or none, while there is more: `next` tells."""
        limit = max(1, min(limit, FILES_MAX))
        self.by_id(actor, version_id)
        return artifact_folders.search(
            self._records, version_id, text, prefix=prefix, after=after, limit=limit
        )

    def entries(self, actor: Actor, version_id: int, *, prefix: str = "", after: str = "") -> Iterator[Entry]:
        """All of them, by path, in the memory of some hundred."""
        self.by_id(actor, version_id)
        return entries_of(self._records, version_id, prefix=prefix, after=after)

    def entry(self, actor: Actor, version_id: int, path: str) -> Entry:
        """Raises NotFound."""
        version = self.by_id(actor, version_id)
        for entry in entries_of(self._records, version_id, prefix=path):
            if entry.path == path:
                return entry
            break
        raise NotFound(f"{version.name} has no file {path[:300]!r}.", path=path[:300])

    def named(self, actor: Actor, version_id: int, paths: Iterable[str]) -> list[Entry]:
        """Those of the paths that are there, by path; each part that holds some is opened once."""
        self.by_id(actor, version_id)
        return list(entries_named(self._records, version_id, sorted(set(paths))))

    def read(
        self, actor: Actor, version_id: int, path: str, *, start: int = 0, end: int | None = None
    ) -> tuple[Entry, Iterator[bytes]]:
        """A file's bytes, or a half-open range of them, in chunks. Invalid for a reference: the server
        fetches nothing."""
        with self._records.read() as conn:
            self._readable(conn, actor, version_id, content=True)
        entry = self.entry(actor, version_id, path)
        if entry.ref:
            raise Invalid(f"{path!r} is a reference to {entry.ref!r}. Fetch it from there.", ref=entry.ref)
        return entry, self._uploads.read(entry.sha256, start=start, end=end)

    def read_many(
        self, actor: Actor, version_id: int, paths: Sequence[str]
    ) -> tuple[int, Iterator[tuple[int, bytes]]]:
        """Bytes of many small files: how many bytes in all, and (place in `paths`, bytes) of each, in no
        order. At most 20,000 files and 32 MiB, none above 1 MiB: TooLarge. Raises NotFound for a path that
        is not there; Invalid for a path that is none or comes twice, and for a reference."""
        if len(paths) > PACK_BLOBS_MAX:
            raise TooLarge(f"At most {PACK_BLOBS_MAX:,} files at once. Ask for fewer.", files=len(paths))
        with self._records.read() as conn:
            row = self._readable(conn, actor, version_id, content=True)
        for path in paths:
            check_file_name(path)
        found = {entry.path: entry for entry in entries_named(self._records, version_id, sorted(set(paths)))}
        size = 0
        digests: list[str] = []
        for path in paths:
            entry = found.get(path)
            if entry is None:
                raise NotFound(f"{version_of(row).name} has no file {path!r}.", path=path)
            if entry.ref:
                raise Invalid(
                    f"{path!r} is a reference to {entry.ref!r}. Fetch it from there.",
                    path=path,
                    ref=entry.ref,
                )
            if entry.size > PACKED_BYTES_MAX:
                raise TooLarge(
                    f"{path!r} has {entry.size:,} bytes; files above {PACKED_BYTES_MAX:,} are fetched on "
                    "their own.",
                    path=path,
                )
            size += entry.size
            digests.append(entry.sha256)
        if len(found) < len(paths):
            raise Invalid("A path comes twice. Ask for each once.")
        if size > PACK_BYTES_MAX:
            raise TooLarge(
                f"These files have {size:,} bytes; the most at once is {PACK_BYTES_MAX:,}. Ask for fewer.",
                size=size,
            )
        return size, self._uploads.read_many(digests)

    def address(self, actor: Actor, version_id: int, path: str) -> str | None:
        """Where a file can be fetched without us for a quarter of an hour; None where it cannot."""
        with self._records.read() as conn:
            self._readable(conn, actor, version_id, content=True)
        entry = self.entry(actor, version_id, path)
        return None if entry.ref else self._uploads.address(entry.sha256)

    def diff(self, actor: Actor, old_id: int, new_id: int, *, prefix: str = "") -> Iterator[manifests.Change]:
        """Paths that differ and begin with `prefix`, in order."""
        self.by_id(actor, old_id)
        self.by_id(actor, new_id)
        return artifact_diff.changes(self._records, old_id, new_id, prefix=prefix)

    def diff_folder(
        self, actor: Actor, old_id: int, new_id: int, *, prefix: str = "", after: str = "", limit: int = 1000
    ) -> tuple[artifact_diff.DiffPage, str]:
        """What differs in one folder ("" or ending in a slash), with the counts of folders in it; and
        what to give as `after` for the next page, or ""."""
        if prefix and not prefix.endswith("/"):
            raise Invalid(f"{prefix[:200]!r} is no folder: end it with a slash, or give '' for the top.")
        self.by_id(actor, old_id)
        self.by_id(actor, new_id)
        limit = max(1, min(limit, FILES_MAX))
        found = artifact_diff.folder(self._records, old_id, new_id, prefix, at=_place(after), limit=limit)
        return found, _next(found.next)


# Where a page of a folder ends: among its folders or its files, and at which path.


def _next(place: tuple[str, bool] | None) -> str:
    return "" if place is None else ("files:" if place[1] else "folders:") + place[0]


def _place(after: str) -> tuple[str, bool]:
    kind, colon, path = after.partition(":")
    if after and (kind not in ("files", "folders") or not colon):
        raise Invalid(f"{after[:100]!r} is not a cursor of this list. Take `next` of the page before.")
    return path, kind == "files"
