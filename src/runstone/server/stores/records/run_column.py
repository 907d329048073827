"""One column of the runs of a project, in memory, ready to be compared and sorted at once.

A cell has a kind; numbers and booleans lie in `numbers`, texts (strings, and lists and maps as
JSON) are numbered in the order they were met, and lie in `codes`. Arrays are as long as the
project has runs.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from runstone.server.stores.records import codec

Bools = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MISSING, NULL, BOOL, NUMBER, STRING, JSON, NON_FINITE = range(7)
INTEGER_EXACT_MAX = 2**53

_TEXT_BYTES = 60  # what a short string costs beside its characters


class Column:
    def __init__(self) -> None:
        self._kinds = np.zeros(0, np.int8)
        self._numbers = np.zeros(0, np.float64)
        self._codes = np.zeros(0, np.int32)
        self._length = 0
        self.large: dict[int, int] = {}  # position -> integer that a float would round
        self.texts: list[str] = []
        self._code_of: dict[str, int] = {}
        self._ranks: Floats | None = None
        self._sorted: list[tuple[str, str]] = []
        self._folded: list[str] = []
        self._parsed: dict[int, Any] = {}
        self._text_bytes = 0

    # -- filling

    @property
    def length(self) -> int:
        return self._length

    @property
    def bytes(self) -> int:
        return self._kinds.nbytes + self._numbers.nbytes + self._codes.nbytes + self._text_bytes

    def grow(self, length: int) -> None:
        """Cells beyond the old length are missing."""
        if length > len(self._kinds):
            room = max(length, len(self._kinds) * 5 // 4 + 16)
            self._kinds = _grown(self._kinds, room)
            self._numbers = _grown(self._numbers, room)
            self._codes = _grown(self._codes, room)
        self._length = length

    def put(self, positions: Positions, values: Sequence[Any]) -> None:
        """Set cells to JSON values, strings in `codec`'s kept form, or `ABSENT`. Positions must lie
        below `length`."""
        if self.large:
            for position in positions.tolist():
                self.large.pop(position, None)
        if set(map(type, values)) == {float}:  # most columns are nothing else
            self._kinds[positions] = NUMBER
            self._numbers[positions] = values
            self._codes[positions] = 0
            return
        count = len(values)
        kinds, numbers, codes = bytearray(count), [0.0] * count, [0] * count
        code_of = self._code_of.get
        for i, value in enumerate(values):
            cls = value.__class__
            if cls is float:
                kinds[i] = NUMBER
                numbers[i] = value
            elif cls is str:
                if (known := code_of(value)) is not None:
                    kinds[i] = STRING
                    codes[i] = known
                elif value[:1] == codec.MARK and isinstance(plain := codec.unescape(value), float):
                    kinds[i] = NUMBER if math.isfinite(plain) else NON_FINITE
                    numbers[i] = plain
                else:
                    kinds[i] = STRING
                    codes[i] = self._code(value)
            elif cls is int:
                kinds[i] = NUMBER
                if -INTEGER_EXACT_MAX <= value <= INTEGER_EXACT_MAX:
                    numbers[i] = value
                else:
                    self.large[int(positions[i])] = value
                    numbers[i] = _nearest(value)
            elif cls is bool:
                kinds[i] = BOOL
                numbers[i] = value
            elif value is None:
                kinds[i] = NULL
            elif value is not ABSENT:
                kinds[i] = JSON
                codes[i] = self._code(codec.dumps_kept(value))
        self._kinds[positions] = np.frombuffer(kinds, np.int8)
        self._numbers[positions] = numbers
        self._codes[positions] = codes
        if len(self.texts) > 2 * self._length + 1000:
            self._forget_unused_texts()

    def make_room(self, at: Positions) -> None:
        """Insert missing cells before those positions (of the old numbering)."""
        length = self._length + len(at)
        for name in ("_kinds", "_numbers", "_codes"):
            setattr(self, name, np.insert(getattr(self, name)[: self._length], at, 0))
        if self.large:
            shifts = np.sort(at)
            self.large = {
                position + int(np.searchsorted(shifts, position, side="right")): value
                for position, value in self.large.items()
            }
        self._length = length

    def _code(self, text: str) -> int:
        code = self._code_of.get(text)
        if code is None:
            code = len(self.texts)
            self._code_of[text] = code
            self.texts.append(text)
            self._text_bytes += 2 * (_TEXT_BYTES + len(text))
            self._ranks = None
        return code

    def _forget_unused_texts(self) -> None:
        used = np.zeros(len(self.texts), bool)
        used[self.codes[self.has_text]] = True
        renumbered = np.cumsum(used) - 1
        kept = [text for text, keep in zip(self.texts, used.tolist(), strict=True) if keep]
        self._codes[: self._length] = np.where(self.has_text, renumbered[self.codes], 0)
        self.texts = kept
        self._code_of = {text: code for code, text in enumerate(kept)}
        self._text_bytes = sum(2 * (_TEXT_BYTES + len(text)) for text in kept)
        self._ranks = None
        self._folded = []
        self._parsed = {}

    # -- reading

    @property
    def kinds(self) -> npt.NDArray[np.int8]:
        return self._kinds[: self._length]

    @property
    def numbers(self) -> Floats:
        return self._numbers[: self._length]

    @property
    def codes(self) -> npt.NDArray[np.int32]:
        return self._codes[: self._length]

    @property
    def has_text(self) -> Bools:
        kinds = self.kinds
        found: Bools = (kinds == STRING) | (kinds == JSON)
        return found

    def code_of(self, text: str) -> int | None:
        return self._code_of.get(text)

    def where_text(self, kind: int, holds: Callable[[str], bool]) -> Bools:
        """Cells of that kind (STRING, JSON) whose text fulfils `holds`; asked once per text."""
        return self.where_codes(kind, [holds(text) for text in self.texts])

    def where_codes(self, kind: int, holds: Sequence[bool] | Bools) -> Bools:
        """`holds`: one per text."""
        if len(self.texts) == 0:
            return np.zeros(self._length, bool)
        table = np.asarray(holds, bool)
        found: Bools = (self.kinds == kind) & table[self.codes]
        return found

    def parsed(self, code: int) -> Any:
        """The list or map behind a text of kind JSON."""
        if code not in self._parsed:
            self._parsed[code] = codec.loads(self.texts[code])
        return self._parsed[code]

    def folded(self) -> list[str]:
        """Texts without regard to case, for searching."""
        for text in self.texts[len(self._folded) :]:
            self._folded.append(text.casefold())
        return self._folded

    def ranks(self) -> Floats:
        """Where each text stands among all, alphabetically, upper and lower case together."""
        if self._ranks is None:
            keyed = sorted((text.casefold(), text) for text in self.texts)
            ranks = np.zeros(len(keyed), np.float64)
            ranks[[self._code_of[text] for _, text in keyed]] = np.arange(len(keyed))
            self._sorted, self._ranks = keyed, ranks
        return self._ranks

    def rank_of(self, text: str) -> float:
        """The rank of a text, which need not be one of these: then between two ranks."""
        self.ranks()
        key = (text.casefold(), text)
        at = bisect.bisect_left(self._sorted, key)
        found = at < len(self._sorted) and self._sorted[at] == key
        return float(at) if found else at - 0.5

    def cell(self, position: int) -> Any:
        """The value as the domain has it; None where missing."""
        kind = int(self.kinds[position])
        if kind == NUMBER:
            number = self.large.get(position)
            return float(self.numbers[position]) if number is None else number
        if kind == BOOL:
            return bool(self.numbers[position])
        if kind == STRING:
            return codec.unescape(self.texts[self.codes[position]])
        if kind == JSON:
            return self.parsed(int(self.codes[position]))
        return float(self.numbers[position]) if kind == NON_FINITE else None


ABSENT: Any = msgspec.UNSET  # the cell has no value, not even null


def _nearest(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _grown(array: npt.NDArray[Any], room: int) -> npt.NDArray[Any]:
    grown = np.zeros(room, array.dtype)
    grown[: len(array)] = array
    return grown
