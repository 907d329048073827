from __future__ import annotations

from tests.support.rest import api, browser, people, project, rest

__all__ = ["api", "browser", "people", "project", "rest"]
