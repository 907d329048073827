"""`runstone.Api`: questions about runs, against a real server."""

from __future__ import annotations

import builtins
import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.server import RunningServer
from tests.support.written_runs import WrittenRun

import runstone
from runstone.client import errors
from runstone.client.api import Api, project_path, run_path
from runstone.client.files import inside
from runstone.uplink.reading import JournalFile
from runstone.uplink.shipping import Shipper

ROWS = 2500


@pytest.fixture(scope="module")
def api(shared_server: RunningServer) -> Iterator[Api]:
    with runstone.Api(shared_server.base_url, shared_server.admin_key) as found:
        yield found


@pytest.fixture(scope="module")
def logged(api: Api, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a run with 2,500 rows; `sparse` in every tenth, one spike, a NaN."""
    root = tmp_path_factory.mktemp("logged")
    run = WrittenRun(root, run="logged01", project="asked", display_name="the long one", tags=["x"])
    run.config(lr=0.5, layers=[1, 2], inner={"deep": {"er": 1}})
    for step in range(ROWS):
        values: dict[str, Any] = {"loss": math.sin(step / 50)}
        if step == 1234:
            values["loss"] = 99.0
        if step % 10 == 0:
            values["sparse"] = float(step)
        if step == 7:
            values["odd"] = float("nan")
        run.row(**values)
    run.file("media/a.txt", b"hello")
    run.end()
    with JournalFile(run.path) as journal:
        shipper = Shipper(journal)
        while shipper.step(api.client):
            pass
    return f"{api.default_entity}/asked/logged01"


@pytest.fixture(scope="module")
def many(api: Api) -> str:
    for at in range(57):
        api.client.put_run(
            "",
            "many",
            f"m{at:02d}",
            display_name=f"run {at}",
            config={"lr": at / 100, "kind": "even" if at % 2 == 0 else "odd"},
            summary={"score": float(at)},
        )
    return f"{api.default_entity}/many"


def test_runs_are_fetched_as_they_are_taken(api: Api, many: str) -> None:
    runs = api.runs(many, order="+summary.score", per_page=10)
    assert len(runs) == 57
    assert runs[0].summary["score"] == 0.0
    assert runs[56].id == "m56"
    assert runs[-1].id == "m56"
    assert [run.id for run in runs[3:6]] == ["m03", "m04", "m05"]
    assert [run.id for run in runs] == [f"m{at:02d}" for at in range(57)]
    assert list(runs) == list(runs)  # the same objects again, not fetched again
    with pytest.raises(IndexError):
        runs[57]


def test_filters_and_order_are_the_servers(api: Api, many: str) -> None:
    found = api.runs(many, {"config.kind": "odd", "summary.score": {"$gte": 50}}, order=["-summary.score"])
    assert [run.id for run in found] == ["m55", "m53", "m51"]
    assert len(api.runs(many, {"config.kind": "none"})) == 0
    assert list(api.runs(many, {"config.kind": "none"})) == []


def test_only_the_columns_asked_for_are_brought(api: Api, many: str) -> None:
    run = api.runs(many, select=["config.lr"])[0]
    assert set(run.config) == {"lr"} and run.summary == {}


def test_a_table_of_runs(api: Api, many: str) -> None:
    table = api.runs(many, order="+summary.score").to_arrow()
    assert table.num_rows == 57
    assert table.column("summary.score").to_pylist() == [float(at) for at in range(57)]
    assert "config.kind" in table.column_names


def test_a_run_by_its_path(api: Api, logged: str) -> None:
    run = api.run(logged)
    assert run.id == "logged01" and run.name == "the long one" and run.tags == ["x"]
    assert run.state == "finished"
    assert run.config["inner"] == {"deep": {"er": 1}}
    assert run.url.endswith("/asked/runs/logged01")
    assert api.run("asked/logged01").id == run.id
    with pytest.raises(errors.NotFound):
        api.run("asked/none")


def test_the_history_is_whole(api: Api, logged: str) -> None:
    run = api.run(logged)
    rows = run.history(pandas=False)
    assert [row["_step"] for row in rows] == list(range(ROWS))
    assert math.isnan(rows[7]["odd"])
    assert rows[1234]["loss"] == 99.0
    assert max(row["loss"] for row in rows) == 99.0


def test_samples_only_when_asked_for(api: Api, logged: str) -> None:
    rows = api.run(logged).history(samples=100, pandas=False)
    steps = [row["_step"] for row in rows]
    assert len(steps) == 100 and steps[0] == 0 and steps[-1] == ROWS - 1
    gaps = np.diff(steps)
    assert gaps.max() - gaps.min() <= 1


def test_keys_and_ranges(api: Api, logged: str) -> None:
    run = api.run(logged)
    sparse = run.history(keys=["sparse"], pandas=False)
    assert [row["sparse"] for row in sparse] == [float(step) for step in range(0, ROWS, 10)]
    assert set(sparse[0]) == {"_step", "sparse"}
    both = list(run.scan_history(keys=["loss", "sparse"]))
    assert len(both) == ROWS // 10 and set(both[0]) == {"loss", "sparse"}
    part = list(run.scan_history(min_step=100, max_step=110))
    assert [row["_step"] for row in part] == list(range(100, 110))


def test_without_pandas_the_history_is_a_list(api: Api, logged: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def no_pandas(name: str, *rest: Any, **more: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", no_pandas)
    assert isinstance(api.run(logged).history(keys=["sparse"]), list)


def test_statistics_are_over_all_points(api: Api, logged: str) -> None:
    loss = np.array([math.sin(step / 50) for step in range(ROWS)])
    loss[1234] = 99.0
    found = api.run(logged).statistics("loss")
    assert found.count == ROWS
    assert found.min == loss.min() and found.max == 99.0
    assert found.mean is not None and abs(found.mean - loss.mean()) < 1e-12


def test_a_chart_keeps_the_spike(api: Api, logged: str) -> None:
    line = api.run(logged).series("loss", buckets=100)
    assert line is not None
    assert line.x.dtype == np.float64 and line.mean.dtype == np.float32
    assert len(line.x) == len(line.mean) == len(line.min) == len(line.max) <= 110
    assert line.max.max() == 99.0 and line.total == ROWS and not line.exact
    few = api.run(logged).series("sparse", buckets=1000)
    assert few is not None and few.exact and len(few.x) == ROWS // 10
    assert api.run(logged).series("never") is None


def test_arrow_and_files_of_the_history(api: Api, logged: str, tmp_path: Path) -> None:
    run = api.run(logged)
    table = run.to_arrow()
    assert table.num_rows == ROWS
    assert table.column("_step").to_pylist() == list(range(ROWS))
    target = run.export(tmp_path / "h.jsonl", keys=["sparse"])
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert [row["sparse"] for row in rows if "sparse" in row] == [float(step) for step in range(0, ROWS, 10)]
    assert [path.name for path in tmp_path.iterdir()] == ["h.jsonl"]
    with pytest.raises(errors.Misuse):
        run.export(tmp_path / "h.xls")


def test_keys_of_a_run_and_of_the_project(api: Api, logged: str) -> None:
    keys = {key.name: key for key in api.run(logged).keys()}  # noqa: SIM118 (no mapping)
    assert keys["loss"].count == ROWS and keys["loss"].max == 99.0
    assert {"loss", "sparse"} <= {key.name for key in api.keys("asked")}


def test_files_come_whole_or_not_at_all(api: Api, logged: str, tmp_path: Path) -> None:
    run = api.run(logged)
    file = run.file("media/a.txt")
    assert file.size == 5 and file.sha256 == hashlib.sha256(b"hello").hexdigest()
    path = file.download(tmp_path)
    assert path == tmp_path / "media" / "a.txt" and path.read_bytes() == b"hello"
    with pytest.raises(errors.Misuse, match="there already"):
        file.download(tmp_path)
    path.write_text("mine")
    assert file.download(tmp_path, exist_ok=True).read_text() == "mine"
    assert file.download(tmp_path, replace=True).read_bytes() == b"hello"
    assert [item.name for item in path.parent.iterdir()] == ["a.txt"]
    with pytest.raises(errors.NotFound):
        run.file("media/none.txt")
    local = tmp_path / "up.bin"
    local.write_bytes(bytes(range(256)) * 5000)
    assert run.upload_file(local).read() == local.read_bytes()
    assert {item.name for item in run.files()} >= {"media/a.txt", "up.bin"}
    run.file("up.bin").delete()
    assert "up.bin" not in {item.name for item in run.files()}


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\..\\x", "", "a/\0"])
def test_a_file_name_from_a_server_cannot_lead_out_of_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(errors.Misuse):
        inside(tmp_path, name)


def test_a_link_that_lies_there_does_not_lead_out_either(tmp_path: Path) -> None:
    (tmp_path / "down").mkdir()
    (tmp_path / "down" / "link").symlink_to(tmp_path)
    with pytest.raises(errors.Misuse):
        inside(tmp_path / "down", "link/x")


def test_changes_are_sent_and_only_they(api: Api) -> None:
    api.client.put_run("", "change", "c1", config={"a": 1, "b": {"c": 2, "d": 3}}, summary={"s": 1.0})
    mine, theirs = api.run("change/c1"), api.run("change/c1")
    mine.config["b"]["c"] = 20
    mine.config["new.key"] = "dots"
    del mine.config["a"]
    mine.tags.append("kept")
    mine.name = "renamed"
    mine.summary["best"] = 0.5
    mine.update()
    theirs.config["b"]["d"] = 30
    theirs.update()
    found = api.run("change/c1")
    assert found.config == {"b": {"c": 20, "d": 30}, "new.key": "dots"}
    assert found.summary == {"s": 1.0, "best": 0.5}
    assert (found.tags, found.name) == (["kept"], "renamed")
    assert found.record.version == found.update().record.version  # nothing to say, nothing sent


def test_to_the_trash_and_back(api: Api) -> None:
    api.client.put_run("", "trash", "t1", config={"x": 1})
    run = api.run("trash/t1")
    run.delete()
    assert len(api.runs("trash")) == 0
    assert [item.id for item in api.runs("trash", trash=True)] == ["t1"]
    assert run.restore().config == {"x": 1}
    assert len(api.runs("trash")) == 1
    assert api.runs("trash").delete() == 1
    assert len(api.runs("trash")) == 0


def test_projects_and_who_i_am(api: Api, many: str) -> None:
    assert api.viewer.is_admin
    assert api.project("many").run_count == 57
    assert api.project(many).entity == api.default_entity
    made = api.create_project("fresh", description="words")
    assert api.create_project("fresh").description == made.description == "words"
    assert "fresh" in {project.name for project in api.projects(search="fres")}


def test_no_server_is_said_with_what_to_do(isolated_home: Path) -> None:
    with pytest.raises(errors.Misuse, match="runstone server"):
        runstone.Api()


@pytest.mark.parametrize("path", ["", "/", "a/b/c", "a//b"])
def test_what_names_no_project_is_refused(path: str) -> None:
    with pytest.raises(errors.Misuse):
        project_path(path)


def test_paths_as_people_copy_them() -> None:
    assert project_path("e/p") == ("e", "p") and project_path("p") == ("", "p")
    assert run_path("e/p/r") == run_path("/e/p/r") == run_path("e/p/runs/r") == ("e", "p", "r")
    assert run_path("p/r") == ("", "p", "r")
    with pytest.raises(errors.Misuse):
        run_path("r")
