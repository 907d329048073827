"""Registries of an organisation: made, with their rules, and who has which role in them.

A registry is a project `wandb-registry-NAME` of the organisation, so that every client finds it by
the names it knows. Its portfolios hold versions linked from projects; aliases such as `production`
say which of them is in use: `promotions` moves them, `approvals` by the word of several.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit
from runstone.server.domain.access import Access
from runstone.server.domain.artifact_names import check_aliases, check_type_name
from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.identity import Actor, EntityId, Permission, check_text
from runstone.server.domain.projects import Projects
from runstone.server.domain.registry_access import (
    REGISTRY_PREFIX,
    RegistryRole,
    registry_role,
)
from runstone.server.stores.records import accounts as account_statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import entities as entity_statements
from runstone.server.stores.records import projects as project_statements
from runstone.server.stores.records import registry as statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

VISIBILITIES = ("organization", "restricted")
APPROVALS_MAX = 10
_MOVES_MAX = 10_000
_DIFFERENCES_MAX = 1000


@dataclass(frozen=True, slots=True)
class Registry:
    project_id: int
    entity_id: EntityId  # of the organisation
    organization: str
    name: str  # without the prefix of its project
    project: str
    description: str
    visibility: str  # organization, restricted
    default_role: str  # of the organisation's members where it is not restricted
    artifact_types: tuple[str, ...]  # allowed ones; () is any
    protected_aliases: tuple[str, ...]
    approvals_needed: int
    created_by: str
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class RegistryMember:
    name: str  # a user's or a team's
    kind: str  # user, team
    role: str


def role_name(role: int) -> str:
    return RegistryRole(role).name.lower()


def parse_role(name: str) -> RegistryRole:
    """Raises Invalid."""
    try:
        return RegistryRole[name.upper()]
    except KeyError:
        known = ", ".join(role.name.lower() for role in RegistryRole)
        raise Invalid(f"{name[:80]!r} is no role in a registry. One of: {known}.", role=name[:80]) from None


class Registries:
    """All raise NotSignedIn, NotFound, NotAllowed, Invalid."""

    def __init__(
        self,
        records: Records,
        access: Access,
        projects: Projects,
    ) -> None:
        self._records = records
        self._access = access
        self._projects = projects

    # -- registries themselves

    def find(self, actor: Actor, organization: str) -> list[Registry]:
        """Those of an organisation that the actor may see, by name."""
        self._access.check_signed_in(actor)
        with self._records.read() as conn:
            owner = entity_statements.entity(conn, organization)
            if owner is None or not self._inside(conn, actor, owner.id):
                raise NotFound(
                    f"There is no organisation {organization[:200]!r}, or you are not a member of it.",
                    organization=organization[:200],
                )
            rows = statements.registries_of(conn, owner.id)
            return [
                _registry(row)
                for row in rows
                if registry_role(self._access, conn, actor, row.entity_id, row.project_id) is not None
            ]

    def get(self, actor: Actor, organization: str, name: str) -> Registry:
        """`name` with or without the prefix of its project."""
        with self._records.read() as conn:
            return _registry(self._resolve(conn, actor, organization, name, Permission.READ))

    def create(
        self,
        actor: Actor,
        organization: str,
        name: str,
        *,
        description: str = "",
        visibility: str = "organization",
        default_role: str = "member",
        artifact_types: Sequence[str] = (),
        protected_aliases: Sequence[str] = ("production",),
        approvals_needed: int = 0,
    ) -> Registry:
        """A new registry; its maker is an admin of it. A member of the organisation may make one.
        Conflict for a name in use, Invalid where `organization` is none."""
        project = REGISTRY_PREFIX + name.removeprefix(REGISTRY_PREFIX)
        values = _rules(visibility, default_role, artifact_types, protected_aliases, approvals_needed)

        def work(conn: Connection) -> AnyRow:
            owner = self._access.resolve(conn, actor, organization, Permission.WRITE)
            if owner.kind != "organization":
                raise Invalid(
                    f"{owner.name!r} is a {owner.kind}: registries belong to organisations.",
                    entity=owner.name,
                )
            found, made = self._projects.ensure_in(conn, actor, owner.name, project, description=description)
            if not made and statements.registry(conn, found.id) is not None:
                raise Conflict(
                    f"{owner.name} has a registry {name!r} already. Choose another name.", registry=name
                )
            now = time.time()
            statements.add_registry(conn, found.id, user_id=actor.user_id, now=now, **values)
            maker = None if actor.user_id is None else account_statements.user(conn, actor.username)
            if maker is not None:
                statements.set_member(conn, found.id, maker.entity_id, int(RegistryRole.ADMIN))
            self._log(conn, actor, "registry.create", found, {**values}, now)
            return statements.registry(conn, found.id)

        return _registry(self._records.write(work))

    def update(
        self,
        actor: Actor,
        organization: str,
        name: str,
        *,
        description: str | None = None,
        visibility: str | None = None,
        default_role: str | None = None,
        artifact_types: Sequence[str] | None = None,
        protected_aliases: Sequence[str] | None = None,
        approvals_needed: int | None = None,
    ) -> Registry:
        """Change what is given (an admin of the registry). Types that are in use stay allowed."""

        def work(conn: Connection) -> AnyRow:
            row = self._resolve(conn, actor, organization, name, Permission.MANAGE)
            types = list(row.artifact_types) if artifact_types is None else list(artifact_types)
            if artifact_types:
                used = [kept.name for kept in collection_statements.types(conn, row.project_id)]
                types = sorted({*types, *used})
            values = _rules(
                visibility or row.visibility,
                default_role or role_name(row.default_role),
                types,
                row.protected_aliases if protected_aliases is None else protected_aliases,
                row.approvals_needed if approvals_needed is None else approvals_needed,
            )
            now = time.time()
            statements.change_registry(conn, row.project_id, **values)
            if description is not None:
                text = check_text(description, what="Description", chars_max=1_000_000)
                project_statements.change_project(conn, row.project_id, description=text, updated_at=now)
            self._log(conn, actor, "registry.update", row, values, now)
            return statements.registry(conn, row.project_id)

        return _registry(self._records.write(work))

    def delete(self, actor: Actor, organization: str, name: str) -> None:
        """To the trash; what was linked into it stays where it was made."""

        def work(conn: Connection) -> None:
            row = self._resolve(conn, actor, organization, name, Permission.MANAGE)
            now = time.time()
            project_statements.change_project(conn, row.project_id, deleted_at=now)
            self._log(conn, actor, "registry.delete", row, {}, now)

        self._records.write(work)

    # -- members

    def members(self, actor: Actor, organization: str, name: str) -> list[RegistryMember]:
        """Those with a role of their own, by name."""
        with self._records.read() as conn:
            row = self._resolve(conn, actor, organization, name, Permission.READ)
            found = statements.members(conn, row.project_id)
        return [RegistryMember(member.name, member.kind, role_name(member.role)) for member in found]

    def set_member(self, actor: Actor, organization: str, name: str, member: str, role: str) -> None:
        """Give a user of the organisation or a team of it a role (an admin of the registry)."""
        wanted = parse_role(role)

        def work(conn: Connection) -> None:
            row = self._resolve(conn, actor, organization, name, Permission.MANAGE)
            found = self._member(conn, actor, row, member)
            statements.set_member(conn, row.project_id, found.id, int(wanted))
            detail = {"member": found.name, "role": role_name(wanted)}
            self._log(conn, actor, "registry.member", row, detail, time.time())

        self._records.write(work)

    def remove_member(self, actor: Actor, organization: str, name: str, member: str) -> None:
        def work(conn: Connection) -> None:
            row = self._resolve(conn, actor, organization, name, Permission.MANAGE)
            found = entity_statements.entity(conn, member)
            if found is None or not statements.drop_member(conn, row.project_id, found.id):
                raise NotFound(f"{member[:200]!r} has no role in the registry {name!r}.", member=member[:200])
            detail = {"member": found.name, "role": ""}
            self._log(conn, actor, "registry.member", row, detail, time.time())

        self._records.write(work)

    # -- inside

    def _inside(self, conn: Connection, actor: Actor, organization_id: int) -> bool:
        if self._access.role(actor, EntityId(organization_id), conn=conn) is not None:
            return True
        return actor.user_id is not None and statements.belongs_to(conn, organization_id, actor.user_id)

    def _resolve(
        self, conn: Connection, actor: Actor, organization: str, name: str, permission: Permission
    ) -> AnyRow:
        project = REGISTRY_PREFIX + name.removeprefix(REGISTRY_PREFIX)
        found = self._projects.resolve(conn, actor, organization, project, permission)
        row = statements.registry(conn, found.id)
        if row is None:
            raise NotFound(f"{found.entity} has no registry {name[:200]!r}.", registry=name[:200])
        return row

    def _member(self, conn: Connection, actor: Actor, row: AnyRow, name: str) -> AnyRow:
        """Whoever belongs to the organisation; a server admin may let in anybody of the server."""
        found = entity_statements.entity(conn, name)
        inside = actor.is_admin and found is not None and found.kind != "organization"
        if inside:
            pass
        elif found is not None and found.kind == "team":
            inside = found.organization_id == row.entity_id
        elif found is not None and found.kind == "user":
            user = account_statements.user(conn, name)
            inside = user is not None and statements.belongs_to(conn, row.entity_id, user.id)
        if found is None or not inside:
            raise NotFound(
                f"{name[:200]!r} is neither a member nor a team of {row.entity}.", member=name[:200]
            )
        return found

    def _log(
        self,
        conn: Connection,
        actor: Actor,
        action: str,
        row: AnyRow,
        detail: dict[str, Any],
        now: float,
    ) -> None:
        audit.append(
            conn,
            actor,
            action,
            subject=f"{row.entity}/{row.name}",
            entity_id=EntityId(row.entity_id),
            detail=detail,
            now=now,
        )


def _rules(
    visibility: str,
    default_role: str,
    artifact_types: Sequence[str],
    protected_aliases: Sequence[str],
    approvals_needed: int,
) -> dict[str, Any]:
    if visibility not in VISIBILITIES:
        raise Invalid(f"{visibility[:80]!r} is no visibility. One of: {', '.join(VISIBILITIES)}.")
    if not 0 <= approvals_needed <= APPROVALS_MAX:
        raise Invalid(f"Approvals needed are 0 to {APPROVALS_MAX}, met {approvals_needed}.")
    return {
        "visibility": visibility,
        "default_role": int(parse_role(default_role)),
        "artifact_types": sorted({check_type_name(name) for name in artifact_types}),
        "protected_aliases": sorted(check_aliases(protected_aliases)),
        "approvals_needed": approvals_needed,
    }


def _registry(row: AnyRow) -> Registry:
    return Registry(
        project_id=row.project_id,
        entity_id=EntityId(row.entity_id),
        organization=row.entity,
        name=row.name.removeprefix(REGISTRY_PREFIX),
        project=row.name,
        description=row.description,
        visibility=row.visibility,
        default_role=role_name(row.default_role),
        artifact_types=tuple(row.artifact_types),
        protected_aliases=tuple(row.protected_aliases),
        approvals_needed=row.approvals_needed,
        created_by=row.created_by or "",
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
