"""What changes sweeps: upsertSweep in all its shapes, and runs that a client's own scheduler adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from runstone.server.domain import sweep_model as model
from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.run_model import RunChange
from runstone.server.doors.wandb import jsonx, wire_config
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.projects import DEFAULT_PROJECT
from runstone.server.doors.wandb.resolvers.run_changes import WRITER
from runstone.server.doors.wandb.resolvers.sweeps import STATES, sweep_by_node
from runstone.server.doors.wandb.run_query import run_query

mutation = Fields("Mutation")

_STATES: dict[str, model.SweepState] = {name: state for state, name in STATES.items()}
CONFIG_CHARS_MAX = 4 * 1024 * 1024
_WIRE = ("controller", "launch_scheduler", "template_variable_values", "scheduler", "prior_runs_filters")


@mutation("upsertSweep")
def upsert_sweep(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """Null leaves a thing as it is. What is wrong with a configuration is told by key, as a 400;
    what is only unknown, as warnings."""
    actor = call.signed_in()
    config = _config(input.get("config"))
    wire = {key: value for key in _WIRE if (value := _json(input.get(key), key)) is not None}
    if input.get("id"):
        before = sweep_by_node(call, input["id"])
        sweep = before
        changed = config is not None and config != _config(before.config_text or None)
        if changed or wire or input.get("display_name") or input.get("description"):
            sweep = call.domain.sweeps.update(
                actor,
                before.key,
                display_name=input.get("display_name"),
                description=input.get("description"),
                config=config if changed else None,
                config_text=input.get("config") if changed else None,
                wire=wire or None,
                strict=False,
            )
        inserted = False
    else:
        if config is None:
            raise Invalid("upsertSweep needs the sweep's config, or the id of one that is there.")
        sweep = call.domain.sweeps.create(
            actor,
            call.entity_name(input.get("entity_name")),
            input.get("project_name") or DEFAULT_PROJECT,
            config,
            config_text=input["config"],
            display_name=input.get("display_name") or "",
            description=input.get("description"),
            wire=wire,
            prior_runs=run_query(filters=input.get("prior_runs_filters")).filter or None,
            strict=False,
        )
        inserted = True
    if wire.get("controller"):
        sweep = _follow_controller(call, sweep, wire["controller"])
    if input.get("state"):
        sweep = _set_state(call, sweep, input["state"])
    call.forget()
    warnings = [str(problem) for problem in call.domain.sweep_results.config(sweep).warnings]
    return {
        "sweep": sweep,
        "configValidationWarnings": warnings if config is not None else [],
        "inserted": inserted,
        "clientMutationId": input.get("client_mutation_id"),
    }


@mutation("enqueueSweepRun")
def enqueue_sweep_run(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    sweep = sweep_by_node(call, input["id"])
    given = jsonx.parse_map(input["config"], what="config") or {}
    config, _ = wire_config.unwrap(given)
    trial = call.domain.trials.enqueue(
        call.signed_in(), sweep.key, [config], reason="chosen by a scheduler", check=False
    )[0]
    run_id = f"{sweep.id}-{trial.number}"
    _placeholder_run(call, sweep, run_id, trial, display_name=input.get("display_name"))
    return {
        "id": run_id,
        "runQueueItemId": None,
        "clientMutationId": input.get("client_mutation_id"),
    }


def placeholder(sweep: model.Sweep, trial: model.Trial, *, display_name: str | None = None) -> RunChange:
    """What stands for a trial's run until its client begins it. It has no mark of having begun: the
    client's part of the config is empty, not absent."""
    return RunChange(
        state="pending",
        sweep=sweep.id,
        display_name=display_name,
        config=trial.arguments,
        wire={wire_config.WIRE_INTERNAL: {}},
        writer=WRITER,
    )


def _placeholder_run(
    call: Call, sweep: model.Sweep, run_id: str, trial: model.Trial, *, display_name: str | None = None
) -> None:
    change = placeholder(sweep, trial, display_name=display_name)
    call.domain.runs.upsert(call.signed_in(), sweep.entity, sweep.project, run_id, change)


# -- a controller at the client's


def _follow_controller(call: Call, sweep: model.Sweep, controller: Mapping[str, Any]) -> model.Sweep:
    """`controller.schedule` lists runs to be made, each with an id of the client's own; what was made
    is answered in `scheduler.scheduled`. `controller.earlystop` lists runs to be stopped. Only the
    client writes the one, only we the other (`wandb/wandb_controller.py`, 0.28)."""
    actor = call.signed_in()
    scheduler = dict(sweep.wire.get("scheduler") or {})
    scheduled = [item for item in scheduler.get("scheduled") or () if isinstance(item, Mapping)]
    known = {item.get("id") for item in scheduled}
    done = False
    for item in controller.get("schedule") or ():
        if not isinstance(item, Mapping) or item.get("id") in known:
            continue
        args = (item.get("data") or {}).get("args")
        if args is None:  # the controller has no more to propose
            done = True
            continue
        params, _ = wire_config.unwrap(args)
        trial = call.domain.trials.enqueue(
            actor, sweep.key, [params], reason="scheduled by the client's controller", check=False
        )[0]
        run_id = f"{sweep.id}-{trial.number}"
        _placeholder_run(call, sweep, run_id, trial)
        scheduled.append({"id": item.get("id"), "runid": run_id})
    stopped = [name for name in controller.get("earlystop") or () if isinstance(name, str)]
    for trial in call.domain.trials.of_runs(actor, sweep.key, stopped):
        call.domain.trials.stop(actor, sweep.key, trial.number, why="stopped by the client's controller")
    scheduler |= {"scheduled": scheduled, "stopped": stopped}
    sweep = call.domain.sweeps.update(actor, sweep.key, wire={"scheduler": scheduler})
    return call.domain.sweeps.set_state(actor, sweep.key, "finished") if done else sweep


# -- inside


def _set_state(call: Call, sweep: model.Sweep, wanted: str) -> model.Sweep:
    state = _STATES.get(wanted.upper())
    if state is None:
        raise Invalid(f"{wanted!r:.60} is no state of a sweep. One of {', '.join(_STATES)}.")
    if state == sweep.state or state == "pending":
        return sweep
    try:
        return call.domain.sweeps.set_state(call.signed_in(), sweep.key, state)
    except Conflict as error:
        raise Invalid(error.message, **error.fields) from None  # sent again it would fail again


def _config(text: str | None) -> dict[str, Any] | None:
    if not text:
        return None
    if len(text) > CONFIG_CHARS_MAX:
        raise Invalid(f"The sweep's config has {len(text):,} characters; the most is {CONFIG_CHARS_MAX:,}.")
    try:
        value = yaml.load(text, Loader=_Loader)  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, RecursionError) as error:
        place = getattr(error, "problem_mark", None)
        where = f" (line {place.line + 1}, column {place.column + 1})" if place is not None else ""
        raise Invalid(f"The sweep's config is not YAML{where}: {getattr(error, 'problem', error)}.") from None
    if not isinstance(value, dict):
        raise Invalid("The sweep's config is a map of keys such as method and parameters.")
    return {str(key): item for key, item in value.items()}


class _Loader(yaml.SafeLoader):
    """Dates stay the text they are; aliases, by which a short text could stand for a huge value, are
    refused."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed", None)
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _json(text: str | None, what: str) -> Any:
    return jsonx.parse_argument(text, what=what)


def not_found(sweep: str) -> NotFound:
    return NotFound(f"There is no sweep {sweep!r:.100} there, or it is not yours to see.", sweep=sweep)


FIELDS = [mutation, *maps("UpsertSweepPayload", "EnqueueSweepRunPayload")]
