"""Parameter importance of a sweep, worked out by a process of its own and kept until trials end."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runstone.search.importance import TRIALS_MAX, TRIALS_MIN, Importance
from runstone.server.domain.errors import Unavailable
from runstone.server.domain.identity import Actor, SweepKey
from runstone.server.domain.sweep_results import SweepResults
from runstone.server.domain.sweeps import Sweeps

SECONDS_MAX = 120.0
_KEPT_MAX = 256
_AT_ONCE = 1  # such processes: they are heavy, and nobody needs the answer at once


@dataclass(frozen=True, slots=True)
class Importances:
    """trials: how many it is worked out from. why: in words, where there are too few."""

    parameters: Sequence[Importance]
    trials: int
    why: str


class SweepImportance:
    def __init__(self, sweeps: Sweeps, results: SweepResults) -> None:
        self._sweeps = sweeps
        self._results = results
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._kept: OrderedDict[SweepKey, tuple[Any, Importances]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, actor: Actor, sweep: SweepKey) -> Importances:
        """By the first objective. Takes seconds where trials have ended since it was last asked.
        Raises Unavailable where others are being worked out, or it took too long."""
        own = self._sweeps.get_by_key(actor, sweep)
        records = [
            [record.number, dict(record.params), list(record.values)]
            for record in self._results.records(own)
            if record.is_scored and all(math.isfinite(value or 0.0) for value in record.values)
        ][-TRIALS_MAX:]
        if len(records) < TRIALS_MIN:
            return Importances(
                (), len(records), f"{len(records)} of the {TRIALS_MIN} results it takes are there"
            )
        mark = (len(records), records[-1][0], hash(json.dumps(records[-50:])), own.updated_at)
        with self._lock:
            kept = self._kept.get(sweep)
            if kept is not None and kept[0] == mark:
                return kept[1]
        if not self._turns.acquire(timeout=SECONDS_MAX / 4):
            raise Unavailable("Importance of other sweeps is being worked out.", retry_after_seconds=5)
        try:
            parameters = _worked_out({"config": dict(own.config), "records": records})
        finally:
            self._turns.release()
        found = Importances(parameters, len(records), "" if parameters else "the results do not differ")
        with self._lock:
            self._kept[sweep] = (mark, found)
            while len(self._kept) > _KEPT_MAX:
                self._kept.popitem(last=False)
        return found


def _worked_out(given: Any) -> list[Importance]:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "runstone.search.importance"],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise Unavailable(
            f"Importance could not be worked out: {type(error).__name__}. Try again later.",
            retry_after_seconds=60,
        ) from None
    return [Importance(**item) for item in json.loads(done.stdout)]
