"""Launch is not kept yet: look-ups find no queue and no agent, and making one is refused in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call

query = Fields("Query")
mutation = Fields("Mutation")
entity = Fields("Entity")
project = Fields("Project")


def _none(_parent: Any, call: Call, **_given: Any) -> None:
    call.signed_in()


query("launchAgent")(_none)
entity("defaultResourceConfig")(_none)
project("runQueue")(_none)


@project("runQueues")
def run_queues(_parent: Any, call: Call) -> list[Any]:
    call.signed_in()
    return []


def _refused(what: str, name: str) -> Callable[..., None]:
    def refuse(_root: None, call: Call, input: dict[str, Any]) -> None:
        call.signed_in()
        raise Invalid(
            f"{what} {input[name]!r:.200} was not made: this server runs no jobs for you yet (launch). "
            "Start the script itself; its run is tracked all the same."
        )

    return refuse


def _missing(what: str, name: str) -> Callable[..., None]:
    def find(_root: None, call: Call, input: dict[str, Any]) -> None:
        call.signed_in()
        raise NotFound(f"There is no {what} {input[name]!r:.200}: this server keeps no launch queues yet.")

    return find


for _field, _what, _name in (
    ("createRunQueue", "Queue", "queue_name"),
    ("upsertRunQueue", "Queue", "queue_name"),
    ("createDefaultResourceConfig", "Resource config", "resource"),
    ("createLaunchAgent", "Launch agent", "hostname"),
):
    mutation(_field)(_refused(_what, _name))
for _field, _what, _name in (
    ("deleteRunQueues", "queue", "queue_ids"),
    ("pushToRunQueue", "queue", "queue_id"),
    ("pushToRunQueueByName", "queue", "queue_name"),
    ("popFromRunQueue", "queue", "queue_name"),
    ("ackRunQueueItem", "queued job", "run_queue_item_id"),
    ("failRunQueueItem", "queued job", "run_queue_item_id"),
    ("updateRunQueueItemWarning", "queued job", "run_queue_item_id"),
    ("deleteFromRunQueue", "queued job", "run_queue_item_id"),
    ("updateLaunchAgent", "launch agent", "launch_agent_id"),
):
    mutation(_field)(_missing(_what, _name))


FIELDS = [
    query,
    mutation,
    entity,
    project,
    *maps(
        "RunQueue",
        "RunQueueItem",
        "RunQueueItemConnection",
        "RunQueueItemEdge",
        "LaunchAgent",
        "DefaultResourceConfig",
        "TemplateVariable",
        "CreateRunQueuePayload",
        "UpsertRunQueuePayload",
        "DeleteRunQueuesPayload",
        "CreateDefaultResourceConfigPayload",
        "PushToRunQueuePayload",
        "PopFromRunQueuePayload",
        "AckRunQueueItemPayload",
        "FailRunQueueItemPayload",
        "UpdateRunQueueItemWarningPayload",
        "DeleteFromRunQueuePayload",
        "CreateLaunchAgentPayload",
        "UpdateLaunchAgentPayload",
    ),
]
