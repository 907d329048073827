"""Rights as answers tell them."""

from __future__ import annotations

from typing import Any

from runstone.server.domain.rights import EntityRights, OwnRights, ProjectRights, Right


def right_out(found: Right) -> dict[str, Any]:
    return {"allowed": found.allowed, "reason": found.reason}


def own_rights_out(found: OwnRights) -> dict[str, Any]:
    return {"write": right_out(found.write), "admin": right_out(found.admin)}


def entity_rights_out(found: EntityRights) -> dict[str, Any]:
    return {"write": right_out(found.write), "manage": right_out(found.manage)}


def project_rights_out(found: ProjectRights) -> dict[str, Any]:
    return {
        "write": right_out(found.write),
        "manage": right_out(found.manage),
        "move_protected": right_out(found.move_protected),
        "roll_back_protected": right_out(found.roll_back_protected),
    }
