"""Rows, keys, exports, console by the API."""

from __future__ import annotations

import csv
import io
import json
import math

import httpx
import pyarrow.parquet as pq
import pytest
from tests.support.rest import JournalSender, console_record, log_run, row_record

from runstone.journal.kinds import Kind

assert Kind.ROW


def test_rows_page_by_step_with_every_kind_of_value(api: httpx.Client, project: str) -> None:
    sender = JournalSender(api, project, "one")
    values = [
        {"n": 1.5, "i": 2**60, "b": True, "s": "héllo", "j": {"_type": "image", "path": "a.png"}},
        {"n": math.nan, "i": -1},
        {"n": math.inf, "s": ""},
        {"n": -math.inf},
    ]
    sender.send(sender.first() + b"".join(row_record(step * 10, row) for step, row in enumerate(values)))
    first = api.get(f"{project}/runs/one/rows", params={"limit": 2}).json()
    rest = api.get(f"{project}/runs/one/rows", params={"min_step": first["next_step"]}).json()
    rows = first["rows"] + rest["rows"]
    assert rest["next_step"] is None
    assert [row["_step"] for row in rows] == [0, 10, 20, 30]
    assert rows[0]["n"] == 1.5 and rows[0]["i"] == 2**60 and rows[0]["b"] is True
    assert rows[0]["s"] == "héllo" and rows[0]["j"] == {"_type": "image", "path": "a.png"}
    assert [row["n"] for row in rows[1:]] == ["NaN", "Infinity", "-Infinity"]
    assert "s" not in rows[1]


def test_rows_of_some_keys_and_steps_only(api: httpx.Client, project: str) -> None:
    log_run(api, project, "one", {"a": [float(n) for n in range(50)], "b": [1.0] * 10})
    found = api.get(f"{project}/runs/one/rows", params={"keys": ["b"], "min_step": 5, "max_step": 20}).json()[
        "rows"
    ]
    assert [row["_step"] for row in found] == [5, 6, 7, 8, 9]
    assert all(set(row) == {"_step", "_timestamp", "_runtime", "b"} for row in found)


def test_keys_tell_kind_count_and_range(api: httpx.Client, project: str) -> None:
    log_run(api, project, "one", {"val/acc": [0.5, math.nan, 0.25], "loss": [1.0]})
    keys = {key["name"]: key for key in api.get(f"{project}/runs/one/keys").json()["keys"]}
    assert keys["val/acc"]["kind"] == "number"
    assert keys["val/acc"]["count"] == 3
    assert (keys["val/acc"]["min"], keys["val/acc"]["max"]) == (0.25, 0.5)
    assert keys["val/acc"]["last"] == 0.25
    assert not any(name.startswith("_") for name in keys)
    found = api.get(f"{project}/runs/one/keys", params={"search": "acc"}).json()["keys"]
    assert [key["name"] for key in found] == ["val/acc"]
    page = api.get(f"{project}/runs/one/keys", params={"limit": 1}).json()
    after = api.get(f"{project}/runs/one/keys", params={"limit": 1, "after": page["next"]}).json()
    assert [page["keys"][0]["name"], after["keys"][0]["name"]] == ["loss", "val/acc"]


def test_project_keys_are_those_of_all_runs(api: httpx.Client, project: str) -> None:
    log_run(api, project, "one", {"a": [1.0]})
    log_run(api, project, "two", {"b": [1.0]})
    keys = api.get(f"{project}/keys").json()["keys"]
    assert [(key["name"], key["kind"]) for key in keys] == [("a", "number"), ("b", "number")]


COLUMNS = {"loss": [0.5, math.nan, 2.5], "step2": [1.0, 2.0]}


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_an_export_has_every_row(api: httpx.Client, project: str, kind: str) -> None:
    log_run(api, project, "one", COLUMNS)
    answer = api.get(f"{project}/runs/one/export", params={"format": kind})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    if kind == "parquet":
        table = pq.read_table(io.BytesIO(answer.content)).to_pydict()
        assert table["_step"] == [0, 1, 2]
        assert table["loss"][0] == 0.5 and math.isnan(table["loss"][1])
        assert table["step2"] == [1.0, 2.0, None]
    elif kind == "csv":
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["loss"] for row in rows] == ["0.5", "nan", "2.5"]
        assert rows[2]["step2"] == ""
    else:
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert [line["loss"] for line in lines] == [0.5, "NaN", 2.5]
        assert "step2" not in lines[2]


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_a_run_that_logged_nothing_exports_nothing(api: httpx.Client, project: str, kind: str) -> None:
    api.put(f"{project}/runs/empty", json={})
    answer = api.get(f"{project}/runs/empty/export", params={"format": kind})
    assert answer.status_code == 200, answer.text
    if kind == "parquet":
        assert pq.read_table(io.BytesIO(answer.content)).num_rows == 0


def test_an_export_of_no_known_format_is_refused(api: httpx.Client, project: str) -> None:
    api.put(f"{project}/runs/empty", json={})
    assert api.get(f"{project}/runs/empty/export", params={"format": "pickle"}).status_code == 422


def test_console_lines_by_number_from_the_end_and_by_text(api: httpx.Client, project: str) -> None:
    sender = JournalSender(api, project, "one")
    lines = [console_record(number, f"line {number}", stream=number % 2) for number in range(30)]
    lines.append(console_record(7, "line 7 \x1b[31mrewritten\x1b[0m"))
    sender.send(sender.first() + b"".join(lines))
    page = api.get(f"{project}/runs/one/console", params={"limit": 10}).json()
    assert page["total"] == 30
    assert [line[0] for line in page["lines"]] == list(range(10))
    assert page["lines"][7][3] == "line 7 \x1b[31mrewritten\x1b[0m"
    assert page["lines"][1][1] == 1
    assert page["writers"][0]["lines"] == 30
    last = api.get(f"{project}/runs/one/console", params={"start": -3}).json()
    assert [line[3] for line in last["lines"]] == ["line 27", "line 28", "line 29"]
    found = api.get(f"{project}/runs/one/console", params={"search": "REWRITTEN"}).json()
    assert [line[0] for line in found["lines"]] == [7]
    text = api.get(f"{project}/runs/one/console/download")
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.text.splitlines()[29] == "line 29"


def test_a_console_without_lines_is_empty_not_an_error(api: httpx.Client, project: str) -> None:
    api.put(f"{project}/runs/quiet", json={})
    page = api.get(f"{project}/runs/quiet/console").json()
    assert page == {"lines": [], "writer": "", "total": 0, "writers": []}
    assert api.get(f"{project}/runs/quiet/console/download").text == ""
