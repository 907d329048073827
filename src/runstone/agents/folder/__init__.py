"""A sweep in a shared directory, without a server: the same file, the same rules, the same trials.

    create_folder(config, directory)
    source = open_folder(directory).source()   # a TrialSource, for an agent

Layout (`log` says why it is so, `docs/decisions/0062` why each trial is done once):

    sweep.json          what the sweep is; written once
    log/000000/*.json   what happened, one numbered file per act, none ever written twice
    state/N.json        everything up to act N, so that nobody need read from the beginning
    agents/ID           a counter that the agent raises while it lives
    runs/NNNN/RUN-ID/   the run folder of an attempt; `runstone sync DIRECTORY` brings them to a server
    tmp/                files on their way to one of these names
"""

from runstone.agents.folder.errors import FolderError
from runstone.agents.folder.sweep import FolderSweep, create_folder, is_folder, open_folder

__all__ = ["FolderError", "FolderSweep", "create_folder", "is_folder", "open_folder"]
