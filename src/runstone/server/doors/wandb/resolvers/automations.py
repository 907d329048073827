"""Automations are not kept yet: lists are empty, and making one is refused in words."""

from __future__ import annotations

from typing import Any

from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.resolvers.base import connection

mutation = Fields("Mutation")
entity = Fields("Entity")
organization = Fields("Organization")
project = Fields("Project")


def _none_yet(_parent: Any, call: Call, **_given: Any) -> dict[str, Any]:
    call.signed_in()
    return connection([], [], has_next=False)


entity("integrations")(_none_yet)
entity("triggers")(_none_yet)
organization("triggers")(_none_yet)


@project("triggers")
def triggers(_parent: Any, call: Call) -> list[Any]:
    call.signed_in()
    return []


@mutation("createFilterTrigger")
def create_trigger(_root: None, call: Call, input: dict[str, Any]) -> None:
    call.signed_in()
    raise Invalid(
        f"Automation {input['name']!r:.200} was not made: this server runs no automations yet. "
        "Poll with wandb.Api(), or let the script itself call what should follow."
    )


@mutation("updateFilterTrigger")
def update_trigger(_root: None, call: Call, input: dict[str, Any]) -> None:
    call.signed_in()
    raise NotFound(f"There is no automation with the id {input['id']!r:.200}.")


@mutation("deleteTrigger")
def delete_trigger(_root: None, call: Call, input: dict[str, Any]) -> None:
    call.signed_in()
    raise NotFound(f"There is no automation with the id {input['trigger_id']!r:.200}.")


@mutation("createGenericWebhookIntegration")
def create_webhook(_root: None, call: Call, input: dict[str, Any]) -> None:
    call.signed_in()
    raise Invalid(
        f"Webhook {input['name']!r:.200} was not made: this server runs no automations yet, so that "
        "nothing would ever call it."
    )


FIELDS = [
    mutation,
    entity,
    organization,
    project,
    *maps(
        "Trigger",
        "TriggerConnection",
        "TriggerEdge",
        "FilterEventTriggeringCondition",
        "QueueJobTriggeredAction",
        "NotificationTriggeredAction",
        "GenericWebhookTriggeredAction",
        "PushNotificationTriggeredAction",
        "NoOpTriggeredAction",
        "ARIATriggeredAction",
        "SlackIntegration",
        "GenericWebhookIntegration",
        "IntegrationConnection",
        "IntegrationEdge",
        "CreateFilterTriggerPayload",
        "UpdateFilterTriggerPayload",
        "DeleteTriggerPayload",
        "CreateGenericWebhookIntegrationPayload",
    ),
]
