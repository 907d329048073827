"""Sweeps and agents, as they are read; what changes them is in `sweep_changes`, what agents are told in
`sweep_agents`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from runstone.server.domain import sweep_model as model
from runstone.server.domain.account_model import User
from runstone.server.domain.errors import NotFound
from runstone.server.domain.projects import Project
from runstone.server.domain.runs import Run, RunQuery
from runstone.server.doors.http.answers import plain
from runstone.server.doors.wandb import ids, jsonx
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.gql.selected import Info, selects
from runstone.server.doors.wandb.resolvers.base import PAGE_MAX, connection, page_size, sliced
from runstone.server.doors.wandb.run_query import run_query
from runstone.server.doors.wandb.sweep_filter import matches, parse_sweep_filter

project = Fields("Project")
run = Fields("Run")
sweep = Fields("Sweep")
agent = Fields("Agent")

KIND = "Sweep"
_SWEEPS_MAX = 10_000
# The states of this wire; `PENDING` until the first trial is handed out.
STATES: dict[model.SweepState, str] = {
    "pending": "PENDING",
    "running": "RUNNING",
    "paused": "PAUSED",
    "finished": "FINISHED",
    "cancelled": "CANCELED",
}
_AGENT_STATES: dict[model.AgentState, str] = {"running": "RUNNING", "lost": "CRASHED", "ended": "FINISHED"}


@dataclass(frozen=True, slots=True)
class AgentNode:
    """An agent with the sweep that it works on."""

    agent: model.Agent
    sweep: model.Sweep


# -- finding them


@project("totalSweeps")
def total_sweeps(parent: Project, call: Call) -> int:
    return call.domain.sweeps.find(call.signed_in(), parent.entity, parent.name, limit=1).total


@project("sweep")
def sweep_by_name(parent: Project, call: Call, sweep_name: str | None = None) -> model.Sweep | None:
    return find_sweep(call, parent.entity, parent.name, sweep_name or "")


@run("sweep")
def sweep_of_run(parent: Run, call: Call) -> model.Sweep | None:
    return find_sweep(call, parent.entity, parent.project, parent.sweep) if parent.sweep else None


@project("sweeps")
def sweeps(
    parent: Project,
    call: Call,
    first: int | None = None,
    after: str | None = None,
    filters: str | None = None,
    order: str | None = None,
) -> dict[str, Any]:
    """Last made first, or by `order` one of createdAt with a sign."""
    actor = call.signed_in()
    wanted = parse_sweep_filter(filters)
    if wanted or (order or "").startswith("+"):
        everything = call.domain.sweeps.find(actor, parent.entity, parent.name, limit=1000)
        found, cursor = list(everything.sweeps), everything.next_cursor
        while cursor and len(found) < _SWEEPS_MAX:
            page = call.domain.sweeps.find(actor, parent.entity, parent.name, cursor=cursor, limit=1000)
            found, cursor = [*found, *page.sweeps], page.next_cursor
        chosen = [one for one in found if matches(wanted, one, STATES[one.state])]
        if (order or "").startswith("+"):
            chosen.reverse()
        return sliced(chosen, first, after)
    size = page_size(first, 50)
    page = call.domain.sweeps.find(
        actor, parent.entity, parent.name, cursor=ids.cursor_text(after), limit=max(size, 1)
    )
    nodes = list(page.sweeps)[:size]
    cursors = [ids.cursor(f"{one.created_at!r}:{one.key}") for one in nodes]
    return connection(nodes, cursors, has_next=bool(page.next_cursor) and size > 0, total=page.total)


def find_sweep(call: Call, entity: str, project_name: str, name: str) -> model.Sweep | None:
    """None where it is not there."""
    if not name:
        return None
    try:
        return call.domain.sweeps.get(call.signed_in(), entity, project_name, name)
    except NotFound:
        return None


def sweep_node(parent: model.Sweep) -> str:
    return ids.named_id(KIND, f"{parent.id}:{parent.project}:{parent.entity}")


def sweep_by_node(call: Call, node: str) -> model.Sweep:
    """Raises NotFound. A bare sweep id is no node id."""
    name, _, place = ids.named_of(KIND, node).partition(":")
    project_name, _, entity = place.rpartition(":")
    return call.domain.sweeps.get(call.signed_in(), entity, project_name, name)


# -- a sweep

sweep.plain(
    name="id",
    description="description",
    method="method",
    createdAt="created_at",
    updatedAt="updated_at",
    runCountExpected="expected",
)
sweep.constant(earlyStopJobRunning=False, controllerRunName=None)


@sweep("id")
def node_id(parent: model.Sweep, _call: Call) -> str:
    return sweep_node(parent)


@sweep("displayName")
def display_name(parent: model.Sweep, _call: Call) -> str | None:
    return parent.display_name or None


@sweep("state")
def state(parent: model.Sweep, _call: Call) -> str:
    return STATES[parent.state]


@sweep("config")
def config(parent: model.Sweep, _call: Call) -> str:
    return parent.config_text or yaml.safe_dump(plain(dict(parent.config)), sort_keys=False)


@sweep("heartbeatAt")
def heartbeat_at(parent: model.Sweep, _call: Call) -> float:
    return parent.heartbeat_at or parent.updated_at


@sweep("bestLoss")
def best_loss(parent: model.Sweep, call: Call) -> float | None:
    return call.domain.sweep_results.best_value(parent)


@sweep("runCount")
def run_count(parent: model.Sweep, call: Call) -> int:
    return call.domain.sweeps.run_count(parent)


@sweep("user")
def user(parent: model.Sweep, call: Call) -> User | None:
    return call.user(parent.username)


@sweep("project")
def project_of(parent: model.Sweep, call: Call) -> Project | None:
    return call.project(parent.entity, parent.project)


def _kept(field: str, key: str) -> None:
    """What clients of this wire keep with the sweep, as JSON text."""

    @sweep(field)
    def read(parent: model.Sweep, _call: Call) -> str | None:
        value = parent.wire.get(key)
        return None if value is None else jsonx.dumps(value)


for _field, _key in (
    ("controller", "controller"),
    ("scheduler", "scheduler"),
    ("launchScheduler", "launch_scheduler"),
    ("templateVariableValues", "template_variable_values"),
    ("priorRunsFilters", "prior_runs_filters"),
):
    _kept(_field, _key)


# -- its runs


@sweep.with_info("runs")
def runs(parent: model.Sweep, info: Info, **given: Any) -> dict[str, Any]:
    query = run_query(filters=given.get("filters"), order=given.get("order"))
    wanted = [{"sweep": parent.id}, *([dict(query.filter)] if query.filter else [])]
    return _run_page(parent, info, {"$and": wanted}, query.order, given)


@sweep.with_info("priorRuns")
def prior_runs(parent: model.Sweep, info: Info, **given: Any) -> dict[str, Any]:
    call: Call = info.context
    trials = call.domain.trials.find(call.signed_in(), parent.key, limit=10_000)
    names = [trial.run_id for trial in trials if trial.number < 0 and trial.run_id]
    return _run_page(parent, info, {"id": {"$in": names}}, ("+created_at",), given)


def _run_page(
    parent: model.Sweep,
    info: Info,
    filter_: dict[str, Any],
    order: Sequence[str],
    given: dict[str, Any],
) -> dict[str, Any]:
    """A page; all of them where nobody says how many: a controller reads the sweep whole."""
    call: Call = info.context
    size = page_size(given.get("first"), PAGE_MAX, most=PAGE_MAX)
    light = not selects(info, "config", "wandbConfig", "summaryMetrics", "systemMetrics", "sampledHistory")
    nodes: list[Run] = []
    cursors: list[str] = []
    cursor, more = ids.cursor_text(given.get("after")), True
    total = 0
    while more and len(nodes) < size:
        query = RunQuery(
            filter=filter_,
            order=tuple(order),
            cursor=cursor,
            limit=min(1000, size - len(nodes)),
            select=() if light else None,
        )
        page = call.domain.runs.find(call.signed_in(), parent.entity, parent.project, query)
        nodes += page.runs
        cursors += page.cursors
        total, cursor = page.total, page.next_cursor
        more = bool(cursor)
    return connection(nodes, [ids.cursor(one) for one in cursors], has_next=more and size > 0, total=total)


# -- agents


@sweep("agents")
def agents(
    parent: model.Sweep, call: Call, first: int | None = None, after: str | None = None
) -> dict[str, Any]:
    found = [AgentNode(one, parent) for one in call.domain.trials.agents(call.signed_in(), parent.key)]
    return sliced(found, first, after, otherwise=PAGE_MAX)


@sweep("agent")
def agent_by_name(parent: model.Sweep, call: Call, agent_name: str) -> AgentNode | None:
    """By name or node id."""
    name = agent_id_of(agent_name)
    found = call.domain.trials.agents(call.signed_in(), parent.key)
    return next((AgentNode(one, parent) for one in found if one.id == name), None)


def agent_id_of(node: str) -> str:
    try:
        return ids.named_of("Agent", node)
    except NotFound:
        return node


agent.plain(
    name="agent.id",
    host="agent.host",
    totalRuns="agent.trials",
    createdAt="agent.created_at",
    heartbeatAt="agent.heartbeat_at",
)


@agent("id")
def agent_node(parent: AgentNode, _call: Call) -> str:
    return ids.named_id("Agent", parent.agent.id)


@agent("state")
def agent_state(parent: AgentNode, _call: Call) -> str:
    return _AGENT_STATES[parent.agent.state]


@agent("user")
def agent_user(parent: AgentNode, call: Call) -> User | None:
    return call.user(parent.agent.username)


@agent.with_info("runs")
def agent_runs(parent: AgentNode, info: Info, **given: Any) -> dict[str, Any]:
    call: Call = info.context
    trials = call.domain.trials.find(call.signed_in(), parent.sweep.key, agent=parent.agent.id, limit=10_000)
    order = run_query(order=given.get("order")).order
    names = [trial.run_id for trial in trials if trial.run_id]
    return _run_page(parent.sweep, info, {"id": {"$in": names}}, order, given)


FIELDS = [
    project,
    run,
    sweep,
    agent,
    *maps("SweepConnection", "SweepEdge", "AgentConnection", "AgentEdge"),
]
