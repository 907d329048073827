"""Sound and moving pictures."""

from __future__ import annotations

import io
import os
import wave
from typing import Any

from runstone.sdk.errors import UsageError
from runstone.sdk.media.base import Keeper, Media, suffix_of
from runstone.sdk.media.image import _pillow, to_pixels
from runstone.sdk.values import to_numpy


class Audio(Media):
    """data_or_path: a file, or an array of samples (n,) or (n, channels), floats -1…1 or int16, with
    its sample_rate in hertz."""

    _type, _folder, _many, _listed = "audio-file", "audio", "audio", "audio"

    def __init__(self, data_or_path: Any, sample_rate: int | None = None, caption: str | None = None) -> None:
        self.caption = None if caption is None else str(caption)
        self.sample_rate = sample_rate
        self.duration: float | None = None
        if isinstance(data_or_path, (str, os.PathLike)):
            self._path = os.path.abspath(os.fspath(data_or_path))
            self._suffix = suffix_of(self._path, ("wav", "mp3", "flac", "ogg", "m4a", "opus", "aac"), "Audio")
            self._data = b""
            return
        if sample_rate is None:
            raise UsageError("Audio of an array needs sample_rate, in hertz.")
        import numpy as np

        array = to_numpy(data_or_path) if hasattr(data_or_path, "shape") else np.asarray(data_or_path)
        if array.ndim not in (1, 2) or array.size == 0:
            raise UsageError(
                f"Audio takes (samples,) or (samples, channels), met shape {tuple(array.shape)}."
            )
        if array.ndim == 2 and array.shape[0] <= 8 < array.shape[1]:
            array = array.T
        if array.dtype.kind == "f":
            array = np.clip(np.nan_to_num(array), -1, 1) * 32767
        samples = np.clip(array, -32768, 32767).astype("<i2")
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
            file.setsampwidth(2)
            file.setframerate(int(sample_rate))
            file.writeframes(samples.tobytes())
        self._data, self._path, self._suffix = out.getvalue(), "", "wav"
        self.duration = len(samples) / sample_rate

    def _content(self) -> tuple[bytes | str, str]:
        return self._path or self._data, self._suffix

    def _facts(self, keeper: Keeper, key: str, step: int) -> dict[str, Any]:
        facts: dict[str, Any] = {"format": self._suffix}
        if self.sample_rate:
            facts["sample_rate"] = int(self.sample_rate)
        if self.duration is not None:
            facts["duration"] = self.duration
        return facts


class Video(Media):
    """data_or_path: a file, or an array (time, channel, height, width); of a batch (batch, time,
    channel, height, width) the clips lie side by side. Arrays become a GIF, which needs Pillow."""

    _type, _folder, _many, _listed = "video-file", "videos", "videos", "videos"

    def __init__(
        self,
        data_or_path: Any,
        caption: str | None = None,
        fps: int | None = None,
        format: str | None = None,
    ) -> None:
        self.caption = None if caption is None else str(caption)
        self.width = self.height = 0
        if isinstance(data_or_path, (str, os.PathLike)):
            self._path = os.path.abspath(os.fspath(data_or_path))
            self._suffix = suffix_of(self._path, ("mp4", "webm", "gif", "ogg", "mov"), "Video")
            self._data = b""
            return
        import numpy as np

        array = to_numpy(data_or_path)
        if array is None or array.ndim not in (4, 5):
            raise UsageError("Video takes a file, or an array (time, channel, height, width).")
        if format not in (None, "gif"):
            raise UsageError(
                f"Video of an array is made as a gif, not as {format!r}. "
                "Encode it yourself and pass the file."
            )
        if array.ndim == 5:
            array = np.concatenate(list(array), axis=3)
        frames = [to_pixels(frame, channels_first=True) for frame in array]
        pictures = [_pillow().fromarray(frame.squeeze()) for frame in frames]
        out = io.BytesIO()
        pictures[0].save(
            out,
            format="GIF",
            save_all=True,
            append_images=pictures[1:],
            duration=round(1000 / (fps or 4)),
            loop=0,
        )
        self._data, self._path, self._suffix = out.getvalue(), "", "gif"
        self.height, self.width = frames[0].shape[:2]

    def _content(self) -> tuple[bytes | str, str]:
        return self._path or self._data, self._suffix

    def _facts(self, keeper: Keeper, key: str, step: int) -> dict[str, Any]:
        facts: dict[str, Any] = {"format": self._suffix}
        if self.width:
            facts |= {"width": self.width, "height": self.height}
        return facts
