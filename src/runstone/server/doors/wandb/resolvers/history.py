"""What runs logged: rows by step, system samples, console lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from runstone.server.domain.errors import Invalid
from runstone.server.domain.runs import ENDED, Run
from runstone.server.doors.wandb import clock, ids, jsonx
from runstone.server.doors.wandb.gql.binding import Fields, maps
from runstone.server.doors.wandb.gql.call import Call
from runstone.server.doors.wandb.lines import console_lines, history_stream, next_lines
from runstone.server.doors.wandb.resolvers.base import connection, page_size
from runstone.server.stores.console.contract import Line
from runstone.server.stores.history.contract import KeyInfo, Row, Space

run = Fields("Run")

SAMPLES = 500
SAMPLES_MAX = 100_000
KEYS_PAGE = 10_000
LINES_MAX = 10_000


def wire_row(row: Row) -> dict[str, Any]:
    """A row as this wire has it."""
    return {"_step": row.step, "_timestamp": row.timestamp, "_runtime": row.runtime, **row.values}


@run("history")
def history(
    parent: Run,
    call: Call,
    samples: int | None = None,
    min_step: int | None = None,
    max_step: int | None = None,
    max_key_limit: int | None = None,
) -> list[str]:
    rows = call.domain.history.sample(
        call.signed_in(),
        parent.key,
        keys=None,
        samples=_samples(samples),
        min_step=min_step,
        max_step=None if max_step is None else max_step - 1,
    )
    return [jsonx.dumps(wire_row(row)) for row in rows]


@run("events")
def events(parent: Run, call: Call, samples: int | None = None) -> list[str]:
    rows = call.domain.history.sample(
        call.signed_in(), parent.key, keys=None, samples=_samples(samples), space="system"
    )
    return [jsonx.dumps(_event(row)) for row in rows]


def _event(row: Row) -> dict[str, Any]:
    # A system row's step is its time, which readers of this wire do not know as a step.
    return {"_wandb": True, "_timestamp": row.timestamp, "_runtime": row.runtime, **row.values}


@run("sampledHistory")
def sampled_history(parent: Run, call: Call, specs: Sequence[str]) -> list[Any]:
    return [_sampled(parent, call, spec) for spec in specs]


@run("sampledParquetHistory")
def sampled_parquet_history(parent: Run, call: Call, specs: Sequence[str]) -> list[Any]:
    return [_sampled(parent, call, spec) for spec in specs]


_OWN = ("_step", "_timestamp", "_runtime")


def _sampled(parent: Run, call: Call, text: str) -> list[dict[str, Any]]:
    """Rows that hold all the keys of one spec, only with those keys; without keys, whole rows."""
    call.budget.check()  # one field may ask for many specs
    spec = jsonx.parse_map(text, what="specs") or {}
    keys = list(dict.fromkeys(spec.get("keys") or ()))
    if not all(isinstance(key, str) for key in keys):
        raise Invalid("A spec's keys must be a list of texts.")
    logged = [key for key in keys if key not in _OWN]
    wanted = _samples(_whole(spec.get("samples"), "samples"))
    low, high = _whole(spec.get("minStep"), "minStep"), _whole(spec.get("maxStep"), "maxStep")
    rows = call.domain.history.sample(
        call.signed_in(),
        parent.key,
        keys=logged or None,
        samples=wanted,
        min_step=low,
        max_step=high,
        require_all=True,
    )
    if not keys:
        return [wire_row(row) for row in rows]
    found = (wire_row(row) for row in rows)
    return [{key: row[key] for key in keys if key in row} for row in found]


def _samples(given: int | None) -> int:
    if given is None:
        return SAMPLES
    if given < 0:
        raise Invalid(f"samples is {given}; it must be 0 or more.")
    return min(given, SAMPLES_MAX)


def _whole(value: Any, what: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Invalid(f"{what} is {value!r:.50}, not a number.")
    if not abs(value) < 2**63:  # NaN neither
        raise Invalid(f"{what} is {value!r:.50}; it must fit 64 bits.")
    return int(value)


@run("parquetHistory")
def parquet_history(parent: Run, call: Call, live_keys: Sequence[str]) -> dict[str, Any]:
    """A finished run is one file. A live one is read by pages, which clients do where both lists are
    empty; so is one that logged maps (media, histograms), which the clients' reader of files cannot
    give back (it takes a key for a flat column)."""
    actor = call.signed_in()
    info = call.domain.history.info(actor, parent.key)
    if parent.state not in ENDED or not info.rows or _has_maps(call, parent):
        return {"parquetUrls": [], "liveData": []}
    return {"parquetUrls": [call.links.get_history(parent.key, info.version)], "liveData": []}


def _has_maps(call: Call, parent: Run) -> bool:
    return any(info.kind == "json" for info in _all_keys(call, parent))


def _all_keys(call: Call, parent: Run) -> list[KeyInfo]:
    found: list[KeyInfo] = []
    after = ""
    while True:
        page = call.domain.history.keys(call.signed_in(), parent.key, after=after, limit=KEYS_PAGE)
        found += page
        if len(page) < KEYS_PAGE:
            return found
        after = page[-1].name


@run("historyKeys")
def history_keys(parent: Run, call: Call) -> dict[str, Any]:
    info, found, last = call.domain.history.overview(call.signed_in(), parent.key, keys_max=KEYS_PAGE)
    if last is None:
        return {"keys": {}, "sets": [], "lastStep": -1}
    if len(found) == KEYS_PAGE:
        found = _all_keys(call, parent)
    keys = {key.name: _key(_kind(key), key.count, key.last) for key in found}
    for name, value in (("_step", last.step), ("_timestamp", last.timestamp), ("_runtime", last.runtime)):
        keys[name] = _key("number", info.rows, value, monotonic=True)
    return {"keys": keys, "sets": [], "lastStep": info.last_step}


def _key(kind: str, count: int, last: Any, *, monotonic: bool = False) -> dict[str, Any]:
    return {"typeCounts": [{"type": kind, "count": count}], "monotonic": monotonic, "previousValue": last}


def _kind(info: KeyInfo) -> str:
    if info.kind in ("number", "integer"):
        return "number"
    if info.kind == "bool":
        return "boolean"
    if info.kind == "string":
        return "string"
    if isinstance(info.last, Mapping):
        return str(info.last.get("_type") or "map")
    return "list" if isinstance(info.last, list) else "unknown"


# -- where a resumed client goes on


@run("historyLineCount")
def history_line_count(parent: Run, call: Call) -> int:
    return _next_line(parent, call, "history")


@run("eventsLineCount")
def events_line_count(parent: Run, call: Call) -> int:
    return _next_line(parent, call, "system")


def _next_line(parent: Run, call: Call, space: Space) -> int:
    return call.of_page(
        f"lines {space}",
        parent.key,
        lambda page: next_lines(call.domain, call.signed_in(), page, space),
    )


@run("logLineCount")
def log_line_count(parent: Run, call: Call) -> int:
    return console_lines(call.domain, call.signed_in(), parent.key)


@run("historyTail")
def history_tail(parent: Run, call: Call) -> str:
    rows = call.domain.history.tail(call.signed_in(), parent.key, 1)
    # 0.16 takes the last element for a map without asking whether there is one (`sender.py`, _setup_resume).
    return jsonx.dumps([jsonx.dumps(wire_row(row)) for row in rows] or ["{}"])


@run("eventsTail")
def events_tail(parent: Run, call: Call) -> str:
    rows = call.domain.history.tail(call.signed_in(), parent.key, 1, space="system")
    return jsonx.dumps([jsonx.dumps(_event(row)) for row in rows])


# -- console


@run("logLines")
def log_lines(
    parent: Run,
    call: Call,
    last: int | None = None,
    first: int | None = None,
    after: str | None = None,
    use_improved_pagination: bool | None = None,
) -> dict[str, Any]:
    """Lines by number: the last ones, or page by page from the first."""
    actor = call.signed_in()
    writers = call.domain.console.writers(actor, parent.key)
    own = [info for info in writers if info.writer == history_stream()] or list(writers[:1])
    if not own:
        return connection([], [], has_next=False)
    writer = own[0]
    if last is not None:
        size = page_size(last, LINES_MAX, most=LINES_MAX)
        lines = (
            call.domain.console.read(actor, parent.key, writer.writer, start=-size, limit=size)
            if size
            else []
        )
        has_next = False
    else:
        size = page_size(first, 1000, most=LINES_MAX)
        seen = ids.cursor_text(after)
        place = ids.number_of(seen)
        start = 0 if place is None else place + 1
        lines = call.domain.console.read(actor, parent.key, writer.writer, start=start, limit=size + 1)
        has_next = len(lines) > size
        lines = lines[:size]
    nodes = [_log_line(line, writer.label) for line in lines]
    cursors = [ids.cursor(str(line.number)) for line in lines]
    return connection(nodes, cursors, has_next=has_next, has_previous=bool(after))


def _log_line(line: Line, label: str) -> dict[str, Any]:
    return {
        "number": line.number,
        "timestamp": clock.iso_fine(line.timestamp),
        "level": "error" if line.stream else None,
        "label": label or None,
        "line": line.text,
    }


FIELDS = [run, *maps("ParquetHistory", "LogLineConnection", "LogLineEdge", "LogLine")]
