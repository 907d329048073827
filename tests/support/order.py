"""Which files begin: those that last longest, that none of them is alone at the end while the other
workers have nothing left. Files that are not named follow as they were found."""

from __future__ import annotations

import pytest

# By seconds of a run on two cores, from three minutes to twenty seconds. `--durations=60` tells.
LONGEST = (
    "tests/faults/test_wandb_full_and_away.py",
    "tests/client/test_direct_transfer.py",
    "tests/wandb/test_client_matrix.py",
    "tests/browser/test_workspace.py",
    "tests/uplink/test_uplink.py",
    "tests/browser/test_sweeps.py",
    "tests/wandb/test_client_sweeps.py",
    "tests/agents/test_process_agents.py",
    "tests/wandb/test_client_runs.py",
    "tests/browser/test_media.py",
    "tests/wandb/test_client_object_store.py",
    "tests/wandb/test_client_commands.py",
    "tests/faults/test_killed_uploads.py",
    "tests/faults/test_killed_parts.py",
    "tests/browser/test_budgets.py",
    "tests/wandb/test_client_artifacts.py",
    "tests/browser/test_pages.py",
    "tests/wandb/test_client_faults.py",
    "tests/examples/test_examples.py",
    "tests/faults/test_full_and_away.py",
    "tests/server/test_app_start_stop.py",
    "tests/agents/test_function_agents.py",
    "tests/faults/test_many_writers.py",
    "tests/sdk/test_artifacts_online.py",
    "tests/cli/test_sync.py",
    "tests/sdk/test_ends.py",
    "tests/server/stores/history/test_history_faults.py",
    "tests/server/domain/test_ingest_killed.py",
    "tests/browser/test_registry.py",
    "tests/browser/test_artifacts.py",
    "tests/cli/test_sweep_commands.py",
    "tests/faults/test_killed_agents.py",
    "tests/faults/test_wandb_load.py",
    "tests/faults/test_killed_sweeps.py",
    "tests/server/doors/rest/test_rest_openapi.py",
    "tests/browser/test_reports.py",
    "tests/browser/test_run_life.py",
    "tests/browser/test_arrangement.py",
)


def longest_first(items: list[pytest.Item]) -> None:
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))
