"""Reading back what was logged."""

from __future__ import annotations

import json
import math

import httpx
from tests.support.wandb_wire import Wire


def test_pages_of_history_leave_out_their_upper_end(wire: Wire) -> None:
    wire.upsert()
    wire.rows(*({"_step": n, "x": n, **({"y": n} if n % 2 else {})} for n in range(10)))
    assert [row["x"] for row in wire.history(arguments="(minStep: 2, maxStep: 5, samples: 3)")] == [2, 3, 4]
    assert [row["x"] for row in wire.history(arguments='(minStep: "8", maxStep: "20", samples: 12)')] == [
        8,
        9,
    ]
    assert len(wire.history(arguments="(samples: 4)")) == 4


def test_sampled_history_holds_rows_that_have_all_keys_and_includes_its_ends(wire: Wire) -> None:
    wire.upsert()
    wire.rows(*({"_step": n, "x": n, **({"y": n} if n % 2 else {})} for n in range(10)))
    specs = [
        json.dumps({"keys": ["_step", "y", "x"], "samples": 100, "minStep": 1, "maxStep": 5}),
        json.dumps({"keys": ["x"], "samples": 3}),
    ]
    found = wire.run("sampledHistory(specs: $s)", declared="$s: [JSONString!]!", s=specs)
    both, few = found["sampledHistory"]
    assert both == [{"_step": n, "y": n, "x": n} for n in (1, 3, 5)]
    assert len(few) == 3 and few[0] == {"x": 0} and few[-1] == {"x": 9}


def test_a_finished_history_is_one_parquet_file_read_by_ranges(wire: Wire) -> None:
    import io

    import pyarrow.parquet as pq

    wire.upsert()
    wire.rows(*({"_step": n, "x": n / 2, "b": n % 2 == 0, "s": f"t{n}", "bad": math.nan} for n in range(50)))
    live = wire.run('parquetHistory(liveKeys: ["_step"]) { parquetUrls liveData }')["parquetHistory"]
    assert live == {"parquetUrls": [], "liveData": []}
    wire.stream({"complete": True, "exitcode": 0})
    found = wire.run('parquetHistory(liveKeys: ["_step"]) { parquetUrls liveData }')["parquetHistory"]
    (url,) = found["parquetUrls"]
    whole = httpx.get(url)  # without a key
    table = pq.read_table(io.BytesIO(whole.content))
    assert table["_step"].to_pylist() == list(range(50)) and table["x"].to_pylist()[3] == 1.5
    assert table["s"].to_pylist()[7] == "t7" and table["b"].to_pylist()[:2] == [True, False]
    assert httpx.head(url).headers["content-length"] == str(len(whole.content))
    part = httpx.get(url, headers={"Range": f"bytes={len(whole.content) - 8}-{len(whole.content) - 1}"})
    assert part.status_code == 206 and part.content == whole.content[-8:]
