"""The process that carries journals to a server and samples the machine meanwhile.

    python -m runstone.uplink --home HOME

One per user, host and home. The first run that needs it starts it; it goes when nothing is live and
nothing is left to send. It never writes to a user's journal, never holds a training process open,
and may be killed at any moment: what is sent is decided by the offset the server wants next.

    queue     which journals to care for, and how that goes
    reading   whole records out of a file that is being written
    shipping  one journal's way to one server: batches, files first, answers
    links     one server each: connection, credentials, patience
    watch     one queue entry: its process, its journal, its side journal
    side      the journal in which the uplink itself reports: samples, and an end nobody wrote
    machine   what is sampled
    loop      all of it together
    sync      the same shipping by hand: `runstone sync`
"""

from __future__ import annotations

from runstone.uplink.launch import adopt, launch

__all__ = ["adopt", "launch"]
