"""Summaries of clients that leave deriving them to the server (`X-WANDB-SERVER-SIDE-DERIVED-SUMMARY`,
an opt-in setting from 0.22 on): they send rows, and of the summary only what was set by hand.

Last values come from the rows at hand. What a definition asks for over all rows (min, max, mean) is
asked of the history, so that nothing need be remembered between requests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from runstone.server.domain.domain import Domain
from runstone.server.domain.identity import Actor, RunKey
from runstone.server.domain.summary import Definitions, Deriver
from runstone.server.stores.history.contract import RowBatch

Derived = Sequence[tuple[Sequence[str], Any]]


def derived(domain: Domain, actor: Actor, run: RunKey, batch: RowBatch) -> Derived:
    """The summary values that these rows, kept already, changed."""
    definitions = Definitions(domain.runs.get_by_key(actor, run).metrics)
    deriver = Deriver(definitions)
    deriver.fold(batch)
    changed = deriver.take()
    for key in changed:
        rule = definitions.rule(key)
        if rule.aggregates:
            known = domain.history.statistics(actor, run, key)
            values = {name: known[name] for name in ("min", "max", "mean", "first", "last")}
            values["best"] = values["max"] if rule.maximize else values["min"]
            changed[key] = {
                name: math.nan if values[name] is None else values[name] for name in rule.aggregates
            }
    return [((key,), value) for key, value in changed.items()]
