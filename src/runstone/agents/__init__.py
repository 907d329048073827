"""Agents of sweeps: whoever takes trials, runs them as processes or functions, and says what came of it.

    source.py         where trials come from: a server, or a folder that hosts share
    server_source.py  trials handed out by a server
    folder/           a sweep in a shared directory, without a server
    opening.py        from what a person names to a source
    contact.py        the one thread that talks to the source, and says again what was not heard
    loop.py           an agent that runs trials as processes
    functions.py      `runstone.sweep`, `runstone.agent`: trials as calls of a function
    command.py        a trial's words, by the macros of the sweep file
    parameters.py     how parameters reach a trial: files and variables
    process.py        a trial's processes, and `supervise.py`, which keeps them from outliving the agent
    endings.py        what an exit code and last words say of an attempt
    gpus.py           which accelerators each of several trials sees

An agent is the same whatever its source: it never learns whether a server or a folder answers.
"""
