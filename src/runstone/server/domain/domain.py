"""All domain functions under one roof; `app.py` builds it, doors and jobs are handed it."""

from __future__ import annotations

from dataclasses import dataclass

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
from runstone.server.domain.entities import Entities
from runstone.server.domain.feed import Feed
from runstone.server.domain.files import Files
from runstone.server.domain.history import History
from runstone.server.domain.ingest import Ingest
from runstone.server.domain.leases import Leases
from runstone.server.domain.lineage import Lineage
from runstone.server.domain.media import Media
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
from runstone.server.domain.storage_use import Storage
from runstone.server.domain.sweep_copies import SweepCopies
from runstone.server.domain.sweep_importance import SweepImportance
from runstone.server.domain.sweep_promotion import SweepPromotions
from runstone.server.domain.sweep_results import SweepResults
from runstone.server.domain.sweeps import Sweeps
from runstone.server.domain.trial_runs import TrialRuns
from runstone.server.domain.trials import Trials
from runstone.server.domain.uploads import Uploads
from runstone.server.domain.view_links import ViewLinks
from runstone.server.domain.views import Views


@dataclass(frozen=True, slots=True)
class Domain:
    access: Access
    sign_in: SignIn
    entities: Entities
    accounts: Accounts
    projects: Projects
    rights: Rights
    runs: Runs
    history: History
    series: SeriesReading
    media: Media
    ingest: Ingest
    leases: Leases
    files: Files
    console: Console
    alerts: Alerts
    views: Views
    view_links: ViewLinks
    charts: Charts
    collections: Collections
    collection_trash: CollectionTrash
    uploads: Uploads
    artifacts: Artifacts
    sweeps: Sweeps
    trials: Trials
    trial_runs: TrialRuns
    sweep_results: SweepResults
    sweep_copies: SweepCopies
    sweep_importance: SweepImportance
    sweep_promotions: SweepPromotions
    registry: Registries
    promotions: Promotions
    comparisons: Comparisons
    approvals: Approvals
    deployments: Deployments
    audit: Audit
    lineage: Lineage
    storage: Storage
    retention: Retention
    retention_policies: RetentionPolicies
    deletions: Deletions
    feed: Feed
    signer: Signer
