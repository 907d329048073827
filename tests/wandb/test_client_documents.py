"""Every GraphQL document of the published clients fits the schema.

`python -m tests.support.wandb_documents` tells what does not, and who asks for it."""

from __future__ import annotations

import pytest
from tests.support.wandb_clients import RELEASES
from tests.support.wandb_documents import corpus

from runstone.server.doors.wandb.gql.documents import Documents
from runstone.server.doors.wandb.gql.schema import make_schema
from runstone.server.doors.wandb.resolvers import all_fields


@pytest.mark.parametrize("release", RELEASES)
def test_documents_of_the_client_are_valid(release: str) -> None:
    checked = Documents(make_schema(all_fields()))
    found = corpus(release)
    errors = {}
    for name, text in found.documents.items():
        refused = [error.message for error in checked.get(text).errors]
        if refused:
            errors[name] = refused
    assert len(found.documents) >= 150, f"only {len(found.documents)} documents were found in wandb {release}"
    assert not found.unfilled, "these begin a document that the corpus does not know whole"
    assert not errors


def test_documents_of_the_package_that_writes_reports_are_valid() -> None:
    checked = Documents(make_schema(all_fields()))
    found = corpus("0.4.13", "wandb-workspaces")
    refused = {name: checked.get(text).errors for name, text in found.documents.items()}
    assert len(found.documents) >= 10 and not found.unfilled
    assert not any(refused.values()), refused
