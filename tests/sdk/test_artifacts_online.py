"""Artifacts from `log_artifact` to a real server and back: real processes, a real uplink."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sdk.conftest import QUIET
from tests.support.server import RunningServer, running_server
from tests.support.written_runs import end_uplinks

import runstone
from runstone.client.artifacts import ArtifactVersion
from runstone.sdk import hooks
from runstone.sdk.artifacts.recording import NotCommittedError
from runstone.sdk.artifacts.using import close_clients
from runstone.uplink.sync import Sync, find_journals

Begin = Callable[..., runstone.Run]


@pytest.fixture
def environ(shared_server: RunningServer) -> dict[str, str]:
    return {"RUNSTONE_BASE_URL": shared_server.base_url, "RUNSTONE_API_KEY": shared_server.admin_key}


@pytest.fixture
def begin(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Begin]:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def start(**given: Any) -> runstone.Run:
        given = {"project": request.node.name[:60], "dir": str(tmp_path), "reinit": "create_new", **given}
        return runstone.init(settings=runstone.Settings(**QUIET), **given)

    yield start
    for run in hooks.live_runs():
        run.finish()
    close_clients()


@pytest.fixture
def api(begin: Begin) -> Iterator[runstone.Api]:
    with runstone.Api() as found:
        yield found


def fill(folder: Path, sizes: dict[str, int]) -> Path:
    for name, size in sizes.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(os.urandom(size))
    return folder


def tree(folder: str | Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}


def logged(run: runstone.Run, folder: Path, **more: Any) -> runstone.Artifact:
    return run.log_artifact(folder, name="cats", type="dataset", **more).wait(60)


SIZES = {"a/small": 10, "a/empty": 0, "b/packed": 65_536, "large": 700_001, "larger": 2_100_000}


def test_what_was_logged_comes_back_the_same(begin: Begin, api: runstone.Api, tmp_path: Path) -> None:
    data = fill(tmp_path / "data", SIZES)
    run = begin()
    artifact = runstone.Artifact("cats", type="dataset", metadata={"n": float("inf")})
    artifact.add_dir(data)
    run.log_artifact(artifact, aliases=["clean"], tags=["t"])
    assert artifact.wait(60) is artifact
    assert (artifact.name, artifact.version, artifact.state) == ("cats:v0", "v0", "COMMITTED")
    assert sorted(artifact.aliases) == ["clean", "latest"] and artifact.tags == ["t"]
    assert artifact.metadata == {"n": float("inf")} and artifact.size == sum(SIZES.values())
    other = begin()
    used = other.use_artifact("cats:clean", type="dataset")
    folder = used.download()
    assert folder.endswith("artifacts/cats:v0") and tree(folder) == tree(data)
    used.verify()
    with open(os.path.join(folder, "large"), "r+b") as file:
        byte = file.read(1)
        file.seek(0)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(ValueError, match="changed: large"):
        used.verify()
    used.download()
    used.verify()
    (Path(folder) / "mine.txt").write_text("x")
    with pytest.raises(ValueError, match=r"extra: mine\.txt"):
        used.verify()
    used.checkout()
    assert tree(folder) == tree(data)
    for never in (".", "..", os.path.expanduser("~")):
        with pytest.raises(ValueError, match="Give it a folder of its own"):
            used.checkout(never)
    assert (data / "large").exists()
    other.finish()
    run.finish()
    assert [v.name for v in api.run(f"{run.project}/{run.id}").logged_artifacts()] == ["cats:v0"]
    assert [v.name for v in api.run(f"{run.project}/{other.id}").used_artifacts()] == ["cats:v0"]
    version = api.artifact(f"{run.project}/cats:v0")
    by = version.logged_by()
    assert by is not None and by.id == run.id and version.damaged() == []


def test_the_same_content_is_the_same_version_and_one_byte_makes_another(
    begin: Begin, api: runstone.Api, tmp_path: Path
) -> None:
    data = fill(tmp_path / "data", SIZES)
    run = begin()
    assert [logged(run, data).version, logged(run, data).version] == ["v0", "v0"]
    (data / "a" / "small").write_bytes(b"other")
    assert logged(run, data, aliases=["new"]).version == "v1"
    version = api.artifact(f"{run.project}/cats:new")
    assert [(c.path, c.change) for c in version.diff("cats:v0").changes] == [("a/small", "changed")]
    run.finish(timeout=30)
    store = tmp_path / "runstone" / "artifact-store"
    left = [path.name for path in store.rglob("*") if path.is_file() and path.stat().st_size]
    assert [name for name in left if not name.startswith("known-")] == []


def test_a_draft_of_a_version_adds_and_removes(begin: Begin, tmp_path: Path) -> None:
    run = begin()
    first = logged(run, fill(tmp_path / "data", SIZES))
    draft = first.new_draft()
    draft.remove("a")
    with draft.new_file("notes.md") as file:
        file.write("# notes")
    run.log_artifact(draft).wait(60)
    assert sorted(draft.manifest.entries) == ["b/packed", "large", "larger", "notes.md"]
    added = runstone.Artifact("cats", type="dataset", incremental=True)
    with added.new_file("more.md") as file:
        file.write("more")
    run.log_artifact(added).wait(60)
    assert added.version == "v2" and "notes.md" in added.manifest.entries


def test_the_next_version_knows_of_what_stays_in_it(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "in" / "b.tsv").write_text("z\n1\n")
    (tmp_path / "in" / "weird.name").write_text("w")
    run = begin()
    first = runstone.Artifact("cats", type="dataset")
    first.add_dir(tmp_path / "in")
    first.preprocessing.add("resize", {"size": 224})
    first.set_role("weights", "weird.name")
    run.log_artifact(first).wait(60)

    draft = run.use_artifact(f"@{first.id}").new_draft()  # as another process has it: no file lies here
    draft.remove("b.tsv")
    draft.add_bytes(b"more", "more.txt")
    draft.preprocessing.add("crop")
    second = run.log_artifact(draft).wait(60)
    assert [table["path"] for table in second.schema] == ["a.csv"]
    assert [column["name"] for column in second.schema[0]["columns"]] == ["x", "y"]
    assert [step["name"] for step in second.preprocessing] == ["resize", "crop"]
    assert second.roles["weights"] == ["weird.name"]

    (tmp_path / "in" / "a.csv").write_text("x,new\n1,2\n")
    added = runstone.Artifact("cats", type="dataset", incremental=True)
    added.add_file(tmp_path / "in" / "a.csv")
    third = run.log_artifact(added).wait(60)
    assert [column["name"] for column in third.schema[0]["columns"]] == ["x", "new"]
    assert [step["name"] for step in third.preprocessing] == ["resize", "crop"]


def test_content_that_is_there_is_told_as_the_server_has_it(begin: Begin) -> None:
    run = begin()
    for number, step in enumerate(("first", "second")):
        artifact = runstone.Artifact("cats", type="dataset", metadata={"n": number})
        artifact.add_bytes(b"same", "a")
        artifact.preprocessing.add(step)
        run.log_artifact(artifact).wait(60)
        assert (artifact.version, artifact.metadata) == ("v0", {"n": 0})
        assert [one["name"] for one in artifact.preprocessing] == ["first"]


def test_changes_of_a_version_are_saved(begin: Begin, api: runstone.Api, tmp_path: Path) -> None:
    run = begin()
    artifact = logged(run, fill(tmp_path / "data", {"x": 5}))
    artifact.aliases.append("prod")
    artifact.description = "said"
    artifact.metadata["k"] = [1, 2]
    artifact.tags = ["a", "b"]
    artifact.save()
    found = api.artifact(f"{run.project}/cats:prod")
    assert (found.description, found.metadata, found.tags) == ("said", {"k": [1, 2]}, ["a", "b"])
    found.aliases.remove("prod")
    found.save()
    assert not api.artifact_exists(f"{run.project}/cats:prod")


def test_tables_come_back_as_tables(begin: Begin) -> None:
    run = begin()
    artifact = runstone.Artifact("tab", type="results")
    artifact["t"] = runstone.Table(columns=["a", "b"], data=[[1, "x"], [float("nan"), None]])
    run.log_artifact(artifact).wait(60)
    table = begin().use_artifact("tab:latest")["t"]
    assert table.columns == ["a", "b"] and table.data[0] == [1, "x"] and table.data[1][0] != table.data[1][0]


def test_models_are_logged_and_used_by_path(begin: Begin, tmp_path: Path) -> None:
    run = begin()
    fill(tmp_path, {"model.safetensors": 5000})
    run.log_model(tmp_path / "model.safetensors", "net", aliases=["best"]).wait(60)
    path = run.use_model("net:best")
    assert Path(path).read_bytes() == (tmp_path / "model.safetensors").read_bytes()
    logged(run, fill(tmp_path / "data", {"x": 1}))
    with pytest.raises(runstone.UsageError, match="of type 'dataset'"):
        run.use_model("cats:latest")
    with pytest.raises(runstone.UsageError, match="names no artifact"):
        run.use_artifact("a/b/c/d")


def test_a_version_that_the_server_refuses_is_told_and_holds_up_nothing(
    begin: Begin, api: runstone.Api, tmp_path: Path
) -> None:
    run = begin()
    logged(run, fill(tmp_path / "data", {"x": 5}))
    wrong = run.log_artifact(tmp_path / "data", name="cats", type="another")
    with pytest.raises(NotCommittedError, match=r"not taken: .*of type 'dataset' already"):
        wrong.wait(60)
    run.log({"after": 1})
    run.finish(timeout=30)
    assert api.run(f"{run.project}/{run.id}").summary["after"] == 1


def test_a_hard_link_that_was_written_into_spoils_no_later_download(begin: Begin, tmp_path: Path) -> None:
    artifact = logged(begin(), fill(tmp_path / "data", {"x": 100_000}))
    first = Path(artifact.download(tmp_path / "one")) / "x"
    first.chmod(0o644)
    first.write_bytes(b"spoilt")
    second = Path(artifact.download(tmp_path / "two")) / "x"
    assert second.read_bytes() == (tmp_path / "data" / "x").read_bytes()
    copied = Path(artifact.download(tmp_path / "three", links="copy")) / "x"
    copied.write_bytes(b"mine")
    assert second.read_bytes() == (tmp_path / "data" / "x").read_bytes()


OFFLINE = """
    import os, sys
    import runstone
    run = runstone.init(project=sys.argv[1], id=sys.argv[2], dir=sys.argv[3], mode="offline",
        settings=runstone.Settings(console="off", system=False, git=False, packages=False, environment=False))
    for number in range(3):
        open("checkpoint", "wb").write(os.urandom(300_000) + bytes([number]))
        run.log({"number": number})
        run.log_artifact("checkpoint", name="net", type="model", aliases=[f"epoch-{number}"])
    dataset = runstone.Artifact("cats", type="dataset", policy="immutable")
    dataset.add_dir("data")
    run.log_artifact(dataset)
    run.use_artifact(dataset)
    run.finish()
"""


def run_python(code: str, *arguments: str, cwd: Path, environ: dict[str, str]) -> None:
    script = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    subprocess.run(script, cwd=cwd, env={**os.environ, **environ}, check=True, timeout=120)


def sync(folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runstone", "sync", str(folder)]
    return subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=120)


def test_an_offline_run_is_synced_with_its_artifacts(
    begin: Begin, api: runstone.Api, environ: dict[str, str], tmp_path: Path
) -> None:
    fill(tmp_path / "data", SIZES)
    run_python(OFFLINE, "offline", "off1", "here", cwd=tmp_path, environ={})
    moved = tmp_path / "moved"  # to another machine, say; the dataset's own files stay where they were
    (tmp_path / "here").rename(moved)
    done = sync(moved, environ)
    assert done.returncode == 0, done.stderr
    versions = list(api.artifacts("model", "offline/net"))
    assert [sorted(version.aliases) for version in versions] == [
        ["epoch-2", "latest"],
        ["epoch-1"],
        ["epoch-0"],
    ]
    for number, version in enumerate(reversed(versions)):
        content = Path(version.download(tmp_path / str(number)), "checkpoint").read_bytes()
        assert len(content) == 300_001 and content[-1] == number
    dataset = api.artifact("offline/cats")
    assert tree(dataset.download(tmp_path / "out")) == tree(tmp_path / "data")
    assert [v.name for v in api.run("offline/off1").used_artifacts()] == ["cats:v0"]
    again = sync(moved, environ)
    assert again.returncode == 0 and len(list(api.artifacts("model", "offline/net"))) == 3
    assert sum(path.stat().st_size for path in (moved / "runstone" / "artifact-store").rglob("*")) < 50_000


OFFLINE_USE = """
    import sys
    import runstone
    run = runstone.init(project="offline-use", id="off2", dir="here", mode="offline",
        settings=runstone.Settings(console="off", system=False, git=False, packages=False, environment=False))
    for name in sys.argv[1:]:
        run.use_artifact(name)
    run.finish()
"""


def test_a_run_that_reads_what_another_run_is_still_sending_names_it(
    begin: Begin, api: runstone.Api, tmp_path: Path
) -> None:
    data = fill(tmp_path / "data", {"large": 30_000_000})
    maker = begin(id="maker")
    dataset = maker.log_artifact(data, name="cats", type="dataset")
    reader = begin(id="reader")
    reader.use_artifact(dataset)
    model = reader.log_artifact(fill(tmp_path / "model", {"weights": 10}), name="net", type="model")
    assert dataset.schema == []
    reader.finish()
    maker.finish()
    model.wait(60)
    project = reader.project
    assert [one.name for one in api.run(f"{project}/reader").used_artifacts()] == ["cats:v0"]
    kinds = {edge.kind for edge in api.artifact(f"{project}/net").lineage(direction="up").edges}
    assert kinds == {"made", "used"}


TWO_OFFLINE = """
    import sys
    import runstone
    settings = runstone.Settings(console="off", system=False, git=False, packages=False, environment=False)
    def begin(id):
        return runstone.init(project="two-offline", id=id, dir="here", mode="offline", settings=settings)
    with begin("maker") as run:
        dataset = run.log_artifact("data", name="cats", type="dataset")
    with begin("reader") as run:
        run.use_artifact(dataset)
        run.log({"x": 1})
"""


def test_runs_without_a_server_keep_what_they_read_of_each_other(
    begin: Begin, api: runstone.Api, tmp_path: Path, environ: dict[str, str]
) -> None:
    fill(tmp_path / "data", {"large": 3_000_000})
    run_python(TWO_OFFLINE, cwd=tmp_path, environ={})
    (reader,) = find_journals((tmp_path / "here").rglob("run-*-reader"))
    (outcome,) = Sync(api.client, away_seconds=0).run([reader])
    assert outcome.state == "away" and "another run has made" in outcome.message, outcome
    assert [one.state for one in Sync(api.client).run(find_journals([tmp_path / "here"]))] == ["sent"] * 2
    assert [one.name for one in api.run("two-offline/reader").used_artifacts()] == ["cats:v0"]


def test_a_version_on_another_server_is_not_taken_for_one_on_this(
    begin: Begin, api: runstone.Api, tmp_path: Path
) -> None:
    fill(tmp_path / "data", {"small": 10})
    run_python(TWO_OFFLINE, cwd=tmp_path, environ={})
    maker, reader = find_journals([tmp_path / "here"])
    assert [one.state for one in Sync(api.client).run([maker])] == ["sent"]
    with running_server(tmp_path / "elsewhere") as server, server.client() as other:
        (outcome,) = Sync(other).run([reader])
        assert outcome.state == "sent" and outcome.troubles == [
            "the use of artifact cats: it is not on the server"
        ]
        assert other.run("", "two-offline", "reader").state == "finished"


def test_versions_that_an_offline_run_names_by_number_are_its_inputs_once_it_is_synced(
    begin: Begin, api: runstone.Api, environ: dict[str, str], tmp_path: Path
) -> None:
    for number in range(2):
        run = begin(project="offline-use", id=f"maker{number}")
        fill(tmp_path / "data", {"x": 100 + number})
        run.log_artifact(tmp_path / "data", name="own", type="dataset").wait(60)
        run.finish()
    other = begin(project="offline-other")
    other.log_artifact(tmp_path / "data", name="far", type="dataset").wait(60)
    entity = other.entity
    names = ["own:v0", "offline-other/far:v0", f"{entity}/offline-use/own:v1", "own:v77"]
    run_python(OFFLINE_USE, *names, cwd=tmp_path, environ={})
    done = sync(tmp_path / "here", environ)
    used = api.run("offline-use/off2").used_artifacts()
    assert sorted(version.name for version in used) == ["far:v0", "own:v0", "own:v1"]
    # What is not there is told, and keeps nothing else from arriving.
    assert "own:v77" in done.stdout + done.stderr


def test_an_immutable_file_that_was_changed_is_told_and_never_sent_as_something_else(
    begin: Begin, api: runstone.Api, environ: dict[str, str], tmp_path: Path
) -> None:
    fill(tmp_path / "data", SIZES)
    run_python(OFFLINE, "changed", "off2", "here", cwd=tmp_path, environ={})
    (tmp_path / "data" / "large").write_bytes(os.urandom(SIZES["large"]))
    done = sync(tmp_path / "here", environ)
    assert done.returncode == 1 and "'large'" in done.stderr and "were changed after" in done.stderr
    assert len(list(api.artifacts("model", "changed/net"))) == 3
    assert not api.artifact_exists("changed/cats:latest")
    assert api.run("changed/off2").state == "finished"


KILLED = """
    import os, sys, random
    import runstone
    run = runstone.init(project="killed", id=sys.argv[1], dir="here", settings=runstone.Settings(
        console="off", system=False, git=False, packages=False, environment=False, silent=True))
    number = 0
    os.makedirs(sys.argv[1], exist_ok=True)
    while True:
        for name in range(5):
            with open(f"{sys.argv[1]}/{name}", "wb") as file:
                file.write(f"{number}-{name}|".encode() * random.randrange(1, 60_000))
        run.log_artifact(sys.argv[1], name=f"net-{sys.argv[1]}", type="model")
        print(number, flush=True)
        number += 1
"""


def test_whoever_is_killed_what_was_committed_is_whole(
    begin: Begin, api: runstone.Api, environ: dict[str, str], tmp_path: Path, isolated_home: Path
) -> None:
    """Training and uplink are killed at random moments; then what was logged is brought over."""
    expected: dict[str, int] = {}
    for attempt in range(3):
        name = f"k{attempt}"
        script = [sys.executable, "-c", textwrap.dedent(KILLED), name]
        with subprocess.Popen(
            script, cwd=tmp_path, env={**os.environ, **environ}, stdout=subprocess.PIPE, text=True
        ) as training:
            assert training.stdout is not None
            training.stdout.readline()
            time.sleep(0.3 + int.from_bytes(os.urandom(1), "little") / 255)
            end_uplinks(isolated_home)
            time.sleep(int.from_bytes(os.urandom(1), "little") / 255 / 2)
            training.kill()
            expected[name] = 1 + len(training.stdout.read().split())
    end_uplinks(isolated_home)
    done = sync(tmp_path / "here", environ)
    assert done.returncode == 0, done.stderr
    for name, count in expected.items():
        versions = list(api.artifacts("model", f"killed/net-{name}"))
        assert count <= len(versions) <= count + 1
        for version in [versions[0], versions[-1]]:
            assert version.damaged() == [] and version.file_count == 5


PART = """
    import sys
    import runstone
    run = runstone.init(project="shared", group="g", settings=runstone.Settings(
        console="off", system=False, git=False, packages=False, environment=False, silent=True))
    artifact = runstone.Artifact("cats", type="dataset")
    with artifact.new_file(f"part-{sys.argv[1]}", "wb") as file:
        file.write(sys.argv[1].encode() * 100_000)
    run.upsert_artifact(artifact).wait(60)
    run.finish(timeout=60)
"""


def test_several_processes_add_to_one_version(
    begin: Begin, api: runstone.Api, environ: dict[str, str], tmp_path: Path
) -> None:
    script = [sys.executable, "-c", textwrap.dedent(PART)]
    env = {**os.environ, **environ}
    workers = [subprocess.Popen([*script, str(n)], cwd=tmp_path, env=env) for n in range(3)]
    for worker in workers:
        assert worker.wait(90) == 0
    run = begin(project="shared", group="g")
    last = runstone.Artifact("cats", type="dataset")
    with last.new_file("part-last") as file:
        file.write("last")
    assert not api.artifact_exists("shared/cats:latest")
    run.finish_artifact(last).wait(60)
    entries = sorted(last.manifest.entries)
    assert last.version == "v0" and entries == ["part-0", "part-1", "part-2", "part-last"]


STRAGGLER = """
    import sys, time
    from pathlib import Path
    import runstone
    run = runstone.init(project="late", group="g", settings=runstone.Settings(
        console="off", system=False, git=False, packages=False, environment=False, silent=True))
    first = runstone.Artifact("first", type="dataset")  # with it the run itself is on the server
    with first.new_file("x") as file:
        file.write("x")
    run.log_artifact(first).wait(60)
    Path("there").touch()
    while not Path("committed").exists():
        time.sleep(0.05)
    artifact = runstone.Artifact("cats", type="dataset")
    with artifact.new_file("late", "wb") as file:
        file.write(b"late" * 100_000)
    try:
        run.upsert_artifact(artifact).wait(60)
    except runstone.sdk.artifacts.recording.NotCommittedError as error:
        print(error)
    run.finish(timeout=60)
"""


def test_a_process_that_adds_when_the_version_is_committed_is_told_and_the_version_stays(
    begin: Begin, api: runstone.Api, environ: dict[str, str], tmp_path: Path
) -> None:
    late = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(STRAGGLER)],
        cwd=tmp_path,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 90
    while not (tmp_path / "there").exists():
        assert late.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    run = begin(project="late", group="g")
    last = runstone.Artifact("cats", type="dataset")
    with last.new_file("in-time") as file:
        file.write("in time")
    run.finish_artifact(last).wait(60)
    (tmp_path / "committed").touch()
    said, _ = late.communicate(timeout=90)
    assert "Artifact 'cats' was not taken" in said
    assert "cats:v0, which runs make together as 'g', was committed before this part of it came" in said
    version = api.artifact("late/cats:latest")
    assert version.version == "v0" and [entry.path for entry in version.entries()] == ["in-time"]
    assert version.damaged() == []
    # The id goes on: whoever made the last version begins the next.
    more = runstone.Artifact("cats", type="dataset")
    with more.new_file("next") as file:
        file.write("next")
    run.finish_artifact(more).wait(60)
    assert more.version == "v1" and sorted(more.manifest.entries) == ["next"]


def test_a_version_by_its_id_is_that_version(begin: Begin, api: runstone.Api, tmp_path: Path) -> None:
    artifact = logged(begin(), fill(tmp_path / "data", {"x": 5}))
    assert ArtifactVersion.by_id(api.client, artifact.id).qualified_name == artifact.qualified_name


def test_a_model_is_linked_into_a_registry_when_it_arrives(
    begin: Begin, api: runstone.Api, shared_server: RunningServer, tmp_path: Path
) -> None:
    import httpx

    answer = httpx.post(
        f"{shared_server.base_url}/api/v1/admin/organizations",
        json={"name": "acme", "owner": "admin"},
        headers={"Authorization": f"Bearer {shared_server.admin_key}"},
    )
    answer.raise_for_status()
    api.client.registries.create("acme", "models")
    data = fill(tmp_path / "data", {"x": 5})
    unlinked = begin(project="linking")
    early = runstone.Artifact("early", type="model")
    early.add_dir(data)
    unlinked.link_artifact(early, "wandb-registry-models/early")
    assert early.wait(60).version == "v0"  # made all the same; only its link is refused
    unlinked.finish(timeout=30)
    assert not api.artifact_exists("acme/wandb-registry-models/early:latest")
    run = begin(project="linking")
    run.use_artifact(logged(run, data))
    model = run.log_model(data / "x", "net")
    model.wait(60)
    late = runstone.Artifact("net2", type="model")
    late.add_dir(data)
    run.link_artifact(late, "wandb-registry-models/net2", aliases=["staging"])
    run.finish(timeout=60)
    linked = api.artifact("acme/wandb-registry-models/net2:staging")
    assert linked.is_link and linked.source_name == "net2:v0"
    again = model.link("wandb-registry-models/net")
    assert again is not None and again.source_qualified_name.endswith("/linking/net:v0")
    again.unlink()
    assert not api.artifact_exists("acme/wandb-registry-models/net:latest")
