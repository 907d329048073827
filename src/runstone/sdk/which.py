"""Which run `init` is to begin or go on with, and which of its writers this process is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runstone.sdk import identity, places
from runstone.sdk.errors import ResumeError, UsageError
from runstone.sdk.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runstone.sdk.ranks import Rank
    from runstone.sdk.resume import Earlier

RESUMES = ("allow", "must", "never", "auto")
# What torchrun, Slurm, Open MPI and others tell a process of its place: where none is set, it is on its own.
RANK_NAMES = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")


def is_trial(environ: Mapping[str, str]) -> bool:
    """Whether an agent started this: it says which sweep, and which run is the trial's."""
    return any(
        environ.get(f"{prefix}_SWEEP_ID") and environ.get(f"{prefix}_RUN_ID")
        for prefix in ("RUNSTONE", "WANDB")
    )


def find_rank(chosen: Settings, *, shared: bool, id_is_common: bool) -> Rank | None:
    """This process's place, where several write one run; None for a run of its own."""
    if chosen.rank is None and not shared and not any(name in os.environ for name in RANK_NAMES):
        return None
    from runstone.sdk.ranks import Rank, detect_rank

    found = detect_rank(os.environ)
    if chosen.rank is not None:
        size = chosen.world_size or (found.world_size if found else 0)
        found = Rank(chosen.rank, size, found.job if found else "")
        shared = True
    if shared:
        if not chosen.run_id:
            if found is None or not found.job:
                raise UsageError(
                    "Several processes can only share a run whose id they all know. "
                    "Pass the same id= to each."
                )
            chosen.run_id = identity.run_id_of_job(found.job)
        return found or Rank(-1, 0, "")
    if found is None or (chosen.run_id and not id_is_common):
        return None  # an id in the script may well be another one in each process
    if not chosen.run_id:
        if not found.job:
            return None
        chosen.run_id = identity.run_id_of_job(found.job)
    return found


def label_of(chosen: Settings, rank: Rank | None) -> str | None:
    if chosen.label:
        return str(chosen.label)
    if rank is not None and rank.rank >= 0:
        return f"rank-{rank.rank}"
    return None


def is_primary(chosen: Settings, rank: Rank | None, *, shared: bool) -> bool | None:
    if chosen.primary is not None:
        return bool(chosen.primary)
    if not shared:
        return None
    return rank is None or rank.rank <= 0


def choose(
    chosen: Settings, root: str, rank: Rank | None, fork_from: str | None, resume_from: str | None
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


def earlier_run(
    chosen: Settings, root: str, home: str, base_url: str, entity: str, project: str, run_id: str, resume: str
) -> Earlier | None:
    """What is known of the run, as `resume` asks; None for a new one."""
    from runstone.sdk import resume as resume_module

    found: Earlier | None = None
    if chosen.mode == "online" and (base_url or places.known_server(home)):
        found = resume_module.on_server(
            base_url, places.api_key(chosen), entity, project, run_id, seconds=chosen.init_timeout
        )
    on_host = resume_module.on_host(root, run_id)
    if found is None:
        found = on_host
    elif on_host is not None and on_host.step > found.step:
        found = found._replace(step=on_host.step)  # not all of it has been sent yet
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
