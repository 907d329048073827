"""A throw-away PostgreSQL cluster for tests: made with `initdb`, gone afterwards.

    @pytest.fixture(scope="session")
    def postgres():
        with running_postgres() as cluster: yield cluster

    url = postgres.new_database()     # an empty one of its own, `postgresql://…`

Skips where no PostgreSQL server is installed. Root may not run one: as root it runs as `postgres`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.support.server import free_port

_numbers = itertools.count()


def _programs() -> Path | None:
    """The folder of the newest `initdb` on this machine."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3].split(".")[0])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class Cluster:
    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def new_database(self, *, template: str = "template1") -> str:
        """The address of a fresh database, empty or a copy of the one named."""
        name = f"t{os.getpid()}_{next(_numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return self.url(name)

    def drop(self, url: str) -> None:
        name = url.rsplit("/", 1)[1]
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


@contextlib.contextmanager
def running_postgres() -> Iterator[Cluster]:
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    as_root = os.geteuid() == 0
    if as_root and (shutil.which("runuser") is None or not _has_user("postgres")):
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres to run it as")
    prefix = ["runuser", "-u", "postgres", "--"] if as_root else []
    # Sockets have short paths, so not under pytest's own folder.
    folder = Path(tempfile.mkdtemp(prefix="rs-pg-"))
    try:
        if as_root:
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
        data, port = folder / "data", free_port()

        def run(*words: str) -> None:
            done = subprocess.run([*prefix, *words], cwd=folder, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, f"{words[0]} failed:\n{done.stdout}\n{done.stderr}"

        run(str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder,
            "fsync": "off",  # the cluster is thrown away; what is tested is not its disk
            "max_connections": 200,
            "shared_buffers": "64MB",
            "timezone": "UTC",
        }
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        control = [str(programs / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-w", "-t", "60"]
        # Without a shell's pipes: the server would hold them open and `run` would wait for it.
        started = subprocess.run(
            [*prefix, *control, "start"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=120,
        )
        assert started.returncode == 0, (folder / "log").read_text()
        try:
            yield Cluster(port)
        finally:
            subprocess.run(
                [*prefix, *control, "-m", "immediate", "stop"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=120,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
