"""Which of several processes that one launcher started this one is. Loaded only where there are several."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from runstone.sdk.identity import start_of
from runstone.sdk.which import RANK_NAMES


class Rank(msgspec.Struct, frozen=True):
    """This process among those that one launcher started. `job` is the same text for all of them and
    for no other launch; "" where the launcher does not say so much."""

    rank: int
    world_size: int
    job: str


def detect_rank(environ: Mapping[str, str]) -> Rank | None:
    """None for a process that is on its own. torchrun, Slurm steps, Open MPI, MPICH and Intel MPI."""
    for rank_name, size_name, job in zip(RANK_NAMES, _SIZE_NAMES, _JOBS, strict=True):
        try:
            rank, size = int(environ[rank_name]), int(environ[size_name])
        except (KeyError, ValueError):
            continue
        if size > 1 and 0 <= rank < size:
            return Rank(rank, size, job(environ))
    return None


def _torch_job(environ: Mapping[str, str]) -> str:
    if environ.get("LOCAL_WORLD_SIZE") == environ.get("WORLD_SIZE"):
        # One node: all are children of one launcher, and its start tells this launch from the next
        # one that gets the same process id.
        return f"torch {os.uname().nodename} {os.getppid()} {start_of(os.getppid())}"
    slurm = _slurm_job(environ)
    if slurm:
        return slurm
    run = environ.get("TORCHELASTIC_RUN_ID", "none")
    # `none` and the rendezvous id of a start script are the same each time; the port that rank 0's
    # agent picked for this rendezvous is not.
    if run == "none" or not environ.get("MASTER_PORT"):
        return ""
    return f"torch {run} {environ.get('MASTER_ADDR', '')} {environ['MASTER_PORT']}"


def _slurm_job(environ: Mapping[str, str]) -> str:
    job = environ.get("SLURM_JOB_ID") or environ.get("SLURM_JOBID")
    if not job:
        return ""
    names = ("SLURM_CLUSTER_NAME", "SLURM_STEP_ID", "SLURM_RESTART_COUNT")
    return f"slurm {job} " + " ".join(environ.get(name, "") for name in names)


def _open_mpi_job(environ: Mapping[str, str]) -> str:
    job = environ.get("PMIX_NAMESPACE") or environ.get("OMPI_MCA_orte_hnp_uri", "")
    return f"ompi {job}" if job else _slurm_job(environ)


def _pmi_job(environ: Mapping[str, str]) -> str:
    port = environ.get("PMI_PORT") or environ.get("HYDRA_CONTROL_PORT", "")
    return f"pmi {port}" if port else _slurm_job(environ)


_SIZE_NAMES = ("WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
_JOBS = (_torch_job, _slurm_job, _open_mpi_job, _pmi_job)
