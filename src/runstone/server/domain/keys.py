"""API keys: how they are made, what is kept of them, and which a person may choose."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import time

from sqlalchemy import Connection

from runstone.server.domain.errors import Conflict, Invalid
from runstone.server.stores.records import keys as statements

KEY_PREFIX = "local-"
KEY_CHARS = 40  # what every published client accepts after the dash

_ALPHABET = string.ascii_lowercase + string.digits
_CHOSEN_KEY = re.compile(r"[A-Za-z0-9_-]{20,256}")


def digest_of(secret: str) -> bytes:
    # Keys and tokens have full entropy; a slow hash would add nothing. Looking a digest up by
    # index tells an attacker nothing about the key, whatever time it takes.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def new_key() -> str:
    return KEY_PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(KEY_CHARS))


def _hint(key: str) -> str:
    """What is kept of the key itself: of a long one its first ten characters and its last four, of a
    short one only the last four, so that what is not kept cannot be guessed."""
    return key[:10] + key[-4:] if len(key) >= KEY_CHARS else key[-4:]


def check_chosen_key(key: str) -> None:
    if not _CHOSEN_KEY.fullmatch(key):
        raise Invalid(
            f"A chosen API key has 20 to 256 characters of letters, digits, '_' and '-'; "
            f"this one has {len(key)} characters."
        )


def add_key(
    conn: Connection,
    user_id: int,
    key: str,
    *,
    name: str,
    expires_at: float | None = None,
    read_only: bool = False,
) -> int:
    digest = digest_of(key)
    made = statements.add_key(
        conn,
        user_id,
        digest,
        name=name,
        hint=_hint(key),
        expires_at=expires_at,
        read_only=read_only,
        now=time.time(),
    )
    if made is not None:
        return made
    kept = statements.key_by_digest(conn, digest)
    if kept is None or kept.user_id != user_id:
        raise Conflict("That API key is in use by another user. Choose another one.")
    return int(kept.id)
