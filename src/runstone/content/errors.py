"""What this package raises, beside OSError."""

from __future__ import annotations


class ContentError(ValueError):
    """A path, a tree or a file that breaks a rule; the message names it, the rule and the next step."""


class FileChangedError(ContentError):
    """A file that was being written while it was read."""
