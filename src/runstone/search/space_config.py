"""Parameters and prompts of a sweep file, read into a space."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from runstone.search.distributions import KINDS, Distribution
from runstone.search.expressions import Expression, ExpressionError, parse_expression
from runstone.search.problems import Problem, unknown_key
from runstone.search.space import Condition, Parameter

Json = Any
PARAMETERS_MAX = 1_000
VALUES_MAX = 100_000
DEPTH_MAX = 20
_KEYS = frozenset(
    {
        "value",
        "values",
        "probabilities",
        "min",
        "max",
        "distribution",
        "mu",
        "sigma",
        "q",
        "a",
        "b",
        "parameters",
        "when",
    }
)
# Where the arguments of a trial hold what a prompt's names stand for.
TEMPLATE, FEW_SHOT, DECODING = "template", "few_shot", "decoding"
TEXT_PATHS = {TEMPLATE: ("prompt", "template"), FEW_SHOT: ("prompt", "examples")}


def parse_parameters(
    given: Json, problems: list[Problem], prefix: str = "parameters", path: tuple[str, ...] = ()
) -> tuple[list[Parameter], dict[str, Json]]:
    """The parameters, and the map as it is kept: distributions filled in. Problems are added to."""
    reader = _Parameters(problems)
    normalised = reader.read(given, prefix, path, None)
    if len(reader.found) > PARAMETERS_MAX:
        problems.append(Problem(prefix, f"has {len(reader.found)} parameters; the most is {PARAMETERS_MAX}"))
    return reader.found, normalised


def parse_prompts(
    given: Json, problems: list[Problem]
) -> tuple[list[Parameter], dict[str, tuple[tuple[str, ...], Mapping[str, Json]]]]:
    """`prompts`: {templates, few_shot, decoding}, as parameters `template`, `few_shot`, `decoding.…`,
    and by parameter what each name stands for."""
    if given is None:
        return [], {}
    if not isinstance(given, Mapping):
        problems.append(Problem("prompts", "is a map with templates, few_shot and decoding"))
        return [], {}
    keys = ("templates", "few_shot", "decoding")
    problems += [unknown_key("prompts", str(key), keys) for key in given if key not in keys]
    found: list[Parameter] = []
    texts: dict[str, tuple[tuple[str, ...], Mapping[str, Json]]] = {}
    for key, name in (("templates", TEMPLATE), ("few_shot", FEW_SHOT)):
        if given.get(key) is None:
            continue
        named = _named(given[key])
        if not named:
            problems.append(Problem(f"prompts.{key}", "is a map of names, or a list, and not empty"))
            continue
        found.append(Parameter((name,), name, Distribution("categorical", tuple(named))))
        texts[name] = (TEXT_PATHS[name], named)
    if not found:
        problems.append(Problem("prompts", "names no templates and no few_shot sets"))
    if given.get("decoding") is not None:
        decoding, _ = parse_parameters(given["decoding"], problems, "prompts.decoding", (DECODING,))
        found += decoding
    return found, texts


def _named(given: Json) -> dict[str, Json]:
    if isinstance(given, Mapping):
        return {str(name): text for name, text in given.items()}
    if isinstance(given, Sequence) and not isinstance(given, str):
        return {str(place + 1): text for place, text in enumerate(given)}
    return {}


class _Parameters:
    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems
        self.found: list[Parameter] = []

    def read(
        self, given: Json, prefix: str, path: tuple[str, ...], when: Condition | None
    ) -> dict[str, Json]:
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            self._bad(prefix, f"is a map of parameters by name, met {type(given).__name__}")
            return {}
        if len(path) > DEPTH_MAX:
            self._bad(prefix, f"is nested more than {DEPTH_MAX} deep")
            return {}
        kept: dict[str, Json] = {}
        for name, item in given.items():
            kept[str(name)] = self._one(item, f"{prefix}.{name}", (*path, str(name)), when)
        return kept

    def _one(self, given: Json, prefix: str, path: tuple[str, ...], outer: Condition | None) -> Json:
        if not isinstance(given, Mapping):
            self._bad(prefix, f"is a map with value, values, or min and max; met {given!r:.60}")
            return given
        self._problems += [unknown_key(prefix, str(key), _KEYS) for key in given if key not in _KEYS]
        when = _both(outer, self._when(given.get("when"), f"{prefix}.when"))
        if "parameters" in given:
            beside = sorted(set(given) & (_KEYS - {"parameters", "when"}))
            if beside:
                self._bad(
                    prefix, f"has nested parameters and {', '.join(beside)} of its own; give one of both"
                )
            return {
                **given,
                "parameters": self.read(given["parameters"], f"{prefix}.parameters", path, when),
            }
        distribution, kept = self._distribution(given, prefix)
        if distribution is not None:
            self.found.append(Parameter(path, ".".join(path), distribution, when))
        return kept

    def _when(self, given: Json, path: str) -> Condition | None:
        if given is None:
            return None
        if isinstance(given, str):
            try:
                return Condition(expressions=(parse_expression(given),))
            except ExpressionError as error:
                self._bad(path, str(error))
                return None
        if isinstance(given, Mapping) and given:
            tests = []
            for name, allowed in given.items():
                many = isinstance(allowed, Sequence) and not isinstance(allowed, str)
                tests.append((str(name), tuple(allowed) if many else (allowed,)))
            return Condition(tests=tuple(tests))
        self._bad(path, "is {parameter: value or list of values}, or text such as 'layers >= 2'")
        return None

    def _distribution(
        self, given: Mapping[str, Json], prefix: str
    ) -> tuple[Distribution | None, dict[str, Json]]:
        kept = dict(given)
        kind = given.get("distribution")
        if kind is None:
            kind = self._guess(given, prefix)
            if kind is None:
                return None, kept
            if kind in ("uniform", "int_uniform"):
                kept["distribution"] = kind
        if kind not in KINDS:
            self._bad(f"{prefix}.distribution", f"is {kind!r:.60}. One of {', '.join(KINDS)}.")
            return None, kept
        needed, optional = KINDS[kind]
        missing = sorted(needed - given.keys())
        if missing:
            self._bad(prefix, f"{kind} needs {', '.join(missing)}")
            return None, kept
        useless = sorted((set(given) & _KEYS) - needed - optional - {"distribution", "when"})
        if kind == "categorical" and "probabilities" in useless:
            kind = "categorical_w_probabilities"
            useless.remove("probabilities")
        if useless:
            self._problems.append(
                Problem(
                    prefix, f"{kind} does not use {', '.join(useless)}", fatal=bool({"value"} & set(useless))
                )
            )
        if kind in ("constant", "categorical", "categorical_w_probabilities"):
            return self._listed(kind, given, prefix), kept
        return self._numeric(kind, given, prefix), kept

    def _guess(self, given: Mapping[str, Json], prefix: str) -> str | None:
        if "value" in given:
            return "constant"
        if "values" in given:
            return "categorical_w_probabilities" if given.get("probabilities") is not None else "categorical"
        low, high = given.get("min"), given.get("max")
        if low is None and high is None:
            if "mu" in given or "sigma" in given:
                return "normal"
            self._bad(prefix, "needs value, values, min and max, or a distribution")
            return None
        if low is None or high is None:
            self._bad(
                prefix, f"has {'max' if low is None else 'min'} and no {'min' if low is None else 'max'}"
            )
            return None
        for key, value in (("min", low), ("max", high)):
            if not _is_finite(value):
                self._bad(f"{prefix}.{key}", f"is {value!r:.60}, and must be a number")
                return None
        if isinstance(low, int) and isinstance(high, int):
            return "int_uniform"
        if isinstance(low, float) and isinstance(high, float):
            return "uniform"
        self._bad(
            prefix,
            f"min {low!r} and max {high!r} are a whole number and a fraction. Write both as fractions for "
            "uniform, both as whole numbers for int_uniform, or say which `distribution`.",
        )
        return None

    def _listed(self, kind: str, given: Mapping[str, Json], prefix: str) -> Distribution | None:
        if kind == "constant":
            return Distribution("constant", (given["value"],))
        values = given["values"]
        if isinstance(values, (str, Mapping)) or not isinstance(values, Sequence) or not values:
            self._bad(f"{prefix}.values", "is a list of one value or more")
            return None
        if len(values) > VALUES_MAX:
            self._bad(f"{prefix}.values", f"has {len(values):,} values; the most is {VALUES_MAX:,}")
            return None
        if kind == "categorical":
            return Distribution(kind, tuple(values))
        weights = given.get("probabilities")
        if (
            isinstance(weights, (str, Mapping))
            or not isinstance(weights, Sequence)
            or not all(_is_finite(weight) and weight >= 0 for weight in weights)
        ):
            self._bad(f"{prefix}.probabilities", "is a list of numbers, 0 or more")
            return None
        if len(weights) != len(values):
            self._bad(
                f"{prefix}.probabilities",
                f"has {len(weights)} numbers for {len(values)} values; give one each",
            )
            return None
        total = math.fsum(weights)
        if abs(total - 1) > 1e-3:
            self._bad(f"{prefix}.probabilities", f"sum to {total:g}, and must sum to 1")
            return None
        return Distribution(kind, tuple(values), tuple(weight / total for weight in weights))

    def _numeric(self, kind: str, given: Mapping[str, Json], prefix: str) -> Distribution | None:
        numbers: dict[str, float] = {}
        for key in ("min", "max", "mu", "sigma", "a", "b", "q"):
            value = given.get(key)
            if value is None:
                continue
            if not _is_finite(value):
                self._bad(f"{prefix}.{key}", f"is {value!r:.60}, and must be a number")
                return None
            numbers[key] = float(value)
        low, high = numbers.get("min", 0.0), numbers.get("max", 0.0)
        q = numbers.get("q", 1.0) if kind.startswith("q_") else 0.0
        faults = [
            ("min", low > high, f"is {low:g}, above max {high:g}"),
            ("min", "_values" in kind and low <= 0, f"is {low:g}, and {kind} needs more than 0"),
            (
                "min",
                kind == "int_uniform" and not (low.is_integer() and high.is_integer()),
                "and max must be whole numbers for int_uniform",
            ),
            ("q", kind.startswith("q_") and q <= 0, f"is {q:g}, and must be above 0"),
            ("sigma", "normal" in kind and numbers.get("sigma", 1.0) <= 0, "must be above 0"),
            (
                "a",
                "beta" in kind and min(numbers.get("a", 1.0), numbers.get("b", 1.0)) <= 0,
                "and b must be above 0",
            ),
            (
                "max",
                kind in ("log_uniform", "q_log_uniform", "inv_log_uniform")
                and max(abs(low), abs(high)) > 700,
                f"is the exponent of e: e^{high:g} is no number. For bounds themselves use {kind}_values.",
            ),
        ]
        broken = [(key, message) for key, bad, message in faults if bad]
        for key, message in broken:
            self._bad(f"{prefix}.{key}", message)
        if broken:
            return None
        return Distribution(
            kind,
            low=low,
            high=high,
            mu=numbers.get("mu", 0.0),
            sigma=numbers.get("sigma", 1.0),
            a=numbers.get("a", 1.0),
            b=numbers.get("b", 1.0),
            q=q,
        )

    def _bad(self, path: str, message: str) -> None:
        self._problems.append(Problem(path, message))


def _both(outer: Condition | None, inner: Condition | None) -> Condition | None:
    if outer is None or inner is None:
        return inner or outer
    expressions: tuple[Expression, ...] = outer.expressions + inner.expressions
    return Condition(outer.tests + inner.tests, expressions)


def _is_finite(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
