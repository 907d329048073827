"""The first start: an admin who can sign in, by a key made here or brought along."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from runstone.server.domain.domain import Domain
from runstone.server.domain.errors import Invalid
from runstone.server.domain.identity import Actor
from runstone.server.domain.keys import new_key
from runstone.server.settings import ServerSettings

log = logging.getLogger("runstone.server")

KEY_CHARS_MIN = 16
_SERVER = Actor(None, "", is_admin=True, system="server")


def first_key(settings: ServerSettings, domain: Domain) -> str | None:
    """See that there is an admin who can sign in. Returns the admin's key where it was made or
    given just now, so that the first start can offer a link.

    A made key lies on disk before its user exists: a crash between the two must not leave a
    server nobody can enter.
    """
    accounts, sign_in = domain.accounts, domain.sign_in
    path = settings.storage.data / "admin.key"
    given = settings.security.admin_key_file
    if given is not None:
        key = _read_key(given)
        if accounts.ensure_first_admin(key) is not None:
            return key
        if sign_in.actor_for_key(key) is None:
            accounts.create_user(_SERVER, "admin", api_key=key, admin=True)
            log.info("the key in %s was added to user 'admin'", given)
        return None
    waiting = path.with_name("admin.key.new")
    if waiting.exists():
        key = _read_key(waiting)
    else:
        key = new_key()
        _write_secret(waiting, key)
    made = accounts.ensure_first_admin(key)
    if made is None and sign_in.actor_for_key(key) is None:
        waiting.unlink()
        return None
    waiting.replace(path)
    return key


def _read_key(path: Path) -> str:
    try:
        key = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"The admin's key file {str(path)!r} cannot be read: {error}.") from None
    if len(key) < KEY_CHARS_MIN or len(key.split()) != 1:
        raise Invalid(
            f"The admin's key in {str(path)!r} must be one word of at least {KEY_CHARS_MIN} characters; "
            f"met {len(key)}. `python -c 'import secrets; print(secrets.token_hex(20))'` makes one."
        )
    return key


def _write_secret(path: Path, text: str) -> None:
    """Readable by its owner only, from its first byte on, and on disk before we go on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
