"""`init`: from arguments, environment and what earlier runs left, to a live run that is already on
disk. Nothing here waits for a network, except where `resume` needs to know of an earlier run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runstone.journal.home import home_path
from runstone.journal.kinds import Kind, Patch, RunFields
from runstone.sdk import hooks, identity
from runstone.sdk import settings as settings_module
from runstone.sdk.config import fields_of
from runstone.sdk.errors import ResumeError, UsageError
from runstone.sdk.recorder import Recorder, Watching
from runstone.sdk.redact import Redactor, environment_secrets
from runstone.sdk.run import Run
from runstone.sdk.settings import Settings
from runstone.sdk.values import plain_value

DEFAULT_PROJECT = "uncategorized"
RESUMES = ("allow", "must", "never", "auto")


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
    rank = _rank(chosen, shared=mode == "shared", id_is_common=id_is_common)
    shared, mode = mode == "shared" or rank is not None, "online" if mode == "shared" else mode
    chosen.__dict__["mode"] = mode

    redactor = Redactor(_Secrets(chosen.api_key))
    if mode == "disabled":
        fields = RunFields(
            run=chosen.run_id or identity.generate_id(),
            project=project, entity=entity, display_name=chosen.run_name, tags=chosen.run_tags,
            started_at=time.time(),
        )  # fmt: skip
        return _disabled(fields, chosen, redactor, values)

    home = os.path.abspath(home_path())
    root = _root(chosen, home)
    base_url = _checked(chosen.base_url)
    run_id, resume, branch = _which(chosen, root, rank, fork_from, resume_from)
    earlier = None
    if resume is not None:
        earlier = _earlier(chosen, root, home, base_url, entity, project, run_id, resume)
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
        label=_label(chosen, rank) if shared else None,
        primary=_primary(chosen, rank, shared=shared),
        fork_of=branch[0] if branch else None,
        fork_step=branch[1] if branch else None,
    )
    watching = Watching(
        home=home,
        mode=mode,
        queue=mode == "online" or bool(chosen.system),
        base_url=base_url,
        api_key_file=_key_file(chosen, home, base_url),
        sample_system=bool(chosen.system),
        sample_seconds=chosen.system_seconds,
    )
    folder = _folder(root, home, run_id, started)
    recorder = Recorder(folder, fields, watching)
    run = Run(
        fields=fields,
        settings=chosen,
        recorder=recorder,
        redactor=redactor,
        config={**(earlier.config if earlier else {}), **values},
        step=branch[1] + 1 if branch else earlier.step + 1 if earlier else 0,
        runtime=earlier.runtime if earlier else 0.0,
        earlier_summary=earlier.summary if earlier else None,
        resumed=earlier is not None,
        base_url=base_url or _known_server(home),
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


def _disabled(fields: RunFields, chosen: Settings, redactor: Redactor, values: dict[str, Any]) -> Run:
    run = Run(fields=fields, settings=chosen, recorder=None, redactor=redactor, config=values)
    hooks.watch(run)
    return run


# --- which run


def _rank(chosen: Settings, *, shared: bool, id_is_common: bool) -> identity.Rank | None:
    """This process's place, where several write one run; None for a run of its own."""
    found = identity.detect_rank(os.environ)
    if chosen.rank is not None:
        size = chosen.world_size or (found.world_size if found else 0)
        found = identity.Rank(chosen.rank, size, found.job if found else "")
        shared = True
    if shared:
        if not chosen.run_id:
            if found is None or not found.job:
                raise UsageError(
                    "Several processes can only share a run whose id they all know. Pass the same id= to each."
                )
            chosen.run_id = identity.run_id_of_job(found.job)
        return found or identity.Rank(-1, 0, "")
    if found is None or (chosen.run_id and not id_is_common):
        return None  # an id in the script may well be another one in each process
    if not chosen.run_id:
        if not found.job:
            return None
        chosen.run_id = identity.run_id_of_job(found.job)
    return found


def _label(chosen: Settings, rank: identity.Rank | None) -> str | None:
    if chosen.label:
        return str(chosen.label)
    if rank is not None and rank.rank >= 0:
        return f"rank-{rank.rank}"
    return None


def _primary(chosen: Settings, rank: identity.Rank | None, *, shared: bool) -> bool | None:
    if chosen.primary is not None:
        return bool(chosen.primary)
    if not shared:
        return None
    return rank is None or rank.rank <= 0


def _which(
    chosen: Settings, root: str, rank: identity.Rank | None, fork_from: str | None, resume_from: str | None
) -> tuple[str, str | None, tuple[str, int] | None]:
    """The run's id, its resume mode, and (run, step) it branches from."""
    resume = chosen.__dict__.get("resume")
    if isinstance(resume, str):
        resume = {"true": "auto", "1": "auto", "false": None, "0": None, "": None}.get(resume.lower(), resume)
    elif isinstance(resume, bool):
        resume = "auto" if resume else None
    if resume is not None and resume not in RESUMES:
        raise UsageError(f"resume {resume!r} is not known. Use {', '.join(RESUMES)}.")
    if fork_from and resume_from:
        raise UsageError("Pass fork_from or resume_from, not both.")
    if resume_from:
        run, step = _branch(resume_from, "resume_from")
        if chosen.run_id and chosen.run_id != run:
            raise UsageError(f"resume_from names run {run!r} and id {chosen.run_id!r}. Leave id out.")
        return run, "must", (run, step)
    branch = _branch(fork_from, "fork_from") if fork_from else None
    run_id = chosen.run_id
    if not run_id and resume == "auto":
        from runstone.sdk.resume import remembered

        run_id = remembered(root)
    run_id = identity.check_name(run_id, "Run id") if run_id else identity.generate_id()
    if branch and branch[0] == run_id:
        raise UsageError(
            f"fork_from: run {run_id!r} cannot be forked into itself. Leave id out, or use resume_from."
        )
    if resume is None and rank is not None and rank.rank > 0:
        return run_id, "allow", branch  # rank 0 may have been quicker, or not
    return run_id, resume, branch


def _branch(text: str, what: str) -> tuple[str, int]:
    run, question, rest = str(text).partition("?")
    name, _, number = rest.partition("=")
    if not run or not question or name != "_step" or not number.isdigit():
        raise UsageError(f"{what} {text!r} is not understood. Write 'RUN?_step=NUMBER'.")
    return identity.check_name(run, "Run id"), int(number)


def _earlier(
    chosen: Settings, root: str, home: str, base_url: str, entity: str, project: str, run_id: str, resume: str
) -> Any:
    """What is known of the run, as `resume` asks; None for a new one."""
    from runstone.sdk import resume as resume_module

    found = None
    if chosen.rank is None and resume == "allow" and not chosen.__dict__.get("resume"):
        return None  # a further rank of a run that begins just now: there is nothing to go on from
    if chosen.mode == "online" and (base_url or _known_server(home)):
        found = resume_module.on_server(
            base_url, _api_key(chosen), entity, project, run_id, seconds=chosen.init_timeout
        )
    on_host = resume_module.on_host(root, run_id)
    if found is None or (on_host is not None and on_host.step > found.step):
        found = on_host if found is None else found._replace(step=on_host.step)  # type: ignore[union-attr]
    if found is None and resume == "must":
        raise ResumeError(
            f"resume='must': there is no run {run_id!r} in project {project!r}. "
            "Pass another id, or resume='allow'."
        )
    if found is not None and resume == "never":
        raise ResumeError(
            f"resume='never': run {run_id!r} is already in project {project!r}. Pass another id, or none."
        )
    return found


# --- where it lies


def _root(chosen: Settings, home: str) -> str:
    """The folder of run folders."""
    if chosen.dir:
        return os.path.join(os.path.abspath(os.path.expanduser(chosen.dir)), "runstone")
    return os.path.join(home, "runs")


def _folder(root: str, home: str, run_id: str, started: float) -> str:
    """A new run folder: at `root`, or where that cannot be written to, at the home or for temporary
    files. Never raises: where nothing can be written, the recorder says so."""
    stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(started))
    roots = [root, os.path.join(home, "runs")]
    for candidate in (*roots, ""):
        if not candidate:
            import tempfile

            candidate = os.path.join(tempfile.gettempdir(), f"runstone-{os.getuid()}")
        folder = os.path.join(candidate, f"run-{stamp}-{run_id}")
        try:
            os.makedirs(candidate, exist_ok=True)
            for number in range(1000):
                try:
                    os.mkdir(folder if not number else f"{folder.removesuffix(run_id)}{number}-{run_id}")
                except FileExistsError:
                    continue
                folder = folder if not number else f"{folder.removesuffix(run_id)}{number}-{run_id}"
                break
        except OSError as error:
            print(
                f"runstone: {candidate} cannot be written to ({error}); another place is used.",
                file=sys.stderr,
            )
            continue
        return folder
    return folder


def _checked(base_url: str | None) -> str:
    if not base_url:
        return ""
    from runstone.client.credentials import check_base_url
    from runstone.client.errors import Misuse

    try:
        return check_base_url(base_url)
    except Misuse as error:
        raise UsageError(str(error)) from None


def _known_server(home: str) -> str:
    """The server of runs that name none: what `runstone login` said, else the local one; "" for none."""
    for name, field in (("login.json", "base_url"), ("server.json", "url")):
        try:
            with open(os.path.join(home, name), "rb") as file:
                said = msgspec.json.decode(file.read())
        except (OSError, msgspec.DecodeError):
            continue
        url = said.get(field) if isinstance(said, dict) else None
        if isinstance(url, str) and url:
            return url.rstrip("/")
    return ""


def _api_key(chosen: Settings) -> str | None:
    return chosen.api_key or os.environ.get("RUNSTONE_API_KEY") or None


def _key_file(chosen: Settings, home: str, base_url: str) -> str:
    """A key the uplink would not find by itself: the uplink serves many runs and does not ask its own
    environment. A key in the environment is for the server that is named beside it; the local server
    has its own key file."""
    from runstone.sdk import launch

    key = _api_key(chosen)
    if base_url and not key:
        key = os.environ.get("WANDB_API_KEY")
    elif (
        not base_url
        and "api_key" not in chosen.__dict__
        and not os.path.exists(os.path.join(home, "login.json"))
    ):
        key = None
    if not key or chosen.mode != "online":
        return ""
    try:
        return launch.key_file(home, key.strip())
    except OSError as error:
        print(f"runstone: the API key could not be kept for the uplink ({error}).", file=sys.stderr)
        return ""


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


def _capture(run: Run, chosen: Settings, rank: identity.Rank | None) -> None:
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
        "anonymous", "allow_val_change", "monitor_gym", "sync_tensorboard", "tensorboard", "magic", "job_name",
    }  # fmt: skip
    wrong = [name for name in foreign if name not in known]
    if wrong:
        raise TypeError(f"init() got an unexpected keyword argument {wrong[0]!r}")
    ignored = [name for name, value in foreign.items() if value]
    if ignored:
        print(f"runstone: init({ignored[0]}=…) means nothing here and was left aside.", file=sys.stderr)
