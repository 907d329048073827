"""DVC files by reference, in the layout that DVC 3.67 made of these files; DVC itself is not needed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import obstore
import pytest
from tests.support.object_stores import object_store
from tests.support.pointers import Asked, Said, Web, downloaded, entries_of, part_of, tree
from tests.support.seaweed import seaweed, weed_program

from runstone.client.artifact_differences import compare, holding
from runstone.client.errors import Misuse, ReferenceAway
from runstone.client.references import resolve
from runstone.content.errors import ContentError
from runstone.content.manifest import Entry, Reference
from runstone.server.stores.blobs.objects import open_blobs
from runstone.server.stores.blobs.remote import ObjectBlobs

DATA = b"a\r\nb\r\n"
DATA_MD5 = "59b0d7772f0561efb95518f3cb8abc60"
IMAGES = {"1.txt": b"1\n", "2.txt": b"2\n", "3.txt": b"3\n", "sub/x.txt": b"x\n"}
IMAGES_MD5 = "cc46c6ca7c6c15c42ba605a28dd3dcee.dir"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNSTONE_REFERENCE_ROOTS", raising=False)
    monkeypatch.setenv("RUNSTONE_DATA", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with `data.csv.dvc` and `sets/images.dvc`; nothing in its cache."""
    root = tmp_path / "project"
    (root / ".dvc").mkdir(parents=True)
    (root / "sets").mkdir()
    (root / "data.csv.dvc").write_text(
        f"outs:\n- md5: {DATA_MD5}\n  size: 6\n  hash: md5\n  path: data.csv\n"
    )
    (root / "sets" / "images.dvc").write_text(
        f"outs:\n- md5: {IMAGES_MD5}\n  size: 8\n  nfiles: 4\n  hash: md5\n  path: images\n"
    )
    return root


def _objects() -> dict[str, bytes]:
    """By their path in a cache or remote."""
    listed = [{"md5": hashlib.md5(content).hexdigest(), "relpath": path} for path, content in IMAGES.items()]
    said = json.dumps(listed).encode()
    assert hashlib.md5(said).hexdigest() + ".dir" == IMAGES_MD5  # as DVC itself wrote it
    objects = {f"files/md5/{IMAGES_MD5[:2]}/{IMAGES_MD5[2:]}": said}
    for content in (DATA, *IMAGES.values()):
        md5 = hashlib.md5(content).hexdigest()
        objects[f"files/md5/{md5[:2]}/{md5[2:]}"] = content
    return objects


def _fill(folder: Path, wanted: Callable[[str], bool] = lambda _: True) -> None:
    for path, content in _objects().items():
        if wanted(path):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)


def _logged(file: Path, name: str | None = None) -> list[Entry]:
    return entries_of(resolve(str(file), name))


def _as_from_elsewhere(entries: list[Entry]) -> list[Entry]:
    (Path(os.environ["RUNSTONE_DATA"]) / "artifacts" / "reference-roots").unlink()
    return entries


def _images(entries: list[Entry], root: Path) -> dict[str, bytes]:
    downloaded(entries, root)
    return tree(root)


# -- what is kept -------------------------------------------------------------------------------------------


def test_a_dvc_file_is_what_it_tracks(project: Path) -> None:
    (entry,) = _logged(project / "data.csv.dvc")
    assert (entry.path, entry.size) == ("data.csv", 6)
    assert entry.reference == Reference(
        f"dvc://{DATA_MD5}",
        DATA_MD5,
        {"kind": "dvc", "hash": "md5", "file": str(project / "data.csv.dvc"), "path": "data.csv"},
    )
    (other,) = _logged(project / "data.csv.dvc", "raw/rows.csv")
    assert other.path == "raw/rows.csv"


def test_a_folder_whose_list_is_at_hand_is_its_files_and_else_one_entry(project: Path) -> None:
    (entry,) = _logged(project / "sets" / "images.dvc")
    assert (entry.path, entry.size) == ("images", 8) and entry.reference is not None
    assert entry.reference.digest == IMAGES_MD5 and entry.reference.extra["files"] == 4
    _fill(project / ".dvc" / "cache", lambda path: path.endswith(".dir"))
    entries = _logged(project / "sets" / "images.dvc", "train")
    assert [entry.path for entry in entries] == [f"train/{path}" for path in IMAGES]
    assert {entry.size for entry in entries} == {-1}
    _fill(project / ".dvc" / "cache")
    entries = _logged(project / "sets" / "images.dvc")
    assert {entry.path: entry.size for entry in entries} == {f"images/{path}": 2 for path in IMAGES}
    assert entries[3].reference is not None
    assert entries[3].reference.extra["path"] == "sets/images/sub/x.txt"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("deps:\n- path: x\n", "names no outputs"),
        ("outs: {a: [", "names no outputs"),
        ("outs:\n- md5: abc\n", "names no outputs"),
        ("outs:\n- path: data.csv\n  etag: 0123\n", "no MD5 of 'data.csv'.*dvc commit"),
        ("outs:\n- path: data.csv\n  md5: ../../etc/passwd\n", "no MD5 of 'data.csv'"),
    ],
)
def test_a_file_that_says_not_which_bytes_are_meant_is_refused(project: Path, text: str, told: str) -> None:
    (project / "bad.dvc").write_text(text)
    with pytest.raises(Misuse, match=told):
        _logged(project / "bad.dvc")


def test_an_md5_of_digits_alone_and_nested_maps_are_read_as_they_are_written(project: Path) -> None:
    md5 = "12345678901234567890123456789012"
    (project / "odd.dvc").write_text(
        f"wdir: sets\nouts:\n- md5: {md5}\n  path: a.bin\n  hash: md5\n  cloud:\n    far:\n"
        f"      etag: 99\n  files:\n  - relpath: x\n    md5: 77\n"
    )
    (entry,) = _logged(project / "odd.dvc")
    assert entry.path == "sets/a.bin" and entry.reference is not None and entry.reference.digest == md5


# -- from this machine ------------------------------------------------------------------------------------


def test_it_is_taken_from_the_cache_of_its_repository(project: Path, tmp_path: Path) -> None:
    _fill(project / ".dvc" / "cache")
    entries = _logged(project / "data.csv.dvc") + _logged(project / "sets" / "images.dvc")
    done = downloaded(entries, tmp_path / "out")
    assert tree(tmp_path / "out") == {
        "data.csv": DATA,
        **{f"images/{path}": content for path, content in IMAGES.items()},
    }
    assert (done.fetched, done.fetched_bytes) == (5, 14)
    assert not compare(str(tmp_path / "out"), entries)
    assert downloaded(entries, tmp_path / "out").there == 5
    (tmp_path / "out" / "images" / "2.txt").write_bytes(b"3\n")
    assert compare(str(tmp_path / "out"), entries).changed == ["images/2.txt"]
    assert downloaded(entries, tmp_path / "out").fetched == 1


def test_a_folder_that_was_logged_as_one_entry_becomes_a_folder(project: Path, tmp_path: Path) -> None:
    entries = _logged(project / "sets" / "images.dvc")
    assert len(entries) == 1
    _fill(project / ".dvc" / "cache")
    out = tmp_path / "out"
    assert _images(entries, out) == {f"images/{path}": content for path, content in IMAGES.items()}
    assert not compare(str(out), entries) and downloaded(entries, out).there == 1
    is_mine = holding(entries)
    assert is_mine("images/sub/x.txt") and not is_mine("images.txt") and not is_mine("other")
    (out / "images" / "2.txt").unlink()
    assert compare(str(out), entries).changed == ["images"]
    assert downloaded(entries, out).fetched_bytes == 2 and not compare(str(out), entries)
    (out / "images" / "more.txt").write_bytes(b"")
    assert compare(str(out), entries).changed == ["images"]
    assert compare(str(tmp_path / "elsewhere"), entries).missing == ["images"]


@pytest.mark.parametrize("how", ["standing in it", "cache named", "cache moved", "remote folder", "user's"])
def test_it_is_found_where_the_user_is_or_names(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    entries = _logged(project / "data.csv.dvc")
    config = project / ".dvc" / "config"
    if how == "standing in it":
        _as_from_elsewhere(entries)
        monkeypatch.chdir(project / "sets")
        _fill(project / ".dvc" / "cache")
    elif how == "cache named":
        _as_from_elsewhere(entries)
        monkeypatch.setenv("RUNSTONE_REFERENCE_ROOTS", str(tmp_path / "shared"))
        _fill(tmp_path / "shared")
    elif how == "cache moved":
        config.write_text("[core]\n    analytics = false\n[cache]\n    dir = ../../moved\n")
        _fill(tmp_path / "moved")
    elif how == "remote folder":
        config.write_text("[core]\n    remote = far\n['remote \"far\"']\n    url = ../../far\n")
        _fill(tmp_path / "far")
    else:
        config.write_text("[cache]\n    dir = nowhere\n")
        (tmp_path / "config" / "dvc").mkdir(parents=True)
        (tmp_path / "config" / "dvc" / "config").write_text(
            f'[\'remote "own"\']\n    url = "{tmp_path}/own" # mine\n'
        )
        _fill(tmp_path / "own")
    assert _images(entries, tmp_path / "out") == {"data.csv": DATA}


def test_what_dvc_2_tracked_is_found_in_its_layout_and_right_with_its_way_to_read_text(
    project: Path, tmp_path: Path
) -> None:
    md5 = hashlib.md5(DATA.replace(b"\r\n", b"\n")).hexdigest()
    (project / "old.csv.dvc").write_text(f"outs:\n- md5: {md5}\n  size: 6\n  path: old.csv\n")
    entries = _logged(project / "old.csv.dvc")
    assert entries[0].reference is not None and entries[0].reference.extra["hash"] == "md5-dos2unix"
    place = project / ".dvc" / "cache" / md5[:2] / md5[2:]
    place.parent.mkdir(parents=True)
    place.write_bytes(DATA)
    assert _images(entries, tmp_path / "out") == {"old.csv": DATA}
    assert not compare(str(tmp_path / "out"), entries)
    place.write_bytes(b"a\r\nB\r\n")
    with pytest.raises(ReferenceAway, match=f"its MD5 is not {md5}"):
        downloaded(entries, tmp_path / "other")


def test_what_is_nowhere_is_told_with_the_places_and_the_next_step(project: Path, tmp_path: Path) -> None:
    entries = _logged(project / "data.csv.dvc")
    with pytest.raises(ReferenceAway) as told:
        downloaded(entries, tmp_path / "out")
    for words in (
        f"data.csv (dvc://{DATA_MD5}) is not at hand",
        f"{project}/.dvc/cache (not there)",
        "`dvc fetch 'data.csv'`",
        "RUNSTONE_REFERENCE_ROOTS",
    ):
        assert words in str(told.value)
    folder = _logged(project / "sets" / "images.dvc")
    with pytest.raises(ReferenceAway, match="The list of sets/images is not at hand"):
        downloaded(folder, tmp_path / "out")
    done = downloaded(entries + folder, tmp_path / "out", allow_missing_references=True)
    assert len(done.missing_references) == 2 and tree(tmp_path / "out") == {}


def test_no_path_in_a_reference_or_in_a_folders_list_leads_anywhere(project: Path, tmp_path: Path) -> None:
    """A version may be a stranger's, and so may the list of a folder."""
    _fill(project / ".dvc" / "cache")
    (entry,) = _as_from_elsewhere(_logged(project / "data.csv.dvc"))
    assert entry.reference is not None
    for remote in (str(project / ".dvc" / "cache"), (project / ".dvc" / "cache").as_uri()):
        local = Reference(entry.reference.uri, DATA_MD5, {**entry.reference.extra, "remote": remote})
        with pytest.raises(ReferenceAway, match="is not at hand"):
            downloaded([msgspec.structs.replace(entry, reference=local)], tmp_path / "out")
    for uri in ("dvc://../../../etc/passwd", f"dvc://{project}/data.csv.dvc", "dvc://"):
        with pytest.raises(ReferenceAway, match="is no reference of DVC"):
            downloaded([msgspec.structs.replace(entry, reference=Reference(uri, DATA_MD5))], tmp_path / "out")
    _logged(project / "data.csv.dvc")  # the repository is known again
    for path in ("../out.txt", "/etc/cron.d/x", "a/../../x", ""):
        said = json.dumps([{"md5": DATA_MD5, "relpath": path}]).encode()
        md5 = hashlib.md5(said).hexdigest()
        place = project / ".dvc" / "cache" / "files" / "md5" / md5[:2] / f"{md5[2:]}.dir"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(said)
        evil = Entry("set", 6, entry.sha256, Reference(f"dvc://{md5}.dir", f"{md5}.dir"))
        with pytest.raises(ReferenceAway, match="leads elsewhere"):
            downloaded([evil], tmp_path / "out")
    folder = Entry("set", 8, entry.sha256, Reference(f"dvc://{IMAGES_MD5}", IMAGES_MD5))
    (tmp_path / "out").mkdir(exist_ok=True)
    (tmp_path / "out" / "set").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ContentError, match="leads out"):
        downloaded([folder], tmp_path / "out")
    assert tree(tmp_path / "elsewhere") == {}


# -- from remotes -----------------------------------------------------------------------------------------


@pytest.fixture
def web() -> Iterator[Web]:
    def answer(asked: Asked) -> Said:
        if asked.path.startswith("/locked/") and asked.key != "Basic " + base64.b64encode(b"ann:x").decode():
            return Said(401)
        content = _objects().get(asked.path.removeprefix("/locked").removeprefix("/pile/"))
        return part_of(asked, content) if content is not None else Said(404)

    made = Web(answer)
    yield made
    made.close()


def _remote(project: Path, url: str, more: str = "") -> None:
    (project / ".dvc" / "config").write_text(
        f"[core]\n    remote = far\n['remote \"far\"']\n    url = {url}\n{more}"
    )


def test_it_is_fetched_from_a_remote_on_the_web_that_the_version_names(
    project: Path, tmp_path: Path, web: Web
) -> None:
    _remote(project, f"{web.address}/pile")
    entries = _logged(project / "data.csv.dvc") + _logged(project / "sets" / "images.dvc")
    assert entries[0].reference is not None
    assert entries[0].reference.extra["remote"] == f"{web.address}/pile"
    _as_from_elsewhere(entries)
    assert len(_images(entries, tmp_path / "out")) == 5
    assert not compare(str(tmp_path / "out"), entries)
    _remote(project, f"http://ann:geheim@{web.host}/pile")
    (named,) = _logged(project / "data.csv.dvc")
    assert named.reference is not None and named.reference.extra["remote"] == f"{web.address}/pile"


def test_versions_of_old_that_name_no_remote_ask_that_of_the_repository_one_stands_in(
    project: Path, tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    (entry,) = _as_from_elsewhere(_logged(project / "data.csv.dvc"))
    old = Reference(
        f"dvc://{DATA_MD5}", DATA_MD5, {"kind": "dvc", "hash": "md5", "file": "/gone/data.csv.dvc"}
    )
    _remote(project, f"{web.address}/pile")
    with pytest.raises(ReferenceAway, match="nowhere, as no place is known"):
        downloaded([msgspec.structs.replace(entry, reference=old)], tmp_path / "out")
    monkeypatch.chdir(project)
    assert _images([msgspec.structs.replace(entry, reference=old)], tmp_path / "out") == {"data.csv": DATA}


def test_a_remotes_password_is_used_where_the_users_own_repository_has_it_and_else_his_netrc(
    project: Path, tmp_path: Path, web: Web
) -> None:
    _remote(project, f"{web.address}/locked/pile", "    auth = basic\n    user = ann\n")
    (project / ".dvc" / "config.local").write_text("['remote \"far\"']\n    password = x\n")
    entries = _logged(project / "data.csv.dvc")
    assert _images(entries, tmp_path / "out") == {"data.csv": DATA}
    _as_from_elsewhere(entries)
    with pytest.raises(ReferenceAway, match="401: a key is needed"):
        downloaded(entries, tmp_path / "other")
    (tmp_path / "netrc").write_text(f"machine {web.host} login ann password x\n")
    assert _images(entries, tmp_path / "other") == {"data.csv": DATA}


@pytest.mark.parametrize("key", ["user = ann\n    password = x", "token = secret"])
def test_it_is_fetched_from_a_remote_by_webdav(project: Path, tmp_path: Path, web: Web, key: str) -> None:
    _remote(project, f"webdav://{web.host}/{'locked/' if 'user' in key else ''}pile", f"    {key}\n")
    entries = _logged(project / "data.csv.dvc") + _logged(project / "sets" / "images.dvc")
    assert len(_images(entries, tmp_path / "out")) == 5
    if "token" in key:
        assert {asked.key for asked in web.asked} == {"Bearer secret"}
    assert entries[0].reference is not None
    assert str(entries[0].reference.extra["remote"]).startswith(f"webdav://{web.host}/")
    web.asked.clear()
    _as_from_elsewhere(entries)  # whose repository is not at hand: its keys are not either
    if "token" in key:
        assert len(_images(entries, tmp_path / "other")) == 5
        assert {asked.key for asked in web.asked} == {None}


@pytest.mark.parametrize(
    ("url", "kind"),
    [("ssh://ann@host/pile", "SSH"), ("gdrive://root/pile", "Google Drive"), ("oss://bucket/pile", "OSS")],
)
def test_of_a_remote_that_is_not_read_the_kind_is_told_and_what_to_do(
    project: Path, tmp_path: Path, url: str, kind: str
) -> None:
    _remote(project, url)
    entries = _logged(project / "data.csv.dvc")
    with pytest.raises(ReferenceAway, match=rf"a remote by [\w ]*{kind}, which") as raised:
        downloaded(entries, tmp_path / "out")
    assert "run `dvc pull 'data.csv'` in its repository" in raised.value.message
    assert "add_file()" in raised.value.message and "ann" not in raised.value.message
    _fill(project / ".dvc" / "cache")  # as `dvc pull` does
    assert _images(entries, tmp_path / "out") == {"data.csv": DATA}


def test_a_remote_that_nobody_knows_is_told(project: Path, tmp_path: Path) -> None:
    (entry,) = _logged(project / "data.csv.dvc")
    assert entry.reference is not None
    for remote in ("ssh://host/pile", "gdrive://root", "http://[", "s3://", "::"):
        odd = Reference(entry.reference.uri, DATA_MD5, {"remote": remote})
        with pytest.raises(ReferenceAway, match="is not at hand"):
            downloaded([msgspec.structs.replace(entry, reference=odd)], tmp_path / "out")


@pytest.mark.parametrize(("kind", "scheme"), [("azure", "azure"), ("google", "gs")])
def test_it_is_fetched_from_azures_and_googles_stores(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, scheme: str
) -> None:
    """With the keys that the user's repository has; the endpoint is the environment's."""
    for name in list(os.environ):
        if name.startswith(("AZURE_", "GOOGLE_")):
            monkeypatch.delenv(name)
    with object_store(kind, tmp_path / "store") as store:
        store.create_bucket("data")
        blobs = open_blobs(store.url("data", prefix="pile"))
        assert isinstance(blobs, ObjectBlobs)
        for path, content in _objects().items():
            obstore.put(blobs._store, path, content)
        said = store.environment()
        names = {
            "AZURE_STORAGE_ACCOUNT_NAME": "account_name",
            "AZURE_STORAGE_ACCOUNT_KEY": "account_key",
            "GOOGLE_SERVICE_ACCOUNT": "credentialpath",
        }
        keys = [
            f"    {name} = {said.pop(variable)}\n" for variable, name in names.items() if variable in said
        ]
        for variable, value in said.items():
            monkeypatch.setenv(variable, value)
        _remote(project, f"{scheme}://data/pile", "".join(keys))
        entries = _logged(project / "data.csv.dvc") + _logged(project / "sets" / "images.dvc")
        assert len(_images(entries, tmp_path / "out")) == 5


@pytest.mark.s3
def test_it_is_fetched_from_a_bucket(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what the user's repository says of it, or where that is not at hand, the environment."""
    import obstore
    from obstore.store import S3Store

    if weed_program() is None:
        pytest.skip("SeaweedFS is not installed")
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    with seaweed(tmp_path / "weed") as s3:
        s3.create_bucket("data")
        key = f"access_key_id = {s3.access_key}\n    secret_access_key = {s3.secret_key}"
        _remote(
            project, "s3://data/pile", f"    endpointurl = {s3.endpoint}\n    region = us-east-1\n    {key}\n"
        )
        options = {"endpoint": s3.endpoint, "region": "us-east-1", "client_options": {"allow_http": True}}
        keys = {"access_key_id": s3.access_key, "secret_access_key": s3.secret_key}
        store = S3Store("data", **options, **keys)  # type: ignore[arg-type]
        for path, content in _objects().items():
            obstore.put(store, f"pile/{path}", content)
        entries = _logged(project / "sets" / "images.dvc")
        assert len(_images(entries, tmp_path / "out")) == 4
        (missing,) = _logged(project / "data.csv.dvc")
        obstore.delete(store, f"pile/files/md5/{DATA_MD5[:2]}/{DATA_MD5[2:]}")
        with pytest.raises(ReferenceAway, match=r"s3://data/pile \(not there\)"):
            downloaded([missing], tmp_path / "out")
        _as_from_elsewhere(entries)
        monkeypatch.setenv("AWS_ENDPOINT", s3.endpoint)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.secret_key)
        assert len(_images(entries, tmp_path / "other")) == 4
