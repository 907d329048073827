"""What an artifact knows of its content, and what it refuses where it is said."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import runstone
from runstone.content import schemas as schema
from runstone.journal.kinds import AlertRaised, ArtifactLogged, Kind, Patch
from runstone.journal.reader import read_records


@pytest.fixture(autouse=True)
def home_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNSTONE_DATA", str(tmp_path / "home"))


def records(run: runstone.Run, kind: Kind, shape: type[Any]) -> list[Any]:
    return [
        msgspec.msgpack.decode(record.payload, type=shape)
        for path in sorted(Path(run.folder).glob("*.journal"))
        for record in read_records(path)
        if record.kind == kind
    ]


def dataset(name: str = "d") -> runstone.Artifact:
    return runstone.Artifact(name, type="dataset")


# --- columns


def test_rows_of_a_long_csv_are_counted_and_its_columns_may_hold_nulls(tmp_path: Path) -> None:
    lines = "".join(f'{n},"a, b\n""c"""\n' for n in range(120_000))
    (tmp_path / "long.csv").write_text("n,text\n" + lines + ",\n")
    assert (tmp_path / "long.csv").stat().st_size > schema.HEAD_BYTES
    artifact = dataset()
    artifact.add_file(tmp_path / "long.csv")
    (table,) = artifact.schema
    assert table["rows"] == 120_001
    assert [column["nullable"] for column in table["columns"]] == [True, True]


def test_what_is_empty_in_a_csv_is_null_in_a_column_of_text_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\nx,1\n,2\n")
    artifact = dataset()
    artifact.add_file(tmp_path / "a.csv")
    assert [column["nullable"] for column in artifact.schema[0]["columns"]] == [True, False]


def test_partitions_of_one_table_are_one_table(tmp_path: Path) -> None:
    for year in (2023, 2024):
        (tmp_path / "data" / f"year={year}").mkdir(parents=True)
        pq.write_table(pa.table({"v": [1, 2]}), tmp_path / "data" / f"year={year}" / "part.parquet")
    artifact = dataset()
    artifact.add_dir(tmp_path / "data")
    (table,) = artifact.schema
    assert (table["path"], table["files"], table["rows"]) == ("year=*/*.parquet", 2, 4)


def test_files_of_two_shapes_in_one_folder_have_names_of_their_own(tmp_path: Path) -> None:
    for name, column in (("a1", "x"), ("a2", "x"), ("b1", "y"), ("b2", "y")):
        pq.write_table(pa.table({column: [1]}), tmp_path / f"{name}.parquet")
    artifact = dataset()
    artifact.add_dir(tmp_path, "in")
    assert sorted(table["path"] for table in artifact.schema) == ["in/*.parquet", "in/b1.parquet"]


def test_more_columns_than_are_kept_are_counted(tmp_path: Path) -> None:
    artifact = dataset()
    artifact.set_schema(pa.table({f"c{n}": [n] for n in range(schema.COLUMNS_MAX + 5)}))
    (table,) = artifact.schema
    assert (len(table["columns"]), table["columns_left_out"]) == (schema.COLUMNS_MAX, 5)


def test_columns_of_many_wide_tables_stay_within_what_a_version_says_of_itself(
    run: runstone.Run, tmp_path: Path
) -> None:
    for n in range(40):
        wide = pa.table({f"a_rather_long_name_of_table_{n}_{at}": [1] for at in range(1500)})
        pq.write_table(wide, tmp_path / f"{n}.parquet")
    artifact = dataset()
    artifact.add_dir(tmp_path, "in")
    logged = run.log_artifact(artifact)
    assert len(logged.schema) == 40
    assert 0 < sum("columns_left_out" in table for table in logged.schema) < 40
    assert len(msgspec.json.encode(logged.schema)) < 4 << 20


def test_batches_and_columns_of_one_name_have_a_schema() -> None:
    artifact = dataset()
    artifact.set_schema(pa.RecordBatch.from_arrays([pa.array([1]), pa.array([None])], names=["a", "a"]))
    assert [(c["name"], c["nullable"]) for c in artifact.schema[0]["columns"]] == [("a", False), ("a", True)]


def test_splits_of_a_dataset_are_tables_of_their_own() -> None:
    artifact = dataset()
    artifact.set_schema({"train": pa.table({"a": [1, 2]}), "test": pa.table({"a": [1]})}, "cats")
    assert {table["path"]: table["rows"] for table in artifact.schema} == {"cats/train": 2, "cats/test": 1}
    with pytest.raises(runstone.UsageError, match=r"builtins\.dict cannot be told.*Arrow table"):
        artifact.set_schema({"train": pa.table({"a": [1]}), "test": 3})


def test_tables_of_an_earlier_version_are_said_of_what_stays() -> None:
    columns = [{"name": "a", "dtype": "int64", "nullable": False}]
    one = {"path": "a.csv", "format": "csv", "rows": 3, "columns": columns}
    many = {"path": "p/*.csv", "format": "csv", "files": 2, "rows": 5, "columns": columns}
    given = {"path": "", "format": "pandas", "rows": 9, "columns": columns}
    before = {"a.csv": b"1", "p/x.csv": b"2", "p/y.csv": b"3"}
    tables = [one, many, given]
    assert schema.carried(tables, before, before) == tables
    assert schema.carried(tables, before, {"a.csv": b"other", "p/x.csv": b"2"}) == [
        {**many, "files": 1, "rows": None},
        given,
    ]
    assert schema.carried(tables, before, {}) == [given]


# --- preparation


def _scaled(values: Any, mean: float = 0.0, std: float = 1.0) -> Any:
    return (np.asarray(values) - mean) / std


def _told(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(*given: Any) -> Any:
        return function(*given)

    return inner


def _untold(function: Callable[..., Any]) -> Callable[..., Any]:
    def inner(*given: Any) -> Any:
        return function(*given)

    return inner


def _times(factor: int) -> Callable[[Any], Any]:
    def inner(values: Any) -> Any:
        return values * factor

    return inner


class _Scale:
    def __init__(self, factor: float) -> None:
        self.factor, self.data = factor, np.zeros(1000)

    def __call__(self, values: Any) -> Any:
        return np.multiply(values, self.factor)


def _step(function: Callable[..., Any] | str, **params: Any) -> dict[str, Any]:
    artifact = dataset()
    artifact.preprocessing.add(function, params)
    return artifact.preprocessing[0]


def test_what_a_step_has_bound_is_among_its_parameters() -> None:
    partly = functools.partial(functools.partial(_scaled, mean=3.0), [1.0])
    assert _step(partly, std=2)["params"] == {"values": [1.0], "mean": 3.0, "std": 2}
    assert _step(partly)["source_sha256"] == _step(_scaled)["source_sha256"]
    assert [_step(_times(n))["params"] for n in (3, 4)] == [{"factor": 3}, {"factor": 4}]
    assert _step(_Scale(0.5))["params"] == {"factor": 0.5}
    assert _step(_untold(_scaled))["params"] == {"function": f"{__name__}._scaled"}


def test_a_step_is_told_beneath_its_decorators_with_the_library_it_comes_from() -> None:
    for wrapped in (_told(_scaled), functools.lru_cache(_scaled)):
        step = _step(wrapped)
        assert step["name"] == f"{__name__}._scaled"
        assert step["source_sha256"] == _step(_scaled)["source_sha256"]
        assert step["libraries"] == {"numpy": np.__version__}
    assert _step(np.log)["libraries"] == {"numpy": np.__version__}


def test_a_function_typed_at_a_prompt_has_a_name() -> None:
    scope: dict[str, Any] = {}
    exec("def typed(x):\n  return x", scope)  # as a prompt makes it: without a file, and without a module
    assert _step(scope["typed"])["name"] == "typed"


def test_a_step_that_is_none_is_refused() -> None:
    with pytest.raises(runstone.UsageError, match="takes a function or its name, met ''"):
        _step("")
    with pytest.raises(runstone.UsageError, match=r"params as a mapping .* met \[1\]"):
        dataset().preprocessing.add("resize", [1])  # type: ignore[arg-type]


def test_secrets_are_not_kept_of_steps_and_descriptions(run: runstone.Run) -> None:
    artifact = runstone.Artifact("d", "dataset", description="made with ghp_" + "a1" * 18)
    artifact.preprocessing.add("fetch", {"password": "hunter2hunter2", "rows": 3})
    run.log_artifact(artifact)
    (logged,) = records(run, Kind.ARTIFACT, ArtifactLogged)
    assert logged.facts["preprocessing"][0]["params"] == {"password": "[redacted]", "rows": 3}
    assert logged.description == "made with [redacted]"


# --- roles


def test_a_role_names_files_that_are_there(run: runstone.Run) -> None:
    model = runstone.Artifact("net", "model")
    model.add_bytes(b"w", "parts/one.weights")
    model.add_bytes(b"w", "parts/two.weights")
    model.set_role("weights", "parts/")
    assert model.roles["weights"] == ["parts/one.weights", "parts/two.weights"]
    model.set_role("evaluation", "scores.json")
    with pytest.raises(runstone.UsageError, match=r"'net' has no file 'scores\.json'.*as evaluation"):
        run.log_artifact(model)
    model.add_bytes(b"{}", "scores.json")
    assert run.log_artifact(model).roles["evaluation"] == ["scores.json"]


# --- refused where it is said, as the server would later


@pytest.mark.parametrize("alias", ["a%2Fb", "#1", "@3", " x", "a\\b", "v3", "x" * 129, "\x7f"])
def test_an_alias_that_the_server_would_refuse_is_refused_at_once(run: runstone.Run, alias: str) -> None:
    with pytest.raises(runstone.UsageError):
        run.log_artifact(dataset(), aliases=[alias])
    with pytest.raises(runstone.UsageError):
        dataset().aliases = [alias]


@pytest.mark.parametrize("tag", ["a.b", "", "x/y", " x", "x" * 129])
def test_a_tag_that_the_server_would_refuse_is_refused_at_once(tag: str) -> None:
    with pytest.raises(runstone.UsageError, match="cannot be a tag"):
        dataset().tags = [tag]
    dataset().tags = ["good one", "ünï_1-2"]


def test_metadata_that_no_server_takes_is_refused_while_the_bytes_are_there(run: runstone.Run) -> None:
    for metadata, said in (
        ({f"k{n}": n for n in range(101)}, "101 keys at the top; the most is 100"),
        ({"text": "x" * 5_000_000}, r"metadata of artifact 'd' take 5,000,0\d\d bytes; the most"),
    ):
        artifact = dataset()
        artifact.metadata = metadata
        with pytest.raises(runstone.UsageError, match=said):
            run.log_artifact(artifact)
    assert records(run, Kind.ARTIFACT, ArtifactLogged) == []
    with pytest.raises(runstone.UsageError, match=r"a mapping of names to values, met \[1\]"):
        runstone.Artifact("d", "dataset", metadata=[1])  # type: ignore[arg-type]


def test_other_misuse_is_said_at_the_call(run: runstone.Run, tmp_path: Path) -> None:
    with pytest.raises(runstone.UsageError, match="a timedelta or seconds, met '3d'"):
        dataset().ttl = "3d"  # type: ignore[assignment]
    with pytest.raises(runstone.UsageError, match=r"mode is one of .* met 'r'"), dataset().new_file("a", "r"):
        pass
    with pytest.raises(runstone.UsageError, match="an artifact, a file or a folder, met 3"):
        run.log_artifact(3)  # type: ignore[arg-type]


def test_names_that_the_server_would_refuse_are_refused_in_folders_too(tmp_path: Path) -> None:
    (tmp_path / "drive").mkdir()
    (tmp_path / "drive" / "c:x").write_text("x")
    with pytest.raises(runstone.UsageError, match="'c:x': it begins like a drive"):
        dataset().add_dir(tmp_path / "drive")
    deep = tmp_path.joinpath("deep", *(["x" * 250] * 5))
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
    with pytest.raises(runstone.UsageError, match="longer than 1024 bytes"):
        dataset().add_dir(tmp_path / "deep")


def test_text_that_is_no_utf8_does_not_end_a_training(run: runstone.Run) -> None:
    torn = os.fsdecode(b"caf\xe9.txt")
    artifact = runstone.Artifact("d", "dataset", description=torn, metadata={"file": torn, "nan": np.nan})
    run.log_artifact(artifact)
    run.config.update({torn: torn})
    run.summary["best"] = torn
    run.notes = torn
    run.alert(torn)
    (logged,) = records(run, Kind.ARTIFACT, ArtifactLogged)
    assert (logged.description, logged.metadata["file"]) == ("caf?.txt", "caf?.txt")
    assert records(run, Kind.CONFIG, Patch)[-1].set == [(["caf?.txt"], "caf?.txt")]
    assert records(run, Kind.SUMMARY, Patch)[-1].set == [(["best"], "caf?.txt")]
    assert records(run, Kind.ALERT, AlertRaised)[-1].title == "caf?.txt"
