"""Histograms: kept in the row itself."""

from __future__ import annotations

from typing import Any

from runstone.sdk.errors import UsageError
from runstone.sdk.values import to_numpy

BINS_MAX = 512


class Histogram:
    """Counts of values in bins. Of a sequence or array (NaN and infinities are left out), or of what
    `numpy.histogram` returned: (counts, edges), edges one more than counts."""

    def __init__(self, sequence: Any = None, np_histogram: Any = None, num_bins: int = 64) -> None:
        import numpy as np

        if np_histogram is not None:
            counts, edges = np_histogram
            self.histogram = [_plain(count) for count in counts]
            self.bins = [float(edge) for edge in edges]
        else:
            if sequence is None:
                raise UsageError("Histogram takes a sequence, or np_histogram=(counts, edges).")
            array = to_numpy(sequence) if hasattr(sequence, "shape") else np.asarray(list(sequence))
            flat = array.astype("float64").ravel()
            flat = flat[np.isfinite(flat)]
            counts, edges = np.histogram(flat, bins=min(num_bins, BINS_MAX))
            self.histogram, self.bins = counts.tolist(), edges.tolist()
        if len(self.histogram) > BINS_MAX:
            raise UsageError(f"Histogram takes at most {BINS_MAX} bins, met {len(self.histogram)}.")
        if len(self.histogram) + 1 != len(self.bins):
            raise UsageError(
                f"Histogram takes one edge more than counts, met {len(self.bins)} and {len(self.histogram)}."
            )

    def _runstone_value(self, keeper: Any, key: str, step: int, index: int | None = None) -> dict[str, Any]:
        return {"_type": "histogram", "values": self.histogram, "bins": self.bins}

    @classmethod
    def _runstone_values(cls, items: Any, keeper: Any, key: str, step: int) -> Any:
        return [item._runstone_value(keeper, key, step) for item in items]


def _plain(count: Any) -> float | int:
    number = float(count)
    return int(number) if number.is_integer() else number
