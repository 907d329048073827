"""Who a run is and how it goes: its names, its place, its address, its folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runstone.journal.kinds import RunFields
from runstone.sdk.config import Config
from runstone.sdk.errors import UsageError
from runstone.sdk.recorder import Recorder

if TYPE_CHECKING:
    from runstone.sdk.files import RunFiles
    from runstone.sdk.settings import Settings


class RunIdentity:
    """Part of `Run`."""

    config: Config
    _fields: RunFields
    _settings: Settings
    _recorder: Recorder | None
    _base_url: str
    _resumed: bool
    _step: int
    _start_time: float
    _finished: bool

    if TYPE_CHECKING:

        def _change(self, **fields: Any) -> None: ...

        def _file_store(self) -> RunFiles: ...

    @property
    def id(self) -> str:
        """The run's id: in its address, and what `init(id=…)` takes."""
        return self._fields.run

    @property
    def name(self) -> str:
        """The display name; the server gives one where there is none."""
        return self._fields.display_name or ""

    @name.setter
    def name(self, value: str) -> None:
        self._change(display_name=str(value))

    @property
    def notes(self) -> str | None:
        return self._fields.notes

    @notes.setter
    def notes(self, value: str) -> None:
        self._change(notes=str(value))

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self._fields.tags or ())

    @tags.setter
    def tags(self, value: Sequence[str]) -> None:
        if isinstance(value, str):
            raise UsageError(f"tags is a sequence of texts, met the text {value!r}. Use ({value!r},).")
        self._change(tags=[str(tag) for tag in value])

    @property
    def group(self) -> str:
        return self._fields.group or ""

    @property
    def job_type(self) -> str:
        return self._fields.job_type or ""

    @property
    def project(self) -> str:
        return self._fields.project

    def project_name(self) -> str:
        return self._fields.project

    @property
    def entity(self) -> str:
        """ "" until a server has said whose key this is."""
        return self._fields.entity

    @property
    def path(self) -> str:
        return "/".join(part for part in (self.entity, self.project, self.id) if part)

    @property
    def url(self) -> str | None:
        """Where to look at it; None where no server is known, or the run goes to none."""
        if not self._base_url or self._settings.mode != "online":
            return None
        from urllib.parse import quote

        parts = (self.entity or "-", self.project, "runs", self.id)
        return "/".join([self._base_url, *(quote(part, safe="") for part in parts)])

    def get_url(self) -> str | None:
        return self.url

    @property
    def step(self) -> int:
        """The step that the next `log` without one goes to."""
        return self._step

    @property
    def sweep_id(self) -> str | None:
        return self._fields.sweep

    @property
    def start_time(self) -> float:
        """Unix seconds."""
        return self._start_time

    @property
    def starting_step(self) -> int:
        return self._fields.fork_step + 1 if self._fields.fork_step is not None else 0

    @property
    def dir(self) -> str:
        """The folder of the run's files."""
        return self._file_store().folder if self._recorder is not None else os.devnull

    @property
    def folder(self) -> str:
        """The run folder: journals and files. "" in mode disabled."""
        return self._recorder.folder if self._recorder is not None else ""

    @property
    def mode(self) -> str:
        return str(self._settings.mode)

    @property
    def offline(self) -> bool:
        return self.mode == "offline"

    @property
    def disabled(self) -> bool:
        return self.mode == "disabled"

    @property
    def resumed(self) -> bool:
        return self._resumed

    @property
    def is_finished(self) -> bool:
        return self._finished

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def config_static(self) -> dict[str, Any]:
        return self.config.as_dict()

    def stop_requested(self) -> bool:
        """Has somebody asked, in the web page or by the API, that this run end?"""
        return bool(self.folder) and os.path.exists(os.path.join(self.folder, "stop"))
