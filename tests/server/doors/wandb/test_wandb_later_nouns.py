"""Automations and launch, which are not kept yet: nothing is found, and nothing is taken for made."""

from __future__ import annotations

import pytest
from tests.support.wandb_wire import Wire


def test_lists_of_automations_and_queues_are_empty(wire: Wire) -> None:
    wire.upsert()
    found = wire.graphql(
        """query Q($e: String!, $p: String!) {
          entity(name: $e) {
            integrations { edges { node { __typename } } } triggers { edges { node { id } } }
            project(name: $p) { name triggers { id } runQueues { id } runQueue(name: "default") { id } }
          }
          viewer { projects { edges { node { triggers { id } } } } }
          launchAgent(id: "x") { id }
        }""",
        e=wire.entity,
        p=wire.project,
    )
    assert found["entity"] == {
        "integrations": {"edges": []},
        "triggers": {"edges": []},
        "project": {"name": wire.project, "triggers": [], "runQueues": [], "runQueue": None},
    }
    assert all(edge["node"] == {"triggers": []} for edge in found["viewer"]["projects"]["edges"])
    assert found["launchAgent"] is None


@pytest.mark.parametrize(
    ("mutation", "status", "words"),
    [
        (
            'createFilterTrigger(input: {name: "n", enabled: true, scopeType: PROJECT, scopeID: "x", '
            'triggeringEventType: RUN_STATE, eventFilter: "{}", triggeredActionType: NO_OP, '
            "triggeredActionConfig: {noOpActionInput: {noOp: true}}}) { trigger { id } }",
            400,
            "no automations yet",
        ),
        ('deleteTrigger(input: {triggerID: "x"}) { success }', 404, "no automation"),
        (
            'createRunQueue(input: {entityName: "e", projectName: "p", queueName: "q", access: USER}) '
            "{ success }",
            400,
            "Queue 'q' was not made",
        ),
        (
            'pushToRunQueueByName(input: {entityName: "e", projectName: "p", queueName: "q", '
            'runSpec: "{}"}) { runQueueItemId }',
            404,
            "no queue 'q'",
        ),
        ("createAnonymousEntity(input: {}) { apiKey { name } }", 403, "no anonymous accounts"),
    ],
)
def test_making_one_is_refused_in_words(wire: Wire, mutation: str, status: int, words: str) -> None:
    answer = wire.post(f"mutation M {{ {mutation} }}")
    assert answer.status_code == status
    assert words in answer.json()["errors"][0]["message"]
