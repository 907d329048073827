"""From what a person names to where its trials come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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

    name: ID, PROJECT/ID, ENTITY/PROJECT/ID, or the address of the sweep's page. entity, project: for
    what it leaves out. lease_seconds: after so long a silence of this agent its trials go to others.
    Raises `ClientError` and its kinds, SourceAway and SweepGone.
    """
    parsed = parse_sweep_name(name)
    with Client(
        base_url or parsed.base_url or None, timeouts=TIMEOUTS, retries=RETRIES, connections_max=4
    ) as client:
        sweep = find_sweep(client, parsed, entity=entity, project=project)
        yield ServerSource(sweep, client, lease_seconds=lease_seconds)
