"""Series as the server sends them to a chart: a JSON header, then little-endian columns.

    u32 header length | header (JSON, ASCII, padded with spaces) | columns, one after another

The header is padded so that the first column begins at a multiple of 8. `x` columns are float64,
the others float32, n numbers each; NaN is a gap.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from runstone.client.errors import BadAnswer

if TYPE_CHECKING:
    import numpy as np

    Floats: TypeAlias = np.ndarray[Any, np.dtype[Any]]

MEDIA_TYPE = "application/vnd.runstone.series"


@dataclass(frozen=True, slots=True)
class LineData:
    """One line. x: float64 (n,), rising. mean, min, max, std: float32 (n,), NaN where a bucket has no
    number. exact: every point is there, and then min and max are the mean itself. total: points the
    line stands for. run is "" for an aggregate of `members` runs, which alone has a std."""

    run: str
    key: str
    x: Floats
    mean: Floats
    min: Floats
    max: Floats
    std: Floats | None
    exact: bool
    members: int
    total: int


@dataclass(frozen=True, slots=True)
class SeriesAnswer:
    """lines in the server's order; a run without data under a key has none. `no_data_x`: keys that
    have data, but none for this x."""

    x: str
    range: tuple[float | None, float | None]
    version: str
    exact: bool
    lines: Sequence[LineData]
    no_data_x: Sequence[str] = ()

    def line(self, run: str, key: str) -> LineData | None:
        return next((line for line in self.lines if line.run == run and line.key == key), None)


def decode(data: bytes) -> SeriesAnswer:
    """Raises BadAnswer for bytes that are not a series."""
    import numpy as np

    try:
        (length,) = struct.unpack_from("<I", data)
        header = json.loads(data[4 : 4 + length].decode("ascii"))
        at = 4 + length
        lines = []
        for said in header["lines"]:
            n = int(said["n"])
            columns: dict[str, Floats] = {}
            for name in said["columns"]:
                kind = np.dtype("<f8") if name == "x" else np.dtype("<f4")
                columns[name] = np.frombuffer(data, dtype=kind, count=n, offset=at)
                at += n * kind.itemsize
            mean = columns["mean"]
            lines.append(
                LineData(
                    run=said.get("run") or "",
                    key=said["key"],
                    x=columns["x"],
                    mean=mean,
                    min=columns.get("min", mean),
                    max=columns.get("max", mean),
                    std=columns.get("std"),
                    exact=bool(said.get("exact")),
                    members=int(said.get("members") or 1),
                    total=int(said.get("total") or n),
                )
            )
        lo, hi = header.get("range") or (None, None)
        return SeriesAnswer(
            x=header.get("x", "_step"),
            range=(lo, hi),
            version=str(header.get("version") or ""),
            exact=bool(header.get("exact")),
            lines=lines,
            no_data_x=header.get("no_data_x") or (),
        )
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise BadAnswer(f"The server's series answer cannot be read: {error}.") from error
