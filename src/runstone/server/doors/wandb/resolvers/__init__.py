"""One file per noun, as in `schema/`."""

from __future__ import annotations

from runstone.server.doors.wandb.gql.binding import Fields
from runstone.server.doors.wandb.resolvers import (
    artifacts,
    artifacts_changes,
    artifacts_collections,
    artifacts_files,
    artifacts_labels,
    artifacts_making,
    artifacts_types,
    automations,
    base,
    charts,
    entities,
    files,
    history,
    launch,
    projects,
    registries,
    run_changes,
    runs,
    server,
    sweep_agents,
    sweep_changes,
    sweeps,
    users,
    views,
)


def all_fields() -> list[Fields]:
    """Every type's resolvers."""
    nouns = (
        base,
        server,
        users,
        entities,
        projects,
        runs,
        run_changes,
        history,
        files,
        views,
        charts,
        artifacts,
        artifacts_making,
        artifacts_files,
        artifacts_collections,
        artifacts_types,
        artifacts_labels,
        artifacts_changes,
        registries,
        sweeps,
        sweep_changes,
        sweep_agents,
        automations,
        launch,
    )
    return [group for noun in nouns for group in noun.FIELDS]
