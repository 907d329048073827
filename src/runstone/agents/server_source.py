"""Trials handed out by a server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from runstone.agents.parameters import where
from runstone.agents.source import (
    Assignment,
    Claimed,
    Ending,
    Orders,
    SourceAway,
    SweepGone,
    SweepSpec,
)
from runstone.client.connection import Retries, Timeouts
from runstone.client.credentials import find_credential, local_server
from runstone.client.errors import (
    BadAnswer,
    Conflict,
    NotAllowed,
    NotFound,
    NotSignedIn,
    ServerAway,
    TooMany,
    Unavailable,
)
from runstone.client.native import Client
from runstone.client.sweep_agents import SweepAgent
from runstone.client.sweep_models import TrialRecord
from runstone.client.sweeps import Sweep
from runstone.journal.home import home
from runstone.search.config_reading import parse

LEASE_SECONDS = 60.0
BEAT_SECONDS_MOST = 10.0
# An agent asks again by itself, and tells its log of it: the connection need not hide much.
TIMEOUTS = Timeouts(connect=5.0, read=30.0, write=30.0)
RETRIES = Retries(attempts=3, total_seconds=2.0)

T = TypeVar("T")


class ServerSource:
    """A `TrialSource`. The runs of trials log to the server, which reads there how they do."""

    def __init__(self, sweep: Sweep, client: Client, *, lease_seconds: float = LEASE_SECONDS) -> None:
        """client: of the sweep. lease_seconds: after so long a silence of the agent its trials go to
        others. Asks the server once; raises SourceAway and SweepGone."""
        self._sweep = sweep
        self._client = client
        self._lease_seconds = lease_seconds
        self._agent: SweepAgent | None = None
        self._joining = threading.Lock()
        self._host = self._name = ""
        record, me = _asked(sweep.read), _asked(client.me)
        self._spec = SweepSpec(
            id=record["id"],
            entity=record["entity"],
            project=record["project"],
            config=parse(record["config"], strict=False),
            given=record["config"],
            environment=_environment(client, record["entity"], record["project"]),
            made_by="" if record["username"] == me.username else record["username"] or "nobody known",
        )

    @property
    def sweep(self) -> SweepSpec:
        return self._spec

    @property
    def beat_seconds(self) -> float:
        return min(BEAT_SECONDS_MOST, self._lease_seconds / 3)

    def join(self, *, host: str, name: str) -> str:
        self._host, self._name = host, name
        with self._joining:
            self._agent = _asked(lambda: SweepAgent.register(self._sweep, host=host, name=name))
        return self._agent.id

    def claim(self, count: int) -> Claimed:
        found = self._as_agent(lambda agent: agent.claim(count, lease_seconds=self._lease_seconds))
        return Claimed(
            [_assignment(trial) for trial in found["trials"]],
            found["state"],
            found["wait_seconds"],
            found["done"],
            found["why"],
        )

    def beat(self, held: Mapping[int, int]) -> Orders:
        found = self._as_agent(lambda agent: agent.beat(held))
        return Orders(found["state"], {one["number"]: one["why"] for one in found["stop"]}, found["lost"])

    def report(self, number: int, attempt: int, points: Sequence[tuple[int, float]]) -> str:
        try:
            return self._as_agent(lambda agent: agent.report(number, attempt, points))
        except Conflict:
            return ""  # it is lost; the next beat says so

    def complete(self, number: int, attempt: int, ending: Ending) -> bool:
        def tell(agent: SweepAgent) -> TrialRecord:
            return agent.complete(
                number,
                attempt,
                state=ending.state,
                values=ending.values,
                metrics=ending.metrics,
                exit_code=ending.exit_code,
                error=ending.error,
            )

        try:
            self._as_agent(tell)
        except Conflict:
            return False
        return True

    def leave(self) -> None:
        if self._agent is None:
            return
        try:
            _asked(self._agent.leave)
        except (SweepGone, _AgentGone):
            pass  # nothing is held by it
        self._agent = None

    def _as_agent(self, ask: Callable[[SweepAgent], T]) -> T:
        """Where the server does not know the agent any more, it is registered anew."""
        agent = self._agent
        if agent is None:
            # It has left, and only has something to tell still.
            agent = SweepAgent(self._sweep, "-")
        try:
            return _asked(lambda: ask(agent))
        except _AgentGone:
            self.join(host=self._host, name=self._name)
            again = self._agent
            assert again is not None
            return _asked(lambda: ask(again))


class _AgentGone(Exception):
    pass


def _asked(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except (ServerAway, Unavailable, TooMany, BadAnswer) as error:
        raise SourceAway(str(error)) from error
    except NotFound as error:
        if "agent" in error.fields:
            raise _AgentGone from error
        raise SweepGone(str(error)) from error
    except (NotAllowed, NotSignedIn) as error:
        raise SweepGone(str(error)) from error


def _assignment(trial: TrialRecord) -> Assignment:
    return Assignment(trial["number"], trial["attempt"], trial["run"], trial["params"], trial["arguments"])


def _environment(client: Client, entity: str, project: str) -> dict[str, str]:
    """So that a trial's process, by either client, logs to this server with this agent's key."""
    variables = {**where(entity=entity, project=project), "WANDB_BASE_URL": client.base_url}
    if client.base_url != local_server(home()):
        # The local one is found by itself, at whatever address it comes back.
        variables["RUNSTONE_BASE_URL"] = client.base_url
    credential = find_credential(client.base_url)
    if credential is not None:
        # One that lies about in the environment may be another server's.
        variables["WANDB_API_KEY"] = credential.api_key
        if client.base_url != local_server(home()):
            variables["RUNSTONE_API_KEY"] = credential.api_key
    return variables
