"""The command of a trial: what the published client's agent would run, as words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wandb.sdk.launch.sweeps import utils as published

from runstone.agents.command import CommandError, words

MACROS = (
    "args", "args_no_hyphens", "args_no_boolean_flags", "args_no_equals", "args_append_hydra",
    "args_override_hydra", "args_json",
)  # fmt: skip
text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
scalars = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), text, st.none())
values = st.one_of(scalars, st.lists(scalars, max_size=3), st.dictionaries(text, scalars, max_size=3))
arguments = st.dictionaries(text.filter(bool), values, max_size=5)
word = st.one_of(
    st.sampled_from([f"${{{name}}}" for name in MACROS]),
    st.sampled_from(
        ["${envvar:HERE}", "--x=${envvar:HERE}/${envvar:GONE}", "${program}", "${args_json_file}"]
    ),
    text.filter(lambda value: "${" not in value),
)


@given(command=st.lists(word, min_size=1, max_size=6), params=arguments)
def test_the_words_are_those_of_the_published_agent(command: list[str], params: dict[str, Any]) -> None:
    env = {"HERE": "/data"}
    told = published.create_sweep_command_args({"args": {k: {"value": v} for k, v in params.items()}})
    told |= {"program": ["train.py"], "args_json_file": ["c.json"]}
    before = os.environ.get("HERE")
    os.environ["HERE"] = "/data"
    try:
        template = published.create_sweep_command(list(command))
    finally:
        os.environ.pop("HERE") if before is None else os.environ.update(HERE=before)
    expected = [
        part
        for one in template
        for part in (told.get(one[2:-1], []) if one.startswith("${") and one.endswith("}") else [one])
    ]
    if not expected:
        with pytest.raises(CommandError):
            words(command, program="train.py", arguments=params, json_file="c.json", environ=env)
        return
    assert words(command, program="train.py", arguments=params, json_file="c.json", environ=env) == expected


def test_the_default_command_runs_the_program_with_this_python() -> None:
    found = words((), program="train.py", arguments={"lr": 0.1}, json_file="", environ={})
    assert found == ["/usr/bin/env", sys.executable, "train.py", "--lr=0.1"]


@given(params=st.dictionaries(st.sampled_from(["a", "b"]), text, min_size=1))
def test_whatever_a_value_holds_it_arrives_as_one_argument(params: dict[str, str]) -> None:
    found = words(("${args}",), program="", arguments=params, json_file="", environ={})
    assert found == [f"--{name}={value}" for name, value in params.items()]


def test_a_shell_is_never_asked(tmp_path: Any) -> None:
    bad = "; touch pwned; $(touch pwned) `touch pwned` && touch pwned"
    script = "import sys, json; print(json.dumps(sys.argv[1:]))"
    found = words(
        ("${interpreter}", "-c", script, "${args}"),
        program="",
        arguments={"x": bad},
        json_file="",
        environ={},
    )
    done = subprocess.run(found, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [f"--x={bad}"] and not list(tmp_path.iterdir())


def test_a_variable_that_holds_a_macro_or_nothing() -> None:
    command = ("${envvar:A}", "${envvar:ABSENT}")
    found = words(command, program="p", arguments={"x": 1}, json_file="", environ={"A": "plain"})
    assert found == ["plain", "ABSENT"]


def test_without_a_program_it_says_what_to_do() -> None:
    with pytest.raises(CommandError, match=r"program: train\.py"):
        words((), program="", arguments={}, json_file="", environ={})
