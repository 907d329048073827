"""What a run prints: lines as they stand, from every source, still passed on to where they went."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.journals import console, journals, records, run_script

from runstone.journal.kinds import Kind
from runstone.sdk.console.lines import CHARS_MAX, ROWS_MAX, Screen

BEGIN = """
import os, subprocess, sys, time
import runstone
SETTINGS = dict(system=False, git=False, packages=False, environment=False, silent=True, console=HOW)
run = runstone.init(project="p", mode="offline", dir=sys.argv[1], settings=SETTINGS)
"""


def play(
    tmp_path: Path, script: str, how: str = "redirect", **options: Any
) -> subprocess.CompletedProcess[str]:
    return run_script(BEGIN.replace("HOW", repr(how)) + textwrap.dedent(script), str(tmp_path), **options)


# --- lines


def lines(*chunks: str, stream: int = 0) -> list[str]:
    screen = Screen()
    found: dict[int, str] = {}
    for chunk in chunks:
        screen.feed(stream, chunk)
        for _, number, text in screen.changes(0.0, everything=False):
            found[number] = text
    for _, number, text in screen.changes(0.0, everything=True):
        found[number] = text
    assert sorted(found) == list(range(len(found)))
    return [text for _, text in sorted(found.items())]


@pytest.mark.parametrize(
    ("chunks", "seen"),
    [
        (["a\nb\n"], ["a", "b"]),
        (["a", "b", "\n", "c"], ["ab", "c"]),
        (["a\r\nb\r\n"], ["a", "b"]),
        (["\n\nx"], ["", "", "x"]),
        (["10%\r20%\r30%"], ["30%"]),
        (["10%\r", "20%\r", "done\n", "next"], ["done", "next"]),
        (["12345\rab\n"], ["ab345"]),
        (["\x1b[32mgreen\x1b[0m\n"], ["\x1b[32mgreen\x1b[0m"]),
        (["a\x1b", "[31mb\x1b[", "0m\n"], ["a\x1b[31mb\x1b[0m"]),
        (["one\ntwo\nthree\x1b[2A\rONE\n\n\nfour"], ["ONE", "two", "three", "four"]),
        (["bar0\n\rbar1\x1b[A\rBAR0\n\rBAR1\x1b[A\n\n"], ["BAR0", "BAR1"]),
        (["x" * (CHARS_MAX + 5) + "\n"], ["x" * CHARS_MAX, "x" * 5]),
        (["a\x1b[A\x1b[A\x1b[Ab"], ["b"]),
    ],
)
def test_what_is_written_becomes_lines(chunks: list[str], seen: list[str]) -> None:
    assert lines(*chunks) == seen


def test_both_streams_share_one_count() -> None:
    screen = Screen()
    screen.feed(0, "out ")
    screen.feed(1, "err\n")
    screen.feed(0, "more\nout2\n")
    found = sorted(screen.changes(0.0, everything=True), key=lambda change: change[1])
    assert found == [(0, 0, "out more"), (1, 1, "err"), (0, 2, "out2")]


def test_a_progress_bar_is_passed_on_ten_times_a_second_at_most() -> None:
    screen = Screen()
    updates = 0
    for i in range(10_000):
        screen.feed(1, f"\r{i}")
        updates += len(list(screen.changes(i / 1000)))  # ten seconds
    assert 80 <= updates <= 110
    assert [text for _, _, text in screen.changes(11.0)] == ["9999"]


def test_many_lines_use_little_memory() -> None:
    screen = Screen()
    for i in range(5000):
        screen.feed(0, f"{i}\n")
        assert [text for _, _, text in screen.changes(i)] == [str(i)]
    assert len(screen._streams[0].lines) <= ROWS_MAX + 1


@given(st.text(st.characters(blacklist_characters="\r\x1b", codec="utf-8"), max_size=200), st.data())
def test_text_without_control_comes_back_however_it_is_cut(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    expected = text.split("\n")
    assert lines(*chunks) == (expected if expected[-1] else expected[:-1])


@given(st.lists(st.text(st.sampled_from("ab\r\n\x1b[A20m"), max_size=20), max_size=20))
def test_any_control_characters_are_survived(chunks: list[str]) -> None:
    lines(*chunks)


# --- processes


def test_everything_printed_is_recorded_and_still_printed(tmp_path: Path) -> None:
    done = play(
        tmp_path,
        """
        print("from python")
        print("to stderr", file=sys.stderr)
        sys.stdout.flush(); sys.stderr.flush()
        os.write(1, b"from the descriptor\\n")
        subprocess.run(["echo", "from a child"])
        subprocess.run([sys.executable, "-c", "print('from python child')"])
        print("tail without end", end="")
        """,
    )
    assert done.returncode == 0
    out = ["from python", "from the descriptor", "from a child", "from python child", "tail without end"]
    assert done.stdout == "\n".join(out)
    assert done.stderr == "to stderr\n"
    assert console(tmp_path, 0) == out
    assert console(tmp_path, 1) == ["to stderr"]


def test_carriage_returns_and_colours(tmp_path: Path) -> None:
    done = play(
        tmp_path,
        r"""
        for i in range(0, 101, 10):
            sys.stderr.write(f"\r{i:3d}%"); sys.stderr.flush()
        sys.stderr.write("\n\x1b[32mgreen\x1b[0m\n")
        """,
    )
    assert done.stderr.startswith("  0%\r") or done.stderr.startswith("\r")
    assert console(tmp_path, 1) == ["100%", "\x1b[32mgreen\x1b[0m"]


def test_the_line_numbers_and_times_are_right(tmp_path: Path) -> None:
    before = time.time()
    play(tmp_path, "for i in range(300): print(i)")
    found = records(tmp_path, Kind.CONSOLE)
    assert [(line.line, line.text) for line in found] == [(i, str(i)) for i in range(300)]
    assert all(before - 1 <= line.timestamp <= time.time() for line in found)


def test_secrets_are_printed_but_not_recorded(tmp_path: Path) -> None:
    secret = "Zx9" + "kQ7vW2mN4bR8tY1p"
    done = play(
        tmp_path,
        """
        print("db", "pass" + "word=" + os.environ["MY_DB_PASSWORD"])
        print("plain", os.environ["MY_DB_PASSWORD"])
        print("-----BEGIN RSA PRIVATE" + " KEY-----\\nMIIBOgIBAAJBAKj34\\nabcdef")
        print("-----END RSA PRIVATE" + " KEY-----")
        print("after")
        """,
        environ={"MY_DB_PASSWORD": secret},
    )
    assert done.stdout.count(secret) == 2
    assert "MIIBOg" in done.stdout
    recorded = "\n".join(console(tmp_path))
    assert secret not in recorded
    assert "MIIBOg" not in recorded
    assert "abcdef" not in recorded
    assert recorded.endswith("after")
    assert secret.encode() not in b"".join(
        path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    )


def test_what_an_abort_prints_last_is_seen_and_recorded(tmp_path: Path) -> None:
    """The reader of the pipe is no thread of the process that dies."""
    done = play(tmp_path, "os.write(2, b'terminate called: out of luck\\n')\nos.abort()")
    assert done.returncode == -6
    assert "out of luck" in done.stderr
    _wait_for(lambda: console(tmp_path, 1) == ["terminate called: out of luck"])
    assert console(tmp_path, 1) == ["terminate called: out of luck"]


def test_native_code_that_prints_much_while_it_holds_the_interpreter_does_not_hang(tmp_path: Path) -> None:
    done = play(
        tmp_path,
        """
        import ctypes
        libc = ctypes.PyDLL(None)  # calls keep the interpreter lock
        for i in range(3000):
            libc.write(1, b"." * 99 + b"\\n", 100)
        """,
    )
    assert done.returncode == 0
    assert len(done.stdout) == 300_000
    assert len(console(tmp_path)) == 3000


def test_children_that_outlive_the_run_still_print(tmp_path: Path) -> None:
    done = play(
        tmp_path,
        """
        child = subprocess.Popen([sys.executable, "-c", "input(); print('late')"], stdin=subprocess.PIPE)
        run.finish()
        print("after finish")
        child.communicate(b"now\\n")
        """,
    )
    assert "after finish" in done.stdout
    assert "late" in done.stdout
    assert console(tmp_path) == []  # both came after the end


def test_the_streams_are_as_before_when_the_run_has_finished(tmp_path: Path) -> None:
    done = play(
        tmp_path,
        """
        inside = os.fstat(1).st_ino
        run.finish()
        print(inside != os.fstat(1).st_ino, sys.stdout.line_buffering)
        """,
    )
    assert done.stdout == "True False\n"


def test_a_console_process_that_is_killed_takes_nothing_with_it(tmp_path: Path) -> None:
    done = play(
        tmp_path,
        """
        import signal
        print("be" + "fore", flush=True)  # in two parts: the run may note how it was started
        def recorded():
            files = [os.path.join(at, name) for at, _, names in os.walk(sys.argv[1]) for name in names]
            found = [open(file, "rb").read() for file in files if file.endswith(".journal")]
            return any(b"be" + b"fore" in one for one in found)
        deadline = time.monotonic() + 40
        while not recorded():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        killed = 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                command = open(f"/proc/{pid}/cmdline", "rb").read()
                fds = f"/proc/{pid}/fd"
                links = [os.readlink(f"{fds}/{fd}") for fd in os.listdir(fds)]
                if b"console" + b".pump" in command and any(link.startswith(sys.argv[1]) for link in links):
                    os.kill(int(pid), signal.SIGKILL)
                    killed += 1
            except OSError:
                pass
        assert killed == 1
        time.sleep(0.3)
        for i in range(20_000):
            print("after", i)
        """,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("after 19999\n")
    assert console(tmp_path)[0] == "before"


def test_forked_children_print_into_the_same_record(tmp_path: Path) -> None:
    play(
        tmp_path,
        """
        if os.fork() == 0:
            print("child", flush=True)
            os._exit(0)
        os.wait()
        print("parent")
        """,
        environ={"PYTHONWARNINGS": "ignore"},  # of forks beside threads, which ours are safe for
    )
    assert console(tmp_path) == ["child", "parent"]


@pytest.mark.parametrize("printed", [200_000])
def test_printing_much_is_all_recorded(tmp_path: Path, printed: int) -> None:
    done = play(tmp_path, f"for i in range({printed}): print(i)")
    assert done.stdout.splitlines() == [str(i) for i in range(printed)]
    assert console(tmp_path) == [str(i) for i in range(printed)]


def test_a_terminal_stays_a_terminal(tmp_path: Path) -> None:
    script = BEGIN.replace("HOW", "'auto'") + textwrap.dedent(
        """
        import shutil
        print(sys.stdout.isatty(), os.isatty(1), os.isatty(2), tuple(os.get_terminal_size(1)))
        subprocess.run([sys.executable, "-c", "import sys; print('child', sys.stdout.isatty())"])
        """
    )
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", script, str(tmp_path)])
    import fcntl
    import struct
    import termios

    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 111, 0, 0))
    seen = b""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                part = os.read(fd, 4096)
            except OSError:
                break
            if not part:
                break
            seen += part
    os.waitpid(pid, 0)
    os.close(fd)
    assert b"True True True (111, 33)\r\n" in seen
    assert b"child True\r\n" in seen
    assert console(tmp_path) == ["True True True (111, 33)", "child True"]


def test_streams_that_are_no_descriptors_are_wrapped(tmp_path: Path) -> None:
    """As in a notebook, where Python's streams lead elsewhere."""
    done = run_script(
        """
        import io, os, sys
        real = sys.stdout
        sys.stdout = io.StringIO()
        """
        + textwrap.indent(BEGIN.replace("HOW", "'auto'"), " " * 8)
        + """
        print("into the notebook")
        print("50%", end="\\r"); print("100%")
        run.finish()
        print("after")
        real.write(sys.stdout.getvalue())
        """,
        str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "into the notebook\n50%\r100%\nafter\n"
    assert console(tmp_path) == ["into the notebook", "100%"]


def test_wrapped_streams_record_in_the_runs_own_journal(tmp_path: Path) -> None:
    play(tmp_path, "print('x')\nsys.stderr.write('y\\n')", how="wrap")
    assert len(journals(tmp_path)) == 1
    assert console(tmp_path) == ["x", "y"]


def test_console_off_records_nothing(tmp_path: Path) -> None:
    done = play(tmp_path, "print('x')", how="off")
    assert done.stdout == "x\n"
    assert console(tmp_path) == []


def _wait_for(what: Any) -> None:
    deadline = time.monotonic() + 60
    while not what() and time.monotonic() < deadline:
        time.sleep(0.05)
