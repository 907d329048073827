"""What a resolver is handed besides its parent and arguments: who asks, and the house."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from runstone.server.domain.account_model import Entity, User
from runstone.server.domain.artifact_model import Collection, Member, Version
from runstone.server.domain.domain import Domain
from runstone.server.domain.errors import NotAllowed, NotFound, NotSignedIn
from runstone.server.domain.identity import Actor, RunKey
from runstone.server.domain.projects import Project
from runstone.server.doors.wandb.gql.budget import Budget
from runstone.server.doors.wandb.links import Links

T = TypeVar("T")
_NO_EMPTY_TEXTS = ("Client 0.22.3", "Client 0.23.0")  # the ends of what they call themselves


@dataclass(slots=True)
class Call:
    """One GraphQL request. Runs in one thread; what it looked up it keeps until its end."""

    actor: Actor
    domain: Domain
    links: Links
    client_id: str = ""  # of a writer in shared mode
    agent: str = ""  # what the client calls itself
    budget: Budget = field(default_factory=Budget)
    _pages: dict[RunKey, tuple[RunKey, ...]] = field(default_factory=dict)
    _kept: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def described(self, text: str, given: bool) -> str | None:
        """A description as the client takes it: None where none was ever given. Of 0.22.3 and 0.23.0
        also where it is empty: they end at an empty one."""
        return text or ("" if given and not self.agent.endswith(_NO_EMPTY_TEXTS) else None)

    def signed_in(self) -> Actor:
        """The actor, once it is somebody. Raises NotSignedIn."""
        if self.actor.user_id is None:
            raise NotSignedIn("Sign in first: send an API key as the password of HTTP Basic authentication.")
        return self.actor

    def entity_name(self, given: str | None) -> str:
        """The entity that a request means: the caller's default where it names none, or ""."""
        return given or self.signed_in().default_entity or self.actor.username

    def project(self, entity: str, name: str) -> Project | None:
        """None where it is not there, or not for this caller to know of."""
        return self.keep(
            "project", entity, name, lambda: self.domain.projects.get(self.signed_in(), entity, name)
        )

    def entity(self, name: str) -> Entity | None:
        return self.keep("entity", name, "", lambda: self.domain.entities.entity(self.signed_in(), name))

    def user(self, username: str) -> User | None:
        if not username:
            return None
        return self.keep("user", username, "", lambda: self.domain.accounts.user(self.signed_in(), username))

    def version(self, number: int) -> Version | None:
        """An artifact's version."""
        return self.keep(
            "version", str(number), "", lambda: self.domain.artifacts.by_id(self.signed_in(), number)
        )

    def collection(self, number: int) -> Collection | None:
        return self.keep(
            "collection", str(number), "", lambda: self.domain.collections.by_id(self.signed_in(), number)
        )

    def members(self, version: Version) -> list[Member]:
        """The version in every collection that has it and the caller may see, its source first."""
        found = self.keep(
            "members",
            str(version.id),
            "",
            lambda: self.domain.artifacts.members_of(self.signed_in(), version.id),
        )
        return found or []

    def expect(self, runs: Sequence[RunKey]) -> None:
        """These are of one page: what is asked of one of them will be asked of all."""
        page = tuple(runs)
        self._pages.update(dict.fromkeys(page, page))

    def of_page(self, what: str, run: RunKey, find: Callable[[Sequence[RunKey]], Sequence[T]]) -> T:
        """What `find` says of a run; it is asked once for the whole page the run is on."""
        key = (what, str(run), "")
        if key not in self._kept:
            page = self._pages.get(run, (run,))
            for one, value in zip(page, find(page), strict=True):
                self._kept[(what, str(one), "")] = value
        found: T = self._kept[key]
        return found

    def forget(self) -> None:
        """After a change: what was looked up may be old."""
        self._kept.clear()

    def keep(self, kind: str, first: str, second: str, find: Callable[[], T]) -> T | None:
        """What `find` finds, kept until the end of the request; None where it is not to be seen."""
        key = (kind, first, second)
        if key not in self._kept:
            self._kept[key] = _or_none(find)
        found: T | None = self._kept[key]
        return found


def _or_none(find: Callable[[], T]) -> T | None:
    try:
        return find()
    except (NotFound, NotAllowed):
        return None
