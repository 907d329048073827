"""`init`: from arguments, environment and what earlier runs left, to a live run that is already on
disk. Nothing here waits for a network, except where `resume` needs to know of an earlier run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from runstone.journal.home import home_path
from runstone.journal.kinds import Kind, Patch, RunFields
from runstone.sdk import hooks, identity, places, which
from runstone.sdk import settings as settings_module
from runstone.sdk.config import fields_of
from runstone.sdk.errors import ResumeError, UsageError
from runstone.sdk.recorder import Recorder, Watching
from runstone.sdk.redact import Redactor, environment_secrets
from runstone.sdk.run import Run
from runstone.sdk.settings import Settings
from runstone.sdk.values import plain_value

if TYPE_CHECKING:
    from runstone.sdk.ranks import Rank

DEFAULT_PROJECT = "uncategorized"


def init(
    project: str | None = None,
    entity: str | None = None,
    name: str | None = None,
    id: str | None = None,
    config: Any = None,
    tags: Sequence[str] | None = None,
    notes: str | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: str | None = None,
    resume: str | bool | None = None,
    dir: str | os.PathLike[str] | None = None,
    reinit: bool | str | None = None,
    save_code: bool | None = None,
    settings: Settings | Mapping[str, Any] | None = None,
    fork_from: str | None = None,
    resume_from: str | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
    rank: int | None = None,
    world_size: int | None = None,
    label: str | None = None,
    config_include_keys: Sequence[str] | None = None,
    config_exclude_keys: Sequence[str] | None = None,
    force: bool | None = None,
    **foreign: Any,
) -> Run:
    """Begin a run and return its handle; `runstone.run` and `runstone.log` are then this run's.

    When it returns, the run and its config are in its journal on disk. Arguments come before
    `settings`, these before RUNSTONE_* variables, these before WANDB_* ones.

    mode: online (shipped to the server while it runs; where none is known, kept for the next
      `runstone server`), offline (kept for `runstone sync`), disabled (nothing is kept), shared
      (online, and several processes write this run: give `id` and `rank`, or `label`).
    config: a map, a configuration object (argparse, absl, omegaconf, a dataclass …) or a YAML file.
    resume: allow (go on if the run exists), must, never, auto (go on with the last run of this
      folder if it did not end well). fork_from "RUN?_step=N": a new run that begins as that one was
      at step N. resume_from "RUN?_step=N": go on with the run itself from step N.
    reinit: what becomes of a run that is live: None returns it, True or "finish_previous" finishes
      it, "create_new" leaves it alone.
    rank, world_size, label: this process among those that write the run together; found by itself
      under torchrun, Slurm and MPI.

    Raises UsageError for arguments that cannot be, ResumeError where `resume` is not met.
    """
    chosen = settings_module.resolve(settings, environ=os.environ)
    if which.is_trial(os.environ):
        from runstone.sdk import sweep_params

        project, entity, id = (
            sweep_params.kept(name, given, chosen)
            for name, given in (("project", project), ("entity", entity), ("id", id))
        )
    id_is_common = id is None and "run_id" in chosen.__dict__
    for field, value in (
        ("project", project), ("entity", entity), ("run_name", name), ("run_id", id), ("run_tags", tags),
        ("run_notes", notes), ("run_group", group), ("run_job_type", job_type), ("mode", mode), ("dir", dir),
        ("code", save_code), ("base_url", base_url), ("api_key", api_key), ("rank", rank),
        ("world_size", world_size), ("label", label),
    ):  # fmt: skip
        if value is not None:
            setattr(chosen, field, value)
    if resume is not None:
        chosen.__dict__["resume"] = resume
    _note_foreign(foreign)
    live = _live_here()
    if live is not None:
        if reinit is True or reinit == "finish_previous":
            for run in hooks.live_runs():
                run.finish()
        elif reinit != "create_new":
            print(
                f"runstone: init() returns the run that is live, {live.id!r}. Call finish() before, or "
                "pass reinit=True.",
                file=sys.stderr,
            )
            return live
    run = _begin(
        chosen, config, config_include_keys, config_exclude_keys, fork_from, resume_from, id_is_common
    )
    _make_current(run)
    return run


def _begin(
    chosen: Settings,
    config: Any,
    include: Sequence[str] | None,
    exclude: Sequence[str] | None,
    fork_from: str | None,
    resume_from: str | None,
    id_is_common: bool,
) -> Run:
    mode = chosen.mode or "online"
    if mode not in settings_module.MODES:
        raise UsageError(f"mode {mode!r} is not known. Use {', '.join(settings_module.MODES)}.")
    project = identity.check_name(chosen.project or DEFAULT_PROJECT, "Project")
    entity = chosen.entity or ""
    if "/" in project:
        raise UsageError(f"Project {project!r} has a slash. Pass entity= and project= apart.")
    values = _config(config, include, exclude)
    locked: frozenset[tuple[str, ...]] = frozenset()
    if chosen.sweep_param_path:
        from runstone.sdk import sweep_params

        params = sweep_params.read(chosen.sweep_param_path)
        values = sweep_params.merged(values, params)
        locked = frozenset(sweep_params.paths(params))
    rank = which.find_rank(chosen, shared=mode == "shared", id_is_common=id_is_common)
    shared, mode = mode == "shared" or rank is not None, "online" if mode == "shared" else mode
    chosen.__dict__["mode"] = mode

    redactor = Redactor(_Secrets(chosen.api_key))
    if mode == "disabled":
        fields = RunFields(
            run=chosen.run_id or identity.generate_id(),
            project=project, entity=entity, display_name=chosen.run_name, tags=chosen.run_tags,
            started_at=time.time(),
        )  # fmt: skip
        return _disabled(fields, chosen, redactor, values, locked)

    home = os.path.abspath(home_path())
    root = places.root(chosen, home)
    base_url = places.checked(chosen.base_url)
    run_id, resume, branch = which.choose(chosen, root, rank, fork_from, resume_from)
    earlier = None
    # A further rank of a run that begins just now has nothing to go on from.
    if resume is not None and (resume_from or chosen.__dict__.get("resume")):
        earlier = which.earlier_run(chosen, root, home, base_url, entity, project, run_id, resume)
    if branch is not None and branch[0] == run_id and earlier is None:
        raise ResumeError(f"resume_from: there is no run {run_id!r} in project {project!r}.")
    started = time.time()
    fields = RunFields(
        run=run_id,
        project=project,
        entity=entity or (earlier.entity if earlier else ""),
        display_name=chosen.run_name,
        group=chosen.run_group,
        job_type=chosen.run_job_type,
        notes=chosen.run_notes,
        tags=list(chosen.run_tags) if chosen.run_tags else None,
        sweep=chosen.sweep_id,
        resume=resume,
        started_at=started,
        host=os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", ""),
        program=redactor.text(chosen.program or _program()),
        command=redactor.arguments(getattr(sys, "orig_argv", None) or [sys.executable, *sys.argv]),
        rank=rank.rank if rank is not None and rank.rank >= 0 else None,
        world_size=rank.world_size or None if rank is not None else None,
        label=which.label_of(chosen, rank) if shared else None,
        primary=which.is_primary(chosen, rank, shared=shared),
        fork_of=branch[0] if branch else None,
        fork_step=branch[1] if branch else None,
    )
    watching = Watching(
        home=home,
        mode=mode,
        queue=mode == "online" or bool(chosen.system),
        base_url=base_url,
        api_key_file=places.key_file(chosen, home, base_url),
        sample_system=bool(chosen.system),
        sample_seconds=chosen.system_seconds,
    )
    folder = places.folder(root, home, run_id, started)
    recorder = Recorder(folder, fields, watching)
    run = Run(
        fields=fields,
        settings=chosen,
        recorder=recorder,
        redactor=redactor,
        config={**(earlier.config if earlier else {}), **values},
        locked=locked,
        step=branch[1] + 1 if branch else earlier.step + 1 if earlier else 0,
        runtime=earlier.runtime if earlier else 0.0,
        earlier_summary=earlier.summary if earlier else None,
        resumed=earlier is not None,
        base_url=base_url or places.known_server(home),
    )
    run._bind()
    if values:
        hidden = [([key], redactor.value(value, key)) for key, value in values.items()]
        recorder.write(Kind.CONFIG, Patch(set=hidden, at=started))
    recorder.write(Kind.ENVIRONMENT, _at_once(redactor))
    hooks.watch(run)
    if resume == "auto":
        from runstone.sdk.resume import remember

        run._resume_file = remember(root, run_id)
    _capture(run, chosen, rank)
    recorder.wake_uplink()
    _greet(run, chosen)
    return run


def _disabled(
    fields: RunFields,
    chosen: Settings,
    redactor: Redactor,
    values: dict[str, Any],
    locked: frozenset[tuple[str, ...]],
) -> Run:
    run = Run(fields=fields, settings=chosen, recorder=None, redactor=redactor, config=values, locked=locked)
    hooks.watch(run)
    return run


class _Secrets:
    """Exact values that must not be written anywhere; looked up when a text is first redacted."""

    def __init__(self, api_key: str | None) -> None:
        self._api_key = api_key

    def __iter__(self) -> Any:
        if self._api_key:
            yield self._api_key
        yield from environment_secrets(os.environ)


# --- what is recorded at once


def _config(config: Any, include: Sequence[str] | None, exclude: Sequence[str] | None) -> dict[str, Any]:
    if config is None:
        return {}
    if include and exclude:
        raise UsageError("Pass config_include_keys or config_exclude_keys, not both.")
    if isinstance(config, (str, os.PathLike)):
        config = _config_file(os.fspath(config))
    fields = fields_of((config,), {}, "config")
    return {
        key: plain_value(value)
        for key, value in fields.items()
        if (not include or key in include) and (not exclude or key not in exclude)
    }


def _config_file(path: str) -> dict[str, Any]:
    import yaml

    try:
        with open(path, encoding="utf-8") as file:
            found = yaml.safe_load(file)
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"config={path!r} cannot be read as YAML: {error}.") from None
    if not isinstance(found, dict):
        raise UsageError(f"config={path!r} holds no map of names to values.")
    # The field's own config files wrap each value: {"lr": {"desc": null, "value": 0.1}}.
    return {
        str(key): value["value"]
        if isinstance(value, dict) and set(value) <= {"desc", "value"} and "value" in value
        else value
        for key, value in found.items()
        if key != "wandb_version"
    }


def _program() -> str:
    if hasattr(sys.modules.get("__main__"), "__file__"):
        return sys.argv[0] if sys.argv and sys.argv[0] else str(sys.modules["__main__"].__file__)
    return "<notebook>" if "ipykernel" in sys.modules else "<python>"


def _at_once(redactor: Redactor) -> dict[str, Any]:
    """What costs nothing to know; the rest comes from `sdk.capture`, in a process of its own."""
    version = sys.version_info
    try:
        cwd = os.getcwd()
    except OSError:
        cwd = ""
    return {
        "python": f"{version.major}.{version.minor}.{version.micro}",
        "executable": sys.executable,
        "cwd": redactor.text(cwd),
        "pid": os.getpid(),
    }


def _capture(run: Run, chosen: Settings, rank: Rank | None) -> None:
    """Start what watches from outside. Each only where it is wanted, and nothing of it raises."""
    recorder = run._recorder
    assert recorder is not None
    if recorder.writer is None:
        return
    first_on_run = rank is None or rank.rank <= 0
    wanted = [name for name in ("environment", "git", "packages", "code") if getattr(chosen, name)]
    if wanted and first_on_run:
        from runstone.sdk import launch

        try:
            launch.start(
                launch.helper_command("runstone.sdk.capture.__main__", *_capture_arguments(run, wanted))
            )
        except OSError as error:
            recorder.say("capture", f"the environment is not captured ({error}).")
    if chosen.console != "off":
        from runstone.sdk.console import capture

        capture(run, chosen.console)


def _capture_arguments(run: Run, wanted: Sequence[str]) -> list[str]:
    recorder = run._recorder
    assert recorder is not None
    return [
        recorder.folder,
        f"--primary={recorder.journal}",
        f"--only={','.join(wanted)}",
        f"--program={run._fields.program}",
        f"--watching={msgspec.json.encode(recorder.watching).decode()}",
    ]


def _greet(run: Run, chosen: Settings) -> None:
    if chosen.silent or (run._fields.primary is False):
        return
    name = run.name or run.id
    where = run.url or f"kept in {run.folder}"
    recorder = run._recorder
    assert recorder is not None
    recorder.say("hello", f"run {name} begins: {where}")


# --- the current run of the process


def _live_here() -> Run | None:
    """The live run that this process began, newest first."""
    for run in reversed(hooks.live_runs()):
        if run._recorder is None or not run._recorder.in_child:
            return run
    return None


def _make_current(run: Run) -> None:
    from runstone.sdk import module

    module.set_current(run)


def _note_foreign(foreign: Mapping[str, Any]) -> None:
    """Arguments of the field's own init that mean nothing here do no harm; a misspelt one does."""
    known = {
        "anonymous", "allow_val_change", "monitor_gym", "sync_tensorboard", "tensorboard", "magic",
        "job_name",
    }  # fmt: skip
    wrong = [name for name in foreign if name not in known]
    if wrong:
        raise TypeError(f"init() got an unexpected keyword argument {wrong[0]!r}")
    ignored = [name for name, value in foreign.items() if value]
    if ignored:
        print(f"runstone: init({ignored[0]}=…) means nothing here and was left aside.", file=sys.stderr)
