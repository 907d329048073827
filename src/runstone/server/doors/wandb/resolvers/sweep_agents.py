"""What sweep agents are told.

An agent reports which runs it has going and is told one thing at a time: to stop one, to begin one, or
to end (the thread agent of all releases reads only the first command). A new run is handed out once
the one before is no longer reported. What an agent was told and then never reports is handed out again:
either the answer was lost on its way, or the process died before its run began.
"""

from __future__ import annotations

from typing import Any

from runstone.server.domain import sweep_model as model
from runstone.server.domain.errors import NotFound
from runstone.server.domain.identity import Permission, SweepKey
from runstone.server.domain.sweep_model import Outcome
from runstone.server.doors.http.answers import plain
from runstone.server.doors.wandb import jsonx
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.projects import DEFAULT_PROJECT
from runstone.server.doors.wandb.resolvers.sweep_changes import not_found, placeholder
from runstone.server.doors.wandb.resolvers.sweeps import AgentNode, agent_id_of, find_sweep

mutation = Fields("Mutation")

LEASE_SECONDS = 75.0  # agents poll every 5 s, and hang for up to 60 s in one request


@mutation("createAgent")
def create_agent(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    entity = call.entity_name(input.get("entity_name"))
    sweep = find_sweep(call, entity, input.get("project_name") or DEFAULT_PROJECT, input["sweep"])
    if sweep is None:
        raise not_found(input["sweep"])
    agent = call.domain.trials.register(call.signed_in(), sweep.key, host=input["host"], kind="wandb")
    return {"agent": AgentNode(agent, sweep), "clientMutationId": input.get("client_mutation_id")}


@mutation("agentHeartbeat")
def agent_heartbeat(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """404 where the sweep was deleted: from 0.28 on agents then let their runs end and leave."""
    actor = call.signed_in()
    agent_id = agent_id_of(input["id"])
    key = call.domain.trials.sweep_of_agent(actor, agent_id, Permission.WRITE)
    told = jsonx.parse_map(input.get("run_state"), what="runState") or {}
    going = {name for name, on in told.items() if on}
    commands = _commands(call, key, agent_id, going)
    sweep = call.domain.sweeps.get_by_key(actor, key)
    found = next((one for one in call.domain.trials.agents(actor, key) if one.id == agent_id), None)
    if found is None:
        raise NotFound("The agent is gone. Start it anew.", agent=agent_id)
    return {
        "agent": AgentNode(found, sweep),
        "commands": jsonx.dumps(commands),
        "clientMutationId": input.get("client_mutation_id"),
    }


def _commands(call: Call, key: SweepKey, agent_id: str, going: set[str]) -> list[dict[str, Any]]:
    actor = call.signed_in()
    held = {
        trial.run_id: trial
        for trial in call.domain.trials.find(
            actor, key, states=["running", "queued"], agent=agent_id, limit=10_000
        )
        if trial.run_id
    }
    _missed(call, key, [trial for run_id, trial in held.items() if run_id not in going])
    reported = {trial.number: trial.attempt for run_id, trial in held.items() if run_id in going}
    beat = call.domain.trials.beat(actor, key, reported, agent_id=agent_id)
    if going:
        stop = {held[run_id].number: run_id for run_id in going if run_id in held}
        asked = [run_id for number, run_id in stop.items() if number in beat.stop or number in beat.lost]
        # A run that is no trial of this agent's any more was given to somebody else.
        asked += sorted(_given_away(call, key, going - held.keys()))
        return [{"type": "stop", "run_id": run_id} for run_id in asked]
    claim = call.domain.trials.claim(
        actor,
        key,
        agent_id=agent_id,
        lease_seconds=LEASE_SECONDS,
        placeholder=placeholder,
    )
    if claim.done:
        return [{"type": "exit"}]
    return [_run_command(claim.sweep, trial) for trial in claim.trials]


def _given_away(call: Call, key: SweepKey, run_ids: set[str]) -> set[str]:
    """Of runs that the agent has going those that were given up, for they were thought lost."""
    if not run_ids:
        return set()
    return set(call.domain.trials.superseded(call.signed_in(), key, sorted(run_ids)))


def _missed(call: Call, key: SweepKey, trials: list[model.Trial]) -> None:
    """Trials that the agent has and does not report: their processes are over, or never began."""
    actor = call.signed_in()
    running = [trial for trial in trials if trial.state == "running"]
    if not running:
        return
    call.domain.trial_runs.settle(key)  # most have a run that has ended by now
    for trial in call.domain.trials.of_runs(actor, key, [trial.run_id for trial in running]):
        if trial.state != "running":
            continue
        if call.domain.trial_runs.has_begun(key, trial.run_id):
            continue  # its last words are on their way, or its lease will end
        if trial.losses == 0 and not trial.stop:
            call.domain.trials.give_back(actor, key, trial.number, trial.attempt)
            continue
        outcome = Outcome("failed", error="its process ended before the run began")
        call.domain.trials.complete(actor, key, trial.number, trial.attempt, outcome)


def _run_command(sweep: model.Sweep, trial: model.Trial) -> dict[str, Any]:
    program = sweep.config.get("program")
    return {
        "type": "run",
        "run_id": trial.run_id,
        "args": {name: {"value": value} for name, value in plain(dict(trial.arguments)).items()},
        "logs": [],
        # `wandb agent` reads it in each command, whatever it starts (0.31).
        "program": program if isinstance(program, str) else "",
    }


FIELDS = [mutation, *maps("CreateAgentPayload", "AgentHeartbeatPayload")]
