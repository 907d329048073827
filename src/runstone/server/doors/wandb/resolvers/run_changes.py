"""What changes runs: upsertBucket and its kin."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.leases import LEASE_SECONDS
from runstone.server.domain.runs import ENDED, Run, RunChange, State
from runstone.server.doors.wandb import ids, jsonx, wire_config
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.projects import DEFAULT_PROJECT
from runstone.server.doors.wandb.resolvers.server import SETTINGS

mutation = Fields("Mutation")

WRITER = "wandb"
_STATES: frozenset[State] = frozenset(
    ("pending", "running", "finished", "failed", "crashed", "killed", "preempting", "preempted")
)
# updateRunState allows these (0.28 on: `wandb/apis/public/runs.py`, update_state).
_ALLOWED_FROM: dict[str, frozenset[State]] = {
    "pending": frozenset(("running", "failed", "crashed", "preempted")),
    "failed": frozenset(("pending", "running")),
}


@mutation("upsertBucket")
def upsert_bucket(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """Null leaves a field as it is. With `name`, the run is made if absent; with `id` alone it must
    be there."""
    actor = call.signed_in()
    change = _change(input)
    if input.get("name"):
        entity, project = _place(call, input)
        before = _existing(call, entity, project, input["name"])
        if before is None and not change.wire:
            change = _with(change, wire={wire_config.WIRE_INTERNAL: {}})  # made by this door, not begun
        if before is not None and _begins(input) and not _is_late(call, before):
            # A client that starts on a run that is there takes it up again.
            change = _with(change, state=change.state or "running", stop_requested=False)
        try:
            run, inserted = call.domain.runs.upsert(actor, entity, project, input["name"], change)
        except Conflict as error:
            # A 409 is sent again and again; that somebody deleted the run will not change by that.
            if before is None and _in_trash(call, entity, project, input["name"]):
                raise Invalid(error.message, **error.fields) from None
            raise
        if change.fork_of and (before is None or before.fork_of != change.fork_of):
            _fork(call, run)
    elif input.get("id"):
        entity, project, name = ids.run_of(input["id"])
        found = call.domain.runs.get(actor, entity, project, name)
        run, inserted = call.domain.runs.update(actor, found.key, change), False
    else:
        raise Invalid("upsertBucket needs the run's name, or the id of one that is there.")
    call.forget()
    return {
        "bucket": run,
        "inserted": inserted,
        "serverSettings": SETTINGS,
        "clientMutationId": input.get("client_mutation_id"),
    }


def _place(call: Call, given: dict[str, Any]) -> tuple[str, str]:
    """Entity and project that an upsert means; where it names none, those of its node id."""
    entity, project = given.get("entity_name"), given.get("model_name")
    if given.get("id") and not (entity and project):
        ref = ids.run_of(given["id"])
        entity, project = entity or ref.entity, project or ref.project
    return call.entity_name(entity), project or DEFAULT_PROJECT


def _existing(call: Call, entity: str, project: str, name: str) -> Run | None:
    try:
        return call.domain.runs.get(call.signed_in(), entity, project, name)
    except NotFound:
        return None


def _in_trash(call: Call, entity: str, project: str, name: str) -> bool:
    try:
        call.domain.runs.get(call.signed_in(), entity, project, name, trash=True)
    except NotFound:
        return False
    return True


def _fork(call: Call, run: Run) -> None:
    """Let a run that says where it was forked from read its parent's rows up to there."""
    actor = call.signed_in()
    parent = call.domain.runs.key_of(actor, run.entity, run.project, run.fork_of)
    call.domain.history.fork(actor, parent, run.key, last_step=run.fork_step or 0)


def _begins(given: dict[str, Any]) -> bool:
    """Whether a client is starting, and not telling of a change: only then it names its host or program."""
    return given.get("host") is not None or given.get("job_program") is not None


def _is_late(call: Call, run: Run) -> bool:
    """A writer of a shared run that comes shortly after its end is one of the same launch which was
    slow to start. It would leave the run running for good: only the main writer tells of the end."""
    ended = run.finished_at if run.state in ENDED else None
    return bool(call.client_id) and ended is not None and time.time() - ended < LEASE_SECONDS


def _change(given: dict[str, Any]) -> RunChange:
    config = metrics = environment = fork = started_at = None
    wire: dict[str, Any] = {}
    sent = jsonx.parse_map(given.get("config"), what="config")
    if sent is not None:
        config, internal = wire_config.unwrap(sent)
        if internal is not None:
            wire[wire_config.WIRE_INTERNAL] = internal
            metrics = wire_config.metrics(internal)
            environment = wire_config.environment(internal)
            fork = wire_config.fork(internal)
            started_at = wire_config.started_at(internal)
    for field, kept in (("description", "description"), ("commit", "commit"), ("job_repo", "repo")):
        if given.get(field) is not None:
            wire[kept] = given[field]
    return RunChange(
        display_name=given.get("display_name") or None,
        group=given.get("group_name"),
        job_type=given.get("job_type"),
        notes=given.get("notes"),
        tags=given.get("tags"),
        sweep=given.get("sweep"),
        host=given.get("host"),
        program=given.get("job_program"),
        command=_command(given.get("job_program"), environment),
        state=_state(given.get("state")),
        config=config,
        summary=jsonx.parse_map(given.get("summary_metrics"), what="summaryMetrics"),
        metrics=metrics or None,
        environment=environment or None,
        started_at=started_at,
        wire=wire or None,
        fork_of=fork[0] if fork else None,
        fork_step=fork[1] if fork else None,
        writer=WRITER,
    )


def _command(program: str | None, environment: Mapping[str, Any] | None) -> list[str] | None:
    """The words of the command line, where the client told its arguments."""
    known = environment or {}
    args = known.get("args")
    if not isinstance(args, list):
        return None
    begun_by = program or known.get("program") or known.get("codePath") or ""
    return [str(word) for word in (begun_by, *args) if word != ""]


def _state(given: str | None) -> State | None:
    if not given:
        return None
    if given not in _STATES:
        raise Invalid(f"{given!r:.100} is no state of a run. Use one of {', '.join(sorted(_STATES))}.")
    return given


def _with(change: RunChange, **fields: Any) -> RunChange:
    values = {name: getattr(change, name) for name in RunChange.__dataclass_fields__}
    return RunChange(**{**values, **fields})


@mutation("deleteRun")
def delete_run(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """One that was deleted before stays deleted."""
    run = _by_id(call, input["id"], trash=True)
    if run.deleted_at is None:
        call.domain.runs.delete(call.signed_in(), [run.key])
    return {"clientMutationId": input.get("client_mutation_id")}


@mutation("stopRun")
def stop_run(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """A run that has ended stays as it is."""
    run = _by_id(call, input["id"])
    if run.state not in ENDED:
        call.domain.runs.stop(call.signed_in(), run.key)
    return {"success": True, "clientMutationId": input.get("client_mutation_id")}


@mutation("updateRunState")
def update_run_state(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    run = _by_id(call, input["id"])
    wanted = _state(input["state"])
    allowed = _ALLOWED_FROM.get(input["state"])
    if wanted is None or allowed is None:
        raise Invalid(f"A run cannot be set to {input['state']!r:.50}. Use 'pending' or 'failed'.")
    if run.sweep:
        raise Invalid(f"Run {run.id!r} belongs to sweep {run.sweep!r}, which decides its state.")
    if run.state not in allowed:
        raise Invalid(
            f"Run {run.id!r}: invalid state transition from {run.state} to {wanted}, "
            f"which follows only on {', '.join(sorted(allowed))}."
        )
    call.domain.runs.update(call.signed_in(), run.key, RunChange(state=wanted, writer=WRITER))
    return {"success": True, "clientMutationId": input.get("client_mutation_id")}


@mutation("rewindRun")
def rewind_run(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    """null where the run is not there, which clients report in their own words."""
    actor = call.signed_in()
    if input["metric_name"] != "_step":
        raise Invalid(f"A run is rewound by '_step', not by {input['metric_name']!r:.100}.")
    if not abs(input["metric_value"]) < 2**63:
        raise Invalid(f"Step {input['metric_value']!r} does not fit 64 bits.")
    entity = call.entity_name(input.get("entity_name"))
    run = _existing(call, entity, input.get("project_name") or DEFAULT_PROJECT, input["run_name"])
    if run is not None:
        call.domain.history.rewind(actor, run.key, last_step=int(input["metric_value"]))
        run = call.domain.runs.update(
            actor, run.key, RunChange(state="running", stop_requested=False, writer=WRITER)
        )
    return {"rewoundRun": run, "clientMutationId": input.get("client_mutation_id")}


@mutation("notifyScriptableRunAlert")
def notify(_root: None, call: Call, input: dict[str, Any]) -> dict[str, Any]:
    actor = call.signed_in()
    entity = call.entity_name(input["entity_name"])
    run = call.domain.runs.get(actor, entity, input["project_name"], input["run_name"])
    wait = input.get("wait_duration")
    call.domain.alerts.raise_alert(
        actor,
        run.key,
        title=input["title"],
        text=input["text"],
        level=input.get("severity") or "INFO",
        wait_seconds=60.0 if wait is None else wait / 1000,
    )
    return {"success": True, "clientMutationId": input.get("client_mutation_id")}


def _by_id(call: Call, node: str, *, trash: bool = False) -> Run:
    entity, project, name = ids.run_of(node)
    return call.domain.runs.get(call.signed_in(), entity, project, name, trash=trash)


FIELDS = [
    mutation,
    *maps(
        "UpsertBucketPayload",
        "DeleteRunPayload",
        "StopRunPayload",
        "UpdateRunStatePayload",
        "RewindRunPayload",
        "NotifyScriptableRunAlertPayload",
    ),
]
