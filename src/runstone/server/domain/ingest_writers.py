"""What this process knows of the writers that are sending: kept in memory, backed by the records."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection

from runstone.journal.format import HEADER_BYTES
from runstone.journal.kinds import RunFields
from runstone.server.domain.access import Access
from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.feed import Event
from runstone.server.domain.identity import Actor, EntityId, Permission, ProjectId, RunKey
from runstone.server.domain.ingest_records import WriterFields, fields_change
from runstone.server.domain.journal_batches import RowPivot
from runstone.server.domain.places import Place
from runstone.server.domain.run_changes import apply
from runstone.server.domain.runs import RunChange, Runs
from runstone.server.domain.summary import Definitions, Deriver, deriver_of, encode_stats
from runstone.server.stores.records import projects as project_statements
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records import writers as statements
from runstone.server.stores.records.rows import AnyRow


@dataclass(frozen=True, slots=True)
class Address:
    """Where a client says its journal goes. entity "" is the actor's default."""

    entity: str
    project: str
    run_id: str
    writer: str


@dataclass(slots=True, eq=False)
class LiveWriter:
    """One writer that is sending, guarded by `lock`.

    next_offset: everything below is applied, or (rows, system rows, console lines) kept in its
    store and folded into `deriver`. kept_offset: what the record store says; the difference is
    written soon after (see `Ingest`), and until then lies in a note beside the rows (`noted`).
    came_since_end: rows came that no end of the run, by another writer, came after. Once `broken`
    it is no longer to be used: load it again.
    """

    place: Place
    writer: str
    fields: WriterFields
    next_offset: int
    kept_offset: int
    deriver: Deriver
    metrics: dict[str, Mapping[str, Any]]
    ended: bool
    own_keys: set[str]
    checked_at: float = field(default_factory=time.monotonic)
    used_at: float = field(default_factory=time.monotonic)
    dirty_since: float | None = None
    flush_after: float = 0.0
    broken: bool = False
    noted: bool = False
    came_since_end: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    pivot: RowPivot = field(default_factory=RowPivot)

    @property
    def run(self) -> RunKey:
        return self.place.run

    @property
    def label(self) -> str:
        return self.fields.label

    @property
    def stream(self) -> str:
        """The name of its rows' stream in the history."""
        return STREAM_PREFIX + self.writer

    def note(self, end: int) -> bytes | None:
        """What a server that is killed before it writes the records is to find: the offset, and all
        that follows from the rows before it. None where it is better written there at once."""
        try:
            note = _encode((end, encode_stats(self.deriver), self.deriver.changed))
        except (OverflowError, UnicodeEncodeError):
            return None
        return note if len(note) <= NOTE_BYTES_MAX else None

    def catch_up(self, note: bytes | None) -> bool:
        """Go on from the note, where it is ahead of the records."""
        if note is None:
            return False
        self.noted = True
        offset, stats, changed = _decode_note(note)
        if offset <= self.kept_offset:
            return False
        self.deriver = deriver_of(stats, self.metrics.values())
        self.deriver.changed = changed
        self.next_offset = offset
        return True

    def define(self, metrics: Iterable[Mapping[str, Any]]) -> None:
        """Later rows are derived by these definitions too."""
        for metric in metrics:
            self.metrics[metric["name"]] = metric
        self.deriver.definitions = Definitions(self.metrics.values())

    def derived(self, primaries: Iterable[bytes]) -> list[tuple[list[str], Any]]:
        """The summary values that its rows changed, as a change takes them. Of a key that the first
        rank logs (`primaries`: what those rows say are theirs) the first rank's value stands."""
        changed = self.deriver.changed
        if self.fields.is_primary:
            return [([key], value) for key, value in changed.items()]
        taken: set[str] = set()
        for encoded in primaries:
            taken.update(msgspec.msgpack.decode(encoded, type=list[str]))
        return [([key], value) for key, value in changed.items() if key not in taken]


STREAM_PREFIX = "journal:"
NOTE_BYTES_MAX = 256 * 1024
_encode = msgspec.msgpack.Encoder().encode
_decode_note = msgspec.msgpack.Decoder(tuple[int, bytes, dict[str, Any]]).decode


def find(conn: Connection, access: Access, actor: Actor, address: Address) -> tuple[AnyRow, AnyRow] | None:
    """(place, writer) of a writer that is known, checked for WRITE; None for one never seen.

    A run that was moved to another project, or whose project was renamed, is found by its writer.
    Raises NotFound and NotAllowed for an entity, Conflict for a run in the trash.
    """
    owner = access.resolve(conn, actor, address.entity, Permission.WRITE)
    project = project_statements.project(conn, owner.id, address.project)
    place = None if project is None else statements.place_by_name(conn, project.id, address.run_id)
    if place is not None:
        writer = statements.writer(conn, place.run_key, address.writer)
        if writer is not None:
            return place, writer
    for moved in statements.places_by_writer(conn, address.writer):
        if moved.run_id != address.run_id or not access.allows(
            actor, Permission.WRITE, EntityId(moved.entity_id), conn=conn
        ):
            continue
        in_trash = moved.deleted_at is not None or moved.project_deleted_at is not None
        here = (moved.entity_id, moved.project) == (owner.id, address.project)
        if in_trash and not here:
            continue
        if in_trash and place is not None:
            continue  # a living run has taken the id, and this writer is to begin there anew
        if in_trash:
            raise Conflict(
                f"Run {address.run_id!r} is in the trash. Restore it, and what is still to be sent goes on; "
                "or delete it for good.",
                run=address.run_id,
            )
        writer = statements.writer(conn, moved.run_key, address.writer)
        if writer is not None:
            return moved, writer
    return None


def load(conn: Connection, place: AnyRow, writer: AnyRow) -> LiveWriter:
    metrics = {metric["name"]: metric for metric in run_statements.details(conn, place.run_key).metrics}
    fields = WriterFields(writer.label, writer.rank, writer.is_primary)
    live = LiveWriter(
        place=place_of(place),
        writer=writer.writer,
        fields=fields,
        next_offset=writer.next_offset,
        kept_offset=writer.next_offset,
        deriver=deriver_of(bytes(writer.stats), metrics.values()),
        metrics=metrics,
        ended=writer.ended_at is not None,
        own_keys=set(msgspec.msgpack.decode(bytes(writer.summary_keys))) if writer.summary_keys else set(),
    )
    live.pivot = RowPivot(fields.label)
    return live


def place_of(row: AnyRow) -> Place:
    return Place(
        RunKey(row.run_key),
        row.run_id,
        ProjectId(row.project_id),
        row.project,
        EntityId(row.entity_id),
        row.entity,
    )


def enter(
    conn: Connection, runs: Runs, actor: Actor, address: Address, fields: RunFields, *, now: float
) -> tuple[Event | None, bool]:
    """Make the writer's row, and its run if there is none yet: what a journal's first record asks
    for. The record itself still counts as to be applied. Returns the event of a run that was made,
    and whether one that had ended runs again.

    Raises NotFound for `resume="must"` without a run, Conflict for `"never"` with one.
    """
    change = RunChange(started_at=fields.started_at)
    must = fields.resume == "must"
    try:
        done = runs.upsert_in(
            conn, actor, address.entity, address.project, address.run_id, change, create=not must, now=now
        )
    except NotFound as error:
        if not must:
            raise
        raise NotFound(
            f"Run {address.run_id!r} is to be resumed (resume='must'), and there is none in project "
            f"{address.project!r}. Start it with resume='allow', or name another id.",
            run=address.run_id,
        ) from error
    again = False
    if statements.writer(conn, done.key, address.writer, lock=True) is not None:
        return done.event, again  # another process of ours was first
    about = WriterFields.of(fields)
    if not done.made:
        if fields.resume == "never":
            _refuse_second(conn, done.key, address, about)
        if about.is_primary:
            # The run goes on. The end of a rank or of a machine's sampler does not say that.
            again = apply(conn, done.key, RunChange(state="running"), now=now).state_changed
    else:
        # Whoever comes first gives the run its name and tags, first rank or not.
        apply(conn, done.key, fields_change(fields, writer=address.writer), now=now)
    statements.add_writer(
        conn,
        done.key,
        address.writer,
        next_offset=HEADER_BYTES,
        label=about.label,
        rank=about.rank,
        is_primary=about.is_primary,
        made_at=now,
    )
    return done.event, again


def _refuse_second(conn: Connection, run: RunKey, address: Address, about: WriterFields) -> None:
    """`resume="never"` with a run that is there already. It is no second one where only ranks of
    the same start, or the sampler of its machine, were here first."""
    others = statements.writers(conn, run)
    if others and (about.rank is not None or not any(other.is_primary for other in others)):
        return
    raise Conflict(
        f"Run {address.run_id!r} exists already in project {address.project!r}, and this journal says it "
        "must not (resume='never'). Send it under another id, or delete that run.",
        run=address.run_id,
    )


def check_first(fields: RunFields, address: Address) -> None:
    """The first record must be about the run that the request names. Raises Invalid."""
    for what, said, asked in (
        ("run", fields.run, address.run_id),
        ("project", fields.project, address.project),
        ("writer", fields.writer, address.writer),
    ):
        if said and said != asked:
            raise Invalid(
                f"The journal's first record says {what} {said[:200]!r}, the request {asked[:200]!r}. "
                "Send a journal to the run it is about.",
                offset=HEADER_BYTES,
            )
