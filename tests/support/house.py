"""The domain over real stores in one directory, without a server: for tests of rules.

with small_house(tmp_path) as house:
    house.runs.upsert(house.ada, "", "mnist", "r1", RunChange())
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runstone.server.domain.access import Access
from runstone.server.domain.accounts import Accounts
from runstone.server.domain.alerts import Alerts
from runstone.server.domain.console import Console
from runstone.server.domain.feed import Feed
from runstone.server.domain.files import Files
from runstone.server.domain.identity import Actor, RunKey
from runstone.server.domain.leases import Leases
from runstone.server.domain.projects import Projects
from runstone.server.domain.runs import RunChange, Runs
from runstone.server.domain.sign_in import SignIn
from runstone.server.stores.blobs.contract import BlobStore
from runstone.server.stores.blobs.objects import open_blobs
from runstone.server.stores.console.contract import ConsoleStore
from runstone.server.stores.console.sql import open_console
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.engine import open_records

SYSTEM = Actor(None, "", system="tests")


@dataclass(frozen=True)
class SmallHouse:
    """ada and eve are users who see nothing of each other's."""

    records: Records
    console_store: ConsoleStore
    blobs: BlobStore
    access: Access
    accounts: Accounts
    feed: Feed
    projects: Projects
    runs: Runs
    files: Files
    console: Console
    alerts: Alerts
    leases: Leases
    ada: Actor
    eve: Actor

    def run(self, run_id: str = "r1", *, project: str = "p") -> RunKey:
        """A run of ada's, made if there is none."""
        return self.runs.upsert(self.ada, "ada", project, run_id, RunChange())[0].key

    def state(self, run: RunKey) -> str:
        return self.runs.get_by_key(SYSTEM, run).state


@contextlib.contextmanager
def small_house(folder: Path, *, url: str = "") -> Iterator[SmallHouse]:
    """`url`: a PostgreSQL database, in place of files."""
    with contextlib.ExitStack() as closing:
        records = open_records(url or f"sqlite:///{folder}/records.db")
        closing.callback(records.close)
        console_store = open_console(url or f"sqlite:///{folder}/console.db")
        closing.callback(console_store.close)
        blobs = open_blobs(folder / "blobs")
        access = Access(records)
        sign_in = SignIn(records)
        accounts = Accounts(records, access, sign_in)
        feed = Feed(access)
        projects = Projects(records, access, feed)
        yield SmallHouse(
            records,
            console_store,
            blobs,
            access,
            accounts,
            feed,
            projects,
            Runs(records, access, projects, feed),
            Files(records, blobs, access, feed),
            Console(console_store, records, access, feed),
            Alerts(records, access, feed),
            Leases(records, access, feed),
            _user(accounts, sign_in, "ada"),
            _user(accounts, sign_in, "eve"),
        )


def _user(accounts: Accounts, sign_in: SignIn, name: str) -> Actor:
    admin = Actor(None, "", is_admin=True, system="tests")
    _, key = accounts.create_user(admin, name)
    actor = None if key is None else sign_in.actor_for_key(key)
    if actor is None:  # there from an earlier opening
        _, key = accounts.create_key(admin, username=name)
        actor = sign_in.actor_for_key(key)
    assert actor is not None
    return actor
