"""A sweep's configuration: what the published client's sweep files say, whole, and more in the same file.

Taken: method, metric, parameters with every distribution and nesting, run_cap, command, program, name,
description, early_terminate, controller and the launch keys. Ours beside them: `when` on a parameter,
`constraints`, `metrics` (several objectives), `repeats`, `max_parallel`, `retries`, `warm_start`, `seed`,
`sampler`, `prompts`, objectives such as `worst_slice(wer, by=language)`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from runstone.search.expressions import Bound, Expression, ExpressionError, parse_bound, parse_expression
from runstone.search.problems import ConfigError, Problem, unknown_key
from runstone.search.space import Grid, Parameter, Space, ordered
from runstone.search.space_config import parse_parameters, parse_prompts

Json = Any
Goal = Literal["minimize", "maximize"]
Sampler = Literal["grid", "random", "sobol", "tpe", "gp", "cmaes", "nsga2", "custom"]
PrunerKind = Literal["hyperband", "asha", "median", "wilcoxon", "custom"]

SAMPLERS: tuple[Sampler, ...] = ("grid", "random", "sobol", "tpe", "gp", "cmaes", "nsga2", "custom")
METHODS = ("grid", "random", "bayes", "custom", "sobol", "tpe", "gp", "cmaes", "nsga2")
ADAPTIVE = frozenset({"tpe", "gp", "cmaes", "nsga2"})  # proposals follow results
MACROS = (
    "env",
    "interpreter",
    "program",
    "args",
    "args_no_hyphens",
    "args_no_boolean_flags",
    "args_no_equals",
    "args_append_hydra",
    "args_override_hydra",
    "args_json",
    "args_json_file",
)
OBJECTIVES_MAX = 8
REPEATS_MAX = 100
_COUNT_MAX = 10_000_000

_KEPT = frozenset(  # of the published client, kept as they came for whoever reads them
    {
        "name",
        "description",
        "program",
        "project",
        "entity",
        "controller",
        "launch",
        "scheduler",
        "job",
        "queue",
        "resource",
        "imageuri",
        "image_uri",
        "uri",
        "apiVersion",
        "kind",
        "settings",
        "version",
    }
)
_OURS = frozenset(
    {
        "method",
        "sampler",
        "metric",
        "metrics",
        "parameters",
        "prompts",
        "run_cap",
        "command",
        "early_terminate",
        "constraints",
        "repeats",
        "max_parallel",
        "retries",
        "warm_start",
        "seed",
    }
)
KEYS = _KEPT | _OURS


@dataclass(frozen=True, slots=True)
class Metric:
    """One objective. `slice_by`: the column by which the worst slice of `key` counts, or ""."""

    name: str  # as written, and as it is shown
    goal: Goal = "minimize"
    target: float | None = None
    key: str = ""  # of the run's summary
    slice_by: str = ""

    @property
    def sign(self) -> float:
        """What to multiply by so that less is better."""
        return 1.0 if self.goal == "minimize" else -1.0


@dataclass(frozen=True, slots=True)
class EarlyTerminate:
    kind: PrunerKind
    eta: float = 3.0
    min_iter: int = 1  # reports before anything is stopped; the first rung
    rungs: tuple[int, ...] = ()  # given ones (max_iter and s); empty: min_iter × eta^k
    strict: bool = False
    startup_trials: int = 5  # that must have come as far before the median says anything
    p_threshold: float = 0.1


@dataclass(frozen=True, slots=True)
class WarmStart:
    """Earlier runs whose results the search begins with: run ids, a filter over runs, sweeps."""

    runs: tuple[str, ...] = ()
    filter: Mapping[str, Json] | None = None
    sweeps: tuple[str, ...] = ()
    limit: int = 1_000


@dataclass(frozen=True, slots=True)
class SweepConfig:
    raw: Mapping[str, Json]  # as it is kept: what was given, with distributions filled in
    method: str
    sampler: Sampler
    space: Space
    metrics: tuple[Metric, ...] = ()
    constraints: tuple[Bound, ...] = ()
    early_terminate: EarlyTerminate | None = None
    repeats: int = 1
    run_cap: int | None = None
    max_parallel: int | None = None
    retries: int = 0
    warm_start: WarmStart | None = None
    seed: int | None = None
    name: str = ""
    description: str = ""
    program: str = ""
    command: tuple[str, ...] = ()
    is_local: bool = False  # a controller at the client's decides what runs
    warnings: tuple[Problem, ...] = field(default=())

    @property
    def is_adaptive(self) -> bool:
        return self.sampler in ADAPTIVE

    @property
    def trials_expected(self) -> int | None:
        """How many trials there will be, repeats counted; None without an end."""
        ends = [] if self.run_cap is None else [self.run_cap]
        if self.sampler == "grid":
            ends.append(Grid(self.space).count * self.repeats)
        return min(ends) if ends else None


def parse(given: Mapping[str, Json], *, strict: bool = True) -> SweepConfig:
    """The configuration, checked whole. Raises ConfigError with every problem found.

    strict: unknown keys are refused; else they are kept, with a warning (the published client's habit).
    """
    return _Reader(given, strict).read()


class _Reader:
    def __init__(self, given: Mapping[str, Json], strict: bool) -> None:
        if not isinstance(given, Mapping):
            raise ConfigError([Problem("", f"a sweep is a map of keys, met {type(given).__name__}")])
        self._given = given
        self._strict = strict
        self._problems: list[Problem] = []

    def read(self) -> SweepConfig:
        given = self._given
        for key in given:
            if key not in KEYS:
                self._problems.append(unknown_key("", str(key), KEYS))
        method, sampler = self._method()
        parameters, normalised = parse_parameters(given.get("parameters"), self._problems)
        prompts, texts = parse_prompts(given.get("prompts"), self._problems)
        space = self._space([*parameters, *prompts], texts)
        metrics = self._metrics()
        constraints, rules = self._constraints(space)
        space = Space(space.parameters, rules, space.texts)
        early = self._early_terminate(metrics)
        config = SweepConfig(
            raw={**given, **({"parameters": normalised} if normalised else {})},
            method=method,
            sampler=sampler,
            space=space,
            metrics=metrics,
            constraints=constraints,
            early_terminate=early,
            repeats=self._count("repeats", 1, most=REPEATS_MAX) or 1,
            run_cap=self._count("run_cap", None),
            max_parallel=self._count("max_parallel", None),
            retries=self._count("retries", 0, least=0, most=100) or 0,
            warm_start=self._warm_start(),
            seed=self._count("seed", None, least=0, most=2**32 - 1),
            name=self._text("name"),
            description=self._text("description"),
            program=self._text("program"),
            command=self._command(),
            is_local=_type_of(given.get("controller")) == "local",
        )
        self._check_fit(config)
        return self._done(config)

    def _done(self, config: SweepConfig) -> SweepConfig:
        refused = [p for p in self._problems if p.fatal or self._strict]
        if refused:
            raise ConfigError(refused)
        values = {name: getattr(config, name) for name in SweepConfig.__dataclass_fields__}
        return SweepConfig(**{**values, "warnings": tuple(self._problems)})

    def _bad(self, path: str, message: str) -> None:
        self._problems.append(Problem(path, message))

    # -- the parts

    def _method(self) -> tuple[str, Sampler]:
        method, sampler = self._given.get("method"), self._given.get("sampler")
        if method is None and isinstance(sampler, str):
            method = sampler
        if method is None:
            self._bad("method", f"is needed. One of {', '.join(METHODS)}.")
            return "random", "random"
        if method not in METHODS:
            self._bad("method", f"is {method!r:.60}. One of {', '.join(METHODS)}.")
            return "random", "random"
        if sampler is None:
            return str(method), "tpe" if method == "bayes" else method
        if sampler not in SAMPLERS:
            self._bad("sampler", f"is {sampler!r:.60}. One of {', '.join(SAMPLERS)}.")
            return str(method), "random"
        if method not in ("bayes", sampler) or (method == "bayes" and sampler not in ADAPTIVE):
            self._bad("sampler", f"{sampler} does not fit method {method}. Leave one of the two out.")
        return str(method), sampler

    def _space(
        self, parameters: Sequence[Parameter], texts: Mapping[str, tuple[tuple[str, ...], Mapping[str, Json]]]
    ) -> Space:
        seen: set[str] = set()
        for parameter in parameters:
            if parameter.name in seen:
                self._bad(f"parameters.{parameter.name}", "there are two parameters of that name")
            seen.add(parameter.name)
        for parameter in parameters:
            for name in sorted(parameter.when.names - seen) if parameter.when else ():
                if name not in ("true", "false", "null", "none"):
                    self._bad(f"parameters.{parameter.name}.when", f"no parameter is called {name!r}")
        inside, circle = ordered(parameters)
        if circle:
            self._bad("parameters", f"conditions of {', '.join(circle)} wait for each other in a circle")
        return Space(inside, (), texts)

    def _metrics(self) -> tuple[Metric, ...]:
        one, many = self._given.get("metric"), self._given.get("metrics")
        if one is not None and many is not None:
            self._bad("metrics", "give `metric` for one objective or `metrics` for several, not both")
        if many is not None:
            if not isinstance(many, Sequence) or isinstance(many, str) or not many:
                self._bad("metrics", "is a list of {name, goal}")
                return ()
            if len(many) > OBJECTIVES_MAX:
                self._bad("metrics", f"has {len(many)} objectives; the most is {OBJECTIVES_MAX}")
            found = [self._metric(item, f"metrics[{place}]") for place, item in enumerate(many)]
        else:
            found = [] if one is None else [self._metric(one, "metric")]
        return tuple(metric for metric in found if metric is not None)

    def _metric(self, given: Json, path: str) -> Metric | None:
        if isinstance(given, str):
            given = {"name": given}
        if not isinstance(given, Mapping):
            self._bad(path, f"is a map with name and goal, met {type(given).__name__}")
            return None
        for key in given:
            if key not in ("name", "goal", "target", "impute", "impute_while_running"):
                self._problems.append(unknown_key(path, str(key), ("name", "goal", "target")))
        name = given.get("name")
        if not isinstance(name, str) or not name:
            self._bad(f"{path}.name", "is needed: the key that runs log")
            return None
        goal = given.get("goal", "minimize")
        if goal not in ("minimize", "maximize"):
            self._bad(f"{path}.goal", f"is {goal!r:.60}. One of minimize, maximize.")
            goal = "minimize"
        target = given.get("target")
        if target is not None and not _is_finite(target):
            self._bad(f"{path}.target", f"is {target!r:.60}, and must be a number")
            target = None
        key, slice_by = name, ""
        if "(" in name:
            found = _WORST.match(name)
            if found is not None:
                key, slice_by = found["metric"], found["by"]
            elif name.startswith("worst_slice"):
                self._bad(f"{path}.name", f"{name!r:.100} is not worst_slice(METRIC, by=COLUMN)")
        return Metric(name, goal, None if target is None else float(target), key, slice_by)

    def _constraints(self, space: Space) -> tuple[tuple[Bound, ...], tuple[Expression, ...]]:
        """Those over metrics, and those over parameters alone, which no proposal may break."""
        given = self._given.get("constraints")
        if given is None:
            return (), ()
        if not isinstance(given, Sequence) or isinstance(given, str):
            self._bad("constraints", 'is a list of rules, such as ["latency_p95 < 80"]')
            return (), ()
        bounds: list[Bound] = []
        rules: list[Expression] = []
        for place, item in enumerate(given):
            path = f"constraints[{place}]"
            if not isinstance(item, str):
                self._bad(path, f"is text such as 'latency_p95 < 80', met {type(item).__name__}")
                continue
            expression = _expression_or_none(item)
            if expression is not None and expression.names and expression.names <= space.by_name.keys():
                rules.append(expression)
                continue
            try:
                bounds.append(parse_bound(item))
            except ExpressionError as error:
                self._bad(path, str(error))
        return tuple(bounds), tuple(rules)

    def _early_terminate(self, metrics: Sequence[Metric]) -> EarlyTerminate | None:
        given = self._given.get("early_terminate")
        if given is None:
            return None
        path = "early_terminate"
        if isinstance(given, str):
            given = {"type": given}
        if not isinstance(given, Mapping):
            self._bad(path, f"is a map with a type, met {type(given).__name__}")
            return None
        kind = given.get("type")
        known = {
            "hyperband": ("s", "eta", "max_iter", "min_iter", "strict"),
            "asha": ("eta", "min_iter"),
            "median": ("min_iter", "startup_trials"),
            "wilcoxon": ("p_threshold", "min_iter"),
            "custom": (),
        }
        if kind not in known:
            self._bad(f"{path}.type", f"is {kind!r:.60}. One of {', '.join(known)}.")
            return None
        for key in given:
            if key != "type" and key not in known[kind]:
                self._problems.append(unknown_key(path, str(key), ("type", *known[kind])))
        if kind != "custom" and not metrics:
            self._bad(path, "needs `metric`: the value by which trials are stopped")
        eta = self._number(given, path, "eta", 3.0, least=1.0, strictly=True)
        min_iter = self._number(given, path, "min_iter", None, least=1)
        max_iter = self._number(given, path, "max_iter", None, least=1)
        rungs: tuple[int, ...] = ()
        if kind == "hyperband":
            if min_iter is None and max_iter is None:
                self._bad(path, "hyperband needs min_iter, or max_iter and s")
            elif min_iter is not None and max_iter is not None:
                self._bad(path, "hyperband takes min_iter or max_iter, not both")
            elif max_iter is not None:
                brackets = int(self._number(given, path, "s", 1, least=1) or 1)
                if brackets > 50:
                    self._bad(f"{path}.s", "is more than 50")
                steps = {int(max_iter / eta**power) for power in range(1, min(brackets, 50) + 1)}
                rungs = tuple(sorted(step for step in steps if step >= 1))
                if not rungs:
                    self._bad(f"{path}.max_iter", f"leaves no bracket: {max_iter:g} / {eta:g} is below 1")
        p_threshold = self._number(given, path, "p_threshold", 0.1, least=0.0, strictly=True)
        if p_threshold >= 1:
            self._bad(f"{path}.p_threshold", "must be below 1")
        return EarlyTerminate(
            kind,
            eta=eta,
            min_iter=int(min_iter or 1),
            rungs=rungs,
            strict=bool(given.get("strict", False)),
            startup_trials=int(self._number(given, path, "startup_trials", 5, least=1) or 5),
            p_threshold=p_threshold,
        )

    def _warm_start(self) -> WarmStart | None:
        given = self._given.get("warm_start")
        if given is None:
            return None
        path = "warm_start"
        if not isinstance(given, Mapping):
            self._bad(path, "is a map with runs (ids, or a filter) or sweeps (ids)")
            return None
        for key in given:
            if key not in ("runs", "sweeps", "limit"):
                self._problems.append(unknown_key(path, str(key), ("runs", "sweeps", "limit")))
        runs, sweeps = given.get("runs"), given.get("sweeps") or []
        if not (runs or sweeps):
            self._bad(path, "names neither runs nor sweeps")
        if isinstance(sweeps, str):
            sweeps = [sweeps]
        if not _all_text(sweeps):
            self._bad(f"{path}.sweeps", "is a list of sweep ids")
            sweeps = []
        if isinstance(runs, str):
            runs = [runs]
        ids: tuple[str, ...] = ()
        if isinstance(runs, Mapping):
            ids = ()
        elif runs is not None and not _all_text(runs):
            self._bad(f"{path}.runs", "is a list of run ids, or a filter over runs")
        elif runs is not None:
            ids = tuple(runs)
        limit = self._number(given, path, "limit", 1_000, least=1)
        return WarmStart(ids, dict(runs) if isinstance(runs, Mapping) else None, tuple(sweeps), int(limit))

    def _command(self) -> tuple[str, ...]:
        given = self._given.get("command")
        if given is None:
            return ()
        if isinstance(given, str) or not isinstance(given, Sequence):
            self._bad("command", "is a list of words, such as ['${env}', 'python', '${program}', '${args}']")
            return ()
        for place, word in enumerate(given):
            if isinstance(word, (Mapping, list)) or word is None:
                self._bad(f"command[{place}]", f"is {word!r:.60}, and must be one word")
                continue
            for macro in re.findall(r"\$\{([^}]*)\}", str(word)):
                if macro not in MACROS and not macro.startswith("envvar:"):
                    words = ", ".join(f"${{{name}}}" for name in (*MACROS, "envvar:NAME"))
                    self._problems.append(
                        Problem(
                            f"command[{place}]",
                            f"unknown macro ${{{macro}}}. Known are {words}.",
                            fatal=False,
                        )
                    )
        return tuple(str(word) for word in given)

    def _check_fit(self, config: SweepConfig) -> None:
        """What only shows once all parts are read."""
        if not config.space.parameters and config.sampler != "custom" and not self._problems:
            self._bad("parameters", "is needed: what to search over")
        if config.is_adaptive and not config.metrics:
            self._bad("metric", f"is needed: {config.method} goes by it")
        if len(config.metrics) > 1 and config.sampler in ("gp", "cmaes"):
            self._bad("metrics", f"{config.sampler} takes one objective. Use nsga2 or tpe for several.")
        if config.sampler == "grid":
            for parameter in config.space.parameters:
                if parameter.distribution.cells() is None:
                    self._bad(
                        f"parameters.{parameter.name}",
                        f"a grid needs a finite list of values, and {parameter.distribution.kind} has none. "
                        "Give `values`, whole `min` and `max`, or `q`; or use another method.",
                    )
        elif config.sampler == "cmaes" and config.space.is_conditional:
            self._bad("sampler", "cmaes cannot search conditional parameters. Use tpe.")

    # -- small readers

    def _text(self, key: str) -> str:
        value = self._given.get(key)
        if value is None:
            return ""
        if isinstance(value, (Mapping, list)):
            self._bad(key, f"is text, met {type(value).__name__}")
            return ""
        return str(value)

    def _count(
        self, key: str, otherwise: int | None, *, least: int = 1, most: int = _COUNT_MAX
    ) -> int | None:
        value = self._given.get(key)
        if value is None:
            return otherwise
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self._bad(key, f"is {value!r:.60}, and must be a whole number from {least} to {most:,}")
            return otherwise
        return value

    def _number(
        self,
        given: Mapping[str, Json],
        path: str,
        key: str,
        otherwise: Any,
        *,
        least: float,
        strictly: bool = False,
    ) -> Any:
        value = given.get(key)
        if value is None:
            return otherwise
        if not _is_finite(value) or value < least or (strictly and value == least):
            rule = f"above {least:g}" if strictly else f"{least:g} or more"
            self._bad(f"{path}.{key}", f"is {value!r:.60}, and must be a number, {rule}")
            return otherwise
        return value


_WORST = re.compile(r"^worst_slice\(\s*(?P<metric>[^,]+?)\s*,\s*by\s*=\s*(?P<by>[^)]+?)\s*\)$")


def _expression_or_none(text: str) -> Expression | None:
    try:
        return parse_expression(text)
    except ExpressionError:
        return None


def _type_of(given: Json) -> str:
    if isinstance(given, str):
        return given
    return str(given.get("type", "")) if isinstance(given, Mapping) else ""


def _all_text(values: Json) -> bool:
    return (
        isinstance(values, Sequence)
        and not isinstance(values, str)
        and all(isinstance(item, str) for item in values)
    )


def _is_finite(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
