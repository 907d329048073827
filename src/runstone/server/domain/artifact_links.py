"""Versions in further collections, and versions that go: links, deletion, the trash."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit
from runstone.server.domain.alias_moves import remove_aliases, set_aliases
from runstone.server.domain.artifact_base import ArtifactBase, short
from runstone.server.domain.artifact_model import Member, collection_of
from runstone.server.domain.artifact_names import LATEST, check_aliases
from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.identity import Actor, Permission
from runstone.server.domain.registry_access import is_registry
from runstone.server.domain.registry_rules import (
    REASON_CHARS_MAX,
    check_lineage,
    check_protected,
    collection_for,
)
from runstone.server.domain.version_audit import log_act
from runstone.server.domain.version_trash import restore_versions
from runstone.server.stores.records import aliases as alias_statements
from runstone.server.stores.records import artifacts as statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import registry as registry_statements
from runstone.server.stores.records.rows import AnyRow

RESTORE_MAX = 1_000


class ArtifactLinks(ArtifactBase):
    def link(
        self,
        actor: Actor,
        version_id: int,
        entity: str,
        project: str,
        collection: str,
        *,
        aliases: Sequence[str] = (),
        reason: str = "",
        force: bool = False,
        evidence: Mapping[str, Any] | None = None,
    ) -> Member:
        """The version in a portfolio too, which is made if absent, under the next number there; one
        that is there already keeps its number. `latest` moves to it. Into a registry goes only a type
        it takes, and a model only if a run made it from something, unless `force` with a reason.
        evidence: of why the aliases move, kept with the moves, which then are promotions."""
        names = check_aliases(aliases)
        said = short(reason, "Reason", REASON_CHARS_MAX)

        def work(conn: Connection) -> int:
            row = self._readable(conn, actor, version_id, content=True)
            if row.state != "committed":
                raise Conflict(f"@{version_id} is {row.state}: only committed versions are linked.")
            place = (
                self._projects.resolve(conn, actor, entity, project, Permission.WRITE)
                if is_registry(project)  # without its rules it would be none
                else self._projects.ensure_in(conn, actor, entity, project)[0]
            )
            rules = registry_statements.registry(conn, place.id)
            if rules is not None:
                if rules.artifact_types and row.type not in rules.artifact_types:
                    raise Invalid(
                        f"The registry {place.name!r} takes {', '.join(rules.artifact_types)}; "
                        f"{row.collection}:v{row.version_index} is of type {row.type!r}.",
                        type=row.type,
                    )
                check_lineage(conn, row, reason=said, force=force)
            target, _ = self._collections.ensure_in(
                conn, actor, place, collection, type=row.type, kind="portfolio"
            )
            kept = collection_statements.lock_collection(conn, target.id)
            assert kept is not None
            now = time.time()
            if collection_statements.index_in(conn, target.id, version_id) is None:
                collection_statements.add_collection_version(
                    conn,
                    target.id,
                    version_id,
                    index=kept.next_index,
                    user_id=actor.user_id,
                    reason=said,
                    now=now,
                )
            check_protected(self._access, conn, actor, target, names)
            set_aliases(
                conn,
                actor,
                target.id,
                version_id,
                names,
                act="promote" if evidence else "set",
                reason=said,
                evidence=dict(evidence or {}),
                now=now,
            )
            set_aliases(conn, actor, target.id, version_id, [LATEST], reason=said, now=now)
            detail = {
                "version_id": version_id,
                "source": _full(row),
                "aliases": list(names),
                "reason": said,
                "forced": force,
            }
            if evidence:
                detail["evidence"] = dict(evidence)
            log_act(conn, actor, "artifact.link", target, version_id, detail, now)
            return int(target.id)

        target = self._records.write(work)
        with self._records.read() as conn:
            member = self._member(conn, version_id, collection_statements.collection_by_id(conn, target))
        self._publish_collection(member.collection)
        return member

    def unlink(self, actor: Actor, version_id: int, collection_id: int, *, reason: str = "") -> None:
        """Out of a portfolio, with its aliases there. Conflict for its own sequence."""
        said = short(reason, "Reason", REASON_CHARS_MAX)

        def work(conn: Connection) -> None:
            target = collection_for(self._access, conn, actor, collection_id, Permission.WRITE)
            if target.kind == "sequence":
                raise Conflict(
                    f"A version was made in {target.name!r} and stays there until it is deleted.",
                    collection=target.name,
                )
            collection_statements.lock_collection(conn, collection_id)
            if collection_statements.index_in(conn, collection_id, version_id) is None:
                raise NotFound(f"@{version_id} is not in {target.name!r}.", id=version_id)
            now = time.time()
            names = [
                row.alias
                for row in alias_statements.aliases_of(conn, [version_id], collection_id=collection_id)
            ]
            check_protected(self._access, conn, actor, target, names)
            remove_aliases(conn, actor, collection_id, version_id, names, reason=said, now=now)
            detail = {"version_id": version_id, "aliases": names, "reason": said}
            log_act(conn, actor, "artifact.unlink", target, version_id, detail, now)
            collection_statements.drop_collection_version(conn, collection_id, version_id)

        self._records.write(work)

    def delete(
        self, actor: Actor, version_id: int, *, delete_aliases: bool = False, reason: str = ""
    ) -> None:
        """To the trash, for 30 days; its number is not given again. Conflict where it has aliases
        beside `latest`, unless `delete_aliases`. `latest` moves to the newest that is left. A pending
        version is dropped."""
        said = short(reason, "Reason", REASON_CHARS_MAX)

        def work(conn: Connection) -> None:
            row = self._writable(conn, actor, version_id)
            if row.state == "pending":
                statements.drop_version(conn, version_id)
                return
            self._trash(conn, actor, row, delete_aliases=delete_aliases, reason=said, now=time.time())

        self._records.write(work)

    def restore(self, actor: Actor, version_id: int) -> Member:
        """Out of the trash, under its number, with the aliases that went with it and that nobody claimed
        since. One that is not there is answered as it is."""

        def work(conn: Connection) -> None:
            row = statements.version(conn, version_id) if 0 < version_id < 2**63 else None
            if row is None or not self._may_read(conn, actor, row):
                raise NotFound(f"There is no version @{version_id} in the trash.", id=version_id)
            self._check_row(conn, actor, Permission.WRITE, row)
            if row.state != "deleted":
                return
            if row.collection_deleted_at is not None:
                raise Conflict(f"Its collection {row.collection!r} is in the trash. Restore that first.")
            collection = collection_statements.collection_by_id(conn, row.collection_id)
            assert collection is not None
            restore_versions(conn, actor, collection, [version_id], access=self._access, now=time.time())

        self._records.write(work)
        with self._records.read() as conn:
            return self._member(conn, version_id)

    def restore_many(
        self, actor: Actor, entity: str, project: str, collection: str, ids: Collection[int]
    ) -> int:
        """Out of the trash, under their numbers, all at once: those of the ids that are versions made in
        the collection and in the trash, with aliases as `restore`. Returns how many."""
        if not 0 < len(ids) <= RESTORE_MAX:
            raise Invalid(f"Name 1 to {RESTORE_MAX:,} versions by their ids, met {len(ids):,}.")

        def work(conn: Connection) -> tuple[AnyRow, int]:
            row = self._collections.resolve(conn, actor, entity, project, collection, Permission.WRITE)
            return row, restore_versions(conn, actor, row, ids, access=self._access, now=time.time())

        row, count = self._records.write(work)
        if count:
            self._publish_collection(collection_of(row))
        return count

    # -- inside

    def _trash(
        self,
        conn: Connection,
        actor: Actor,
        row: AnyRow,
        *,
        delete_aliases: bool,
        reason: str,
        now: float,
    ) -> None:
        places = collection_statements.collections_of(conn, [row.id])
        names: dict[int, list[str]] = {}
        for alias in alias_statements.aliases_of(conn, [row.id]):
            names.setdefault(alias.collection_id, []).append(alias.alias)
        held = sorted({name for some in names.values() for name in some if name != LATEST})
        if held and not delete_aliases:
            raise Conflict(
                f"{row.collection}:v{row.version_index} is {', '.join(held)}. Move these aliases first, or "
                "delete it with its aliases.",
                aliases=held,
            )
        for place in sorted(places, key=lambda place: int(place.id)):
            collection_statements.lock_collection(conn, place.id)
            some = names.get(place.id, [])
            if is_registry(place.project):
                check_protected(self._access, conn, actor, place, some)
            remove_aliases(conn, actor, place.id, row.id, some, act="delete", reason=reason, now=now)
        statements.change_version(conn, row.id, state="deleted", deleted_at=now, updated_at=now)
        ids = [place.id for place in places]
        collection_statements.count_versions(conn, ids)
        for place in places:
            newest = collection_statements.newest_version(conn, place.id)
            if newest is not None and LATEST in names.get(place.id, []):
                set_aliases(conn, actor, place.id, newest, [LATEST], act="delete", now=now)
        detail = {"aliases": held, "reason": reason, "sha256": row.sha256}
        audit.append(
            conn,
            actor,
            "artifact.delete",
            subject=_full(row),
            entity_id=row.entity_id,
            detail=detail,
            now=now,
        )


def _full(row: AnyRow) -> str:
    return f"{row.entity}/{row.project}/{row.collection}:v{row.version_index}"
