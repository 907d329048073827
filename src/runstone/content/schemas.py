"""What columns a dataset has: read from the head of its files, or from a frame in memory.

A schema is a list of tables, each `{"path", "format", "rows", "columns": [{"name", "dtype", "nullable"}]}`.
dtype is as Arrow spells it (int64, double, string, timestamp[us], list<item: float>). rows is exact, or
null where that would mean to read more than `COUNTED_BYTES_MAX`. Several files of one folder (or of the
partitions `year=2024`, `year=2025`, … of one) with the same columns are one table, with `files` and the
sum of their rows. Parquet and Arrow files say their schema in their footers. The dtypes of CSV are a guess
from its first megabyte: where that is not all of it, rows are counted and every column may hold nulls.
Columns beyond the bounds below are counted in `columns_left_out`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

from runstone.content.paths import TABLES

FILES_MAX = 2000
COLUMNS_MAX = 10_000  # of one table
SCHEMA_CHARS_MAX = 2 << 20  # of all names and dtypes: a version says at most 4 MiB of itself
COUNTED_BYTES_MAX = 256 << 20  # of all CSV files of a version together
HEAD_BYTES = 1 << 20


def of_files(files: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """files: (path in the artifact, local path). Files that no reader knows are passed over, and those
    that cannot be read as what they say they are."""
    tables: list[dict[str, Any]] = []
    left = COUNTED_BYTES_MAX
    for number, (path, local) in enumerate(files):
        if number >= FILES_MAX:
            break
        kind = TABLES.get(os.path.splitext(path)[1].lower())
        if kind is None:
            continue
        table = _read(kind, local)
        if table is None:
            continue
        if kind == "csv" and table["rows"] is None and (size := _size(local)) <= left:
            left -= size
            table["rows"] = _csv_rows(local)
        tables.append({"path": path, "format": kind, **table})
    return tables


def of_version(given: list[dict[str, Any]], files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tables of one version, by path: files that are one table are merged, and the bounds are kept.
    given: what was said of frames in memory, kept as it is."""
    tables = [*given, *_merged(files)]
    return _bounded(sorted(tables, key=lambda table: str(table["path"])))


def carried(
    tables: list[dict[str, Any]], before: dict[str, bytes], now: dict[str, bytes]
) -> list[dict[str, Any]]:
    """What `tables`, of an earlier version, say of this one. before, now: digests of the tabular files
    by path. A table of several files of which some are gone has no `rows`."""
    kept = []
    same = {path for path, digest in before.items() if now.get(path) == digest}
    for table in tables:
        path = table["path"]
        if "files" not in table:
            if path in same or path not in before:  # or it was said of a frame in memory
                kept.append(table)
            continue
        suffix = os.path.splitext(path)[1]
        of_it = [
            p for p in before if _folder(p) == os.path.dirname(path) and os.path.splitext(p)[1] == suffix
        ]
        there = sum(p in same for p in of_it)
        if there == len(of_it):
            kept.append(table)
        elif there and len(of_it) == table["files"]:
            kept.append({**table, "files": there, "rows": None})
    return kept


def of_frame(frame: Any, path: str = "") -> dict[str, Any] | None:
    """Of a pandas or polars frame, an Arrow table or batch, or a Hugging Face dataset; None for anything
    else. None of those libraries is imported for that."""
    features = getattr(frame, "features", None)
    arrow = sys.modules.get("pyarrow")
    if features is not None and hasattr(features, "arrow_schema"):
        table = _arrow_schema(features.arrow_schema, getattr(frame, "num_rows", None))  # streamed: not known
        fingerprint = getattr(frame, "_fingerprint", None)
        return {"path": path, "format": "huggingface", **table, "fingerprint": fingerprint}
    if arrow is not None and isinstance(frame, (arrow.Table, arrow.RecordBatch)):
        return {"path": path, "format": "arrow", **_arrow_schema(frame.schema, frame.num_rows, frame)}
    kind = type(frame).__module__.partition(".")[0]
    if kind == "pandas" and hasattr(frame, "columns"):
        columns = [  # by place: several columns may have one name
            {"name": str(name), "dtype": str(dtype), "nullable": bool(frame.iloc[:, at].isna().any())}
            for at, (name, dtype) in enumerate(list(frame.dtypes.items())[:COLUMNS_MAX])
        ]
        found = {"path": path, "format": "pandas", "rows": len(frame), "columns": columns}
        return _with_left_out(found, len(frame.columns))
    if kind == "polars" and hasattr(frame, "to_arrow"):
        table = frame.to_arrow()
        return {"path": path, "format": "polars", **_arrow_schema(table.schema, table.num_rows, table)}
    return None


def of_frames(frame: Any, path: str = "") -> list[dict[str, Any]]:
    """As `of_frame`, also of several in one: a Hugging Face `DatasetDict`, by the names of its splits.
    Empty for anything else."""
    if isinstance(frame, dict):
        found = [of_frame(part, f"{path}/{name}" if path else str(name)) for name, part in frame.items()]
        return [table for table in found if table is not None] if None not in found else []
    one = of_frame(frame, path)
    return [] if one is None else [one]


def difference(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What changed between two schemas: `{"table", "change", …}` with change one of table added, table
    removed, column added, column removed, dtype, nullable, rows."""
    changes: list[dict[str, Any]] = []
    old, new = ({table["path"]: table for table in tables} for tables in (before, after))
    for path in sorted({*old, *new}):
        one, other = old.get(path), new.get(path)
        if one is None or other is None:
            changes.append({"table": path, "change": "table added" if one is None else "table removed"})
            continue
        columns = {column["name"]: column for column in one["columns"]}
        later = {column["name"]: column for column in other["columns"]}
        for name in [*columns, *(name for name in later if name not in columns)]:
            was, now = columns.get(name), later.get(name)
            if was is None or now is None:
                said = "column added" if was is None else "column removed"
                changes.append(
                    {"table": path, "change": said, "column": name, "dtype": (now or was or {})["dtype"]}
                )
                continue
            for field in ("dtype", "nullable"):
                if was[field] != now[field]:
                    changes.append(
                        {
                            "table": path,
                            "change": field,
                            "column": name,
                            "before": was[field],
                            "after": now[field],
                        }
                    )
        if one.get("rows") != other.get("rows"):
            changes.append(
                {"table": path, "change": "rows", "before": one.get("rows"), "after": other.get("rows")}
            )
    return changes


def _read(kind: str, local: str) -> dict[str, Any] | None:
    try:
        import pyarrow as pa
    except ImportError:
        return None
    try:
        if kind == "parquet":
            import pyarrow.parquet as pq

            with pq.ParquetFile(local) as file:
                return _with_null_counts(_arrow_schema(file.schema_arrow, file.metadata.num_rows), file)
        if kind == "arrow":
            with pa.memory_map(local) as source:
                try:
                    reader = pa.ipc.open_file(source)
                    rows = sum(reader.get_batch(at).num_rows for at in range(reader.num_record_batches))
                    return _arrow_schema(reader.schema, rows)
                except pa.ArrowInvalid:
                    source.seek(0)
                    return _arrow_schema(pa.ipc.open_stream(source).schema, None)
        return _csv(local)
    except (pa.ArrowException, OSError, ValueError, UnicodeError):
        return None


def _csv(local: str) -> dict[str, Any]:
    import io

    import pyarrow.csv as csv

    with open(local, "rb") as file:
        head = file.read(HEAD_BYTES)
        whole = not file.read(1)
    if not whole:
        head = _whole_lines(head)
    found = csv.read_csv(
        io.BytesIO(head),
        parse_options=_parse_options(local, quoted=b'"' in head),
        convert_options=csv.ConvertOptions(strings_can_be_null=True),
    )
    table = _arrow_schema(found.schema, found.num_rows if whole else None, found)
    if not whole:
        for column in table["columns"]:
            column["nullable"] = True
    return table


def _parse_options(local: str, *, quoted: bool) -> Any:
    import pyarrow.csv as csv

    return csv.ParseOptions(
        delimiter="\t" if local.lower().endswith(".tsv") else ",", newlines_in_values=quoted
    )


def _whole_lines(head: bytes) -> bytes:
    """Up to the last line's end that no quotes are around."""
    end = len(head)
    while (end := head.rfind(b"\n", 0, end)) >= 0:
        if head.count(b'"', 0, end) % 2 == 0:
            return head[: end + 1]
    return b""


def _csv_rows(local: str) -> int | None:
    """As the same reader counts them that tells the columns; only the first one is converted."""
    import pyarrow as pa
    import pyarrow.csv as csv

    options = _parse_options(local, quoted=True)
    try:
        with csv.open_csv(local, parse_options=options) as names:
            first = names.schema.names[0]
        kept = csv.ConvertOptions(include_columns=[first], column_types={first: pa.binary()})
        with csv.open_csv(local, parse_options=options, convert_options=kept) as reader:
            return sum(int(batch.num_rows) for batch in reader)
    except (pa.ArrowException, OSError, ValueError, IndexError):
        return None


def _size(local: str) -> int:
    try:
        return os.path.getsize(local)
    except OSError:
        return COUNTED_BYTES_MAX + 1


def _arrow_schema(schema: Any, rows: int | None, table: Any = None) -> dict[str, Any]:
    """With a table, a column is nullable where it holds nulls; else where its field says so."""
    columns = []
    for at, field in enumerate(list(schema)[:COLUMNS_MAX]):
        nullable = bool(table.column(at).null_count) if table is not None else bool(field.nullable)
        columns.append({"name": field.name, "dtype": str(field.type), "nullable": nullable})
    return _with_left_out({"rows": rows, "columns": columns}, len(schema))


def _with_left_out(table: dict[str, Any], columns: int) -> dict[str, Any]:
    left_out = columns - len(table["columns"])
    return {**table, "columns_left_out": left_out} if left_out else table


def _bounded(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    left, found = SCHEMA_CHARS_MAX, []
    for table in tables:
        columns = table["columns"]
        chars = sum(len(column["name"]) + len(column["dtype"]) for column in columns) + 45 * len(columns)
        if chars > left:
            table = {
                **table,
                "columns": [],
                "columns_left_out": len(columns) + table.get("columns_left_out", 0),
            }
        else:
            left -= chars
        found.append(table)
    return found


def _with_null_counts(found: dict[str, Any], file: Any) -> dict[str, Any]:
    """Parquet writers leave most columns nullable; the statistics say which hold nulls."""
    by_name = {column["name"]: column for column in found["columns"]}
    counts: dict[str, int] = {}
    unknown: set[str] = set()
    for group in range(file.metadata.num_row_groups):
        row_group = file.metadata.row_group(group)
        for at in range(row_group.num_columns):
            column = row_group.column(at)
            name, statistics = column.path_in_schema, column.statistics
            if statistics is None or not statistics.has_null_count:
                unknown.add(name)
            else:
                counts[name] = counts.get(name, 0) + statistics.null_count
    for name, count in counts.items():
        if name in by_name and name not in unknown:
            by_name[name]["nullable"] = count > 0
    return found


def _folder(path: str) -> str:
    """Where a file lies; the partitions of one table are one place."""
    folder = os.path.dirname(path)
    if "=" not in folder:
        return folder
    return "/".join(part.partition("=")[0] + "=*" if "=" in part else part for part in folder.split("/"))


def _merged(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for table in tables:
        shape = repr([(column["name"], column["dtype"]) for column in table["columns"]])
        groups.setdefault((_folder(table["path"]), table["format"], shape), []).append(table)
    merged = []
    names: set[str] = set()
    for (folder, kind, _), group in groups.items():
        if len(group) == 1:
            merged.append(group[0])
            continue
        rows = [table["rows"] for table in group]
        columns = [dict(column) for column in group[0]["columns"]]
        for at, column in enumerate(columns):
            column["nullable"] = any(table["columns"][at]["nullable"] for table in group)
        suffix = os.path.splitext(group[0]["path"])[1]
        path = f"{folder}/*{suffix}" if folder else f"*{suffix}"
        if path in names:  # files of other columns lie there too
            path = group[0]["path"]
        names.add(path)
        one = {
            "path": path,
            "format": kind,
            "files": sum(table.get("files", 1) for table in group),
            "rows": sum(rows) if None not in rows else None,
            "columns": columns,
        }
        if "columns_left_out" in group[0]:
            one["columns_left_out"] = group[0]["columns_left_out"]
        merged.append(one)
    return merged
