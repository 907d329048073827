"""A whole history as Arrow record batches, a stretch of rows at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from runstone.server.stores.history.contract import RUNTIME, STEP, TIMESTAMP, Int64s, SetKey
from runstone.server.stores.history.sql.append import bytes_text
from runstone.server.stores.history.sql.branches import Chain
from runstone.server.stores.history.sql.charts import values_at
from runstone.server.stores.history.sql.listing import OWN_KEYS, kind_of
from runstone.server.stores.history.sql.pieces import settled_numbers, settled_values
from runstone.server.stores.history.sql.reading import STEP_HIGHEST, STEP_LOWEST, Reader
from runstone.server.stores.history.sql.rows import first_steps

EXPORT_VALUES = 1 << 20
EXPORT_ROWS = 16_384


def record_batches(
    snapshot: Callable[[], Any], where: SetKey, *, keys: Sequence[str] | None
) -> Iterator[Any]:
    """Each stretch of rows is read in a snapshot of its own: an export of hours holds no lock."""
    import pyarrow as pa

    with snapshot() as tx:
        kinds = _kinds(Reader(tx, [where]), where, keys)
    types = {
        "number": pa.float64(),
        "integer": pa.int64(),
        "bool": pa.bool_(),
        "string": pa.string(),
        "json": pa.string(),
    }
    fields = [
        pa.field(*own) for own in ((STEP, pa.int64()), (TIMESTAMP, pa.float64()), (RUNTIME, pa.float64()))
    ]
    fields += [pa.field(_text(name), types[kind], metadata={"kind": kind}) for name, kind in kinds.items()]
    schema = pa.schema(fields)
    per_batch = max(64, min(EXPORT_ROWS, EXPORT_VALUES // (len(kinds) + 3)))
    lo = STEP_LOWEST
    while True:
        with snapshot() as tx:
            reader = Reader(tx, [where])
            chain = reader.chains.get(where)
            steps = (
                first_steps(reader, chain, lo, STEP_HIGHEST, per_batch) if chain else np.empty(0, np.int64)
            )
            if not len(steps):
                return
            assert chain is not None
            yield _record_batch(reader, chain, steps, kinds, schema)
        lo = int(steps[-1]) + 1
        if len(steps) < per_batch:
            return


def _kinds(reader: Reader, where: SetKey, keys: Sequence[str] | None) -> dict[str, str]:
    found: dict[str, set[int]] = {}
    for branch in reader.chains.get(where, ()):
        for key, kind in reader.tx.all("SELECT key, kind FROM hist_key WHERE branch = ?", (branch.id,)):
            found.setdefault(bytes_text(key), set()).add(kind)
        for entry in reader.log(branch):
            for block in entry.frame.blocks:
                for name in block.keys.names:
                    found.setdefault(name, set()).add(block.kind)
    names = sorted(found) if keys is None else [k for k in dict.fromkeys(keys) if k in found]
    return {name: kind_of(found[name]) for name in names if name not in OWN_KEYS}


def _record_batch(reader: Reader, chain: Chain, steps: Int64s, kinds: dict[str, str], schema: Any) -> Any:
    import pyarrow as pa

    lo, hi = int(steps[0]), int(steps[-1])
    arrays = [
        pa.array(steps),
        pa.array(values_at(steps, *reader.numbers(chain, TIMESTAMP, lo, hi))),
        pa.array(values_at(steps, *reader.numbers(chain, RUNTIME, lo, hi))),
    ]
    reader.load((branch, key) for branch in chain for key in kinds)
    for key, kind in kinds.items():
        pieces = reader.pieces(chain, key, lo, hi)
        column: Any
        if kind == "number":
            of_steps, numbers = settled_numbers(pieces)
            column = np.full(len(steps), np.nan)
            missing = np.ones(len(steps), bool)
            at = np.searchsorted(steps, of_steps)
            column[at] = numbers
            missing[at] = False
            arrays.append(pa.array(column, mask=missing))
            continue
        of_steps, values = settled_values(pieces)
        at = np.searchsorted(steps, of_steps).tolist()
        column = [None] * len(steps)
        for position, value in zip(at, values, strict=True):
            column[position] = _json(value) if kind == "json" else _text(value) if kind == "string" else value
        arrays.append(pa.array(column, schema.field(len(arrays)).type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _text(value: str) -> str:
    """Arrow's names and strings are UTF-8: a lone surrogate, which is none, shows as a question mark."""
    return value.encode("utf-8", "replace").decode("utf-8")
