"""What one proposal costs as finished trials grow: processor milliseconds, a study at hand and anew.

python -m bench.sweeps.cost [--sizes 10 100 1000 10000]
"""

from __future__ import annotations

import argparse
import time

from runstone.search.config import parse
from runstone.search.records import Record
from runstone.search.search import Search

CONFIG = {
    "method": "tpe",
    "metric": {"name": "y"},
    "parameters": {
        **{f"x{n}": {"min": 0.0, "max": 1.0} for n in range(4)},
        "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1},
        "optimizer": {"values": ["sgd", "adam", "lion"]},
        "momentum": {"min": 0.0, "max": 1.0, "when": "optimizer == 'sgd'"},
    },
}


def records_of(count: int) -> list[Record]:
    drawn = Search(parse({**CONFIG, "method": "random"}), seed=1).propose((), range(count))
    return [Record(n, p.params, "finished", (float(p.params["x0"]),)) for n, p in enumerate(drawn)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1_000, 3_000, 10_000])
    print(f"{'finished':>9} {'warm, ms':>9} {'next, ms':>9} {'anew, ms':>9}")
    for size in parser.parse_args().sizes:
        records = records_of(size)
        search = Search(parse(CONFIG), seed=1)
        began = time.process_time()
        first = search.propose(records, [size])[0]
        anew = time.process_time() - began
        records.append(Record(size, first.params, "running"))
        warm = []
        for turn in range(5):
            began = time.process_time()
            proposal = search.propose(records, [size + 1 + turn])[0]
            warm.append(time.process_time() - began)
            records.append(Record(size + 1 + turn, proposal.params, "running"))
        # One more result, then the next proposal: what a sweep that goes on pays.
        records[-1] = Record(size + 5, proposal.params, "finished", (0.5,))
        began = time.process_time()
        search.propose(records, [size + 6])
        after = time.process_time() - began
        print(f"{size:9,} {min(warm) * 1000:9.1f} {after * 1000:9.1f} {anew * 1000:9.1f}")


if __name__ == "__main__":
    main()
