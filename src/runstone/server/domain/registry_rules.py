"""What a registry asks of those who link, promote and approve: the one place of these checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.artifact_model import Member
from runstone.server.domain.artifact_names import check_metadata
from runstone.server.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from runstone.server.domain.identity import Actor, Permission, check_text
from runstone.server.domain.registry_access import RegistryRole, check_place, is_registry, registry_role
from runstone.server.stores.records import artifacts as statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import registry as registry_statements
from runstone.server.stores.records.rows import AnyRow

MODEL_TYPE = "model"
REASON_CHARS_MAX = 10_000
SWEEP_EVIDENCE = "sweep"  # the kind of evidence that this server alone writes


def check_reason(reason: str) -> str:
    """As it is kept. Raises Invalid for none."""
    said = check_text(reason.strip(), what="Reason", chars_max=REASON_CHARS_MAX)
    if not said:
        raise Invalid("Say why: a reason is kept with every promotion, rollback and request for approval.")
    return said


def check_evidence(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """What a client says of why. A sweep's word is found by the server, so nobody can put one into its
    mouth: Invalid for that kind."""
    given = dict(evidence)
    check_metadata(given, what="Evidence")
    if given.get("kind") == SWEEP_EVIDENCE:
        raise Invalid(
            "Evidence of the kind 'sweep' is made by the server from the sweep itself. Promote from the "
            "sweep (`runstone sweep promote`), or name another kind.",
            kind=SWEEP_EVIDENCE,
        )
    return given


def collection_for(
    access: Access, conn: Connection, actor: Actor, collection_id: int, permission: Permission
) -> AnyRow:
    """A living collection by its number, checked. Raises NotFound, NotAllowed."""
    row = collection_statements.collection_by_id(conn, collection_id)
    if row is None or row.deleted_at is not None:
        raise NotFound(f"There is no collection {collection_id}: it was deleted.", id=collection_id)
    check_place(
        access,
        conn,
        actor,
        permission,
        entity_id=row.entity_id,
        project_id=row.project_id,
        project=row.project,
    )
    return row


def held_collection(access: Access, conn: Connection, actor: Actor, collection_id: int) -> AnyRow:
    """`collection_for` WRITE, held until the transaction ends: aliases of one are moved by one at a time."""
    collection_statements.lock_collection(conn, collection_id)
    return collection_for(access, conn, actor, collection_id, Permission.WRITE)


def check_promotable(conn: Connection, member: Member, *, reason: str, force: bool) -> None:
    """Still there, and with a past. Raises Conflict."""
    source = statements.version(conn, member.version.id)
    if source is None or source.state != "committed":
        raise Conflict(f"{member.name} was deleted meanwhile.")
    check_lineage(conn, source, reason=reason, force=force)


def protected_among(conn: Connection, collection: AnyRow, aliases: Iterable[str]) -> tuple[list[str], int]:
    """Those of the aliases that are protected there, and how many approvals each needs."""
    if not is_registry(collection.project):
        return [], 0
    rules = registry_statements.registry(conn, collection.project_id)
    if rules is None:
        return [], 0
    return [name for name in aliases if name in rules.protected_aliases], rules.approvals_needed


def check_protected(
    access: Access,
    conn: Connection,
    actor: Actor,
    collection: AnyRow,
    aliases: Iterable[str],
    *,
    approvals: bool = True,
) -> None:
    """Raises NotAllowed where one of the aliases is protected and the actor is no admin of the
    registry, Conflict where the registry wants it approved by others first (unless approvals=False)."""
    found, needed = protected_among(conn, collection, aliases)
    if not found:
        return
    check_guardian(
        access,
        conn,
        actor,
        entity_id=collection.entity_id,
        project_id=collection.project_id,
        approvals=needed if approvals else 0,
        what=f"The alias {found[0]!r} of {collection.name!r}",
        alias=found[0],
    )


def check_guardian(
    access: Access,
    conn: Connection,
    actor: Actor,
    *,
    entity_id: int,
    project_id: int,
    approvals: int,
    what: str,
    **fields: str,
) -> None:
    """Whether the actor moves protected aliases of the registry alone. approvals: how many it takes. what:
    begins the sentence that refuses. Raises NotAllowed, Conflict where others are to approve first."""
    role = registry_role(access, conn, actor, entity_id, project_id)
    if role is None or role < RegistryRole.ADMIN:
        raise NotAllowed(f"{what} is protected: an admin of the registry moves it, or an approval.", **fields)
    if approvals:
        raise Conflict(
            f"{what} moves when {approvals} persons have approved it. Ask for an approval.",
            approvals_needed=approvals,
            **fields,
        )


def check_lineage(conn: Connection, version: AnyRow, *, reason: str, force: bool) -> None:
    """A model is to be made by a run that says what it was made from. Raises Conflict, unless `force`
    with a reason."""
    if version.type != MODEL_TYPE:
        return
    problem = ""
    if version.run_key is None:
        problem = "no run made it"
    elif not statements.count_uses(conn, "input", run_key=version.run_key):
        problem = f"the run {version.run_name} that made it used no artifact"
    if not problem:
        return
    if not force:
        raise Conflict(
            f"{version.collection}:v{version.version_index} has no past that could be traced: {problem}. Log "
            "what it was made from (use_artifact), or force it with a reason.",
            version_id=version.id,
        )
    if not reason.strip():
        raise Conflict(
            f"To register {version.collection}:v{version.version_index} although {problem}, give a reason.",
            version_id=version.id,
        )
