"""Blobs told by XXH128: checked as they come, found by the entity that told them so, never guessed."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import xxhash
from sqlalchemy import Connection, update
from tests.support.artifact_world import ArtifactWorld, open_artifacts
from tests.support.world import World

from runstone.server.domain.artifact_model import Entry, Member, VersionWanted
from runstone.server.domain.errors import Invalid, MissingFile
from runstone.server.domain.identity import Actor
from runstone.server.stores.records.schema.blobs import blob_owners


@pytest.fixture
def house(world: World, tmp_path: Path) -> ArtifactWorld:
    return open_artifacts(world, tmp_path / "blobs")


def told(data: bytes) -> str:
    return xxhash.xxh128(data).hexdigest()


def put(house: ArtifactWorld, who: Actor, entity: str, data: bytes, xxh128: str = "") -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield data[:3]
        yield data[3:]

    asyncio.run(house.uploads.put(who, entity, chunks(), xxh128=xxh128))


def commit(house: ArtifactWorld, who: Actor, entity: str, name: str, *entries: Entry) -> Member:
    wanted = VersionWanted("dataset", name, digest_algorithm="manifest-xxh128")
    made = house.artifacts.create(who, entity, "p", wanted)
    house.artifacts.add_entries(who, made.version.id, list(entries))
    return house.artifacts.commit(who, made.version.id)


def test_an_entry_that_says_an_xxh128_only_is_the_blob_that_was_told_by_it(house: ArtifactWorld) -> None:
    ada, data = house.world.ada, b"some bytes"
    put(house, ada, "ml", data, told(data))
    member = commit(house, ada, "ml", "set", Entry("a", len(data), xxh128=told(data)))
    (kept,) = house.artifacts.entries(ada, member.version.id)
    assert kept.sha256 == hashlib.sha256(data).hexdigest() and kept.xxh128 == told(data)
    lines = f"wandb-artifact-manifest-v1\na:{b64encode(bytes.fromhex(told(data))).decode()}\n"
    assert member.version.digest == told(lines.encode())


def test_what_was_not_told_by_it_or_by_another_entity_is_missing(house: ArtifactWorld) -> None:
    ada, eve, data = house.world.ada, house.world.eve, b"some bytes"
    wanted = Entry("a", len(data), xxh128=told(data))
    put(house, ada, "ml", data)
    with pytest.raises(MissingFile):
        commit(house, ada, "ml", "set", wanted)
    put(house, eve, "eve", data, told(data))
    with pytest.raises(MissingFile):
        commit(house, ada, "ml", "set", wanted)
    put(house, ada, "ml", data, told(data))
    assert commit(house, ada, "ml", "set", wanted).index == 0
    put(house, ada, "ml", data)  # without it again: what was told stays
    (blob,) = house.uploads.find(ada, "ml", md5=[hashlib.md5(data).hexdigest()]).values()
    assert blob.xxh128 == told(data)


def test_bytes_of_another_digest_are_refused_and_not_kept(house: ArtifactWorld) -> None:
    with pytest.raises(Invalid, match="XXH128"):
        put(house, house.world.ada, "ml", b"some bytes", told(b"others"))
    assert house.stored() == 0


def test_two_blobs_of_one_xxh128_are_told_apart_by_size_or_refused(house: ArtifactWorld) -> None:
    ada = house.world.ada
    for data in (b"first!", b"second", b"a third"):
        put(house, ada, "ml", data, told(data))

    def share(conn: Connection) -> None:  # as bytes made for it would
        conn.execute(update(blob_owners).values(xxh128=told(b"first!")))

    house.world.records.write(share)
    with pytest.raises(Invalid, match="2 different files"):
        commit(house, ada, "ml", "set", Entry("a", 6, xxh128=told(b"first!")))
    member = commit(house, ada, "ml", "set", Entry("a", 7, xxh128=told(b"first!")))
    (kept,) = house.artifacts.entries(ada, member.version.id)
    assert kept.sha256 == hashlib.sha256(b"a third").hexdigest()
