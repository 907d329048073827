"""The native API as typed calls: one method per route, grouped by noun.

    with Client() as client:                      # the server and key this host is signed in to
        for run in client.find_runs("", "mnist", order=["-summary.acc"]).runs:
            print(run.id, run.summary)

`entity` "" is the key's default entity everywhere. All methods raise `ClientError` and its kinds
(see `errors`). A client may be shared by threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runstone.client.calls import given
from runstone.client.connection import Connection, Retries, Timeouts, segment
from runstone.client.credentials import find_base_url, find_credential
from runstone.client.errors import Misuse
from runstone.client.file_calls import FileCalls
from runstone.client.history_calls import HistoryCalls
from runstone.client.models import ApiKey, Me, convert
from runstone.client.run_calls import RunCalls

if TYPE_CHECKING:
    from runstone.client.artifact_calls import ArtifactCalls
    from runstone.client.deployment_calls import DeploymentCalls
    from runstone.client.lineage_calls import LineageCalls
    from runstone.client.registry_calls import RegistryCalls
    from runstone.client.retention_calls import RetentionCalls


class Client(RunCalls, HistoryCalls, FileCalls):
    """A signed-in connection to one server.

    base_url, api_key: looked up as `credentials` says where they are not given. Raises Misuse where
    no server is known. Nothing is sent before the first call.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        home: Path | None = None,
        environ: Mapping[str, str] | None = None,
        connections_max: int = 16,
    ) -> None:
        address = find_base_url(base_url, home=home, environ=environ)
        if not address:
            raise Misuse(
                "No server is known: none is named and no local one runs. Start one with "
                "`runstone server`, sign in with `runstone login HOST`, or set RUNSTONE_BASE_URL."
            )
        credential = find_credential(address, api_key=api_key, home=home, environ=environ)
        self.base_url = address
        self.key_source = credential.source if credential else ""
        self.connection = Connection(
            address,
            credential.api_key if credential else None,
            timeouts=timeouts,
            retries=retries,
            connections_max=connections_max,
        )

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def artifacts(self) -> ArtifactCalls:
        """Artifacts, their collections and bytes."""
        from runstone.client.artifact_calls import ArtifactCalls

        return ArtifactCalls(self.connection)

    @cached_property
    def lineage(self) -> LineageCalls:
        """Where things come from, what came of them, and what they take up."""
        from runstone.client.lineage_calls import LineageCalls

        return LineageCalls(self.connection)

    @cached_property
    def retention(self) -> RetentionCalls:
        """What is kept of versions, and deletion of many at once."""
        from runstone.client.retention_calls import RetentionCalls

        return RetentionCalls(self.connection)

    @cached_property
    def deployments(self) -> DeploymentCalls:
        """What runs where, and what it predicted."""
        from runstone.client.deployment_calls import DeploymentCalls

        return DeploymentCalls(self.connection)

    @cached_property
    def registries(self) -> RegistryCalls:
        """Registries, what was moved in them, approvals and the audit log."""
        from runstone.client.registry_calls import RegistryCalls

        return RegistryCalls(self.connection, self.me)

    def me(self) -> Me:
        return convert(self._get("/me"), Me)

    def api_keys(self) -> list[ApiKey]:
        return [convert(item, ApiKey) for item in self._get("/me/keys")["keys"]]

    def create_api_key(
        self, name: str, *, expires_at: float | None = None, read_only: bool = False
    ) -> ApiKey:
        """`key` of the answer is shown this once. read_only: it may see what its owner may, and change
        nothing."""
        body = given(name=name, expires_at=expires_at, read_only=read_only or None)
        return convert(self._send("POST", "/me/keys", json=body), ApiKey)

    def delete_api_key(self, key_id: int | str) -> None:
        self._send("DELETE", f"/me/keys/{segment(str(key_id))}")

    def health(self) -> dict[str, Any]:
        """For server admins: version, uptime, sizes, queues."""
        answer: dict[str, Any] = self._get("/admin/health")
        return answer

    def create_user(
        self, username: str, *, api_key: str | None = None, email: str | None = None, admin: bool = False
    ) -> dict[str, Any]:
        """For server admins. The answer has `api_key` when one was made."""
        body = given(username=username, api_key=api_key, email=email, admin=admin)
        answer: dict[str, Any] = self._send("POST", "/admin/users", json=body, repeatable=True)
        return answer
