"""Agents of sweeps: whoever takes trials, runs them as processes or functions, and says what came of it.

    source.py     where trials come from: a server, or a folder that hosts share

An agent is the same whatever its source: it never learns whether a server or a folder answers.
"""
