"""A run handle in another process: what a spawned worker gets when the handle is passed to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from runstone.journal.kinds import RunFields
from runstone.sdk.recorder import Recorder, Watching

if TYPE_CHECKING:
    from runstone.sdk.run import Run


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """All another process needs to write into a run; holds no key."""

    fields: RunFields
    folder: str
    watching: Watching | None
    mode: str
    base_url: str
    config: dict[str, Any]
    step: int
    runtime: float
    silent: bool
    pid: int


def description(run: Run) -> bytes:
    recorder = run._recorder
    from time import monotonic

    return msgspec.msgpack.encode(
        Description(
            fields=run._fields,
            folder=run.folder,
            watching=recorder._watching if recorder is not None else None,
            mode=run.mode,
            base_url=run._base_url,
            config=run.config.as_dict(),
            step=run.step,
            runtime=monotonic() - run._started,
            silent=bool(run.settings.silent),
            pid=os.getpid(),
        )
    )


def attach(data: bytes) -> Run:
    """The run in this process: itself where it was begun, else a handle with a journal of its own,
    whose end does not end the run."""
    from runstone.sdk import hooks
    from runstone.sdk.redact import Redactor, environment_secrets
    from runstone.sdk.run import Run
    from runstone.sdk.settings import Settings

    said = msgspec.msgpack.decode(data, type=Description)
    for known in hooks.live_runs():
        if known.id == said.fields.run and known.folder == said.folder:
            return known
    recorder = None
    if said.watching is not None:
        fields = msgspec.structs.replace(
            said.fields, primary=False, resume="allow", fork_of=None, fork_step=None
        )
        recorder = Recorder(said.folder, fields, said.watching, secondary=True)
        recorder.wake_uplink()
    run = Run(
        fields=said.fields,
        settings=Settings(mode=said.mode, silent=True, finish_timeout=0.0),
        recorder=recorder,
        redactor=Redactor(environment_secrets(os.environ)),
        config=said.config,
        step=said.step,
        runtime=said.runtime,
        base_url=said.base_url,
    )
    run._bind()
    hooks.watch(run)
    from runstone.sdk.recorder import at_child_exit

    at_child_exit(run)
    return run
