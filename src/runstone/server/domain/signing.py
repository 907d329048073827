"""Addresses that carry their own authority: upload and direct-download links."""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec

from runstone.server.domain.errors import NotAllowed


class Signer:
    """HMAC-SHA256 over a small claim with an expiry; `secret` is made once per server."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, claim: dict[str, Any], *, seconds: float | None) -> str:
        """A token good for that long, for exactly this claim. None: for ever, and the same every time; its
        maker keeps what can be revoked."""
        until = {} if seconds is None else {"exp": time.time() + seconds}
        body = msgspec.msgpack.encode({**claim, **until})
        return _text(body) + "." + _text(self._mac(body))

    def verify(self, token: str) -> dict[str, Any]:
        """The claim. Raises NotAllowed for an altered or expired token."""
        try:
            body, mac = (urlsafe_b64decode(part + "==") for part in token.split("."))
        except ValueError:
            raise NotAllowed("The signed address is not whole. Ask for a new one.") from None
        if not hmac.compare_digest(mac, self._mac(body)):
            raise NotAllowed("The signed address was altered. Ask for a new one.")
        claim: dict[str, Any] = msgspec.msgpack.decode(body)
        if claim.pop("exp", math.inf) < time.time():
            raise NotAllowed("The signed address has expired. Ask for a new one.")
        return claim

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._secret, body, hashlib.sha256)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
