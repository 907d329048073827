"""The state of the source tree: commit, branch, remote, and what is not committed."""

from __future__ import annotations

import os
import subprocess
from typing import NamedTuple

SECONDS_MAX = 20.0
PATCH_BYTES_MAX = 8 * 1024 * 1024

# The tree may be a stranger's: nothing it configures is run.
_SAFE = (
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat",
    "-c", "diff.external=", "-c", "submodule.recurse=false",
)  # fmt: skip


class Git(NamedTuple):
    """`patch` is the diff of tracked files against the commit, "" for a clean tree; `facts` has commit,
    branch, remote, root and dirty (bool), each only where it is known."""

    facts: dict[str, object]
    patch: str


def read(folder: str) -> Git | None:
    """None where `folder` is in no work tree, or there is no git."""
    root = _git(folder, "rev-parse", "--show-toplevel")
    if not root:
        return None
    facts: dict[str, object] = {"root": root}
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    if commit:
        facts["commit"] = commit
    branch = _git(root, "symbolic-ref", "--short", "-q", "HEAD")
    if branch:
        facts["branch"] = branch
    remote = _git(root, "config", "--get", "remote.origin.url")
    if remote:
        facts["remote"] = remote
    patch = ""
    if commit:
        patch = _git(root, "diff", "--no-ext-diff", "--no-textconv", "--no-color", "HEAD", strip=False) or ""
        untracked = _git(root, "ls-files", "--others", "--exclude-standard", "--directory") or ""
        facts["dirty"] = bool(patch)
        if untracked:
            facts["untracked"] = untracked.splitlines()[:200]
    if len(patch) > PATCH_BYTES_MAX:
        facts["patch_left_out"] = f"{len(patch)} characters; the most is {PATCH_BYTES_MAX}"
        patch = ""
    return Git(facts, patch)


def _git(folder: str, *arguments: str, strip: bool = True) -> str | None:
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", folder, *_SAFE, *arguments],  # noqa: S607
            capture_output=True,
            timeout=SECONDS_MAX,
            env=environ,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    text = done.stdout.decode("utf-8", "replace")
    return text.strip() if strip else text
