"""Artifacts in the user's process: making versions, reading them, what is known of their content."""
