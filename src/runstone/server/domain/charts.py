"""Custom charts: a name under an entity, and the spec by which tables that name it are drawn."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.errors import Invalid, NotFound, TooLarge
from runstone.server.domain.identity import Actor, EntityId, Permission, check_project_name, check_text
from runstone.server.stores.records import charts as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

SPEC_CHARS_MAX = 1024 * 1024
FIND_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Chart:
    entity: str
    name: str
    display_name: str
    kind: str  # of the spec: vega2
    public: bool  # everyone signed in may read it
    spec: str  # JSON text, as it came
    owner: str
    created_at: float
    updated_at: float


class Charts:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid."""

    def __init__(self, records: Records, access: Access) -> None:
        self._records = records
        self._access = access

    def save(
        self,
        actor: Actor,
        entity: str,
        name: str,
        *,
        spec: str,
        display_name: str = "",
        kind: str = "vega2",
        public: bool = False,
    ) -> Chart:
        """A new one, or that of this name changed. `spec` is the text of a JSON object."""
        check_project_name(name)
        text = _checked_spec(spec)
        shown = check_text(display_name or name, what="A chart's name", chars_max=200)
        sort = check_text(kind, what="A chart's type", chars_max=40)

        def work(conn: Connection) -> AnyRow | None:
            owner = self._access.resolve(conn, actor, entity, Permission.WRITE)
            statements.put_chart(
                conn,
                owner.id,
                name,
                owner_id=actor.user_id,
                now=time.time(),
                display_name=shown,
                kind=sort,
                public=public,
                spec=text,
            )
            return statements.chart(conn, owner.name, name)

        return _chart(self._records.write(work))

    def get(self, actor: Actor, entity: str, name: str) -> Chart:
        self._access.check_signed_in(actor)
        with self._records.read() as conn:
            row = statements.chart(conn, entity, name)
            if row is None or not (
                row.public or self._access.allows(actor, Permission.READ, EntityId(row.entity_id), conn=conn)
            ):
                raise NotFound(f"There is no custom chart {entity}/{name} that you may see.", name=name)
        return _chart(row)

    def find(self, actor: Actor, entity: str) -> list[Chart]:
        """By name, at most FIND_MAX."""
        with self._records.read() as conn:
            owner = self._access.resolve(conn, actor, entity, Permission.READ)
            return [_chart(row) for row in statements.find_charts(conn, owner.id, limit=FIND_MAX)]


def _checked_spec(spec: str) -> str:
    if len(spec) > SPEC_CHARS_MAX:
        raise TooLarge(
            f"The chart's spec has {len(spec):,} characters; the most is {SPEC_CHARS_MAX:,}.", size=len(spec)
        )
    try:
        value = json.loads(spec)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"The chart's spec is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise Invalid(f"The chart's spec is a JSON {type(value).__name__}. Give a Vega or Vega-Lite object.")
    return check_text(spec, what="A chart's spec", chars_max=SPEC_CHARS_MAX)


def _chart(row: AnyRow | None) -> Chart:
    assert row is not None
    return Chart(
        entity=row.entity,
        name=row.name,
        display_name=row.display_name,
        kind=row.kind,
        public=row.public,
        spec=row.spec,
        owner=row.owner or "",
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
