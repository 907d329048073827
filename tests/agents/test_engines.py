"""Job files for clusters: what they say, that their engines take them, and that nothing in a name or a
setting becomes more than a word."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.agents.conftest import GRID
from tests.support.integrations import python_with
from tests.support.server import clean_environment

from runstone.agents.engines import AgentJob, EngineError, kubernetes, slurm
from runstone.agents.folder import create_folder

NASTY = [
    "$(touch pwned)",
    "`touch pwned`",
    "x; touch pwned",
    "a' ; touch pwned ; '",
    'a" && touch pwned "',
    "--help",
    "$HOME",
    "x #y: {z}",
    "- item: yes",
    "ü$(RUNSTONE_API_KEY)",
]


def run_as_slurm_would(text: str, folder: Path) -> list[str]:
    """The words that the job's shell ends up running, by a stand-in for the interpreter."""
    told = folder / "python"
    told.write_text('#!/bin/bash\nprintf "%s\\0" "$@" > words\n')
    told.chmod(0o755)
    (folder / "job.sh").write_text(text)
    subprocess.run(
        ["bash", "job.sh"], cwd=folder, env=clean_environment(SLURM_SUBMIT_DIR=str(folder)), check=True
    )
    return (folder / "words").read_text().split("\0")[:-1]


def test_a_slurm_array_runs_one_agent_to_a_task_and_warns_it_before_its_end(tmp_path: Path) -> None:
    job = AgentJob(
        "ml/digits/abc123",
        agents=8,
        words=["--parallel", "2"],
        gpus=2,
        base_url="https://runs.example.org",
        settings={
            "time": "1-04:00:00",
            "partition": "gpu",
            "memory": "16G",
            "cpus": "4",
            "python": "/opt/py",
        },
    )
    text = slurm.job_file(job)
    assert slurm.check(text) == {
        "job-name": "runstone-abc123",
        "array": "1-8",
        "ntasks": "1",
        "open-mode": "append",
        "output": "%x-%A_%a.log",
        "requeue": None,
        "signal": "B:TERM@60",
        "gpus-per-task": "2",
        "time": "1-04:00:00",
        "partition": "gpu",
        "mem": "16G",
        "cpus-per-task": "4",
    }
    last = shlex.split(text.splitlines()[-1])
    assert last == ["exec", "/opt/py", "-m", "runstone", "agent", "--parallel", "2", "--", "ml/digits/abc123"]
    assert subprocess.run(["bash", "-n"], input=text, text=True).returncode == 0


@pytest.mark.parametrize("nasty", NASTY)
def test_in_a_slurm_job_a_name_stays_one_word(tmp_path: Path, nasty: str) -> None:
    job = AgentJob(
        nasty, words=["--name", nasty], base_url=nasty, settings={"python": str(tmp_path / "python")}
    )
    words = run_as_slurm_would(slurm.job_file(job), tmp_path)
    assert words == ["-m", "runstone", "agent", "--name", nasty, "--", nasty]
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"time": "soon"}, "no value of --time"),
        ({"partition": "gpu; rm -rf /"}, "no value of --partition"),
        ({"account": "a#b"}, "no value of --account"),
        ({"comment": 'x" --uid=0'}, "no value of --comment"),
        ({"uid": "0"}, "no option of sbatch that can be chosen"),
        ({"array": "1-9999"}, "no option of sbatch that can be chosen"),
        ({"partition": "a\n#SBATCH --uid=0"}, "line break"),
    ],
)
def test_slurm_settings_that_sbatch_would_not_take_are_refused(settings: dict[str, str], words: str) -> None:
    with pytest.raises(EngineError, match=words):
        slurm.job_file(AgentJob("s", settings=settings))


def test_a_directive_after_the_first_command_is_refused_for_sbatch_would_pass_it_over() -> None:
    with pytest.raises(EngineError, match="would be ignored"):
        slurm.check("#!/bin/bash\necho\n#SBATCH --time=1:00\n")
    with pytest.raises(EngineError, match="no directive of sbatch"):
        slurm.check("#!/bin/bash\n#SBATCH --tiem=1:00\n")


def test_a_key_file_is_read_when_the_job_runs_and_never_before(tmp_path: Path) -> None:
    key_file = tmp_path / "my key"
    key_file.write_text("secret-key\n")
    job = AgentJob("s", settings={"key_file": str(key_file), "python": str(tmp_path / "python")})
    text = slurm.job_file(job)
    assert "secret-key" not in text
    told = tmp_path / "python"
    run_as_slurm_would(text, tmp_path)
    told.write_text('#!/bin/bash\nprintf "%s" "$RUNSTONE_API_KEY" > key\n')
    subprocess.run(
        ["bash", "job.sh"], cwd=tmp_path, env=clean_environment(SLURM_SUBMIT_DIR=str(tmp_path)), check=True
    )
    assert (tmp_path / "key").read_text() == "secret-key"


def a_pod(job: AgentJob) -> dict[str, Any]:
    found = yaml.safe_load(kubernetes.job_file(job))["spec"]["template"]["spec"]
    assert isinstance(found, dict)
    return found


def test_a_kubernetes_job_runs_one_agent_to_an_indexed_pod_and_reads_its_key_from_a_secret() -> None:
    job = AgentJob(
        "ml/digits/abc123",
        agents=4,
        gpus=1,
        base_url="https://runs.example.org",
        settings={
            "image": "registry.example.org/me/train:1",
            "namespace": "team",
            "memory": "8Gi",
            "cpus": "2",
        },
    )
    manifest = yaml.safe_load(kubernetes.job_file(job))
    assert (manifest["apiVersion"], manifest["kind"]) == ("batch/v1", "Job")
    assert manifest["metadata"]["name"] == "runstone-abc123"
    spec = manifest["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 4, 4)
    [container] = a_pod(job)["containers"]
    assert container["command"] == ["runstone", "agent", "--", "ml/digits/abc123"]
    assert container["resources"] == {
        "requests": {"cpu": "2", "memory": "8Gi"},
        "limits": {"memory": "8Gi", "nvidia.com/gpu": "1"},
    }
    key = container["env"][1]
    assert key == {
        "name": "RUNSTONE_API_KEY",
        "valueFrom": {"secretKeyRef": {"name": "runstone", "key": "api-key"}},
    }


@pytest.mark.parametrize("nasty", NASTY)
def test_in_a_kubernetes_job_a_name_stays_one_word(nasty: str) -> None:
    job = AgentJob(nasty, words=["--name", nasty], base_url=nasty, settings={"image": "i"})
    [container] = a_pod(job)["containers"]
    # As the kubelet reads it: $$ is a dollar, and $(NAME) a variable.
    literal = [word.replace("$$", "\0") for word in [*container["command"], container["env"][0]["value"]]]
    assert not any("$" in word for word in literal)
    words = [word.replace("\0", "$") for word in literal]
    assert words == ["runstone", "agent", "--name", nasty, "--", nasty, nasty]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "name the image"),
        ({"image": "i", "namespace": "Team"}, "namespace is 'Team'"),
        ({"image": "i", "memory": "lots"}, "memory is 'lots'"),
        ({"image": "i\n", "namespace": "t"}, "line break"),
        ({"image": "i", "secret": "a b"}, "secret is 'a b'"),
        ({"image": "i", "privileged": "true"}, "no such setting"),
        ({"image": "i", "workdir": "here"}, "absolute path"),
    ],
)
def test_kubernetes_settings_that_would_be_refused_are_refused_here(
    settings: dict[str, str], words: str
) -> None:
    with pytest.raises(EngineError, match=words):
        kubernetes.job_file(AgentJob("s", base_url="https://x", settings=settings))


def test_kubernetes_itself_would_take_the_manifest(tmp_path: Path) -> None:
    """By the published schemas, strictly: no unknown field, no wrong type."""
    python = python_with("kubernetes")
    jobs = [
        AgentJob("ml/p/s", agents=3, gpus=2, base_url="https://x", settings={"image": "i:1", "cpus": "500m"}),
        AgentJob(
            "/mnt/sweep", settings={"image": "i", "claim": "disk", "workdir": "/src", "service_account": "a"}
        ),
    ]
    for place, job in enumerate(jobs):
        path = tmp_path / f"{place}.yaml"
        path.write_text(kubernetes.job_file(job))
        for version in ("1.28", "1.33"):
            command = [str(python), "-m", "kubernetes_validate", "--strict", "-k", version, str(path)]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
    path.write_text(kubernetes.job_file(job).replace("completionMode", "completionMood"))
    assert subprocess.run(command, capture_output=True).returncode != 0


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def call(*words: str, python: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        import sys

        return subprocess.run(
            [python or sys.executable, "-m", "runstone.cli", *words],
            cwd=tmp_path,
            env=clean_environment(RUNSTONE_DATA=str(tmp_path / "home"), **env),
            capture_output=True,
            text=True,
            timeout=150,
        )

    return call


Told = Callable[..., subprocess.CompletedProcess[str]]


def test_the_command_writes_job_files_for_a_directory(tmp_path: Path, told: Told) -> None:
    create_folder({**GRID, "program": "train.py"}, tmp_path / "shared")
    done = told(
        "agent", "./shared", "--on", "slurm", "--write", "jobs", "--agents", "3", "--set", "time=30:00"
    )
    assert done.returncode == 0, done.stderr
    text = Path(tmp_path, done.stdout.strip()).read_text()
    assert slurm.check(text)["array"] == "1-3"
    assert text.rstrip().endswith(f"-- {tmp_path / 'shared'}")
    assert "API_KEY" not in text
    options = ["--set", "image=me/train", "--set", "claim=disk"]
    done = told("agent", "./shared", "--on", "kubernetes", "--write", "jobs", *options)
    assert done.returncode == 0, done.stderr
    pod = yaml.safe_load(Path(tmp_path, done.stdout.strip()).read_text())["spec"]["template"]["spec"]
    assert pod["containers"][0]["volumeMounts"][0]["mountPath"] == str(tmp_path / "shared")
    for words, said in (
        (["--on", "slurm"], "--write DIRECTORY"),
        (["--on", "pbs", "--write", "jobs"], "one of ray, slurm, kubernetes"),
        (["--on", "slurm", "--write", "jobs", "--set", "time"], "NAME=VALUE"),
    ):
        done = told("agent", "./shared", *words)
        assert done.returncode == 2 and said in done.stderr, done.stderr


@pytest.mark.slow
def test_agents_run_as_ray_tasks_on_a_local_cluster(tmp_path: Path, told: Told) -> None:
    python = str(python_with("ray"))
    (tmp_path / "train.py").write_text(
        "import runstone\n"
        'run = runstone.init(settings={"system": False, "git": False, "packages": False})\n'
        'run.log({"loss": run.config.a * 10 + run.config.b})\n'
        "run.finish()\n"
    )
    sweep = create_folder({**GRID, "program": "train.py"}, tmp_path / "shared")
    source = str(Path(__file__).parents[2] / "src")
    options = ["--on", "ray", "--agents", "2", "--set", "cpus=0.5"]
    done = told("agent", "./shared", *options, python=python, PYTHONPATH=source)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 agents ended on Ray, 0 of them badly" in done.stderr
    trials = sweep.trials()
    assert [trial.state for trial in trials] == ["finished"] * 6
    assert {trial.attempt for trial in trials} == {1}
    assert len(sweep.agents()) == 2 and all(agent.ended for agent in sweep.agents())
