"""Series by the API: both forms say the same, and both are exact."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from tests.support.rest import log_run, new_name

BINARY = {"Accept": "application/vnd.runstone.series"}
JSON = {"Accept": "application/json"}


def decode(body: bytes) -> tuple[dict[str, Any], list[dict[str, npt.NDArray[Any]]]]:
    """The binary form, read as its description says."""
    (length,) = struct.unpack_from("<I", body)
    assert (4 + length) % 8 == 0
    header = json.loads(body[4 : 4 + length].decode("ascii"))
    at = 4 + length
    lines = []
    for line in header["lines"]:
        columns: dict[str, npt.NDArray[Any]] = {}
        for name in line["columns"]:
            kind = np.dtype("<f8" if name == "x" else "<f4")
            columns[name] = np.frombuffer(body, kind, line["n"], at)
            at += line["n"] * kind.itemsize
        lines.append(columns)
    assert at == len(body)
    return header, lines


def ask(api: httpx.Client, project: str, headers: dict[str, str], **wanted: Any) -> httpx.Response:
    answer = api.post(f"{project}/series", json=wanted, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.fixture(scope="module")
def charted(api: httpx.Client) -> tuple[str, npt.NDArray[np.float64]]:
    """A project with a run `long` of 20,000 points, one of them a spike, and a run `short`."""
    path = f"/projects/admin/{new_name('chart')}"
    dice = np.random.default_rng(3)
    values = dice.normal(size=20_000)
    values[7_777] = 1000.0
    log_run(api, path, "long", {"loss": values.tolist()})
    log_run(
        api, path, "short", {"loss": [1.0, math.nan, 3.0], "acc": [0.1, 0.2, 0.3], "x/time": [5.0, 6.0, 9.0]}
    )
    return path, values


def test_both_forms_say_the_same(api: httpx.Client, charted: tuple[str, npt.NDArray[np.float64]]) -> None:
    path, _ = charted
    wanted = {"runs": ["long", "short"], "keys": ["loss", "acc"], "buckets": 300}
    document = ask(api, path, JSON, **wanted).json()
    header, columns = decode(ask(api, path, BINARY, **wanted).content)
    assert header["x"] == document["x"] == "_step"
    assert header["range"] == document["range"]
    assert header["version"] == document["version"]
    assert [(line["run"], line["key"]) for line in header["lines"]] == [
        (line["run"], line["key"]) for line in document["lines"]
    ]
    for told, found, line in zip(header["lines"], columns, document["lines"], strict=True):
        assert (told["total"], told["exact"], told["n"]) == (line["total"], line["exact"], len(line["x"]))
        assert found["x"].tolist() == line["x"]
        names = ["x", "mean"] if line["exact"] else ["x", "mean", "min", "max"]
        assert told["columns"] == names
        for name in names[1:]:
            expected = np.array([math.nan if v is None else v for v in line[name]], dtype=np.float32)
            np.testing.assert_array_equal(found[name], expected)


def test_buckets_hold_exact_statistics_and_every_spike(
    api: httpx.Client, charted: tuple[str, npt.NDArray[np.float64]]
) -> None:
    path, values = charted
    for buckets in (50, 333, 1000):
        line = ask(api, path, JSON, runs=["long"], keys=["loss"], buckets=buckets).json()["lines"][0]
        assert len(line["x"]) <= buckets
        assert line["total"] == sum(line["count"]) == len(values)
        assert max(line["max"]) == 1000.0
        for x, last, count, low, high, mean in zip(
            line["x"], line["x_last"], line["count"], line["min"], line["max"], line["mean"], strict=True
        ):
            part = values[int(x) : int(last) + 1]
            assert len(part) == count
            assert (low, high) == (part.min(), part.max())
            assert math.isclose(mean, part.mean(), rel_tol=1e-9, abs_tol=1e-12)


def test_a_zoom_to_few_points_is_exact(
    api: httpx.Client, charted: tuple[str, npt.NDArray[np.float64]]
) -> None:
    path, values = charted
    answer = ask(api, path, JSON, runs=["long"], keys=["loss"], range=[7_700, 7_800], buckets=500).json()
    line = answer["lines"][0]
    assert answer["exact"] is True and line["exact"] is True
    assert line["x"] == list(range(7_700, 7_801))
    assert line["mean"] == values[7_700:7_801].tolist()


def test_nan_is_a_gap(api: httpx.Client, charted: tuple[str, npt.NDArray[np.float64]]) -> None:
    path, _ = charted
    line = ask(api, path, JSON, runs=["short"], keys=["loss"]).json()["lines"][0]
    assert line["mean"] == [1.0, None, 3.0]
    _, columns = decode(ask(api, path, BINARY, runs=["short"], keys=["loss"]).content)
    assert np.isnan(columns[0]["mean"][1])


def test_any_metric_can_be_x(api: httpx.Client, charted: tuple[str, npt.NDArray[np.float64]]) -> None:
    path, _ = charted
    answer = ask(api, path, JSON, runs=["short"], keys=["acc"], x="x/time").json()
    assert answer["x"] == "x/time"
    assert answer["lines"][0]["x"] == [5.0, 6.0, 9.0]
    assert answer["lines"][0]["mean"] == [0.1, 0.2, 0.3]


def test_keys_without_data_have_no_line(
    api: httpx.Client, charted: tuple[str, npt.NDArray[np.float64]]
) -> None:
    path, _ = charted
    answer = ask(api, path, JSON, runs=["long"], keys=["acc", "never"]).json()
    assert answer["lines"] == []


def test_groups_are_lines_over_their_members(api: httpx.Client, project: str) -> None:
    log_run(api, project, "a", {"v": [1.0, 2.0, 3.0]})
    log_run(api, project, "b", {"v": [3.0, 4.0, 5.0]})
    log_run(api, project, "c", {"v": [10.0, 10.0, 10.0]})
    answer = ask(api, project, JSON, keys=["v"], group={"two": ["a", "b"], "one": ["c"]}).json()
    lines = {line["run"]: line for line in answer["lines"]}
    assert set(lines) == {"two", "one"}
    assert lines["two"]["members"] == 2
    assert lines["two"]["mean"] == [2.0, 3.0, 4.0]
    assert lines["two"]["min"] == [1.0, 2.0, 3.0]
    assert lines["two"]["max"] == [3.0, 4.0, 5.0]
    assert lines["two"]["std"] is not None
    header, columns = decode(ask(api, project, BINARY, keys=["v"], group={"two": ["a", "b"]}).content)
    assert "std" in header["lines"][0]["columns"]
    np.testing.assert_allclose(columns[0]["std"], lines["two"]["std"], rtol=1e-6)


def test_an_unchanged_series_is_not_sent_again(api: httpx.Client, project: str) -> None:
    sender = log_run(api, project, "a", {"v": [1.0, 2.0]})
    wanted = {"runs": ["a"], "keys": ["v"]}
    first = ask(api, project, BINARY, **wanted)
    known = {**BINARY, "If-None-Match": first.headers["etag"]}
    assert api.post(f"{project}/series", json=wanted, headers=known).status_code == 304
    from tests.support.rest import rows_records

    sender.send(rows_records("v", [3.0], first_step=2))
    changed = api.post(f"{project}/series", json=wanted, headers=known)
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"runs": ["a"], "keys": []},
        {"runs": ["a"], "keys": ["v"], "buckets": 0},
        {"runs": ["a"], "keys": ["v"], "range": [1]},
        {"runs": "a", "keys": ["v"]},
        {"runs": ["a"], "keys": ["v"], "space": "elsewhere"},
    ],
)
def test_another_shape_is_refused_and_names_the_place(
    api: httpx.Client, project: str, wanted: dict[str, Any]
) -> None:
    answer = api.post(f"{project}/series", json=wanted)
    assert answer.status_code == 422
    assert all(place.startswith("body.") for place in answer.json()["error"]["fields"])


def test_statistics_are_those_of_all_points(
    api: httpx.Client, charted: tuple[str, npt.NDArray[np.float64]]
) -> None:
    path, values = charted
    told = api.get(f"{path}/runs/long/statistics", params={"key": "loss"}).json()
    assert told["count"] == len(values)
    assert (told["min"], told["max"]) == (values.min(), values.max())
    assert math.isclose(told["mean"], values.mean(), rel_tol=1e-9)
    assert (told["first"], told["last"]) == (values[0], values[-1])
    part = api.get(f"{path}/runs/long/statistics", params={"key": "loss", "lo": 100, "hi": 199}).json()
    assert part["count"] == 100
    assert math.isclose(part["mean"], values[100:200].mean(), rel_tol=1e-9)
