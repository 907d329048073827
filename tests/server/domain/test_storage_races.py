"""A collection at any moment of a commit: the version is whole, or is told to send again; never a fault."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.support.artifact_world import ArtifactWorld, entry, open_artifacts
from tests.support.world import World

from runstone.server.domain import artifact_commit
from runstone.server.domain.artifact_model import VersionWanted
from runstone.server.domain.errors import Conflict, MissingFile, NotFound, ReferenceGone, Unavailable
from runstone.server.stores.records import artifacts as version_statements
from runstone.server.stores.records import blobs as blob_statements
from runstone.server.stores.records import storage_use as statements

SWEEPS = 60
FILES = {f"f{n}": f"content {n}".encode() for n in range(5)}


@pytest.fixture
def house(world: World, tmp_path: Path) -> ArtifactWorld:
    return open_artifacts(world, tmp_path / "blobs")


def collect(house: ArtifactWorld) -> None:
    house.storage.collect(house.world.admin, spared_seconds=0.0, trash_seconds=0.0, rewrite_packs=0.0)


def content(house: ArtifactWorld, version: int, path: str) -> bytes:
    _, chunks = house.artifacts.read(house.world.ada, version, path)
    return b"".join(chunks)


def pending(house: ArtifactWorld) -> int:
    ada = house.world.ada
    made = house.artifacts.create(ada, "ml", "p", VersionWanted("dataset", "set")).version.id
    house.artifacts.add_entries(ada, made, [entry(path, data) for path, data in FILES.items()])
    return made


class Meanwhile:
    """Records, where `act` happens just before the `at`-th write."""

    def __init__(self, records: Any, at: int, act: Callable[[], None]) -> None:
        self._records, self._left, self._act = records, at, act
        self.acted = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)

    def write(self, work: Callable[[Connection], Any]) -> Any:
        self._left -= 1
        if self._left == 0:
            self._act()
            self.acted = True
        return self._records.write(work)


def drop_unheld(house: ArtifactWorld) -> None:
    """What a collection does to parts and blobs, but for the pending version itself."""
    records, soon = house.world.records, 1e12
    records.write(lambda conn: statements.drop_parts(conn, before=soon, limit=1000))
    records.write(lambda conn: statements.drop_blobs(conn, before=soon, limit=1000))


def commit_meanwhile(house: ArtifactWorld, version: int, at: int, act: Callable[[], None]) -> Any:
    records = Meanwhile(house.world.records, at, act)
    with house.world.records.read() as conn:
        row = version_statements.version(conn, version)
    assert row is not None
    try:
        return artifact_commit.Commit(records, house.world.ada, row).run()
    finally:
        assert records.acted


@pytest.mark.parametrize("at", [1, 2], ids=["before its parts are kept", "before it is seen"])
def test_bytes_collected_during_a_commit_are_asked_for_again(house: ArtifactWorld, at: int) -> None:
    ada = house.world.ada
    house.uploads.put_many(ada, "ml", list(FILES.values()))
    version = pending(house)
    with pytest.raises(MissingFile) as told:
        commit_meanwhile(house, version, at, lambda: drop_unheld(house))
    assert set(told.value.fields["paths"]) == set(FILES)
    with pytest.raises(NotFound):
        house.artifacts.get(ada, "ml", "p", "set:latest")
    house.uploads.put_many(ada, "ml", list(FILES.values()))
    member = house.artifacts.commit(ada, version)
    for path, data in FILES.items():
        assert content(house, member.version.id, path) == data


def test_a_number_given_to_another_blob_is_not_taken_for_the_one_that_was_collected(
    house: ArtifactWorld,
) -> None:
    ada = house.world.ada
    house.uploads.put_many(ada, "ml", list(FILES.values()))
    version = pending(house)

    def others() -> None:
        drop_unheld(house)
        house.uploads.put_many(ada, "ml", [f"another {n}".encode() for n in range(len(FILES))])

    with pytest.raises(MissingFile):
        commit_meanwhile(house, version, 1, others)


def test_a_part_collected_during_a_commit_whose_bytes_another_holds_is_made_again(
    house: ArtifactWorld,
) -> None:
    ada = house.world.ada
    house.log("other", FILES | {"more": b"so the part is another one"})
    version = pending(house)
    number, made = commit_meanwhile(house, version, 2, lambda: drop_unheld(house))
    assert made
    assert [found.path for found in house.artifacts.entries(ada, number)] == sorted(FILES)
    collect(house)
    assert content(house, number, "f3") == FILES["f3"]


def test_a_commit_that_is_collected_again_and_again_is_told_to_come_back(
    house: ArtifactWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.uploads.put_many(house.world.ada, "ml", list(FILES.values()))
    version = pending(house)

    def gone(*_: Any) -> dict[int, str]:
        return {}

    monkeypatch.setattr(blob_statements, "hold_blobs", gone)
    with pytest.raises(Unavailable) as told:
        house.artifacts.commit(house.world.ada, version)
    assert told.value.fields["retry_after_seconds"] > 0


def test_a_row_that_points_nowhere_is_a_conflict(house: ArtifactWorld) -> None:
    def work(conn: Connection) -> None:
        blob_statements.own(conn, 1, [(10**12, "")], birth=0, now=0.0)

    with pytest.raises(ReferenceGone):
        house.world.records.write(work)


def test_collections_beside_commits_lose_nothing_and_fail_nobody(house: ArtifactWorld) -> None:
    ada, over = house.world.ada, threading.Event()
    faults: list[BaseException] = []
    kept: dict[int, dict[str, bytes]] = {}

    def log(who: int) -> None:
        for number in range(10):
            files = {f"f{n}": f"{who} {number // 2} {n}".encode() for n in range(4)} | {"all": b"shared"}
            for _ in range(1000):
                try:
                    house.uploads.put_many(ada, "ml", list(files.values()))
                    made = house.artifacts.create(ada, "ml", "p", VersionWanted("dataset", f"s{who}"))
                    entries = [entry(path, data) for path, data in files.items()]
                    house.artifacts.add_entries(ada, made.version.id, entries)
                    kept[house.artifacts.commit(ada, made.version.id).version.id] = files
                    break
                except (Conflict, NotFound, Unavailable):
                    continue
                except BaseException as error:
                    faults.append(error)
                    return
            else:
                faults.append(AssertionError(f"{who}/{number} never came through"))

    def sweep() -> None:
        for _ in range(SWEEPS):  # then a slow machine too comes through
            if over.wait(0.05):
                return
            try:
                drop_unheld(house)
            except Conflict:
                continue
            except BaseException as error:
                faults.append(error)
                return

    threads = [threading.Thread(target=log, args=(who,)) for who in range(3)]
    sweeper = threading.Thread(target=sweep)
    for thread in (*threads, sweeper):
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    sweeper.join()
    assert faults == []
    for version, files in kept.items():
        for path, data in files.items():
            assert content(house, version, path) == data
