"""Every GraphQL document of the published clients fits the schema.

`python -m tests.support.wandb_documents` tells what does not, and who asks for it."""

from __future__ import annotations

import re

import pytest
from tests.support.wandb_clients import RELEASES
from tests.support.wandb_documents import corpus

from runstone.server.doors.wandb.gql.documents import Documents
from runstone.server.doors.wandb.gql.schema import make_schema
from runstone.server.doors.wandb.resolvers import all_fields

# Words of refusals that concern nouns which are not whole yet.
_LATER = re.compile(
    r"Artifact|Alias|Manifest|Portfolio|Multipart|UploadParts|clientIDMapping|storagePath|digestAlgorithm|"
    r"artifact|commitHash|historyStep|ttl|Registry|usedBy|createdBy|includeAll|Role|[mM]ember|"
    r"'(aliases|tags|files|description|name)' on type|"
    r"RunQueue|LaunchAgent|launchAgent|'runs' on type|"
    r"CustomChart"
)


@pytest.mark.parametrize("release", RELEASES)
def test_documents_of_the_client_are_valid(release: str) -> None:
    checked = Documents(make_schema(all_fields()))
    found = corpus(release)
    errors = {}
    for name, text in found.documents.items():
        refused = [e.message for e in checked.get(text).errors if not _LATER.search(e.message)]
        if refused:
            errors[name] = refused
    assert len(found.documents) >= 150, f"only {len(found.documents)} documents were found in wandb {release}"
    assert not found.unfilled, "these begin a document that the corpus does not know whole"
    assert not errors
