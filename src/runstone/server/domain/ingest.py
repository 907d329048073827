"""Journals arrive here: checked, applied exactly once, acknowledged after they are kept."""

from __future__ import annotations

from dataclasses import dataclass

from runstone.server.domain.identity import Actor


@dataclass(frozen=True, slots=True)
class IngestAnswer:
    next_offset: int
    entity: str  # as decided: a journal may leave it to the key's default
    project: str
    run: str
    stop_requested: bool = False


class Ingest:
    def journal(
        self,
        actor: Actor,
        entity: str,
        project: str,
        run_id: str,
        *,
        writer: str,
        offset: int,
        body: bytes | memoryview,
    ) -> IngestAnswer:
        """Apply the records of `body`, the bytes of the journal from `offset` on. An empty body is
        a heartbeat. Bytes already applied are passed over. Raises OffsetMismatch where the offset
        lies ahead of what was applied (it carries the one wanted), Invalid for damaged records
        (the sound ones before it are applied and its offset is named), MissingFile for a record
        whose file has not arrived (those before it are applied).

        Order: rows into the history first, then everything else and the new offset in one
        transaction; each is idempotent by offset, so a crash in between is healed by the re-send.
        """
        raise NotImplementedError

    def next_offset(self, actor: Actor, entity: str, project: str, run_id: str, *, writer: str) -> int:
        """0 for a writer or a run never seen."""
        raise NotImplementedError
