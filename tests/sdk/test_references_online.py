"""References to other tools' files, from `add_reference` over a real server to a download elsewhere."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sdk.conftest import QUIET
from tests.support.pointers import Hub, Lfs, tree
from tests.support.server import RunningServer

import runstone
from runstone.client.errors import ReferenceAway
from runstone.sdk import hooks
from runstone.sdk.artifacts.using import close_clients

IMAGES = {"1.txt": b"one", "sub/2.txt": b"two"}


@pytest.fixture
def run(
    shared_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[runstone.Run]:
    monkeypatch.setenv("RUNSTONE_BASE_URL", shared_server.base_url)
    monkeypatch.setenv("RUNSTONE_API_KEY", shared_server.admin_key)
    monkeypatch.setenv("RUNSTONE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.chdir(tmp_path)
    yield runstone.init(project="references", dir=str(tmp_path), settings=runstone.Settings(**QUIET))
    for live in hooks.live_runs():
        live.finish()
    close_clients()


def _dvc_cache(folder: Path) -> str:
    """The MD5 of the list of IMAGES, which DVC has in its cache `folder`."""
    listed = [{"md5": hashlib.md5(data).hexdigest(), "relpath": path} for path, data in IMAGES.items()]
    said = json.dumps(listed).encode()
    name = hashlib.md5(said).hexdigest() + ".dir"
    for md5, data in [(name, said), *((hashlib.md5(data).hexdigest(), data) for data in IMAGES.values())]:
        (folder / "files" / "md5" / md5[:2]).mkdir(parents=True, exist_ok=True)
        (folder / "files" / "md5" / md5[:2] / md5[2:]).write_bytes(data)
    return name


def test_what_other_tools_keep_is_logged_by_reference_and_comes_back_whole(
    run: runstone.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lfs, hub = Lfs(), Hub()
    try:
        oid = lfs.put(b"weights" * 1000)
        hub.files = {("dataset", "team/rows"): {"rows.csv": b"1,2\n"}}
        monkeypatch.setenv("HF_ENDPOINT", hub.web.address)
        project = tmp_path / "project"
        subprocess.run(["git", "init", "-q", str(project)], check=True)
        subprocess.run(["git", "-C", str(project), "remote", "add", "origin", lfs.remote], check=True)
        (project / "net.bin").write_text(
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 7000\n"
        )
        (project / ".dvc").mkdir()
        name = _dvc_cache(project / ".dvc" / "moved")
        (project / "images.dvc").write_text(
            f"outs:\n- md5: {name}\n  size: 6\n  nfiles: 2\n  hash: md5\n  path: images\n"
        )
        artifact = runstone.Artifact("all", type="dataset")
        artifact.add_reference(str(project / "net.bin"))
        artifact.add_reference(str(project / "images.dvc"))  # its list is not found: one entry
        artifact.add_reference("hf://datasets/team/rows", name="hub")
        with artifact.new_file("own.txt") as file:
            file.write("own")
        run.log_artifact(artifact).wait(60)
        assert sorted(artifact.manifest.entries) == ["hub/rows.csv", "images", "net.bin", "own.txt"]

        with runstone.Api() as api:
            version = api.artifact("references/all:v0")
            out = tmp_path / "out"
            with pytest.raises(ReferenceAway, match="The list of images is not at hand"):
                version.download(out)
            (project / ".dvc" / "moved").rename(project / ".dvc" / "cache")
            version.download(out)
            wanted = {f"images/{path}": data for path, data in IMAGES.items()}
            wanted |= {"net.bin": b"weights" * 1000, "hub/rows.csv": b"1,2\n", "own.txt": b"own"}
            assert tree(out) == wanted
            version.verify(out)
            (out / "images" / "1.txt").write_bytes(b"two")
            (out / "hub" / "rows.csv").write_bytes(b"1,3\n")
            with pytest.raises(ValueError, match=r"changed: hub/rows\.csv, images"):
                version.verify(out)
            (out / "stray.txt").write_bytes(b"")
            version.checkout(out)
            assert tree(out) == wanted
    finally:
        lfs.close()
        hub.close()
