"""Git LFS pointers by reference: real repositories, and a server of the batch API on two hosts."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.support.pointers import Lfs, downloaded, entries_of, tree

from runstone.client.artifact_differences import compare
from runstone.client.errors import Misuse, ReferenceAway
from runstone.client.pointers.git_lfs import Repository
from runstone.client.references import resolve
from runstone.content.manifest import Entry, Reference

CONTENT = bytes(range(256)) * 20_000  # more than one piece
OID = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of its own, and nothing of this machine's user; not standing in a repository."""
    for name in ("GIT_LFS_TOKEN", "GIT_LFS_HOST", "RUNSTONE_REFERENCE_ROOTS", "RUNSTONE_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNSTONE_DATA", str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")


@pytest.fixture
def lfs() -> Iterator[Lfs]:
    made = Lfs()
    made.put(CONTENT)
    yield made
    made.close()


@pytest.fixture
def checkout(tmp_path: Path, lfs: Lfs) -> Path:
    """A repository with a pointer, `models/net.bin`, whose content was not fetched."""
    root = tmp_path / "net"
    _git(tmp_path, "init", "-q", str(root))
    _git(root, "remote", "add", "origin", lfs.remote)
    (root / "models").mkdir()
    _pointer(root / "models" / "net.bin")
    return root


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def _pointer(path: Path, oid: str = OID, size: int = len(CONTENT)) -> None:
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n")


def _fetched(git: Path, content: bytes = CONTENT, oid: str = OID) -> Path:
    """As `git lfs fetch` leaves it."""
    place = git / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    return place


def _logged(pointer: Path) -> list[Entry]:
    return entries_of(resolve(str(pointer)))


def _as_from_elsewhere(entries: list[Entry]) -> list[Entry]:
    """As somebody else logged it, on another machine."""
    (Path(os.environ["RUNSTONE_DATA"]) / "artifacts" / "reference-roots").unlink()
    return entries


def test_a_pointer_is_the_file_it_stands_for(checkout: Path, lfs: Lfs) -> None:
    (entry,) = _logged(checkout / "models" / "net.bin")
    assert (entry.path, entry.size) == ("net.bin", len(CONTENT)) and entry.sha256.hex() == OID
    reference = entry.reference
    assert reference is not None and reference.uri == f"lfs://sha256/{OID}" and reference.digest == OID
    assert reference.extra == {
        "kind": "git-lfs",
        "pointer": str(checkout / "models" / "net.bin"),
        "path": "models/net.bin",
        "remote": f"{lfs.remote}/info/lfs",
    }
    _pointer(checkout / "bad.bin", oid="nonsense")
    with pytest.raises(Misuse, match="names no SHA-256"):
        _logged(checkout / "bad.bin")


def test_a_file_that_git_lfs_put_in_the_pointers_place_is_the_same_reference(
    checkout: Path, tmp_path: Path, lfs: Lfs
) -> None:
    (pointer,) = _logged(checkout / "models" / "net.bin")
    _fetched(checkout / ".git")
    (checkout / "models" / "net.bin").write_bytes(CONTENT)
    (file,) = _logged(checkout / "models" / "net.bin")
    assert file == pointer
    (checkout / "models" / "net.bin").write_bytes(CONTENT + b"changed since")
    with pytest.raises(Misuse, match=r"is no URI, DVC file or file of Git LFS\. Write file://"):
        _logged(checkout / "models" / "net.bin")


def test_it_is_taken_from_the_checkout_it_was_logged_from_wherever_one_stands(
    checkout: Path, tmp_path: Path, lfs: Lfs
) -> None:
    entries = _logged(checkout / "models" / "net.bin")
    _fetched(checkout / ".git")
    done = downloaded(entries, tmp_path / "out")
    assert tree(tmp_path / "out") == {"net.bin": CONTENT}
    assert (done.fetched, done.fetched_bytes) == (1, len(CONTENT)) and not lfs.api.asked
    assert not compare(str(tmp_path / "out"), entries)
    (tmp_path / "out" / "net.bin").chmod(0o644)
    (tmp_path / "out" / "net.bin").write_bytes(CONTENT[:-1] + b"x")
    assert compare(str(tmp_path / "out"), entries).changed == ["net.bin"]
    downloaded(entries, tmp_path / "out")
    assert tree(tmp_path / "out") == {"net.bin": CONTENT}


@pytest.mark.parametrize("how", ["standing in it", "named", "its store named", "a work tree", "moved store"])
def test_it_is_found_in_any_checkout_that_the_user_is_in_or_names(
    checkout: Path, tmp_path: Path, lfs: Lfs, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    entries = _as_from_elsewhere(_logged(checkout / "models" / "net.bin"))
    other = tmp_path / "other"
    _git(tmp_path, "init", "-q", str(other))
    place = _fetched(other / ".git")
    if how == "standing in it":
        (other / "deep").mkdir()
        monkeypatch.chdir(other / "deep")
    elif how == "named":
        monkeypatch.setenv(
            "RUNSTONE_REFERENCE_ROOTS", os.pathsep.join([str(tmp_path / "absent"), str(other)])
        )
    elif how == "its store named":
        monkeypatch.setenv("RUNSTONE_REFERENCE_ROOTS", str(other / ".git" / "lfs"))
    elif how == "a work tree":
        _git(other, "-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "--allow-empty", "-m", "x")
        _git(other, "worktree", "add", "-q", str(tmp_path / "tree"))
        monkeypatch.chdir(tmp_path / "tree")
    else:
        _git(other, "config", "lfs.storage", str(tmp_path / "moved"))
        (tmp_path / "moved").mkdir()
        (other / ".git" / "lfs" / "objects").rename(tmp_path / "moved" / "objects")
        monkeypatch.chdir(other)
        place = tmp_path / "moved" / "objects" / OID[:2] / OID[2:4] / OID
    assert place.exists()
    downloaded(entries, tmp_path / "out")
    assert tree(tmp_path / "out") == {"net.bin": CONTENT} and not lfs.api.asked


def test_a_remote_that_is_a_folder_is_looked_in(tmp_path: Path) -> None:
    bare, clone = tmp_path / "bare.git", tmp_path / "clone"
    _git(tmp_path, "init", "-q", "--bare", str(bare))
    _git(tmp_path, "init", "-q", str(clone))
    _git(clone, "remote", "add", "origin", "../bare.git")
    _pointer(clone / "net.bin")
    entries = _logged(clone / "net.bin")
    assert entries[0].reference is not None and "remote" not in entries[0].reference.extra
    _fetched(bare)
    downloaded(entries, tmp_path / "out")
    assert tree(tmp_path / "out") == {"net.bin": CONTENT}


def test_it_is_fetched_from_its_server_and_then_from_the_cache(
    checkout: Path, tmp_path: Path, lfs: Lfs
) -> None:
    entries = _logged(checkout / "models" / "net.bin")
    downloaded(entries, tmp_path / "out")
    assert tree(tmp_path / "out") == {"net.bin": CONTENT}
    assert [item.method for item in (*lfs.api.asked, *lfs.store.asked)] == ["POST", "GET"]
    assert lfs.store.asked[0].headers["x-signed"] == "store"
    again = downloaded(entries, tmp_path / "again")
    assert (again.placed, again.fetched) == (1, 0) and len(lfs.store.asked) == 1
    assert downloaded(entries, tmp_path / "again").there == 1


def test_a_server_is_asked_of_many_objects_at_once_and_those_it_lacks_harm_no_others(
    checkout: Path, tmp_path: Path, lfs: Lfs
) -> None:
    contents = {f"{number:03}.bin": b"%d" % number for number in range(250)}
    entries = []
    for name, content in contents.items():
        _pointer(checkout / name, lfs.put(content), len(content))
        entries += _logged(checkout / name)
    lfs.key = _basic("ann", "geheim")
    (tmp_path / "netrc").write_text(f"machine {lfs.api.host} login ann password geheim\n")
    lacking = entries[7].sha256.hex()
    del lfs.objects[lacking]
    done = downloaded(entries, tmp_path / "out", allow_missing_references=True)
    assert len(done.missing_references) == 1 and "Object does not exist" in done.missing_references[0]
    assert tree(tmp_path / "out") == {name: data for name, data in contents.items() if name != "007.bin"}
    assert [item.key for item in lfs.api.asked] == [None, lfs.key, lfs.key, lfs.key]  # 100 each


def test_a_cut_download_goes_on_where_it_was_cut(checkout: Path, tmp_path: Path, lfs: Lfs) -> None:
    lfs.cut_at = 3_000_000
    downloaded(_logged(checkout / "models" / "net.bin"), tmp_path / "out")
    assert tree(tmp_path / "out") == {"net.bin": CONTENT}
    assert lfs.store.asked[1].headers["range"] == "bytes=3000000-"


def test_a_damaged_object_is_passed_over_for_the_next_place(checkout: Path, tmp_path: Path, lfs: Lfs) -> None:
    entries = _logged(checkout / "models" / "net.bin")
    place = _fetched(checkout / ".git", CONTENT[:-1] + b"x")
    downloaded(entries, tmp_path / "out")
    assert tree(tmp_path / "out") == {"net.bin": CONTENT} and len(lfs.store.asked) == 1
    lfs.objects[OID] = CONTENT + b"more than there should be"
    with pytest.raises(ReferenceAway) as told:
        downloaded(entries, tmp_path / "other", use_cache=False)
    assert f"its SHA-256 is not {OID}" in str(told.value)
    assert f"longer than the {len(CONTENT)} bytes it should be" in str(told.value)
    place.unlink()
    os.mkfifo(place)  # is not waited for
    with pytest.raises(ReferenceAway, match="no regular file"):
        downloaded(entries, tmp_path / "other", use_cache=False)
    assert tree(tmp_path / "other").keys() <= {f"net.bin.{OID[:16]}.part"}


def test_what_is_nowhere_is_told_with_the_places_and_the_next_step(
    checkout: Path, tmp_path: Path, lfs: Lfs
) -> None:
    entries = _logged(checkout / "models" / "net.bin")
    lfs.objects.clear()
    with pytest.raises(ReferenceAway) as told:
        downloaded(entries, tmp_path / "out")
    for words in (
        f"net.bin (lfs://sha256/{OID}) is not at hand",
        f"{checkout}/.git/lfs (not there)",
        f"{lfs.remote}/info/lfs (404: Object does not exist)",
        f"`git lfs fetch --include='models/net.bin'` in a checkout of {lfs.remote}",
        "RUNSTONE_REFERENCE_ROOTS",
    ):
        assert words in str(told.value)
    lfs.close()
    with pytest.raises(ReferenceAway, match="does not answer"):
        downloaded(entries, tmp_path / "out")
    assert tree(tmp_path / "out") == {}
    done = downloaded(entries, tmp_path / "out", allow_missing_references=True)
    assert len(done.missing_references) == 1


def test_versions_of_old_that_name_no_server_ask_that_of_the_checkout_one_stands_in(
    checkout: Path, tmp_path: Path, lfs: Lfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    (now,) = _as_from_elsewhere(_logged(checkout / "models" / "net.bin"))
    old = Reference(f"lfs://sha256/{OID}", OID, {"kind": "git-lfs", "pointer": "/home/ann/net/net.bin"})
    entries = [msgspec.structs.replace(now, reference=old)]
    with pytest.raises(ReferenceAway, match="nowhere, as no place is known"):
        downloaded(entries, tmp_path / "out")
    monkeypatch.chdir(checkout)
    downloaded(entries, tmp_path / "out")
    assert tree(tmp_path / "out") == {"net.bin": CONTENT}


# -- keys ---------------------------------------------------------------------------------------------------


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_token_goes_to_the_host_it_is_for_and_not_to_the_store_behind_it(
    checkout: Path, tmp_path: Path, lfs: Lfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = _logged(checkout / "models" / "net.bin")
    lfs.key = _basic("oauth2", "geheim")
    with pytest.raises(ReferenceAway, match="a key is needed; set GIT_LFS_TOKEN and GIT_LFS_HOST=127"):
        downloaded(entries, tmp_path / "out")
    monkeypatch.setenv("GIT_LFS_TOKEN", "geheim")
    for other in ("", "127.0.0.1", "git.example.org", lfs.store.host):
        monkeypatch.setenv("GIT_LFS_HOST", other)
        with pytest.raises(ReferenceAway, match=f"set GIT_LFS_HOST={lfs.api.host}"):
            downloaded(entries, tmp_path / "out")
    assert all(item.key is None for item in lfs.api.asked)
    monkeypatch.setenv("GIT_LFS_HOST", lfs.api.host)
    downloaded(entries, tmp_path / "out")
    assert tree(tmp_path / "out") == {"net.bin": CONTENT}
    assert [item.key for item in lfs.api.asked[-2:]] == [None, lfs.key]
    assert [item.key for item in lfs.store.asked] == [None]


def test_a_key_of_the_netrc_file_is_for_its_host_and_goes_along_where_the_objects_lie_there_too(
    checkout: Path, tmp_path: Path, lfs: Lfs
) -> None:
    entries = _logged(checkout / "models" / "net.bin")
    lfs.key, lfs.stored_here = _basic("ann", "geheim"), True
    entry = "login ann password geheim\n"
    (tmp_path / "netrc").write_text(f"machine {lfs.store.host} {entry}default {entry}")
    with pytest.raises(ReferenceAway, match="give your netrc file an entry"):
        downloaded(entries, tmp_path / "out")
    assert all(item.key is None for item in lfs.api.asked)
    (tmp_path / "netrc").write_text(f"machine {lfs.api.host} {entry}")
    downloaded(entries, tmp_path / "out")
    assert tree(tmp_path / "out") == {"net.bin": CONTENT}


def test_what_a_server_says_of_its_store_is_no_way_to_speak_for_this_machine(
    checkout: Path, tmp_path: Path, lfs: Lfs
) -> None:
    """Headers that steer the connection are left out, and one with line ends; a path of files is refused."""
    entries = _logged(checkout / "models" / "net.bin")
    lfs.action_headers = {"Host": "other", "Range": "bytes=5-", "X-A": "x\r\nX-B: y", "X-Good": "1"}
    downloaded(entries, tmp_path / "out")
    headers = lfs.store.asked[0].headers
    assert headers["host"] == lfs.store.host and headers["x-good"] == "1"
    assert not {"range", "x-a", "x-b"} & headers.keys()
    for remote in ("file:///etc", "/etc", "ftp://host/x", "https://", "http://[", ""):
        (entry,) = entries
        bad = Reference(f"lfs://sha256/{OID}", OID, {"remote": remote})
        (Path(os.environ["RUNSTONE_DATA"]) / "artifacts" / "reference-roots").unlink(missing_ok=True)
        with pytest.raises(ReferenceAway, match="is not at hand"):
            downloaded([msgspec.structs.replace(entry, reference=bad)], tmp_path / "none", use_cache=False)


def test_a_path_in_a_reference_is_never_opened(tmp_path: Path, checkout: Path, lfs: Lfs) -> None:
    """A version may be a stranger's: neither its pointer's path nor an id that is a path leads anywhere."""
    _fetched(checkout / ".git")
    (entry,) = _as_from_elsewhere(_logged(checkout / "models" / "net.bin"))
    reference = Reference(f"lfs://sha256/{OID}", OID, {"pointer": str(checkout / "models" / "net.bin")})
    with pytest.raises(ReferenceAway, match="nowhere, as no place is known"):
        downloaded([msgspec.structs.replace(entry, reference=reference)], tmp_path / "out")
    (tmp_path / "secret").write_bytes(CONTENT)
    for uri in (f"lfs://sha256/{tmp_path}/secret", "lfs://sha256/../../../../secret", "lfs://"):
        with pytest.raises(ReferenceAway, match="is no reference of Git LFS"):
            downloaded([msgspec.structs.replace(entry, reference=Reference(uri, OID))], tmp_path / "out")
    escape = Reference(f"lfs://sha256/{OID}\x1b[2J", OID)
    with pytest.raises(ReferenceAway, match=r"\?\[2J is no reference"):
        downloaded([msgspec.structs.replace(entry, reference=escape)], tmp_path / "out")


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://host/team/net.git", "https://host/team/net.git/info/lfs"),
        ("https://host/team/net/", "https://host/team/net.git/info/lfs"),
        ("https://ann:geheim@host:8443/net", "https://host:8443/net.git/info/lfs"),
        ("git@host:team/net.git", "https://host/team/net.git/info/lfs"),
        ("ssh://git@host:2222/team/net.git", "https://host/team/net.git/info/lfs"),
        ("/srv/net.git", ""),
        ("../net.git", ""),
        ("file:///srv/net.git", ""),
    ],
)
def test_the_server_of_a_remote_is_the_one_that_git_lfs_would_ask(
    tmp_path: Path, url: str, endpoint: str
) -> None:
    """And nobody's name or password is written down."""
    _git(tmp_path, "init", "-q", str(tmp_path / "r"))
    _git(tmp_path / "r", "remote", "add", "origin", url)
    assert Repository(str(tmp_path / "r")).endpoint == endpoint
    (tmp_path / "r" / ".lfsconfig").write_text('[lfs]\n\turl = "https://bob:x@lfs.host/net"\n')
    assert Repository(str(tmp_path / "r")).endpoint == "https://lfs.host/net"
