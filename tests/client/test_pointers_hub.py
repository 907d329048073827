"""Files of a hub of models and data sets by reference: a server that speaks its paths, on two hosts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.pointers import Hub, downloaded, entries_of, tree

from runstone.client.artifact_differences import compare
from runstone.client.errors import Misuse, ReferenceAway
from runstone.client.references import resolve
from runstone.content.manifest import NO_DIGEST, Entry, Reference

WEIGHTS = bytes(range(256)) * 9000
FILES = {"README.md": b"# net\n", "model.safetensors": WEIGHTS, "deep/b c%.json": b"{}"}
SET = "hf://datasets/team/rows"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNSTONE_DATA", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    made = Hub()
    made.files = {("model", "team/net"): dict(FILES), ("dataset", "team/rows"): {"train/0.csv": b"1,2\n"}}
    made.large = {"model.safetensors"}
    monkeypatch.setenv("HF_ENDPOINT", made.web.address + "/")
    yield made
    made.close()


def _logged(uri: str, name: str | None = None) -> list[Entry]:
    return entries_of(resolve(uri, name))


def _git_blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def test_a_repository_is_its_files_at_the_commit(hub: Hub) -> None:
    entries = {entry.path: entry for entry in _logged("hf://team/net")}
    assert entries.keys() == FILES.keys()
    large, small = entries["model.safetensors"], entries["README.md"]
    assert large.sha256 == hashlib.sha256(WEIGHTS).digest() and large.size == len(WEIGHTS)
    assert small.sha256 == NO_DIGEST and small.reference == Reference(
        f"hf://models/team/net@{Hub.COMMIT}/README.md",
        _git_blob(b"# net\n"),
        {"kind": "huggingface", "revision": Hub.COMMIT},
    )
    assert [entry.path for entry in _logged(SET, "rows")] == ["rows/train/0.csv"]
    assert [entry.path for entry in _logged("hf://models/team/net@main/deep")] == ["b c%.json"]
    (one,) = _logged(f"hf://team/net@{Hub.COMMIT}/model.safetensors", "net.bin")
    assert one.path == "net.bin" and one.reference == large.reference


def test_a_list_of_many_pages_is_read_to_its_end(hub: Hub) -> None:
    names = {f"{number:03}.txt": b"%d" % number for number in range(57)}
    hub.files[("dataset", "team/rows")], hub.page = names, 10
    assert [entry.path for entry in _logged(SET)] == list(names)


def test_they_are_fetched_and_each_is_checked(hub: Hub, tmp_path: Path) -> None:
    entries = _logged("hf://team/net")
    done = downloaded(entries, tmp_path / "out")
    assert tree(tmp_path / "out") == FILES and done.fetched == 3
    assert not compare(str(tmp_path / "out"), entries)
    assert downloaded(entries, tmp_path / "out").there == 3
    asked = len(hub.store.asked)
    assert downloaded(entries, tmp_path / "again").placed == 1 and len(hub.store.asked) == asked
    hub.files[("model", "team/net")] = {"README.md": b"# NET\n", "model.safetensors": WEIGHTS[::-1]}
    for entry in entries:
        with pytest.raises(ReferenceAway, match=r"its SHA-256 is not|its Git blob id is not|not there"):
            downloaded([entry], tmp_path / "other", use_cache=False)
    (tmp_path / "out" / "README.md").write_bytes(b"# NET\n")
    assert compare(str(tmp_path / "out"), entries).changed == ["README.md"]


def test_what_is_in_the_users_own_cache_is_taken_from_there(hub: Hub, tmp_path: Path) -> None:
    """As the hub's own programs keep it: blobs by their digest, and links to them by commit; without links
    on Windows."""
    entries = {entry.path: entry for entry in _logged("hf://team/net")}
    folder = tmp_path / "hf" / "hub" / "models--team--net"
    (folder / "blobs").mkdir(parents=True)
    (folder / "blobs" / hashlib.sha256(WEIGHTS).hexdigest()).write_bytes(WEIGHTS)
    snapshot = folder / "snapshots" / Hub.COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "README.md").write_bytes(b"# net\n")
    (snapshot / "deep").mkdir()
    (snapshot / "deep" / "b c%.json").write_bytes(b"[]")  # not what it was: fetched
    hub.web.asked.clear()
    downloaded(entries.values(), tmp_path / "out")
    assert tree(tmp_path / "out") == FILES
    assert [item.path.rpartition("/")[2] for item in hub.web.asked] == ["b%20c%25.json"]
    hub.close()
    downloaded([entries["README.md"]], tmp_path / "other")


def test_a_key_goes_to_the_hub_and_not_to_the_store_behind_it(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.token = "hf_geheim"
    with pytest.raises(ReferenceAway, match="cannot be listed: 401: a key is needed; set HF_TOKEN"):
        _logged("hf://team/net")
    monkeypatch.setenv("HF_TOKEN", "hf_geheim")
    entries = _logged("hf://team/net")
    downloaded(entries, tmp_path / "out")
    assert tree(tmp_path / "out") == FILES
    assert hub.store.asked and all(item.key is None for item in hub.store.asked)
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    with pytest.raises(ReferenceAway, match="the key in HF_TOKEN may not read it"):
        downloaded(entries, tmp_path / "other")
    monkeypatch.delenv("HF_TOKEN")
    (tmp_path / "hf").mkdir(exist_ok=True)
    (tmp_path / "hf" / "token").write_text("hf_geheim\n")
    downloaded(entries, tmp_path / "other")


def test_a_hub_that_does_not_answer_or_is_none_is_told(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = _logged("hf://team/net/README.md")
    with pytest.raises(ReferenceAway, match="cannot be listed: 404: not there"):
        _logged("hf://team/absent")
    with pytest.raises(ReferenceAway, match=r"has no 'absent\.bin' at this revision"):
        _logged("hf://team/net/absent.bin")
    with pytest.raises(Misuse, match="names no repository"):
        _logged("hf://net")
    monkeypatch.setenv("HF_ENDPOINT", hub.store.address)
    with pytest.raises(ReferenceAway, match="cannot be"):
        _logged("hf://team/net")
    hub.close()
    monkeypatch.setenv("HF_ENDPOINT", hub.web.address)
    with pytest.raises(ReferenceAway) as told:
        downloaded(entries, tmp_path / "out")
    assert f"{hub.web.address} (does not answer" in str(told.value)
    assert f"`hf download team/net 'README.md' --revision {Hub.COMMIT}`" in str(told.value)
    assert tree(tmp_path / "out") == {}


@pytest.mark.parametrize(
    "uri",
    [
        "hf://models/../../net@main/README.md",
        "hf://models/team/net@main/../../../../secret",
        "hf://models/team/..@main/x",
        "hf://models/team/net@../../main/x",
        "hf://models/team/net@main/a\\b",
        "hf://",
    ],
)
def test_no_part_of_an_address_leads_out_of_the_repository(hub: Hub, tmp_path: Path, uri: str) -> None:
    entry = Entry("x", 5, NO_DIGEST, Reference(uri, _git_blob(b"# net")))
    with pytest.raises(ReferenceAway):
        downloaded([entry], tmp_path / "out")
    assert not hub.web.asked


def test_a_link_that_leads_out_of_the_cache_is_not_followed(hub: Hub, tmp_path: Path) -> None:
    (entry,) = _logged("hf://team/net/README.md")
    snapshot = tmp_path / "hf" / "hub" / "models--team--net" / "snapshots" / Hub.COMMIT
    snapshot.mkdir(parents=True)
    (tmp_path / "secret").write_bytes(b"# net\n")
    (snapshot / "README.md").symlink_to(tmp_path / "secret")
    hub.files.clear()
    with pytest.raises(ReferenceAway, match="is not at hand"):
        downloaded([entry], tmp_path / "out")


def test_what_was_logged_without_a_checksum_is_fetched_as_it_is_now(hub: Hub, tmp_path: Path) -> None:
    entries = entries_of(resolve("hf://datasets/team/rows@main/train/0.csv", checksum=False))
    hub.files[("dataset", "team/rows")]["train/0.csv"] = b"3,4\n"
    downloaded(entries, tmp_path / "out")
    assert tree(tmp_path / "out") == {"0.csv": b"3,4\n"}
    (whole,) = entries_of(resolve(SET, checksum=False))
    with pytest.raises(ReferenceAway, match=r"is a whole repository.*checksum=True"):
        downloaded([whole], tmp_path / "out")
    assert "rows" not in os.listdir(tmp_path / "out")
