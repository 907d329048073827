"""From `log()` to the server: real processes, a real uplink, a real server."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.support.journals import run_script
from tests.support.server import RunningServer


def ask(server: RunningServer, path: str) -> Any:
    request = urllib.request.Request(
        f"{server.base_url}/api/v1{path}", headers={"Authorization": f"Bearer {server.admin_key}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def until(what: Any, seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = what()
        except OSError:
            found = None
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


SCRIPT = """
    import os, sys
    import runstone
    run = runstone.init(project="way", entity="", id=sys.argv[1], dir=sys.argv[2], config={"lr": 0.1})
    for i in range(500):
        run.log({"loss": 1 / (i + 1), "i": i})
    print("printed line")
    run.log({"html": runstone.Html("<b>hello</b>")})
    run.finish(timeout=30)
"""


def test_a_run_arrives_whole(server: RunningServer, tmp_path: Path) -> None:
    environ = {"RUNSTONE_BASE_URL": server.base_url, "RUNSTONE_API_KEY": server.admin_key}
    done = run_script(SCRIPT, "whole1", str(tmp_path / "here"), environ=environ)
    assert done.returncode == 0, done.stderr
    assert "/way/runs/whole1" in done.stderr
    run = until(lambda: ask(server, "/projects/-/way/runs/whole1"))
    run = until(lambda: (r := ask(server, "/projects/-/way/runs/whole1"))["state"] == "finished" and r)
    assert run["config"] == {"lr": 0.1}
    assert run["summary"]["i"] == 499
    rows = ask(server, "/projects/-/way/runs/whole1/rows?keys=i&limit=1000")["rows"]
    assert [row["i"] for row in rows] == list(range(500))
    lines = until(lambda: ask(server, "/projects/-/way/runs/whole1/console")["lines"])
    assert "printed line" in [line[3] for line in lines]
    names = until(
        lambda: (
            (n := [f["name"] for f in ask(server, "/projects/-/way/runs/whole1/files")["files"]])
            and "requirements.txt" in n
            and n
        )
    )
    assert any(name.startswith("media/html/html_500_") for name in names)
    assert until(lambda: "cpu" in ask(server, "/projects/-/way/runs/whole1")["environment"])


@pytest.mark.parametrize("resume", ["must", "allow"])
def test_a_run_goes_on_by_what_the_server_knows(server: RunningServer, tmp_path: Path, resume: str) -> None:
    environ = {"RUNSTONE_BASE_URL": server.base_url, "RUNSTONE_API_KEY": server.admin_key}
    assert run_script(SCRIPT, "on1", str(tmp_path / "a"), environ=environ).returncode == 0
    until(lambda: ask(server, "/projects/-/way/runs/on1")["summary"].get("i") == 499)
    script = SCRIPT.replace("config={", f"resume={resume!r}, config={{").replace(
        "print(", "print(run.step, run.config['lr'], run.resumed); print("
    )
    done = run_script(script, "on1", str(tmp_path / "b"), environ=environ)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1001 0.1 True")
    steps = until(
        lambda: (
            (r := ask(server, "/projects/-/way/runs/on1/rows?keys=i&limit=2000")["rows"])
            and len(r) == 1000
            and [row["_step"] for row in r]
        )
    )
    assert steps == [*range(500), *range(501, 1001)]


def test_resume_never_meets_the_server(server: RunningServer, tmp_path: Path) -> None:
    environ = {"RUNSTONE_BASE_URL": server.base_url, "RUNSTONE_API_KEY": server.admin_key}
    assert run_script(SCRIPT, "nev1", str(tmp_path / "a"), environ=environ).returncode == 0
    until(lambda: ask(server, "/projects/-/way/runs/nev1"))
    done = run_script(
        SCRIPT.replace("config={", "resume='never', config={"), "nev1", str(tmp_path / "b"), environ=environ
    )
    assert done.returncode == 1
    assert "nev1" in done.stderr
    assert "ResumeError" in done.stderr
    done = run_script(
        SCRIPT.replace("config={", "resume='must', config={"), "none", str(tmp_path / "b"), environ=environ
    )
    assert "there is no run 'none'" in done.stderr


REWIND = """
    import sys
    import runstone
    options = dict(project="way", dir=sys.argv[1], settings=runstone.Settings(system=False, git=False))
    with runstone.init(id="rewound", **options) as run:
        for step in range(10):
            run.log({"loss": float(step), "first": step})
    with runstone.init(resume_from="rewound?_step=4", **options) as run:
        assert run.id == "rewound"
        for step in range(3):
            run.log({"loss": 100.0 + step})
    with runstone.init(id="forked", fork_from="rewound?_step=5", **options) as run:
        run.log({"loss": -1.0})
"""


def test_a_run_goes_on_from_a_step_of_its_own_and_another_from_there(
    server: RunningServer, tmp_path: Path
) -> None:
    environ = {"RUNSTONE_BASE_URL": server.base_url, "RUNSTONE_API_KEY": server.admin_key}
    done = run_script(REWIND, str(tmp_path / "here"), environ=environ)
    assert done.returncode == 0, done.stderr

    def rows(run: str) -> list[tuple[int, float]]:
        found = ask(server, f"/projects/-/way/runs/{run}/rows?keys=loss&limit=1000")["rows"]
        return [(row["_step"], row["loss"]) for row in found]

    before = [(step, float(step)) for step in range(5)]
    assert until(lambda: rows("forked")[5:]) == [(5, 100.0), (6, -1.0)]
    assert rows("rewound") == [*before, (5, 100.0), (6, 101.0), (7, 102.0)]
    assert rows("forked")[:5] == before
    run = until(lambda: (r := ask(server, "/projects/-/way/runs/rewound"))["state"] == "finished" and r)
    assert (run["summary"]["loss"], run["summary"]["_step"], run["fork_of"]) == (102.0, 7, "")
    forked = ask(server, "/projects/-/way/runs/forked")
    assert (forked["fork_of"], forked["fork_step"]) == ("rewound", 5)
