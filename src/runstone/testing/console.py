"""What every console store must do, as a suite to run against any kind.

class TestMine(ConsoleStoreSuite):
    @pytest.fixture
    def console(self, tmp_path):
        store = open_console(f"sqlite:///{tmp_path}/console.db")
        yield store
        store.close()
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence

import pytest

from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import RunKey
from runstone.server.stores.console.contract import ConsoleInfo, ConsoleStore, Line

RUN = RunKey(7)
_WORDS = ("", "ok", "\x1b[32mgreen\x1b[0m", "Straße", "loss 0.3", "日本語", "tab\there", "nul\x00", "é" * 50)


def lines(start: int, count: int, word: str = "line") -> list[Line]:
    return [Line(n, n % 2, 1000.0 + n / 8, f"{word} {n}") for n in range(start, start + count)]


class ConsoleStoreSuite:
    """Subclass it and give a fixture `console`: an empty store."""

    def test_lines_come_back_as_written(self, console: ConsoleStore) -> None:
        written = [Line(n, n % 2, 12.5 + n, text) for n, text in enumerate(_WORDS)]
        console.write(RUN, "w", written)
        assert console.read(RUN, "w", start=0, limit=100) == written

    def test_pages_by_number_and_from_the_end(self, console: ConsoleStore) -> None:
        console.write(RUN, "w", lines(0, 2500))
        console.write(RUN, "w", lines(2500, 30))
        everything = lines(0, 2530)
        for start in (0, 1, 999, 1000, 1001, 2499, 2500, 2529):
            assert console.read(RUN, "w", start=start, limit=40) == everything[start : start + 40]
        assert console.read(RUN, "w", start=-3, limit=10) == everything[-3:]
        assert console.read(RUN, "w", start=-9999, limit=2) == everything[:2]
        assert console.read(RUN, "w", start=2530, limit=10) == []
        assert console.read(RUN, "w", start=2**70, limit=10) == []
        assert console.read(RUN, "w", start=0, limit=0) == []

    def test_the_last_text_of_a_line_stands(self, console: ConsoleStore) -> None:
        console.write(RUN, "w", lines(0, 1500))
        for percent in range(100):
            console.write(
                RUN, "w", [Line(700, 1, 5.0, "starting"), Line(700, 1, 6.0 + percent, f"{percent} %")]
            )
        assert console.read(RUN, "w", start=699, limit=3) == [
            *lines(699, 1),
            Line(700, 1, 105.0, "99 %"),
            *lines(701, 1),
        ]
        assert console.writers(RUN) == [ConsoleInfo("w", "", 1500)]

    def test_lines_never_written_are_left_out(self, console: ConsoleStore) -> None:
        sparse = [Line(n, 0, 1.0, str(n)) for n in (3, 4, 5000, 123_456, 2**53)]
        console.write(RUN, "w", sparse[2:])
        console.write(RUN, "w", sparse[:2])
        assert console.read(RUN, "w", start=0, limit=10) == sparse
        assert console.read(RUN, "w", start=4, limit=2) == sparse[1:3]
        assert console.read(RUN, "w", start=6000, limit=10) == sparse[3:]
        assert console.writers(RUN)[0].lines == 2**53 + 1

    def test_writers_and_runs_are_kept_apart(self, console: ConsoleStore) -> None:
        console.write(RUN, "b", lines(0, 3, "b"), label="rank1")
        console.write(RUN, "a", lines(0, 2, "a"))
        console.write(RunKey(8), "b", lines(0, 1, "other run"))
        assert console.writers(RUN) == [ConsoleInfo("b", "rank1", 3), ConsoleInfo("a", "", 2)]
        assert console.read(RUN, "a", start=0, limit=9) == lines(0, 2, "a")
        console.delete(RUN)
        assert console.writers(RUN) == []
        assert console.read(RUN, "b", start=0, limit=9) == []
        assert console.read(RunKey(8), "b", start=0, limit=9) == lines(0, 1, "other run")

    def test_a_late_label_is_kept_and_never_lost(self, console: ConsoleStore) -> None:
        console.write(RUN, "w", lines(0, 1))
        console.write(RUN, "w", lines(1, 1), label="rank0")
        console.write(RUN, "w", lines(2, 1))
        assert console.writers(RUN) == [ConsoleInfo("w", "rank0", 3)]

    def test_unknown_consoles_are_empty(self, console: ConsoleStore) -> None:
        assert console.writers(RUN) == []
        assert console.read(RUN, "w", start=0, limit=5) == []
        assert console.search(RUN, "w", "x") == []
        console.write(RUN, "w", [])
        assert console.writers(RUN) == []
        console.delete(RUN)

    def test_search_folds_case_and_pages(self, console: ConsoleStore) -> None:
        written = lines(0, 3000)
        for n in (5, 1500, 2999):
            written[n] = Line(n, 1, 1.0, f"CUDA Error in STRASSE {n}")
        console.write(RUN, "w", written)
        console.write(RUN, "w", [Line(3005, 0, 1.0, "late cuda error"), Line(1500, 0, 1.0, "rewritten")])
        assert [line.number for line in console.search(RUN, "w", "cuda error")] == [5, 2999, 3005]
        assert [line.number for line in console.search(RUN, "w", "Straße")] == [5, 2999]
        assert [line.number for line in console.search(RUN, "w", "CUDA", start=6)] == [2999, 3005]
        assert [line.number for line in console.search(RUN, "w", "CUDA", limit=2)] == [5, 2999]
        assert console.search(RUN, "w", "line 3\nline 4") == []
        assert console.search(RUN, "w", "%") == []

    @pytest.mark.parametrize("number", [-1, 2**53 + 1, 2**70])
    def test_impossible_line_numbers_are_refused(self, console: ConsoleStore, number: int) -> None:
        with pytest.raises(Invalid):
            console.write(RUN, "w", [Line(number, 0, 0.0, "x")])
        assert console.writers(RUN) == []

    def test_odd_texts(self, console: ConsoleStore) -> None:
        long = "x" * 3_000_000
        nan = float("nan")
        console.write(
            RUN, "w", [Line(0, 0, nan, long), Line(1, 0, 0.0, "a\udc80b"), Line(2, 1, 0.0, "two\nlines\r")]
        )
        read = console.read(RUN, "w", start=0, limit=9)
        assert read[0].text == long and read[0].timestamp != read[0].timestamp
        assert [line.text for line in read[1:]] == ["a\\udc80b", "two\nlines\r"]

    def test_a_million_lines_are_paged_at_once(self, console: ConsoleStore) -> None:
        for start in range(0, 1_000_000, 100_000):
            console.write(RUN, "w", lines(start, 100_000))
        for start in (0, 500_123, -50):
            began = time.perf_counter()
            page = console.read(RUN, "w", start=start, limit=50)
            assert time.perf_counter() - began < 0.5  # milliseconds, on a quiet machine
            first = start if start >= 0 else 1_000_000 + start
            assert page == lines(first, 50)

    @pytest.mark.parametrize("seed", range(6))
    def test_random_writes_agree_with_a_map(self, console: ConsoleStore, seed: int) -> None:
        """Any sequence of writes reads like the same writes into a dict."""
        dice = random.Random(seed)  # noqa: S311
        model: dict[int, Line] = {}
        span = dice.choice([40, 2500, 100_000])
        for _ in range(120):
            start, count = dice.randrange(span), dice.choice([1, 1, 3, 40, 1200])
            batch = [
                Line(start + dice.randrange(count), dice.randrange(2), dice.random(), dice.choice(_WORDS))
                for _ in range(dice.randint(1, min(count, 60)))
            ]
            console.write(RUN, "w", batch)
            for line in batch:
                model[line.number] = line
            if dice.random() < 0.3:
                at, limit = dice.randrange(-span, span + 1), dice.randint(1, 200)
                end = max(model) + 1
                first = max(0, end + at) if at < 0 else at
                expected = [model[n] for n in sorted(model) if n >= first][:limit]
                assert console.read(RUN, "w", start=at, limit=limit) == expected
        assert console.read(RUN, "w", start=0, limit=10**6) == [model[n] for n in sorted(model)]
        found = console.search(RUN, "w", "LOSS", limit=10**6)
        assert found == [model[n] for n in sorted(model) if "loss" in model[n].text]

    def test_many_writers_at_once(self, console: ConsoleStore) -> None:
        errors: list[BaseException] = []

        def write(writer: str, batches: Sequence[Sequence[Line]]) -> None:
            try:
                for batch in batches:
                    console.write(RUN, writer, batch)
            except BaseException as error:
                errors.append(error)

        # Four consoles of one thread each, and one console that four threads write in turns.
        jobs = [(f"w{n}", [lines(at, 25) for at in range(0, 1000, 25)]) for n in range(4)]
        jobs += [("shared", [lines(at, 5) for at in range(n * 5, 1000, 20)]) for n in range(4)]
        threads = [threading.Thread(target=write, args=job) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        for writer in ("w0", "w1", "w2", "w3", "shared"):
            assert console.read(RUN, writer, start=0, limit=2000) == lines(0, 1000)
