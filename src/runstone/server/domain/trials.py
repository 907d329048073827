"""Trials: handed out one agent at a time, done once.

A trial is a row. Who is given it holds a lease, which its beats extend; a lease that lapses puts the
trial back into the queue, for somebody else, as the next attempt. Each attempt ends once.

Each act has a module: `trial_agents` who takes part, `trial_proposals` what is to be tried,
`trial_claims` handing out, `trial_progress` while they run, `trial_outcomes` how they end,
`trial_reading`.
"""

from __future__ import annotations

from runstone.server.domain.trial_agents import TrialAgents
from runstone.server.domain.trial_claims import TrialClaims
from runstone.server.domain.trial_outcomes import TrialOutcomes
from runstone.server.domain.trial_progress import TrialProgress
from runstone.server.domain.trial_reading import TrialReading


class Trials(TrialAgents, TrialClaims, TrialProgress, TrialOutcomes, TrialReading):
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid; what needs the attempt, Conflict where it
    is over. Reading needs READ on the project, all else WRITE."""
