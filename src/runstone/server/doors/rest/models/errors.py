"""The one shape of an error."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from runstone.server.doors.rest.models.base import Model


class ErrorBody(Model):
    code: str = Field(description="Stable and machine-readable.")
    message: str = Field(description="Names the thing, the value met, the rule and the next step.")
    request_id: str = Field(description="Also the header X-Request-Id, and in the server's log.")
    fields: dict[str, Any] = Field(description="The error's circumstances, by name.")


class ErrorAnswer(Model):
    error: ErrorBody
