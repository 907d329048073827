"""The store that the suites of this package run against."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runstone.server.stores.history.contract import HistoryStore
from runstone.testing.history.model import OpenStore


class OpenedStore:
    """Subclass it and give a fixture `open_store`: opens one and the same store, again and again."""

    @pytest.fixture
    def open_store(self) -> OpenStore:
        raise NotImplementedError

    @pytest.fixture
    def store(self, open_store: OpenStore) -> Iterator[HistoryStore]:
        store = open_store()
        yield store
        store.close()
