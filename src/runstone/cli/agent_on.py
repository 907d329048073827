"""`runstone agent SWEEP --on ENGINE`: agents on a cluster, by what runs there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runstone.cli.output import LEFT, USAGE, fail, note, print_json

if TYPE_CHECKING:
    from runstone.agents.engines import AgentJob
    from runstone.agents.source import SweepSpec

ENGINES = ("ray", "slurm", "kubernetes")


def start(
    engine: str,
    sweep: str,
    spec: SweepSpec,
    *,
    words: Sequence[str],
    agents: int,
    gpus: str,
    settings: Sequence[str],
    write: Path | None,
    as_json: bool,
) -> None:
    """Run the agents, or write the job file that does. Ends the program where that cannot be."""
    from runstone.agents.engines import AgentJob, EngineError
    from runstone.agents.folder import is_folder

    in_folder = "://" not in sweep and is_folder(sweep)
    named = (
        str(Path(sweep).expanduser().absolute()) if in_folder else f"{spec.entity}/{spec.project}/{spec.id}"
    )
    try:
        job = AgentJob(
            named,
            agents=agents,
            words=words,
            gpus=_gpus(gpus),
            base_url="" if in_folder else spec.environment.get("WANDB_BASE_URL", ""),
            settings=_settings(settings),
        )
        if engine == "ray":
            _on_ray(job, write, as_json=as_json)
        else:
            _write(engine, job, write, as_json=as_json)
    except EngineError as error:
        fail(f"runstone agent: {error}", USAGE)


def _on_ray(job: AgentJob, write: Path | None, *, as_json: bool) -> None:
    from runstone.agents.engines import EngineError, ray

    if write is not None:
        raise EngineError("--on ray runs the agents at once; there is nothing to --write.")
    statuses = ray.run(job)
    bad = sum(status != 0 for status in statuses)
    if as_json:
        print_json({"agents": len(statuses), "failed": bad})
    note(f"runstone agent: {len(statuses)} agents ended on Ray, {bad} of them badly")
    raise SystemExit(LEFT if bad else 0)


def _write(engine: str, job: AgentJob, write: Path | None, *, as_json: bool) -> None:
    from runstone.agents.engines import EngineError, kubernetes, slurm

    if engine not in ENGINES:
        raise EngineError(f"--on {engine}: it is one of {', '.join(ENGINES)}.")
    if write is None:
        raise EngineError(f"--on {engine} writes a job file: say where, with --write DIRECTORY.")
    if engine == "slurm":
        path, text = write / f"{job.name}.sbatch", slurm.job_file(job)
        then = f"sbatch {path}"
    else:
        path, text = write / f"{job.name}.yaml", kubernetes.job_file(job)
        secret, key = job.settings.get("secret", "runstone"), job.settings.get("secret_key", "api-key")
        then = f"kubectl apply -f {path}"
        if job.base_url:
            note(
                "The key is read from a Secret; if there is none yet, put the key alone in a file KEYFILE:\n"
                f"  kubectl create secret generic {secret} --from-file={key}=KEYFILE"
            )
    try:
        write.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise EngineError(f"{path} cannot be written: {error.strerror or error}.") from None
    if as_json:
        print_json({"file": str(path)})
    else:
        print(path)
    note(f"Start {job.agents} agents with: {then}")


def _gpus(text: str) -> int:
    """For each agent; a cluster says which ones."""
    from runstone.agents.engines import EngineError

    if text in ("", "none"):
        return 0
    if not text.isdigit():
        raise EngineError(f"--gpus {text}: on a cluster it is how many each agent is given.")
    return int(text)


def _settings(given: Sequence[str]) -> dict[str, str]:
    from runstone.agents.engines import EngineError

    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name or not value:
            raise EngineError(f"--set {one}: it takes NAME=VALUE.")
        found[name] = value
    return found
