"""What columns a dataset has: read from the head of its files, or from a frame in memory.

A schema is a list of tables, each `{"path", "format", "rows", "columns": [{"name", "dtype", "nullable"}]}`.
dtype is as Arrow spells it (int64, double, string, timestamp[us], list<item: float>). rows is exact, or
null where the format does not say without reading all of it. Several files of one folder with the same
columns are one table, with `files` and the sum of their rows. Parquet and Arrow files say their schema
in their footers; of CSV and JSON lines the first megabyte is read, and their dtypes are a guess.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

from runstone.content.paths import TABLES

FILES_MAX = 2000
COLUMNS_MAX = 10_000
HEAD_BYTES = 1 << 20


def of_files(files: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """files: (path in the artifact, local path). Files that no reader knows are passed over, and those
    that cannot be read as what they say they are."""
    tables: list[dict[str, Any]] = []
    for number, (path, local) in enumerate(files):
        if number >= FILES_MAX:
            break
        kind = TABLES.get(os.path.splitext(path)[1].lower())
        if kind is None:
            continue
        table = _read(kind, local)
        if table is not None:
            tables.append({"path": path, "format": kind, **table})
    return _merged(tables)


def of_frame(frame: Any, path: str = "") -> dict[str, Any] | None:
    """Of a pandas or polars frame, an Arrow table or a Hugging Face dataset; None for anything else.
    None of those libraries is imported for that."""
    features = getattr(frame, "features", None)
    arrow = sys.modules.get("pyarrow")
    if features is not None and hasattr(features, "arrow_schema"):
        table = _arrow_schema(features.arrow_schema, frame.num_rows)
        fingerprint = getattr(frame, "_fingerprint", None)
        return {"path": path, "format": "huggingface", **table, "fingerprint": fingerprint}
    if arrow is not None and isinstance(frame, arrow.Table):
        return {"path": path, "format": "arrow", **_arrow_schema(frame.schema, frame.num_rows, frame)}
    kind = type(frame).__module__.partition(".")[0]
    if kind == "pandas" and hasattr(frame, "dtypes"):
        columns = [
            {"name": str(name), "dtype": str(dtype), "nullable": bool(frame[name].isna().any())}
            for name, dtype in list(frame.dtypes.items())[:COLUMNS_MAX]
        ]
        return {"path": path, "format": "pandas", "rows": len(frame), "columns": columns}
    if kind == "polars" and hasattr(frame, "to_arrow"):
        table = frame.to_arrow()
        return {"path": path, "format": "polars", **_arrow_schema(table.schema, table.num_rows, table)}
    return None


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
        head = head[: head.rfind(b"\n") + 1]
    options = csv.ParseOptions(delimiter="\t" if local.lower().endswith(".tsv") else ",")
    table = csv.read_csv(io.BytesIO(head), parse_options=options)
    return _arrow_schema(table.schema, table.num_rows if whole else None, table)


def _arrow_schema(schema: Any, rows: int | None, table: Any = None) -> dict[str, Any]:
    """With a table, a column is nullable where it holds nulls; else where its field says so."""
    columns = []
    for at, field in enumerate(list(schema)[:COLUMNS_MAX]):
        nullable = bool(table.column(at).null_count) if table is not None else bool(field.nullable)
        columns.append({"name": field.name, "dtype": str(field.type), "nullable": nullable})
    return {"rows": rows, "columns": columns}


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


def _merged(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for table in tables:
        shape = repr([(column["name"], column["dtype"]) for column in table["columns"]])
        groups.setdefault((os.path.dirname(table["path"]), table["format"], shape), []).append(table)
    merged = []
    for (folder, kind, _), group in groups.items():
        if len(group) == 1:
            merged.append(group[0])
            continue
        rows = [table["rows"] for table in group]
        columns = [dict(column) for column in group[0]["columns"]]
        for at, column in enumerate(columns):
            column["nullable"] = any(table["columns"][at]["nullable"] for table in group)
        suffix = os.path.splitext(group[0]["path"])[1]
        merged.append(
            {
                "path": f"{folder}/*{suffix}" if folder else f"*{suffix}",
                "format": kind,
                "files": len(group),
                "rows": sum(rows) if None not in rows else None,
                "columns": columns,
            }
        )
    return sorted(merged, key=lambda table: str(table["path"]))
