"""Addresses that carry their own authority, absolute, from the address the client knows us by.

Go clients put bytes to what they are given as it stands and send no credentials there (seen in all
versions), so a relative address or one that wants a key loses the file without a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.requests import Request

from runstone.server.domain.artifact_model import Entry
from runstone.server.domain.identity import Actor, RunKey
from runstone.server.domain.signing import Signer
from runstone.server.settings import ServerSettings

PUT_SECONDS = 24 * 3600.0  # a client retries an upload for hours
GET_SECONDS = 3600.0

PUT_FILE, GET_FILE, GET_HISTORY = "put", "get", "history"
PUT_BLOB, PUT_MANIFEST, GET_BLOB, GET_MANIFEST = "put-blob", "put-manifest", "get-blob", "get-manifest"


@dataclass(frozen=True, slots=True)
class Links:
    """For one request. `base_url` has no slash at its end."""

    signer: Signer
    base_url: str
    actor: Actor

    def put_file(self, run: RunKey, name: str) -> str:
        return self._link({"do": PUT_FILE, "run": run, "name": name}, PUT_SECONDS)

    def get_file(self, run: RunKey, name: str) -> str:
        return self._link({"do": GET_FILE, "run": run, "name": name}, GET_SECONDS)

    def get_history(self, run: RunKey, version: int) -> str:
        return self._link({"do": GET_HISTORY, "run": run, "version": version}, GET_SECONDS)

    def put_blob(self, entity: str, version: int, md5: str, *, xxh128: str = "") -> str:
        """For bytes of those digests (hexadecimal), of whichever artifacts of the entity."""
        claim = {"do": PUT_BLOB, "entity": entity, "version": version, "md5": md5}
        return self._link({**claim, "xxh128": xxh128} if xxh128 else claim, PUT_SECONDS)

    def put_manifest(self, version: int, kind: str, md5: str) -> str:
        return self._link({"do": PUT_MANIFEST, "version": version, "kind": kind, "md5": md5}, PUT_SECONDS)

    def get_blob(self, version: int, entry: Entry) -> str:
        name = entry.path.rpartition("/")[2]
        claim = {"do": GET_BLOB, "version": version, "sha256": entry.sha256, "size": entry.size}
        link = self._link({**claim, "md5": entry.md5, "name": name}, GET_SECONDS)
        return f"{link}/wandb_artifacts/{quote(name.encode('utf-8', 'replace'))}"

    def get_manifest(self, version: int) -> str:
        return self._link({"do": GET_MANIFEST, "version": version}, GET_SECONDS) + "/wandb_manifest.json"

    def _link(self, claim: dict[str, Any], seconds: float) -> str:
        # The authority is that of whoever asked, as far as it reaches when the address is used.
        who = {"id": self.actor.user_id, "name": self.actor.username, "admin": self.actor.is_admin}
        return f"{self.base_url}/storage/{self.signer.sign({**claim, 'as': who}, seconds=seconds)}"


def base_url_of(request: Request, settings: ServerSettings) -> str:
    """The configured public address, else the one this client used (its Host was checked before)."""
    if settings.listen.base_url:
        return settings.listen.base_url.rstrip("/")
    host = request.headers.get("host") or request.url.netloc
    return f"{request.url.scheme}://{host}{settings.listen.path_prefix}"
