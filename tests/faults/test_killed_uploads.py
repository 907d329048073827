"""Server, clients and uplinks killed while they upload: what was committed is whole, what was not is not
seen, and a collection leaves exactly the bytes that versions hold. `python -m bench.killed_uploads` is the
same for 200 versions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bench.killed_uploads import kill_uploads
from tests.support.object_stores import KINDS

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.mark.parametrize("store", ["local", *KINDS])
def test_after_kills_during_uploads_nothing_is_lost_and_nothing_half_visible(
    tmp_path: Path, store: str
) -> None:
    seed = int(os.environ.get("RUNSTONE_TEST_SEED", "1"))
    report = kill_uploads(tmp_path, versions=10, clients=2, store=store, seed=seed)
    print(report)
    assert report.versions + report.cut_off - report.cut_off_kept == 10
    assert report.kills["server"] >= 1
    assert report.kills["training"] + report.kills["uplink"] >= 1
