"""The tables of the history.

    hist_set      a run's set, and the branch it stands on now
    hist_branch   points that belong together; `parent` up to `fork_step` is read before its own.
                  A rewind and a fork are the same thing: a new branch. Ids are drawn from the clock,
                  so no two processes meet and blobs of one branch lie together.
    hist_stream   where each writer's stream goes on, per branch, and the caller's note on it
    hist_log      acknowledged rows as they came, until they are merged; `seq` counts rows by arrival
    hist_key      the catalogue: (key, kind) has a place, `bucket` and `slot`, for good
    hist_bucket   what is known of a bucket's keys (see stats.py)
    hist_pack     merged rows of a bucket's keys, those that have no segments yet or since
    hist_seg      one key's points by step: level 0 holds them, levels 1 to 3 the pyramid
    hist_group_key  keys seen in a project, for pickers
    hist_intake   the last generation of the intake's file that is in the log

Keys and streams are kept as UTF-8 bytes: any text is allowed in them, and both databases sort
bytes alike.
"""

from __future__ import annotations

from runstone.server.domain.errors import Unavailable
from runstone.server.stores.history.sql.database import Database, Tx

VERSION = 3
_UPGRADED_FROM = 2  # without an intake, or with streams that have no notes

_INTAKE = "CREATE TABLE IF NOT EXISTS hist_intake (generation BIGINT NOT NULL)"
_TABLES = (
    "CREATE TABLE IF NOT EXISTS hist_version (version BIGINT NOT NULL PRIMARY KEY)",
    """CREATE TABLE IF NOT EXISTS hist_set (
        run BIGINT NOT NULL, space SMALLINT NOT NULL, branch BIGINT NOT NULL,
        PRIMARY KEY (run, space))""",
    """CREATE TABLE IF NOT EXISTS hist_branch (
        id BIGINT NOT NULL PRIMARY KEY,
        run BIGINT NOT NULL, space SMALLINT NOT NULL,
        parent BIGINT, fork_step BIGINT, depth BIGINT NOT NULL DEFAULT 0,
        dead SMALLINT NOT NULL DEFAULT 0,
        version BIGINT NOT NULL DEFAULT 1,
        next_seq BIGINT NOT NULL DEFAULT 0,
        merge_gen BIGINT NOT NULL DEFAULT 0,
        merged_rows BIGINT NOT NULL DEFAULT 0, merged_last BIGINT,
        first_step BIGINT, last_step BIGINT, first_ts {float}, last_ts {float},
        log_batches BIGINT NOT NULL DEFAULT 0, log_rows BIGINT NOT NULL DEFAULT 0,
        log_bytes BIGINT NOT NULL DEFAULT 0, log_since {float} NOT NULL DEFAULT 0,
        log_rising SMALLINT NOT NULL DEFAULT 1,
        waiting SMALLINT NOT NULL DEFAULT 0, due SMALLINT NOT NULL DEFAULT 0,
        lease_until {float} NOT NULL DEFAULT 0,
        sealed SMALLINT NOT NULL DEFAULT 0)""",
    "CREATE INDEX IF NOT EXISTS hist_branch_due ON hist_branch (due, log_since) WHERE due > 0",
    "CREATE INDEX IF NOT EXISTS hist_branch_waiting ON hist_branch (log_since) WHERE waiting > 0",
    "CREATE INDEX IF NOT EXISTS hist_branch_parent ON hist_branch (parent) WHERE parent IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS hist_branch_run ON hist_branch (run)",
    "CREATE INDEX IF NOT EXISTS hist_branch_dead ON hist_branch (dead, id) WHERE dead <> 0",
    """CREATE TABLE IF NOT EXISTS hist_stream (
        branch BIGINT NOT NULL, stream {blob} NOT NULL, next_offset BIGINT NOT NULL, note {blob},
        PRIMARY KEY (branch, stream))""",
    """CREATE TABLE IF NOT EXISTS hist_log (
        branch BIGINT NOT NULL, seq BIGINT NOT NULL, n BIGINT NOT NULL,
        step_lo BIGINT NOT NULL, step_hi BIGINT NOT NULL, b {blob} NOT NULL,
        PRIMARY KEY (branch, seq))""",
    """CREATE TABLE IF NOT EXISTS hist_key (
        branch BIGINT NOT NULL, key {blob} NOT NULL, kind SMALLINT NOT NULL,
        bucket BIGINT NOT NULL, slot BIGINT NOT NULL,
        PRIMARY KEY (branch, key, kind))""",
    """CREATE TABLE IF NOT EXISTS hist_bucket (
        branch BIGINT NOT NULL, bucket BIGINT NOT NULL,
        slots BIGINT NOT NULL, next_pack BIGINT NOT NULL, b {blob} NOT NULL,
        PRIMARY KEY (branch, bucket))""",
    """CREATE TABLE IF NOT EXISTS hist_pack (
        branch BIGINT NOT NULL, bucket BIGINT NOT NULL, seq BIGINT NOT NULL,
        state SMALLINT NOT NULL, n BIGINT NOT NULL,
        step_lo BIGINT NOT NULL, step_hi BIGINT NOT NULL, b {blob} NOT NULL,
        PRIMARY KEY (branch, bucket, seq))""",
    """CREATE TABLE IF NOT EXISTS hist_seg (
        branch BIGINT NOT NULL, sid BIGINT NOT NULL, lvl SMALLINT NOT NULL,
        step_lo BIGINT NOT NULL, step_hi BIGINT NOT NULL, n BIGINT NOT NULL,
        e SMALLINT NOT NULL, b {blob} NOT NULL,
        PRIMARY KEY (branch, sid, lvl, step_lo))""",
    """CREATE TABLE IF NOT EXISTS hist_group_key (
        grp BIGINT NOT NULL, key {blob} NOT NULL, kind SMALLINT NOT NULL,
        PRIMARY KEY (grp, key, kind))""",
    _INTAKE,
)

_POSTGRESQL = tuple(
    f"ALTER TABLE {table} ALTER COLUMN b SET STORAGE EXTERNAL"  # compressed already
    for table in ("hist_log", "hist_bucket", "hist_pack", "hist_seg")
)
_LOCK = 0x52756E48  # of our own, for pg_advisory_xact_lock: two processes may start at once


def create(database: Database) -> None:
    """Make what is not there yet. Raises Unavailable for tables of a later release."""
    types = (
        {"blob": "BYTEA", "float": "DOUBLE PRECISION"}
        if database.dialect == "postgresql"
        else {"blob": "BLOB", "float": "REAL"}
    )
    with database.write() as tx:
        if database.dialect == "postgresql":
            tx.run("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
            new = tx.one("SELECT to_regclass('hist_version') IS NULL") == (True,)
        else:
            new = tx.one("SELECT 1 FROM sqlite_master WHERE name = 'hist_version'") is None
        if new:
            for statement in _TABLES:
                tx.run(statement.format(**types))
            if database.dialect == "postgresql":
                for statement in _POSTGRESQL:
                    tx.run(statement)
            tx.run("INSERT INTO hist_version (version) VALUES (?)", (VERSION,))
        _add_notes(tx, types["blob"])
        row = tx.one("SELECT max(version) FROM hist_version")
        if row == (_UPGRADED_FROM,):
            tx.run(_INTAKE)
            tx.run("UPDATE hist_version SET version = ?", (VERSION,))
            row = (VERSION,)
        if row == (VERSION,) and tx.one("SELECT generation FROM hist_intake") is None:
            tx.run("INSERT INTO hist_intake (generation) VALUES (0)")
    found = int(row[0]) if row and row[0] is not None else VERSION
    if found < VERSION:
        raise Unavailable(
            f"The history store was written before the first release (layout {found}, this one reads "
            f"{VERSION}). Move it away and start with an empty one.",
            found=found,
        )
    if found > VERSION:
        raise Unavailable(
            f"The history store was written by a later release (layout {found}, this one reads "
            f"{VERSION}). Upgrade runstone.",
            found=found,
        )


def _add_notes(tx: Tx, blob: str) -> None:
    """Streams of stores made before they had notes get the column; the layout is the same otherwise."""
    if tx.dialect == "postgresql":
        tx.run(f"ALTER TABLE hist_stream ADD COLUMN IF NOT EXISTS note {blob}")
    elif all(column[1] != "note" for column in tx.all("PRAGMA table_info(hist_stream)")):
        tx.run(f"ALTER TABLE hist_stream ADD COLUMN note {blob}")
    tx.run("CREATE INDEX IF NOT EXISTS hist_stream_note ON hist_stream (branch) WHERE note IS NOT NULL")
