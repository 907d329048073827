"""What all that is done to trials stands on."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from runstone.server.domain.errors import Conflict, NotFound
from runstone.server.domain.feed import Event, Feed
from runstone.server.domain.identity import SweepKey
from runstone.server.domain.runs import Runs
from runstone.server.domain.sweep_search import Searches
from runstone.server.domain.sweeps import Sweeps
from runstone.server.stores.records import sweeps as sweep_statements
from runstone.server.stores.records import trials as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow


class TrialsBase:
    """The collaborators, and the rules that every act begins with."""

    def __init__(self, records: Records, sweeps: Sweeps, runs: Runs, feed: Feed, searches: Searches) -> None:
        self._records = records
        self._sweeps = sweeps
        self._runs = runs
        self._feed = feed
        self._searches = searches

    @staticmethod
    def _agent(conn: Connection, sweep: SweepKey, agent_id: str) -> AnyRow:
        row = sweep_statements.agent(conn, agent_id)
        if row is None or row.sweep_key != sweep:
            raise no_agent(agent_id)
        return row

    @staticmethod
    def _attempt(conn: Connection, sweep: SweepKey, number: int, attempt: int) -> AnyRow:
        row = statements.trial(conn, sweep, number, hold=True)
        if row is None:
            raise no_trial(number)
        if row.attempt != attempt:
            raise Conflict(
                f"Trial {number} is at attempt {row.attempt}; attempt {attempt} was given up when nobody "
                "was heard of it. Its result is not taken: end it.",
                trial=number,
                attempt=row.attempt,
            )
        return row

    def _publish(self, events: Sequence[Event]) -> None:
        for event in events:
            self._feed.publish(event)


def no_trial(number: int) -> NotFound:
    return NotFound(f"The sweep has no trial {number}.", trial=number)


def no_agent(agent_id: str) -> NotFound:
    return NotFound(f"The sweep has no agent {agent_id!r:.60}. Register one.", agent=agent_id)
