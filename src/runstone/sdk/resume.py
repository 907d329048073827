"""What is known of a run that `init` is to continue: from the server, or from this host's own folders."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from runstone.sdk.errors import ResumeError

if TYPE_CHECKING:
    from collections.abc import Iterator

RESUME_FILE = "resume.json"


class Earlier(NamedTuple):
    """A run as it stood. step: its highest; -1 where it logged nothing. runtime: seconds so far."""

    step: int
    runtime: float
    config: dict[str, Any]
    summary: dict[str, Any]
    entity: str = ""


def on_server(
    base_url: str, api_key: str | None, entity: str, project: str, run: str, *, seconds: float
) -> Earlier | None:
    """None where the server has no such run. Raises ResumeError where it does not say, within about
    `seconds`."""
    from runstone.client.connection import NO_RETRIES, Timeouts
    from runstone.client.errors import ClientError, NotFound
    from runstone.client.native import Client

    timeouts = Timeouts(connect=seconds, read=seconds, write=seconds)
    try:
        with Client(base_url or None, api_key, timeouts=timeouts, retries=NO_RETRIES) as client:
            try:
                record = client.run(entity, project, run)
            except NotFound:
                return None
            step = record.summary.get("_step")
            if not isinstance(step, int):
                steps = [key.last_step for key in client.keys(entity, project, run)]
                step = max((last for last in steps if last is not None), default=-1)
    except ClientError as error:
        raise ResumeError(
            f"Run {run!r} cannot be resumed: {error} Try again, or log offline with mode='offline'."
        ) from error
    summary = dict(record.summary)
    runtime = summary.get("_runtime")
    return Earlier(
        step=step,
        runtime=float(runtime) if isinstance(runtime, (int, float)) else float(record.duration or 0.0),
        config=dict(record.config),
        summary=summary,
        entity=record.entity,
    )


def on_host(root: str, run: str) -> Earlier | None:
    """The run as the journals below `root` (a folder of run folders) tell it; None where none does."""
    from runstone.journal.format import JournalError
    from runstone.journal.kinds import Kind, Patch, Row, RunFields
    from runstone.journal.reader import read_records
    from runstone.sdk.metrics import Definitions, Derived

    decoders = {
        kind: msgspec.msgpack.Decoder(shape)
        for kind, shape in (
            (Kind.RUN, RunFields),
            (Kind.CONFIG, Patch),
            (Kind.SUMMARY, Patch),
            (Kind.ROW, Row),
        )
    }
    config: dict[str, Any] = {}
    explicit: dict[str, Any] = {}
    derived = Derived(Definitions())
    step, runtime, found = -1, 0.0, False
    for path in _journals(root, run):
        try:
            for number, record in enumerate(read_records(path)):
                decoder = decoders.get(record.kind)  # type: ignore[call-overload]
                if decoder is None:
                    continue
                value: Any = decoder.decode(record.payload)
                if isinstance(value, RunFields):
                    if number == 0 and value.run != run:
                        break
                    found = True
                elif isinstance(value, Row):
                    step = max(step, value.step)
                    runtime = max(runtime, value.runtime)
                    derived.take(value.step, value.timestamp, value.runtime, value.values)
                else:
                    _apply(value, config if record.kind == Kind.CONFIG else explicit)
        except (OSError, JournalError, msgspec.DecodeError):
            continue  # what is sound before it counts
    return Earlier(step, runtime, config, derived.values | explicit) if found else None


def _journals(root: str, run: str) -> Iterator[str]:
    try:
        folders = sorted(
            name for name in os.listdir(root) if name.startswith("run-") and name.endswith(f"-{run}")
        )
    except OSError:
        return
    for folder in folders:
        for name in sorted(os.listdir(os.path.join(root, folder))):
            if name.endswith(".journal"):
                yield os.path.join(root, folder, name)


def _apply(patch: Any, to: dict[str, Any]) -> None:
    for path, value in patch.set:
        holder = to
        for part in path[:-1]:
            inner = holder.get(part)
            if not isinstance(inner, dict):
                inner = holder[part] = {}
            holder = inner
        holder[path[-1]] = value
    for path in patch.unset:
        holder = to
        for part in path[:-1]:
            holder = holder.get(part, {}) if isinstance(holder, dict) else {}
        if isinstance(holder, dict):
            holder.pop(path[-1], None)


def remembered(root: str) -> str:
    """The run that `resume="auto"` continues here: the last one that did not end well; "" for none."""
    try:
        with open(os.path.join(root, RESUME_FILE), "rb") as file:
            said = msgspec.json.decode(file.read())
    except (OSError, msgspec.DecodeError):
        return ""
    run = said.get("run") if isinstance(said, dict) else None
    return run if isinstance(run, str) else ""


def remember(root: str, run: str) -> str:
    """Let `remembered` find this run from now on; returns the file to remove once it has ended well."""
    path = os.path.join(root, RESUME_FILE)
    temporary = f"{path}.{os.getpid()}"
    try:
        with open(temporary, "wb") as file:
            file.write(msgspec.json.encode({"run": run}))
        os.replace(temporary, path)
    except OSError:
        return ""
    return path
