"""The keys that a project's runs have logged: told to the store where they are new."""

from __future__ import annotations

import threading
import time

from runstone.server.domain.errors import NotFound
from runstone.server.domain.identity import ProjectId, RunKey
from runstone.server.domain.places import Places
from runstone.server.stores.history.blocks import blocks_of
from runstone.server.stores.history.contract import HistoryStore, KeyKind, RowBatch

NOTED_SECONDS = 60.0
_NOTED_RUNS_MAX = 10_000
_NOTED_KEYS_MAX = 400_000
_LABEL = "/l:"


class NotedKeys:
    """Which keys are known to be noted; holds as many as its bounds say."""

    def __init__(self, store: HistoryStore, places: Places) -> None:
        self._store = store
        self._places = places
        self._lock = threading.Lock()
        self._blocks: dict[RunKey, tuple[float, set[int]]] = {}
        self._keys: dict[ProjectId, set[tuple[str, KeyKind]]] = {}

    def note(self, run: RunKey, batch: RowBatch) -> None:
        """Let the project know keys that it has not seen; cheap where there are none."""
        blocks = blocks_of(batch)
        marks = {hash((block.kind, *block.keys)) for block in blocks}
        noted = self._blocks.get(run)
        # Looked at again now and then: the run may have been moved to another project.
        fresh = noted is not None and time.monotonic() - noted[0] < NOTED_SECONDS
        if noted is not None and fresh and marks <= noted[1]:
            return
        try:
            project = self._places.of(run).project_id
        except NotFound:
            return  # purged meanwhile
        found = {(key.split(_LABEL, 1)[0] or key, block.kind) for block in blocks for key in block.keys}
        with self._lock:
            new = found - self._keys.get(project, set())
        if new:
            by_kind: dict[KeyKind, list[str]] = {}
            for key, kind in sorted(new):
                by_kind.setdefault(kind, []).append(key)
            for kind, keys in by_kind.items():
                self._store.note_keys(project, dict.fromkeys(keys, kind))
        with self._lock:
            if len(self._blocks) >= _NOTED_RUNS_MAX:
                self._blocks.clear()
            if noted is None or not fresh:
                noted = self._blocks[run] = (time.monotonic(), set())
            noted[1].update(marks)
            if sum(map(len, self._keys.values())) >= _NOTED_KEYS_MAX:
                self._keys.clear()
            self._keys.setdefault(project, set()).update(found)
