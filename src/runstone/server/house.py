"""Builds the stores and the domain over them: the one place that knows which kinds there are."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runstone.server.domain.access import Access
from runstone.server.domain.accounts import Accounts
from runstone.server.domain.alerts import Alerts
from runstone.server.domain.approvals import Approvals
from runstone.server.domain.artifacts import Artifacts
from runstone.server.domain.audit import Audit
from runstone.server.domain.charts import Charts
from runstone.server.domain.collection_trash import CollectionTrash
from runstone.server.domain.collections import Collections
from runstone.server.domain.comparisons import Comparisons
from runstone.server.domain.console import Console
from runstone.server.domain.deletions import Deletions
from runstone.server.domain.deployments import Deployments
from runstone.server.domain.domain import Domain
from runstone.server.domain.entities import Entities
from runstone.server.domain.errors import Invalid
from runstone.server.domain.feed import Feed
from runstone.server.domain.files import Files
from runstone.server.domain.history import History
from runstone.server.domain.identity import RunKey
from runstone.server.domain.ingest import Ingest
from runstone.server.domain.leases import Leases
from runstone.server.domain.lineage import Lineage
from runstone.server.domain.media import Media
from runstone.server.domain.places import Places
from runstone.server.domain.projects import Projects
from runstone.server.domain.promotions import Promotions
from runstone.server.domain.registry import Registries
from runstone.server.domain.retention import Retention
from runstone.server.domain.retention_policies import RetentionPolicies
from runstone.server.domain.rights import Rights
from runstone.server.domain.runs import Runs
from runstone.server.domain.series_reading import SeriesReading
from runstone.server.domain.sign_in import SignIn
from runstone.server.domain.signing import Signer
from runstone.server.domain.storage_use import Storage as StorageUse
from runstone.server.domain.sweep_copies import SweepCopies
from runstone.server.domain.sweep_importance import SweepImportance
from runstone.server.domain.sweep_promotion import SweepPromotions
from runstone.server.domain.sweep_results import SweepResults
from runstone.server.domain.sweep_search import Searches
from runstone.server.domain.sweeps import Sweeps
from runstone.server.domain.trial_runs import TrialRuns
from runstone.server.domain.trials import Trials
from runstone.server.domain.uploads import Uploads
from runstone.server.domain.view_links import ViewLinks
from runstone.server.domain.views import Views
from runstone.server.domain.warm_start import WarmStarts
from runstone.server.jobs.artifacts import artifact_jobs
from runstone.server.jobs.runner import Runner
from runstone.server.jobs.standard import standard_jobs
from runstone.server.settings import ServerSettings, Storage
from runstone.server.stores.blobs.objects import open_blobs
from runstone.server.stores.console.sql import open_console
from runstone.server.stores.history.contract import STEP, HistoryStore, SetKey, Window
from runstone.server.stores.history.sql import open_history
from runstone.server.stores.records import entities as entity_statements
from runstone.server.stores.records import projects as project_statements
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.engine import open_records
from runstone.server.stores.records.overview import live_runs, overview, ping

if TYPE_CHECKING:
    from runstone.server.relay import PostgresRelay

SIGNING_KEY_BYTES = 32
SIZES_SECONDS = 60.0


@dataclass(slots=True)
class House:
    """Stores, domain and jobs of one process. `close` ends them in the right order."""

    domain: Domain
    records: Records
    history: HistoryStore
    storage: Storage
    jobs: Runner
    relay: PostgresRelay | None  # the feed between replicas
    _closing: ExitStack = field(default_factory=ExitStack)
    _sized: tuple[float, dict[str, int | None]] | None = None

    def warm(self) -> None:
        """Do once, on nothing, what the first chart and the first list of runs would otherwise wait
        for: statements are compiled, connections opened."""
        with self.records.read() as connection:
            entity_statements.entity(connection, "")
            project_statements.project(connection, 0, "")
            run_statements.keys_of(connection, 0, [""])
        self.history.buckets([(SetKey(RunKey(0), "history"), "")], x=STEP, window=Window(None, None, 1))

    def check(self) -> None:
        """Raises Unavailable where the record store cannot be read."""
        with self.records.read() as connection:
            ping(connection)

    def live_runs(self) -> int:
        with self.records.read() as connection:
            return live_runs(connection)

    def look(self) -> dict[str, Any]:
        """How much there is and how well it is kept, for administrators: database, storage, runs,
        live_runs, users, jobs. Sizes may be a minute old: they come from a walk over all files."""
        with self.records.read() as connection:
            found = overview(connection)
        now = time.time()
        return {
            "database": self.records.dialect,
            "storage": self._sizes(),
            "runs": found.runs,
            "live_runs": found.live_runs,
            "users": found.users,
            "jobs": {name: max(0.0, now - at) for name, at in found.jobs.items()},
        }

    def _sizes(self) -> dict[str, int | None]:
        now = time.monotonic()
        if self._sized is None or now - self._sized[0] > SIZES_SECONDS:
            self._sized = now, _sizes(self.storage)
        return self._sized[1]

    def start(self, *, jobs: bool = True) -> None:
        """Hear what other replicas tell; with `jobs` do background work too."""
        if self.relay is not None:
            self.relay.start()
        if jobs:
            self.jobs.start()

    def close(self) -> None:
        self._closing.close()


def open_house(settings: ServerSettings) -> House:
    """Open every store that the settings name, brought to this release, and the domain over them.
    Raises Invalid or Unavailable saying which one cannot be opened, and leaves nothing open then."""
    with ExitStack() as closing:
        house = _open(settings.storage, closing)
        house._closing = closing.pop_all()
        return house


def _open(storage: Storage, closing: ExitStack) -> House:
    storage.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = _signing_key(storage)
    records = open_records(_records_url(storage))
    closing.callback(records.close)
    console = open_console(_beside(storage, "console.db"))
    closing.callback(console.close)
    blobs = open_blobs(storage.blobs_url or storage.data / "blobs")
    closing.callback(blobs.close)

    history_store = open_history(storage.history_url or _beside(storage, "history.db"), blobs=blobs)
    closing.callback(history_store.close)

    access = Access(records)
    relay = _relay(storage)
    feed = Feed(access, relay=relay.send if relay is not None else None)
    if relay is not None:
        relay.deliver = feed.deliver
        closing.callback(relay.close)
    projects = Projects(records, access, feed)

    def forget(keys: Sequence[RunKey]) -> None:
        """What other stores hold of runs that go for good."""
        ingest.forget(keys)
        leases.forget(list(keys))
        for key in keys:
            history_store.delete(key)
            console.delete(key)

    leases = Leases(records, access, feed)
    runs = Runs(records, access, projects, feed, on_purge=[forget])
    files = Files(records, blobs, access, feed)
    lines = Console(console, records, access, feed)
    history = History(history_store, runs, projects, Places(records, access), feed)
    ingest = Ingest(records, access, runs, history, history_store, lines, leases, feed)
    closing.callback(ingest.close)
    ingest.recover()
    views = Views(records, access, projects)
    signer = Signer(secret)
    collections = Collections(records, access, projects)
    uploads = Uploads(records, blobs, access)
    searches = Searches(records)
    sweeps = Sweeps(records, access, projects, feed, WarmStarts(records, runs))
    trials = Trials(records, sweeps, runs, feed, searches)
    sweep_results = SweepResults(sweeps, searches)
    trial_runs = TrialRuns(records, trials, searches, history, lines, feed)
    places = Places(records, access)
    artifacts = Artifacts(records, access, projects, collections, uploads, feed)
    registries = Registries(records, access, projects)
    approvals = Approvals(records, access, collections, artifacts)
    deployments = Deployments(records, access, artifacts)
    deletions = Deletions(records, projects, alone=not storage.database_url)
    retention = Retention(records, projects)
    storage_use = StorageUse(records, blobs, access, projects, uploads, files)
    sign_in = SignIn(records)
    domain = Domain(
        access=access,
        sign_in=sign_in,
        entities=Entities(records, access, sign_in),
        accounts=Accounts(records, access, sign_in),
        projects=projects,
        rights=Rights(records, access, projects),
        runs=runs,
        history=history,
        series=SeriesReading(history_store, runs),
        media=Media(history_store, runs),
        ingest=ingest,
        leases=leases,
        files=files,
        console=lines,
        alerts=Alerts(records, access, feed),
        views=views,
        view_links=ViewLinks(views, signer),
        charts=Charts(records, access),
        collections=collections,
        collection_trash=CollectionTrash(records, access, projects, collections, feed),
        uploads=uploads,
        sweeps=sweeps,
        trials=trials,
        trial_runs=trial_runs,
        sweep_results=sweep_results,
        sweep_copies=SweepCopies(records, sweeps, feed),
        sweep_importance=SweepImportance(sweeps, sweep_results),
        sweep_promotions=SweepPromotions(sweep_results, runs, artifacts, registries, approvals),
        artifacts=artifacts,
        registry=registries,
        promotions=Promotions(records, access, collections, artifacts),
        comparisons=Comparisons(records, artifacts, places),
        approvals=approvals,
        deployments=deployments,
        audit=Audit(records, access),
        lineage=Lineage(records, access, artifacts, deployments, sweep_results.best_runs),
        storage=storage_use,
        retention=retention,
        retention_policies=RetentionPolicies(records, access, projects, collections),
        deletions=deletions,
        feed=feed,
        signer=signer,
    )
    runner = Runner(
        records,
        standard_jobs(
            records=records,
            history=history_store,
            runs=runs,
            files=files,
            leases=leases,
            blob_referrers=[uploads.referred],
            trial_runs=trial_runs,
        )
        + artifact_jobs(retention=retention, deletions=deletions, storage=storage_use),
        alone=not storage.database_url,  # the data directory has one server, and the database lies in it
    )
    deletions.on_new = lambda: runner.nudge("artifacts.delete")
    closing.callback(runner.close)
    return House(domain, records, history_store, storage, runner, relay)


def _relay(storage: Storage) -> PostgresRelay | None:
    """With a database that several replicas may share, their feeds are one."""
    if not storage.database_url.startswith("postgres"):
        return None
    from runstone.server.relay import PostgresRelay  # loads PostgreSQL's driver

    return PostgresRelay(storage.database_url)


def _sizes(storage: Storage) -> dict[str, int | None]:
    """Bytes in the data directory by store; None where a store lies elsewhere."""
    data = storage.data

    def files(pattern: str) -> int:
        return sum(path.stat().st_size for path in data.glob(pattern) if path.is_file())

    here = not storage.database_url
    return {
        "records_bytes": files("records.db*") + files("console.db*") if here else None,
        "history_bytes": files("history*") + files("history/**/*") if not storage.history_url else None,
        "blobs_bytes": files("blobs/**/*") if not storage.blobs_url else None,
        "free_bytes": shutil.disk_usage(data).free,
    }


def upgrade_records(storage: Storage) -> None:
    """Only bring the record store to this release. As `open_house` does, in less memory to keep."""
    open_records(_records_url(storage)).close()


def _records_url(storage: Storage) -> str:
    return _beside(storage, "records.db")


def _beside(storage: Storage, name: str) -> str:
    """The configured database, or a file of that name in the data directory."""
    return storage.database_url or _sqlite(storage.data / name)


def _sqlite(path: Path) -> str:
    """The address of a SQLite file. The path is made to be data: nothing in it is a query."""
    return f"sqlite:///{path}"


def _signing_key(storage: Storage) -> bytes:
    """The secret behind signed addresses: read, or made once. Replicas share one by its file."""
    path = storage.signing_key_file or storage.data / "signing.key"
    try:
        text_ = path.read_text().strip()
    except FileNotFoundError:
        if storage.signing_key_file is not None:
            raise Invalid(f"The signing key file {str(path)!r} is not there.") from None
        text_ = secrets.token_hex(SIGNING_KEY_BYTES)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text_ + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    try:
        secret = bytes.fromhex(text_)
    except ValueError:
        secret = b""
    if len(secret) < SIGNING_KEY_BYTES:
        raise Invalid(
            f"The signing key in {str(path)!r} must be at least {2 * SIGNING_KEY_BYTES} hexadecimal digits. "
            "`python -c 'import secrets; print(secrets.token_hex(32))'` makes one."
        )
    return secret
