"""One journal's way to one server, step by step, against a real one."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.server import RunningServer, running_server
from tests.support.written_runs import WrittenRun

from runstone.client import Client
from runstone.client.errors import Conflict, NotAllowed, NotFound
from runstone.uplink import shipping
from runstone.uplink.markers import read_synced
from runstone.uplink.reading import JournalDamaged, JournalFile
from runstone.uplink.shipping import Shipper


@pytest.fixture
def client(shared_server: RunningServer) -> Iterator[Client]:
    with shared_server.client() as found:
        yield found


def ship(client: Client, path: Path) -> Shipper:
    with JournalFile(path) as journal:
        shipper = Shipper(journal)
        while shipper.step(client):
            pass
        return shipper


def rows_of(client: Client, run: WrittenRun) -> list[int]:
    return [row["_step"] for row in client.rows("", run.project, run.run)]


def test_a_journal_goes_in_batches_and_is_counted(client: Client, tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    for _ in range(1500):
        run.row(text="x" * 5000)
    run.end()
    shipper = ship(client, run.path)
    assert shipper.complete and shipper.end is not None and shipper.end.exit_code == 0
    assert (shipper.shipped.rows, shipper.shipped.records) == (1500, 1502)
    assert shipper.offset == run.path.stat().st_size
    assert rows_of(client, run) == list(range(1500))


def test_another_shipper_asks_where_to_go_on(client: Client, tmp_path: Path) -> None:
    run = WrittenRun(tmp_path).rows(100)
    ship(client, run.path)
    run.rows(100).end()
    second = ship(client, run.path)
    assert second.shipped.rows == 100
    third = ship(client, run.path)
    assert third.complete and third.shipped.records == 0
    with JournalFile(run.path) as journal:
        third.journal = journal
        synced = third.mark_synced(client.base_url, at=time.time())
    assert (synced.rows, synced.records) == (200, 202)
    assert read_synced(run.path) == synced
    assert rows_of(client, run) == list(range(200))


def test_bytes_for_a_distant_server_are_packed(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "_is_near", lambda base_url: False)
    run = WrittenRun(tmp_path).rows(3000).end()
    assert ship(client, run.path).complete
    assert rows_of(client, run) == list(range(3000))


def test_a_copy_that_is_older_than_what_was_sent_is_not_sent(client: Client, tmp_path: Path) -> None:
    run = WrittenRun(tmp_path).rows(50)
    old = tmp_path / run.path.name
    shutil.copy(run.path, old)
    run.rows(50).end()
    ship(client, run.path)
    with pytest.raises(JournalDamaged, match="older"):
        ship(client, old)
    assert rows_of(client, run) == list(range(100))


def test_a_server_restored_from_a_backup_gets_again_what_it_lost(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        run = WrittenRun(tmp_path).rows(50)
        with server.client() as client, JournalFile(run.path) as journal:
            shipper = Shipper(journal)
            shipper.step(client)
            server.stop()
            shutil.copytree(server.data, tmp_path / "backup")
            server.start()
            run.rows(50)
            assert shipper.step(client) and shipper.offset == run.writer.offset
            server.kill9()
            shutil.rmtree(server.data)
            shutil.copytree(tmp_path / "backup", server.data)
            server.start()
            run.rows(50).end()
            while shipper.step(client):
                pass
            assert shipper.complete
            assert rows_of(client, run) == list(range(150))


def test_what_the_server_will_never_take_is_raised_as_it_says(client: Client, tmp_path: Path) -> None:
    must = WrittenRun(tmp_path, resume="must").rows(1)
    with pytest.raises(NotFound, match="resume='must'"):
        ship(client, must.path)
    first = WrittenRun(tmp_path, run="taken001").rows(1).end()
    ship(client, first.path)
    second = WrittenRun(tmp_path, run="taken001", folder=tmp_path / "again", resume="never").rows(1)
    with pytest.raises(Conflict, match="resume='never'"):
        ship(client, second.path)


def test_another_entitys_door_stays_shut(
    client: Client, shared_server: RunningServer, tmp_path: Path
) -> None:
    key = "local-" + "m" * 40
    client.create_user("stranger", api_key=key)
    run = WrittenRun(tmp_path, entity=client.me().default_entity).rows(5)
    with shared_server.client(key) as theirs, pytest.raises((NotAllowed, NotFound)):
        ship(theirs, run.path)
    assert not [item for item in client.find_runs("", run.project).runs if item.id == run.run]


def test_a_file_changed_while_it_is_sent_is_sent_again(client: Client, tmp_path: Path) -> None:
    run = WrittenRun(tmp_path).rows(1)
    run.file("grows.log", b"a" * 3_000_000)
    run.end()
    path = run.folder / "files" / "grows.log"
    real, calls = client.put_file, []

    def put_file(*address: str, **more: object) -> object:
        calls.append(address[3])
        if len(calls) == 1:
            path.write_bytes(b"b" * 2_000_000)
        return real(*address, **more)  # type: ignore[arg-type]

    client.put_file = put_file  # type: ignore[method-assign, assignment]
    assert ship(client, run.path).complete
    with client.get_file("", run.project, run.run, "grows.log") as answer:
        assert answer.read() == b"b" * 2_000_000
