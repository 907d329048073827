"""What a file_stream body says."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.server.domain.errors import Invalid
from runstone.server.doors.wandb.stream.body import console_line, read

NOW = 1_700_000_000.0


def body(**files: tuple[int, list[str]]) -> bytes:
    names = {
        "history": "wandb-history.jsonl",
        "events": "wandb-events.jsonl",
        "summary": "wandb-summary.json",
        "console": "output.log",
    }
    sent = {names[key]: {"offset": at, "content": lines} for key, (at, lines) in files.items()}
    return json.dumps({"files": sent}).encode()


def test_an_empty_body_and_an_empty_object_are_heartbeats() -> None:
    for sent in (b"", b"{}"):
        found = read(sent, now=NOW)
        assert found.history is None and found.summary is None and found.exit_code is None


def test_rows_are_numbered_from_the_offset() -> None:
    lines = ['{"loss":NaN,"_step":7,"_runtime":1.5,"_timestamp":1.7e+09}', '{"loss":0.5,"_step":8}']
    found = read(body(history=(40, lines)), now=NOW).history
    assert found is not None and found.end_offset == 42
    first, second = found.rows
    assert (first.offset, first.step, first.timestamp, first.runtime) == (40, 7, 1.7e9, 1.5)
    assert math.isnan(first.values["loss"]) and set(first.values) == {"loss"}
    assert (second.offset, second.step, second.timestamp) == (41, 8, NOW)


def test_an_unreadable_row_is_left_out_and_keeps_its_number() -> None:
    found = read(body(history=(0, ['{"a":1,"_step":0}', "{", "[]", '{"a":2,"_step":1}'])), now=NOW)
    assert found.history is not None and found.unreadable == 2
    assert [row.offset for row in found.history.rows] == [0, 3]
    assert found.history.end_offset == 4


def test_a_row_without_a_step_follows_the_one_before() -> None:
    found = read(body(history=(3, ['{"a":1,"_step":10}', '{"a":2}', '{"a":3,"_step":null}'])), now=NOW)
    assert found.history is not None
    assert [row.step for row in found.history.rows] == [10, 11, 12]


def test_a_system_sample_is_placed_by_its_time() -> None:
    line = '{"_wandb":true,"_timestamp":1700000000.25,"_runtime":3,"system.cpu":4.5}'
    found = read(body(events=(0, [line])), now=NOW).system
    assert found is not None
    assert found.rows[0].step == 1_700_000_000_250
    assert found.rows[0].values == {"system.cpu": 4.5}


def test_the_last_summary_line_stands() -> None:
    found = read(body(summary=(0, ['{"a":1}', '{"a":2,"_step":5}'])), now=NOW)
    assert found.summary == {"a": 2, "_step": 5}
    assert type(found.summary["_step"]) is int


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b'{"complete":true,"exitcode":0}', 0),
        (b'{"complete":true,"exitcode":3}', 3),
        (b'{"complete":true,"exitcode":null,"failed":true}', 1),
        (b'{"complete":false,"failed":false,"uploaded":["a"],"dropped":0}', None),
        (b'{"exitcode":1}', None),
    ],
)
def test_only_complete_ends_a_run(sent: bytes, code: int | None) -> None:
    assert read(sent, now=NOW).exit_code == code


def test_console_lines_of_both_formats_say_the_same() -> None:
    structured = '{"level":"error","ts":"2024-01-31T09:30:00.250000","label":"w1","content":"[x] boom"}'
    text = "ERROR 2024-01-31T09:30:00.250000 [w1] [x] boom\n"
    assert console_line(5, structured, NOW) == console_line(5, text, NOW)
    label, line = console_line(5, text, NOW)
    assert label == "w1"
    assert (line.number, line.stream, line.timestamp, line.text) == (5, 1, 1706693400.25, "[x] boom")


@pytest.mark.parametrize(
    "text", ["", "plain", "{not json", '{"content": 5, "ts": "x"}', "ERROR no time", "2024"]
)
def test_console_text_of_neither_format_is_kept_as_it_stands(text: str) -> None:
    assert console_line(0, text, NOW)[1].text == text


@given(st.text(), st.text(st.characters(exclude_characters="]"), max_size=20))
def test_console_text_survives_the_structured_format(text: str, label: str) -> None:
    sent = json.dumps({"ts": "2024-01-31T09:30:00.250000", "label": label, "content": text})
    found_label, line = console_line(1, sent, NOW)
    assert (found_label, line.text) == (label, text)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_words(sent: bytes) -> None:
    try:
        read(sent, now=NOW)
    except Invalid as error:
        assert "file_stream" in error.message


def test_unknown_keys_and_files_are_passed_over() -> None:
    sent = json.dumps({"files": {"diff.patch": {"offset": 0, "content": ["x"]}}, "later": {"a": 1}})
    assert read(sent.encode(), now=NOW).history is None


def test_ten_thousand_rows_are_read_within_a_second() -> None:
    import time

    lines = [json.dumps({"_step": n, "loss": 1 / (n + 1), "acc": n * 0.5}) for n in range(10_000)]
    began = time.process_time()
    found = read(body(history=(0, lines)), now=NOW).history
    assert found is not None and len(found.rows) == 10_000
    assert time.process_time() - began < 1
