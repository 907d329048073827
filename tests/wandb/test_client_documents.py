"""Every GraphQL document of the published clients fits the schema, but for nouns that come later."""

from __future__ import annotations

import re

import pytest
from tests.support.wandb_documents import documents

from runstone.server.doors.wandb.gql.documents import Documents
from runstone.server.doors.wandb.gql.schema import make_schema
from runstone.server.doors.wandb.resolvers import all_fields

# Artifacts, registries, sweeps, automations and launch are not served yet.
_LATER = re.compile(
    r"Artifact|Alias|Registr|Sweep|Agent|Heartbeat|RunQueue|Launch|ackRun|ResourceConfig|Automation|Integration|"
    r"CustomChart|ClientIDMapping|AnonymousApiKey|^Collections$|^Versions$"
)
# Texts that the client fills in before it sends them.
_TEMPLATE = re.compile(r"\b_[A-Z]+(?:_[A-Z]+)*_\b|_Server_Settings_")


@pytest.mark.parametrize("release", ["0.31.0", "0.19.11"])
def test_documents_of_the_client_are_valid(release: str) -> None:
    checked = Documents(make_schema(all_fields()))
    errors = {}
    count = 0
    for name, text in documents(release).items():
        if _LATER.search(name) or _TEMPLATE.search(text) or ("Fragment" in text and "fragment " not in text):
            continue
        count += 1
        found = checked.get(text).errors
        if found:
            errors[name] = [error.message for error in found]
    assert count >= 50, f"only {count} documents were found in wandb {release}"
    assert not errors
