"""References against what they refer to: a real object store, a real web server, files."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.support.seaweed import Seaweed, seaweed, weed_program

from runstone.client.errors import Misuse, ReferenceAway
from runstone.client.pointers.sources import Found
from runstone.client.references import reading, resolve
from runstone.content.digests import hash_file
from runstone.content.manifest import NO_DIGEST
from runstone.content.trees import one_file


def bytes_of(found: Found) -> bytes:
    with reading(found[2]) as pieces:
        return b"".join(pieces)


# -- an object store ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    if weed_program() is None:
        pytest.skip("SeaweedFS is not installed")
    with seaweed(tmp_path_factory.mktemp("weed")) as s3:
        s3.create_bucket("data")
        yield s3


@pytest.fixture
def bucket(store_server: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bucket `data`; this process has its credentials in its environment, as a user would."""
    from obstore.store import S3Store

    for name, value in store_server.environment().items():
        monkeypatch.setenv(name, value)
    return S3Store("data")


@pytest.mark.s3
def test_an_object_is_known_by_its_etag_and_comes_back(bucket: Any) -> None:
    import obstore

    obstore.put(bucket, "train/rows.csv", b"1,2\n3,4\n")
    ((path, size, reference, sha256),) = resolve("s3://data/train/rows.csv")
    assert (path, size, sha256) == ("rows.csv", 8, NO_DIGEST)
    assert reference.uri == "s3://data/train/rows.csv"
    assert reference.digest == reference.extra["etag"] == hashlib.md5(b"1,2\n3,4\n").hexdigest()
    assert bytes_of((path, size, reference, sha256)) == b"1,2\n3,4\n"


@pytest.mark.s3
def test_a_prefix_is_a_folder_whose_names_are_kept_whatever_is_in_them(bucket: Any) -> None:
    import obstore

    names = ["a.txt", "deep/b c.txt", "deep/50%.txt", "deep/ü.txt"]
    for name in names:
        obstore.put(bucket, f"set/{name}", name.encode())
    obstore.put(bucket, "settle/other.txt", b"beside the prefix, not in it")
    found = list(resolve("s3://data/set/", "images"))
    assert sorted(item[0] for item in found) == sorted(f"images/{name}" for name in names)
    for item in found:
        assert bytes_of(item) == item[0].removeprefix("images/").encode()


@pytest.mark.s3
def test_an_object_that_was_written_over_is_refused(bucket: Any) -> None:
    import obstore

    obstore.put(bucket, "over.bin", b"first")
    (found,) = resolve("s3://data/over.bin")
    obstore.put(bucket, "over.bin", b"second")
    with pytest.raises(ReferenceAway, match="has changed"):
        bytes_of(found)


@pytest.mark.s3
def test_what_is_not_there_or_may_not_be_read_is_told(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import obstore

    with pytest.raises(ReferenceAway, match="nothing at s3://data/absent"):
        list(resolve("s3://data/absent"))
    obstore.put(bucket, "gone.bin", b"x")
    (found,) = resolve("s3://data/gone.bin")
    obstore.delete(bucket, "gone.bin")
    with pytest.raises(ReferenceAway, match=r"no s3://data/gone\.bin .*it was deleted"):
        bytes_of(found)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(ReferenceAway, match="cannot be asked for") as told:
        list(resolve("s3://data/gone.bin"))
    assert "\n" not in str(told.value)  # without the insides of a library


@pytest.mark.s3
def test_a_version_that_is_not_there_is_never_something_else_of_a_like_name(bucket: Any) -> None:
    import obstore

    obstore.put(bucket, "named.bin/inside", b"another object")
    with pytest.raises(ReferenceAway):
        list(resolve("s3://data/named.bin?versionId=0123456789abcdef"))


@pytest.mark.s3
def test_more_objects_than_are_allowed_are_refused_before_they_are_all_listed(bucket: Any) -> None:
    import obstore

    for number in range(5):
        obstore.put(bucket, f"many/{number}", b"x")
    with pytest.raises(Misuse, match="more than 3 files"):
        list(resolve("s3://data/many/", objects_max=3))


@pytest.fixture
def versioned(bucket: Any, store_server: Seaweed) -> Any:
    """The bucket `kept`, which keeps what is written over or deleted."""
    from obstore.store import S3Store

    store_server.create_bucket("kept")
    store_server.keep_versions("kept")
    return S3Store("kept")


@pytest.mark.s3
def test_a_version_of_an_object_comes_back_when_another_was_written_over_it(versioned: Any) -> None:
    import obstore

    first = obstore.put(versioned, "model.bin", b"first")
    (found,) = resolve("s3://kept/model.bin")
    assert found[2].extra["versionID"] == first["version"]
    second = obstore.put(versioned, "model.bin", b"the second")
    assert first["version"] != second["version"]
    assert bytes_of(found) == b"first"
    (named,) = resolve(f"s3://kept/model.bin?versionId={first['version']}")
    assert named[1] == 5 and bytes_of(named) == b"first"
    (newest,) = resolve("s3://kept/model.bin")
    assert newest[1] == 10 and bytes_of(newest) == b"the second"


@pytest.mark.s3
def test_each_object_below_a_prefix_is_known_by_its_version(versioned: Any) -> None:
    import obstore

    for number in range(40):
        obstore.put(versioned, f"set/{number:02}", b"old %d" % number)
    found = list(resolve("s3://kept/set/"))
    for number in range(0, 40, 3):
        obstore.put(versioned, f"set/{number:02}", b"new")
    assert [item[0] for item in found] == [f"{number:02}" for number in range(40)]
    assert [bytes_of(item) for item in found] == [b"old %d" % number for number in range(40)]


@pytest.mark.s3
def test_a_version_outlives_the_deletion_of_its_object_and_is_missed_when_it_is_deleted_itself(
    versioned: Any, store_server: Seaweed
) -> None:
    import obstore

    put = obstore.put(versioned, "short.bin", b"bytes")
    (found,) = resolve("s3://kept/short.bin")
    obstore.delete(versioned, "short.bin")  # leaves a marker
    with pytest.raises(ReferenceAway, match=r"nothing at s3://kept/short\.bin"):
        list(resolve("s3://kept/short.bin"))
    assert bytes_of(found) == b"bytes"
    version = str(put["version"])
    store_server.delete_version("kept", "short.bin", version)
    with pytest.raises(ReferenceAway, match=rf"no version {version} of s3://kept/short\.bin .*was deleted"):
        bytes_of(found)
    with pytest.raises(ReferenceAway, match=f"no version {version} of"):
        list(resolve(f"s3://kept/short.bin?versionId={version}"))


# -- a web server -----------------------------------------------------------------------------------------


class Site:
    """Serves `content` with its own ETag, or none."""

    def __init__(self) -> None:
        self.content, self.etag, self.status, self.modified = b"weights", '"v1"', 200, ""
        self.needs = ""  # the Authorization that is asked for
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/moved":
                    self.send_response(302)
                    self.send_header("Location", "/model.bin")
                    self.end_headers()
                    return
                denied = site.needs and self.headers.get("Authorization") != site.needs
                self.send_response(401 if denied else site.status)
                if site.etag:
                    self.send_header("ETag", site.etag)
                if site.modified:
                    self.send_header("Last-Modified", site.modified)
                self.send_header("Content-Length", str(len(site.content)))
                self.end_headers()
                self.wfile.write(site.content)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_an_address_of_the_web_is_known_by_its_etag(site: Site) -> None:
    (found,) = resolve(f"{site.address}/model.bin")
    assert found[:2] == ("model.bin", 7)
    assert found[2].digest == found[2].extra["etag"] == "v1"
    assert bytes_of(found) == b"weights"
    (moved,) = resolve(f"{site.address}/moved", "model")
    assert moved[0] == "model" and bytes_of(moved) == b"weights"
    site.content, site.etag = b"other weights", '"v2"'
    with pytest.raises(ReferenceAway, match="has changed: its etag is 'v2' now"):
        bytes_of(found)


def test_a_password_is_never_kept_in_a_reference_and_comes_from_the_netrc_file(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.needs = "Basic " + base64.b64encode(b"ann:secret-word").decode()
    with pytest.raises(Misuse, match="put them into your netrc file") as refused:
        list(resolve(site.address.replace("//", "//ann:secret-word@") + "/model.bin"))
    assert "secret-word" not in str(refused.value)
    with pytest.raises(ReferenceAway, match="401"):
        list(resolve(f"{site.address}/model.bin"))
    host = site.address.removeprefix("http://")
    (tmp_path / "netrc").write_text(f"machine {host} login ann password secret-word\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (found,) = resolve(f"{site.address}/model.bin")
    assert bytes_of(found) == b"weights" and "secret-word" not in repr(found)


def test_without_an_etag_the_time_of_the_last_change_tells(site: Site) -> None:
    site.etag, site.modified = "", "Fri, 27 Nov 2026 10:00:00 GMT"
    (found,) = resolve(f"{site.address}/model.bin")
    assert bytes_of(found) == b"weights"
    site.modified = "Fri, 27 Nov 2026 11:00:00 GMT"
    with pytest.raises(ReferenceAway, match="has changed: it is of Fri, 27 Nov 2026 11:00:00 GMT now"):
        bytes_of(found)


def test_a_web_server_without_etags_is_taken_at_its_word_and_one_that_refuses_is_told(site: Site) -> None:
    site.etag = ""
    (found,) = resolve(f"{site.address}/model.bin")
    assert found[2].digest == found[2].uri and bytes_of(found) == b"weights"
    site.status = 403
    with pytest.raises(ReferenceAway, match="cannot be fetched"):
        bytes_of(found)
    with pytest.raises(ReferenceAway, match="cannot be asked for"):
        list(resolve(f"{site.address}/model.bin"))


# -- files ------------------------------------------------------------------------------------------------


def test_a_folder_by_reference_is_hashed_and_what_changed_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a 50%.txt").write_bytes(b"a")
    (tmp_path / "deep" / "b.txt").write_bytes(b"b")
    found = {item[0]: item for item in resolve(tmp_path.as_uri())}
    assert found.keys() == {"a 50%.txt", "deep/b.txt"}
    assert found["deep/b.txt"][3] == hashlib.sha256(b"b").digest()
    assert bytes_of(found["a 50%.txt"]) == b"a"
    (tmp_path / "deep" / "b.txt").unlink()
    with pytest.raises(ReferenceAway, match="cannot be read"):
        bytes_of(found["deep/b.txt"])


def test_a_path_that_is_nothing_of_all_that_is_told_what_a_reference_is(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text("x")
    with pytest.raises(Misuse, match=r"Write file://"):
        list(resolve(str(tmp_path / "plain.txt")))
    assert hash_file(one_file(str(tmp_path / "plain.txt"))) == hashlib.sha256(b"x").digest()
