"""Artifacts in the user's process: what is put together, and what a run keeps of it without a server."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import runstone
from runstone.content import schemas as schema
from runstone.content.store import LocalStore
from runstone.journal.check import check
from runstone.journal.kinds import ArtifactLogged, ArtifactUsed, Kind
from runstone.journal.reader import read_records

Start = Callable[..., runstone.Run]


@pytest.fixture(autouse=True)
def home_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNSTONE_DATA", str(tmp_path / "home"))


def records(run: runstone.Run, kind: Kind) -> list[Any]:
    shape = {Kind.ARTIFACT: ArtifactLogged, Kind.USE: ArtifactUsed}[kind]
    return [
        msgspec.msgpack.decode(record.payload, type=shape)
        for path in sorted(Path(run.folder).glob("*.journal"))
        for record in read_records(path)
        if record.kind == kind
    ]


def contents(run: runstone.Run, logged: ArtifactLogged) -> dict[str, bytes]:
    store = LocalStore.beside(run.folder)
    found = {}
    for entry in store.manifest(logged.manifest):
        place = store.locate(entry.sha256)
        assert place is not None, entry
        with open(place.path, "rb") as file:
            file.seek(place.offset)
            found[entry.path] = file.read(place.size)
    return found


def test_a_folder_becomes_a_record_that_names_what_lies_in_the_store(
    run: runstone.Run, tmp_path: Path
) -> None:
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "sub" / "a.bin").write_bytes(b"a" * 100_000)
    (tmp_path / "data" / "b.txt").write_bytes(b"b")
    artifact = runstone.Artifact("cats", type="dataset", description="d", metadata={"n": 1})
    artifact.add_dir(tmp_path / "data")
    artifact.add_file(tmp_path / "data" / "b.txt", "again/b.txt")
    run.log({"x": 1})
    assert run.log_artifact(artifact, aliases=["clean", "clean"], tags="t") is artifact
    [logged] = records(run, Kind.ARTIFACT)
    assert (logged.name, logged.type, logged.description, logged.metadata) == (
        "cats",
        "dataset",
        "d",
        {"n": 1},
    )
    assert (logged.aliases, logged.tags, logged.files, logged.bytes) == (["clean"], ["t"], 3, 100_002)
    assert logged.step == 1
    assert contents(run, logged) == {"sub/a.bin": b"a" * 100_000, "b.txt": b"b", "again/b.txt": b"b"}
    run.finish()
    assert all(check(path).sound for path in Path(run.folder).glob("*.journal"))


def test_what_is_logged_is_safe_from_later_edits(run: runstone.Run, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    for epoch in range(3):
        path.write_bytes(f"epoch {epoch}".encode() * 20_000)
        run.log_artifact(path, name="net", type="model")
    found = [contents(run, logged)["checkpoint.pt"] for logged in records(run, Kind.ARTIFACT)]
    assert [content[:7] for content in found] == [b"epoch 0", b"epoch 1", b"epoch 2"]


def test_a_file_counts_as_it_is_when_it_is_added(run: runstone.Run, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"then")
    artifact = runstone.Artifact("cats", type="dataset")
    artifact.add_file(path)
    path.write_bytes(b"later")
    run.log_artifact(artifact)
    assert contents(run, records(run, Kind.ARTIFACT)[0]) == {"x": b"then"}


def test_without_a_run_files_are_read_when_they_are_logged(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x").write_bytes(b"then")
    artifact = runstone.Artifact("cats", type="dataset")
    artifact.add_file(tmp_path / "x")
    with artifact.new_file("notes.txt") as file:
        file.write("hello\n")
    (tmp_path / "x").write_bytes(b"later")
    run = start()
    run.log_artifact(artifact)
    assert contents(run, records(run, Kind.ARTIFACT)[0]) == {"x": b"later", "notes.txt": b"hello\n"}
    assert "was written to after it was added" in capsys.readouterr().err


def test_immutable_files_are_not_copied_and_said_where_they_lie(run: runstone.Run, tmp_path: Path) -> None:
    (tmp_path / "big.bin").write_bytes(b"x" * 300_000)
    artifact = runstone.Artifact("cats", type="dataset")
    artifact.add_file(tmp_path / "big.bin", policy="immutable")
    run.log_artifact(artifact)
    [logged] = records(run, Kind.ARTIFACT)
    store = LocalStore.beside(run.folder)
    [entry] = store.manifest(logged.manifest)
    assert entry.sha256 == hashlib.sha256(b"x" * 300_000).digest() and store.locate(entry.sha256) is None
    assert logged.roots == [("big.bin", str(tmp_path / "big.bin"))]


def test_the_same_content_twice_takes_no_more_room(run: runstone.Run, tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / f"{number}").write_bytes(os.urandom(number * 4000))
    sizes, digests = [], []
    for _ in range(2):
        artifact = runstone.Artifact("cats", type="dataset")
        artifact.add_dir(tmp_path / "data")
        run.log_artifact(artifact)
        digests.append(artifact.digest)
        store = Path(LocalStore.beside(run.folder).folder)
        sizes.append(sum(path.stat().st_size for path in store.rglob("*") if path.is_file()))
    assert digests[0] == digests[1] and sizes[1] - sizes[0] < 100


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a//b", "c:\\x", ""])
def test_names_that_lead_out_are_refused_where_they_are_given(
    run: runstone.Run, tmp_path: Path, name: str
) -> None:
    (tmp_path / "x").write_text("x")
    artifact = runstone.Artifact("cats", type="dataset")
    if name:
        with pytest.raises(runstone.UsageError, match="cannot be named"):
            artifact.add_file(tmp_path / "x", name)
    with pytest.raises(runstone.UsageError), artifact.new_file(name):
        pass


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "x" * 200, ".."])
def test_artifact_names_are_checked(name: str) -> None:
    with pytest.raises(runstone.UsageError, match="cannot be named"):
        runstone.Artifact(name, type="dataset")


def test_misuse_is_said_at_the_call(run: runstone.Run, tmp_path: Path) -> None:
    artifact = runstone.Artifact("cats", type="dataset")
    with pytest.raises(runstone.UsageError, match="cannot be read"):
        artifact.add_file(tmp_path / "none")
    with pytest.raises(runstone.UsageError, match="not a folder"):
        artifact.add_dir(tmp_path / "none")
    (tmp_path / "x").write_text("x")
    artifact.add_file(tmp_path / "x")
    with pytest.raises(runstone.UsageError, match="has a file 'x' already"):
        artifact.add_file(tmp_path / "x")
    artifact.add_file(tmp_path / "x", overwrite=True)
    with pytest.raises(runstone.UsageError, match="policy is one of"):
        artifact.add_file(tmp_path / "x", "y", policy="sometimes")  # type: ignore[arg-type]
    with pytest.raises(runstone.UsageError, match="how versions are numbered"):
        run.log_artifact(artifact, aliases=["v3"])
    run.log_artifact(artifact)
    with pytest.raises(runstone.UsageError, match="new_draft"):
        artifact.add_file(tmp_path / "x", "z")
    with pytest.raises(runstone.errors.Error, match="not on a server yet"):
        _ = artifact.version
    with pytest.raises(runstone.UsageError, match="may be another version"):
        run.use_artifact("cats:latest")
    named = run.use_artifact("cats:v3")
    assert named.name == "cats:v3"
    with pytest.raises(runstone.errors.Error, match="used by a run without a server"):
        named.download()


def test_a_link_out_of_the_folder_is_refused_unless_it_is_wanted(run: runstone.Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "secret").write_text("s")
    (tmp_path / "data" / "leak").symlink_to(tmp_path / "secret")
    artifact = runstone.Artifact("cats", type="dataset")
    with pytest.raises(runstone.UsageError, match="leads out"):
        artifact.add_dir(tmp_path / "data")
    artifact.add_dir(tmp_path / "data", follow_links=True)
    assert list(artifact.manifest.entries) == ["leak"]


def test_entries_are_removed_and_found_by_the_file_they_came_from(run: runstone.Run, tmp_path: Path) -> None:
    (tmp_path / "d" / "e").mkdir(parents=True)
    for name in ("d/a", "d/e/b", "d/e/c"):
        (tmp_path / name).write_text(name)
    artifact = runstone.Artifact("cats", type="dataset")
    artifact.add_dir(tmp_path / "d", name="in")
    assert artifact.get_added_local_path_name(str(tmp_path / "d" / "e" / "b")) == "in/e/b"
    assert artifact.get_entry("in/a").local_path == str(tmp_path / "d" / "a")
    artifact.remove("in/e")
    assert list(artifact.manifest.entries) == ["in/a"]
    with pytest.raises(FileNotFoundError):
        artifact.remove("in/e")


def test_tables_and_media_are_kept_as_json_and_given_back(run: runstone.Run) -> None:
    artifact = runstone.Artifact("cats", type="dataset")
    html = runstone.Html("<b>x</b>")
    table = runstone.Table(columns=["n", "page"], data=[[1, html], [float("nan"), html]])
    artifact.add(table, "results")
    artifact["page"] = html
    run.log_artifact(artifact)
    [logged] = records(run, Kind.ARTIFACT)
    paths = list(contents(run, logged))
    assert "results.table.json" in paths and "page.html-file.json" in paths
    assert any(path.startswith("media/html/") for path in paths)
    assert artifact.get("results") is table


def test_a_dataset_knows_its_columns(run: runstone.Run, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = tmp_path / "data"
    (data / "parts").mkdir(parents=True)
    for number in range(3):
        pq.write_table(
            pa.table({"id": [1, 2], "name": ["a", None if number == 1 else "b"]}),
            data / "parts" / f"{number}.parquet",
        )
    (data / "t.csv").write_text("x,y\n1,a\n2.5,b\n")
    with (
        pa.OSFile(str(data / "t.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, pa.schema([("k", pa.int8())])) as w,
    ):
        w.write(pa.record_batch({"k": pa.array([1, 2, 3], pa.int8())}))
    (data / "broken.parquet").write_bytes(b"no")
    artifact = runstone.Artifact("cats", type="dataset")
    artifact.add_dir(data)
    run.log_artifact(artifact)
    tables = {table["path"]: table for table in records(run, Kind.ARTIFACT)[0].facts["schema"]}
    assert set(tables) == {"parts/*.parquet", "t.csv", "t.arrow"}
    assert (tables["parts/*.parquet"]["rows"], tables["parts/*.parquet"]["files"]) == (6, 3)
    assert tables["parts/*.parquet"]["columns"] == [
        {"name": "id", "dtype": "int64", "nullable": False},
        {"name": "name", "dtype": "string", "nullable": True},
    ]
    assert [column["dtype"] for column in tables["t.csv"]["columns"]] == ["double", "string"]
    assert tables["t.arrow"]["rows"] == 3


def test_a_frame_is_kept_as_parquet_with_its_schema(run: runstone.Run) -> None:
    import pyarrow as pa

    artifact = runstone.Artifact("cats", type="dataset")
    artifact.add(pa.table({"a": [1, 2], "b": ["x", None]}), "frame")
    assert list(artifact.manifest.entries) == ["frame.parquet"]
    [table] = artifact.schema
    assert table["rows"] == 2
    assert [(c["name"], c["nullable"]) for c in table["columns"]] == [("a", False), ("b", True)]


def test_a_changed_column_shows_in_the_difference() -> None:
    def table(columns: list[tuple[str, str, bool]], rows: int) -> list[dict[str, Any]]:
        listed = [{"name": n, "dtype": d, "nullable": null} for n, d, null in columns]
        return [{"path": "t.parquet", "format": "parquet", "rows": rows, "columns": listed}]

    before = table([("a", "int64", False), ("b", "string", False), ("gone", "int8", False)], 10)
    after = table([("a", "double", False), ("b", "string", True), ("new", "bool", False)], 12)
    changes = [(c["change"], c.get("column")) for c in schema.difference(before, after)]
    assert changes == [
        ("dtype", "a"),
        ("nullable", "b"),
        ("column removed", "gone"),
        ("column added", "new"),
        ("rows", None),
    ]
    assert schema.difference(before, before) == []
    assert schema.difference([], after)[0]["change"] == "table added"


def scale(values: list[float], by: float) -> list[float]:
    return [value * by for value in values]


def test_preprocessing_is_an_ordered_list_that_tells_code_apart(run: runstone.Run, tmp_path: Path) -> None:
    artifact = runstone.Artifact("cats", type="dataset")
    artifact.preprocessing.add(scale, {"by": 2.0})
    artifact.preprocessing.add("resize", {"size": 224}, libraries=["numpy", "not-installed"])
    with artifact.new_file("x") as file:
        file.write("x")
    run.log_artifact(artifact)
    first, second = records(run, Kind.ARTIFACT)[0].facts["preprocessing"]
    assert first["name"].endswith("scale") and first["params"] == {"by": 2.0}
    assert first["source_sha256"] == hashlib.sha256(first["source"].encode()).hexdigest()
    assert second["name"] == "resize" and list(second["libraries"]) == ["numpy"]


def test_a_model_knows_its_roles_and_says_what_is_missing(run: runstone.Run, tmp_path: Path) -> None:
    for name in ("model.safetensors", "train.py", "requirements.txt", "old.pkl"):
        (tmp_path / "m").mkdir(exist_ok=True)
        (tmp_path / "m" / name).write_text(name)
    artifact = runstone.Artifact("net", type="model")
    artifact.add_dir(tmp_path / "m")
    run.log_artifact(artifact)
    roles = records(run, Kind.ARTIFACT)[0].facts["roles"]
    assert roles["training_script"] == ["train.py"] and roles["environment"] == ["requirements.txt"]
    assert roles["missing"] == ["evaluation"] and roles["pickles"] == ["old.pkl"]
    other = runstone.Artifact("net", type="model")
    other.add_dir(tmp_path / "m")
    other.set_role("evaluation", "requirements.txt")
    assert other.roles["missing"] == []
    with pytest.raises(runstone.UsageError, match="no role"):
        other.set_role("cook", "x")


def test_pickles_are_never_loaded(run: runstone.Run, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (os.mkdir, (str(tmp_path / "sprung"),))

    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Trap()))
    artifact = runstone.Artifact("net", type="model")
    artifact.add_file(tmp_path / "model.pkl")
    run.log_artifact(artifact)
    assert artifact.get("model") is None
    assert not (tmp_path / "sprung").exists()


def test_a_use_of_what_was_logged_here_is_recorded(run: runstone.Run, tmp_path: Path) -> None:
    artifact = runstone.Artifact("cats", type="dataset")
    with artifact.new_file("x") as file:
        file.write("x")
    run.log_artifact(artifact)
    assert run.use_artifact(artifact, use_as="train") is artifact
    [used] = records(run, Kind.USE)
    assert used.logged == records(run, Kind.ARTIFACT)[0].id and used.use_as == "train"
    assert artifact.wait() is artifact


def test_parts_of_a_distributed_version_need_a_common_name(start: Start, tmp_path: Path) -> None:
    run = start(group="")
    (tmp_path / "x").write_text("x")
    with pytest.raises(runstone.UsageError, match="distributed_id"):
        run.upsert_artifact(tmp_path / "x", name="cats", type="dataset")
    run.upsert_artifact(tmp_path / "x", name="cats", type="dataset", distributed_id="d")
    run.finish_artifact(tmp_path / "x", name="cats", type="dataset", distributed_id="d")
    assert [(r.distributed, r.last) for r in records(run, Kind.ARTIFACT)] == [("d", False), ("d", True)]


def test_a_disabled_run_keeps_nothing(start: Start, tmp_path: Path) -> None:
    run = start(mode="disabled")
    (tmp_path / "x").write_text("x")
    artifact = run.log_artifact(tmp_path / "x", name="cats", type="dataset")
    assert artifact.is_draft() and run.use_artifact(artifact) is artifact


def test_a_full_disk_is_told_and_training_goes_on(
    run: runstone.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import errno

    (tmp_path / "x").write_bytes(b"x" * 100_000)
    artifact = runstone.Artifact("cats", type="dataset")

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("runstone.content.store.copy_hashed", full)
    try:
        artifact.add_file(tmp_path / "x")
        run.log_artifact(artifact)
    finally:
        monkeypatch.undo()
    assert "could not be kept" in capsys.readouterr().err
    assert records(run, Kind.ARTIFACT) == []
    run.log({"x": 1})


def test_a_folder_alone_and_its_files_one_by_one_are_the_same_version(start: Start, tmp_path: Path) -> None:
    names = ["a/z", "a-b/x", "a.txt", "b/c/d", "B"]
    for name in names:
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_text(name)
    run = start()
    folder, single, changed = (runstone.Artifact("one", type="dataset") for _ in range(3))
    folder.add_dir(tmp_path / "data", "in")
    for name in reversed(names):
        single.add_file(tmp_path / "data" / name, f"in/{name}")
    changed.add_dir(tmp_path / "data", "in")
    changed.remove("in/a")
    changed.add_file(tmp_path / "data" / "a" / "z", "in/a/z")
    early = folder.digest
    for artifact in (folder, single, changed):
        assert artifact.file_count == 5 and artifact.size == sum(map(len, names))
        run.log_artifact(artifact)
    assert folder.digest == single.digest == changed.digest == early
    assert [record.files for record in records(run, Kind.ARTIFACT)] == [5, 5, 5]
    assert contents(run, records(run, Kind.ARTIFACT)[0]) == {f"in/{name}": name.encode() for name in names}
    again = runstone.Artifact("one", type="dataset")
    again.add_dir(tmp_path / "data", "in")
    with pytest.raises(runstone.UsageError, match="already"):
        again.add_dir(tmp_path / "data", "in")
    assert sorted(again.manifest.entries) == sorted(f"in/{name}" for name in names)


def test_importing_the_package_loads_nothing_of_artifacts() -> None:
    import subprocess
    import sys

    code = "import runstone, sys; print([m for m in sys.modules if m.startswith('runstone.content')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
