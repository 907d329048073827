"""What a run records of its surroundings, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.journals import journals, records

import runstone
from runstone.journal.kinds import Kind
from runstone.sdk.capture import git, machine, packages
from runstone.sdk.capture.__main__ import main


def environment(folder: Path | str) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for record in records(folder, Kind.ENVIRONMENT):
        whole.update(record)
    return whole


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A work tree with one commit."""
    folder = tmp_path / "my tree"
    folder.mkdir()

    def run(*command: str) -> None:
        subprocess.run(["git", "-C", str(folder), *command], check=True, capture_output=True)

    run("init", "-q", "-b", "trunk")
    (folder / "train.py").write_text("lr = 0.1\n")
    run("add", ".")
    run("-c", "user.name=me", "-c", "user.email=me@example.com", "commit", "-q", "-m", "first")
    run("remote", "add", "origin", "https://me:s3cretpw@example.com/a.git")
    return folder


def test_a_clean_tree(tree: Path) -> None:
    found = git.read(str(tree))
    assert found is not None
    assert len(str(found.facts["commit"])) == 40
    assert found.facts["branch"] == "trunk"
    assert found.facts["dirty"] is False
    assert found.patch == ""


def test_a_dirty_tree_gives_a_patch_that_applies(tree: Path) -> None:
    (tree / "train.py").write_text("lr = 0.2\n")
    (tree / "new.py").write_text("x")
    found = git.read(str(tree))
    assert found is not None
    assert found.facts["dirty"] is True
    assert found.facts["untracked"] == ["new.py"]
    (tree / "train.py").write_text("lr = 0.1\n")
    subprocess.run(["git", "-C", str(tree), "apply"], input=found.patch.encode(), check=True)
    assert (tree / "train.py").read_text() == "lr = 0.2\n"


def test_a_stranger_tree_runs_nothing(tree: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch '{tmp_path}/sprung'\n")
    trap.chmod(0o755)
    for name in ("diff.external", "core.fsmonitor", "diff.x.textconv", "core.pager"):
        subprocess.run(["git", "-C", str(tree), "config", name, str(trap)], check=True)
    (tree / ".gitattributes").write_text("*.py diff=x\n")
    (tree / "train.py").write_text("lr = 0.3\n")
    assert git.read(str(tree)) is not None
    assert not (tmp_path / "sprung").exists()


def test_no_tree(tmp_path: Path) -> None:
    assert git.read(str(tmp_path)) is None
    assert git.read(str(tmp_path / "nowhere")) is None


def test_packages_are_a_requirements_file() -> None:
    lines = packages.requirements().splitlines()
    assert any(line.startswith("msgspec==") for line in lines)
    assert len({line.split("==")[0].lower() for line in lines}) == len(lines)


def test_the_machine(tmp_path: Path) -> None:
    found = machine.read(str(tmp_path))
    assert found["cpu"]["logical"] == os.cpu_count()
    assert found["memory"]["total"] > 10**8
    assert found["disk"]["total"] > 0
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))


def test_only_allowed_variables_are_read() -> None:
    environ = {"CUDA_VISIBLE_DEVICES": "0", "RANK": "1", "SLURM_JOB_ID": "7", "HOME": "/root",
               "MY_TOKEN": "x",
               "RANKING": "no", "OMP_NUM_THREADS": "4", "AWS_SECRET_ACCESS_KEY": "x"}  # fmt: skip
    assert machine.variables(environ) == {
        "CUDA_VISIBLE_DEVICES": "0", "OMP_NUM_THREADS": "4", "RANK": "1", "SLURM_JOB_ID": "7",
    }  # fmt: skip


def test_a_run_gets_it_all_without_waiting_for_it(
    start: Callable[..., runstone.Run], tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "train.py").write_text("lr = 0.2  # pass" + "word=hunter22\n")
    monkeypatch.chdir(tree)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr(sys, "argv", ["train.py"])
    import __main__

    monkeypatch.setattr(__main__, "__file__", "train.py", raising=False)
    run = start(settings={"git": True, "packages": True, "environment": True, "code": True})
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not any(
        kind == Kind.END for items in journals(run.folder).values() for kind, _ in items
    ):
        time.sleep(0.05)
    run.finish()
    found = environment(run.folder)
    assert found["git"]["branch"] == "trunk"
    assert found["git"]["remote"] == "https://me:[redacted]@example.com/a.git"
    assert found["cpu"]["logical"] == os.cpu_count()
    assert found["cwd"] == str(tree)
    files = {file.name: Path(run.folder) / file.path for file in records(run.folder, Kind.FILE)}
    assert set(files) == {"diff.patch", "requirements.txt", "code/train.py"}
    assert "lr = 0.2" in files["diff.patch"].read_text()
    assert "hunter22" not in files["diff.patch"].read_text() + files["code/train.py"].read_text()
    heads = {items[0][1].primary for items in journals(run.folder).values()}
    assert heads == {None, False}  # the capture's end does not end the run


def test_by_hand(start: Callable[..., runstone.Run], capsys: pytest.CaptureFixture[str]) -> None:
    run = start()
    assert main([run.folder, "--only=environment"]) == 0
    assert "os" in environment(run.folder)
    assert main([run.folder, "--only=nonsense"]) == 2
    assert main([]) == 2
    assert main([str(Path(run.folder).parent)]) == 1
