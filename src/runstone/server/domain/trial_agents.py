"""Who runs trials: agents register with a sweep, and leave."""

from __future__ import annotations

import secrets
import string
import time

from sqlalchemy import Connection

from runstone.server.domain.errors import NotFound
from runstone.server.domain.feed import Event
from runstone.server.domain.identity import Actor, Permission, SweepKey, check_text
from runstone.server.domain.sweep_model import (
    OVER,
    Agent,
    AgentKind,
    agent_of,
    sweep_of,
)
from runstone.server.domain.trial_base import TrialsBase
from runstone.server.domain.trial_endings import (
    breaker_shut_until,
    finish_if_done,
)
from runstone.server.stores.records import sweeps as sweep_statements
from runstone.server.stores.records import trials as statements

_ID_CHARS = string.ascii_lowercase + string.digits
_HELD_MAX = 10_000


class TrialAgents(TrialsBase):
    """Agents of sweeps."""

    def register(
        self, actor: Actor, sweep: SweepKey, *, host: str, name: str = "", kind: AgentKind = "native"
    ) -> Agent:
        """An agent that is about to ask for trials."""
        host = check_text(host, what="Host", chars_max=1_000)
        name = check_text(name, what="Agent name", chars_max=1_000)
        agent_id = "".join(secrets.choice(_ID_CHARS) for _ in range(12))
        now = time.time()

        def work(conn: Connection) -> Agent:
            self._sweeps.checked_row(conn, actor, sweep, Permission.WRITE)
            sweep_statements.add_agent(
                conn,
                agent_id,
                sweep_key=sweep,
                name=name,
                host=host,
                kind=kind,
                user_id=actor.user_id,
                now=now,
            )
            return agent_of(sweep_statements.agent(conn, agent_id), trials=0, now=now)

        return self._records.write(work)

    def sweep_of_agent(self, actor: Actor, agent_id: str, permission: Permission) -> SweepKey:
        """Raises NotFound where the agent or its sweep is gone."""
        with self._records.read() as conn:
            row = sweep_statements.agent(conn, agent_id)
            if row is None:
                raise NotFound(f"There is no sweep agent {agent_id!r:.60}. Register one.", agent=agent_id)
            return SweepKey(self._sweeps.checked_row(conn, actor, SweepKey(row.sweep_key), permission).id)

    def agents(self, actor: Actor, sweep: SweepKey) -> list[Agent]:
        """In the order in which they came."""
        now = time.time()
        with self._records.read() as conn:
            self._sweeps.checked_row(conn, actor, sweep, Permission.READ)
            trials = sweep_statements.trials_by_agent(conn, sweep)
            shut = {
                row.host: breaker_shut_until(conn, sweep, row.host, now)
                for row in sweep_statements.failing_hosts(conn, sweep)
            }
            return [
                agent_of(row, trials=trials.get(row.id, 0), now=now, shut_until=shut.get(row.host))
                for row in sweep_statements.agents_of(conn, sweep)
            ]

    def leave(self, actor: Actor, sweep: SweepKey, agent_id: str) -> None:
        """The agent ends; what it still held goes back to the queue at once, no attempt counted lost."""
        now = time.time()

        def work(conn: Connection) -> list[Event]:
            row = self._sweeps.checked_row(conn, actor, sweep, Permission.WRITE, hold=True)
            self._agent(conn, sweep, agent_id)
            sweep_statements.end_agent(conn, agent_id, now=now)
            held = statements.find_trials(conn, sweep, states=["running"], agent=agent_id, limit=_HELD_MAX)
            for trial in held:
                statements.change_trial(
                    conn,
                    sweep,
                    trial.number,
                    attempt=trial.attempt,
                    states=["running"],
                    state="queued" if row.state not in OVER else "stopped",
                    lease_until=None,
                )
            finish_if_done(conn, row, now=now)
            return [sweep_of(row).event()]

        self._publish(self._records.write(work))
