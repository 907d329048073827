"""Trials of a sweep: for agents that run them, and for strategies of one's own (ask and tell). How they
are handed out is in `claims`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Path, Query
from starlette.responses import Response

from runstone.server.domain import sweep_model as model
from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import Permission
from runstone.server.doors.http.answers import plain
from runstone.server.doors.rest.models.sweeps import (
    Agent,
    Agents,
    AgentWanted,
    Beat,
    BeatWanted,
    CompleteWanted,
    Count,
    Reported,
    ReportWanted,
    RetryWanted,
    StopWanted,
    TellWanted,
    Trial,
    Trials,
    TrialState,
    TrialsWanted,
)
from runstone.server.doors.rest.routing import CallDep, EntityPath, ProjectPath, Routes
from runstone.server.doors.rest.sweeps import S, SweepPath, sweep_at

routes = Routes("sweeps")
T = S + "/trials/{number}"
A = S + "/agents/{agent}"
NumberPath = Annotated[int, Path(ge=-(2**31), lt=2**31, description="The trial's number.")]
AgentPath = Annotated[str, Path(max_length=64)]


@routes.typed("GET", S + "/trials", needs=Permission.READ, answers=Trials)
async def list_trials(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    sweep: SweepPath,
    state: Annotated[list[TrialState] | None, Query()] = None,
    agent: Annotated[str, Query(max_length=64)] = "",
    after: Annotated[int | None, Query(description="`next` of the page before.")] = None,
    newest: Annotated[bool, Query(description="Last proposed first.")] = False,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """In the order in which they were proposed. Earlier results that the search began with have
    numbers below 0."""

    def work() -> dict[str, Any]:
        own = sweep_at(call, entity, project, sweep)
        found = call.domain.trials.find(
            call.actor, own.key, states=state or (), agent=agent, after=after, newest=newest, limit=limit
        )
        return {
            "trials": [trial_out(trial) for trial in found],
            "next": found[-1].number if len(found) == limit else None,
        }

    return await call.answer(work)


@routes.typed("POST", S + "/trials", needs=Permission.WRITE, answers=Trials, status=201)
async def enqueue_trials(
    call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath, body: TrialsWanted
) -> Response:
    """Combinations of one's own choice, to be run by the sweep's agents."""

    def work() -> dict[str, Any]:
        own = sweep_at(call, entity, project, sweep)
        made = call.domain.trials.enqueue(call.actor, own.key, body.params, reason=body.reason)
        return {"trials": [trial_out(trial) for trial in made], "next": None}

    return await call.answer(work, status=201)


@routes.typed("GET", T, needs=Permission.READ, answers=Trial)
async def get_trial(
    call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath, number: NumberPath
) -> Response:
    return await call.answer(
        lambda: trial_out(
            call.domain.trials.get(call.actor, sweep_at(call, entity, project, sweep).key, number)
        )
    )


@routes.typed("POST", T + "/report", needs=Permission.WRITE, answers=Reported)
async def report_trial(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    sweep: SweepPath,
    number: NumberPath,
    body: ReportWanted,
) -> Response:
    """Intermediate values of the first objective. Runs that log it need not: the server reads it there."""

    def work() -> dict[str, Any]:
        own = sweep_at(call, entity, project, sweep)
        points = [(_step(step), float(value)) for step, value in body.points]
        return {"stop": call.domain.trials.report(call.actor, own.key, number, body.attempt, points)}

    return await call.answer(work)


@routes.typed("POST", T + "/complete", needs=Permission.WRITE, answers=Trial)
async def complete_trial(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    sweep: SweepPath,
    number: NumberPath,
    body: CompleteWanted,
) -> Response:
    """The attempt ended. Sending it again changes nothing; 409 where the trial was given to somebody
    else meanwhile. Where `values` is null they are taken from the trial's run."""

    def work() -> dict[str, Any]:
        own = sweep_at(call, entity, project, sweep)
        return trial_out(
            call.domain.trials.complete(call.actor, own.key, number, body.attempt, outcome_of(body))
        )

    return await call.answer(work)


@routes.typed("POST", T + "/stop", needs=Permission.WRITE, status=204)
async def stop_trial(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    sweep: SweepPath,
    number: NumberPath,
    body: StopWanted,
) -> Response:
    """Ask a running trial to stop; its agent hears of it with its next beat."""
    return await call.done(
        lambda: call.domain.trials.stop(
            call.actor, sweep_at(call, entity, project, sweep).key, number, why=body.why
        )
    )


@routes.typed("POST", S + "/retry", needs=Permission.WRITE, answers=Count)
async def retry_trials(
    call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath, body: RetryWanted
) -> Response:
    """Trials that ended so are tried again; a finished sweep goes on."""
    return await call.answer(
        lambda: {
            "count": call.domain.trials.retry(
                call.actor, sweep_at(call, entity, project, sweep).key, body.states
            )
        }
    )


# -- ask and tell


@routes.typed("POST", S + "/tell", needs=Permission.WRITE, answers=Trial)
async def tell_trial(
    call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath, body: TellWanted
) -> Response:
    """What came of a trial that was asked for."""

    def work() -> dict[str, Any]:
        own = sweep_at(call, entity, project, sweep)
        return trial_out(
            call.domain.trials.complete(call.actor, own.key, body.number, body.attempt, outcome_of(body))
        )

    return await call.answer(work)


@routes.typed("POST", S + "/beat", needs=Permission.WRITE, answers=Beat)
async def beat_trials(
    call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath, body: BeatWanted
) -> Response:
    """Keep trials that were asked for."""

    def work() -> dict[str, Any]:
        own = sweep_at(call, entity, project, sweep)
        return beat_out(call.domain.trials.beat(call.actor, own.key, _held(body)))

    return await call.answer(work)


# -- agents


@routes.typed("GET", S + "/agents", needs=Permission.READ, answers=Agents)
async def list_agents(call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath) -> Response:
    """In the order in which they came."""

    def work() -> dict[str, Any]:
        own = sweep_at(call, entity, project, sweep)
        return {"agents": [agent_out(agent) for agent in call.domain.trials.agents(call.actor, own.key)]}

    return await call.answer(work)


@routes.typed("POST", S + "/agents", needs=Permission.WRITE, answers=Agent, status=201)
async def register_agent(
    call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath, body: AgentWanted
) -> Response:
    def work() -> dict[str, Any]:
        own = sweep_at(call, entity, project, sweep)
        return agent_out(call.domain.trials.register(call.actor, own.key, host=body.host, name=body.name))

    return await call.answer(work, status=201)


@routes.typed("DELETE", A, needs=Permission.WRITE, status=204)
async def end_agent(
    call: CallDep, entity: EntityPath, project: ProjectPath, sweep: SweepPath, agent: AgentPath
) -> Response:
    """The agent ends; trials that it held go back to the queue at once."""
    return await call.done(
        lambda: call.domain.trials.leave(call.actor, sweep_at(call, entity, project, sweep).key, agent)
    )


@routes.typed("POST", A + "/beat", needs=Permission.WRITE, answers=Beat)
async def beat_agent(
    call: CallDep,
    entity: EntityPath,
    project: ProjectPath,
    sweep: SweepPath,
    agent: AgentPath,
    body: BeatWanted,
) -> Response:
    """The agent is there and holds these attempts."""

    def work() -> dict[str, Any]:
        own = sweep_at(call, entity, project, sweep)
        return beat_out(call.domain.trials.beat(call.actor, own.key, _held(body), agent_id=agent))

    return await call.answer(work)


# -- shapes


def outcome_of(body: CompleteWanted) -> model.Outcome:
    return model.Outcome(
        body.state,
        None if body.values is None else [None if v is None else float(v) for v in body.values],
        {name: float(value) for name, value in body.metrics.items()},
        body.exit_code,
        body.error,
    )


def trial_out(trial: model.Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "state": trial.state,
        "params": plain(trial.params),
        "arguments": plain(trial.arguments),
        "repeat": trial.repeat,
        "attempt": trial.attempt,
        "run": trial.run_id,
        "agent": trial.agent,
        "host": trial.host,
        "lease_until": trial.lease_until,
        "failures": trial.failures,
        "losses": trial.losses,
        "stop": trial.stop,
        "objective": plain(trial.objective),
        "excess": plain(trial.excess),
        "feasible": trial.is_feasible,
        "curve": plain(trial.curve),
        "sampler": trial.sampler,
        "reason": trial.reason,
        "parents": list(trial.parents),
        "verdict": plain(trial.verdict),
        "exit_code": trial.exit_code,
        "error": trial.error,
        "past": plain(trial.past),
        "created_at": trial.created_at,
        "started_at": trial.started_at,
        "finished_at": trial.finished_at,
    }


def claim_out(claim: model.Claim) -> dict[str, Any]:
    return {
        "trials": [trial_out(trial) for trial in claim.trials],
        "state": claim.sweep.state,
        "wait_seconds": claim.wait_seconds,
        "done": claim.done,
        "why": claim.why,
    }


def beat_out(beat: model.Beat) -> dict[str, Any]:
    return {
        "state": beat.state,
        "stop": [{"number": number, "why": why} for number, why in sorted(beat.stop.items())],
        "lost": list(beat.lost),
    }


def agent_out(agent: model.Agent) -> dict[str, Any]:
    return {name: getattr(agent, name) for name in _AGENT}


_AGENT: Sequence[str] = tuple(Agent.model_fields)


def _held(body: BeatWanted) -> dict[int, int]:
    return {held.number: held.attempt for held in body.trials}


def _step(value: Any) -> int:
    number = float(value)
    if not number.is_integer():
        raise Invalid(f"A step is a whole number, met {value!r:.40}.")
    return int(number)
