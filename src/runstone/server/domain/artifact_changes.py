"""What is said of artifact versions, changed: description, metadata, tags, lifetime, aliases."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit
from runstone.server.domain.alias_moves import remove_aliases, set_aliases
from runstone.server.domain.artifact_base import ArtifactBase
from runstone.server.domain.artifact_model import TTL_NEVER, Member, Version, alias_of, version_of
from runstone.server.domain.artifact_names import check_aliases, check_metadata, check_tags, check_ttl
from runstone.server.domain.collections import DESCRIPTION_CHARS_MAX
from runstone.server.domain.errors import NotFound
from runstone.server.domain.identity import Actor, check_text
from runstone.server.domain.registry_rules import check_protected, held_collection
from runstone.server.stores.records import aliases as alias_statements
from runstone.server.stores.records import artifacts as statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records.rows import AnyRow


class ArtifactChanges(ArtifactBase):
    def update(
        self,
        actor: Actor,
        version_id: int,
        *,
        description: str | None = None,
        metadata: dict[str, Any] | None = None,
        facts: dict[str, Any] | None = None,
        tags: Sequence[str] | None = None,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
        ttl_seconds: int | None = None,
        inherit_ttl: bool = False,
    ) -> Version:
        """Change what is given. ttl_seconds: positive, or -2 for never; inherit_ttl: as the
        collection says from now on."""
        values: dict[str, Any] = {}
        if description is not None:
            values["description"] = check_text(
                description, what="Description", chars_max=DESCRIPTION_CHARS_MAX
            )
        if metadata is not None:
            values["metadata"] = check_metadata(metadata)
        if facts is not None:
            values["facts"] = check_metadata(facts, what="What is known of its content")
        check_ttl(ttl_seconds)

        def work(conn: Connection) -> AnyRow:
            row = self._writable(conn, actor, version_id)
            changed = dict(values)
            if tags is not None or add_tags or remove_tags:
                kept = set(row.tags if tags is None else tags)
                changed["tags"] = check_tags((kept | set(add_tags)) - set(remove_tags))
            if ttl_seconds is not None or inherit_ttl:
                ttl = row.collection_ttl_seconds if inherit_ttl else ttl_seconds
                changed["ttl_seconds"] = None if inherit_ttl else ttl_seconds
                changed["expires_at"] = (
                    None
                    if ttl is None or ttl == TTL_NEVER or row.committed_at is None
                    else row.committed_at + ttl
                )
            if changed:
                now = time.time()
                statements.change_version(conn, version_id, **changed, updated_at=now)
                told = audit.changes(row, changed, leave_out=("expires_at",))
                # One that is still put together is answered for by its commit.
                if told and row.state == "committed":
                    audit.append(
                        conn,
                        actor,
                        "artifact.update",
                        subject=f"{row.entity}/{row.project}/{row.collection}:v{row.version_index}",
                        entity_id=row.entity_id,
                        detail={"version_id": version_id, **told},
                        now=now,
                    )
            return statements.version(conn, version_id)

        version = version_of(self._records.write(work))
        self._publish(version)
        return version

    def set_aliases(
        self,
        actor: Actor,
        member: Member,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        reason: str = "",
    ) -> Member:
        """Move aliases of the member's collection to it, take others off it; all at once."""
        added, removed = check_aliases(add), check_aliases(remove)
        said = check_text(reason, what="Reason", chars_max=10_000)

        def work(conn: Connection) -> None:
            row = held_collection(self._access, conn, actor, member.collection.id)
            check_protected(self._access, conn, actor, row, (*added, *removed))
            if collection_statements.index_in(conn, row.id, member.version.id) is None:
                raise NotFound(f"{member.name} is not in {row.name!r} any more.")
            now = time.time()
            version_id = member.version.id
            gone = remove_aliases(conn, actor, row.id, version_id, removed, reason=said, now=now)
            moved = set_aliases(conn, actor, row.id, version_id, added, reason=said, now=now)
            if gone or moved:
                audit.append(
                    conn,
                    actor,
                    "alias.move",
                    subject=f"{row.entity}/{row.project}/{row.name}:v{member.index}",
                    entity_id=row.entity_id,
                    detail={"set": moved, "removed": gone, "reason": said, "version_id": version_id},
                    now=now,
                )

        self._records.write(work)
        with self._records.read() as conn:
            aliases = alias_statements.aliases_of(
                conn, [member.version.id], collection_id=member.collection.id
            )
        self._publish(member.version)
        return replace(member, aliases=tuple(alias_of(row) for row in aliases))
