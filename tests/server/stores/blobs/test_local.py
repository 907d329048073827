"""Blobs in a directory: the shared suite, and what only a directory can go through."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runstone.server.domain.errors import Invalid, Unavailable
from runstone.server.stores.blobs.contract import BlobStore
from runstone.server.stores.blobs.objects import open_blobs
from runstone.testing.blobs import BlobStoreSuite, put, sha256

_DAY = 86_400.0


class TestLocalBlobs(BlobStoreSuite):
    @pytest.fixture
    def blobs(self, tmp_path: Path) -> BlobStore:
        return open_blobs(tmp_path / "a folder" / "blobs")


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_address_is_the_digest(tmp_path: Path) -> None:
    info = open_blobs(f"file://{tmp_path}").put_bytes(b"x")
    assert files_in(tmp_path) == [f"sha256/{info.sha256[:2]}/{info.sha256[2:]}"]


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    """A file-size limit on a child process stands in for the disk: writes fail half way through."""
    program = """
import asyncio, errno, io, os, sys
from pathlib import Path
from runstone.server.stores.blobs import local
from runstone.server.stores.blobs.objects import open_blobs
from runstone.server.domain.errors import Unavailable
from runstone.testing.blobs import put

room = 3_000_000
class SmallDisk(io.FileIO):
    def write(self, data):
        global room
        if room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = super().write(memoryview(data)[:room])
        room -= written
        return written
local.FileIO = SmallDisk
blobs = open_blobs(Path(sys.argv[1]))
for attempt in range(2):
    room = 3_000_000
    try:
        put(blobs, [bytes([attempt]) * 1_000_000] * 5)
    except Unavailable as error:
        assert error.fields["reason"] == "disk_full", error
        print("said so")
room = 3_000_000
print(put(blobs, [b"fits"]).size)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:3] == ["said so", "said so", "4"]
    assert files_in(tmp_path) == [f"sha256/{sha256(b'fits')[:2]}/{sha256(b'fits')[2:]}"]


def test_a_file_that_may_not_grow_is_said_too(tmp_path: Path) -> None:
    """The kernel refuses (RLIMIT_FSIZE), without any help from Python."""
    program = (
        "import sys; from pathlib import Path\n"
        "from runstone.server.stores.blobs.objects import open_blobs\n"
        "from runstone.server.domain.errors import Unavailable\n"
        "from runstone.testing.blobs import put\n"
        "try: put(open_blobs(Path(sys.argv[1])), [b'x' * 1_000_000] * 5)\n"
        "except Unavailable as error: print(error.message)\n"
    )

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_500_000, 2_500_000))

    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=limit,
    )
    assert "cannot be written" in done.stdout
    assert files_in(tmp_path) == []


@pytest.mark.faults
def test_killed_writers_leave_whole_blobs_and_no_others(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path\n"
        "from runstone.server.stores.blobs.objects import open_blobs\n"
        "blobs = open_blobs(Path(sys.argv[1]))\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    info = blobs.put_bytes(os.urandom(200_000))\n"
        "    print(info.sha256, flush=True)\n"
    )
    acknowledged: list[str] = []
    for round_number in range(6):
        writer = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(0.05 + 0.07 * round_number)
        writer.kill()
        acknowledged += [line.strip() for line in writer.stdout if len(line) == 65]
        writer.stdout.close()
        writer.wait()
    blobs = open_blobs(tmp_path)
    kept = dict(blobs.all())
    assert set(acknowledged) <= set(kept)
    assert len(acknowledged) > 6
    for digest, size in kept.items():
        assert size == 200_000
        assert sha256(b"".join(blobs.read(digest))) == digest


def test_leftovers_of_killed_writers_go_after_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = open_blobs(tmp_path)
    info = blobs.put_bytes(b"being collected when the power went")
    (tmp_path / "tmp" / "put-1-abc").write_bytes(b"half")
    (tmp_path / "sha256" / info.sha256[:2] / info.sha256[2:]).rename(
        tmp_path / "tmp" / f"delete-{info.sha256}-ff"
    )
    assert list(open_blobs(tmp_path).all()) == []
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + _DAY + 60)
    assert list(open_blobs(tmp_path).all()) == [(info.sha256, info.size)]
    assert files_in(tmp_path / "tmp") == []


def test_put_again_makes_an_old_blob_young(tmp_path: Path) -> None:
    blobs = open_blobs(tmp_path)
    infos = [blobs.put_bytes(b"one"), blobs.put_bytes(b"two")]
    for info in infos:
        os.utime(tmp_path / "sha256" / info.sha256[:2] / info.sha256[2:], (1.0, 1.0))
    assert len(list(blobs.all(older_than_seconds=_DAY))) == 2
    put(blobs, [b"one"])
    assert list(blobs.all(older_than_seconds=_DAY)) == [(infos[1].sha256, 3)]
    blobs.delete([info.sha256 for info in infos], older_than_seconds=_DAY)
    assert list(blobs.all()) == [(infos[0].sha256, 3)]


def test_a_cancelled_upload_leaves_nothing(tmp_path: Path) -> None:
    blobs = open_blobs(tmp_path)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 700_000
            await asyncio.sleep(0.001)

    async def cancel() -> None:
        upload = asyncio.create_task(blobs.put(endless()))
        while not files_in(tmp_path):  # noqa: ASYNC110 - what is waited for is on the disk
            await asyncio.sleep(0.005)
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload

    asyncio.run(cancel())
    assert files_in(tmp_path) == []


@pytest.mark.parametrize(
    "url", ["http://elsewhere/x", "s3://", "ftp://host/dir", "s3://b/p?no_such_option=1"]
)
def test_addresses_of_no_known_kind_are_refused_with_the_known_ones(url: str) -> None:
    with pytest.raises(Invalid):
        open_blobs(url)


def test_keys_in_an_address_are_not_repeated_in_errors() -> None:
    with pytest.raises(Invalid) as raised:
        open_blobs("s3://bucket/p?secret_access_key=hunter2&no_such_option=1")
    assert "hunter2" not in raised.value.message


def test_a_directory_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises((Unavailable, NotADirectoryError)):
        open_blobs(tmp_path / "file" / "blobs")
