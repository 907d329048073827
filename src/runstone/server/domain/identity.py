"""Ids, names and who acts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from typing import NewType

from runstone.server.domain.errors import Invalid, NotSignedIn

UserId = NewType("UserId", int)
EntityId = NewType("EntityId", int)
ProjectId = NewType("ProjectId", int)
SweepKey = NewType("SweepKey", int)
RunKey = NewType("RunKey", int)  # the run's number in the stores; the run *id* is the 8-character name

NAME_CHARS_MAX = 128
_ENTITY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_RUN_ID_REFUSED = re.compile(r"[/\\#?%:\x00-\x1f\x7f]")


class Role(IntEnum):
    """What a member may do: a higher role includes the lower ones."""

    VIEWER = 1
    MEMBER = 2
    ADMIN = 3


class Permission(IntEnum):
    """What a route or an operation needs of the actor on the entity it touches."""

    NOBODY = 0  # anyone, signed in or not (health, sign-in)
    SIGNED_IN = 1
    READ = 2
    WRITE = 3
    MANAGE = 4  # members, roles, deletion for good
    SERVER_ADMIN = 5


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, or a part of the server, that acts. Made by a door from credentials, never kept.

    `user_id` is None for background work (`system` is then its name).
    """

    user_id: UserId | None
    username: str
    is_admin: bool = False
    default_entity: str = ""
    read_only: bool = False
    system: str = ""


ANONYMOUS = Actor(None, "")


def own_id(actor: Actor) -> UserId:
    """Of whoever is signed in as a person. Raises NotSignedIn for any other."""
    if actor.user_id is None:
        raise NotSignedIn("Sign in, or send an API key.")
    return actor.user_id


# First parts of addresses that are not somebody's page: an entity of that name could not be reached.
_RESERVED = frozenset(
    {"api", "assets", "files", "graphql", "healthz", "metrics", "registry", "settings", "signin", "storage"}
)


def check_entity_name(name: str, *, what: str) -> str:
    """A user, team or organisation name: letters, digits, `_`, `-`, `.`, at most 128; not one that
    addresses of the server begin with."""
    if name.lower() in _RESERVED:
        raise Invalid(
            f"{what} name {name!r} is taken by the server's own addresses. Choose another.", name=name
        )
    if not name or len(name) > NAME_CHARS_MAX or not _ENTITY.fullmatch(name) or ".." in name:
        raise Invalid(
            f"{what} name {name!r} is not allowed. Use 1 to {NAME_CHARS_MAX} letters, digits, '_', '-' "
            "or '.', starting with a letter, a digit or '_'.",
            name=name,
        )
    return name


def check_project_name(name: str) -> str:
    """A project name: 1 to 128 characters, none of / \\ # ? % : and no control characters."""
    return _check(name, "Project")


def check_run_id(run_id: str) -> str:
    """A run id: 1 to 128 characters, none of / \\ # ? % : and no control characters."""
    return _check(run_id, "Run id")


def _check(name: str, what: str) -> str:
    if (
        not name
        or len(name) > NAME_CHARS_MAX
        or _RUN_ID_REFUSED.search(name)
        or name in (".", "..")
        or name != name.strip()
        or any(unicodedata.category(c) in ("Cc", "Cs") for c in name)
    ):
        raise Invalid(
            f"{what} {name!r} is not allowed. Use 1 to {NAME_CHARS_MAX} characters, none of / \\ # ? % : "
            "and no control characters, and no space at either end.",
            name=name,
        )
    return name


def check_text(text: str, *, what: str, chars_max: int) -> str:
    """Free text as it is kept: NUL and lone surrogates, which no database takes, become U+FFFD.
    Raises Invalid where it is too long."""
    if len(text) > chars_max:
        raise Invalid(f"{what} has at most {chars_max:,} characters, met {len(text):,}.", length=len(text))
    return _UNSTORABLE.sub("\ufffd", text)
