"""Reading a sweep's configuration: every part, and whether the parts fit each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runstone.search.config import ADAPTIVE, SAMPLERS, Json, Sampler, SweepConfig
from runstone.search.config_parts import Parts
from runstone.search.problems import ConfigError, Problem, unknown_key
from runstone.search.space import Parameter, Space, ordered
from runstone.search.space_config import parse_parameters, parse_prompts

METHODS = ("grid", "random", "bayes", "custom", "sobol", "tpe", "gp", "cmaes", "nsga2")
REPEATS_MAX = 100

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


def parse(given: Mapping[str, Json], *, strict: bool = True) -> SweepConfig:
    """The configuration, checked whole. Raises ConfigError with every problem found.

    strict: unknown keys are refused; else they are kept, with a warning (the published client's habit).
    """
    return _Reader(given, strict).read()


class _Reader(Parts):
    def __init__(self, given: Mapping[str, Json], strict: bool) -> None:
        if not isinstance(given, Mapping):
            raise ConfigError([Problem("", f"a sweep is a map of keys, met {type(given).__name__}")])
        super().__init__(given)
        self._strict = strict

    def read(self) -> SweepConfig:
        given = self.given
        for key in given:
            if key not in KEYS:
                self.problems.append(unknown_key("", str(key), KEYS))
        method, sampler = self._method()
        parameters, normalised = parse_parameters(given.get("parameters"), self.problems)
        prompts, texts = parse_prompts(given.get("prompts"), self.problems)
        space = self._space([*parameters, *prompts], texts)
        metrics = self.metrics()
        constraints, rules = self.constraints(space)
        space = Space(space.parameters, rules, space.texts)
        early = self.early_terminate(metrics)
        config = SweepConfig(
            raw={**given, **({"parameters": normalised} if normalised else {})},
            method=method,
            sampler=sampler,
            space=space,
            metrics=metrics,
            constraints=constraints,
            early_terminate=early,
            repeats=self.count("repeats", 1, most=REPEATS_MAX) or 1,
            run_cap=self.count("run_cap", None),
            max_parallel=self.count("max_parallel", None),
            retries=self.count("retries", 0, least=0, most=100) or 0,
            warm_start=self.warm_start(),
            seed=self.count("seed", None, least=0, most=2**32 - 1),
            name=self.text("name"),
            description=self.text("description"),
            program=self.text("program"),
            command=self.command(),
            is_local=_type_of(given.get("controller")) == "local",
        )
        self._check_fit(config)
        return self._done(config)

    def _done(self, config: SweepConfig) -> SweepConfig:
        refused = [p for p in self.problems if p.fatal or self._strict]
        if refused:
            raise ConfigError(refused)
        values = {name: getattr(config, name) for name in SweepConfig.__dataclass_fields__}
        return SweepConfig(**{**values, "warnings": tuple(self.problems)})

    def _method(self) -> tuple[str, Sampler]:
        method, sampler = self.given.get("method"), self.given.get("sampler")
        if method is None and isinstance(sampler, str):
            method = sampler
        if method is None:
            self.bad("method", f"is needed. One of {', '.join(METHODS)}.")
            return "random", "random"
        if method not in METHODS:
            self.bad("method", f"is {method!r:.60}. One of {', '.join(METHODS)}.")
            return "random", "random"
        if sampler is None:
            return str(method), "tpe" if method == "bayes" else method
        if sampler not in SAMPLERS:
            self.bad("sampler", f"is {sampler!r:.60}. One of {', '.join(SAMPLERS)}.")
            return str(method), "random"
        if method not in ("bayes", sampler) or (method == "bayes" and sampler not in ADAPTIVE):
            self.bad("sampler", f"{sampler} does not fit method {method}. Leave one of the two out.")
        return str(method), sampler

    def _space(
        self, parameters: Sequence[Parameter], texts: Mapping[str, tuple[tuple[str, ...], Mapping[str, Json]]]
    ) -> Space:
        seen: set[str] = set()
        for parameter in parameters:
            if parameter.name in seen:
                self.bad(f"parameters.{parameter.name}", "there are two parameters of that name")
            seen.add(parameter.name)
        for parameter in parameters:
            for name in sorted(parameter.when.names - seen) if parameter.when else ():
                if name not in ("true", "false", "null", "none"):
                    self.bad(f"parameters.{parameter.name}.when", f"no parameter is called {name!r}")
        inside, circle = ordered(parameters)
        if circle:
            self.bad("parameters", f"conditions of {', '.join(circle)} wait for each other in a circle")
        return Space(inside, (), texts)

    def _check_fit(self, config: SweepConfig) -> None:
        """What only shows once all parts are read."""
        if not config.space.parameters and config.sampler != "custom" and not self.problems:
            self.bad("parameters", "is needed: what to search over")
        if config.is_adaptive and not config.metrics:
            self.bad("metric", f"is needed: {config.method} goes by it")
        if len(config.metrics) > 1 and config.sampler in ("gp", "cmaes"):
            self.bad("metrics", f"{config.sampler} takes one objective. Use nsga2 or tpe for several.")
        if config.sampler == "grid":
            for parameter in config.space.parameters:
                if parameter.distribution.cells() is None:
                    self.bad(
                        f"parameters.{parameter.name}",
                        f"a grid needs a finite list of values, and {parameter.distribution.kind} has none. "
                        "Give `values`, whole `min` and `max`, or `q`; or use another method.",
                    )
        elif config.sampler == "cmaes" and config.space.is_conditional:
            self.bad("sampler", "cmaes cannot search conditional parameters. Use tpe.")


def _type_of(given: Json) -> str:
    if isinstance(given, str):
        return given
    return str(given.get("type", "")) if isinstance(given, Mapping) else ""
