"""How one parameter's values are spread.

Every distribution answers from one number: `at(u)` is its value at the quantile u in [0, 1). So random
draws, quasi-random points and previews need no code per kind, and values that Optuna has no
distribution for (normal, beta, …) are searched by their quantile, where its prior is the right one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

Json = Any

CELLS_MAX = 1_000_000
_NORMAL = NormalDist()
_EDGE = 1e-12

# kind: (keys it needs, keys it may have). `value` and `values` stand for themselves.
KINDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "constant": (frozenset({"value"}), frozenset()),
    "categorical": (frozenset({"values"}), frozenset()),
    "categorical_w_probabilities": (frozenset({"values", "probabilities"}), frozenset()),
    "int_uniform": (frozenset({"min", "max"}), frozenset()),
    "uniform": (frozenset({"min", "max"}), frozenset()),
    "q_uniform": (frozenset({"min", "max"}), frozenset({"q"})),
    "log_uniform": (frozenset({"min", "max"}), frozenset()),
    "log_uniform_values": (frozenset({"min", "max"}), frozenset()),
    "q_log_uniform": (frozenset({"min", "max"}), frozenset({"q"})),
    "q_log_uniform_values": (frozenset({"min", "max"}), frozenset({"q"})),
    "inv_log_uniform": (frozenset({"min", "max"}), frozenset()),
    "inv_log_uniform_values": (frozenset({"min", "max"}), frozenset()),
    "normal": (frozenset(), frozenset({"mu", "sigma"})),
    "q_normal": (frozenset(), frozenset({"mu", "sigma", "q"})),
    "log_normal": (frozenset(), frozenset({"mu", "sigma"})),
    "q_log_normal": (frozenset(), frozenset({"mu", "sigma", "q"})),
    "beta": (frozenset(), frozenset({"a", "b"})),
    "q_beta": (frozenset(), frozenset({"a", "b", "q"})),
}


@dataclass(frozen=True, slots=True)
class Distribution:
    """One of `KINDS`. low and high are the bounds as written; q is 0 where nothing is rounded."""

    kind: str
    values: tuple[Json, ...] = ()
    weights: tuple[float, ...] = ()  # of values, summing to 1; empty: all alike
    low: float = 0.0
    high: float = 0.0
    mu: float = 0.0
    sigma: float = 1.0
    a: float = 1.0
    b: float = 1.0
    q: float = 0.0

    @property
    def is_constant(self) -> bool:
        return self.kind == "constant"

    @property
    def is_categorical(self) -> bool:
        return self.kind in ("categorical", "categorical_w_probabilities")

    @property
    def is_integer(self) -> bool:
        return self.kind == "int_uniform"

    def at(self, u: float) -> Json:
        """The value at quantile u, 0 ≤ u < 1."""
        if self.is_constant:
            return self.values[0]
        if self.is_categorical:
            return self.values[self._place(u)]
        if self.is_integer:
            low, high = int(self.low), int(self.high)
            return min(high, low + int(u * (high - low + 1)))
        return self._rounded(self._continuous(u))

    def quantile(self, value: Json) -> float:
        """A u whose `at` is that value, or as near as it gets; 0.5 for what cannot be placed."""
        if self.is_constant:
            return 0.5
        if self.is_categorical:
            place = self.index(value)
            return 0.5 if place is None else (self._edge(place) + self._edge(place + 1)) / 2
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return 0.5
        if self.is_integer:
            return _inside((value - self.low + 0.5) / (self.high - self.low + 1))
        return _inside(self._quantile(float(value)))

    def index(self, value: Json) -> int | None:
        """Which of the values it is; true is not 1, and 1 is 1.0."""
        for place, known in enumerate(self.values):
            if isinstance(known, bool) is isinstance(value, bool) and known == value:
                return place
        return None

    def contains(self, value: Json) -> bool:
        """Whether the distribution could have given it."""
        if self.is_constant or self.is_categorical:
            return self.index(value) is not None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return False
        if self.is_integer:
            return self.low <= value <= self.high and float(value).is_integer()
        low, high = self.bounds()
        slack = self.q / 2 + 1e-9 * max(1.0, abs(low), abs(high))
        return low - slack <= value <= high + slack

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value there can be; infinite where there is no bound."""
        if self.kind in ("log_uniform", "q_log_uniform"):
            return _exp(self.low), _exp(self.high)
        if self.kind == "inv_log_uniform":
            return _exp(-self.high), _exp(-self.low)
        if self.kind.endswith("log_normal"):
            return 0.0, math.inf
        if self.kind.endswith("normal"):
            return -math.inf, math.inf
        if self.kind.endswith("beta"):
            return 0.0, 1.0
        return self.low, self.high

    def cells(self) -> Sequence[Json] | None:
        """All values, each once, for a grid; None where there is no end of them."""
        if self.is_constant:
            return self.values
        if self.is_categorical:
            return [value for place, value in enumerate(self.values) if self.index(value) == place]
        if self.is_integer:
            return range(int(self.low), int(self.high) + 1)
        if self.q and self.kind in ("q_uniform", "q_log_uniform", "q_log_uniform_values"):
            low, high = self.bounds()
            first, last = round(low / self.q), round(high / self.q)
            if last - first >= CELLS_MAX:
                return None
            return [_on_grid(step, self.q) for step in range(first, last + 1)]
        return None

    # -- inside

    def _place(self, u: float) -> int:
        if not self.weights:
            return min(len(self.values) - 1, int(u * len(self.values)))
        reached = 0.0
        for place, weight in enumerate(self.weights):
            reached += weight
            if u < reached:
                return place
        return max(place for place, weight in enumerate(self.weights) if weight > 0)

    def _edge(self, place: int) -> float:
        return sum(self.weights[:place]) if self.weights else place / len(self.values)

    def _continuous(self, u: float) -> float:
        kind = self.kind.removeprefix("q_")
        if kind == "uniform":
            return self.low + u * (self.high - self.low)
        if kind == "log_uniform":
            return _exp(self.low + u * (self.high - self.low))
        if kind in ("log_uniform_values", "inv_log_uniform_values"):
            log_low, log_high = math.log(self.low), math.log(self.high)
            # exp(log(x)) may miss x by a hair.
            return min(self.high, max(self.low, _exp(log_low + u * (log_high - log_low))))
        if kind == "inv_log_uniform":
            return _exp(-(self.low + u * (self.high - self.low)))
        if kind == "normal":
            return self.mu + self.sigma * _NORMAL.inv_cdf(_inside(u))
        if kind == "log_normal":
            return _exp(self.mu + self.sigma * _NORMAL.inv_cdf(_inside(u)))
        from scipy.special import betaincinv  # of the few kinds that need it

        return float(betaincinv(self.a, self.b, _inside(u)))

    def _quantile(self, value: float) -> float:
        kind = self.kind.removeprefix("q_")
        width = self.high - self.low
        if kind == "uniform":
            return (value - self.low) / width if width else 0.5
        if kind == "beta":
            from scipy.special import betainc

            return float(betainc(self.a, self.b, min(1.0, max(0.0, value))))
        if kind == "normal":
            return _NORMAL.cdf((value - self.mu) / self.sigma)
        log = math.log(max(value, 5e-324))
        if kind == "log_normal":
            return _NORMAL.cdf((log - self.mu) / self.sigma)
        if kind == "log_uniform":
            return (log - self.low) / width if width else 0.5
        if kind == "inv_log_uniform":
            return (-log - self.low) / width if width else 0.5
        log_low, log_high = math.log(self.low), math.log(self.high)
        return (log - log_low) / (log_high - log_low) if log_high > log_low else 0.5

    def _rounded(self, value: float) -> float | int:
        if not self.q or not math.isfinite(value):
            return value
        return _on_grid(round(value / self.q), self.q)


def _on_grid(step: int, q: float) -> float | int:
    """step × q, without the noise of binary fractions (3 × 0.1 is 0.3); whole numbers for a whole q."""
    if float(q).is_integer():
        return step * int(q)
    digits = max(0, 12 - math.floor(math.log10(abs(q))) - 1)
    return round(step * q, min(digits, 15))


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _inside(u: float) -> float:
    return min(1.0 - _EDGE, max(_EDGE, u))
