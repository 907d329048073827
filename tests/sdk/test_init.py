"""`init`: where its answers come from, what it refuses, and which run it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.sdk.conftest import QUIET
from tests.support.journals import journals, patched, records, rows, run_script

import runstone
from runstone.journal.home import QueueEntry
from runstone.journal.kinds import Kind, RunFields
from runstone.sdk import hooks, identity
from runstone.sdk.ranks import Rank, detect_rank

Start = Callable[..., runstone.Run]


def first(folder: Path | str) -> RunFields:
    found = records(folder, Kind.RUN)
    return found[0]  # type: ignore[no-any-return]


def test_the_run_is_on_disk_when_init_returns(start: Start, tmp_path: Path) -> None:
    before = time.time()
    run = start(
        project="mnist", entity="me", name="first try", id="abc123", tags=["a", "b"], notes="why", group="g",
        job_type="train", config={"lr": 0.1},
    )  # fmt: skip
    fields = first(tmp_path)
    assert (fields.run, fields.project, fields.entity, fields.display_name) == (
        "abc123",
        "mnist",
        "me",
        "first try",
    )
    assert (fields.tags, fields.notes, fields.group, fields.job_type) == (["a", "b"], "why", "g", "train")
    assert before <= (fields.started_at or 0) <= time.time()
    assert fields.host == os.uname().nodename
    assert fields.command is not None
    assert fields.resume is None
    assert patched(tmp_path) == {"lr": 0.1}
    [folder] = (tmp_path / "runstone").iterdir()
    assert folder.name.startswith("run-")
    assert folder.name.endswith("-abc123")
    [journal] = folder.glob("*.journal")
    assert journal.stem == fields.writer
    assert (run.id, run.project, run.entity, run.name, run.tags) == (
        "abc123",
        "mnist",
        "me",
        "first try",
        ("a", "b"),
    )
    assert run.path == "me/mnist/abc123"
    assert run.offline
    assert not run.resumed


def test_names_can_be_changed_later(run: runstone.Run, tmp_path: Path) -> None:
    run.name = "new"
    run.notes = "more"
    run.tags += ("x",)
    changes = records(tmp_path, Kind.RUN)[1:]
    assert changes[0].display_name == "new"
    assert changes[1].notes == "more"
    assert changes[2].tags == ["x"]
    with pytest.raises(runstone.UsageError, match="tags"):
        run.tags = "oops"  # type: ignore[assignment]


def test_runs_of_no_folder_go_to_the_home(start: Start, isolated_home: Path) -> None:
    run = start(dir=None)
    assert Path(run.folder).parent == isolated_home / "runs"


def test_arguments_come_before_settings_before_our_variables_before_theirs(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_PROJECT", "theirs")
    monkeypatch.setenv("WANDB_NAME", "their name")
    monkeypatch.setenv("WANDB_TAGS", "a, b")
    monkeypatch.setenv("WANDB_RUN_GROUP", "their group")
    monkeypatch.setenv("WANDB_JOB_TYPE", "their job")
    monkeypatch.setenv("WANDB_NOTES", "their notes")
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep1")
    monkeypatch.setenv("WANDB_ENTITY", "them")
    monkeypatch.setenv("RUNSTONE_NAME", "our name")
    run = start(project=None)
    assert (run.project, run.name, run.tags, run.group, run.job_type) == (
        "theirs", "our name", ("a", "b"), "their group", "their job",
    )  # fmt: skip
    assert (run.notes, run.sweep_id, run.entity) == ("their notes", "sweep1", "them")
    monkeypatch.setenv("RUNSTONE_PROJECT", "ours")
    assert start(project=None).project == "ours"
    assert start(project=None, settings={"project": "settings"}).project == "settings"
    assert start(project="argument", settings={"project": "settings"}).project == "argument"


@pytest.mark.parametrize(("variable", "value"), [("RUNSTONE_MODE", "disabled"), ("WANDB_MODE", "disabled"),
                                                 ("WANDB_DISABLED", "true")])  # fmt: skip
def test_modes_from_the_environment(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    run = runstone.init()
    assert run.disabled
    run.finish()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"mode": "sideways"}, "sideways"),
        ({"project": "a/b"}, "a/b"),
        ({"id": "a?b"}, "a?b"),
        ({"id": ".."}, r"\.\."),
        ({"id": "x" * 200}, "128"),
        ({"resume": "perhaps"}, "perhaps"),
        ({"fork_from": "abc"}, "_step"),
        ({"fork_from": "abc?_step=1", "resume_from": "abc?_step=1"}, "not both"),
        ({"base_url": "http://user:pw@host"}, "host"),
        ({"config": 3}, "config"),
    ],
)
def test_what_cannot_be_is_refused_by_name(start: Start, wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(runstone.UsageError, match=named):
        start(**wrong)
    assert hooks.live_runs() == []


def test_a_misspelt_argument_is_refused_and_foreign_ones_are_not() -> None:
    with pytest.raises(TypeError, match="projcet"):
        runstone.init(projcet="x")
    runstone.init(mode="disabled", anonymous="allow", sync_tensorboard=False).finish()


def test_run_names_never_become_paths(start: Start, tmp_path: Path) -> None:
    for name in ("../../up", "a b", "ünï"):
        run = start(name=name, id=None)
        assert Path(run.folder).parent == tmp_path / "runstone"


# --- one run after the other


def test_init_returns_the_live_run_unless_told_otherwise(start: Start) -> None:
    run = start()
    assert start(reinit=None) is run
    again = start(reinit=True)
    assert again is not run
    assert run.is_finished
    beside = start(reinit="create_new")
    assert not again.is_finished
    assert runstone.run is beside


def test_the_module_follows_the_current_run(tmp_path: Path) -> None:
    with pytest.raises(runstone.UsageError, match="init"):
        runstone.log({"a": 1})
    with pytest.raises(runstone.UsageError, match="init"):
        runstone.config.lr = 1
    runstone.finish()
    run = runstone.init(project="p", mode="offline", dir=str(tmp_path), settings=QUIET)
    assert runstone.run is run
    assert runstone.config is run.config
    assert runstone.summary is run.summary
    runstone.log({"a": 1})
    runstone.config.x = 3
    runstone.summary["best"] = 1
    runstone.define_metric("a", summary="max")
    runstone.alert("title", "text", level=runstone.AlertLevel.WARN, wait_duration=5)
    runstone.mark_preempting()
    runstone.finish()
    assert run.is_finished
    with pytest.raises(runstone.UsageError, match="finished"):
        runstone.log({"a": 1})
    assert len(rows(tmp_path)) == 1
    [alert] = records(tmp_path, Kind.ALERT)
    assert (alert.title, alert.text, alert.level, alert.wait_seconds) == ("title", "text", "WARN", 5.0)
    [mark] = records(tmp_path, Kind.MARK)
    assert mark.preempting


# --- resume, fork


def test_an_offline_run_goes_on_where_it_stopped(start: Start) -> None:
    run = start(id="again", config={"lr": 0.1, "old": 1})
    for i in range(5):
        run.log({"loss": float(i)})
    run.summary["note"] = "x"
    run.finish()
    on = start(id="again", resume="must", config={"lr": 0.2})
    assert on.resumed
    assert on.step == 5
    assert on.config.as_dict() == {"lr": 0.2, "old": 1}
    assert on.summary["loss"] == 4.0
    assert on.summary["note"] == "x"
    on.log({"loss": 9.0})
    on.finish()
    assert first(on.folder).resume == "must"
    assert [row.step for row in rows(on.folder)] == [5]
    assert rows(on.folder)[0].runtime > 0


def test_resume_must_and_never_say_what_is_wrong(start: Start) -> None:
    with pytest.raises(runstone.ResumeError, match="nowhere"):
        start(id="nowhere", resume="must")
    start(id="here").finish()
    with pytest.raises(runstone.ResumeError, match="here"):
        start(id="here", resume="never")
    fresh = start(id="fresh", resume="allow")
    assert not fresh.resumed
    assert fresh.step == 0


def test_resume_auto_goes_on_with_a_run_that_did_not_end_well(tmp_path: Path, start: Start) -> None:
    script = """
        import os, sys, runstone
        Q = dict(console="off", system=False, git=False, packages=False, environment=False, silent=True)
        run = runstone.init(project="p", mode="offline", dir=sys.argv[1], resume="auto", settings=Q)
        run.log({"a": 1})
        print(run.id, run.step)
        if sys.argv[2] == "crash":
            os._exit(9)
    """
    one = run_script(script, str(tmp_path), "crash").stdout.split()
    two = run_script(script, str(tmp_path), "well").stdout.split()
    three = run_script(script, str(tmp_path), "well").stdout.split()
    assert two == [one[0], "2"]
    assert three[0] != one[0]
    assert three[1] == "1"


def test_a_fork_begins_behind_its_step(start: Start) -> None:
    run = start(fork_from="parent?_step=41")
    run.log({"a": 1})
    fields = first(run.folder)
    assert (fields.fork_of, fields.fork_step) == ("parent", 41)
    assert rows(run.folder)[0].step == 42
    assert run.starting_step == 42


def test_a_rewind_goes_on_in_the_run_itself(start: Start) -> None:
    run = start(id="rew")
    for i in range(10):
        run.log({"a": i})
    run.finish()
    again = start(resume_from="rew?_step=4")
    assert again.id == "rew"
    fields = first(again.folder)
    assert (fields.run, fields.fork_of, fields.fork_step, fields.resume) == ("rew", "rew", 4, "must")
    assert again.step == 5
    with pytest.raises(runstone.ResumeError):
        start(resume_from="unheard?_step=4")


# --- several processes


def test_ranks_are_found_in_the_environment() -> None:
    torch = {"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "3", "LOCAL_WORLD_SIZE": "8"}
    found = detect_rank(torch)
    assert found is not None
    assert (found.rank, found.world_size) == (3, 8)
    assert found.job == detect_rank({**torch, "RANK": "5"}).job  # type: ignore[union-attr]
    slurm = {"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "4", "SLURM_JOB_ID": "77", "SLURM_STEP_ID": "0"}
    assert detect_rank(slurm) == Rank(1, 4, "slurm 77  0 ")
    assert detect_rank({"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_JOB_ID": "77"}) is None  # sbatch
    mpi = {"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "2", "PMIX_NAMESPACE": "host-12@1"}
    assert detect_rank(mpi) == Rank(0, 2, "ompi host-12@1")
    assert detect_rank({"PMI_RANK": "1", "PMI_SIZE": "2"}) == Rank(1, 2, "")
    assert detect_rank({"RANK": "0", "WORLD_SIZE": "1"}) is None
    assert detect_rank({"RANK": "x", "WORLD_SIZE": "2"}) is None
    assert detect_rank({}) is None


def test_a_rendezvous_name_that_is_always_the_same_is_no_job() -> None:
    nodes = {
        "RANK": "0",
        "WORLD_SIZE": "16",
        "LOCAL_WORLD_SIZE": "8",
        "MASTER_ADDR": "a",
        "MASTER_PORT": "29500",
    }
    assert detect_rank({**nodes, "TORCHELASTIC_RUN_ID": "none"}).job == ""  # type: ignore[union-attr]
    one = detect_rank({**nodes, "TORCHELASTIC_RUN_ID": "exp"})
    two = detect_rank({**nodes, "TORCHELASTIC_RUN_ID": "exp", "MASTER_PORT": "31007"})
    assert one is not None
    assert two is not None
    assert identity.run_id_of_job(one.job) != identity.run_id_of_job(two.job)


RANKED = """
import sys, runstone
Q = dict(console="off", system=False, git=False, packages=False, environment=False, silent=True)
run = runstone.init(project="p", mode=MODE, dir=sys.argv[1], settings=Q, **ARGS)
for i in range(20):
    run.log({"loss": i + run.settings.rank if run.settings.rank else i}, step=i)
print(run.id)
"""


def launched(tmp_path: Path, size: int, mode: str, arguments: str, **environ: str) -> set[str]:
    script = RANKED.replace("MODE", repr(mode)).replace("ARGS", arguments)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "RANK": str(r), "WORLD_SIZE": str(size), "LOCAL_RANK": str(r),
                 "LOCAL_WORLD_SIZE": str(size), **environ},
        )
        for r in range(size)
    ]  # fmt: skip
    return {child.communicate(timeout=60)[0].strip() for child in children}


def test_processes_of_one_launch_write_one_run(tmp_path: Path) -> None:
    [run_id] = launched(tmp_path, 4, "offline", "{}")
    found = journals(tmp_path)
    assert len(found) == 4
    heads = sorted((items[0][1] for items in found.values()), key=lambda fields: fields.rank)
    assert {head.run for head in heads} == {run_id}
    assert [head.rank for head in heads] == [0, 1, 2, 3]
    assert [head.label for head in heads] == ["rank-0", "rank-1", "rank-2", "rank-3"]
    assert [head.primary for head in heads] == [True, False, False, False]
    assert {head.world_size for head in heads} == {4}
    assert len(rows(tmp_path)) == 80


def test_an_id_of_the_environment_is_common_and_one_in_the_script_may_not_be(tmp_path: Path) -> None:
    assert launched(tmp_path / "a", 2, "offline", "{}", WANDB_RUN_ID="common") == {"common"}
    heads = [items[0][1] for items in journals(tmp_path / "a").values()]
    assert {head.label for head in heads} == {"rank-0", "rank-1"}
    script = "{'id': 'own-' + __import__('os').environ['RANK']}"
    assert launched(tmp_path / "b", 2, "offline", script) == {"own-0", "own-1"}
    heads = [items[0][1] for items in journals(tmp_path / "b").values()]
    assert {(head.label, head.primary) for head in heads} == {(None, None)}


def test_shared_mode_takes_an_id_and_a_rank(start: Start) -> None:
    run = start(mode="shared", id="shared1", rank=2, world_size=4)
    fields = first(run.folder)
    assert (fields.rank, fields.world_size, fields.label, fields.primary) == (2, 4, "rank-2", False)
    assert run.mode == "online"
    named = start(mode="shared", id="shared1", label="evaluator", settings={"x_primary": False})
    fields = first(named.folder)
    assert (fields.label, fields.primary, fields.rank) == ("evaluator", False, None)
    with pytest.raises(runstone.UsageError, match="id"):
        start(mode="shared")


# --- the uplink is told


def entries(home: Path) -> list[QueueEntry]:
    return [
        msgspec.json.decode(p.read_bytes(), type=QueueEntry) for p in (home / "uplink/queue").glob("*.json")
    ]


@pytest.fixture
def no_uplink(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nobody takes the entries away, so that they can be looked at."""
    woken: list[str] = []
    from runstone.sdk import launch

    monkeypatch.setattr(launch, "ensure_uplink", lambda home: bool(woken.append(home)))
    return woken


def test_an_online_run_is_put_into_the_queue(start: Start, isolated_home: Path, no_uplink: list[str]) -> None:
    run = start(mode="online")
    [entry] = entries(isolated_home)
    assert Path(entry.journal).parent == Path(run.folder)
    assert (entry.mode, entry.base_url, entry.pid, entry.sample_system) == ("online", "", os.getpid(), False)
    from runstone.uplink.processes import Watched

    assert Watched(entry.pid, entry.pid_started, "").is_alive()
    assert no_uplink == [str(isolated_home)]
    assert (isolated_home / "uplink" / "queue").stat().st_mode & 0o077 == 0


def test_an_offline_run_with_nothing_to_watch_is_not(
    start: Start, isolated_home: Path, no_uplink: list[str]
) -> None:
    start()
    assert not (isolated_home / "uplink").exists()
    assert no_uplink == []
    start(settings={"system": True})
    [entry] = entries(isolated_home)
    assert (entry.mode, entry.sample_system) == ("offline", True)


def test_a_key_is_kept_in_a_file_of_its_own_and_nowhere_else(
    start: Start, isolated_home: Path, no_uplink: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "local-" + "a1b2c3d4e5" * 4
    run = start(mode="online", base_url="http://127.0.0.1:9/", api_key=key, settings={"finish_timeout": 0})
    [entry] = entries(isolated_home)
    assert entry.base_url == "http://127.0.0.1:9"
    path = Path(entry.api_key_file)
    assert path.read_text() == key
    assert path.stat().st_mode & 0o777 == 0o600
    run.log({"note": "x"})
    run.config.note = f"the key is {key}"
    run.finish()
    others = [
        p for p in [*isolated_home.rglob("*"), *Path(run.folder).rglob("*")] if p.is_file() and p != path
    ]
    assert not any(key.encode() in p.read_bytes() for p in others)
    assert run.url == "http://127.0.0.1:9/-/tests/runs/" + run.id


def test_a_foreign_key_in_the_environment_is_not_for_the_local_server(
    start: Start, isolated_home: Path, no_uplink: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "f" * 40)
    start(mode="online")
    assert [entry.api_key_file for entry in entries(isolated_home)] == [""]


def test_finish_with_a_server_that_is_away_is_bounded_and_says_how_to_go_on(
    start: Start, isolated_home: Path, no_uplink: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"silent": False, "finish_timeout": 30.0}
    run = start(mode="online", base_url="http://127.0.0.1:9", settings=settings)
    run.log({"a": 1})
    began = time.monotonic()
    run.finish(timeout=0.3)
    assert 0.2 < time.monotonic() - began < run.settings.finish_timeout  # not its own
    said = capsys.readouterr().err
    assert "Not all of it is on the server yet" in said
    assert f"runstone sync {run.folder}" in said


def test_without_any_server_finish_does_not_wait(
    start: Start, no_uplink: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = start(mode="online", settings={"silent": False, "finish_timeout": 30.0})
    began = time.monotonic()
    run.finish()
    assert time.monotonic() - began < 30
    assert "`runstone server` takes it in" in capsys.readouterr().err


# --- settings


def test_settings_of_the_field_are_understood(capsys: pytest.CaptureFixture[str], start: Start) -> None:
    settings = runstone.Settings(
        disable_git=True, x_disable_stats=True, disable_code=True, console="wrap", silent=True,
        start_method="thread",
        x_label="w1",
    )  # fmt: skip
    assert (settings.git, settings.system, settings.code, settings.console, settings.label) == (
        False, False, False, "wrap", "w1",
    )  # fmt: skip
    runstone.init(mode="disabled", settings=settings).finish()
    assert "start_method" in capsys.readouterr().err


def test_settings_name_what_they_do_not_have() -> None:
    with pytest.raises(AttributeError, match="colour"):
        runstone.Settings().colour = 3
    with pytest.raises(runstone.UsageError, match="sideways"):
        runstone.Settings(console="sideways")
    with pytest.raises(runstone.UsageError, match="rank"):
        runstone.Settings(rank="three")
    assert "secret" not in repr(runstone.Settings(api_key="secret-key"))


def test_the_local_server_is_named_in_the_url(
    start: Start, isolated_home: Path, no_uplink: list[str]
) -> None:
    isolated_home.mkdir(parents=True, exist_ok=True)
    (isolated_home / "server.json").write_text(
        json.dumps({"url": "http://127.0.0.1:8080", "pid": os.getpid()})
    )
    run = start(mode="online", entity="me", settings={"finish_timeout": 0})
    assert run.url == f"http://127.0.0.1:8080/me/tests/runs/{run.id}"
