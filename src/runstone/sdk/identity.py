"""Who a run is: ids, names that are allowed, and which of several processes this one is."""

# No `from __future__ import annotations` here: a NamedTuple compiles each annotation that is a text, and the
# first `compile()` of a process costs it 2 ms.

import os
from collections.abc import Mapping
from typing import NamedTuple

from runstone.sdk.errors import UsageError

NAME_CHARS_MAX = 128
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_REFUSED = frozenset("/\\#?%:")


def generate_id(length: int = 8) -> str:
    """A new run id: letters and digits, 5.17 bits each."""
    return "".join(_ALPHABET[byte % 36] for byte in os.urandom(length * 4)[::4])


def check_name(name: str, what: str) -> str:
    """The server's own rule, asked early. Raises UsageError."""
    text = name if isinstance(name, str) else str(name)
    if (
        not text
        or len(text) > NAME_CHARS_MAX
        or not _REFUSED.isdisjoint(text)
        or not text.isprintable()
        or text in (".", "..")
        or text != text.strip()
    ):
        raise UsageError(
            f"{what} {text[:200]!r} is not allowed. Use 1 to {NAME_CHARS_MAX} characters, none of "
            "/ \\ # ? % : and no control characters, and no space at either end."
        )
    return text


class Rank(NamedTuple):
    """This process among those that one launcher started. `job` is the same text for all of them and
    for no other launch; "" where the launcher does not say so much."""

    rank: int
    world_size: int
    job: str


def detect_rank(environ: Mapping[str, str]) -> Rank | None:
    """None for a process that is on its own. torchrun, Slurm steps, Open MPI, MPICH and Intel MPI."""
    for rank_name, size_name, job in (
        ("RANK", "WORLD_SIZE", _torch_job),
        ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", _slurm_job),
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", _open_mpi_job),
        ("PMI_RANK", "PMI_SIZE", _pmi_job),
    ):
        try:
            rank, size = int(environ[rank_name]), int(environ[size_name])
        except (KeyError, ValueError):
            continue
        if size > 1 and 0 <= rank < size:
            return Rank(rank, size, job(environ))
    return None


def run_id_of_job(job: str) -> str:
    """The id that all processes of a launch agree on without talking to each other."""
    import hashlib

    number = int.from_bytes(hashlib.sha256(b"runstone run of job " + job.encode()).digest()[:8], "big")
    text = ""
    for _ in range(8):
        number, digit = divmod(number, 36)
        text += _ALPHABET[digit]
    return text


def _torch_job(environ: Mapping[str, str]) -> str:
    if environ.get("LOCAL_WORLD_SIZE") == environ.get("WORLD_SIZE"):
        # One node: all are children of one launcher, and its start tells this launch from the next
        # one that gets the same process id.
        return f"torch {os.uname().nodename} {os.getppid()} {_start_of(os.getppid())}"
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


def process_started(pid: int) -> float:
    """When a process began, Unix seconds as the wall clock now counts; 0.0 where that is not known."""
    ticks = _start_of(pid)
    if not ticks:
        return 0.0
    import time

    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return booted + int(ticks) / os.sysconf("SC_CLK_TCK")


def _start_of(pid: int) -> str:
    """In clock ticks since boot, as the kernel says it; "" where it does not."""
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return ""
    try:
        text = os.read(fd, 4096)
    finally:
        os.close(fd)
    # The name in brackets may hold anything, blanks and brackets too.
    fields = text.rpartition(b")")[2].split()
    return fields[19].decode() if len(fields) > 19 else ""
