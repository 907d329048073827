"""Pictures: of arrays, PIL images, figures, files."""

from __future__ import annotations

import io
import json
import os
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from runstone.sdk.errors import UsageError
from runstone.sdk.media.base import Keeper, Media, store, suffix_of
from runstone.sdk.values import plain_value, to_numpy

_FILES = ("png", "jpg", "jpeg", "gif", "bmp", "webp", "svg", "tif", "tiff")


class Image(Media):
    """A picture. data_or_path: an array (height, width[, 1, 3 or 4 channels]; of torch: channels
    first), numbers 0…255 or floats 0…1; a PIL image; a matplotlib figure; a file; another Image.

    boxes and masks: by name, as the field has them (`box_data` and `class_labels`; `mask_data`).
    normalize False takes floats as they are.
    """

    _type, _folder = "image-file", "images"

    def __init__(
        self,
        data_or_path: Any,
        mode: str | None = None,
        caption: str | None = None,
        grouping: int | None = None,
        classes: Any = None,
        boxes: Mapping[str, Any] | None = None,
        masks: Mapping[str, Any] | None = None,
        file_type: str | None = None,
        normalize: bool = True,
    ) -> None:
        self.caption = None if caption is None else str(caption)
        self.width = self.height = 0
        self._path = ""
        self._data = b""
        self.format = (file_type or "png").lower()
        self._boxes, self._masks = boxes or {}, masks or {}
        if isinstance(data_or_path, Image):
            other = data_or_path
            self._path, self._data, self.format = other._path, other._data, other.format
            self.width, self.height = other.width, other.height
        elif isinstance(data_or_path, (str, os.PathLike)):
            self._path = os.path.abspath(os.fspath(data_or_path))
            self.format = suffix_of(self._path, _FILES, "Image")
            self.width, self.height = _size_of_file(self._path)
        elif hasattr(data_or_path, "savefig") or hasattr(data_or_path, "gcf"):
            figure = data_or_path.gcf() if hasattr(data_or_path, "gcf") else data_or_path
            self._take_file(lambda out: figure.savefig(out, format="png"))
        elif hasattr(data_or_path, "get_figure") and not hasattr(data_or_path, "shape"):
            figure = data_or_path.get_figure()
            self._take_file(lambda out: figure.savefig(out, format="png"))
        elif (
            hasattr(data_or_path, "save") and hasattr(data_or_path, "size") and hasattr(data_or_path, "mode")
        ):
            picture = data_or_path.convert(mode) if mode else data_or_path
            kind = {"jpg": "JPEG", "jpeg": "JPEG"}.get(self.format, self.format.upper())
            if kind == "JPEG" and picture.mode not in ("L", "RGB", "CMYK"):
                picture = picture.convert("RGB")
            self._take_file(lambda out: picture.save(out, format=kind))
            self.width, self.height = picture.size
        else:
            self._take_array(data_or_path, normalize)

    def _take_file(self, save: Any) -> None:
        out = io.BytesIO()
        save(out)
        self._data = out.getvalue()
        if self._data[:4] == b"\x89PNG":
            self.width, self.height = struct.unpack(">II", self._data[16:24])

    def _take_array(self, data: Any, normalize: bool) -> None:
        channels_first = hasattr(data, "detach")  # torch's habit
        array = to_numpy(data)
        if array is None:
            raise UsageError(
                f"Image takes an array, a PIL image, a figure or a file, met {type(data).__name__}."
            )
        pixels = to_pixels(array, channels_first=channels_first, normalize=normalize)
        self.height, self.width = pixels.shape[:2]
        if self.format in ("jpg", "jpeg", "webp", "gif", "bmp"):
            self._take_file(
                lambda out: (
                    _pillow()
                    .fromarray(pixels.squeeze())
                    .save(out, format={"jpg": "JPEG"}.get(self.format, self.format.upper()))
                )
            )
        else:
            self._data = png(pixels)

    def _content(self) -> tuple[bytes | str, str]:
        return self._path or self._data, self.format

    def _facts(self, keeper: Keeper, key: str, step: int) -> dict[str, Any]:
        facts: dict[str, Any] = {"format": self.format, "width": self.width, "height": self.height}
        if self._boxes:
            facts["boxes"] = {
                name: {
                    "_type": "boxes2D",
                    **store(
                        keeper, "metadata/boxes2D", f"{key}_{name}", step,
                        json.dumps({"_type": "boxes2D", **plain_value(boxes)}).encode(), "boxes2D.json",
                    ),
                }
                for name, boxes in self._boxes.items()
            }  # fmt: skip
        if self._masks:
            facts["masks"] = {name: self._mask(keeper, key, step, name, m) for name, m in self._masks.items()}
        return facts

    def _mask(
        self, keeper: Keeper, key: str, step: int, name: str, mask: Mapping[str, Any]
    ) -> dict[str, Any]:
        if mask.get("path"):
            kept = store(keeper, "images/mask", f"{key}_{name}", step, os.path.abspath(mask["path"]), "png")
        else:
            array = to_numpy(mask.get("mask_data"))
            if array is None or array.ndim != 2:
                raise UsageError(
                    f"Image mask {name!r} needs mask_data, an array of class numbers (height, width)."
                )
            kept = store(
                keeper, "images/mask", f"{key}_{name}", step, png(array.astype("uint8")[..., None]), "png"
            )
        labels = {str(k): str(v) for k, v in (mask.get("class_labels") or {}).items()}
        return {"_type": "mask", **kept, "class_labels": labels}

    @classmethod
    def _runstone_values(cls, items: Sequence[Any], keeper: Keeper, key: str, step: int) -> Any:
        values = [item._runstone_value(keeper, key, step, number) for number, item in enumerate(items)]
        if any(type(item) is not cls for item in items):
            return values
        found: dict[str, Any] = {
            "_type": "images/separated",
            "count": len(values),
            "width": items[0].width,
            "height": items[0].height,
            "format": items[0].format,
            "filenames": [value["path"] for value in values],
        }
        if any(item.caption is not None for item in items):
            found["captions"] = [item.caption or "" for item in items]
        for several, name in (("all_boxes", "boxes"), ("all_masks", "masks")):
            if any(name in value for value in values):
                found[several] = [value.get(name) for value in values]
        return found


def to_pixels(array: Any, *, channels_first: bool = False, normalize: bool = True) -> Any:
    """uint8 of shape (height, width, 1, 3 or 4) from what people have. Raises UsageError."""
    import numpy as np

    if array.ndim == 4:
        array = _grid(array, channels_first)
        channels_first = False
    if array.ndim == 2:
        array = array[..., None]
    elif array.ndim == 3 and (
        channels_first or (array.shape[2] not in (1, 3, 4) and array.shape[0] in (1, 3, 4))
    ):
        array = np.moveaxis(array, 0, 2)
    if array.ndim != 3 or array.shape[2] not in (1, 2, 3, 4) or 0 in array.shape:
        raise UsageError(
            f"Image takes (height, width) with 1, 3 or 4 channels, met shape {tuple(array.shape)}."
        )
    if array.shape[2] == 2:
        array = array[..., :1]
    if array.dtype == bool:
        return array.astype("uint8") * 255
    if array.dtype.kind == "f":
        array = np.nan_to_num(array.astype("float64"), posinf=255, neginf=0)
        if normalize:
            low, high = float(array.min()), float(array.max())
            if low < 0:
                array = (array - low) / ((high - low) or 1) * 255
            elif high <= 1:
                array = array * 255
    return np.clip(np.rint(array) if array.dtype.kind == "f" else array, 0, 255).astype("uint8")


def _grid(array: Any, channels_first: bool) -> Any:
    """A batch of pictures side by side, eight in a row."""
    import numpy as np

    if channels_first or (array.shape[3] not in (1, 3, 4) and array.shape[1] in (1, 3, 4)):
        array = np.moveaxis(array, 1, 3)
    count, height, width, channels = array.shape
    across = min(count, 8)
    down = -(-count // across)
    grid = np.zeros((down * height, across * width, channels), dtype=array.dtype)
    for number, picture in enumerate(array):
        y, x = divmod(number, across)
        grid[y * height : (y + 1) * height, x * width : (x + 1) * width] = picture
    return grid


def png(pixels: Any) -> bytes:
    """uint8 of shape (height, width, 1, 3 or 4) as a PNG file."""
    height, width, channels = pixels.shape
    colour = {1: 0, 3: 2, 4: 6}[channels]
    raw = bytearray()
    for row in pixels.reshape(height, width * channels):
        raw += b"\0" + row.tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(bytes(raw), 6))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _size_of_file(path: str) -> tuple[int, int]:
    try:
        with open(path, "rb") as file:
            head = file.read(32)
    except OSError as error:
        raise UsageError(f"Image file {path!r} cannot be read ({error.strerror}).") from None
    if head[:4] == b"\x89PNG":
        width, height = struct.unpack(">II", head[16:24])
        return int(width), int(height)
    try:
        with _pillow().open(path) as picture:
            return int(picture.size[0]), int(picture.size[1])
    except (UsageError, OSError):
        return 0, 0


def _pillow() -> Any:
    try:
        from PIL import Image as Pillow  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise UsageError(
            "This kind of picture needs Pillow: pip install pillow. PNG of an array does not."
        ) from None
    return Pillow
