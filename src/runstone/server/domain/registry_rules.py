"""What a registry asks of those who link and promote: protected aliases, and models with a past."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from runstone.server.domain.access import Access
from runstone.server.domain.errors import Conflict, NotAllowed
from runstone.server.domain.identity import Actor
from runstone.server.domain.registry_access import RegistryRole, is_registry, registry_role
from runstone.server.stores.records import artifacts as statements
from runstone.server.stores.records import registry as registry_statements
from runstone.server.stores.records.rows import AnyRow

MODEL_TYPE = "model"


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
    role = registry_role(access, conn, actor, collection.entity_id, collection.project_id)
    if role is None or role < RegistryRole.ADMIN:
        raise NotAllowed(
            f"The alias {found[0]!r} of {collection.name!r} is protected: an admin of the registry moves it, "
            "or an approval.",
            alias=found[0],
        )
    if approvals and needed:
        raise Conflict(
            f"The alias {found[0]!r} of {collection.name!r} moves when {needed} persons have approved it. "
            "Ask for an approval.",
            alias=found[0],
            approvals_needed=needed,
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
