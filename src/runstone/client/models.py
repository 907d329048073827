"""What the native API answers, as frozen values. Times are Unix seconds. Fields that a newer server
adds are passed over; fields that an older one lacks have the defaults here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: str = "user"  # user, team, organization
    role: str = "member"  # viewer, member, admin


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    version: str = ""
    base_url: str = ""


class Me(msgspec.Struct, frozen=True, kw_only=True):
    username: str
    display_name: str = ""
    email: str = ""
    is_admin: bool = False
    read_only: bool = False  # the key may change nothing
    default_entity: str = ""
    entities: list[Membership] = []
    server: ServerInfo = ServerInfo()


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    id: int | str
    name: str = ""
    hint: str = ""
    key: str = ""  # only in the answer that made it
    created_at: float | None = None
    last_used_at: float | None = None
    expires_at: float | None = None
    read_only: bool = False


class Project(msgspec.Struct, frozen=True, kw_only=True):
    id: int | str = ""
    entity: str
    name: str
    description: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0
    run_count: int = 0
    settings: dict[str, Any] = {}


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it stood when it was asked for. config and summary are nested JSON with their
    infinities and NaN as floats; `environment` and `metrics` come only with a single run."""

    id: str
    entity: str
    project: str
    display_name: str = ""
    state: str = ""  # pending, running, finished, failed, crashed, killed, preempting, preempted
    username: str = ""
    group: str = ""
    job_type: str = ""
    notes: str = ""
    sweep: str = ""
    tags: list[str] = []
    host: str = ""
    program: str = ""
    command: list[str] = []
    config: dict[str, Any] = {}
    summary: dict[str, Any] = {}
    environment: dict[str, Any] = {}
    metrics: list[dict[str, Any]] = []
    created_at: float = 0.0
    started_at: float | None = None
    updated_at: float = 0.0
    heartbeat_at: float | None = None
    finished_at: float | None = None
    duration: float | None = None
    exit_code: int | None = None
    stop_requested: bool = False
    colour: int = 0
    fork_of: str = ""
    fork_step: int | None = None
    version: int = 0
    deleted_at: float | None = None
    ranks: int = 0


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    runs: list[RunRecord] = []
    next_cursor: str = ""  # "" at the end
    total: int = 0  # all that match, exact


class IngestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """next_offset: everything before it is kept by the server."""

    next_offset: int
    entity: str = ""
    project: str = ""
    run: str = ""
    stop_requested: bool = False


class KeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A metric key of a run: its numbers over all of its points. kind: number, text, json …"""

    name: str
    kind: str = ""
    count: int = 0
    first_step: int | None = None
    last_step: int | None = None
    min: float | None = None
    max: float | None = None
    last: Any = None


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """Over all points of a key in a range, none left out."""

    count: int = 0
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None
    first: float | None = None
    last: float | None = None


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    size: int = 0
    sha256: str = ""
    md5: str = ""
    mimetype: str = ""
    updated_at: float = 0.0


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a console: stream 0 is standard output, 1 standard error; ANSI codes are kept."""

    number: int
    stream: int
    timestamp: float
    text: str


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    entity: str = ""
    project: str = ""
    run: str = ""
    text: str = ""
    level: str = "INFO"
    at: float = 0.0


_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def convert(value: Any, kind: type[T]) -> T:
    """A decoded answer as `kind`; null is "not said". Raises BadAnswer."""
    from runstone.client.errors import BadAnswer

    if isinstance(value, Mapping):
        value = {name: item for name, item in value.items() if item is not None}
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadAnswer(f"The server's {kind.__name__} is not as this release expects: {error}.") from error


def run_record(value: Mapping[str, Any]) -> RunRecord:
    """A run with the numbers that JSON cannot hold put back into config and summary."""
    given = dict(value)
    for name in ("config", "summary"):
        given[name] = numbers(given.get(name) or {})
    return convert(given, RunRecord)


def numbers(value: Any) -> Any:
    """`value` with the strings "NaN", "Infinity" and "-Infinity" as the floats they stand for."""
    if isinstance(value, str):
        return _NUMBERS.get(value, value)
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [numbers(item) for item in value]
    return value


def plain(value: Any) -> Any:
    """The other way round, for a request: JSON would turn NaN into null."""
    if isinstance(value, float) and value not in (float("inf"), float("-inf")) and value == value:
        return value
    if isinstance(value, float):
        return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
