"""Nouns and rules, one file per noun. Doors call these functions; stores keep what they decide.

Every function that acts for somebody takes the `Actor` first and asks `access` before it does
anything. Nothing here knows HTTP, SQL or a file path.
"""
