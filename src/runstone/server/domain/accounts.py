"""Users, keys, sessions, organisations and teams."""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import string
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooMany,
    Unavailable,
)
from runstone.server.domain.identity import (
    Actor,
    EntityId,
    Permission,
    Role,
    UserId,
    check_entity_name,
    check_text,
)
from runstone.server.stores.records import accounts as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

EntityKind = Literal["user", "team", "organization"]


@dataclass(frozen=True, slots=True)
class User:
    id: UserId
    username: str
    email: str
    display_name: str
    is_admin: bool
    is_service: bool
    default_entity: str
    created_at: float
    deleted: bool = False
    deleted_at: float | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """Whose name projects stand under: a user, a team, or an organisation."""

    id: EntityId
    name: str
    kind: EntityKind
    organization: str  # the organisation a team belongs to, or ""
    created_at: float


@dataclass(frozen=True, slots=True)
class Member:
    username: str
    role: Role


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`hint` is the key's last four characters, `prefix` its first ten, by which the wandb wire calls
    it ("" for a short one); the key itself is shown once, when made."""

    id: int
    name: str
    hint: str
    created_at: float
    last_used_at: float | None
    expires_at: float | None
    prefix: str = ""


KEY_PREFIX = "local-"
KEY_CHARS = 40  # what every published client accepts after the dash
SESSION_SECONDS = 30 * 86400.0
ACTOR_CACHED_SECONDS = 5.0
LAST_USED_COALESCED_SECONDS = 60.0
SIGN_IN_FAILURES_MAX = 10
SIGN_IN_WINDOW_SECONDS = 60.0
FIRST_ADMIN = "admin"

_ALPHABET = string.ascii_lowercase + string.digits
_CHOSEN_KEY = re.compile(r"[A-Za-z0-9_-]{20,256}")
_CACHED_MAX = 20_000


class Accounts:
    """See each function; all raise NotAllowed, NotFound or Invalid."""

    def __init__(self, records: Records, access: Access) -> None:
        self._records = records
        self._access = access
        self._actors = _Actors()
        self._throttle = _Throttle()

    # -- who is it (called by doors, before there is an actor)

    def actor_for_key(self, key: str) -> Actor | None:
        """The owner of an unexpired key. Cached for seconds; constant cost; None for any other."""
        digest = _digest(key)
        return self._actors.get(digest, lambda: self._actor_by_key_digest(digest))

    def actor_at_hand(self, secret: str, *, session: bool) -> Actor | None:
        """As `actor_for_key` and `actor_for_session`, if they were asked within the last seconds;
        never blocks. None says nothing."""
        digest = _digest(secret)
        return self._actors.at_hand(_SESSION_MARK + digest if session else digest)

    def actor_for_session(self, token: str) -> Actor | None:
        digest = _digest(token)

        def load() -> tuple[Actor, float] | None:
            with self._records.read() as conn:
                found = statements.session_owner(conn, digest, now=time.time())
            return None if found is None else (_actor(found), found.expires_at)

        return self._actors.get(_SESSION_MARK + digest, load)

    def start_session(self, key: str, *, client: str) -> tuple[str, Actor]:
        """Sign in to the UI with a key: a session token (30 days). `client` is the address, for the
        throttle: TooMany after 10 failures in a minute."""
        self._throttle.check(client)
        actor = self.actor_for_key(key)
        if actor is None or actor.user_id is None:
            self._throttle.failed(client)
            raise NotSignedIn("That API key is not known here, or it has expired.")
        return self._new_session(actor.user_id), actor

    def end_session(self, token: str) -> None:
        digest = _digest(token)
        self._records.write(lambda conn: statements.drop_session(conn, digest))
        self._actors.forget()

    def make_sign_in_link(self, actor: Actor, *, seconds: float = 600) -> str:
        """A one-time token that `use_sign_in_link` turns into a session."""
        user_id = self._own_id(actor)
        if not 0 < seconds <= SESSION_SECONDS:
            raise Invalid(
                f"A sign-in link lasts up to {SESSION_SECONDS:.0f} seconds, met {seconds}.", seconds=seconds
            )
        token, now = secrets.token_urlsafe(32), time.time()
        self._records.write(
            lambda conn: statements.add_link(conn, _digest(token), user_id, expires_at=now + seconds, now=now)
        )
        return token

    def use_sign_in_link(self, token: str, *, client: str) -> tuple[str, Actor]:
        """A session token and who is signed in. NotSignedIn for a used, expired or unknown link."""
        self._throttle.check(client)
        now = time.time()

        def work(conn: Connection) -> AnyRow | None:
            user_id = statements.take_link(conn, _digest(token), now=now)
            found = None if user_id is None else statements.user_by_id(conn, user_id)
            return None if found is None or found.deleted_at is not None else found

        found = self._records.write(work)
        if found is None:
            self._throttle.failed(client)
            raise NotSignedIn("This sign-in link was used already or has expired. Make a new one.")
        return self._new_session(UserId(found.id)), _actor(found)

    # -- first start

    def ensure_first_admin(self, key: str | None) -> str | None:
        """With no user yet: make user `admin` with `key` or a random one, and return the key."""
        if key is not None:
            _check_chosen_key(key)

        def work(conn: Connection) -> str | None:
            if statements.any_user(conn):
                return None
            made = key or _new_key()
            user_id = self._add_user(conn, FIRST_ADMIN, email="", admin=True, service=False)
            _add_key(conn, user_id, made, name="first start")
            return made

        return self._records.write(work)

    # -- users

    def create_user(
        self,
        actor: Actor,
        username: str,
        *,
        api_key: str | None = None,
        email: str = "",
        admin: bool = False,
        service: bool = False,
    ) -> tuple[User, str | None]:
        """Server admins only. An existing user is answered as it is (`api_key`, if new, is added);
        a deleted one returns, with what it had made. Conflict for the name of a team or an
        organisation. Returns the user and the key that was made, where none was given."""
        self._access.check_server_admin(actor)
        check_entity_name(username, what="User")
        email = check_text(email, what="Email", chars_max=320)
        if api_key is not None:
            _check_chosen_key(api_key)

        def work(conn: Connection) -> tuple[User, str | None]:
            found = statements.user(conn, username)
            made = None
            if found is None:
                user_id = self._add_user(conn, username, email=email, admin=admin, service=service)
                made = None if api_key else _new_key()
            else:
                user_id = found.id
                if found.deleted_at is not None:
                    statements.change_user(
                        conn, user_id, deleted_at=None, email=email, is_admin=admin, is_service=service
                    )
                    made = None if api_key else _new_key()
            if api_key or made:
                _add_key(conn, user_id, api_key or made or "", name="")
            row = statements.user_by_id(conn, user_id)
            assert row is not None
            return _user(row), made

        answer = self._records.write(work)
        self._forget()
        return answer

    def delete_user(self, actor: Actor, username: str) -> None:
        """Runs stay, shown as by a former member; keys and sessions end at once. Repeating is harmless."""
        self._access.check_server_admin(actor)

        def work(conn: Connection) -> None:
            found = statements.user(conn, username)
            if found is None:
                raise _no_user(username)
            if found.id == actor.user_id:
                raise Conflict("You cannot delete yourself; another admin can.", username=username)
            statements.end_user(conn, found.id, now=found.deleted_at or time.time())

        self._records.write(work)
        self._forget()

    def user(self, actor: Actor, username: str) -> User:
        """Oneself, anybody one shares a team or organisation with; any user for server admins."""
        self._access.check_signed_in(actor)
        with self._records.read() as conn:
            found = statements.user(conn, username)
            if found is None or not self._may_see(conn, actor, found):
                raise _no_user(username)
        return _user(found)

    def user_by_number(self, actor: Actor, number: int) -> User:
        """As `user`."""
        self._access.check_signed_in(actor)
        with self._records.read() as conn:
            found = statements.user_by_id(conn, number)
            if found is None or not self._may_see(conn, actor, found):
                raise NotFound(f"There is no user {number} that you may see.", number=number)
        return _user(found)

    def users(self, actor: Actor, *, search: str = "", after: str = "", limit: int = 100) -> list[User]:
        """By name, after `after`; those `user` answers. Deleted ones for server admins only."""
        self._access.check_signed_in(actor)
        with self._records.read() as conn:
            found = statements.find_users(
                conn,
                search=search,
                after=after,
                limit=max(1, min(limit, 1000)),
                seen_by=None if actor.is_admin or actor.system else actor.user_id,
            )
        return [_user(row) for row in found]

    def update_me(
        self,
        actor: Actor,
        *,
        display_name: str | None = None,
        email: str | None = None,
        default_entity: str | None = None,
    ) -> User:
        """default_entity "" goes back to the user's own."""
        user_id = self._own_id(actor)
        if actor.read_only:
            raise NotAllowed("This key may only read.")
        changes: dict[str, Any] = {}
        if display_name is not None:
            changes["display_name"] = check_text(display_name, what="Display name", chars_max=200)
        if email is not None:
            changes["email"] = check_text(email, what="Email", chars_max=320)

        def work(conn: Connection) -> User:
            if default_entity is not None:
                changes["default_entity_id"] = (
                    self._access.resolve(conn, actor, default_entity, Permission.READ).id
                    if default_entity and default_entity != actor.username
                    else None
                )
            if changes:
                statements.change_user(conn, user_id, **changes)
            row = statements.user_by_id(conn, user_id)
            if row is None:
                raise _no_user(actor.username)
            return _user(row)

        answer = self._records.write(work)
        self._actors.forget()
        return answer

    # -- keys

    def create_key(
        self, actor: Actor, *, name: str = "", expires_at: float | None = None, username: str | None = None
    ) -> tuple[ApiKey, str]:
        """A key `local-` + 40 characters of [a-z0-9]; kept as its SHA-256."""
        name = check_text(name, what="Key name", chars_max=200)
        if expires_at is not None and expires_at <= time.time():
            raise Invalid(f"A key cannot expire in the past: {expires_at}.", expires_at=expires_at)
        if actor.read_only:
            raise NotAllowed("This key may only read.")
        made = _new_key()

        def work(conn: Connection) -> ApiKey:
            owner = self._key_owner(conn, actor, username)
            key_id = _add_key(conn, owner, made, name=name, expires_at=expires_at)
            row = statements.key_by_id(conn, key_id)
            assert row is not None
            return _api_key(row)

        return self._records.write(work), made

    def keys(self, actor: Actor, *, username: str | None = None) -> list[ApiKey]:
        """One's own; another user's for server admins."""
        with self._records.read() as conn:
            owner = self._key_owner(conn, actor, username)
            return [_api_key(row) for row in statements.keys_of(conn, owner)]

    def delete_key(self, actor: Actor, key_id: int) -> None:
        """The key and the sessions it may have opened: those end at once."""
        self._access.check_signed_in(actor)

        def work(conn: Connection) -> None:
            found = statements.key_by_id(conn, key_id)
            if found is None or not (actor.is_admin or actor.system or found.user_id == actor.user_id):
                raise NotFound(f"There is no key {key_id} of yours.", key=key_id)
            statements.drop_key(conn, key_id)

        self._records.write(work)
        self._actors.forget()

    # -- entities

    def create_organization(self, actor: Actor, name: str, *, owner: str) -> Entity:
        """Server admins only. An existing one is answered as it is, with `owner` among its admins."""
        self._access.check_server_admin(actor)
        return self._create_entity(name, "organization", organization_id=None, owner=owner)

    def delete_organization(self, actor: Actor, name: str) -> None:
        """With its teams; their projects go to the trash, and all names are free at once."""

        def work(conn: Connection) -> None:
            found = self._access.resolve(conn, actor, name, Permission.MANAGE)
            if found.kind != "organization":
                raise _not_a(found, "organization")
            now = time.time()
            for team in statements.teams_of_organization(conn, found.id):
                statements.retire_entity(conn, team, now=now)
            statements.retire_entity(conn, found.id, now=now)

        self._records.write(work)
        self._forget()

    def set_member(self, actor: Actor, entity: str, username: str, role: Role) -> None:
        """Add a member to a team or organisation, or change the role (MANAGE)."""

        def work(conn: Connection) -> None:
            found = self._access.resolve(conn, actor, entity, Permission.MANAGE)
            if found.kind == "user":
                raise _not_a(found, "team or organization")
            member = self._living_user(conn, username)
            if role < Role.ADMIN:
                self._keep_an_admin(conn, actor, found, member.id)
            statements.set_member(conn, found.id, member.id, int(role))

        self._records.write(work)
        self._forget()

    def remove_member(self, actor: Actor, entity: str, username: str) -> None:
        """MANAGE, or leaving oneself. From an organisation: from its teams as well."""

        def work(conn: Connection) -> None:
            itself = username == actor.username and actor.user_id is not None and not actor.read_only
            found = self._access.resolve(
                conn, actor, entity, Permission.READ if itself else Permission.MANAGE
            )
            member = statements.user(conn, username)
            if member is None:
                raise _no_user(username)
            self._keep_an_admin(conn, actor, found, member.id)
            left = statements.drop_member(conn, found.id, member.id)
            for team in statements.teams_of_organization(conn, found.id):
                statements.drop_member(conn, team, member.id)
            if not left:
                raise NotFound(
                    f"{username!r} is not a member of {found.name!r}.", username=username, entity=found.name
                )

        self._records.write(work)
        self._forget()

    def create_team(self, actor: Actor, name: str, *, organization: str, owner: str) -> Entity:
        """Admins of the organisation, or of the server. An existing team is answered as it is."""
        with self._records.read() as conn:
            parent = self._access.resolve(conn, actor, organization, Permission.MANAGE)
            if parent.kind != "organization":
                raise _not_a(parent, "organization")
        return self._create_entity(name, "team", organization_id=parent.id, owner=owner)

    def entity(self, actor: Actor, name: str) -> Entity:
        """ "" or "-" is the actor's default entity."""
        with self._records.read() as conn:
            return _entity(self._access.resolve(conn, actor, name, Permission.READ))

    def entity_by_number(self, actor: Actor, number: int) -> Entity:
        self._access.check_signed_in(actor)
        with self._records.read() as conn:
            found = statements.entity_by_id(conn, number)
            if found is None or not self._access.allows(actor, Permission.READ, found.id, conn=conn):
                raise NotFound(f"There is no entity {number} that you may see.", number=number)
        return _entity(found)

    def entities_of(self, actor: Actor, *, username: str | None = None) -> Sequence[tuple[Entity, Role]]:
        """The user's own entity first, then teams and organisations by name. Another user's: only
        those the actor may read."""
        self._access.check_signed_in(actor)
        with self._records.read() as conn:
            found = statements.user(conn, username if username is not None else actor.username)
            if found is None or not self._may_see(conn, actor, found):
                raise _no_user(username or actor.username)
            own = statements.entity_by_id(conn, found.entity_id)
            assert own is not None
            listed = [(_entity(own), Role.ADMIN)]
            listed += [(_entity(row), Role(row.role)) for row in statements.entities_of(conn, found.id)]
        if found.id == actor.user_id:
            return listed
        return [
            (entity, role)
            for entity, role in listed
            if entity.kind == "user" or self._access.allows(actor, Permission.READ, entity.id)
        ]

    def members(self, actor: Actor, entity: str) -> list[Member]:
        with self._records.read() as conn:
            found = self._access.resolve(conn, actor, entity, Permission.READ)
            if found.kind == "user":
                return [Member(found.name, Role.ADMIN)]
            return [Member(row.username, Role(row.role)) for row in statements.members(conn, found.id)]

    # -- inside

    def _actor_by_key_digest(self, digest: bytes) -> tuple[Actor, float] | None:
        now = time.time()
        with self._records.read() as conn:
            found = statements.key_owner(conn, digest, now=now)
        if found is None:
            return None
        if found.last_used_at is None or now - found.last_used_at > LAST_USED_COALESCED_SECONDS:
            # Whoever holds a good key is let in even while nothing can be written.
            with contextlib.suppress(Unavailable):
                self._records.write(lambda conn: statements.touch_key(conn, found.key_id, now=now))
        return _actor(found), found.expires_at or float("inf")

    def _new_session(self, user_id: UserId) -> str:
        token, now = secrets.token_urlsafe(32), time.time()
        self._records.write(
            lambda conn: statements.add_session(
                conn, _digest(token), user_id, expires_at=now + SESSION_SECONDS, now=now
            )
        )
        return token

    def _add_user(self, conn: Connection, username: str, *, email: str, admin: bool, service: bool) -> int:
        now = time.time()
        entity_id = statements.add_entity(conn, username, "user", organization_id=None, now=now)
        if entity_id is None:
            raise _name_taken(conn, username)
        return statements.add_user(
            conn, username, entity_id=entity_id, email=email, is_admin=admin, is_service=service, now=now
        )

    def _create_entity(self, name: str, kind: str, *, organization_id: int | None, owner: str) -> Entity:
        check_entity_name(name, what=kind.capitalize())

        def work(conn: Connection) -> Entity:
            member = self._living_user(conn, owner)
            statements.add_entity(conn, name, kind, organization_id=organization_id, now=time.time())
            found = statements.entity(conn, name)
            if found is None or found.kind != kind or found.organization_id != organization_id:
                raise _name_taken(conn, name)
            statements.set_member(conn, found.id, member.id, int(Role.ADMIN))
            return _entity(found)

        answer = self._records.write(work)
        self._forget()
        return answer

    def _keep_an_admin(self, conn: Connection, actor: Actor, entity: AnyRow, user_id: int) -> None:
        """A team is never left with nobody who may manage it, save by an admin of the server."""
        if actor.is_admin or actor.system:
            return
        admins = {row.user_id for row in statements.members(conn, entity.id) if row.role >= Role.ADMIN}
        if admins == {user_id}:
            raise Conflict(
                f"{entity.name!r} would be left without an admin. Make somebody else admin first.",
                entity=entity.name,
            )

    def _may_see(self, conn: Connection, actor: Actor, user: AnyRow) -> bool:
        if actor.is_admin or actor.system or user.id == actor.user_id:
            return True
        if actor.user_id is None or user.deleted_at is not None:
            return False
        return statements.share_an_entity(conn, actor.user_id, user.id)

    def _living_user(self, conn: Connection, username: str) -> AnyRow:
        found = statements.user(conn, username)
        if found is None or found.deleted_at is not None:
            raise _no_user(username)
        return found

    def _key_owner(self, conn: Connection, actor: Actor, username: str | None) -> int:
        if username is None or (username == actor.username and actor.user_id is not None):
            return self._own_id(actor)
        self._access.check_server_admin(actor)
        return int(self._living_user(conn, username).id)

    def _own_id(self, actor: Actor) -> UserId:
        if actor.user_id is None:
            raise NotSignedIn("Sign in, or send an API key.")
        return actor.user_id

    def _forget(self) -> None:
        self._actors.forget()
        self._access.forget()


_SESSION_MARK = b"s"  # so that a session's token is never taken for a key


class _Actors:
    """Who stands behind a key or a session, for the few seconds in which its next request comes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[bytes, tuple[float, float, Actor]] = {}
        self._generation = 0

    def at_hand(self, digest: bytes) -> Actor | None:
        kept = self._kept.get(digest)
        if kept is not None and kept[0] > time.monotonic() and kept[1] > time.time():
            return kept[2]
        return None

    def get(self, digest: bytes, load: Callable[[], tuple[Actor, float] | None]) -> Actor | None:
        kept, now = self.at_hand(digest), time.monotonic()
        if kept is not None:
            return kept
        generation = self._generation
        found = load()
        if found is None:
            return None
        actor, expires_at = found
        with self._lock:
            # What was read before something was deleted must not outlive the deletion.
            if generation == self._generation:
                if len(self._kept) >= _CACHED_MAX:
                    self._kept.clear()
                self._kept[digest] = (now + ACTOR_CACHED_SECONDS, expires_at, actor)
        return actor

    def forget(self) -> None:
        with self._lock:
            self._generation += 1
            self._kept.clear()


class _Throttle:
    """Failures to sign in per client address, in this process, over the last minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[str, deque[float]] = {}

    def check(self, client: str) -> None:
        now = time.monotonic()
        with self._lock:
            failures = self._failures.get(client)
            while failures and failures[0] < now - SIGN_IN_WINDOW_SECONDS:
                failures.popleft()
            if failures and len(failures) >= SIGN_IN_FAILURES_MAX:
                wait = failures[0] + SIGN_IN_WINDOW_SECONDS - now
                raise TooMany(
                    f"Too many failures to sign in from here. Try again in {wait:.0f} seconds.",
                    retry_after_seconds=max(1.0, wait),
                )

    def failed(self, client: str) -> None:
        now = time.monotonic()
        with self._lock:
            if len(self._failures) >= _CACHED_MAX:
                old = now - SIGN_IN_WINDOW_SECONDS
                self._failures = {c: times for c, times in self._failures.items() if times[-1] > old}
            self._failures.setdefault(client, deque(maxlen=SIGN_IN_FAILURES_MAX)).append(now)


def _digest(secret: str) -> bytes:
    # Keys and tokens have full entropy; a slow hash would add nothing. Looking a digest up by
    # index tells an attacker nothing about the key, whatever time it takes.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _new_key() -> str:
    return KEY_PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(KEY_CHARS))


def _hint(key: str) -> str:
    """What is kept of the key itself: of a long one its first ten characters and its last four, of a
    short one only the last four, so that what is not kept cannot be guessed."""
    return key[:10] + key[-4:] if len(key) >= KEY_CHARS else key[-4:]


def _check_chosen_key(key: str) -> None:
    if not _CHOSEN_KEY.fullmatch(key):
        raise Invalid(
            f"A chosen API key has 20 to 256 characters of letters, digits, '_' and '-'; "
            f"this one has {len(key)} characters."
        )


def _add_key(conn: Connection, user_id: int, key: str, *, name: str, expires_at: float | None = None) -> int:
    digest = _digest(key)
    made = statements.add_key(
        conn, user_id, digest, name=name, hint=_hint(key), expires_at=expires_at, now=time.time()
    )
    if made is not None:
        return made
    kept = statements.key_by_digest(conn, digest)
    if kept is None or kept.user_id != user_id:
        raise Conflict("That API key is in use by another user. Choose another one.")
    return int(kept.id)


def _name_taken(conn: Connection, name: str) -> Conflict:
    found = statements.entity(conn, name)
    kind = found.kind if found is not None else "user"
    return Conflict(
        f"The name {name!r} is taken by a {kind}. Users, teams and organisations share one space of names.",
        name=name,
        kind=kind,
    )


def _no_user(username: str) -> NotFound:
    return NotFound(f"There is no user {username!r} that you may see.", username=username)


def _not_a(entity: AnyRow, kind: str) -> Invalid:
    return Invalid(f"{entity.name!r} is a {entity.kind}, not a {kind}.", entity=entity.name, kind=entity.kind)


def _actor(row: AnyRow) -> Actor:
    return Actor(UserId(row.id), row.username, is_admin=row.is_admin, default_entity=row.default_entity)


def _user(row: AnyRow) -> User:
    return User(
        id=UserId(row.id),
        username=row.username,
        email=row.email,
        display_name=row.display_name,
        is_admin=row.is_admin,
        is_service=row.is_service,
        default_entity=row.default_entity,
        created_at=row.created_at,
        deleted=row.deleted_at is not None,
        deleted_at=row.deleted_at,
    )


def _entity(row: AnyRow) -> Entity:
    return Entity(
        id=EntityId(row.id),
        name=row.name,
        kind=cast(EntityKind, row.kind),
        organization=row.organization,
        created_at=row.created_at,
    )


def _api_key(row: AnyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        hint=row.hint[-4:],
        prefix=row.hint[:-4],
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
    )
