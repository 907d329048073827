"""A file_stream request carried out: rows first, the end last, so that a crash between is healed by
the client's re-send (each part is idempotent by line number)."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Mapping

from runstone.server.domain.domain import Domain
from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import Actor, RunKey
from runstone.server.domain.runs import RunChange, State
from runstone.server.doors.wandb.lines import history_stream
from runstone.server.doors.wandb.stream.body import Sent
from runstone.server.doors.wandb.stream.derived import Derived, derived
from runstone.server.doors.wandb.stream.mending import acceptable_summary, batch_of_acceptable
from runstone.server.stores.history.contract import RowBatch, Space

log = logging.getLogger("runstone.server")
SYNCED_LATE_SECONDS = 900.0
_SPACES: tuple[Space, ...] = ("history", "system")


def apply(
    domain: Domain, actor: Actor, run: RunKey, sent: Sent, *, client_id: str, derives: bool = False
) -> bool:
    """Keep all that was sent. `client_id` is "" save in shared mode, where each writer numbers its
    own lines. derives: the client leaves it to the server to make the summary of the rows. Returns
    whether the run is asked to stop."""
    if sent.unreadable or sent.dropped:
        log.warning(
            "run %s: %s lines unreadable, %s dropped by the client", run, sent.unreadable, sent.dropped
        )
    stop = domain.leases.beat(actor, run)
    if stop:
        # The answer may be a second old: one for a run's earlier life would end its new one, since
        # clients hold on to the first `stopped` they see.
        stop = domain.runs.get_by_key(actor, run).stop_requested
    stream = history_stream(client_id)
    known: Derived = ()
    batches = _batches(run, sent)
    if batches:
        domain.history.append_spaces(actor, run, stream, batches)
    if derives and "history" in batches:
        known = derived(domain, actor, run, batches["history"])
    for label, lines in sent.console.items():
        domain.console.write(actor, run, stream, lines, label=label)
    # A summary that is not the whole of it adds to what there is.
    _update(domain, actor, run, sent, known, stop=stop, partial=derives or bool(client_id))
    return stop


def _update(
    domain: Domain, actor: Actor, run: RunKey, sent: Sent, known: Derived, *, stop: bool, partial: bool
) -> None:
    change = _change(domain, actor, run, sent, known, stop=stop, partial=partial)
    if change is None:
        return
    try:
        domain.runs.update(actor, run, change)
    except Invalid as error:
        if sent.summary is None:
            raise
        log.warning("run %s: a part of its summary cannot be kept: %s", run, error.message)
        mended = dataclasses.replace(sent, summary=acceptable_summary(sent.summary))
        again = _change(domain, actor, run, mended, known, stop=stop, partial=partial)
        if again is not None:
            domain.runs.update(actor, run, again)


def _batches(run: RunKey, sent: Sent) -> dict[Space, RowBatch]:
    found: dict[Space, RowBatch] = {}
    for space, rows in zip(_SPACES, (sent.history, sent.system), strict=True):
        if rows is not None:
            found[space], left_out = batch_of_acceptable(rows)
            if left_out:
                log.warning("run %s: %s values cannot be kept, their rows are", run, left_out)
    return found


def _change(
    domain: Domain, actor: Actor, run: RunKey, sent: Sent, known: Derived, *, stop: bool, partial: bool
) -> RunChange | None:
    state: State | None = "preempting" if sent.preempting else None
    if sent.exit_code is not None:
        state = "finished" if sent.exit_code == 0 else "failed"
        if sent.exit_code != 0 and _was_preempting(domain, actor, run, sent):
            state = "preempted"
        elif sent.exit_code != 0 and stop:
            state = "killed"
    started_at = _when_started(sent)
    at = _when_ended(domain, actor, run) if sent.exit_code is not None else None
    summary: Mapping[str, object] | None = sent.summary
    if summary is None and state is None and started_at is None and not known:
        return None
    # Each writer of a shared run sends the summary that it knows: they add up, key by key.
    parts = [((key,), value) for key, value in summary.items()] if partial and summary is not None else []
    return RunChange(
        state=state,
        exit_code=sent.exit_code,
        summary=None if partial else summary,
        summary_set=parts,
        summary_derived=known,
        started_at=started_at,
        at=at,
        writer="wandb",
    )


def _was_preempting(domain: Domain, actor: Actor, run: RunKey, sent: Sent) -> bool:
    """It said before that its machine would be taken away: no failure of its own."""
    return sent.preempting or domain.runs.get_by_key(actor, run).state == "preempting"


def _when_started(sent: Sent) -> float | None:
    """By the first row, for a run that was logged long before it was synced. Its client says so itself
    from 0.22 on, older ones do not."""
    if sent.history is None or not sent.history.rows or sent.history.rows[0].offset:
        return None
    first = sent.history.rows[0]
    started_at = first.timestamp - first.runtime
    return started_at if time.time() - started_at > SYNCED_LATE_SECONDS else None


def _when_ended(domain: Domain, actor: Actor, run: RunKey) -> float | None:
    """None for just now. A run that was logged offline ended when its last row was written, long
    before somebody synced it."""
    known = (domain.history.info(actor, run, space=space).last_timestamp for space in _SPACES)
    last = max((at for at in known if at is not None), default=None)
    return last if last is not None and time.time() - last > SYNCED_LATE_SECONDS else None
