"""The uplink as a process, against a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.support.faulty import (
    cut_after_store,
    cut_before,
    faulty_proxy,
    flipped,
    half_body,
    is_journal,
    slow,
    status,
)
from tests.support.journals import journals
from tests.support.server import RunningServer
from tests.support.written_runs import WrittenRun, end_uplinks, start_uplink, uplink_log, wait_until

from runstone.client import Client
from runstone.client.errors import NotFound
from runstone.journal.home import queue_dir
from runstone.journal.kinds import Kind
from runstone.uplink.launch import is_running, launch
from runstone.uplink.markers import read_synced
from runstone.uplink.queue import Queue
from runstone.uplink.side import side_path


@pytest.fixture
def client(shared_server: RunningServer) -> Iterator[Client]:
    with shared_server.client() as found:
        yield found


@pytest.fixture
def home(tmp_path: Path, shared_server: RunningServer) -> Iterator[Path]:
    """A local home of its own; its runs name the shared server."""
    path = tmp_path / "home"
    path.mkdir()
    (path / "key").write_text(shared_server.admin_key)
    (path / "key").chmod(0o600)
    yield path
    end_uplinks(path)


def rows_of(client: Client, run: WrittenRun) -> list[int]:
    try:
        return [row["_step"] for row in client.rows("", run.project, run.run)]
    except NotFound:
        return []


def enqueue(run: WrittenRun, home: Path, base_url: str, **more: object) -> Path:
    settings = {"base_url": base_url, "api_key_file": str(home / "key"), "pid": os.getpid()} | more
    return run.enqueue(home, **settings)  # type: ignore[arg-type]


def shipped(home: Path, process: subprocess.Popen[bytes], seconds: float = 90.0) -> None:
    """Until the uplink is done with everything and has gone."""
    try:
        assert process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f"The uplink did not end:\n{uplink_log(home)}") from None


def test_a_row_is_on_the_server_within_a_second_of_being_logged(
    home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    run = WrittenRun(tmp_path).rows(1)
    enqueue(run, home, shared_server.base_url)
    process = start_uplink(home)
    wait_until(lambda: rows_of(client, run) == [0], what="the first row")
    waits: list[float] = []
    while sum(wait < 1.0 for wait in waits) < 3 and len(waits) < 25:  # on a busy machine not each of them
        time.sleep(0.7)  # after a silence
        run.row()
        begun = time.monotonic()
        wait_until(lambda: len(rows_of(client, run)) == run.step, every=0.02)
        waits.append(time.monotonic() - begun)
    run.end()
    shipped(home, process)
    assert sorted(waits)[2] < 1.0, waits


def test_a_finished_run_leaves_the_queue_and_a_marker(
    home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    run = WrittenRun(tmp_path).rows(100)
    entry = enqueue(run, home, shared_server.base_url)
    run.end()
    shipped(home, start_uplink(home))
    assert not entry.exists()
    assert list(queue_dir(home).iterdir()) == []
    synced = read_synced(run.path)
    assert synced is not None and synced.complete
    assert (synced.rows, synced.records, synced.run) == (100, 102, run.run)
    assert client.run("", run.project, run.run).state == "finished"
    assert rows_of(client, run) == list(range(100))


@pytest.mark.faults
def test_a_process_that_was_killed_is_reported_with_its_last_row(
    home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    script = (
        "import os, sys, time; from pathlib import Path; from tests.support.written_runs import WrittenRun\n"
        "run = WrittenRun(Path(sys.argv[1]), run='killed01')\n"
        "run.enqueue(Path(sys.argv[2]), base_url=sys.argv[3], api_key_file=sys.argv[4], pid=os.getpid())\n"
        "print(flush=True); sys.stdin.readline(); run.rows(500); os.kill(os.getpid(), 9)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), str(home), shared_server.base_url, str(home / "key")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert child.stdin is not None and child.stdout is not None
    child.stdout.readline()
    process = start_uplink(home)
    wait_until(lambda: is_running(home))
    child.stdin.write(b"\n")
    child.stdin.close()
    child.wait()
    child.stdout.close()
    shipped(home, process)
    found = client.run("", "uplink", "killed01")
    assert found.state == "killed"
    assert [row["_step"] for row in client.rows("", "uplink", "killed01")] == list(range(500))


@pytest.mark.parametrize(
    "fault",
    [cut_before, cut_after_store, half_body, flipped, status(503), status(500), status(429), slow(0.3)],
    ids=["cut before", "cut after store", "half a body", "a bit flipped", "503", "500", "429", "slow"],
)
@pytest.mark.faults
def test_every_row_arrives_once_whatever_the_network_does(
    fault: object, home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    with faulty_proxy(shared_server.port) as proxy:
        run = WrittenRun(tmp_path).rows(300)
        proxy.plan(fault, times=1, when=is_journal)  # type: ignore[arg-type]
        enqueue(run, home, proxy.base_url)
        process = start_uplink(home)
        wait_until(lambda: len(rows_of(client, run)) == 300, what="300 rows")
        proxy.plan(fault, times=1, when=is_journal)  # type: ignore[arg-type]
        run.rows(300)
        wait_until(lambda: len(rows_of(client, run)) == 600, what="600 rows")
        run.end()
        shipped(home, process)
        assert proxy.count("POST", "/journal") >= 3
    assert rows_of(client, run) == list(range(600))
    assert client.run("", run.project, run.run).state == "finished"
    assert not list(Queue(home).refused.glob("*"))


def test_a_server_that_is_away_is_waited_for(tmp_path: Path) -> None:
    with RunningServerAway(tmp_path) as server:
        home = tmp_path / "home"
        home.mkdir()
        server.start()
        (home / "key").write_text(server.admin_key)
        server.kill9()
        run = WrittenRun(tmp_path).rows(50)
        enqueue(run, home, server.base_url)
        process = start_uplink(home)
        said = wait_until(lambda: Queue(home).read_status(run.path.stem), what="a status")
        assert said.state == "away" and server.base_url in said.message
        run.rows(50).end()
        time.sleep(1.0)
        assert process.poll() is None
        server.start()
        shipped(home, process)
        with server.client() as client:
            assert rows_of(client, run) == list(range(100))


class RunningServerAway(RunningServer):
    """A server that a test starts when it likes."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__(tmp_path / "server")

    def __enter__(self) -> RunningServerAway:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill9()


def test_files_arrive_with_their_bytes(
    home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    run = WrittenRun(tmp_path).rows(2)
    contents = {f"media/{at}/ü {at}.bin": os.urandom(at * 1000) for at in range(12)}
    for name, content in contents.items():
        run.file(name, content)
        run.row()
    enqueue(run, home, shared_server.base_url)
    run.end()
    shipped(home, start_uplink(home))
    stored = {record.name: record for record in client.files("", run.project, run.run)}
    assert set(contents) <= set(stored)
    for name, content in contents.items():
        with client.get_file("", run.project, run.run, name) as answer:
            assert answer.read() == content
    synced = read_synced(run.path)
    assert synced is not None and synced.files == 12


def test_a_file_that_is_gone_costs_its_record_and_nothing_else(
    home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    run = WrittenRun(tmp_path).rows(10)
    run.file("gone.bin", None)
    run.rows(10)
    run.file("here.bin", b"here")
    run.rows(10)
    enqueue(run, home, shared_server.base_url)
    run.end()
    shipped(home, start_uplink(home))
    assert rows_of(client, run) == list(range(30))
    names = [record.name for record in client.files("", run.project, run.run)]
    assert "here.bin" in names and "gone.bin" not in names
    synced = read_synced(run.path)
    assert synced is not None and synced.missing_files == ["gone.bin"]
    assert "gone.bin" in uplink_log(home)


def test_a_refused_key_is_told_and_another_waited_for(
    home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    (home / "key").write_text("local-" + "0" * 40)
    run = WrittenRun(tmp_path).rows(10)
    enqueue(run, home, shared_server.base_url)
    process = start_uplink(home)
    said = wait_until(lambda: Queue(home).read_status(run.path.stem), what="a status")
    assert said.state == "refused"
    assert "runstone login" in said.message
    (home / "key").write_text(shared_server.admin_key)
    run.end()
    shipped(home, process)
    assert rows_of(client, run) == list(range(10))


def test_a_damaged_journal_is_put_away_and_the_others_go_on(
    home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    bad, good = WrittenRun(tmp_path).rows(200), WrittenRun(tmp_path).rows(200)
    for run in (bad, good):
        enqueue(run, home, shared_server.base_url, pid=2**22 + 1)
        run.end()
    data = bytearray(bad.path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    bad.path.write_bytes(bytes(data))
    shipped(home, start_uplink(home))
    assert rows_of(client, good) == list(range(200))
    kept = rows_of(client, bad)
    assert kept == list(range(len(kept))) and 0 < len(kept) < 200  # the sound ones before it
    (said,) = Queue(home).refused.glob("*.status")
    assert "damaged" in said.read_text()
    assert not list(queue_dir(home).glob("*.json"))
    assert "damaged" in uplink_log(home)


def test_a_torn_tail_of_a_dead_process_is_left_out(
    home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    run = WrittenRun(tmp_path).rows(100)
    end = run.writer.offset
    os.truncate(run.path, end)
    with run.path.open("ab") as file:
        file.write(b"\x40\x00\x00\x00\x12\x34\x56\x78\x04half a record")
    enqueue(run, home, shared_server.base_url, pid=2**22 + 1)
    shipped(home, start_uplink(home))
    assert rows_of(client, run) == list(range(100))
    assert client.run("", run.project, run.run).state == "killed"


def test_of_many_started_at_once_one_stays(home: Path, shared_server: RunningServer, tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    enqueue(run, home, shared_server.base_url)
    processes = [start_uplink(home) for _ in range(12)]
    try:
        wait_until(lambda: sum(process.poll() is None for process in processes) == 1)
        time.sleep(0.5)
        assert sum(process.poll() is None for process in processes) == 1
        assert not launch(home)
    finally:
        run.end()
        for process in processes:
            process.wait(90)
    assert not is_running(home)


def test_an_entry_written_while_the_uplink_ends_is_not_forgotten(
    home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    """Each run starts an uplink only if none runs, as the SDK does; every run must arrive."""
    runs = []
    for _ in range(12):
        run = WrittenRun(tmp_path).rows(3)
        enqueue(run, home, shared_server.base_url, sample_system=False)
        run.end()
        subprocess.run(
            [sys.executable, "-m", "runstone.uplink", "--home", str(home), "--linger", "0", "--detach"],
            check=True,
        )
        runs.append(run)
        time.sleep(0.02)
    wait_until(lambda: not list(queue_dir(home).glob("*.json")))
    wait_until(lambda: not is_running(home))
    for run in runs:
        assert rows_of(client, run) == [0, 1, 2]


def test_without_a_server_it_goes_and_the_journal_waits_for_one(tmp_path: Path) -> None:
    server = RunningServerAway(tmp_path)
    server.data.mkdir()
    home = server.data
    run = WrittenRun(tmp_path).rows(20)
    run.enqueue(home, pid=os.getpid())
    run.end()
    shipped(home, start_uplink(home))
    assert len(list(queue_dir(home).glob("*.json"))) == 1
    with server:
        server.start()  # takes in by itself what waits in its data directory
        wait_until(lambda: not list(queue_dir(home).glob("*.json")), what="the waiting journal")
        with server.client() as client:
            assert rows_of(client, run) == list(range(20))
        wait_until(lambda: not is_running(home))


def test_an_offline_run_is_sampled_and_not_sent(
    home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    run = WrittenRun(tmp_path).rows(5)
    entry = enqueue(run, home, shared_server.base_url, mode="offline", sample_seconds=0.5)
    process = start_uplink(home)
    wait_until(lambda: len(list(run.folder.glob("*.journal"))) == 2, what="a side journal")
    time.sleep(1.2)
    run.end()
    shipped(home, process)
    assert not entry.exists()
    assert read_synced(run.path) is None
    assert rows_of(client, run) == []


def test_the_machine_is_seen_within_seconds_and_not_as_training_rows(
    home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    run = WrittenRun(tmp_path).rows(3)
    enqueue(run, home, shared_server.base_url, sample_seconds=0.5)
    process = start_uplink(home)

    def system() -> set[str]:
        try:
            return {key.name for key in client.keys("", run.project, run.run, space="system")}
        except NotFound:
            return set()

    wanted = {
        "system.cpu",
        "system.memory_percent",
        "system.proc.memory.rssMB",
        "system.proc.cpu.percent",
        "system.proc.cpu.threads",
        "system.network.recv",
    }
    wait_until(lambda: wanted <= system(), what="figures of the machine and the process")
    run.end()
    shipped(home, process)
    assert rows_of(client, run) == [0, 1, 2]
    assert client.run("", run.project, run.run).state == "finished"


def test_ranks_on_one_host_tell_of_the_machine_once_and_each_of_its_own_processes(
    home: Path, tmp_path: Path
) -> None:
    sleepers = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(170)"]) for _ in range(3)]
    ranks = [
        WrittenRun(tmp_path, run="ranked", rank=rank, world_size=3, primary=rank == 0) for rank in range(3)
    ]
    other = WrittenRun(tmp_path, run="another")

    def sampled(run: WrittenRun) -> list[set[str]]:
        side = side_path(run.path)
        found = journals(side.parent).get(str(side), [])
        return [set(row.values) for kind, row in found if kind == Kind.SYSTEM]

    try:
        for run, sleeper in zip([*ranks[::-1], other], [*sleepers, sleepers[0]], strict=True):
            enqueue(run, home, "", mode="offline", pid=sleeper.pid, sample_seconds=0.5)
        process = start_uplink(home)
        wait_until(lambda: all(len(sampled(run)) >= 3 for run in [*ranks, other]), what="samples")
        for run in [*ranks, other]:
            assert all("system.proc.memory.rssMB" in names for names in sampled(run))
        # The first sample may fall in the moment before the uplink has seen the lower ranks.
        assert all("system.cpu" in names for names in sampled(ranks[0])[1:] + sampled(other)[1:])
        assert not any("system.cpu" in names for run in ranks[1:] for names in sampled(run)[1:])
        ranks[0].end()
        before = len(sampled(ranks[1]))
        wait_until(lambda: any("system.cpu" in names for names in sampled(ranks[1])[before:]))
        assert not any("system.cpu" in names for names in sampled(ranks[2])[1:])
        for run in [*ranks[1:], other]:
            run.end()
        shipped(home, process)
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()


@pytest.mark.faults
def test_a_stop_asked_for_on_the_server_reaches_the_process(
    home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    run = WrittenRun(tmp_path).rows(1)
    training = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(170)"])
    enqueue(run, home, shared_server.base_url, pid=training.pid, sample_seconds=0.5)
    process = start_uplink(home)
    try:
        wait_until(lambda: rows_of(client, run) == [0])
        client.stop_run("", run.project, run.run)
        assert training.wait(50) == -signal.SIGTERM
        assert (run.folder / "stop").exists()
    finally:
        training.kill()
        training.wait()
    shipped(home, process)
    assert client.run("", run.project, run.run).state == "killed"


def test_sixty_four_runs_go_by_one_uplink(
    home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    runs = [WrittenRun(tmp_path) for _ in range(64)]
    for run in runs:
        enqueue(run, home, shared_server.base_url, sample_system=False)
    process = start_uplink(home)
    for _ in range(10):
        for run in runs:
            run.rows(5)
        time.sleep(0.1)
    for run in runs:
        run.end()
    shipped(home, process)
    for run in runs:
        assert rows_of(client, run) == list(range(50))


def test_an_entry_that_cannot_be_understood_is_left_alone(home: Path) -> None:
    folder = queue_dir(home)
    folder.mkdir(parents=True)
    (folder / "odd.json").write_text("{half")
    (folder / "gone.json").write_bytes(
        msgspec.json.encode({"journal": str(home / "no.journal"), "mode": "online"})
    )
    process = start_uplink(home)
    time.sleep(1.0)
    assert process.poll() is None  # a network file system may be late to show what is there
    process.terminate()
    assert process.wait(60) == 0
    assert (folder / "odd.json").exists()


@pytest.mark.faults
@pytest.mark.slow
def test_an_uplink_killed_again_and_again_loses_nothing_and_doubles_nothing(
    home: Path, shared_server: RunningServer, client: Client, tmp_path: Path
) -> None:
    import random

    seed = int.from_bytes(os.urandom(4), "little")
    print("seed", seed)
    chance = random.Random(seed)
    runs = [WrittenRun(tmp_path) for _ in range(3)]
    for run in runs:
        enqueue(run, home, shared_server.base_url, sample_seconds=0.5)
    for _ in range(15):
        process = start_uplink(home)
        deadline = time.monotonic() + chance.uniform(0.1, 0.8)
        while time.monotonic() < deadline:
            for run in runs:
                run.rows(chance.randrange(40))
                if chance.random() < 0.2:
                    run.file(f"f{run.step}.bin", os.urandom(100))
            time.sleep(0.01)
        process.kill()
        process.wait()
    for run in runs:
        run.end()
    shipped(home, start_uplink(home))
    for run in runs:
        assert rows_of(client, run) == list(range(run.step)), seed
        assert client.run("", run.project, run.run).state == "finished"


def test_a_run_that_no_server_will_take_is_put_away_with_the_servers_words(
    home: Path, shared_server: RunningServer, tmp_path: Path
) -> None:
    run = WrittenRun(tmp_path, resume="must").rows(5).end()
    enqueue(run, home, shared_server.base_url, pid=2**22 + 1)
    shipped(home, start_uplink(home))
    assert not list(queue_dir(home).glob("*.json"))
    (said,) = Queue(home).refused.glob("*.status")
    assert "resume='must'" in said.read_text()
    assert (Queue(home).refused / f"{run.path.stem}.json").exists()


def test_an_uplink_whose_home_was_removed_goes(tmp_path: Path) -> None:
    import shutil

    home = tmp_path / "home"
    run = WrittenRun(tmp_path).rows(5)
    run.enqueue(home, pid=os.getpid())
    process = start_uplink(home)
    wait_until(lambda: Queue(home).read_status(run.path.stem), what="a status")
    shutil.rmtree(home)
    try:
        assert process.wait(15) == 0
        assert not home.exists()
    finally:
        end_uplinks()
        run.end()
