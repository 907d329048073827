"""Which runs used and made artifact versions."""

from __future__ import annotations

import time

from sqlalchemy import Connection

from runstone.server.domain.artifact_base import ArtifactBase, short
from runstone.server.domain.artifact_model import Page, RunRole, Usage, Version, version_of
from runstone.server.domain.cursors import cursor_of, parse_cursor
from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import Actor, Permission, RunKey
from runstone.server.stores.records import artifacts as statements
from runstone.server.stores.records.rows import AnyRow

FIND_MAX = 1000


class ArtifactUses(ArtifactBase):
    def use(
        self, actor: Actor, entity: str, project: str, run: str, version_id: int, *, used_as: str = ""
    ) -> Version:
        """Note that a run uses a version (WRITE on the run's entity, sight of the version)."""
        said = short(used_as, "used_as", 1024)

        def work(conn: Connection) -> AnyRow:
            row = self._readable(conn, actor, version_id)
            place = self._projects.resolve(conn, actor, entity, project, Permission.WRITE)
            key = self._run_in(conn, place, run)
            if key is None:
                raise Invalid("Name the run that uses the artifact.")
            statements.add_use(conn, key, version_id, role="input", used_as=said, now=time.time())
            return row

        return version_of(self._records.write(work))

    def of_run(self, actor: Actor, run: RunKey, role: RunRole, *, after: str = "", limit: int = 100) -> Page:
        """Usages of a run that the caller has checked the actor may read; versions the actor may not
        see are left out."""
        limit = max(1, min(limit, FIND_MAX))
        cursor = parse_cursor(after)
        with self._records.read() as conn:
            rows = statements.versions_of_run(
                conn, run, role, after=0 if cursor is None else cursor[1], limit=limit
            )
            seen = [row for row in rows if self._may_read(conn, actor, row)]
        usages = [Usage(version_of(row), role, row.used_as, row.used_at) for row in seen]
        return Page(usages, cursor_of(0, rows[-1].id) if len(rows) == limit else "")

    def count_of_run(self, run: RunKey, role: RunRole) -> int:
        with self._records.read() as conn:
            return statements.count_uses(conn, role, run_key=run)

    def runs_of(
        self, actor: Actor, version_id: int, role: RunRole, *, after: str = "", limit: int = 100
    ) -> Page:
        """Keys of runs that used (input) or made (output) the version, by key."""
        limit = max(1, min(limit, FIND_MAX))
        cursor = parse_cursor(after)
        with self._records.read() as conn:
            self._readable(conn, actor, version_id)
            rows = statements.runs_of_version(
                conn, version_id, role, after=0 if cursor is None else cursor[1], limit=limit
            )
        return Page(
            [RunKey(row.run_key) for row in rows],
            cursor_of(0, rows[-1].run_key) if len(rows) == limit else "",
        )
