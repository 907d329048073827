"""From what a request carries to who acts.

`Authorization: Bearer KEY`, Basic with the key as the password (the user name is not looked at: the
published wandb client sends `api`), or the cookie of a signed-in browser. The first that is there
counts, and a wrong one is refused rather than passed over.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass
from typing import Literal

from starlette.requests import HTTPConnection

from runstone.server.domain.errors import NotSignedIn
from runstone.server.domain.identity import ANONYMOUS, Actor
from runstone.server.domain.sign_in import SignIn
from runstone.server.doors.http.headers import header

COOKIE = "runstone_session"
CREDENTIAL_CHARS_MAX = 512


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """As found in a request; no repr, so that it reaches no log."""

    kind: Literal["none", "key", "session"]
    secret: str = ""


NO_CREDENTIALS = Credentials("none")


def credentials_of(request: HTTPConnection) -> Credentials:
    """Raises NotSignedIn for an Authorization header that cannot be read."""
    said = header(request, b"authorization")
    if said:
        scheme, _, rest = said.partition(" ")
        rest = rest.strip()
        if scheme.lower() == "bearer" and rest:
            return Credentials("key", _bounded(rest))
        if scheme.lower() == "basic" and rest:
            try:
                _, colon, password = b64decode(rest, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                colon = password = ""
            if colon and password:
                return Credentials("key", _bounded(password))
        raise NotSignedIn(
            "The Authorization header is neither 'Bearer KEY' nor Basic with the key as the password. "
            "Send one of them, with an API key from your settings page."
        )
    cookie = request.cookies.get(COOKIE)
    return Credentials("session", _bounded(cookie)) if cookie else NO_CREDENTIALS


def authenticate(sign_in: SignIn, credentials: Credentials) -> Actor:
    """Who that is; ANONYMOUS without credentials. Raises NotSignedIn for wrong ones. May block."""
    if credentials.kind == "none":
        return ANONYMOUS
    if credentials.kind == "key":
        actor = sign_in.actor_for_key(credentials.secret)
        if actor is None:
            raise NotSignedIn(
                "The API key is not known here, or it has expired. Make one on your settings page, "
                "and check that it belongs to this server."
            )
        return actor
    actor = sign_in.actor_for_session(credentials.secret)
    if actor is None:
        raise NotSignedIn("The session has ended. Sign in again.")
    return actor


def at_hand(sign_in: SignIn, credentials: Credentials) -> Actor | None:
    """As `authenticate` for those who were here just now; never blocks, and None says nothing."""
    if credentials.kind == "none":
        return ANONYMOUS
    return sign_in.actor_at_hand(credentials.secret, session=credentials.kind == "session")


def _bounded(secret: str) -> str:
    if len(secret) > CREDENTIAL_CHARS_MAX:
        raise NotSignedIn(
            f"The credential is longer than {CREDENTIAL_CHARS_MAX} characters: no key of ours is."
        )
    return secret
