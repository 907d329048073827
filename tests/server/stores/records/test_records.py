"""The record store, on SQLite and on PostgreSQL."""

from __future__ import annotations

from runstone.testing.records import RecordsSuite


class TestRecords(RecordsSuite):
    """The fixture `records` runs each test on both."""
