"""How far each method comes in 50 trials, beside Optuna alone with the same sampler and budget.

python -m bench.sweeps.convergence [--seeds 40] [--first-seed 0] [--others]

`bayes` is Optuna's TPE as Optuna alone is asked for it here, but for two things: its first ten points
fill the space evenly, and a fifth of the results counts as good, not a tenth.

That fifth was chosen on the three functions below; --others takes four that had no part in the choice.

The least there is: Branin 0.398, Hartmann-6 -3.322, the noisy quadratic about -0.1 (the noise's own). Of the
others 0, Styblinski-Tang -117.5.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import statistics
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import optuna

from runstone.search.config_reading import parse
from runstone.search.records import Record
from runstone.search.search import Search

TRIALS = 50
Params = Mapping[str, float]


def branin(p: Params) -> float:
    x, y = p["x0"], p["x1"]
    curve = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return curve**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


_ALPHA = (1.0, 1.2, 3.0, 3.2)
_A = (
    (10, 3, 17, 3.5, 1.7, 8),
    (0.05, 10, 17, 0.1, 8, 14),
    (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
)
_P = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)


def hartmann6(p: Params) -> float:
    return -sum(
        alpha
        * math.exp(-sum(a * (p[f"x{i}"] - q) ** 2 for i, (a, q) in enumerate(zip(row, point, strict=True))))
        for alpha, row, point in zip(_ALPHA, _A, _P, strict=True)
    )


def noisy_quadratic(p: Params) -> float:
    """The noise belongs to the point, so that every method meets the same function."""
    die = random.Random(repr(sorted(p.items())))
    return (p["x0"] - 0.3) ** 2 + (p["x1"] + 0.2) ** 2 + die.gauss(0, 0.05)


FUNCTIONS: dict[str, tuple[Callable[[Params], float], list[tuple[float, float]]]] = {
    "branin": (branin, [(-5.0, 10.0), (0.0, 15.0)]),
    "hartmann6": (hartmann6, [(0.0, 1.0)] * 6),
    "noisy quadratic": (noisy_quadratic, [(-1.0, 1.0)] * 2),
}


def rosenbrock(p: Params) -> float:
    x = list(p.values())
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))


def ackley(p: Params) -> float:
    x = list(p.values())
    near = math.exp(-0.2 * math.sqrt(sum(a * a for a in x) / len(x)))
    return 20 + math.e - 20 * near - math.exp(sum(math.cos(2 * math.pi * a) for a in x) / len(x))


def levy(p: Params) -> float:
    w = [1 + (a - 1) / 4 for a in p.values()]
    inner = sum((a - 1) ** 2 * (1 + 10 * math.sin(math.pi * a + 1) ** 2) for a in w[:-1])
    return math.sin(math.pi * w[0]) ** 2 + inner + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)


def styblinski_tang(p: Params) -> float:
    return sum(a**4 - 16 * a * a + 5 * a for a in p.values()) / 2


OTHERS: dict[str, tuple[Callable[[Params], float], list[tuple[float, float]]]] = {
    "rosenbrock 4": (rosenbrock, [(-2.0, 2.0)] * 4),
    "ackley 5": (ackley, [(-4.0, 6.0)] * 5),
    "levy 4": (levy, [(-10.0, 10.0)] * 4),
    "styblinski-tang 3": (styblinski_tang, [(-5.0, 5.0)] * 3),
}


def ours(name: str, seed: int, method: str) -> float:
    function, bounds = (FUNCTIONS | OTHERS)[name]
    parameters = {f"x{i}": {"min": low, "max": high} for i, (low, high) in enumerate(bounds)}
    config = parse({"method": method, "metric": {"name": "y"}, "parameters": parameters})
    search = Search(config, seed=seed)
    records: list[Record] = []
    for number in range(TRIALS):
        params = search.propose(records, [number])[0].params
        records.append(Record(number, params, "finished", (function(params),)))
    return min(float(record.values[0] or 0.0) for record in records)


def optuna_alone(name: str, seed: int) -> float:
    function, bounds = (FUNCTIONS | OTHERS)[name]

    def objective(trial: optuna.Trial) -> float:
        return function({f"x{i}": trial.suggest_float(f"x{i}", *bound) for i, bound in enumerate(bounds)})

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=TRIALS)
    return float(study.best_value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--others", action="store_true", help="functions that nothing was chosen by")
    args = parser.parse_args()
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(f"best of {TRIALS} trials over {len(seeds)} seeds: median (mean ± standard error)")
    warnings.simplefilter("ignore")
    for name in OTHERS if args.others else FUNCTIONS:
        with ProcessPoolExecutor() as pool:
            found = {
                "bayes": list(pool.map(partial(ours, name, method="bayes"), seeds, chunksize=5)),
                "optuna": list(pool.map(partial(optuna_alone, name), seeds, chunksize=5)),
                "random": list(pool.map(partial(ours, name, method="random"), seeds, chunksize=5)),
            }
        told = "   ".join(
            f"{method} {statistics.median(values):.4f} "
            f"({statistics.mean(values):.4f} ± {statistics.stdev(values) / math.sqrt(len(values)):.4f})"
            for method, values in found.items()
        )
        print(f"{name:17} {told}", flush=True)


if __name__ == "__main__":
    main()
