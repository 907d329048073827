"""Addresses in an object store that carry their own authority.

Not all credentials can sign: a key can; a token, a shared access signature or an instance without the
right to sign cannot. Then there are no addresses, and all bytes go through the server, which is said once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal, TypeAlias

import obstore
from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store

Method: TypeAlias = Literal["GET", "PUT"]
TRY_AGAIN_SECONDS = 600.0
_log = logging.getLogger(__name__)


def said(error: Exception) -> str:
    """What obstore says, without what it adds for its own developers."""
    return str(error).partition("Debug source")[0].strip().removesuffix(".")


def can_sign(store: ObjectStore) -> bool:
    """Whether stores of this kind know signed addresses."""
    return isinstance(store, S3Store | GCSStore | AzureStore)


class Signer:
    """Of one store. `where` is its address without keys, for people. Safe for threads."""

    def __init__(self, store: ObjectStore, where: str) -> None:
        assert isinstance(store, S3Store | GCSStore | AzureStore)
        self._store = store
        self._where = where
        self._lock = threading.Lock()
        self._asked = False
        self._failed_until = 0.0
        # Azure wants to be told what kind of blob it is.
        self.put_headers = {"x-ms-blob-type": "BlockBlob"} if isinstance(store, AzureStore) else {}

    def works(self) -> bool:
        """Whether addresses can be signed just now; the first to ask finds out."""
        with self._lock:
            if not self._asked:
                self._asked = True
                self._try("GET", ["sha256/00/00"], seconds=60)
            elif self._failed_until and time.monotonic() >= self._failed_until:
                self._try("GET", ["sha256/00/00"], seconds=60)
            return not self._failed_until

    def sign(self, method: Method, paths: Sequence[str], *, seconds: float) -> list[str] | None:
        """An address for each path, in order; None where they cannot be signed."""
        return self._try(method, paths, seconds=seconds) if self.works() else None

    def _try(self, method: Method, paths: Sequence[str], *, seconds: float) -> list[str] | None:
        try:
            urls = list(obstore.sign(self._store, method, paths, timedelta(seconds=seconds)))
        except Exception as error:  # none of them is a reason to refuse bytes
            if not self._failed_until:
                _log.warning(
                    "No addresses in %s can be signed with the credentials of this server (%s). All bytes go "
                    "through the server; give it a key that signs, or say so with direct=off.",
                    self._where,
                    said(error),
                )
            self._failed_until = time.monotonic() + TRY_AGAIN_SECONDS
            return None
        self._failed_until = 0.0
        return urls
