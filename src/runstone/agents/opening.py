"""From what a person names to where its trials come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from runstone.agents.folder import is_folder, open_folder
from runstone.agents.server_source import LEASE_SECONDS, RETRIES, TIMEOUTS, ServerSource
from runstone.agents.source import TrialSource
from runstone.client.native import Client
from runstone.client.sweep_names import find_sweep, parse_sweep_name


@contextmanager
def opened(
    name: str,
    *,
    entity: str = "",
    project: str = "",
    base_url: str | None = None,
    lease_seconds: float = LEASE_SECONDS,
) -> Iterator[TrialSource]:
    """The source of the sweep's trials, while the block lasts.

    name: ID, PROJECT/ID, ENTITY/PROJECT/ID, the address of the sweep's page, or the directory that it
    lives in. entity, project: for what it leaves out. lease_seconds: after so long a silence of this
    agent its trials go to others; a directory has its own. Raises `ClientError` and its kinds,
    FolderError, SourceAway and SweepGone.
    """
    if "://" not in name and is_folder(name):
        yield open_folder(name).source()
        return
    parsed = parse_sweep_name(name)
    with Client(
        base_url or parsed.base_url or None, timeouts=TIMEOUTS, retries=RETRIES, connections_max=4
    ) as client:
        sweep = find_sweep(client, parsed, entity=entity, project=project)
        yield ServerSource(sweep, client, lease_seconds=lease_seconds)
