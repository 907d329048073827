"""Optuna over our records: a study in memory that follows them, and a sampler seeded per trial.

Parameters are shown to Optuna in the form it models best: bounded numbers as they are (logarithmic where
they were declared so), lists by place, everything else (normal, beta, …) by its quantile.
"""

from __future__ import annotations

import json
import logging
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

from runstone.search.config import SweepConfig
from runstone.search.distributions import Distribution, Json
from runstone.search.records import Proposal, Record
from runstone.search.space import Parameter

optuna.logging.set_verbosity(optuna.logging.WARNING)
log = logging.getLogger(__name__)

_CONSTRAINT = "constraints"
_INFINITE = 1e300  # for a value that overflowed: bad beyond all others, and still a number
POPULATION = 50


class MissingExtra(ImportError):
    """A sampler needs a package that is not installed."""


@dataclass(slots=True)
class _Known:
    trial_id: int  # in the study
    state: str
    params: Mapping[str, Json]
    sign: tuple[Any, ...]  # of what was learned


class Model:
    """A study that is kept in step with records. One thread at a time."""

    def __init__(self, config: SweepConfig) -> None:
        self.config = config
        self._shown = {p.name: _shown(p.distribution) for p in config.space.free}
        self._reset()

    def _reset(self) -> None:
        directions = [metric.goal for metric in self.config.metrics]
        self._study = optuna.create_study(
            directions=directions,
            storage=optuna.storages.InMemoryStorage(),
            sampler=optuna.samplers.RandomSampler(0),
        )
        self._known: dict[int, _Known] = {}

    def learn(self, records: Sequence[Record]) -> None:
        """Take in what changed. What was told before and is otherwise now makes the study anew."""
        present = {record.number for record in records}
        if any(number not in present for number in self._known) or not all(map(self._follow, records)):
            self._reset()
            for record in records:
                self._follow(record)

    def _follow(self, record: Record) -> bool:
        """False where the study cannot be brought to it."""
        state = _state(record)
        sign = (state, record.values, record.excess)
        known = self._known.get(record.number)
        if known is not None:
            if known.sign == sign and known.params == record.params:
                return True
            if known.params != record.params or known.state != "RUNNING":
                return False
            if state is TrialState.RUNNING:
                return True
        if known is None:
            trial = self._frozen(record, state)
            if trial is None:
                return True  # holds what this space has not: an earlier sweep's, of another shape
            self._study.add_trial(trial)
            place = self._study._storage.get_n_trials(self._study._study_id) - 1
            trial_id = self._study._storage.get_trial_id_from_study_id_trial_number(
                self._study._study_id, place
            )
        else:
            trial_id = known.trial_id
            self._end(trial_id, record, state)
        self._known[record.number] = _Known(trial_id, state.name, record.params, sign)
        return True

    def _end(self, trial_id: int, record: Record, state: TrialState) -> None:
        storage = self._study._storage
        for key, value in self._attributes(record).items():
            storage.set_trial_system_attr(trial_id, key, value)
        for x, value in record.curve if state is TrialState.PRUNED else ():
            storage.set_trial_intermediate_value(trial_id, x, value)
        storage.set_trial_state_values(
            trial_id, state, _values(record) if state is TrialState.COMPLETE else None
        )

    def _frozen(self, record: Record, state: TrialState) -> FrozenTrial | None:
        params: dict[str, Any] = {}
        shown: dict[str, BaseDistribution] = {}
        for name, value in record.params.items():
            parameter = self.config.space.by_name.get(name)
            if parameter is None:
                return None
            if name not in self._shown:
                continue
            place = _inward(parameter.distribution, value)
            if place is None or not self._shown[name]._contains(self._shown[name].to_internal_repr(place)):
                return None
            params[name], shown[name] = place, self._shown[name]
        return create_trial(
            state=state,
            values=_values(record) if state is TrialState.COMPLETE else None,
            params=params,
            distributions=shown,
            system_attrs=self._attributes(record),
            intermediate_values=dict(record.curve) if state is TrialState.PRUNED else None,
        )

    def _attributes(self, record: Record) -> dict[str, Any]:
        attributes = dict(record.memo)
        if self.config.constraints and record.excess:
            attributes[_CONSTRAINT] = [min(over, _INFINITE) for over in record.excess]
        return attributes

    # -- proposing

    def propose(self, number: int, seed: int) -> Proposal:
        """A combination, made as the trial of that number; it counts as running until records say more."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._study.sampler = self._sampler(seed)
            trial = self._study.ask()

            def choose(parameter: Parameter) -> Json:
                distribution = self._shown.get(parameter.name)
                if distribution is None:
                    return parameter.distribution.values[0]
                return _outward(parameter.distribution, trial._suggest(parameter.name, distribution))

            params = self.config.space.walk(choose)
        frozen = self._study._storage.get_trial(trial._trial_id)
        memo = {key: value for key, value in frozen.system_attrs.items() if _is_kept(key)}
        # As records will show it: what comes back through JSON is compared with what was proposed.
        params = json.loads(json.dumps(params))
        self._known[number] = _Known(trial._trial_id, "RUNNING", params, (TrialState.RUNNING, (), ()))
        reason, parents = self._why(memo)
        return Proposal(params, self.config.sampler, reason, parents, memo)

    def withdraw(self, number: int) -> None:
        """What was proposed for that number will not be tried."""
        known = self._known.pop(number)
        self._study._storage.set_trial_state_values(known.trial_id, TrialState.FAIL)

    def _sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        constrained = (lambda _trial: ()) if self.config.constraints else None
        match self.config.sampler:
            case "tpe":
                return optuna.samplers.TPESampler(
                    seed=seed,
                    n_startup_trials=1,
                    gamma=_good_ones,
                    multivariate=True,
                    group=self.config.space.is_conditional,
                    constant_liar=True,
                    constraints_func=constrained,
                )
            case "nsga2":
                return optuna.samplers.NSGAIISampler(
                    seed=seed, population_size=POPULATION, constraints_func=constrained
                )
            case "cmaes":
                return optuna.samplers.CmaEsSampler(
                    seed=seed, n_startup_trials=1, warn_independent_sampling=False
                )
            case "gp":
                try:
                    import torch  # noqa: F401  (asked before the sampler does, to say what to install)
                except ImportError:
                    raise MissingExtra(
                        "The sampler gp needs PyTorch on the server: pip install 'runstone[gp]'. "
                        "tpe needs nothing more."
                    ) from None
                return optuna.samplers.GPSampler(
                    seed=seed, n_startup_trials=1, deterministic_objective=False, constraints_func=constrained
                )
        raise ValueError(f"{self.config.sampler} goes without a model.")

    def _why(self, memo: Mapping[str, Json]) -> tuple[str, tuple[int, ...]]:
        scored = self._best(5)
        many = sum(known.state == "COMPLETE" for known in self._known.values())
        match self.config.sampler:
            case "tpe":
                return f"most like the best of {many} results and least like the rest", scored
            case "gp":
                return f"expected to improve most on {many} results", scored[:1]
            case "cmaes":
                return f"drawn around the mean that {many} results moved to", scored
            case _:
                generation = memo.get("NSGAIISampler:generation", 0)
                return f"generation {generation}: crossed from the best so far", scored

    def _best(self, count: int) -> tuple[int, ...]:
        """Numbers of the best trials told so far, by the first objective."""
        sign = self.config.metrics[0].sign
        found = [
            (not all(over <= 0 for over in known.sign[2]), sign * known.sign[1][0], number)
            for number, known in self._known.items()
            if known.state == "COMPLETE"
        ]
        return tuple(number for _, _, number in sorted(found)[:count])


def _good_ones(count: int) -> int:
    """Of so many results, those whose kind TPE looks for: a fifth, at most 25. Optuna's own tenth is one to
    five of the first fifty, too few to say what they have in common (`bench.sweeps.convergence`)."""
    return min(math.ceil(0.2 * count), 25)


def _is_kept(key: str) -> bool:
    """What a sampler must find again with the trial; the rest is between two calls of its own."""
    return not key.startswith(("tpe:", "constraints", "qmc:"))


def _state(record: Record) -> TrialState:
    if record.is_scored:
        return TrialState.COMPLETE
    if record.state in ("queued", "running"):
        return TrialState.RUNNING
    return TrialState.PRUNED if record.state == "pruned" and record.curve else TrialState.FAIL


def _values(record: Record) -> list[float]:
    return [max(-_INFINITE, min(_INFINITE, float(value))) for value in record.values if value is not None]


def _shown(distribution: Distribution) -> BaseDistribution:
    if distribution.is_categorical:
        return CategoricalDistribution(tuple(range(len(distribution.values))))
    if distribution.is_integer:
        return IntDistribution(int(distribution.low), int(distribution.high))
    kind = distribution.kind
    low, high = distribution.bounds()
    if kind == "uniform":
        return FloatDistribution(low, high)
    if kind in ("log_uniform", "log_uniform_values", "inv_log_uniform", "inv_log_uniform_values") and low > 0:
        return FloatDistribution(low, high, log=True)
    if kind == "q_uniform":
        steps = _steps(distribution)
        return IntDistribution(steps[0], max(steps))
    return FloatDistribution(0.0, 1.0)


def _steps(distribution: Distribution) -> tuple[int, int]:
    return round(distribution.low / distribution.q), round(distribution.high / distribution.q)


def _outward(distribution: Distribution, shown: Any) -> Json:
    """What Optuna chose, as the parameter's own value."""
    if distribution.is_categorical:
        return distribution.values[int(shown)]
    if distribution.is_integer:
        return int(shown)
    if distribution.kind == "q_uniform":
        return distribution._rounded(shown * distribution.q)
    return distribution.at(float(shown)) if _by_quantile(distribution) else float(shown)


def _inward(distribution: Distribution, value: Json) -> Any:
    """The other way; None for what cannot be placed."""
    if not distribution.contains(value):
        return None
    if distribution.is_categorical:
        return distribution.index(value)
    if distribution.is_integer:
        return int(value)
    if distribution.kind == "q_uniform":
        return round(value / distribution.q)
    if _by_quantile(distribution):
        return distribution.quantile(value)
    low, high = distribution.bounds()
    return min(high, max(low, float(value)))


def _by_quantile(distribution: Distribution) -> bool:
    shown = _shown(distribution)
    return isinstance(shown, FloatDistribution) and distribution.kind.removeprefix("inv_") not in (
        "uniform",
        "log_uniform",
        "log_uniform_values",
    )
