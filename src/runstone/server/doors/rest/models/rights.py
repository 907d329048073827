"""What the caller may do, as the checks that would refuse it tell."""

from __future__ import annotations

from pydantic import Field

from runstone.server.doors.rest.models.base import Model


class Right(Model):
    allowed: bool
    reason: str = Field(description="What the refusal would say; empty where there would be none.")


class OwnRights(Model):
    write: Right = Field(description="Change what is one's own: keys, profile, private views.")
    admin: Right = Field(description="What routes that need `server_admin` would answer.")


class EntityRights(Model):
    write: Right = Field(description="What routes that need `write` on it would answer.")
    manage: Right = Field(description="What routes that need `manage` on it would answer.")


class ProjectRights(EntityRights):
    move_protected: Right = Field(
        description="Point its protected aliases to a version, or nowhere, without anybody's approval."
    )
    roll_back_protected: Right = Field(description="Point them back to where they were.")
