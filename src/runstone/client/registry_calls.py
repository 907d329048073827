"""The native API's registry routes as typed calls: `Client.registries`.

A registry is a project of an organisation, called `wandb-registry-NAME`; a collection in it holds
links to versions that were made in other projects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from runstone.client.artifact_calls import Target
from runstone.client.artifact_models import ArtifactRecord
from runstone.client.calls import NounCalls, at_artifact, at_place, record
from runstone.client.connection import segment
from runstone.client.errors import Misuse
from runstone.client.registry_models import (
    ApprovalRecord,
    AuditVerdict,
    ComparisonRecord,
    MoveRecord,
    RegistryRecord,
)

if TYPE_CHECKING:
    from runstone.client.connection import Connection
    from runstone.client.models import Me

PREFIX = "wandb-registry-"


class RegistryCalls(NounCalls):
    """One method per route. All raise `ClientError` and its kinds. organization "" is the key's own:
    Misuse where it has none, or several."""

    def __init__(self, connection: Connection, me: Callable[[], Me]) -> None:
        super().__init__(connection)
        self._me = me
        self._organization = ""

    def organization(self, given: str = "") -> str:
        """The one that is meant."""
        if given:
            return given
        if not self._organization:
            mine = self.organizations()
            if len(mine) != 1:
                if not mine:
                    raise Misuse(
                        "You belong to no organisation, and registries belong to one: an admin of the server "
                        "makes it (`runstone registry organization NAME`)."
                    )
                raise Misuse(
                    f"You belong to several organisations ({', '.join(mine)}): say which one is meant, as "
                    "ORGANISATION/REGISTRY."
                )
            self._organization = mine[0]
        return self._organization

    def create_organization(self, name: str, *, owner: str = "") -> str:
        """Its name; it is no error if it is there already. owner: who becomes its first admin; "" is the
        key's own user. Raises NotAllowed for who is no admin of the server."""
        body = {"name": name, "owner": owner or self._me().username}
        made: str = self._send("POST", "/admin/organizations", json=body)["name"]
        return made

    def organizations(self) -> list[str]:
        """Those one belongs to."""
        return [entity.name for entity in self._me().entities if entity.kind == "organization"]

    def target(self, path: str, *, entity: str = "", project: str = "") -> Target:
        """Where `[[ENTITY/]PROJECT/]COLLECTION` is. A project that begins `wandb-registry-` is a
        registry, of the key's organisation where no entity is given. Raises Misuse."""
        parts = path.strip("/").split("/")
        if not 1 <= len(parts) <= 3 or not all(parts):
            raise Misuse(f"{path!r} names no collection. Write REGISTRY/COLLECTION.")
        *place, collection = parts
        if not place:
            return Target(entity, project, collection)
        if len(place) == 1 and place[0].startswith(PREFIX):
            return Target(self.organization(), place[0], collection)
        return Target(place[0] if len(place) == 2 else entity, place[-1], collection)

    def in_registry(self, path: str) -> Target:
        """As `target`, for `[ORGANISATION/]REGISTRY/COLLECTION`, a registry by its own name."""
        parts = path.strip("/").split("/")
        if not 2 <= len(parts) <= 3 or not all(parts):
            raise Misuse(f"{path!r} names no collection of a registry. Write REGISTRY/COLLECTION.")
        registry = parts[-2] if parts[-2].startswith(PREFIX) else PREFIX + parts[-2]
        return Target(self.organization(parts[0] if len(parts) == 3 else ""), registry, parts[-1])

    # Registries ----------------------------------------------------------------------------------

    def list(self, organization: str = "") -> list[RegistryRecord]:
        answer = self._get(_registries(self.organization(organization)))
        return [record(item, RegistryRecord) for item in answer["registries"]]

    def create(self, organization: str, name: str, **wanted: Any) -> RegistryRecord:
        """wanted: description, visibility, default_role, artifact_types, protected_aliases,
        approvals_needed."""
        body = {"name": name, **{key: value for key, value in wanted.items() if value is not None}}
        answer = self._send("POST", _registries(self.organization(organization)), json=body)
        return record(answer, RegistryRecord)

    def get(self, organization: str, name: str) -> RegistryRecord:
        path = f"{_registries(self.organization(organization))}/{segment(name)}"
        return record(self._get(path), RegistryRecord)

    def delete(self, organization: str, name: str) -> None:
        self._send("DELETE", f"{_registries(self.organization(organization))}/{segment(name)}")

    # Versions in them ----------------------------------------------------------------------------

    def promote(
        self,
        at: Target,
        version: str,
        alias: str,
        *,
        reason: str,
        force: bool = False,
        evidence: Mapping[str, Any] | None = None,
    ) -> ArtifactRecord:
        """Point an alias to a version, with a reason."""
        body = {"version": version, "alias": alias, "reason": reason, "force": force}
        return self._move(at, "promote", {**body, "evidence": dict(evidence or {})})

    def rollback(self, at: Target, alias: str, *, reason: str) -> ArtifactRecord:
        """Point an alias to where it pointed before; once more goes one further back."""
        return self._move(at, "rollback", {"alias": alias, "reason": reason})

    def log(self, at: Target, *, alias: str = "", limit: int = 100) -> Iterator[MoveRecord]:
        """What was where when, by whom and why: the newest first."""
        for item in self._pages(f"{_collection(at)}/log", "moves", {"alias": alias, "limit": limit}):
            yield record(item, MoveRecord)

    def compare(self, entity: str, project: str, candidate: str, baseline: str) -> ComparisonRecord:
        """candidate: NAME:ALIAS of the project; baseline: the same, or with ENTITY/PROJECT/ in front."""
        path = f"{at_artifact(entity, project, candidate)}/compare"
        return record(self._get(path, {"baseline": baseline}), ComparisonRecord)

    # Approvals -----------------------------------------------------------------------------------

    def approvals(self, at: Target, *, state: str = "") -> Iterator[ApprovalRecord]:
        """Requests that a protected alias move, the newest first. state: open, done or rejected."""
        for item in self._pages(f"{_collection(at)}/approvals", "approvals", {"state": state}):
            yield record(item, ApprovalRecord)

    def ask(
        self,
        at: Target,
        version: str,
        alias: str,
        *,
        reason: str,
        force: bool = False,
        evidence: Mapping[str, Any] | None = None,
    ) -> ApprovalRecord:
        """Ask others that a protected alias move to the content that the version has now."""
        body = {"version": version, "alias": alias, "reason": reason, "force": force}
        answer = self._send(
            "POST", f"{_collection(at)}/approvals", json={**body, "evidence": dict(evidence or {})}
        )
        return record(answer, ApprovalRecord)

    def decide(
        self, at: Target, approval: int, *, approves: bool, sha256: str, comment: str = ""
    ) -> ApprovalRecord:
        """Approve or reject; the last word needed moves the alias. sha256: of the content that was looked
        at. Raises Conflict where the request is for another, or is decided already."""
        body = {"approves": approves, "sha256": sha256, "comment": comment}
        return record(
            self._send("POST", f"{_collection(at)}/approvals/{approval}", json=body), ApprovalRecord
        )

    # The audit log -------------------------------------------------------------------------------

    def verify_audit(self, head: str = "") -> AuditVerdict:
        """Walk the server's whole chain. head: a hash told earlier, to be found in it."""
        return record(self._get("/admin/audit/verify", {"head": head or None}), AuditVerdict)

    def export_audit(self, entity: str = "") -> Iterator[bytes]:
        """JSON lines, the oldest first: of the whole server, or of one entity's things."""
        path = f"/entities/{segment(entity)}/audit/export" if entity else "/admin/audit/export"
        with self.connection.stream("GET", path, headers={"Accept": "*/*"}) as answer:
            yield from answer.iter_bytes()

    # ---------------------------------------------------------------------------------------------

    def _move(self, at: Target, act: str, body: Mapping[str, Any]) -> ArtifactRecord:
        return record(self._send("POST", f"{_collection(at)}/{act}", json=dict(body)), ArtifactRecord)


def _registries(organization: str) -> str:
    return f"/organizations/{segment(organization)}/registries"


def _collection(at: Target) -> str:
    return f"{at_place(at.entity, at.project)}/collections/{segment(at.collection)}"
