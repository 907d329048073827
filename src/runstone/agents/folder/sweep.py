"""Sweeps in directories as commands see them: made, looked at, steered."""

from __future__ import annotations

import json
import os
import secrets
import string
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from runstone.agents.folder import rules
from runstone.agents.folder.errors import FolderError
from runstone.agents.folder.files import Files
from runstone.agents.folder.following import Folder
from runstone.agents.folder.source import FolderSource
from runstone.agents.folder.state import Agent, Draft, State, Trial
from runstone.agents.source import SweepSpec
from runstone.search.config import SweepConfig
from runstone.search.config_reading import parse
from runstone.search.endings import LEASE_SECONDS
from runstone.search.ranking import Front, Ranked, best_value, front, ranked

FORMAT = 1
LEASE_SECONDS_MIN, LEASE_SECONDS_MAX = 0.1, 24 * 3600.0
_ID_CHARS = string.ascii_lowercase + string.digits
T = TypeVar("T")


def is_folder(text: str) -> bool:
    """Whether what was given for a sweep is a directory that holds one, or can only be a path."""
    return text.startswith((".", "/", "~")) or (Path(text).expanduser() / "sweep.json").is_file()


def create_folder(
    config: Mapping[str, Any],
    directory: str | os.PathLike[str],
    *,
    text: str = "",
    project: str = "",
    entity: str = "",
    lease_seconds: float = LEASE_SECONDS,
) -> FolderSweep:
    """A pending sweep in a directory that is made if absent. text: the file as it was written. project,
    entity: where its runs are to be seen once they are brought to a server; else as the configuration
    says. Raises ConfigError with all that is wrong, FolderError where there is one already."""
    checked = parse(config)
    if checked.warm_start is not None:
        raise FolderError("warm_start needs a server, whose runs it names. Leave it out of this file.")
    if checked.sampler == "custom" or checked.is_local:
        raise FolderError(
            "In a directory nobody is asked what to try: method custom and a local controller need a "
            "server. Use any other method."
        )
    if not LEASE_SECONDS_MIN <= lease_seconds <= LEASE_SECONDS_MAX:
        raise FolderError(
            f"lease_seconds is {lease_seconds:g}; it must be {LEASE_SECONDS_MIN:g} to {LEASE_SECONDS_MAX:g}."
        )
    root = Path(directory).expanduser().absolute()
    kept = {
        "format": FORMAT,
        "id": "".join(secrets.choice(_ID_CHARS) for _ in range(8)),
        "entity": entity or str(config.get("entity") or ""),
        "project": project or str(config.get("project") or ""),
        "config": dict(checked.raw),
        "text": text,
        "seed": checked.seed if checked.seed is not None else secrets.randbits(31),
        "lease_seconds": lease_seconds,
        "created_at": time.time(),
    }
    try:
        content = json.dumps(kept, indent=1).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise FolderError(f"The sweep's configuration is not JSON that can be kept: {error}.") from None
    try:
        for name in ("tmp", "log", "state", "agents", "runs"):
            (root / name).mkdir(parents=True, exist_ok=True)
        made = Files(root, str(kept["id"])).create(root / "sweep.json", content)
    except OSError as error:
        raise FolderError(f"{root} cannot hold a sweep: {error.strerror or error}.") from None
    if not made:
        raise FolderError(f"{root} holds a sweep already. Give it a directory of its own.")
    return open_folder(root)


def open_folder(directory: str | os.PathLike[str]) -> FolderSweep:
    """Raises FolderError where the directory holds no sweep, or one of a later release."""
    root = Path(directory).expanduser().absolute()
    try:
        kept = json.loads((root / "sweep.json").read_bytes())
    except FileNotFoundError:
        raise FolderError(
            f"{root} holds no sweep. Make one: runstone sweep create FILE --folder {root}"
        ) from None
    except (OSError, ValueError) as error:
        raise FolderError(f"{root / 'sweep.json'} cannot be read: {error}.") from None
    if kept.get("format") != FORMAT:
        raise FolderError(
            f"{root} was made by another release (format {kept.get('format')}, this one knows {FORMAT}). "
            "All who take part need the same."
        )
    return FolderSweep(root, kept)


@dataclass(frozen=True, slots=True)
class Best:
    """A combination, its runs (of the repeats that count), and its place in the ranking."""

    ranked: Ranked
    arguments: dict[str, Any]
    run_ids: Sequence[str]


class FolderSweep:
    """One sweep. Each call looks at the directory as it is by then."""

    def __init__(self, root: Path, kept: Mapping[str, Any]) -> None:
        self.root = root
        self.kept = kept
        self.config: SweepConfig = parse(kept["config"], strict=False)
        self._folder = Folder(root)

    @property
    def spec(self) -> SweepSpec:
        project, entity = self.kept["project"], self.kept["entity"]
        environment = {
            "RUNSTONE_MODE": "offline",
            "WANDB_MODE": "offline",
            "RUNSTONE_SWEEP_ID": self.kept["id"],
            "WANDB_SWEEP_ID": self.kept["id"],
        }
        for name, value in (("PROJECT", project), ("ENTITY", entity)):
            if value:
                environment |= {f"RUNSTONE_{name}": value, f"WANDB_{name}": value}
        return SweepSpec(self.kept["id"], entity, project, self.config, self.kept["config"], environment)

    def source(self, **options: Any) -> FolderSource:
        """For one agent; each agent takes its own."""
        files = options.pop("files", Files)
        return FolderSource(
            Folder(self.root, files=files),
            self.spec,
            seed=int(self.kept["seed"]),
            lease_seconds=float(self.kept["lease_seconds"]),
            **options,
        )

    # -- what there is

    def follow(self) -> State:
        """Everything, as it is now; not to be changed."""
        return self._folder.follow()

    @property
    def state(self) -> str:
        return str(self._folder.follow().sweep["state"])

    def trials(self, *states: str) -> list[Trial]:
        """In the order in which they were proposed; those in one of the states, or all."""
        found = self._folder.follow().trials
        return [found[number] for number in sorted(found) if not states or found[number].state in states]

    def counts(self) -> dict[str, int]:
        """Trials by state."""
        return dict(Counter(trial.state for trial in self._folder.follow().trials.values()))

    def agents(self) -> list[Agent]:
        return sorted(self._folder.follow().agents.values(), key=lambda agent: agent.created_at)

    def best(self, *, robust: bool = True, limit: int = 1) -> list[Best]:
        """Best first, as a server ranks them."""
        self._need_metric()
        state = self._folder.follow()
        return [self._best(item) for item in ranked(self.config, state.records(), robust=robust)[:limit]]

    def front(self) -> tuple[Front, list[Best]]:
        """Of the objectives' means."""
        self._need_metric()
        found = front(self.config, self._folder.follow().records())
        return found, [self._best(item) for item in found.points]

    def best_value(self) -> float | None:
        return best_value(self.config, self._folder.follow().records())

    def _best(self, item: Ranked) -> Best:
        trials = self._folder.state.trials
        run_ids = [trials[number].run_id for number in item.trials]
        return Best(item, self.config.space.arguments(item.params), run_ids)

    def _need_metric(self) -> None:
        if not self.config.metrics:
            raise FolderError("The sweep names no metric, so none of its trials is the best.")

    # -- what changes it

    def act(self, decide: Callable[[Draft], T]) -> T:
        """As `Folder.act`."""
        return self._folder.act(decide)

    def set_state(self, state: str) -> None:
        """running, paused, finished (what runs goes on) or cancelled (what runs is stopped)."""
        self._folder.act(lambda draft: rules.set_state(draft, state, now=time.time()))

    def retry(self, *states: str) -> int:
        """Try trials again that ended so (failed, crashed, oom where none is named); how many."""
        wanted = states or rules.RETRIED
        return self._folder.act(lambda draft: rules.retry(draft, wanted, now=time.time()))
