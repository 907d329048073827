"""One process: its first start, its address for others, its stop."""

from __future__ import annotations

import json
import os
import re
import ssl
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from tests.support.rest import JournalSender, client, end_record, row_record
from tests.support.server import RunningServer, certificate, clean_environment, running_server

from runstone.journal.format import HEADER_BYTES
from runstone.server.settings import Limits


def test_the_first_start_makes_a_key_and_says_once_how_to_sign_in(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        printed = server.tail()
        assert stat.S_IMODE((server.data / "admin.key").stat().st_mode) == 0o600
        assert server.admin_key not in printed
        link = re.search(r"http://\S+/signin\?token=\S+", printed)
        assert link is not None
        with httpx.Client() as browser:
            assert browser.get(link[0]).status_code == 303
            assert browser.get(server.base_url + "/api/v1/me").json()["username"] == "admin"
        key = server.admin_key
        server.stop()
        server.log.unlink()
        server.restart()
        assert "signin" not in server.tail()
        assert server.admin_key == key
        with client(server) as api:
            assert api.get("/me").json()["is_admin"] is True


def test_two_servers_make_two_keys(tmp_path: Path) -> None:
    with running_server(tmp_path, name="a") as one, running_server(tmp_path, name="b") as two:
        assert one.admin_key != two.admin_key
        assert len(one.admin_key) >= 40


def test_nothing_a_server_keeps_is_for_other_users_of_the_machine(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        kept = [path for path in server.data.rglob("*") if path.is_file()]
        assert {path.name for path in kept} >= {"records.db", "admin.key", "signing.key", "server.json"}
        open_to_others = [path for path in kept if stat.S_IMODE(path.stat().st_mode) & 0o077]
        assert not open_to_others
        # The key itself is nowhere in what is kept but in its own file.
        secret = server.admin_key.encode()
        assert [path.name for path in kept if secret in path.read_bytes()] == ["admin.key"]


def test_an_admins_key_can_be_brought(tmp_path: Path) -> None:
    key = "local-" + "k" * 40
    path = tmp_path / "key"
    path.write_text(key + "\n")
    with running_server(tmp_path, args=["--admin-key-file", str(path)]) as server:
        assert not (server.data / "admin.key").exists()
        assert key not in server.tail()
        with client(server, key) as api:
            assert api.get("/me").json()["username"] == "admin"
        other = "local-" + "j" * 40
        path.write_text(other)
        server.restart()
        with client(server, other) as api:
            assert api.get("/me").json()["is_admin"] is True


@pytest.mark.parametrize("text", ["", "short", "two words of a key that is long"])
def test_a_key_file_without_a_key_stops_the_start_and_says_why(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    status, words = start(tmp_path, "--admin-key-file", str(tmp_path / "key"))
    assert status == 1
    assert "at least" in words and "Traceback" not in words


def test_a_port_in_use_stops_the_start_and_names_it(tmp_path: Path) -> None:
    with running_server(tmp_path, name="a") as server:
        status, words = start(tmp_path / "b", "--port", str(server.port))
    assert status == 1
    assert str(server.port) in words and "--port" in words and "Traceback" not in words


def test_a_second_server_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        status, words = start(server.data, "--port", "0")
        assert status == 1
        assert server.base_url in words and "Traceback" not in words
        assert json.loads((server.data / "server.json").read_text())["url"] == server.base_url


def test_the_address_is_there_while_it_runs_and_gone_after(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        told = json.loads((server.data / "server.json").read_text())
        assert server.process is not None
        assert told == {"url": server.base_url, "pid": server.process.pid}
        assert server.stop() == 0
        assert not (server.data / "server.json").exists()


def test_a_killed_server_starts_again_over_its_data(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        with client(server) as api:
            assert api.put("/projects/admin/kept").status_code == 201
        server.kill9()
        assert (server.data / "server.json").exists()
        server.restart()
        with client(server) as api:
            assert api.get("/projects/admin/kept").status_code == 200


def test_a_stop_ends_the_feed_at_once(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, client(server) as api, api.stream("GET", "/feed") as feed:
        lines = feed.iter_lines()
        assert next(lines) == "retry: 2000"
        ended = threading.Event()

        def read_on() -> None:
            for _ in lines:
                pass
            ended.set()

        reader = threading.Thread(target=read_on)
        reader.start()
        began = time.monotonic()
        assert server.stop(60) == 0
        assert time.monotonic() - began < Limits().stop_seconds - 5  # which a request in hand would be given
        assert ended.wait(60)
        reader.join()


@pytest.mark.faults
def test_a_stop_under_load_keeps_every_acknowledged_change(tmp_path: Path) -> None:
    """Clients write while the server is told to stop: what was answered is there afterwards."""
    with running_server(tmp_path) as server:
        acknowledged: list[str] = []
        lock = threading.Lock()

        def write(worker: int) -> None:
            with client(server) as api:
                for number in range(10_000):
                    run = f"w{worker}-{number}"
                    try:
                        answer = api.put(f"/projects/admin/load/runs/{run}", json={"notes": run})
                    except httpx.TransportError:
                        return
                    if answer.status_code != 201:
                        return
                    with lock:
                        acknowledged.append(run)

        workers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for worker in workers:
            worker.start()
        while len(acknowledged) < 100:
            time.sleep(0.01)
        assert server.stop() == 0
        for worker in workers:
            worker.join(30)
        assert "Traceback" not in server.tail(1000)
        server.restart()
        with client(server) as api:
            found: set[str] = set()
            cursor = ""
            while True:
                wanted = {"limit": 1000, "cursor": cursor, "select": []}
                page = api.post("/projects/admin/load/runs/query", json=wanted).json()
                found |= {run["id"] for run in page["runs"]}
                cursor = page["next_cursor"]
                if not cursor:
                    break
        assert set(acknowledged) <= found


def test_listening_beyond_this_machine_warns_of_plain_http(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "s", args=["--host", "0.0.0.0"])
    try:
        server.start()
        assert "unencrypted" in server.tail()
        assert httpx.get(server.base_url + "/api/v1/projects").status_code == 401
    finally:
        server.kill9()


def start(data: Path, *args: str) -> tuple[int, str]:
    """Start a server that should not come up: its exit status and what it said."""
    command = [sys.executable, "-m", "runstone.cli", "server", "--data", str(data), *args]
    if "--port" not in args:
        command += ["--port", "0"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(RUNSTONE_DATA=str(data), HOME=os.environ.get("HOME", "/")),
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.faults
def test_a_server_killed_while_journals_come_keeps_every_acknowledged_row_once(tmp_path: Path) -> None:
    """Senders go on from the offset they are told, as an uplink does; the server dies three times."""
    writers, rows = 6, 400
    with running_server(tmp_path) as server:
        with client(server) as api:
            api.put("/projects/admin/killed")
        done = threading.Event()
        problems: list[str] = []
        acknowledged = [0] * writers

        def send(number: int) -> None:
            sender: JournalSender | None = None
            records: list[bytes] = []
            ends: list[int] = []
            while True:
                try:
                    with client(server) as api:
                        if sender is None:
                            sender = JournalSender(api, "/projects/admin/killed", f"w{number}")
                            records = [sender.first()]
                            records += [row_record(step, {"v": float(step)}) for step in range(rows)]
                            records.append(end_record())
                            at = HEADER_BYTES
                            for record in records:
                                ends.append(at)
                                at += len(record)
                            ends.append(at)
                        sender.api = api
                        while sender.offset < ends[-1]:
                            begin = ends.index(sender.offset)
                            body = b"".join(records[begin : begin + 7])
                            answer = sender.post(body)
                            if answer.status_code == 409:
                                sender.offset = answer.json()["error"]["fields"]["next_offset"]
                                continue
                            if answer.status_code >= 500:
                                break
                            if answer.status_code != 200:
                                problems.append(answer.text)
                                return
                            told = answer.json()["next_offset"]
                            if told < sender.offset:
                                problems.append(f"acknowledged {sender.offset}, then {told}")
                                return
                            sender.offset = told
                            acknowledged[number] = min(ends.index(told) - 1, rows)
                            time.sleep(0.005)
                        else:
                            return
                except httpx.TransportError:
                    pass
                if done.is_set():
                    return
                time.sleep(0.1)

        threads = [threading.Thread(target=send, args=(number,)) for number in range(writers)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            time.sleep(0.6)
            server.kill9()
            before = list(acknowledged)
            server.restart()
            with client(server) as api:
                for number, count in enumerate(before):
                    if count > 0:
                        found = api.get(
                            f"/projects/admin/killed/runs/w{number}/rows", params={"limit": 10_000}
                        ).json()["rows"]
                        assert [row["_step"] for row in found][:count] == list(range(count))
        for thread in threads:
            thread.join(90)
        done.set()
        assert problems == []
        with client(server) as api:
            for number in range(writers):
                run = f"/projects/admin/killed/runs/w{number}"
                found = api.get(f"{run}/rows", params={"limit": 10_000}).json()["rows"]
                assert [(row["_step"], row["v"]) for row in found] == [(n, float(n)) for n in range(rows)]
                assert api.get(f"{run}/statistics", params={"key": "v"}).json()["count"] == rows
                ended = api.get(run).json()
                assert (ended["state"], ended["summary"]["v"]) == ("finished", rows - 1)


def test_with_a_certificate_it_answers_https_alone_and_clients_of_this_host_find_it(tmp_path: Path) -> None:
    tls = certificate(tmp_path)
    trusting = {"SSL_CERT_FILE": str(tls.certificate)}
    # The server's own uplink must trust it, too.
    with running_server(tmp_path, tls=tls, env=trusting) as server:
        assert server.base_url.startswith("https:")
        trust = ssl.create_default_context(cafile=str(tls.certificate))
        with httpx.Client(base_url=server.base_url, verify=trust, auth=("api", server.admin_key)) as api:
            assert api.get("/api/v1/me").json()["username"] == "admin"
        with pytest.raises(httpx.ConnectError), httpx.Client() as stranger:
            stranger.get(server.base_url + "/healthz")  # nobody it trusts vouches for that certificate
        with pytest.raises(httpx.TransportError):
            httpx.get(server.base_url.replace("https:", "http:") + "/healthz")
        link = re.search(r"https://\S+/signin\?token=\S+", server.tail())
        assert link is not None
        with httpx.Client(verify=trust) as browser:
            cookie = browser.get(link[0]).headers["set-cookie"]
            assert "Secure" in cookie and "HttpOnly" in cookie
        script = "import runstone; run = runstone.init(project='tls'); run.log({'x': 1}); run.finish()"
        env = server.environment(**trusting)
        done = subprocess.run(
            [sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        with httpx.Client(base_url=server.base_url, verify=trust, auth=("api", server.admin_key)) as api:
            deadline = time.monotonic() + 30
            while api.get("/api/v1/projects/admin/tls").status_code != 200:
                assert time.monotonic() < deadline, done.stdout + done.stderr
                time.sleep(0.1)


def test_a_wrong_certificate_keeps_it_from_starting(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("nothing")
    command = [sys.executable, "-m", "runstone.cli", "server", "--port", "0", "--data", str(tmp_path / "d")]
    command += ["--tls-cert", str(tmp_path / "x.pem"), "--tls-key", str(tmp_path / "x.pem")]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "--tls-cert" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "d").exists()
