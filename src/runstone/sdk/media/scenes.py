"""Things in three dimensions: point clouds, meshes, molecules."""

from __future__ import annotations

import json
import os
from typing import Any

from runstone.sdk.errors import UsageError
from runstone.sdk.media.base import Keeper, Media, suffix_of
from runstone.sdk.values import plain_value, to_numpy

_MESHES = ("obj", "gltf", "glb", "babylon", "stl", "pts.json")
_MOLECULES = ("pdb", "pqr", "mmcif", "mcif", "cif", "sdf", "sd", "gro", "mol2", "mmtf")


class Object3D(Media):
    """data_or_path: a mesh file; an array of points (n, 3), with a class (n, 4) or a colour (n, 6);
    or a map with `type` "lidar/beta", `points`, `boxes` and `vectors`."""

    _type, _folder = "object3D-file", "object3D"

    def __init__(self, data_or_path: Any, caption: str | None = None, **_: Any) -> None:
        self.caption = caption
        self._path, self._data = "", b""
        if isinstance(data_or_path, (str, os.PathLike)):
            self._path = os.path.abspath(os.fspath(data_or_path))
            self._suffix = suffix_of(self._path, _MESHES, "Object3D")
            return
        self._suffix = "pts.json"
        if isinstance(data_or_path, dict):
            if "points" not in data_or_path and "type" not in data_or_path:
                raise UsageError("Object3D takes a map with `type` and `points`.")
            self._data = json.dumps(plain_value({k: _list(v) for k, v in data_or_path.items()})).encode()
            return
        array = to_numpy(data_or_path)
        if array is None or array.ndim != 2 or array.shape[1] not in (3, 4, 6):
            raise UsageError("Object3D takes an array of points (n, 3), (n, 4) or (n, 6), or a mesh file.")
        self._data = json.dumps(array.tolist()).encode()

    @classmethod
    def from_numpy(cls, data: Any) -> Object3D:
        return cls(data)

    def _content(self) -> tuple[bytes | str, str]:
        return self._path or self._data, self._suffix


class Molecule(Media):
    """data_or_path: a structure file, or an open one with its file_type."""

    _type, _folder = "molecule-file", "molecule"

    def __init__(self, data_or_path: Any, caption: str | None = None, file_type: str | None = None) -> None:
        self.caption = caption
        self._path, self._data = "", b""
        if hasattr(data_or_path, "read"):
            if file_type not in _MOLECULES:
                raise UsageError(f"Molecule of an open file needs file_type, one of {', '.join(_MOLECULES)}.")
            text = data_or_path.read()
            self._data, self._suffix = text if isinstance(text, bytes) else text.encode(), file_type
        else:
            self._path = os.path.abspath(os.fspath(data_or_path))
            self._suffix = suffix_of(self._path, _MOLECULES, "Molecule")

    def _content(self) -> tuple[bytes | str, str]:
        return self._path or self._data, self._suffix

    def _facts(self, keeper: Keeper, key: str, step: int) -> dict[str, Any]:
        return {"format": self._suffix}


def _list(value: Any) -> Any:
    array = to_numpy(value)
    return value if array is None else array.tolist()
