"""The lineage graph: closures equal those of a simple model, and what is hidden is locked, not dropped."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.support.artifact_world import ArtifactWorld, open_artifacts
from tests.support.world import SYSTEM, World

from runstone.server.domain.identity import Role


@pytest.fixture
def house(world: World, tmp_path: Path) -> ArtifactWorld:
    return open_artifacts(world, tmp_path / "blobs")


def chain(house: ArtifactWorld) -> dict[str, int]:
    """raw → clean (run prep) → net (run train), deployed, with a prediction."""
    ada = house.world.ada
    raw = house.log("raw", {"r": b"raw"})
    house.world.run("prep")
    house.artifacts.use(ada, "ml", "p", "prep", raw.version.id)
    clean = house.log("clean", {"c": b"clean"}, run="prep")
    house.world.run("train", environment={"git": {"commit": "abc123"}})
    house.artifacts.use(ada, "ml", "p", "train", clean.version.id)
    net = house.log("net", {"w": b"net"}, type="model", run="train")
    deployed = house.deployments.record(ada, "ml", site="berlin", name="asr", member=net)
    house.deployments.add_prediction(ada, "ml", prediction_id="p1", deployment_id=deployed.id)
    return {
        "raw": raw.version.id,
        "clean": clean.version.id,
        "net": net.version.id,
        "deployment": deployed.id,
    }


def test_a_model_is_traced_up_to_its_raw_data_and_down_to_its_predictions(house: ArtifactWorld) -> None:
    ids = chain(house)
    up = house.lineage.of_version(house.world.vic, ids["net"], direction="up")
    assert [node.label for node in up.nodes if node.kind == "artifact"] == ["raw:v0", "clean:v0", "net:v0"]
    assert [node.depth for node in up.nodes if node.kind == "artifact"] == [-4, -2, 0]
    down = house.lineage.of_version(house.world.vic, ids["raw"], direction="down", depth=9)
    assert {node.kind for node in down.nodes} == {"artifact", "run", "deployment", "prediction"}
    kinds = {(edge.source.split(":")[0], edge.kind, edge.target.split(":")[0]) for edge in down.edges}
    assert kinds == {
        ("artifact", "used", "run"),
        ("run", "made", "artifact"),
        ("artifact", "deployed", "deployment"),
        ("deployment", "predicted", "prediction"),
    }
    short = house.lineage.of_version(house.world.vic, ids["net"], direction="up", depth=2)
    assert short.truncated and all(node.label != "raw:v0" for node in short.nodes)


def test_a_prediction_is_traced_back_to_run_commit_and_data(house: ArtifactWorld) -> None:
    ids = chain(house)
    found = house.lineage.trace_back(house.world.vic, "ml", "p1")
    assert found.version.id == ids["net"]
    assert found.run == "ml/p/train" and found.commit == "abc123"
    assert [node.label for node in found.inputs] == ["clean:v0"]
    assert "raw:v0" in [node.label for node in found.graph.nodes]
    keys = {node.key for node in found.graph.nodes}
    assert all(edge.source in keys and edge.target in keys for edge in found.graph.edges)


def test_what_may_not_be_seen_is_locked_and_what_lies_behind_it_is_not(house: ArtifactWorld) -> None:
    world = house.world
    ids = chain(house)
    # olga takes ml's model into a project of her own organisation, through a run there.
    world.entities.set_member(SYSTEM, "ml", "olga", Role.VIEWER)
    olga = world.actor("olga")
    world.runs.upsert(olga, "acme", "shared", "tune", _nothing())
    house.artifacts.use(olga, "acme", "shared", "tune", ids["net"])
    tuned = house.log("tuned", {"w": b"tuned"}, actor=olga, entity="acme", project="shared", run="tune")
    world.entities.remove_member(SYSTEM, "ml", "olga")
    oscar = world.actor("oscar")
    graph = house.lineage.of_version(oscar, tuned.version.id, direction="up", depth=9)
    seen = {node.label for node in graph.nodes if not node.locked}
    assert seen == {"tuned:v0", next(node.label for node in graph.nodes if node.state == "running")}
    locked = [node for node in graph.nodes if node.locked]
    assert len(locked) == 5  # net, train, clean, prep, raw
    assert all((node.name, node.label, node.sha256, node.type) == ("", "", "", "") for node in locked)
    keys = {node.key for node in graph.nodes}
    assert all(edge.source in keys and edge.target in keys for edge in graph.edges)
    whole = house.lineage.of_version(world.admin, tuned.version.id, direction="up", depth=9)
    assert keys == {node.key for node in whole.nodes} and not any(node.locked for node in whole.nodes)


def _nothing() -> object:
    from runstone.server.domain.runs import RunChange

    return RunChange()


def test_impact_of_a_row_is_of_all_versions_that_hold_it(house: ArtifactWorld) -> None:
    ada = house.world.ada
    first = house.log("set", {"a": b"1"}, facts={"row_ids": ["r1", "r2"]})
    second = house.log("set", {"a": b"2"}, facts={"row_ids": ["r2"]})
    house.world.run("train")
    house.artifacts.use(ada, "ml", "p", "train", second.version.id)
    house.log("net", {"w": b"w"}, type="model", run="train")
    one = house.lineage.impact(ada, second.version.id, row_id="r1")
    assert one.certain and [node.id for node in one.versions] == [str(first.version.id)]
    assert len(one.graph.nodes) == 1
    two = house.lineage.impact(ada, first.version.id, row_id="r2")
    assert {node.label for node in two.versions} == {"set:v0", "set:v1"}
    assert "net:v0" in [node.label for node in two.graph.nodes]
    house.log("set", {"a": b"3"})
    assert not house.lineage.impact(ada, first.version.id, row_id="r9").certain


def test_closures_of_random_graphs_equal_those_of_a_simple_model(house: ArtifactWorld) -> None:
    ada, dice = house.world.ada, random.Random(7)
    forward: dict[str, set[str]] = {}
    versions: list[int] = []
    for number in range(12):
        key = f"run:{house.world.run(f'r{number}').key}"
        used = dice.sample(versions, min(len(versions), dice.randint(0, 3)))
        for version in used:
            house.artifacts.use(ada, "ml", "p", f"r{number}", version)
            forward.setdefault(f"artifact:{version}", set()).add(key)
        for output in range(dice.randint(1, 2)):
            made = house.log(f"a{number}{output}", {"x": b"%d.%d" % (number, output)}, run=f"r{number}")
            versions.append(made.version.id)
            forward.setdefault(key, set()).add(f"artifact:{made.version.id}")
    back: dict[str, set[str]] = {}
    for source, targets in forward.items():
        for target in targets:
            back.setdefault(target, set()).add(source)
    for root in dice.sample(versions, 4):
        for direction, edges in (("down", forward), ("up", back)):
            for depth in (1, 3, 20):
                want, frontier = {f"artifact:{root}"}, {f"artifact:{root}"}
                for _ in range(depth):
                    frontier = {to for here in frontier for to in edges.get(here, ())} - want
                    want |= frontier
                graph = house.lineage.of_version(ada, root, direction=direction, depth=depth)  # type: ignore[arg-type]
                assert {node.key for node in graph.nodes} == want
