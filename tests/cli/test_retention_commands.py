"""`runstone retention`: real commands against a real server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_artifact_commands import call  # noqa: F401
from tests.support.rest import new_name

from runstone.cli.retention import condition, rule_words, seconds

Call = Callable[..., Any]


@pytest.fixture
def project(call: Call, tmp_path: Path) -> str:  # noqa: F811
    name = new_name("keep")
    for number in range(4):
        (tmp_path / "w.bin").write_bytes(b"%d" % number)
        call("artifact", "put", "w.bin", "-n", f"{name}/net", "--type", "model")
    return name


def left(call: Call, project: str) -> int:  # noqa: F811
    return len(call("artifact", "ls", f"{project}/net"))


def test_a_policy_is_set_shown_looked_at_and_applied(call: Call, project: str) -> None:  # noqa: F811
    call("retention", "set", project, "--type", "model", "--last", "3", "--ttl", "1d")
    call("retention", "set", project, "--last", "1")
    shown = call("retention", "show", project)
    assert [(one["type"], one["rule"]["last"]) for one in shown["project"]] == [("", 1), ("model", 3)]
    assert "the last 3, the others for 1d" in call("retention", "show", project, plain=True)
    assert call("retention", "apply", project, "--dry-run")["versions"] == 0  # none is a day old
    call("retention", "set", project, "--collection", "net", "--last", "2")
    look = call("retention", "apply", project, "--dry-run")
    assert (look["versions"], look["freed_bytes"]) == (2, 2)
    text = call("retention", "apply", project, "--dry-run", plain=True)
    assert "net:v0" in text and "would then free 2 bytes" in text
    assert left(call, project) == 4
    done = call("retention", "apply", project)
    assert (done["state"], done["versions"]) == ("done", 2) and left(call, project) == 2
    call("retention", "set", project, "--collection", "net", "--inherit")
    call("retention", "set", project, "--type", "model", "--keep-all")
    assert call("retention", "show", project)["collections"] == []


def test_versions_are_deleted_by_query(call: Call, project: str) -> None:  # noqa: F811
    wanted = ["retention", "delete", project, "--collection", "n?t", "--keep-last", "1"]
    assert call(*wanted, "--dry-run")["versions"] == 3
    assert call(*wanted, "--older-than", "1h")["versions"] == 0
    assert "went to the trash" in call(*wanted, "-r", "old", plain=True)
    assert left(call, project) == 1
    listed = call("retention", "deletions", project)
    assert [(one["state"], one["versions"]) for one in listed] == [("done", 3), ("done", 0)]
    assert call("retention", "cancel", project, str(listed[0]["id"]))["state"] == "done"


def test_a_deletion_is_undone_whole(call: Call, project: str) -> None:  # noqa: F811
    done = call("retention", "delete", project, "--collection", "net", "--keep-last", "1")
    text = call("retention", "deletions", project, plain=True)
    assert "collection net, but the last 1" in text
    assert left(call, project) == 1
    back = call("artifact", "restore", "--deletion", str(done["id"]))
    assert (back["state"], back["restored"], back["in_trash"]) == ("undone", 3, 0)
    assert left(call, project) == 4
    told = call("artifact", "restore", "--deletion", str(done["id"]), plain=True)
    assert told == "undone: 3 of 3 versions are back.\n"
    said = call("retention", "delete", project, "--keep-last", "2", plain=True)
    assert "Back with `runstone artifact restore --deletion" in said


def test_what_cannot_be_meant_is_refused_before_anything_is_asked(call: Call) -> None:  # noqa: F811
    call("retention", "set", "p", "--keep-all", "--last", "1", status=2, plain=True)
    call("retention", "set", "p", "--ttl", "soon", status=2, plain=True)
    call("retention", "apply", "p", "--type", "model", status=2, plain=True)
    call("retention", "delete", "p", "--metadata", "loss", status=2, plain=True)


def test_words_of_times_conditions_and_rules() -> None:
    assert [seconds(text) for text in ("90", "90s", "2h", "14d", "1w")] == [90, 90, 7200, 1_209_600, 604_800]
    assert condition("eval.loss>=0.3") == {"path": "eval.loss", "op": ">=", "value": 0.3}
    assert condition("stage!=draft") == {"path": "stage", "op": "!=", "value": "draft"}
    assert condition("a=b=c") == {"path": "a", "op": "=", "value": "b=c"}
    rule = {"best": 3, "last": 1, "metric": "acc", "goal": "max", "ttl_seconds": 1_209_600}
    assert rule_words(rule) == "the last 1, the best 3 by acc (max), the others for 2w"
