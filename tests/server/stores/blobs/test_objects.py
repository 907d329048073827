"""What an address of an object store says: whom the store is shown to, and by which name. Nothing is sent."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from runstone.server.domain.errors import Invalid
from runstone.server.stores.blobs.contract import Sha256
from runstone.server.stores.blobs.objects import open_blobs
from runstone.server.stores.blobs.remote import _parts

S3 = "s3://bucket/site?endpoint=http://10.0.0.5:8333&region=x&access_key_id=a&secret_access_key=secret-b"
UPLOAD = "0" * 31 + "1"
DIGEST = Sha256("a" * 64)


@pytest.mark.parametrize(("option", "shown"), [("", "auto"), ("&direct=auto", "auto"), ("&direct=on", "on")])
def test_who_is_shown_an_object_store_gets_addresses_in_it(option: str, shown: str) -> None:
    blobs = open_blobs(S3 + option)
    assert blobs.direct == shown
    found = blobs.piece_addresses(UPLOAD, [0, 64], seconds=900)
    assert found is not None and [address.headers for address in found] == [{}, {}]
    url = urlsplit(found[1].url)
    assert (url.netloc, url.path) == ("10.0.0.5:8333", f"/bucket/site/uploads/{UPLOAD}/{64:020d}")
    assert parse_qs(url.query)["X-Amz-Expires"] == ["900"]
    assert "secret-b" not in found[1].url
    assert blobs.address(DIGEST, seconds=60) is not None


def test_a_store_that_is_shown_to_nobody_gives_no_address(tmp_path: Path) -> None:
    for blobs in (open_blobs(S3 + "&direct=off"), open_blobs(tmp_path)):
        assert blobs.direct == "off"
        assert blobs.piece_addresses(UPLOAD, [0], seconds=60) is None
        assert blobs.address(DIGEST, seconds=60) is None


def test_addresses_are_signed_for_the_name_that_clients_know_the_store_by() -> None:
    blobs = open_blobs(S3 + "&public_endpoint=https://s3.example.org")
    found = blobs.piece_addresses(UPLOAD, [0], seconds=60)
    assert found is not None and found[0].url.startswith("https://s3.example.org/bucket/site/uploads/")
    assert str(blobs.address(DIGEST, seconds=60)).startswith("https://s3.example.org/bucket/site/sha256/")


def test_an_option_of_no_known_value_is_refused() -> None:
    with pytest.raises(Invalid, match=r"direct='yes' .* Use auto, on or off"):
        open_blobs(S3 + "&direct=yes")


def test_azure_is_told_the_kind_of_blob_that_a_piece_is() -> None:
    key = base64.b64encode(b"k" * 32).decode()
    blobs = open_blobs(f"az://container/site?account_name=acc&account_key={key}")
    found = blobs.piece_addresses(UPLOAD, [0], seconds=60)
    assert found is not None and found[0].headers == {"x-ms-blob-type": "BlockBlob"}
    url = urlsplit(found[0].url)
    assert url.scheme == "https" and url.path == f"/container/site/uploads/{UPLOAD}/{0:020d}"
    assert parse_qs(url.query)["sp"] == ["w"]  # writing, nothing else


def test_google_signs_addresses_by_a_service_account(tmp_path: Path) -> None:
    made = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        check=True,
        capture_output=True,
    )
    account = {
        "type": "service_account",
        "private_key": made.stdout.decode(),
        "private_key_id": "1",
        "client_email": "a@example.org",
        "disable_oauth": False,
    }
    file = tmp_path / "account.json"
    file.write_text(json.dumps(account))
    blobs = open_blobs(f"gs://bucket/site?service_account={file}")
    found = blobs.piece_addresses(UPLOAD, [0], seconds=60)
    assert found is not None and f"/bucket/site/uploads/{UPLOAD}/{0:020d}?" in found[0].url


@pytest.mark.parametrize("size", [0, 1, 64 << 20, 70 << 30, 80 << 30, 1 << 40, 5 << 40])
def test_an_object_of_any_size_is_sent_in_at_most_ten_thousand_parts(size: int) -> None:
    part, at_once = _parts(size)
    assert -(-size // part) <= 10_000 and at_once >= 1 and part >= 5 << 20
    assert size > 70 << 30 or part * at_once <= 32 << 20
