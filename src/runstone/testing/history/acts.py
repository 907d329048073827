"""Sequences of what may happen to a store: drawn, and done to it and to the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from runstone.server.domain.batches import WrittenRow, batch_of
from runstone.server.domain.errors import Conflict
from runstone.server.domain.identity import RunKey
from runstone.server.stores.history.contract import HistoryStore
from runstone.testing.history.checks import check
from runstone.testing.history.model import Model, OpenStore, key_of, merge_all

KEYS = ("loss", "acc", "val.loss", "lr", "note", "é\x00\ud800")
_floats = st.floats(width=64) | st.sampled_from([0.0, -0.0, 1.5, 1e308, -1e308, 5e-324])
_values = (
    _floats
    | st.integers(-(2**63), 2**63 - 1)
    | st.booleans()
    | st.text(max_size=5)
    | st.just({"_type": "histogram", "values": [1, 2.5, None]})
    | st.lists(st.integers(0, 9) | st.none(), max_size=3)
)
_steps = st.integers(0, 60) | st.integers(0, 5000) | st.integers(-(10**7), 10**12)


@st.composite
def rows_of(draw: st.DrawFn) -> list[tuple[int, dict[str, Any]]]:
    """(step, values) rows: a training loop's, or anything at all."""
    if draw(st.booleans()):
        start = draw(st.integers(0, 3000))
        stride = draw(st.sampled_from([1, 1, 2, 100]))
        seed = draw(st.integers(0, 2**32 - 1))
        random = np.random.default_rng(seed)
        n = draw(st.integers(1, 60))
        keys = draw(st.lists(st.sampled_from(KEYS[:4]), min_size=1, max_size=4, unique=True))
        return [
            (start + i * stride, {key: float(random.standard_normal()) for key in keys}) for i in range(n)
        ]
    mixed = draw(st.booleans())
    value = _values if mixed else _floats
    return draw(
        st.lists(
            st.tuples(_steps, st.dictionaries(st.sampled_from(KEYS), value, max_size=4)),
            min_size=1,
            max_size=12,
        )
    )


@st.composite
def acts_of(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """A sequence of what may happen to a store."""
    return draw(
        st.lists(
            st.one_of(
                st.tuples(
                    st.just("append"), st.integers(1, 2), st.sampled_from("ab"), rows_of(), st.integers(0, 3)
                ),
                st.tuples(
                    st.just("append"), st.integers(1, 2), st.sampled_from("ab"), rows_of(), st.integers(0, 3)
                ),
                st.tuples(st.just("merge")),
                st.tuples(st.just("merge")),
                st.tuples(st.just("reopen")),
                st.tuples(st.just("seal"), st.integers(1, 3)),
                st.tuples(st.just("fork"), st.integers(1, 2), st.integers(0, 4000)),
                st.tuples(st.just("rewind"), st.integers(1, 3), st.integers(0, 4000)),
                st.tuples(st.just("delete"), st.integers(1, 3)),
            ),
            min_size=1,
            max_size=12,
        )
    )


def play(open_store: OpenStore, acts: Sequence[tuple[Any, ...]]) -> None:
    """Do the acts to a store and to the model, and compare at the end and at each merge."""
    store, model = open_store(), Model()
    ends: dict[tuple[int, str], int] = {}
    written: dict[tuple[int, str], list[WrittenRow]] = {}
    try:
        for act in acts:
            if act[0] == "append":
                _, run, stream, rows, resent = act
                _append(store, model, run, stream, rows, resent, ends, written)
            elif act[0] == "merge":
                merge_all(store)
                for run in (1, 2, 3):
                    check(store, model, key_of(run), buckets=(3,))
            elif act[0] == "reopen":
                store.close()
                store = open_store()
            elif act[0] == "seal":
                store.seal(key_of(act[1]))
            elif act[0] == "rewind":
                assert store.rewind(key_of(act[1]), last_step=act[2]) == model.rewind(key_of(act[1]), act[2])
                for run, stream in list(ends):
                    if run == act[1]:
                        del ends[run, stream], written[run, stream]
            elif act[0] == "fork":
                try:
                    store.fork(key_of(act[1]), key_of(3), last_step=act[2])
                except Conflict:
                    continue  # forked before
                model.fork(key_of(act[1]), key_of(3), act[2])
            elif act[0] == "delete":
                store.delete(RunKey(act[1]))
                model.delete(RunKey(act[1]))
                for run, stream in list(ends):
                    if run == act[1]:
                        del ends[run, stream], written[run, stream]
        for run in (1, 2, 3):
            check(store, model, key_of(run))
    finally:
        store.close()


def _append(
    store: HistoryStore,
    model: Model,
    run: int,
    stream: str,
    rows: Sequence[tuple[int, dict[str, Any]]],
    resent: int,
    ends: dict[tuple[int, str], int],
    written: dict[tuple[int, str], list[WrittenRow]],
) -> None:
    """Some rows, the last `resent` ones of the stream once more before them."""
    at = ends.get((run, stream), 0)
    before = written.setdefault((run, stream), [])
    new = [
        WrittenRow(at + 10 * i, step, 1_700_000_000.0 + step % 1000, float((step * 7919) % 1000), values)
        for i, (step, values) in enumerate(rows)
    ]
    again = before[-resent:] if resent else []
    end = at + 10 * len(new)
    sent = again + new
    got = store.append(key_of(run), stream, batch_of(sent, end_offset=end))
    assert got == model.append(key_of(run), stream, sent, end) == end
    before += new
    ends[run, stream] = end
