"""Agents and the server of a sweep are killed at any moment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.server import clean_environment

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_every_cell_is_completed_once_whoever_is_killed() -> None:
    """Six rounds; `python -m bench.sweeps.exactly_once` plays 200."""
    played = subprocess.run(
        [sys.executable, "-m", "bench.sweeps.exactly_once", "--rounds", "6", "--together", "6"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert "6 rounds, 54 cells completed once" in played.stdout, played.stdout
    assert " 0 servers killed" not in played.stdout
