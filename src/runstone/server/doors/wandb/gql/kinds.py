"""Which type of the schema a thing of the domain is, where a field may give one of several."""

from __future__ import annotations

from typing import Any

from runstone.server.domain.account_model import Entity, User
from runstone.server.domain.artifact_model import Collection
from runstone.server.domain.projects import Project
from runstone.server.domain.runs import Run

_NAMES: dict[type, str] = {Run: "Run", User: "User", Project: "Project", Entity: "Entity"}


def type_name(value: Any) -> str:
    if isinstance(value, Collection):
        return "ArtifactPortfolio" if value.kind == "portfolio" else "ArtifactSequence"
    return next(name for kind, name in _NAMES.items() if isinstance(value, kind))
