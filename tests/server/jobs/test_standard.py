"""What the jobs of a server do, over real stores."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.ingest import IngestHouse, ingest_house
from tests.support.journal_bytes import JournalBytes

from runstone.server.domain.errors import NotFound
from runstone.server.domain.projects import TRASH_SECONDS
from runstone.server.jobs import standard


@pytest.fixture
def house(tmp_path: Path) -> Iterator[IngestHouse]:
    with ingest_house(tmp_path) as house:
        yield house


def run_job(house: IngestHouse, name: str) -> bool:
    return house.house.jobs.run_once(name)


def test_every_job_runs_on_a_fresh_server(house: IngestHouse) -> None:
    for name in house.house.jobs.status():
        assert run_job(house, name)


def test_appended_rows_are_merged(house: IngestHouse) -> None:
    journal = JournalBytes()
    for _ in range(8):
        house.send(journal.rows(200))
    before = house.rows()
    run_job(house, "history.maintain")
    assert house.rows() == before


def test_ended_runs_are_sealed_once_for_each_end(house: IngestHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standard, "SEAL_AFTER_SECONDS", -3600.0)
    sealed: list[int] = []
    store = house.ingest._history_store
    seal = store.seal

    def noted(where: object) -> None:
        sealed.append(1)
        seal(where)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "seal", noted)
    journal = JournalBytes().rows(300)
    house.send(journal)
    house.flush()
    run_job(house, "history.seal")
    assert not sealed  # it runs
    house.send(journal.finish())
    rows = house.rows()
    run_job(house, "history.seal")
    run_job(house, "history.seal")
    assert len(sealed) == 2  # its rows, and its machine's
    assert house.rows() == rows
    again = JournalBytes(resume="must").row(500, k0=1.0)
    again.finish(1)
    house.send(again)
    run_job(house, "history.seal")
    assert len(sealed) == 4
    assert len(house.rows()) == 301


def test_silent_runs_crash_by_the_job(house: IngestHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    house.send(JournalBytes().rows(1))
    run_job(house, "leases.expire")
    assert house.run().state == "running"
    now = time.time()
    house.domain.leases._grace_until = 0.0
    house.domain.leases._pulses.clear()
    monkeypatch.setattr(time, "time", lambda: now + 400)
    house.domain.leases._clocks = (now + 400, time.monotonic())
    run_job(house, "leases.expire")
    assert house.run().state == "crashed"


def test_the_trash_is_emptied_after_thirty_days_with_all_stores(
    house: IngestHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.send(JournalBytes().rows(5).line(0, "x"))
    house.put_file("model.pt", b"weights")
    key = house.run().key
    house.domain.runs.delete(house.ada, [key])
    run_job(house, "trash.purge")
    assert house.domain.runs.get(house.ada, "ada", "p", "r1", trash=True).key == key
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + TRASH_SECONDS + 60)
    run_job(house, "trash.purge")
    with pytest.raises(NotFound):
        house.domain.runs.get(house.ada, "ada", "p", "r1", trash=True)
    history = house.ingest._history_store
    from runstone.server.stores.history.contract import SetKey

    assert history.info(SetKey(key, "history")).rows == 0
    for path in (tmp_path / "blobs" / "sha256").rglob("*"):
        if path.is_file():
            os.utime(path, (now - 86_400, now - 86_400))
    run_job(house, "blobs.collect")
    assert not [path for path in (tmp_path / "blobs" / "sha256").rglob("*") if path.is_file()]
