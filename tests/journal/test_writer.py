"""Writing a journal and reading it back, with both ways of writing."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.journal.format import FRAME_BYTES, HEADER_BYTES, RECORD_BYTES_MAX, JournalError
from runstone.journal.reader import JournalReader, read_records
from runstone.journal.writer import WINDOW_BYTES_FIRST, JournalClosedError, JournalWriter

WAYS = ["write"] + (["map"] if hasattr(os, "posix_fallocate") else [])


@pytest.fixture(params=WAYS)
def how(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def read(path: str | os.PathLike[str]) -> list[tuple[int, bytes]]:
    return [(record.kind, bytes(record.payload)) for record in read_records(path)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 14), st.integers(1, 100_000)), max_size=15), st.booleans())
def test_any_records_come_back(sizes: list[tuple[int, int]], mapped: bool) -> None:
    """Records of every length, so that windows end at every place."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        writer = JournalWriter(folder, how="map" if mapped and "map" in WAYS else "write")
        items = [(kind, bytes([1 + size % 255]) * size) for kind, size in sizes]
        for kind, payload in items:
            writer.append(kind, payload)
        assert read(writer.path) == items  # while it is open
        end = writer.offset
        writer.close()
        assert os.path.getsize(writer.path) == end  # no reserved zeros stay
        assert read(writer.path) == items


def test_a_new_journal_has_its_header_and_no_records(tmp_path: Path, how: str) -> None:
    writer = JournalWriter(str(tmp_path), how=how)  # type: ignore[arg-type]
    with JournalReader(writer.path) as reader:
        assert reader.header.writer.hex() == writer.writer
        assert abs(reader.header.created_ns / 1e9 - time.time()) < 60
        assert list(reader.records()) == []
    assert writer.offset == HEADER_BYTES
    assert Path(writer.path).stem == writer.writer
    writer.close()


def test_offset_is_where_the_next_record_starts(tmp_path: Path, how: str) -> None:
    writer = JournalWriter(str(tmp_path), how=how)  # type: ignore[arg-type]
    starts = []
    for size in (1, 10, WINDOW_BYTES_FIRST, 3, WINDOW_BYTES_FIRST * 3, 7):
        starts.append(writer.offset)
        writer.append(4, b"x" * size)
    assert [record.offset for record in read_records(writer.path)] == starts
    writer.close()
    assert writer.offset == os.path.getsize(writer.path)


def test_a_window_filled_to_its_last_byte_loses_nothing(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path), how="auto")
    room = WINDOW_BYTES_FIRST - HEADER_BYTES - 9
    writer.append(4, b"a" * room)
    assert writer.offset == WINDOW_BYTES_FIRST
    writer.append(5, b"b")
    writer.append(6, b"c")
    writer.close()
    assert [kind for kind, _ in read(writer.path)] == [4, 5, 6]


def test_a_record_too_long_is_refused_and_the_journal_stays_sound(tmp_path: Path, how: str) -> None:
    writer = JournalWriter(str(tmp_path), how=how)  # type: ignore[arg-type]
    writer.append(4, b"before")
    with pytest.raises(JournalError):
        writer.append(4, bytes(RECORD_BYTES_MAX + 1))
    writer.append(4, b"after")
    writer.close()
    assert read(writer.path) == [(4, b"before"), (4, b"after")]


def test_a_closed_journal_refuses_and_closing_twice_is_harmless(tmp_path: Path, how: str) -> None:
    writer = JournalWriter(str(tmp_path), how=how)  # type: ignore[arg-type]
    writer.append(4, b"x")
    writer.close()
    writer.close()
    with pytest.raises(JournalClosedError):
        writer.append(4, b"y")
    assert read(writer.path) == [(4, b"x")]


def test_threads_that_append_at_once_keep_every_record_whole(tmp_path: Path, how: str) -> None:
    writer = JournalWriter(str(tmp_path), how=how)  # type: ignore[arg-type]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:

        def work(number: int) -> None:
            for i in range(4000):
                writer.append(4, b"%d:%d:" % (number, i) + b"." * (i % 97))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    writer.close()
    found = [tuple(map(int, payload.split(b":")[:2])) for _, payload in read(writer.path)]
    assert sorted(found) == [(n, i) for n in range(6) for i in range(4000)]
    for number in range(6):
        assert [i for n, i in found if n == number] == list(range(4000))  # each thread's order stands


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_signal_handlers_that_append_neither_deadlock_nor_spoil(tmp_path: Path, how: str) -> None:
    writer = JournalWriter(str(tmp_path), how=how)  # type: ignore[arg-type]
    handled = 0

    def handler(number: int, frame: object) -> None:
        nonlocal handled
        number, handled = handled, handled + 1
        writer.append(5, b"signal %d" % number)

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    try:
        for i in range(30_000):
            writer.append(4, b"row %d" % i + b"." * 200)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    writer.close()
    found = read(writer.path)
    assert [p.split(b".")[0] for k, p in found if k == 4] == [b"row %d" % i for i in range(30_000)]
    # A handler may be interrupted by the next one, so their order is free.
    numbers = sorted(int(p.split()[1]) for k, p in found if k == 5)
    assert len(numbers) == handled
    assert set(numbers) == set(range(handled))
    assert handled > 50


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_signal_handlers_get_past_a_window_that_is_full_to_the_last_byte(tmp_path: Path, how: str) -> None:
    """Where its last record ends is found by walking over all of them, which lasts longer than from one of
    these signals to the next: each handler goes on where the one that it interrupted was."""
    writer = JournalWriter(str(tmp_path), how=how)  # type: ignore[arg-type]
    rows = 0
    if writer._window is not None:
        window = writer._window
        while window.bytes - window.map.tell() > 4 * (FRAME_BYTES + 1):
            writer.append(4, b".")
            rows += 1
        left = window.bytes - window.map.tell()
        writer.append(4, b"." * (left - FRAME_BYTES))
        rows += 1
        assert window.map.tell() == window.bytes
    handled = 0

    def handler(number: int, frame: object) -> None:
        nonlocal handled
        handled += 1
        writer.append(5, b"signal")

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    try:
        for _ in range(5000):
            writer.append(4, b"row")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    writer.close()
    kinds = [kind for kind, _ in read(writer.path)]
    assert (kinds.count(4), kinds.count(5)) == (rows + 5000, handled)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_cannot_write_into_its_parents_journal(tmp_path: Path, how: str) -> None:
    writer = JournalWriter(str(tmp_path), how=how)  # type: ignore[arg-type]
    writer.append(4, b"parent")
    child = os.fork()
    if child == 0:
        try:
            writer.append(4, b"child")
        except JournalClosedError:
            writer.close()
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    writer.append(4, b"parent again")
    writer.close()
    assert read(writer.path) == [(4, b"parent"), (4, b"parent again")]


LIMITED = """
import resource, sys, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from runstone.journal.writer import JournalWriter
writer = JournalWriter(sys.argv[1], how=sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
kept = refused = 0
for i in range(5000):
    try:
        writer.append(4, b"%d" % i + b"." * 100)
        kept += 1
    except OSError:
        refused += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for i in range(100):
    writer.append(5, b"later %d" % i)
writer.close()
print(kept, refused, writer.path)
"""


def test_a_full_disk_raises_and_later_records_are_kept(tmp_path: Path, how: str) -> None:
    """A limit on the file's size stands for the full disk: the same calls fail in the same places."""
    out = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), how], capture_output=True, text=True, check=True
    ).stdout.split()
    kept, refused, path = int(out[0]), int(out[1]), out[2]
    assert kept > 100
    assert refused > 100
    found = read(path)
    assert sum(kind == 4 for kind, _ in found) == kept
    assert [payload for kind, payload in found if kind == 5] == [b"later %d" % i for i in range(100)]


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="needs Linux")
def test_a_really_full_file_system_raises_oserror(tmp_path: Path) -> None:
    """On a small tmpfs, where this user may mount one."""
    mount = tmp_path / "small"
    mount.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root may mount")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(mount)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(done.stderr.decode())
    try:
        writer = JournalWriter(str(mount))
        assert writer._window is not None  # it is mapped: this is the case that could be SIGBUS
        kept = 0
        with pytest.raises(OSError) as caught:
            while True:
                writer.append(4, b"%d" % kept + b"." * 1000)
                kept += 1
        assert caught.value.errno == errno.ENOSPC
        assert len(read(writer.path)) == kept
        assert kept > 300
        writer.close()
        assert len(read(writer.path)) == kept
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_memory_stays_flat_however_much_is_written(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(60_000):
        writer.append(4, b"." * 1000)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    writer.close()
    assert os.path.getsize(writer.path) > 60_000_000
    assert grown_kb < 12_000


KILLED = """
import os, struct, sys, mmap
from runstone.journal.writer import JournalWriter
writer = JournalWriter(sys.argv[1], how=sys.argv[2])
acknowledged = mmap.mmap(os.open(sys.argv[3], os.O_RDWR), 8)
i = 0
while True:
    writer.append(4, b"%d:" % i + b"." * (i * 37 % 700))
    i += 1
    acknowledged[:] = struct.pack("<q", i)  # in one go: pack_into clears the place first
"""


@pytest.mark.faults
def test_kill_9_at_any_moment_leaves_everything_acknowledged(tmp_path: Path, how: str) -> None:
    """Fifteen rounds; the child is killed after a few milliseconds to some tenths of a second."""
    for round_number in range(15):
        folder = tmp_path / str(round_number)
        folder.mkdir()
        ack = folder / "ack"
        ack.write_bytes(bytes(8))
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(folder), how, str(ack)])
        try:
            deadline = time.monotonic() + 30
            while int.from_bytes(ack.read_bytes(), "little") < 10 and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(0.003 * round_number**1.5)
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
        acknowledged = int.from_bytes(ack.read_bytes(), "little")
        [path] = folder.glob("*.journal")
        found = [int(payload.split(b":")[0]) for _, payload in read(path)]
        assert found == list(range(len(found)))
        assert len(found) >= acknowledged >= 10


@pytest.mark.faults
def test_a_reader_beside_a_busy_writer_never_sees_damage(tmp_path: Path, how: str) -> None:
    ack = tmp_path / "ack"
    ack.write_bytes(bytes(8))
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path), how, str(ack)])
    try:
        deadline = time.monotonic() + 30
        while not int.from_bytes(ack.read_bytes(), "little") and time.monotonic() < deadline:
            time.sleep(0.002)
        [path] = tmp_path.glob("*.journal")
        seen, at, end = 0, HEADER_BYTES, time.monotonic() + 1.5
        with JournalReader(path) as reader:
            while time.monotonic() < end or (seen <= 1000 and time.monotonic() < end + 60):
                for record in reader.records(at):
                    assert int(bytes(record.payload).split(b":")[0]) == seen
                    seen += 1
                    at = record.end
                    if seen % 1000 == 0 and time.monotonic() > end:
                        break  # the writer may be the quicker of the two
        assert seen > 1000
    finally:
        child.kill()
        child.wait()
