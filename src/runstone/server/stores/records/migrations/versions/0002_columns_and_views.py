"""The catalogue of config and summary paths, filled from the runs there are; saved views."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

Json = sa.JSON().with_variant(JSONB(), "postgresql")
Name = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    run_columns = op.create_table(
        "run_columns",
        sa.Column("project_id", Id, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("path", Name, primary_key=True),
        sa.Column("kind", Name, primary_key=True),
        sa.Column("runs", sa.Integer, nullable=False),
    )
    op.create_table(
        "views",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("project_id", Id, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner_id", Id, sa.ForeignKey("users.id")),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("spec", Json, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
    )
    op.create_index("ix_views_project_id_kind", "views", ["project_id", "kind"])
    _fill(op.get_bind(), run_columns)


def _fill(bind: sa.Connection, run_columns: sa.Table) -> None:
    metadata = sa.MetaData()
    runs = sa.Table(
        "runs",
        metadata,
        sa.Column("id", Id),
        sa.Column("project_id", Id),
        sa.Column("deleted_at", sa.Double),
    )
    configs = sa.Table("run_configs", metadata, sa.Column("run_key", Id), sa.Column("config", Json))
    summaries = sa.Table("run_summaries", metadata, sa.Column("run_key", Id), sa.Column("summary", Json))
    for project in bind.execute(sa.select(runs.c.project_id).distinct()).scalars().all():
        counts: Counter[tuple[str, str]] = Counter()
        last = 0
        while True:
            page = bind.execute(
                sa.select(runs.c.id, configs.c.config, summaries.c.summary)
                .join(configs, configs.c.run_key == runs.c.id)
                .join(summaries, summaries.c.run_key == runs.c.id)
                .where(runs.c.project_id == project, runs.c.deleted_at.is_(None), runs.c.id > last)
                .order_by(runs.c.id)
                .limit(500)
            ).all()
            if not page:
                break
            last = page[-1].id
            for row in page:
                counts.update({*_leaves("config", row.config), *_leaves("summary", row.summary)})
        if counts:
            op.bulk_insert(
                run_columns,
                [
                    {"project_id": project, "path": path, "kind": kind, "runs": count}
                    for (path, kind), count in counts.items()
                ],
            )


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value and "_type" not in value:
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}", inner)
    elif len(path) <= 1024 and "." in path:
        yield path, _kind(value)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "json"
