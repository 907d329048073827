"""Who is behind a request: by API key, by a session of the UI, by a link that signs in once."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable

from sqlalchemy import Connection

from runstone.server.domain.account_model import actor_of
from runstone.server.domain.errors import Invalid, NotAllowed, NotSignedIn, TooMany, Unavailable
from runstone.server.domain.identity import Actor, UserId, own_id
from runstone.server.domain.keys import digest_of
from runstone.server.stores.records import accounts as account_statements
from runstone.server.stores.records import keys as key_statements
from runstone.server.stores.records import sign_in as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

SESSION_SECONDS = 30 * 86400.0
ACTOR_CACHED_SECONDS = 5.0
LAST_USED_COALESCED_SECONDS = 60.0
SIGN_IN_FAILURES_MAX = 10
SIGN_IN_WINDOW_SECONDS = 60.0

_CACHED_MAX = 20_000
_SESSION_MARK = b"s"  # so that a session's token is never taken for a key


class SignIn:
    """Called by doors, before there is an actor. Every replica keeps its own short memory."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._actors = _Actors()
        self._throttle = _Throttle()

    def actor_for_key(self, key: str) -> Actor | None:
        """The owner of an unexpired key. Cached for seconds; constant cost; None for any other."""
        digest = digest_of(key)
        return self._actors.get(digest, lambda: self._actor_by_key_digest(digest))

    def actor_at_hand(self, secret: str, *, session: bool) -> Actor | None:
        """As `actor_for_key` and `actor_for_session`, if they were asked within the last seconds;
        never blocks. None says nothing."""
        digest = digest_of(secret)
        return self._actors.at_hand(_SESSION_MARK + digest if session else digest)

    def actor_for_session(self, token: str) -> Actor | None:
        digest = digest_of(token)

        def load() -> tuple[Actor, float] | None:
            with self._records.read() as conn:
                found = statements.session_owner(conn, digest, now=time.time())
            if found is None:
                return None
            return actor_of(found, read_only=found.read_only), found.expires_at

        return self._actors.get(_SESSION_MARK + digest, load)

    def start_session(self, key: str, *, client: str) -> tuple[str, Actor]:
        """Sign in to the UI with a key: a session token (30 days), which may do what the key may. `client`
        is the address, for the throttle: TooMany after 10 failures in a minute."""
        self._throttle.check(client)
        actor = self.actor_for_key(key)
        if actor is None or actor.user_id is None:
            self._throttle.failed(client)
            raise NotSignedIn("That API key is not known here, or it has expired.")
        return self._new_session(actor.user_id, key=key), actor

    def end_session(self, token: str) -> None:
        digest = digest_of(token)
        self._records.write(lambda conn: statements.drop_session(conn, digest))
        self._actors.forget()

    def make_sign_in_link(self, actor: Actor, *, seconds: float = 600) -> str:
        """A one-time token that `use_sign_in_link` turns into a session."""
        user_id = own_id(actor)
        if actor.read_only:
            raise NotAllowed("This key may only read: a link signs in with all of a user's rights.")
        if not 0 < seconds <= SESSION_SECONDS:
            raise Invalid(
                f"A sign-in link lasts up to {SESSION_SECONDS:.0f} seconds, met {seconds}.", seconds=seconds
            )
        token, now = secrets.token_urlsafe(32), time.time()
        self._records.write(
            lambda conn: statements.add_link(
                conn, digest_of(token), user_id, expires_at=now + seconds, now=now
            )
        )
        return token

    def use_sign_in_link(self, token: str, *, client: str) -> tuple[str, Actor]:
        """A session token and who is signed in. NotSignedIn for a used, expired or unknown link."""
        self._throttle.check(client)
        now = time.time()

        def work(conn: Connection) -> AnyRow | None:
            user_id = statements.take_link(conn, digest_of(token), now=now)
            found = None if user_id is None else account_statements.user_by_id(conn, user_id)
            return None if found is None or found.deleted_at is not None else found

        found = self._records.write(work)
        if found is None:
            self._throttle.failed(client)
            raise NotSignedIn("This sign-in link was used already or has expired. Make a new one.")
        return self._new_session(UserId(found.id)), actor_of(found)

    def forget(self) -> None:
        """Keys, users or roles have changed: nobody is let in from memory."""
        self._actors.forget()

    def _actor_by_key_digest(self, digest: bytes) -> tuple[Actor, float] | None:
        now = time.time()
        with self._records.read() as conn:
            found = key_statements.key_owner(conn, digest, now=now)
        if found is None:
            return None
        if found.last_used_at is None or now - found.last_used_at > LAST_USED_COALESCED_SECONDS:
            # Whoever holds a good key is let in even while nothing can be written.
            with contextlib.suppress(Unavailable):
                self._records.write(lambda conn: key_statements.touch_key(conn, found.key_id, now=now))
        return actor_of(found, read_only=found.read_only), found.expires_at or float("inf")

    def _new_session(self, user_id: UserId, *, key: str = "") -> str:
        """key: what it is opened with; it may do what that may, and ends with it."""
        token, now = secrets.token_urlsafe(32), time.time()

        def work(conn: Connection) -> None:
            kept = key_statements.key_by_digest(conn, digest_of(key)) if key else None
            if key and kept is None:  # deleted since it was looked up
                raise NotSignedIn("That API key is not known here, or it has expired.")
            statements.add_session(
                conn,
                digest_of(token),
                user_id,
                expires_at=now + SESSION_SECONDS,
                key_id=None if kept is None else kept.id,
                read_only=kept is not None and kept.read_only,
                now=now,
            )

        self._records.write(work)
        return token


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
