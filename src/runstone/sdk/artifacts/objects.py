"""Tables and media as entries of an artifact: a JSON description, with the files it names beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from runstone.sdk.errors import UsageError

if TYPE_CHECKING:
    from runstone.sdk.artifacts.content import ArtifactContent

_READERS = {
    "image-file": ("image", "Image"),
    "audio-file": ("recordings", "Audio"),
    "video-file": ("recordings", "Video"),
    "html-file": ("documents", "Html"),
    "object3D-file": ("scenes", "Object3D"),
    "molecule-file": ("scenes", "Molecule"),
}


class _IntoArtifact:
    """Where the files of added media go."""

    def __init__(self, artifact: ArtifactContent) -> None:
        self._artifact = artifact

    def keep(self, name: str, data: bytes) -> str:
        self._artifact.add_bytes(data, name, overwrite=True)
        return name

    def copy(self, name: str, source: str) -> str:
        self._artifact.add_file(source, name, overwrite=True)
        return name


def add_object(artifact: ArtifactContent, obj: Any, name: str, overwrite: bool) -> str:
    """The path of the entry. Raises UsageError for what is neither a table nor a medium."""
    from runstone.content import schemas as schema
    from runstone.sdk.media.table import Table, _cell

    keeper = _IntoArtifact(artifact)
    if isinstance(obj, Table):
        path = _with_suffix(name, ".table.json")
        cells = [[_cell(cell, keeper, name, 0) for cell in row] for row in obj.data]
        value = {"_type": "table", "columns": obj.columns, "data": cells, "ncols": len(obj.columns)}
        value["nrows"] = len(obj.data)
    elif hasattr(obj, "_runstone_value"):
        value = obj._runstone_value(keeper, name, 0)
        path = _with_suffix(name, f".{value['_type']}.json")
    else:
        data = _parquet(obj)
        if data is None:
            raise UsageError(
                f"add() takes a table, a medium or a data frame, met {type(obj).__name__}. "
                "Files go by add_file()."
            )
        path = _with_suffix(name, ".parquet")
        artifact.add_bytes(data, path, overwrite=overwrite)
        if schema.of_frame(obj, path) is not None:
            artifact.set_schema(obj, path)
        return path
    artifact.add_bytes(json.dumps(value).encode(), path, overwrite=overwrite)
    return path


def get_object(artifact: ArtifactContent, name: str) -> Any:
    """What was added under `name`; None where there is no such thing. Only JSON is read, and the media
    files that it names: nothing that could run code."""
    from importlib import import_module

    paths = artifact.manifest.entries
    wanted = [path for path in paths if path == name or path.startswith(name + ".")]
    described = next((path for path in wanted if path.endswith(".json")), None)
    if described is None:
        return None
    with open(artifact.get_entry(described).download(), "rb") as file:
        value = json.load(file)
    if not isinstance(value, dict):
        return None
    if value.get("_type") in ("table", "table-file"):
        from runstone.sdk.media.table import Table

        rows = [[_cell_value(artifact, paths, cell) for cell in row] for row in value["data"]]
        return Table(columns=value["columns"], data=rows)
    known = _READERS.get(str(value.get("_type")))
    if known is None or value.get("path") not in paths:
        return None
    kind = getattr(import_module(f"runstone.sdk.media.{known[0]}"), known[1])
    return kind(artifact.get_entry(value["path"]).download())


def _cell_value(artifact: ArtifactContent, paths: Any, cell: Any) -> Any:
    if isinstance(cell, dict) and cell.get("path") in paths and cell.get("_type") in _READERS:
        from importlib import import_module

        module, name = _READERS[cell["_type"]]
        kind = getattr(import_module(f"runstone.sdk.media.{module}"), name)
        return kind(artifact.get_entry(cell["path"]).download())
    special = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
    return special.get(cell, cell) if isinstance(cell, str) else cell


def _parquet(frame: Any) -> bytes | None:
    import io
    import sys

    arrow = sys.modules.get("pyarrow")
    kind = type(frame).__module__.partition(".")[0]
    if kind == "polars":
        frame = frame.to_arrow()
    if kind not in ("pandas", "polars") and not (arrow is not None and isinstance(frame, arrow.Table)):
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame)
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def _with_suffix(name: str, suffix: str) -> str:
    return name if name.endswith(suffix) else name + suffix
