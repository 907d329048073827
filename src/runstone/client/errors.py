"""What a call to a server can come to, drawn as one tree.

ClientError
├── Misuse            the call itself is wrong; nothing was sent
├── ServerAway        no answer: refused, cut, timed out
├── BadAnswer         an answer that is not this API's (a proxy's page, another program)
├── ReferenceAway     what a reference points to is not there, or not what it was
└── ApiError          the server said no: `code`, `status`, `fields`, `request_id`
    ├── NotSignedIn 401 · NotAllowed 403 · NotFound 404
    ├── Invalid 400, 422 → TooLarge 413
    ├── Conflict 409 → OffsetMismatch, MissingFile
    └── TooMany 429, Unavailable 5xx: passing trouble; `retry_after_seconds`
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Root of what this package raises for a server's sake."""

    code = "client_error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def describe(self) -> dict[str, Any]:
        """As JSON, in the shape of the server's own errors."""
        return {"code": self.code, "message": self.message}


class Misuse(ClientError):
    code = "misuse"


class ServerAway(ClientError):
    """Nothing answered; whether the request was carried out is not known."""

    code = "server_away"

    def __init__(self, message: str, *, base_url: str = "") -> None:
        super().__init__(message)
        self.base_url = base_url


class BadAnswer(ClientError):
    code = "bad_answer"


class ReferenceAway(ClientError):
    """A place that a reference points to does not answer, or has no such thing (any more)."""

    code = "reference_away"


class ApiError(ClientError):
    """The server's own error. `fields` are its circumstances, `request_id` finds it in its log."""

    code = "error"

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "",
        fields: Mapping[str, Any] | None = None,
        request_id: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code or type(self).code
        self.fields = dict(fields or {})
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds

    def describe(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "message": self.message,
            "status": self.status,
            "fields": self.fields,
            "request_id": self.request_id,
        }


class NotSignedIn(ApiError):
    code = "not_signed_in"


class NotAllowed(ApiError):
    code = "not_allowed"


class NotFound(ApiError):
    code = "not_found"


class Invalid(ApiError):
    code = "invalid"


class TooLarge(Invalid):
    code = "too_large"


class Conflict(ApiError):
    code = "conflict"


class OffsetMismatch(Conflict):
    code = "offset_mismatch"

    @property
    def next_offset(self) -> int:
        """Where the server wants the journal to go on."""
        return int(self.fields["next_offset"])


class MissingFile(Conflict):
    code = "missing_file"

    @property
    def name(self) -> str:
        """The run file whose bytes have not arrived."""
        return str(self.fields.get("name", ""))


class TooMany(ApiError):
    code = "too_many"


class Unavailable(ApiError):
    code = "unavailable"


_BY_CODE: dict[str, type[ApiError]] = {
    kind.code: kind
    for kind in (
        NotSignedIn,
        NotAllowed,
        NotFound,
        Invalid,
        TooLarge,
        Conflict,
        OffsetMismatch,
        MissingFile,
        TooMany,
        Unavailable,
    )
}
_BY_STATUS: dict[int, type[ApiError]] = {
    400: Invalid,
    401: NotSignedIn,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    422: Invalid,
    429: TooMany,
}


def error_of(
    status: int,
    body: Any,
    *,
    request_id: str = "",
    retry_after_seconds: float | None = None,
    where: str = "",
) -> ApiError:
    """The error that an answer of this status and (decoded) body stands for."""
    said = body.get("error") if isinstance(body, dict) else None
    said = said if isinstance(said, dict) else {}
    code = str(said.get("code") or "")
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status) or (Unavailable if status >= 500 else ApiError)
    if kind is OffsetMismatch and not isinstance(said.get("fields", {}).get("next_offset"), int):
        kind = Conflict
    message = str(said.get("message") or f"{where or 'The server'} answered with status {status}.")
    return kind(
        message,
        status=status,
        code=code,
        fields=said.get("fields") if isinstance(said.get("fields"), dict) else None,
        request_id=str(said.get("request_id") or request_id),
        retry_after_seconds=retry_after_seconds,
    )
