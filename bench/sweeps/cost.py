"""What a proposal costs as finished trials grow, by sampler: processor milliseconds through the domain.

python -m bench.sweeps.cost [--samplers tpe gp] [--sizes 10 100 1000 10000]

Four figures. next: the proposal after one more result, which is what a sweep pays that goes on. ask: the same
with handing out, over the record store, a request of ten trials shared among them. anew: the first after the
server was started, everything read and learned again. Seven parameters, one of them conditional (cmaes and
gp: five, numbers only). Trials of cmaes and nsga2 carry what their sampler writes down with each.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.sweeping import SweepWorld
from tests.support.world import open_world, populate

from runstone.search.config_reading import parse
from runstone.search.records import Record
from runstone.search.search import Search
from runstone.server.domain.identity import SweepKey
from runstone.server.domain.sweep_model import Outcome
from runstone.server.stores.records import trials as statements
from runstone.server.stores.records.engine import open_records

NUMBERS: dict[str, Any] = {
    **{f"x{n}": {"min": 0.0, "max": 1.0} for n in range(4)},
    "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1},
}
MIXED: dict[str, Any] = {
    **NUMBERS,
    "optimizer": {"values": ["sgd", "adam", "lion"]},
    "momentum": {"min": 0.0, "max": 1.0, "when": "optimizer == 'sgd'"},
}
GRID: dict[str, Any] = {f"x{n}": {"values": list(range(12))} for n in range(4)}  # 20,736 cells
SAMPLERS = ("random", "grid", "sobol", "tpe", "gp", "cmaes", "nsga2")


def config_of(sampler: str) -> dict[str, Any]:
    parameters = {"grid": GRID, "gp": NUMBERS, "cmaes": NUMBERS}.get(sampler, MIXED)
    return {"method": sampler, "metric": {"name": "y"}, "parameters": parameters, "seed": 1}


def value_of(params: dict[str, Any]) -> float:
    return float(sum((float(value) - 0.3) ** 2 for name, value in params.items() if name.startswith("x")))


def past(sampler: str, count: int) -> list[dict[str, Any]]:
    """Finished trials as the sampler itself would have left them, drawn in blocks; the model's own from
    cmaes and nsga2, whose later proposals rest on what they wrote down."""
    own = sampler if sampler in ("cmaes", "nsga2", "grid") else "random"
    search = Search(parse({**config_of(sampler), "method": own}), seed=1)
    block = 50 if sampler in ("cmaes", "nsga2") else count
    records: list[Record] = []
    while len(records) < count:
        numbers = range(len(records), min(count, len(records) + block))
        for number, proposal in zip(numbers, search.propose(records, numbers), strict=True):
            value = value_of(proposal.params)
            records.append(Record(number, proposal.params, "finished", (value,), memo=proposal.memo))
    return [
        {
            "number": record.number,
            "params": record.params,
            "memo": dict(record.memo),
            "sampler": sampler,
            "state": "finished",
            "attempt": 1,
            "objective": list(record.values),
            "settled": True,
            "finished_at": 0.0,
        }
        for record in records
    ]


def timed(work: Any, times: int = 1) -> float:
    """The least of several, in milliseconds of this process's processor time."""
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found) * 1000


def measure(world: SweepWorld, sampler: str, finished: Sequence[dict[str, Any]]) -> tuple[float, ...]:
    sweep: SweepKey = world.make(**config_of(sampler))
    for start in range(0, len(finished), 1_000):
        part = finished[start : start + 1_000]
        world.world.records.write(lambda conn, part=part: statements.add_trials(conn, sweep, part, now=0.0))  # type: ignore[misc]
    world.restart()
    actor, trials = world.actor, world.trials

    def turn(count: int = 1) -> None:
        for trial in trials.claim(actor, sweep, count=count).trials:
            outcome = Outcome("finished", [value_of(dict(trial.params))])
            trials.complete(actor, sweep, trial.number, trial.attempt, outcome)

    anew = timed(lambda: trials.claim(actor, sweep))
    turn()
    own = world.sweeps.get_by_key(actor, sweep)
    kept = world.searches.of(own)

    def propose() -> None:
        turn_free = world.searches.read(own)
        first = max(record.number for record in turn_free) + 1
        kept.search.propose(turn_free, [first])

    propose()
    after = []
    for _ in range(3):
        turn()
        after.append(timed(propose))
    ask = []
    for _ in range(3):
        turn(10)
        ask.append(timed(lambda: trials.claim(actor, sweep, count=10)) / 10)
    return min(after), min(ask), anew


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samplers", nargs="+", default=SAMPLERS, choices=SAMPLERS)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1_000, 3_000, 10_000])
    given = parser.parse_args()
    print(f"{'sampler':8} {'finished':>9} {'next, ms':>9} {'ask, ms':>9} {'anew, ms':>9}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = folder / "template.db"
        records = open_records(f"sqlite:///{template}")
        populate(records)
        records.close()
        for sampler in given.samplers:
            for size in given.sizes:
                place = folder / f"{sampler}-{size}"
                place.mkdir()
                shutil.copy(template, place / "records.db")
                records = open_records(f"sqlite:///{place}/records.db")
                world = SweepWorld(open_world(records), place)
                after, ask, anew = measure(world, sampler, past(sampler, size))
                print(f"{sampler:8} {size:9,} {after:9.1f} {ask:9.1f} {anew:9.1f}", flush=True)
                world.close()
                records.close()


if __name__ == "__main__":
    main()
