"""The console store in a SQLite file."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runstone.server.domain.identity import RunKey
from runstone.server.stores.console.contract import ConsoleStore
from runstone.server.stores.console.sql import open_console
from runstone.testing.console import RUN, ConsoleStoreSuite, lines


class TestSqliteConsole(ConsoleStoreSuite):
    @pytest.fixture
    def console(self, tmp_path: Path) -> Iterator[ConsoleStore]:
        store = open_console(f"sqlite:///{tmp_path}/console.db")
        yield store
        store.close()


def test_a_store_opened_again_holds_what_was_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/console.db"
    first = open_console(url)
    first.write(RUN, "w", lines(0, 1200), label="rank0")
    first.write(RUN, "w", lines(1200, 5))
    first.close()
    second = open_console(url)
    assert second.read(RUN, "w", start=0, limit=5000) == lines(0, 1205)
    assert second.writers(RUN)[0].label == "rank0"
    second.close()


def test_a_console_takes_a_fraction_of_its_text(tmp_path: Path) -> None:
    store = open_console(f"sqlite:///{tmp_path}/console.db")
    text_bytes = 0
    for start in range(0, 200_000, 500):
        batch = lines(start, 500, "epoch 3 step loss 0.331 accuracy 0.97")
        text_bytes += sum(len(line.text) for line in batch)
        store.write(RunKey(1), "w", batch)
    store.close()
    assert (tmp_path / "console.db").stat().st_size < text_bytes / 3


@pytest.mark.faults
def test_killed_writers_lose_no_acknowledged_line(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from runstone.server.stores.console.sql import open_console\n"
        "from runstone.testing.console import RUN, lines\n"
        "store = open_console(sys.argv[1])\n"
        "at = int(sys.argv[2])\n"
        "while True:\n"
        "    print('next', at, flush=True)\n"
        "    store.write(RUN, 'w', lines(at, 37)); at += 37\n"
    )
    url, at = f"sqlite:///{tmp_path}/console.db", 0
    for round_number in range(6):
        writer = subprocess.Popen(
            [sys.executable, "-c", program, url, str(at)], stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == f"next {at}\n"
        time.sleep(0.03 + 0.11 * round_number)
        writer.kill()
        acknowledged = [int(line.split()[1]) for line in writer.stdout if line.endswith("\n")]
        writer.stdout.close()
        writer.wait()
        at = max([at, *acknowledged])  # all below were acknowledged
    store = open_console(url)
    read = store.read(RUN, "w", start=0, limit=10**6)
    assert at > 37 * 20
    assert read[:at] == lines(0, at)
    assert len(read) <= at + 37
    store.close()
