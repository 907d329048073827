"""How an attempt ended, by exit code and last words."""

from __future__ import annotations

import signal

import pytest

from runstone.agents.endings import ending_of, ending_of_error


def test_zero_is_finished_whatever_was_printed() -> None:
    assert ending_of(0, ["CUDA out of memory, retrying"]).state == "finished"
    assert ending_of(0, [], stop="told to").state == "finished"


@pytest.mark.parametrize(
    "line",
    [
        "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
        "MemoryError",
        "RESOURCE_EXHAUSTED: Out of memory while trying to allocate",
        "numpy._core._exceptions._ArrayMemoryError: Unable to allocate; MemoryError",
    ],
)
def test_want_of_memory_by_its_last_words_is_a_class_of_its_own(line: str) -> None:
    ending = ending_of(1, ["Traceback (most recent call last):", line])
    assert ending.state == "oom" and ending.error == line


def test_sigkill_is_want_of_memory_only_where_the_kernel_says_so() -> None:
    told = ending_of(-signal.SIGKILL, ["step 3"], memory_kills=1)
    assert told.state == "oom"
    for known in (0, None):
        ending = ending_of(-signal.SIGKILL, ["step 3"], memory_kills=known)
        assert ending.state == "failed" and "SIGKILL" in ending.error and "memory" in ending.error


def test_a_failure_tells_code_and_last_line() -> None:
    assert ending_of(3, ["a", "ValueError: no luck", ""]).error == "exit code 3: ValueError: no luck"
    assert ending_of(-signal.SIGSEGV, []).error == "ended by SIGSEGV"


def test_one_that_was_told_to_end_is_stopped_and_says_why() -> None:
    ending = ending_of(-signal.SIGTERM, ["out of memory"], stop="asha: worse than two thirds")
    assert (ending.state, ending.error) == ("stopped", "asha: worse than two thirds")


def test_functions_fail_with_the_name_of_the_error() -> None:
    assert ending_of_error(ValueError("x"), "Traceback…").error == "ValueError: x"
    assert ending_of_error(MemoryError(), "").state == "oom"
    assert ending_of_error(RuntimeError("CUDA out of memory"), "").state == "oom"
