"""Runstone: the open system of record for machine-learning experiments."""
