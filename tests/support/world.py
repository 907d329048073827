"""Accounts, projects and runs over a record store, with a few people in it: for tests of their rules.

admin     a server admin
ada       admin of team `ml` (of organisation `acme`)
ben       member of `ml`
vic       viewer of `ml`
olga      admin of `acme`, not a member of `ml`
oscar     member of `acme`, not of `ml`
eve       nothing of all this
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runstone.server.domain.access import Access
from runstone.server.domain.accounts import Accounts
from runstone.server.domain.entities import Entities
from runstone.server.domain.feed import Event, Feed
from runstone.server.domain.identity import Actor, Role, RunKey
from runstone.server.domain.projects import Projects
from runstone.server.domain.runs import Run, RunChange, RunQuery, Runs
from runstone.server.domain.sign_in import SignIn
from runstone.server.domain.views import Views
from runstone.server.stores.records.contract import Records

SYSTEM = Actor(None, "", system="tests")
PEOPLE = ("ada", "ben", "vic", "olga", "oscar", "eve")


class ListeningFeed(Feed):
    """The real feed, which also keeps what it was told."""

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self.events: list[Event] = []

    def publish(self, event: Event) -> None:
        self.events.append(event)
        super().publish(event)


@dataclass
class World:
    records: Records
    access: Access
    sign_in: SignIn
    entities: Entities
    accounts: Accounts
    feed: ListeningFeed
    projects: Projects
    runs: Runs
    views: Views
    url: str = ""
    purged: list[RunKey] = field(default_factory=list)
    actors: dict[str, Actor] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Actor:
        try:
            return self.__dict__["actors"][name]
        except KeyError:
            raise AttributeError(name) from None

    def actor(self, name: str) -> Actor:
        _, key = self.accounts.create_key(SYSTEM, username=name)
        found = self.sign_in.actor_for_key(key)
        assert found is not None
        return found

    def run(self, run_id: str = "r1", *, entity: str = "ml", project: str = "p", **change: Any) -> Run:
        """Made, or changed, by ada."""
        return self.runs.upsert(self.ada, entity, project, run_id, RunChange(**change))[0]

    def ids(
        self, given: dict[str, Any] | None = None, *, actor: Actor | None = None, **query: Any
    ) -> list[str]:
        """Ids of the runs of ml/p that a filter finds."""
        found = self.runs.find(actor or self.ada, "ml", "p", RunQuery(filter=given or {}, **query))
        return [run.id for run in found.runs]


def key_of(name: str) -> str:
    return f"key-of-{name}-" + "0" * 40


def populate(records: Records) -> None:
    """Make the people of this world in an empty store."""
    access = Access(records)
    sign_in = SignIn(records)
    entities = Entities(records, access, sign_in)
    accounts = Accounts(records, access, sign_in)
    accounts.create_user(SYSTEM, "admin", admin=True, api_key=key_of("admin"))
    for name in PEOPLE:
        accounts.create_user(SYSTEM, name, api_key=key_of(name))
    entities.create_organization(SYSTEM, "acme", owner="olga")
    entities.set_member(SYSTEM, "acme", "oscar", Role.MEMBER)
    entities.create_team(SYSTEM, "ml", organization="acme", owner="ada")
    entities.set_member(SYSTEM, "ml", "ben", Role.MEMBER)
    entities.set_member(SYSTEM, "ml", "vic", Role.VIEWER)
    for name in ("admin", *PEOPLE):
        sign_in.actor_for_key(key_of(name))  # used now, so that tests need not write that


def open_world(records: Records, url: str = "") -> World:
    """The domain over a store that `populate` was called on."""
    access = Access(records)
    sign_in = SignIn(records)
    entities = Entities(records, access, sign_in)
    accounts = Accounts(records, access, sign_in)
    feed = ListeningFeed(access)
    projects = Projects(records, access, feed)
    purged: list[RunKey] = []
    runs = Runs(records, access, projects, feed, on_purge=[purged.extend])
    views = Views(records, access, projects)
    world = World(records, access, sign_in, entities, accounts, feed, projects, runs, views, url, purged)
    for name in ("admin", *PEOPLE):
        actor = sign_in.actor_for_key(key_of(name))
        assert actor is not None
        world.actors[name] = actor
    return world
