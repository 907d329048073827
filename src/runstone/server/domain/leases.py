"""Whether a run is alive is decided here: no word from its client for 5 minutes is `crashed`,
(`preempted` where it had said preempting), and running again if the client returns."""

from __future__ import annotations

from runstone.server.domain.identity import Actor, RunKey

LEASE_SECONDS = 300.0


class Leases:
    def beat(self, actor: Actor, run: RunKey) -> bool:
        """The client is there. Coalesced: a store write at most every 30 s. Revives a crashed run.
        Returns whether the run is asked to stop."""
        raise NotImplementedError

    def expire(self, *, now: float) -> int:
        """Called by a job: crash what has been silent too long. Returns how many."""
        raise NotImplementedError
