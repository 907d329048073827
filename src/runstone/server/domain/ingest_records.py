"""What the records of a journal change about a run: pure translation, and one transaction's work.

Everything but rows, system rows and console lines comes through here, in the order it was written.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, cast

import msgspec
from sqlalchemy import Connection

from runstone.journal.kinds import (
    AlertRaised,
    ArtifactLogged,
    ArtifactUsed,
    End,
    Kind,
    Mark,
    MetricDefinition,
    Patch,
    RunFields,
)
from runstone.server.domain import run_changes
from runstone.server.domain.alerts import keep_alert
from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import RunKey
from runstone.server.domain.run_model import Applied
from runstone.server.domain.runs import ENDED, RunChange, State
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records import writers as statements

TRACEBACK_CHARS_MAX = 1_000_000
REFUSED_KEPT = 20  # of records that break a rule the run remembers so many, and how many there were
_CLOCK_AHEAD_SECONDS = 300.0
_END_STATES: frozenset[State] = frozenset({"finished", "failed", "crashed", "killed", "preempted"})


class Item(NamedTuple):
    """A decoded record; `value` is None for a kind of a newer release."""

    offset: int
    kind: int
    value: Any


class Refused(NamedTuple):
    """A sound record that breaks a rule: sending it again will not help, so it is passed over, and
    the run remembers that it was."""

    offset: int
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class WriterFields:
    """What a writer says of itself in its RUN records."""

    label: str = ""
    rank: int | None = None
    is_primary: bool = True

    @classmethod
    def of(cls, fields: RunFields) -> WriterFields:
        """From a journal's first record. The label is settled there, for all rows."""
        label = fields.label
        if label is None and fields.rank is not None and (fields.world_size or 0) > 1:
            label = f"rank{fields.rank}"
        return cls(_label(label or ""), fields.rank).updated(fields)

    def updated(self, fields: RunFields) -> WriterFields:
        """By a later record: the sampler of a machine ends a run in place of a process that died."""
        primary = self.is_primary
        if fields.primary is not None:
            primary = fields.primary
        elif fields.rank is not None:
            primary = fields.rank == 0
        return replace(self, is_primary=primary)


def _label(text: str) -> str:
    """A label becomes a part of series names: printable, and no longer than a name."""
    return "".join(sign if sign.isprintable() else "_" for sign in text)[:128]


@dataclass(slots=True)
class Outcome:
    """What a transaction did, for the writer's live state and the feed."""

    applied: list[Applied] = field(default_factory=list)
    alerts: list[AlertRaised] = field(default_factory=list)
    ended: End | None = None
    refused: list[Refused] = field(default_factory=list)

    @property
    def state(self) -> str:
        return self.applied[-1].state if self.applied else ""

    def detail(self) -> dict[str, Any] | None:
        """For the event "run"; None where nothing changed."""
        if not any(one.changed for one in self.applied):
            return None
        detail: dict[str, Any] = {}
        summary: dict[str, Any] = {}
        for one in self.applied:
            summary.update(one.summary)
        if any(one.state_changed for one in self.applied):
            detail["state"] = self.state
        if summary:
            detail["summary"] = summary
        if self.applied[-1].stop_requested:
            detail["stop_requested"] = True
        return detail


def fields_change(fields: RunFields, *, writer: str) -> RunChange:
    """The change that a RUN record asks for; nothing about the state. A run that goes on from a step
    of its own is no fork."""
    forks = fields.fork_of != fields.run
    return RunChange(
        display_name=fields.display_name,
        group=fields.group,
        job_type=fields.job_type,
        notes=fields.notes,
        tags=fields.tags,
        sweep=fields.sweep,
        host=fields.host,
        program=fields.program,
        command=fields.command,
        started_at=fields.started_at,
        fork_of=fields.fork_of if forks else None,
        fork_step=fields.fork_step if forks else None,
        writer=writer,
    )


def merged_changes(items: Sequence[Item], *, writer: str) -> list[Item | RunChange]:
    """Neighbouring patches that only set values become one change: a script that sets summary
    values at each step costs one change a body, not one a step. The order is kept."""
    steps: list[Item | RunChange] = []
    config: list[tuple[list[str], Any]] = []
    summary: list[tuple[list[str], Any]] = []
    metrics: list[dict[str, Any]] = []
    at: float | None = None

    def close() -> None:
        nonlocal config, summary, metrics, at
        if config or summary or metrics:
            steps.append(
                RunChange(
                    config_set=config, summary_set=summary, metrics=metrics or None, writer=writer, at=at
                )
            )
        config, summary, metrics, at = [], [], [], None

    for item in items:
        value = item.value
        if isinstance(value, Patch) and not value.unset:
            if item.kind == Kind.CONFIG:
                if config and value.at != at:
                    close()
                at = value.at or None
                config.extend(value.set)
            else:
                summary.extend(value.set)
        elif isinstance(value, MetricDefinition):
            metrics.append(msgspec.to_builtins(value))
        else:
            close()
            steps.append(item)
    close()
    return steps


class Work:
    """The records of one body, applied to a run within a transaction of the caller's."""

    def __init__(
        self, conn: Connection, run: RunKey, writer: str, fields: WriterFields, *, now: float | None = None
    ) -> None:
        self._conn = conn
        self._run = run
        self._writer = writer
        self._fields = fields
        self._now = time.time() if now is None else now
        self._unknown: Counter[int] = Counter()
        self.outcome = Outcome()

    def all(self, items: Sequence[Item]) -> None:
        """Raises Invalid where one breaks a rule; the transaction is then to be undone."""
        for step in merged_changes(items, writer=self._writer):
            if isinstance(step, RunChange):
                self.change(step)
            else:
                self._one(step)

    def each(self, items: Iterable[Item]) -> None:
        """The same, record by record: one that breaks a rule is passed over, and noted."""
        for item in items:
            before = replace(
                self.outcome, applied=list(self.outcome.applied), alerts=list(self.outcome.alerts)
            )
            try:
                with self._conn.begin_nested():
                    self.all([item])
            except Invalid as error:
                before.refused = [
                    *self.outcome.refused,
                    Refused(item.offset, _kind_name(item.kind), error.message),
                ]
                self.outcome = before

    def change(self, change: RunChange) -> None:
        self.outcome.applied.append(run_changes.apply(self._conn, self._run, change, now=self._now))

    def _one(self, item: Item) -> None:
        value = item.value
        if value is None:
            self._unknown[item.kind] += 1
        elif isinstance(value, RunFields):
            self._run_fields(value)
        elif isinstance(value, Patch):
            self._patch(item.kind, value)
        elif isinstance(value, AlertRaised):
            self._alert(value)
        elif isinstance(value, (ArtifactLogged, ArtifactUsed)):
            pass  # done before the record went: it stays in the journal, as what the run did
        elif isinstance(value, Mark):
            if value.preempting:
                self.change(RunChange(state="preempting"))
        elif isinstance(value, End):
            self._end(value)
        elif isinstance(value, dict):  # ENVIRONMENT
            own = value if self._is_of_first() else {f"rank {self._name()}": value}
            self.change(RunChange(environment=own))

    def _is_of_first(self) -> bool:
        """Whether what this writer saw is what the run is known by: it is the primary writer or a
        helper of its (the capture, the sampler). The machines of other ranks stand beside it."""
        label = self._fields.label
        if self._fields.is_primary or not label:
            return True
        return any(one.is_primary and one.label == label for one in statements.writers(self._conn, self._run))

    def _name(self) -> str:
        return self._fields.label or self._writer[:8]

    def _run_fields(self, fields: RunFields) -> None:
        if self._fields.is_primary:
            self.change(fields_change(fields, writer=self._writer))
        if self._fields.label:
            row = run_statements.lock(self._conn, self._run)
            # A rank's helpers (console, sampler) write journals of their own under its label.
            labelled = len({one.label for one in statements.writers(self._conn, self._run)} - {""})
            ranks = max(labelled, fields.world_size or 0, 0 if row is None else row.ranks)
            self.change(RunChange(ranks=ranks))

    def _patch(self, kind: int, patch: Patch) -> None:
        at = patch.at or None
        if kind == Kind.CONFIG:
            change = RunChange(config_set=patch.set, config_unset=patch.unset, writer=self._writer, at=at)
        else:
            change = RunChange(summary_set=patch.set, summary_unset=patch.unset)
        self.change(change)

    def _alert(self, alert: AlertRaised) -> None:
        kept = keep_alert(
            self._conn,
            self._run,
            title=alert.title,
            text=alert.text,
            level=alert.level.upper(),
            at=alert.at or self._now,
            wait_seconds=alert.wait_seconds,
        )
        if kept:
            self.outcome.alerts.append(alert)

    def _end(self, end: End) -> None:
        self.outcome.ended = end
        if end.traceback:
            text = end.traceback[-TRACEBACK_CHARS_MAX:]
            name = "traceback" if self._fields.is_primary else f"traceback {self._name()}"
            self.change(RunChange(environment={name: text}))
        own = end_state(end)
        if self._fields.is_primary:
            self._end_run(own, end)
            return
        # Without a writer whose end counts, the run ends with its last one.
        others = [one for one in statements.writers(self._conn, self._run) if one.writer != self._writer]
        if not others or any(one.is_primary or one.ended_at is None for one in others):
            return
        states = {own, *(cast(State, one.end_state) for one in others)}
        worst: State = next(
            (s for s in ("failed", "killed", "preempted", "crashed") if s in states), "finished"
        )
        self._end_run(worst, end)

    def _end_run(self, state: State, end: End) -> None:
        row = run_statements.lock(self._conn, self._run)
        if row is not None and row.state == "preempting" and state in ("failed", "killed"):
            state = "preempted"
        ahead = end.at > self._now + _CLOCK_AHEAD_SECONDS
        at = None if ahead or end.at <= 0 else end.at
        self.change(RunChange(state=state, exit_code=end.exit_code, at=at))

    def derived(self, values: Sequence[tuple[Sequence[str], Any]], *, careful: bool) -> None:
        """Summary values worked out from rows. With `careful` those that no summary can hold are
        left out, nested ones first: the rows themselves are kept."""
        if not careful:
            self.change(RunChange(summary_derived=values))
            return
        plain = [(path, value) for path, value in values if not isinstance(value, dict | list)]
        for some in (values, plain):
            try:
                with self._conn.begin_nested():
                    self.change(RunChange(summary_derived=some))
                return
            except Invalid as error:
                reason = error.message
        self.outcome.refused.append(Refused(-1, "SUMMARY", reason))

    def note(self, refused: Sequence[Refused]) -> None:
        """Remember what was passed over, under `journal` in what the run keeps of its wires."""
        if not refused and not self._unknown:
            return
        known = dict(run_statements.details(self._conn, self._run).wire.get("journal") or {})
        if refused:
            listed = [one._asdict() | {"writer": self._writer} for one in refused]
            known["refused"] = [*known.get("refused", []), *listed][:REFUSED_KEPT]
            known["refused_count"] = known.get("refused_count", 0) + len(refused)
        for kind, count in self._unknown.items():
            kinds = dict(known.get("unknown_kinds", {}))
            kinds[str(kind)] = kinds.get(str(kind), 0) + count
            known["unknown_kinds"] = kinds
        self.change(RunChange(wire={"journal": known}))
        if refused:
            first = refused[0]
            keep_alert(
                self._conn,
                self._run,
                title="Records were refused",
                text=f"{len(refused)} records of writer {self._name()} break a rule and were passed over. "
                f"The first, {first.kind} at offset {first.offset}: {first.reason}"[:5_000],
                level="WARN",
                at=self._now,
                wait_seconds=3600.0,
            )

    def revive(self) -> None:
        """A run that had ended gets rows from a writer that has not: it runs."""
        if self.outcome.state in ENDED and self._fields.is_primary and self.outcome.ended is None:
            self.change(RunChange(state="running"))


def end_state(end: End) -> State:
    if end.state in _END_STATES:
        return end.state
    return "finished" if end.exit_code == 0 else "failed"


def _kind_name(kind: int) -> str:
    try:
        return Kind(kind).name
    except ValueError:
        return str(kind)
