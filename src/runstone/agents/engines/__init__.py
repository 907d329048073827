"""Agents on clusters, by what runs there already: Ray directly, Slurm and Kubernetes by job files.

None of them needs to know of sweeps: each runs `runstone agent` several times, and the sweep hands out
its trials exactly once, whoever of them dies.
"""

from runstone.agents.engines.jobs import AgentJob, EngineError

__all__ = ["AgentJob", "EngineError"]
