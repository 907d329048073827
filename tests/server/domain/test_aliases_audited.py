"""An alias that moves without a commit is answered for all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.artifact_world import ArtifactWorld, open_artifacts
from tests.support.world import World


@pytest.fixture
def house(world: World, tmp_path: Path) -> ArtifactWorld:
    return open_artifacts(world, tmp_path / "blobs")


def test_content_that_is_logged_again_moves_its_aliases_in_the_audit_log(house: ArtifactWorld) -> None:
    first = house.log("set", {"a": b"1"})
    house.log("set", {"a": b"2"})
    again = house.log("set", {"a": b"1"}, aliases=("best",))
    assert again.version.id == first.version.id
    row = house.audit.find(house.world.admin, action="alias.move").items[0]
    assert row.subject == "ml/p/set:v0" and row.detail["set"] == ["best", "latest"]
