"""The live handle of a run: what `init` returns and a training script holds."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import msgspec

from runstone.journal.format import JournalError
from runstone.journal.kinds import AlertRaised, Kind, Mark, Patch, RunFields
from runstone.journal.writer import JournalClosedError
from runstone.sdk import values as plain
from runstone.sdk.artifacts.methods import ArtifactMethods
from runstone.sdk.config import Config
from runstone.sdk.errors import UsageError, unknown_attribute
from runstone.sdk.metrics import Definitions, definition
from runstone.sdk.recorder import Recorder, encode, sound_text
from runstone.sdk.run_identity import RunIdentity
from runstone.sdk.summary import Summary

if TYPE_CHECKING:
    from runstone.journal.kinds import MetricDefinition
    from runstone.sdk.console.redirect import Redirection
    from runstone.sdk.console.wrap import Wrapping
    from runstone.sdk.files import RunFiles
    from runstone.sdk.redact import Redactor
    from runstone.sdk.settings import Settings

_ROW = int(Kind.ROW)
_RESERVED = frozenset({"_step", "_timestamp", "_runtime"})
_LEVELS = ("INFO", "WARN", "ERROR")
_time = time.time
_monotonic = time.monotonic


class Run(RunIdentity, ArtifactMethods):
    """One experiment while it runs. Safe for threads; a forked child goes on in the same run.

    Made by `init`. `log` is the only call that belongs in a training loop.
    """

    def __init__(
        self,
        *,
        fields: RunFields,
        settings: Settings,
        recorder: Recorder | None,
        redactor: Redactor,
        config: Mapping[str, Any],
        locked: frozenset[tuple[str, ...]] = frozenset(),
        step: int = 0,
        runtime: float = 0.0,
        earlier_summary: Mapping[str, Any] | None = None,
        resumed: bool = False,
        base_url: str = "",
    ) -> None:
        self._fields = fields
        self._settings = settings
        self._recorder = recorder
        self._redactor = redactor
        self._base_url = base_url
        self._resumed = resumed
        self._step = step
        self._lock = threading.Lock()
        self._started = _monotonic() - runtime
        self._start_time = fields.started_at or _time()
        self._known: set[str] = set()
        self._finished = False
        self._preempting = False
        self._files: RunFiles | None = None
        self._definitions = Definitions()
        self._media_count: dict[str, int] = {}
        self._teardown: list[Callable[[], None]] = []  # what `watch` hooked into models
        self._ends: list[Callable[[], None]] = []  # what is to be undone when the run finishes
        self._resume_file = ""
        self._console: Redirection | Wrapping | None = None
        self.config = Config(dict(config), (), self._config_changed, locked)
        self.summary = Summary(
            recorder, self._definitions, dict(earlier_summary or {}), self._summary_changed
        )

    # --- logging

    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
        sync: bool | None = None,
    ) -> None:
        """Record a row of values under names. What this returned from survives `kill -9`.

        data: numbers, booleans, text, nested maps, media. step: any integer, in any order; without
        it rows count up from the last. commit=False keeps the count where it is, so that the next
        call adds to the same row; with a step given that is the default. Rows of one step are merged
        key by key, the later value stands. `sync` is accepted and means nothing.

        Raises UsageError for what is no map of names, or no integer step. Costs microseconds.
        """
        now = _time()
        runtime = _monotonic() - self._started
        try:
            kinds = set(map(type, data.values()))
            is_plain = kinds <= plain.NO_INT and data.keys() <= self._known
        except (AttributeError, TypeError):
            raise UsageError(
                f"log() takes a map of names to values, met {type(data).__name__}: {str(data)[:60]!r}."
            ) from None
        if step is None:
            with self._lock:
                step = self._step
                if commit is not False:
                    self._step = step + 1
        else:
            if type(step) is not int:
                step = plain.integer_step(step)
            if commit:
                if step >= self._step:
                    self._step = step + 1
            elif step > self._step:
                self._step = step
        if not is_plain or type(data) is not dict:
            data, now = self._plain_row(data, kinds, step, now)
        try:
            self._append(_ROW, encode((step, now, runtime, data)))
        except (OSError, JournalClosedError, JournalError, UnicodeEncodeError) as error:
            self._log_with_trouble(step, now, runtime, data, error)

    def _append(self, kind: int, payload: bytes) -> None:
        """Replaced by the journal's own `append` where there is one: see `_bind`."""
        assert self._recorder is None  # mode disabled
        step, now, runtime, data = msgspec.msgpack.decode(payload)
        self.summary.take(step, now, runtime, data)

    def _bind(self) -> None:
        """Let `log` call the journal of this process without a detour."""
        if self._recorder is not None:
            writer = self._recorder.writer
            self._append = (  # type: ignore[method-assign]
                writer.append if writer is not None else self._append_or_count
            )

    def _append_or_count(self, kind: int, payload: bytes) -> None:
        assert self._recorder is not None
        if self._recorder.append(kind, payload):
            self._bind()

    def _plain_row(
        self, data: Mapping[str, Any], kinds: set[type], step: int, now: float
    ) -> tuple[Mapping[str, Any], float]:
        """The values made plain, and the time of the row."""
        if type(data) is dict and kinds <= plain.PLAIN:
            if int in kinds:
                for value in data.values():
                    if type(value) is int and not plain.INT_MIN <= value <= plain.INT_MAX:
                        break
                else:
                    kinds.discard(int)
            if int not in kinds:
                if data.keys() <= self._known:
                    return data, now
                if all(type(key) is str for key in data) and _RESERVED.isdisjoint(data):
                    self._known.update(data)
                    return data, now
        found = plain.row_values(data, _Media(self), step)
        if not _RESERVED.isdisjoint(found):
            # What another tool's rows carry of their own: the time stands, step and runtime are ours.
            stamp = found.pop("_timestamp", None)
            if isinstance(stamp, (int, float)):
                now = float(stamp)
            found.pop("_step", None)
            found.pop("_runtime", None)
        return found, now

    def _log_with_trouble(
        self, step: int, now: float, runtime: float, data: Mapping[str, Any], error: Exception
    ) -> None:
        if self._finished:
            raise UsageError(
                f"Run {self.id!r} is finished: log() came too late. "
                "Log before finish(), or begin another run."
            ) from None
        if isinstance(error, UnicodeEncodeError):  # half a surrogate pair, in a name or a value
            payload = encode((step, now, runtime, sound_text(data)))
        else:
            payload = encode((step, now, runtime, data))
        recorder = self._recorder
        assert recorder is not None
        if isinstance(error, JournalError) and len(data) > 1:
            # One record would be too long. Rows of one step are merged, so two say the same.
            names = list(data)
            for part in (names[: len(names) // 2], names[len(names) // 2 :]):
                half = {name: data[name] for name in part}
                try:
                    recorder.writer.append(_ROW, encode((step, now, runtime, half)))  # type: ignore[union-attr]
                except (OSError, JournalClosedError, JournalError) as again:
                    self._log_with_trouble(step, now, runtime, half, again)
            return
        if isinstance(error, UnicodeEncodeError):
            recorder.append(_ROW, payload)
        else:
            recorder.recover(_ROW, payload, error)
        self._bind()

    def __repr__(self) -> str:
        return f"<Run {self.path!r}{' (finished)' if self._finished else ''}>"

    def __getattr__(self, name: str) -> Any:
        raise unknown_attribute("run", name)

    # --- what belongs to it

    def define_metric(
        self,
        name: str,
        step_metric: Any = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | Sequence[str] | None = None,
        goal: str | None = None,
        overwrite: bool | None = None,
    ) -> MetricDefinition:
        """Say how a metric, or all that match a glob like `val/*`, is drawn and summed up.

        step_metric: the metric its charts have as x. summary: any of min, max, mean, best, first,
        last, copy, none, as "min,max" or a list. goal: minimize or maximize, for best. hidden: no
        chart of its own.
        """
        defined = definition(
            name, step_metric=step_metric, step_sync=step_sync, hidden=hidden, summary=summary, goal=goal
        )
        self._definitions.add(defined)
        self._record(Kind.METRIC, defined)
        return defined

    def alert(self, title: str, text: str = "", level: Any = None, wait_duration: Any = None) -> None:
        """Tell people. level: INFO, WARN or ERROR. wait_duration: seconds (or a timedelta) in which
        further alerts of this title are dropped, 60 by default."""
        name = str(getattr(level, "value", level) or "INFO").upper()
        if name not in _LEVELS:
            raise UsageError(f"alert() level {level!r} is not known. Use {', '.join(_LEVELS)}.")
        wait = wait_duration.total_seconds() if hasattr(wait_duration, "total_seconds") else wait_duration
        self._record(
            Kind.ALERT,
            AlertRaised(
                title=str(title),
                text=self._redactor.text(str(text)),
                level=name,
                at=_time(),
                wait_seconds=60.0 if wait is None else float(wait),
            ),
        )

    def mark_preempting(self) -> None:
        """This process is about to be taken off its machine; that is no crash."""
        self._preempting = True
        self._record(Kind.MARK, Mark(preempting=True, at=_time()))

    def save(
        self, glob_str: str | os.PathLike[str], base_path: str | None = None, policy: str = "live"
    ) -> list[str]:
        """Keep files with the run, named relative to `base_path` (default: the current folder, or the
        folder of a pattern that lies elsewhere). policy: now, live (again when they change) or end.
        Returns the paths they are kept under. Raises UsageError where a name would leave the run."""
        if self._recorder is None:
            return []
        return self._file_store().save(os.fspath(glob_str), base_path, policy)

    def log_code(
        self,
        root: str | None = ".",
        name: str | None = None,
        include_fn: Callable[..., bool] | None = None,
        exclude_fn: Callable[..., bool] | None = None,
    ) -> list[str]:
        """Keep the source files below `root` (`.py` and `.ipynb`, or what `include_fn(path)` wants)
        under `code/`. Returns their names."""
        if self._recorder is None:
            return []
        return self._file_store().log_code(root or ".", include_fn, exclude_fn)

    def watch(
        self,
        models: Any,
        criterion: Any = None,
        log: str | None = "gradients",
        log_freq: int = 1000,
        idx: int | None = None,
        log_graph: bool = False,
    ) -> None:
        """Log histograms of a torch model's gradients and parameters, each `log_freq` backward passes."""
        from runstone.sdk.watch import watch

        self._teardown.append(watch(self, models, log=log, log_freq=log_freq))

    def unwatch(self, models: Any = None) -> None:
        while self._teardown:
            self._teardown.pop()()

    # --- its end

    def finish(
        self, exit_code: int | None = None, quiet: bool | None = None, timeout: float | None = None
    ) -> None:
        """End the run: exit code 0 is finished, any other failed. Waits at most `timeout` seconds
        (settings: finish_timeout) for what was logged to reach the server; what is left then is sent
        in the background, and by `runstone sync` at the latest. A second call does nothing."""
        if exit_code is not None and not isinstance(exit_code, int):
            raise UsageError(f"finish() exit_code is an integer, met {exit_code!r}.")
        if quiet:
            self._settings.silent = True
        from runstone.sdk.ending import finish

        finish(self, exit_code or 0, timeout=timeout)

    def join(self, exit_code: int | None = None) -> None:
        self.finish(exit_code)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.finish(0)
        else:
            from runstone.sdk.hooks import end_by_exception

            end_by_exception(self, error)

    def __reduce__(self) -> tuple[Any, ...]:
        """A spawned process that gets this handle goes on in the same run."""
        from runstone.sdk.attach import attach, description

        return (attach, (description(self),))

    # --- within the package

    def _record(self, kind: Kind, value: Any) -> None:
        recorder = self._recorder
        if recorder is None:
            return
        if self._finished:
            raise UsageError(f"Run {self.id!r} is finished and cannot be changed any more.")
        recorder.write(kind, value)
        if recorder.writer is not None and self._append is not recorder.writer.append:
            self._bind()

    def _change(self, **fields: Any) -> None:
        self._fields = msgspec.structs.replace(self._fields, **fields)
        self._record(Kind.RUN, RunFields(**fields))

    def _config_changed(self, set_: list[tuple[list[str], Any]], unset: list[list[str]]) -> None:
        hidden = [(path, self._redactor.value(value, path[-1])) for path, value in set_]
        self._record(Kind.CONFIG, Patch(set=hidden, unset=unset, at=_time()))

    def _summary_changed(self, set_: list[tuple[list[str], Any]], unset: list[list[str]]) -> None:
        self._record(Kind.SUMMARY, Patch(set=set_, unset=unset, at=_time()))

    def _file_store(self) -> RunFiles:
        if self._files is None:
            from runstone.sdk.files import RunFiles

            assert self._recorder is not None
            self._files = RunFiles(self._recorder)
        return self._files

    def _after_fork_in_child(self) -> None:
        self._lock = threading.Lock()
        if self._console is not None:
            self._console.after_fork_in_child()
        if self._recorder is not None:
            self._recorder.after_fork()


class _Media:
    """Where the media of one row put their files."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def keep(self, name: str, data: bytes) -> str:
        if self._run._recorder is None:
            return name
        return self._run._file_store().keep(name, data)

    def copy(self, name: str, source: str) -> str:
        if self._run._recorder is None:
            return name
        return self._run._file_store().copy(name, source)
