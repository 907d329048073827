"""All benchmarks, one after another: `python -m bench [--quick] [history records servers wandb_reads]`.

Each is a program of its own and says what its figures mean. The comparison with other trackers
needs their packages: bench/adapter.py tells how it is run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
QUICK = {
    "artifacts": ["--versions", "10000", "--edges", "50000"],
    "history": ["--quick"],
    "records": ["--sizes", "100,1000,10000"],
    "servers": ["--quick"],
    "wandb_reads": ["--quick"],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", nargs="*", default=list(QUICK), metavar="BENCH")
    parser.add_argument("--quick", action="store_true", help="about a tenth of everything")
    args = parser.parse_args()
    failed = []
    for name in args.which or list(QUICK):
        print(f"\n== {name}\n", flush=True)
        command = [sys.executable, str(HERE / f"{name}.py"), *(QUICK[name] if args.quick else [])]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nFailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
