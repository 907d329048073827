"""The run journal: the append-only file that a run is, and the folders journals live in.

Nothing here imports the rest of the package: the training process, the uplink, the server and the
command line all stand on it.
"""
