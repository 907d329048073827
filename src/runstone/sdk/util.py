"""Small helpers under the names existing scripts know."""

from __future__ import annotations

from runstone.sdk.identity import generate_id

__all__ = ["generate_id", "make_artifact_name_safe"]


def make_artifact_name_safe(name: str) -> str:
    """`name` with all but letters, digits, `_`, `-` and `.` replaced by `_`."""
    return "".join(char if char.isalnum() or char in "_-." else "_" for char in name)[:128]
