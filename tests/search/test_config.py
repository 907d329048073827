"""Sweep files: everything that is taken, and what is said of what is not."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.search.config_reading import parse
from runstone.search.distributions import KINDS
from runstone.search.problems import ConfigError
from runstone.search.search import Search
from runstone.search.space import Grid

X = {"min": 0.0, "max": 1.0}


def random_over(**parameters: Any) -> dict[str, Any]:
    return {"method": "random", "parameters": parameters}


def problems_of(config: Any, *, strict: bool = True) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        parse(config, strict=strict)
    return {problem.path: problem.message for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("parameter", "kind"),
    [
        ({"value": 3}, "constant"),
        ({"value": None}, "constant"),
        ({"values": [None, 1, "a", [1, 2], {"k": 1}]}, "categorical"),
        ({"values": [1, 2], "probabilities": [0.25, 0.75]}, "categorical_w_probabilities"),
        ({"min": 1, "max": 5}, "int_uniform"),
        ({"min": 1.0, "max": 5.0}, "uniform"),
        ({"mu": 1, "sigma": 2}, "normal"),
    ],
)
def test_a_missing_distribution_is_filled_in_as_the_published_client_does(
    parameter: dict[str, Any], kind: str
) -> None:
    config = parse(random_over(p=parameter))
    assert config.space.by_name["p"].distribution.kind == kind
    if kind in ("int_uniform", "uniform"):
        assert config.raw["parameters"]["p"]["distribution"] == kind


@pytest.mark.parametrize(
    ("config", "path", "words"),
    [
        ([], "", "a map of keys"),
        ({"parameters": {"x": X}}, "method", "is needed"),
        ({"method": "bayesian", "parameters": {"x": X}}, "method", "bayes"),
        ({"metod": "grid", "method": "grid", "parameters": {"x": {"value": 1}}}, "metod", "'method'"),
        ({"method": "bayes", "parameters": {"x": X}}, "metric", "is needed"),
        ({"method": "random"}, "parameters", "is needed"),
        (random_over(x={"min": 0, "max": 1.5}), "parameters.x", "whole number and a fraction"),
        (random_over(x={"min": 2.0, "max": 1.0}), "parameters.x.min", "above max"),
        (random_over(x={"min": 1}), "parameters.x", "no max"),
        (random_over(x={"values": []}), "parameters.x.values", "one value or more"),
        (random_over(x={"values": [1, 2], "probabilities": [1.0]}), "parameters.x.probabilities", "2 values"),
        (random_over(x={"values": [1], "probabilities": [0.5]}), "parameters.x.probabilities", "sum to 0.5"),
        (random_over(x={"distribution": "unform", **X}), "parameters.x.distribution", "uniform"),
        (
            random_over(x={"distribution": "log_uniform", "min": 0, "max": 1e4}),
            "parameters.x.max",
            "exponent",
        ),
        (
            random_over(x={"distribution": "log_uniform_values", "min": 0, "max": 1}),
            "parameters.x.min",
            "more than 0",
        ),
        (random_over(x={"parameters": {"y": {}}}), "parameters.x.parameters.y", "needs value"),
        (random_over(x={"vaule": 1}), "parameters.x.vaule", "'value'"),
        (random_over(x={**X, "when": "y == 1"}), "parameters.x.when", "'y'"),
        (random_over(x={**X, "when": "__import__('os')"}), "parameters.x.when", "may not"),
        (
            random_over(x={**X, "when": "y > 0"}, y={**X, "when": "x > 0"}),
            "parameters",
            "wait for each other",
        ),
        ({"method": "grid", "parameters": {"x": X}}, "parameters.x", "finite list"),
        ({**random_over(x=X), "run_cap": 0}, "run_cap", "from 1"),
        ({**random_over(x=X), "run_cap": True}, "run_cap", "whole number"),
        ({**random_over(x=X), "early_terminate": {"type": "hyperband"}}, "early_terminate", "min_iter"),
        ({**random_over(x=X), "early_terminate": {"type": "hyberband"}}, "early_terminate.type", "hyperband"),
        ({**random_over(x=X), "constraints": ["latency"]}, "constraints[0]", "NAME < NUMBER"),
        ({**random_over(x=X), "command": "python train.py"}, "command", "list of words"),
        ({**random_over(x=X), "command": ["${pythn}"]}, "command[0]", "unknown macro"),
        ({**random_over(x=X), "metric": {"goal": "minimize"}}, "metric.name", "is needed"),
        ({**random_over(x=X), "metric": {"name": "a", "goal": "max"}}, "metric.goal", "maximize"),
        (
            {**random_over(x=X), "metric": {"name": "worst_slice(wer)"}},
            "metric.name",
            "by=COLUMN",
        ),
        (
            {**random_over(x=X), "metric": {"name": "a"}, "metrics": [{"name": "b"}]},
            "metrics",
            "not both",
        ),
        ({**random_over(x=X), "warm_start": {}}, "warm_start", "neither runs nor sweeps"),
        ({"method": "random", "sampler": "tpe", "parameters": {"x": X}}, "sampler", "does not fit"),
    ],
)
def test_what_is_wrong_is_said_by_key_and_rule(config: Any, path: str, words: str) -> None:
    found = problems_of(config)
    assert path in found and words in found[path], found


def test_every_problem_is_told_at_once_and_unknown_keys_only_warn_where_they_may() -> None:
    config = {"method": "bayes", "colour": 1, "parameters": {"x": {"min": 1.0, "max": 0.0}, "y": {}}}
    assert problems_of(config).keys() >= {"colour", "metric", "parameters.x.min", "parameters.y"}
    lenient = parse({**random_over(x=X), "colour": 1}, strict=False)
    assert [problem.path for problem in lenient.warnings] == ["colour"]


_BOUNDS = {"min": 1.0, "max": 4.0, "q": 0.5, "values": ["a", "b"], "value": 2, "probabilities": [0.5, 0.5]}


@pytest.mark.parametrize("kind", KINDS)
@given(u=st.floats(0, 1, exclude_max=True))
@settings(max_examples=40, deadline=None)
def test_every_distribution_gives_values_it_contains_and_places_them_again(kind: str, u: float) -> None:
    needed, optional = KINDS[kind]
    given = {key: _BOUNDS[key] for key in needed | (optional & {"q"})}
    if kind == "int_uniform":
        given = {"min": 1, "max": 4}
    space = parse(random_over(p={"distribution": kind, **given})).space
    distribution = space.by_name["p"].distribution
    value = distribution.at(u)
    assert distribution.contains(value), value
    again = distribution.at(distribution.quantile(value))
    if isinstance(value, float):
        assert math.isclose(again, value, rel_tol=1e-6, abs_tol=1e-9)
    else:
        assert again == value
    if distribution.q:
        assert math.isclose(value / 0.5, round(value / 0.5), abs_tol=1e-9)


def test_log_uniform_takes_exponents_and_its_values_form_the_bounds_themselves() -> None:
    exponents = {"distribution": "log_uniform", "min": -3, "max": 0}
    inverse = {"distribution": "inv_log_uniform", "min": 0, "max": 3}
    config = parse(
        random_over(
            a=exponents, b={**exponents, "distribution": "log_uniform_values", "min": 1, "max": 8}, c=inverse
        )
    )
    a, b, c = (config.space.by_name[name].distribution for name in "abc")
    assert a.bounds() == (pytest.approx(math.exp(-3)), 1.0) and b.at(0.5) == pytest.approx(math.sqrt(8))
    assert c.bounds() == (pytest.approx(math.exp(-3)), 1.0) and c.at(0.0) == 1.0


def test_nested_parameters_are_given_nested_and_kept_by_dotted_name() -> None:
    config = parse(
        random_over(
            net={"parameters": {"depth": {"value": 2}, "act": {"parameters": {"k": {"values": [1]}}}}}
        )
    )
    params = config.space.at([0.0])
    assert params == {"net.depth": 2, "net.act.k": 1}
    assert config.space.arguments(params) == {"net": {"depth": 2, "act": {"k": 1}}}
    assert config.space.found_in({"net": {"depth": 2, "act": {"k": 1}}, "else": 1}) == params


def test_a_grid_counts_valid_combinations_once() -> None:
    config = parse(
        {
            "method": "grid",
            "parameters": {
                "opt": {"values": ["sgd", "adam", "sgd"]},
                "momentum": {"values": [0.0, 0.9], "when": {"opt": "sgd"}},
                "beta": {
                    "distribution": "q_uniform",
                    "min": 0.1,
                    "max": 0.3,
                    "q": 0.1,
                    "when": "opt == 'adam'",
                },
            },
        }
    )
    grid = Grid(config.space)
    cells = [grid.cell(n) for n in range(grid.count)]
    assert cells == [
        {"opt": "sgd", "momentum": 0.0},
        {"opt": "sgd", "momentum": 0.9},
        {"opt": "adam", "beta": 0.1},
        {"opt": "adam", "beta": 0.2},
        {"opt": "adam", "beta": 0.3},
    ]
    assert grid.cell(5) is None and config.trials_expected == 5


def test_constraints_over_parameters_are_never_broken_by_a_proposal() -> None:
    for method in ("random", "sobol", "grid"):
        config = parse(
            {
                "method": method,
                "constraints": ["width * depth <= 8", "latency < 80"],
                "parameters": {"width": {"min": 1, "max": 8}, "depth": {"min": 1, "max": 8}},
            }
        )
        assert [bound.name for bound in config.constraints] == ["latency"]
        for proposal in Search(config, seed=3).preview(20):
            assert proposal.params["width"] * proposal.params["depth"] <= 8


def test_prompts_are_a_space_and_programs_are_handed_the_texts() -> None:
    config = parse(
        {
            "method": "grid",
            "metric": {"name": "accuracy", "goal": "maximize"},
            "prompts": {
                "templates": {"terse": "{q}", "steps": "Think. {q}"},
                "few_shot": {"none": [], "two": [["a", "b"]]},
                "decoding": {"temperature": {"values": [0.0, 0.7]}},
            },
        }
    )
    proposals = Search(config).preview(100)
    assert len(proposals) == 8
    assert config.space.arguments(proposals[-1].params) == {
        "template": "steps",
        "few_shot": "two",
        "decoding": {"temperature": 0.7},
        "prompt": {"template": "Think. {q}", "examples": [["a", "b"]]},
    }
