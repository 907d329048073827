"""What only the SQLite record store promises: few commits for many callers, and none lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection

from runstone.server.domain.errors import Unavailable
from runstone.server.stores.records import settings
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.engine import open_records

_WRITER = """
import sys, threading
from runstone.server.stores.records import settings
from runstone.server.stores.records.engine import open_records

records = open_records(sys.argv[1])

def write(n):
    i = 0
    while True:
        i += 1
        records.write(lambda conn: settings.set_setting(conn, f"w{n}-{i}", i))
        sys.stdout.write(f"w{n}-{i}\\n")
        sys.stdout.flush()

for n in range(8):
    threading.Thread(target=write, args=(n,)).start()
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/records.db"


@pytest.mark.faults
def test_what_was_acknowledged_survives_kill_9(url: str) -> None:
    acknowledged: set[str] = set()
    for lines in (50, 400, 1500):
        process = subprocess.Popen([sys.executable, "-c", _WRITER, url], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(lines):
            acknowledged.add(process.stdout.readline().strip())
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().split("\n")
        process.stdout.close()
        process.wait()
        acknowledged.update(line for line in rest[:-1] if line)
        records = open_records(url)
        with records.read() as conn:
            missing = [name for name in acknowledged if settings.setting(conn, name) is None]
        records.close()
        assert missing == []


def test_many_callers_share_commits(url: str, tmp_path: Path) -> None:
    records = open_records(url)
    held, gate = threading.Event(), threading.Event()

    def hold(_conn: Connection) -> None:
        held.set()
        gate.wait(30)

    holding = threading.Thread(target=lambda: records.write(hold))
    holding.start()
    assert held.wait(30)
    # While one work holds the writer, forty others queue up; they then go in one commit, which shows
    # as one frame group in the write-ahead log: each commit would rewrite the same page again.
    threads = [
        threading.Thread(target=lambda n=n: records.write(lambda c: settings.set_setting(c, "same", n)))
        for n in range(40)
    ]
    for thread in threads:
        thread.start()
    while records._queue.qsize() < 40:  # type: ignore[attr-defined]
        time.sleep(0.001)
    before = (tmp_path / "records.db-wal").stat().st_size
    gate.set()
    for thread in (holding, *threads):
        thread.join()
    grown = (tmp_path / "records.db-wal").stat().st_size - before
    records.close()
    assert grown <= 5 * (4096 + 24), f"{grown} bytes of log for 40 writes of one page"


def test_a_write_inside_a_write_is_refused_not_waited_for(url: str) -> None:
    records = open_records(url)

    def work(_conn: Connection) -> None:
        records.write(lambda conn: settings.set_setting(conn, "inner", 1))

    with pytest.raises(RuntimeError, match="write inside a write"):
        records.write(work)
    records.close()


def test_a_full_disk_is_told_and_writing_goes_on_when_there_is_room(url: str) -> None:
    records = open_records(url)
    records.write(lambda conn: settings.set_setting(conn, "before", 1))

    def fill(conn: Connection) -> None:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
        conn.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
        settings.set_setting(conn, "large", "x" * 1_000_000)

    with pytest.raises(Unavailable, match="full"):
        records.write(fill)
    records.write(lambda conn: conn.exec_driver_sql("PRAGMA max_page_count=1073741823").fetchall())
    records.write(lambda conn: settings.set_setting(conn, "after", 2))
    with records.read() as conn:
        assert [settings.setting(conn, name) for name in ("before", "large", "after")] == [1, None, 2]
    records.close()


def test_a_writer_of_another_process_is_waited_for(url: str, tmp_path: Path) -> None:
    records = open_records(url)
    other = sqlite3.connect(tmp_path / "records.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    thread = threading.Thread(
        target=lambda: records.write(lambda conn: settings.set_setting(conn, "patient", 1))
    )
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    other.execute("COMMIT")
    other.close()
    thread.join(10)
    with records.read() as conn:
        assert settings.setting(conn, "patient") == 1
    records.close()


def test_secrets_are_nowhere_in_the_file(tmp_path: Path, url: str) -> None:
    from runstone.server.domain.access import Access
    from runstone.server.domain.accounts import Accounts
    from runstone.server.domain.sign_in import SignIn

    records: Records = open_records(url)
    sign_in = SignIn(records)
    key = Accounts(records, Access(records), sign_in).ensure_first_admin(None)
    assert key is not None
    actor = sign_in.actor_for_key(key)
    assert actor is not None
    session, _ = sign_in.start_session(key, client="here")
    link = sign_in.make_sign_in_link(actor)
    records.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("records.db*"))
    for secret in (key, session, link):
        assert secret.encode() not in kept
