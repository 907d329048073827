"""`run.summary`: the last value of each metric, or what its definition asks for, and what was set by
hand, which stands."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import msgspec

from runstone.journal.format import HEADER_BYTES, JournalError
from runstone.journal.kinds import Kind, Row
from runstone.sdk.config import Change, Tree
from runstone.sdk.metrics import Definitions, Derived

if TYPE_CHECKING:
    from runstone.journal.writer import JournalWriter
    from runstone.sdk.recorder import Recorder

_HIDDEN = object()


class Summary(Tree):
    """Reading it derives values from the rows this process has logged since the last time."""

    _what = "summary"

    def __init__(
        self, recorder: Recorder | None, definitions: Definitions, earlier: dict[str, Any], changed: Change
    ) -> None:
        super().__init__({}, (), changed)
        object.__setattr__(self, "_recorder", recorder)
        object.__setattr__(self, "_derived", Derived(definitions))
        object.__setattr__(self, "_explicit", {})
        object.__setattr__(self, "_whole", dict(earlier))
        object.__setattr__(self, "_read_to", {})
        object.__setattr__(self, "_summary_lock", threading.RLock())

    _recorder: Recorder | None
    _derived: Derived
    _explicit: dict[str, Any]
    _whole: dict[str, Any]
    _read_to: dict[str, int]
    _summary_lock: Any

    def take(self, step: int, timestamp: float, runtime: float, values: dict[str, Any]) -> None:
        """A row that went to no journal (mode disabled)."""
        self._derived.take(step, timestamp, runtime, values)

    def _current(self) -> dict[str, Any]:
        with self._summary_lock:
            recorder = self._recorder
            if recorder is not None and recorder.writer is not None and not recorder.writer.is_foreign:
                self._read(recorder.writer)
            whole = self._whole
            whole.update(self._derived.values)
            whole.update(self._explicit)
            for key in [key for key, value in whole.items() if value is _HIDDEN]:
                del whole[key]
            return whole

    def _read(self, writer: JournalWriter) -> None:
        from runstone.journal.reader import JournalReader

        at = self._read_to.get(writer.path, HEADER_BYTES)
        if writer.offset == at:
            return
        decode = msgspec.msgpack.Decoder(Row).decode
        take = self._derived.take
        try:
            with JournalReader(writer.path) as reader:
                for record in reader.records(at):
                    at = record.end
                    if record.kind == Kind.ROW:
                        row = decode(record.payload)
                        take(row.step, row.timestamp, row.runtime, row.values)
        except (OSError, JournalError, msgspec.DecodeError):
            pass
        self._read_to[writer.path] = at

    def _set(self, fields: dict[str, Any]) -> None:
        with self._summary_lock:
            super()._set(fields)
            for key in fields:
                top = key if key in self._whole else key.split(".", 1)[0]
                if top in self._whole:
                    self._explicit[top] = self._whole[top]

    def __delitem__(self, key: str) -> None:
        with self._summary_lock:
            super().__delitem__(key)
            if key not in self._whole:
                self._explicit[key] = _HIDDEN
