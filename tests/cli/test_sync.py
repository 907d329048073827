"""`runstone sync` as a person runs it, against a real server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.support.faulty import cut_after_store, faulty_proxy, is_journal, status
from tests.support.server import RunningServer, clean_environment, free_port
from tests.support.written_runs import WrittenRun, wait_until

from runstone.client import Client
from runstone.journal.home import SYNCED_SUFFIX

RUNSTONE = (sys.executable, "-m", "runstone.cli")


def run_sync(
    server: RunningServer | str, *words: str | Path, key: str = "", home: Path | None = None
) -> subprocess.CompletedProcess[str]:
    url = server if isinstance(server, str) else server.base_url
    env = clean_environment(
        RUNSTONE_BASE_URL=url,
        RUNSTONE_API_KEY=key or (server.admin_key if isinstance(server, RunningServer) else ""),
        RUNSTONE_DATA=str(home or "/nonexistent/home"),
    )
    return subprocess.run(
        [*RUNSTONE, "sync", *map(str, words)], env=env, capture_output=True, text=True, timeout=120
    )


def counts(done: subprocess.CompletedProcess[str]) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+) sent, (\d+) on the server", done.stdout.strip().splitlines()[-1])
    assert found, done.stdout + done.stderr
    return int(found[1]), int(found[2])


def steps(server: RunningServer, run: WrittenRun) -> list[int]:
    with server.client() as client:
        return [row["_step"] for row in client.rows("", run.project, run.run)]


def test_what_was_logged_offline_is_brought_over_and_counted(
    shared_server: RunningServer, tmp_path: Path
) -> None:
    runs = [WrittenRun(tmp_path).rows(50).end() for _ in range(3)]
    done = run_sync(shared_server, tmp_path)
    assert done.returncode == 0, done.stderr
    assert counts(done) == (150, 150)
    for run in runs:
        assert steps(shared_server, run) == list(range(50))
        assert run.path.with_suffix(SYNCED_SUFFIX).exists()


def test_doing_it_again_sends_nothing_and_still_counts(shared_server: RunningServer, tmp_path: Path) -> None:
    WrittenRun(tmp_path).rows(50).end()
    assert counts(run_sync(shared_server, tmp_path)) == (50, 50)
    again = run_sync(shared_server, tmp_path)
    assert (again.returncode, counts(again)) == (0, (0, 50))
    asked = run_sync(shared_server, tmp_path, "--include-synced")
    assert (asked.returncode, counts(asked)) == (0, (0, 50))


def test_another_server_gets_it_too(shared_server: RunningServer, tmp_path: Path) -> None:
    """The marker of one server says nothing about another."""
    run = WrittenRun(tmp_path).rows(20).end()
    run_sync(shared_server, tmp_path)
    with faulty_proxy(shared_server.port) as other:
        done = run_sync(other.base_url, tmp_path, key=shared_server.admin_key)
        assert counts(done) == (0, 20)
        assert other.count("GET", "/journal") > 0
    assert steps(shared_server, run) == list(range(20))


@pytest.mark.faults
def test_it_goes_on_where_it_was_cut_off(shared_server: RunningServer, tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    for _ in range(3000):
        run.row(text="x" * 4000)  # several batches
    run.end()
    with faulty_proxy(shared_server.port) as proxy:
        proxy.plan(cut_after_store, times=1, when=is_journal)
        proxy.plan(status(503), times=2, when=is_journal)
        done = run_sync(proxy.base_url, tmp_path, key=shared_server.admin_key)
    assert done.returncode == 0, done.stderr
    assert counts(done)[1] == 3000
    assert steps(shared_server, run) == list(range(3000))


def test_a_damaged_journal_is_left_and_said_so(shared_server: RunningServer, tmp_path: Path) -> None:
    good = WrittenRun(tmp_path).rows(30).end()
    bad = WrittenRun(tmp_path).rows(200).end()
    data = bytearray(bad.path.read_bytes())
    data[len(data) // 2] ^= 1
    bad.path.write_bytes(bytes(data))
    done = run_sync(shared_server, tmp_path)
    assert done.returncode == 1
    assert "damaged at offset" in done.stderr
    assert counts(done)[1] == 30
    assert steps(shared_server, good) == list(range(30))


def test_a_file_that_is_gone_is_named(shared_server: RunningServer, tmp_path: Path) -> None:
    run = WrittenRun(tmp_path).rows(5)
    run.file("checkpoint.pt", None)
    run.rows(5).end()
    done = run_sync(shared_server, tmp_path)
    assert done.returncode == 1
    assert "checkpoint.pt" in done.stderr
    assert counts(done) == (10, 10)


def test_a_foreign_journal_does_not_send_my_files(shared_server: RunningServer, tmp_path: Path) -> None:
    """A folder from somebody else may name any path: only files inside its run folder are taken."""
    from runstone.uplink.reading import JournalFile
    from runstone.uplink.shipping import Shipper

    secret = tmp_path / "secret"
    secret.write_text("mine")
    run = WrittenRun(tmp_path / "theirs").rows(1)
    run.file("inside.txt", b"fine")
    for name, path in (("a", str(secret)), ("b", "../../../secret")):
        from tests.support.written_runs import encode

        from runstone.journal.kinds import FileLogged, Kind

        run.writer.append(Kind.FILE, encode(FileLogged(name=name, path=path)))
    run.end()
    with shared_server.client() as client, JournalFile(run.path) as journal:
        shipper = Shipper(journal, trusted=False)
        while shipper.step(client):
            pass
        assert shipper.complete
        assert shipper.shipped.missing_files == ["a", "b"]
        assert [record.name for record in client.files("", run.project, run.run)] == ["inside.txt"]


def test_a_server_that_is_not_there_and_a_key_that_is_wrong(
    shared_server: RunningServer, tmp_path: Path
) -> None:
    WrittenRun(tmp_path).rows(5).end()
    wrong = run_sync(shared_server, tmp_path, key="local-" + "0" * 40)
    assert wrong.returncode == 1 and "NOT SENT" in wrong.stderr
    nowhere = run_sync(shared_server, tmp_path / "no")
    assert nowhere.returncode == 2 and "not there" in nowhere.stderr


def test_json_is_a_line_per_journal_and_a_total(shared_server: RunningServer, tmp_path: Path) -> None:
    WrittenRun(tmp_path).rows(7).end()
    WrittenRun(tmp_path).rows(8).end()
    done = run_sync(shared_server, "--json", tmp_path)
    *journals, total = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(item["rows"] for item in journals) == [7, 8]
    assert total == {"runs": 2, "rows_sent": 15, "rows_on_server": 15, "left": 0}


def test_a_single_run_folder_or_journal_will_do(shared_server: RunningServer, tmp_path: Path) -> None:
    one, two = WrittenRun(tmp_path).rows(3).end(), WrittenRun(tmp_path).rows(4).end()
    assert counts(run_sync(shared_server, one.folder)) == (3, 3)
    assert counts(run_sync(shared_server, two.path)) == (4, 4)


def test_a_run_that_is_still_written_is_sent_as_far_as_it_is(
    shared_server: RunningServer, tmp_path: Path
) -> None:
    run = WrittenRun(tmp_path).rows(10)
    assert counts(run_sync(shared_server, tmp_path)) == (10, 10)
    run.rows(5).end()
    assert counts(run_sync(shared_server, tmp_path)) == (5, 15)
    assert steps(shared_server, run) == list(range(15))


def test_following_shows_a_live_run_and_ends_with_it(shared_server: RunningServer, tmp_path: Path) -> None:
    run = WrittenRun(tmp_path).rows(5)
    env = clean_environment(
        RUNSTONE_BASE_URL=shared_server.base_url, RUNSTONE_API_KEY=shared_server.admin_key
    )
    follower = subprocess.Popen(
        [*RUNSTONE, "sync", "--follow", str(tmp_path)], env=env, stdout=subprocess.PIPE, text=True
    )
    try:
        wait_until(lambda: len(_steps_or_none(shared_server, run)) == 5)
        run.rows(5)
        wait_until(lambda: len(_steps_or_none(shared_server, run)) == 10)
        late = WrittenRun(tmp_path).rows(3)
        wait_until(lambda: len(_steps_or_none(shared_server, late)) == 3)
        run.end()
        assert follower.poll() is None
        late.end()
        out, _ = follower.communicate(timeout=60)
    finally:
        follower.kill()
        follower.wait()
    assert follower.returncode == 0
    assert out.strip().endswith("13 sent, 13 on the server")


def test_following_ends_when_it_is_interrupted(shared_server: RunningServer, tmp_path: Path) -> None:
    run = WrittenRun(tmp_path).rows(5)
    env = clean_environment(
        RUNSTONE_BASE_URL=shared_server.base_url, RUNSTONE_API_KEY=shared_server.admin_key
    )
    follower = subprocess.Popen(
        [*RUNSTONE, "sync", "--follow", str(tmp_path)], env=env, stdout=subprocess.PIPE, text=True
    )
    try:
        wait_until(lambda: len(_steps_or_none(shared_server, run)) == 5)
        follower.send_signal(signal.SIGINT)
        out, _ = follower.communicate(timeout=60)
    finally:
        follower.kill()
        follower.wait()
    assert out.strip().endswith("5 sent, 5 on the server")
    run.end()


@pytest.mark.faults
def test_syncing_from_two_places_at_once_doubles_nothing(
    shared_server: RunningServer, tmp_path: Path
) -> None:
    runs = [WrittenRun(tmp_path).rows(2000).end() for _ in range(4)]
    done: list[subprocess.CompletedProcess[str]] = []
    threads = [
        threading.Thread(target=lambda: done.append(run_sync(shared_server, tmp_path))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [item.returncode for item in done] == [0, 0, 0], [item.stderr for item in done]
    for run in runs:
        assert steps(shared_server, run) == list(range(2000))


@pytest.mark.faults
def test_killed_at_random_and_run_again_every_row_is_there_once(
    shared_server: RunningServer, tmp_path: Path
) -> None:
    import random

    seed = int.from_bytes(os.urandom(4), "little")
    print("seed", seed)
    chance = random.Random(seed)
    run = WrittenRun(tmp_path)
    for _ in range(4000):
        run.row(text="y" * 3000)
    run.end()
    env = clean_environment(
        RUNSTONE_BASE_URL=shared_server.base_url, RUNSTONE_API_KEY=shared_server.admin_key
    )
    for _ in range(8):
        process = subprocess.Popen([*RUNSTONE, "sync", str(tmp_path)], env=env, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.2, 0.8))
        process.kill()
        process.wait()
    assert counts(run_sync(shared_server, tmp_path))[1] == 4000, seed
    assert steps(shared_server, run) == list(range(4000)), seed


def test_nothing_to_do_is_no_error(shared_server: RunningServer, tmp_path: Path) -> None:
    done = run_sync(shared_server, home=tmp_path / "home")
    assert (done.returncode, counts(done)) == (0, (0, 0))


def test_without_a_server_it_says_what_to_do(tmp_path: Path) -> None:
    WrittenRun(tmp_path).rows(1).end()
    env = clean_environment(RUNSTONE_DATA=str(tmp_path / "home"), NETRC=str(tmp_path / "netrc"))
    done = subprocess.run(
        [*RUNSTONE, "sync", str(tmp_path)], env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "runstone server" in done.stderr and "runstone login" in done.stderr
    assert free_port()


def _steps_or_none(server: RunningServer, run: WrittenRun) -> list[int]:
    from runstone.client.errors import NotFound

    try:
        with Client(server.base_url, server.admin_key) as client:
            return [row["_step"] for row in client.rows("", run.project, run.run)]
    except NotFound:
        return []


def test_a_run_logged_offline_and_synced_is_the_run_logged_online(
    shared_server: RunningServer, tmp_path: Path
) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "import sys, runstone\n"
        "run = runstone.init(project='twins', id=sys.argv[1], dir=sys.argv[2], name='twin', tags=['t'],\n"
        "                    config={'lr': 0.1, 'inner': {'a': [1, None, 'x']}})\n"
        "run.define_metric('loss', summary='min')\n"
        "for step in range(200):\n"
        "    run.log({'loss': (step - 100) ** 2 / 7, 'word': f'w{step}', 'nested': {'x': step}})\n"
        "run.summary['explicit'] = {'deep': 1}\n"
        "print('said on the console')\n"
        "run.finish()\n"
    )
    offline_dir = tmp_path / "offline dir"
    home = str(tmp_path / "home")
    common = {
        "RUNSTONE_BASE_URL": shared_server.base_url,
        "RUNSTONE_API_KEY": shared_server.admin_key,
        "RUNSTONE_DATA": home,
    }
    for run_id, mode, folder in (("on", "online", tmp_path / "online"), ("off", "offline", offline_dir)):
        folder.mkdir()
        subprocess.run(
            [sys.executable, str(script), run_id, str(folder)],
            env=clean_environment(RUNSTONE_MODE=mode, **common),
            check=True,
            timeout=60,
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
    wait_until(lambda: not list((Path(home) / "uplink" / "queue").glob("*.json")))
    done = run_sync(shared_server, offline_dir)
    assert done.returncode == 0, done.stderr
    assert counts(done) == (200, 200)
    with shared_server.client() as client:

        def content(run_id: str) -> dict[str, object]:
            record = client.run("", "twins", run_id)
            rows = [
                {key: value for key, value in row.items() if key not in ("_timestamp", "_runtime")}
                for row in client.rows("", "twins", run_id)
            ]
            summary = {key: value for key, value in record.summary.items() if not key.startswith("_")}
            lines = [line.text for line in client.console("", "twins", run_id)]
            return {
                "rows": rows,
                "config": record.config,
                "summary": summary,
                "state": record.state,
                "tags": record.tags,
                "name": record.display_name,
                "said": "said on the console" in lines,
            }

        online, offline = content("on"), content("off")
    assert offline == online
    assert online["said"] and online["state"] == "finished"
    assert len(online["rows"]) == 200  # type: ignore[arg-type]
