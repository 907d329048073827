"""Blobs in Azure's store: the shared suite on Azurite, which checks keys and shared access signatures."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import logging
import secrets
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from tests.support.azurite import ACCOUNT, API_VERSION, Azurite, azurite, azurite_program

from runstone.server.domain.errors import Unavailable
from runstone.server.stores.blobs.contract import BlobStore, Sha256
from runstone.server.stores.blobs.objects import open_blobs
from runstone.testing.blobs import BlobStoreSuite, append, put

pytestmark = pytest.mark.azure


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    if azurite_program() is None:
        pytest.skip("Azurite needs node and npm.")
    with azurite(tmp_path_factory.mktemp("azurite")) as server:
        server.create_bucket("blobs")
        yield server


class TestAzureBlobs(BlobStoreSuite):
    @pytest.fixture
    def blobs(self, azure: Azurite) -> BlobStore:
        return open_blobs(azure.url("blobs", prefix=f"site/{secrets.token_hex(6)}"))


def test_a_wrong_key_is_said_without_repeating_it(azure: Azurite) -> None:
    wrong = base64.b64encode(b"not the key of this account").decode()
    blobs = open_blobs(azure.url("blobs", key=wrong))
    with pytest.raises(Unavailable) as raised:
        blobs.put_bytes(b"x")
    assert "az://blobs" in raised.value.message and wrong not in raised.value.message
    assert "Debug source" not in raised.value.message


def test_a_container_that_is_not_there_is_a_store_that_is_away_and_no_blob_that_is_gone(
    azure: Azurite,
) -> None:
    """Whoever sends tries again, and does not take it for an answer about what was sent."""
    blobs = open_blobs(azure.url("absent"))
    with pytest.raises(
        Unavailable, match=r"container of the blob store az://absent/ does not exist\. Make it"
    ):
        blobs.put_bytes(b"x")
    for act in (lambda: append(blobs, "a" * 32, [b"x"], offset=0), lambda: list(blobs.all())):
        with pytest.raises(Unavailable, match="does not exist"):
            act()
    azure.create_bucket("absent")
    assert blobs.put_bytes(b"x").size == 1


def test_addresses_name_the_endpoint_that_clients_know(azure: Azurite) -> None:
    public = f"https://files.example.org/{ACCOUNT}"
    blobs = open_blobs(f"{azure.url('blobs', prefix='site')}&{urlencode({'public_endpoint': public})}")
    assert str(blobs.address(Sha256("a" * 64), seconds=60)).startswith(f"{public}/blobs/site/sha256/aa/")


def test_credentials_that_cannot_sign_keep_blobs_and_give_no_addresses(
    azure: Azurite, caplog: pytest.LogCaptureFixture
) -> None:
    """A shared access signature is one: then all bytes go through the server, and that is said once."""
    blobs = open_blobs(f"az://blobs/{secrets.token_hex(6)}?{urlencode(_with_token(azure))}")
    with caplog.at_level(logging.WARNING):
        info = put(blobs, [b"kept"])
        assert b"".join(blobs.read(info.sha256)) == b"kept"
        assert blobs.direct == "off"
        assert blobs.address(info.sha256, seconds=60) is None
        assert blobs.piece_addresses("a" * 32, [0], seconds=60) is None
        assert append(blobs, "a" * 32, [b"in pieces"], offset=0) == 9
        # No `finish`: it deletes by a batch, which Azurite refuses to such a signature.
    (said,) = [record.getMessage() for record in caplog.records if record.name.startswith("runstone")]
    assert "az://blobs" in said and "direct=off" in said and "sig=" not in said


def _with_token(azure: Azurite) -> dict[str, str]:
    """Options with a shared access signature for all of the account's blobs, for an hour.
    Source: Azure Storage REST reference, "Create an account SAS"."""
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    token = {
        "sp": "rwdlac",
        "ss": "b",
        "srt": "sco",
        "st": "",
        "se": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sip": "",
        "spr": "https,http",
        "sv": API_VERSION,
        "ses": "",
    }
    text = "\n".join([ACCOUNT, *token.values(), ""])
    digest = hmac.digest(base64.b64decode(azure.key), text.encode(), hashlib.sha256)
    kept = {name: value for name, value in token.items() if value}
    sas = urlencode({**kept, "sig": base64.b64encode(digest).decode()})
    return {"endpoint": azure.endpoint, "account_name": ACCOUNT, "sas_key": sas}
