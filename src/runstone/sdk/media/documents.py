"""Pages: HTML, and Plotly figures."""

from __future__ import annotations

import json
import os
from typing import Any

from runstone.sdk.errors import UsageError
from runstone.sdk.media.base import Media
from runstone.sdk.values import plain_value


class Html(Media):
    """data: HTML text, an open file, or the path of an .html file. Shown in a frame of its own that
    can reach nothing of the page around it."""

    _type, _folder, _many, _listed = "html-file", "html", "html", "html"

    def __init__(
        self, data: Any, inject: bool = True, data_is_not_path: bool = False, caption: str | None = None
    ) -> None:
        self.caption = caption
        if hasattr(data, "read"):
            text = data.read()
            self.html = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        elif isinstance(data, os.PathLike) or (
            isinstance(data, str)
            and not data_is_not_path
            and data.endswith((".html", ".htm"))
            and "<" not in data
        ):
            try:
                with open(data, encoding="utf-8", errors="replace") as file:
                    self.html = file.read()
            except OSError as error:
                raise UsageError(
                    f"Html file {os.fspath(data)!r} cannot be read ({error.strerror})."
                ) from None
        elif isinstance(data, str):
            self.html = data
        else:
            raise UsageError(f"Html takes text, a file or a path, met {type(data).__name__}.")

    def _content(self) -> tuple[bytes | str, str]:
        return self.html.encode("utf-8", "replace"), "html"


class Plotly(Media):
    """A figure of Plotly, or its JSON as a map."""

    _type, _folder = "plotly-file", "plotly"

    def __init__(self, val: Any) -> None:
        if hasattr(val, "to_json"):
            self._json = str(val.to_json())
        elif isinstance(val, dict):
            self._json = json.dumps(plain_value(val))
        else:
            raise UsageError(f"Plotly takes a figure or its map, met {type(val).__name__}.")

    def _content(self) -> tuple[bytes | str, str]:
        return self._json.encode(), "plotly.json"
