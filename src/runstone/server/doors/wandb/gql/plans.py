"""Plans by document and operation; those used last are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict

from graphql import GraphQLSchema

from runstone.server.doors.wandb.gql.documents import Document
from runstone.server.doors.wandb.gql.plan import Plan, Size

# A step takes about 1 kB. The documents of real clients make some 2,000; hostile ones make no more
# than fit here.
STEPS_KEPT_MAX = 20_000


class Plans:
    """Safe to use from any thread."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: OrderedDict[tuple[Document, str | None], Plan | None] = OrderedDict()
        self._size = Size()
        self._lock = threading.Lock()

    def find(self, document: Document, name: str | None) -> Plan | None:
        """None where graphql-core must answer: introspection, and operations that are not there."""
        key = document, name
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        plan = self._make(document, name)
        if plan is not None or name is None:  # names that are nobody's could be endless
            with self._lock:
                self._kept[key] = plan
                self._size.add(1)
                while self._size.steps > STEPS_KEPT_MAX and len(self._kept) > 1:
                    _, gone = self._kept.popitem(last=False)
                    self._size.steps -= 1 + (gone.size.steps if gone is not None else 0)
        return plan

    def _make(self, document: Document, name: str | None) -> Plan | None:
        assert document.node is not None
        try:
            return Plan(self._schema, document.node, name, Size(self._size))
        except LookupError:
            return None
