from __future__ import annotations

import pytest
from tests.support.rest import People, Person, api, browser, people, project, rest

__all__ = ["api", "browser", "org", "people", "project", "rest"]


@pytest.fixture(scope="module")
def org(people: People) -> str:
    """The organisation, with the member and the viewer of the team in it."""
    for role in ("member", "viewer"):
        person: Person = getattr(people, role)
        answer = people.admin.api.put(
            f"/entities/{people.organization}/members/{person.name}", json={"role": role}
        )
        assert answer.is_success, answer.text
    return people.organization
