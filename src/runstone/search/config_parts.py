"""Objectives, constraints, early ending, warm start and command of a sweep's configuration, as read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from runstone.search.config import EarlyTerminate, Json, Metric, WarmStart
from runstone.search.config_fields import Fields, all_text, is_finite
from runstone.search.expressions import Bound, Expression, ExpressionError, parse_bound, parse_expression
from runstone.search.problems import Problem, unknown_key
from runstone.search.space import Space

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

_WORST = re.compile(r"^worst_slice\(\s*(?P<metric>[^,]+?)\s*,\s*by\s*=\s*(?P<by>[^)]+?)\s*\)$")


class Parts(Fields):
    """Readers of whole parts of the configuration. What cannot be read is left out."""

    def metrics(self) -> tuple[Metric, ...]:
        one, many = self.given.get("metric"), self.given.get("metrics")
        if one is not None and many is not None:
            self.bad("metrics", "give `metric` for one objective or `metrics` for several, not both")
        if many is not None:
            if not isinstance(many, Sequence) or isinstance(many, str) or not many:
                self.bad("metrics", "is a list of {name, goal}")
                return ()
            if len(many) > OBJECTIVES_MAX:
                self.bad("metrics", f"has {len(many)} objectives; the most is {OBJECTIVES_MAX}")
            found = [self._metric(item, f"metrics[{place}]") for place, item in enumerate(many)]
        else:
            found = [] if one is None else [self._metric(one, "metric")]
        return tuple(metric for metric in found if metric is not None)

    def _metric(self, given: Json, path: str) -> Metric | None:
        if isinstance(given, str):
            given = {"name": given}
        if not isinstance(given, Mapping):
            self.bad(path, f"is a map with name and goal, met {type(given).__name__}")
            return None
        for key in given:
            if key not in ("name", "goal", "target", "impute", "impute_while_running"):
                self.problems.append(unknown_key(path, str(key), ("name", "goal", "target")))
        name = given.get("name")
        if not isinstance(name, str) or not name:
            self.bad(f"{path}.name", "is needed: the key that runs log")
            return None
        goal = given.get("goal", "minimize")
        if goal not in ("minimize", "maximize"):
            self.bad(f"{path}.goal", f"is {goal!r:.60}. One of minimize, maximize.")
            goal = "minimize"
        target = given.get("target")
        if target is not None and not is_finite(target):
            self.bad(f"{path}.target", f"is {target!r:.60}, and must be a number")
            target = None
        key, slice_by = name, ""
        if "(" in name:
            found = _WORST.match(name)
            if found is not None:
                key, slice_by = found["metric"], found["by"]
            elif name.startswith("worst_slice"):
                self.bad(f"{path}.name", f"{name!r:.100} is not worst_slice(METRIC, by=COLUMN)")
        return Metric(name, goal, None if target is None else float(target), key, slice_by)

    def constraints(self, space: Space) -> tuple[tuple[Bound, ...], tuple[Expression, ...]]:
        """Those over metrics, and those over parameters alone, which no proposal may break."""
        given = self.given.get("constraints")
        if given is None:
            return (), ()
        if not isinstance(given, Sequence) or isinstance(given, str):
            self.bad("constraints", 'is a list of rules, such as ["latency_p95 < 80"]')
            return (), ()
        bounds: list[Bound] = []
        rules: list[Expression] = []
        for place, item in enumerate(given):
            path = f"constraints[{place}]"
            if not isinstance(item, str):
                self.bad(path, f"is text such as 'latency_p95 < 80', met {type(item).__name__}")
                continue
            expression = _expression_or_none(item)
            if expression is not None and expression.names and expression.names <= space.by_name.keys():
                rules.append(expression)
                continue
            try:
                bounds.append(parse_bound(item))
            except ExpressionError as error:
                self.bad(path, str(error))
        return tuple(bounds), tuple(rules)

    def early_terminate(self, metrics: Sequence[Metric]) -> EarlyTerminate | None:
        given = self.given.get("early_terminate")
        if given is None:
            return None
        path = "early_terminate"
        if isinstance(given, str):
            given = {"type": given}
        if not isinstance(given, Mapping):
            self.bad(path, f"is a map with a type, met {type(given).__name__}")
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
            self.bad(f"{path}.type", f"is {kind!r:.60}. One of {', '.join(known)}.")
            return None
        for key in given:
            if key != "type" and key not in known[kind]:
                self.problems.append(unknown_key(path, str(key), ("type", *known[kind])))
        if kind != "custom" and not metrics:
            self.bad(path, "needs `metric`: the value by which trials are stopped")
        eta = self.number(given, path, "eta", 3.0, least=1.0, strictly=True)
        min_iter = self.number(given, path, "min_iter", None, least=1)
        max_iter = self.number(given, path, "max_iter", None, least=1)
        rungs: tuple[int, ...] = ()
        if kind == "hyperband":
            if min_iter is None and max_iter is None:
                self.bad(path, "hyperband needs min_iter, or max_iter and s")
            elif min_iter is not None and max_iter is not None:
                self.bad(path, "hyperband takes min_iter or max_iter, not both")
            elif max_iter is not None:
                brackets = int(self.number(given, path, "s", 1, least=1) or 1)
                if brackets > 50:
                    self.bad(f"{path}.s", "is more than 50")
                steps = {int(max_iter / eta**power) for power in range(1, min(brackets, 50) + 1)}
                rungs = tuple(sorted(step for step in steps if step >= 1))
                if not rungs:
                    self.bad(f"{path}.max_iter", f"leaves no bracket: {max_iter:g} / {eta:g} is below 1")
        p_threshold = self.number(given, path, "p_threshold", 0.1, least=0.0, strictly=True)
        if p_threshold >= 1:
            self.bad(f"{path}.p_threshold", "must be below 1")
        return EarlyTerminate(
            kind,
            eta=eta,
            min_iter=int(min_iter or 1),
            rungs=rungs,
            strict=bool(given.get("strict", False)),
            startup_trials=int(self.number(given, path, "startup_trials", 5, least=1) or 5),
            p_threshold=p_threshold,
        )

    def warm_start(self) -> WarmStart | None:
        given = self.given.get("warm_start")
        if given is None:
            return None
        path = "warm_start"
        if not isinstance(given, Mapping):
            self.bad(path, "is a map with runs (ids, or a filter) or sweeps (ids)")
            return None
        for key in given:
            if key not in ("runs", "sweeps", "limit"):
                self.problems.append(unknown_key(path, str(key), ("runs", "sweeps", "limit")))
        runs, sweeps = given.get("runs"), given.get("sweeps") or []
        if not (runs or sweeps):
            self.bad(path, "names neither runs nor sweeps")
        if isinstance(sweeps, str):
            sweeps = [sweeps]
        if not all_text(sweeps):
            self.bad(f"{path}.sweeps", "is a list of sweep ids")
            sweeps = []
        if isinstance(runs, str):
            runs = [runs]
        ids: tuple[str, ...] = ()
        if isinstance(runs, Mapping):
            ids = ()
        elif runs is not None and not all_text(runs):
            self.bad(f"{path}.runs", "is a list of run ids, or a filter over runs")
        elif runs is not None:
            ids = tuple(runs)
        limit = self.number(given, path, "limit", 1_000, least=1)
        return WarmStart(ids, dict(runs) if isinstance(runs, Mapping) else None, tuple(sweeps), int(limit))

    def command(self) -> tuple[str, ...]:
        given = self.given.get("command")
        if given is None:
            return ()
        if isinstance(given, str) or not isinstance(given, Sequence):
            self.bad("command", "is a list of words, such as ['${env}', 'python', '${program}', '${args}']")
            return ()
        for place, word in enumerate(given):
            if isinstance(word, (Mapping, list)) or word is None:
                self.bad(f"command[{place}]", f"is {word!r:.60}, and must be one word")
                continue
            for macro in re.findall(r"\$\{([^}]*)\}", str(word)):
                if macro not in MACROS and not macro.startswith("envvar:"):
                    words = ", ".join(f"${{{name}}}" for name in (*MACROS, "envvar:NAME"))
                    self.problems.append(
                        Problem(
                            f"command[{place}]",
                            f"unknown macro ${{{macro}}}. Known are {words}.",
                            fatal=False,
                        )
                    )
        return tuple(str(word) for word in given)


def _expression_or_none(text: str) -> Expression | None:
    try:
        return parse_expression(text)
    except ExpressionError:
        return None
