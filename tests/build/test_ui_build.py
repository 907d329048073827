"""The build hook decides rightly when the UI must be built, and never leaves half a build."""

from __future__ import annotations

import importlib.util
import json
import os
import stat
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
import hatch_build as hook  # noqa: E402

NPM = """#!/bin/sh
if [ "$1" = ci ]; then echo "ci $*" >> npm.log; exit 0; fi
echo "build" >> npm.log
[ -f fail ] && { echo "it broke here"; exit 3; }
mkdir -p "$RUNSTONE_UI_OUT/assets"
echo page > "$RUNSTONE_UI_OUT/index.html"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in a folder with a space in its name, with a node and an npm that note their calls."""
    root = tmp_path / "my project"
    (root / "web" / "src").mkdir(parents=True)
    (root / "src" / "runstone").mkdir(parents=True)
    (root / "web" / "package.json").write_text("{}")
    (root / "web" / "src" / "main.ts").write_text("one")
    tools = tmp_path / "tools"
    tools.mkdir()
    _tool(tools / "node", "#!/bin/sh\necho v22.13.0\n")
    _tool(tools / "npm", NPM)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.delenv("UI_BUILD", raising=False)
    return root


def _tool(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def calls(root: Path) -> list[str]:
    log = root / "web" / "npm.log"
    return log.read_text().splitlines() if log.exists() else []


def test_a_build_is_made_once_and_used_again(project: Path) -> None:
    assert hook.needs_build(project, "auto")
    hook.build_ui(project)
    assert (hook.static_dir(project) / "index.html").read_text() == "page\n"
    # npm.log lies in web/ and counts as source there: taken away, the source is what was built.
    (project / "web" / "npm.log").unlink()
    assert not hook.needs_build(project, "auto")
    assert not hook.needs_build(project, "require")
    assert hook.needs_build(project, "force")


def test_a_changed_source_is_built_again(project: Path) -> None:
    hook.build_ui(project)
    (project / "web" / "npm.log").unlink()
    (project / "web" / "src" / "main.ts").write_text("two")
    assert hook.needs_build(project, "auto")


def test_installed_packages_are_not_source(project: Path) -> None:
    before = hook.source_hash(project / "web")
    (project / "web" / "node_modules" / "left-pad").mkdir(parents=True)
    (project / "web" / "node_modules" / "left-pad" / "index.js").write_text("x")
    assert hook.source_hash(project / "web") == before


def test_renaming_a_file_changes_the_hash(project: Path) -> None:
    before = hook.source_hash(project / "web")
    (project / "web" / "src" / "main.ts").rename(project / "web" / "src" / "other.ts")
    assert hook.source_hash(project / "web") != before


def test_skip_and_a_missing_source_build_nothing(project: Path) -> None:
    assert not hook.needs_build(project, "skip")
    (project / "web" / "package.json").unlink()
    assert not hook.needs_build(project, "force")


def test_a_failed_build_leaves_the_one_before_and_says_why(project: Path) -> None:
    hook.build_ui(project)
    (project / "web" / "fail").write_text("")
    with pytest.raises(hook.UiBuildError, match=r"(?s)status 3.*it broke here"):
        hook.build_ui(project)
    assert (hook.static_dir(project) / "index.html").is_file()
    assert not hook.static_dir(project).with_name("static.new").exists()


def test_half_a_build_is_built_again(project: Path) -> None:
    hook.build_ui(project)
    (project / "web" / "npm.log").unlink()
    (hook.static_dir(project) / "index.html").unlink()
    assert hook.needs_build(project, "auto")


def test_an_old_node_is_passed_over(project: Path, tmp_path: Path) -> None:
    assert hook.find_node() is not None
    _tool(tmp_path / "tools" / "node", "#!/bin/sh\necho v18.20.1\n")
    assert hook.find_node() is None


def test_an_unknown_mode_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UI_BUILD", "perhaps")
    with pytest.raises(ValueError, match=r"'perhaps'.*skip, auto, force, require"):
        hook.ui_mode()


def test_packages_of_another_lock_are_installed_again(project: Path) -> None:
    web = project / "web"
    lock = {
        "packages": {
            "": {},
            "node_modules/vite": {"version": "8.0.0"},
            "node_modules/t": {"version": "1", "dev": True},
        }
    }
    (web / "package-lock.json").write_text(json.dumps(lock))
    (web / "node_modules").mkdir()
    installed = web / "node_modules" / ".package-lock.json"
    installed.write_text(json.dumps({"packages": {"node_modules/vite": {"version": "8.0.0"}}}))
    hook.build_ui(project)
    assert calls(project) == ["build"]
    installed.write_text(json.dumps({"packages": {"node_modules/vite": {"version": "7.9.9"}}}))
    hook.build_ui(project)
    assert calls(project)[1].startswith("ci ci --omit=dev")


def test_the_hook_loads_the_way_the_build_backend_loads_it() -> None:
    """hatchling executes the file without putting a module of its name into sys.modules."""
    spec = importlib.util.spec_from_file_location("not_kept_in_sys_modules", ROOT / "hatch_build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.UiBuildHook.__name__ == "UiBuildHook"
