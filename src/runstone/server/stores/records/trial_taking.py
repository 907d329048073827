"""Waiting trials given to those who ask: statements that make them running, each for one asker."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import SimpleNamespace
from typing import Any

from sqlalchemy import BigInteger, Connection, Double, Integer, Text, bindparam, null, select, update

from runstone.server.stores.records.changes import next_change
from runstone.server.stores.records.rows import AnyRow
from runstone.server.stores.records.schema.sweeps import sweep_trials


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one asker is to be given. avoid: trials that failed on its host come last."""

    agent: str
    host: str
    count: int
    lease_seconds: float
    avoid: bool


def take_queued(
    conn: Connection, sweep_key: int, sweep_id: str, wanted: Sequence[Wanted], *, now: float
) -> list[list[AnyRow]]:
    """Waiting trials for each asker, made running and one attempt older; askers in their order, lowest
    numbers first. No two are given the same one. Each trial has a run id of its own, unless it was given
    one before its first attempt."""
    given = _dealt(_waiting(conn, sweep_key, wanted), wanted)
    seq = next_change(conn)
    changes = [
        {
            "now": now,
            "seq": seq,
            "of_key": sweep_key,
            "of_number": row.number,
            "of_attempt": row.attempt,
            "next_attempt": row.attempt + 1,
            "next_run": _run_name(sweep_id, row),
            "to_agent": asked.agent,
            "to_host": asked.host,
            "seconds": asked.lease_seconds,
            "until": now + asked.lease_seconds,
        }
        for asked, rows in zip(wanted, given, strict=True)
        for row in rows
    ]
    if not changes:
        return given
    conn.execute(_take(), changes)
    taken = iter(changes)
    return [[_as_taken(row, next(taken), now) for row in rows] for rows in given]


def _waiting(conn: Connection, sweep_key: int, wanted: Sequence[Wanted]) -> list[AnyRow]:
    """As many as are wanted, lowest numbers first; and where one of those failed on a host that would
    rather have another, as many again that did not."""
    most = {"key": sweep_key, "most": sum(asked.count for asked in wanted)}
    found = {row.number: row for row in conn.execute(_first_waiting, most)}
    avoided = {asked.host for asked in wanted if asked.avoid}
    if any(row.avoid_host in avoided for row in found.values()):
        others = _first_waiting.where(sweep_trials.c.avoid_host.not_in(avoided))
        found |= {row.number: row for row in conn.execute(others, most)}
    return [found[number] for number in sorted(found)]


_first_waiting = (
    select(sweep_trials)
    .where(sweep_trials.c.sweep_key == bindparam("key"), sweep_trials.c.state == "queued")
    .order_by(sweep_trials.c.number)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)


def _dealt(waiting: Sequence[AnyRow], wanted: Sequence[Wanted]) -> list[list[AnyRow]]:
    left = {row.number: row for row in waiting}
    given = []
    for asked in wanted:
        liked: Iterable[AnyRow] = left.values()
        if asked.avoid:
            liked = sorted(liked, key=functools.partial(_how_liked, asked.host))
        given.append(sorted(islice(liked, asked.count), key=lambda row: int(row.number)))
        for row in given[-1]:
            del left[row.number]
    return given


def _how_liked(host: str, row: AnyRow) -> tuple[bool, int]:
    return row.avoid_host == host, row.number


def _run_name(sweep_id: str, row: AnyRow) -> str:
    if row.attempt == 0:
        return row.run_id or f"{sweep_id}-{row.number}"
    return f"{sweep_id}-{row.number}-{row.attempt + 1}"


def number_of_run(sweep_id: str, run_id: str) -> int | None:
    """The trial whose attempt a run was, by the name that it is given; None for other names."""
    found = re.fullmatch(rf"{re.escape(sweep_id)}-(\d{{1,9}})(-\d{{1,9}})?", run_id)
    return None if found is None else int(found[1])


_AFRESH: dict[str, Any] = {
    "state": "running",
    "finished_at": None,
    "stop": "",
    "settled": False,
    "error": "",
    "exit_code": None,
    "objective": [],
    "excess": [],
    "curve": [],
}


@functools.cache
def _take() -> Any:
    t = sweep_trials.c
    return (
        update(sweep_trials)
        .where(
            t.sweep_key == bindparam("of_key", type_=BigInteger),
            t.number == bindparam("of_number", type_=Integer),
            t.attempt == bindparam("of_attempt", type_=Integer),
            t.state == "queued",
        )
        .values(
            **_AFRESH,
            verdict=null(),
            attempt=bindparam("next_attempt", type_=Integer),
            run_id=bindparam("next_run", type_=Text),
            agent=bindparam("to_agent", type_=Text),
            host=bindparam("to_host", type_=Text),
            lease_seconds=bindparam("seconds", type_=Double),
            lease_until=bindparam("until", type_=Double),
            started_at=bindparam("now", type_=Double),
            change_seq=bindparam("seq", type_=BigInteger),
        )
    )


def _as_taken(row: AnyRow, change: Mapping[str, Any], now: float) -> AnyRow:
    """The row as it is after the change, without asking for it again: it is held."""
    return SimpleNamespace(
        **{
            **dict(zip(row._fields, row, strict=True)),
            **_AFRESH,
            "verdict": None,
            "attempt": change["next_attempt"],
            "run_id": change["next_run"],
            "agent": change["to_agent"],
            "host": change["to_host"],
            "lease_seconds": change["seconds"],
            "lease_until": change["until"],
            "started_at": now,
        }
    )
