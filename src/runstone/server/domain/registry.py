"""Registries of an organisation: what is promoted to where, by whom, why, and the way back.

A registry is a project `wandb-registry-NAME` of the organisation, so that every client finds it by
the names it knows. Its portfolios hold versions linked from projects; aliases such as `production`
say which of them is in use. Each move of an alias is atomic and is kept with its reason.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from runstone.server.domain import audit
from runstone.server.domain.access import Access
from runstone.server.domain.alias_moves import set_aliases
from runstone.server.domain.artifact_model import AliasMove, Member, Page, move_of
from runstone.server.domain.artifact_names import check_alias, check_aliases, check_type_name
from runstone.server.domain.artifacts import Artifacts
from runstone.server.domain.collections import Collections
from runstone.server.domain.cursors import cursor_of, parse_cursor
from runstone.server.domain.errors import Conflict, Invalid, NotFound, RunstoneError
from runstone.server.domain.identity import Actor, EntityId, Permission, check_text
from runstone.server.domain.places import Places
from runstone.server.domain.projects import Projects
from runstone.server.domain.registry_access import (
    REGISTRY_PREFIX,
    RegistryRole,
    check_place,
    registry_role,
)
from runstone.server.domain.registry_rules import check_lineage, check_protected
from runstone.server.stores.records import accounts as account_statements
from runstone.server.stores.records import artifacts as artifact_statements
from runstone.server.stores.records import collections as collection_statements
from runstone.server.stores.records import projects as project_statements
from runstone.server.stores.records import registry as statements
from runstone.server.stores.records import runs as run_statements
from runstone.server.stores.records.contract import Records
from runstone.server.stores.records.rows import AnyRow

VISIBILITIES = ("organization", "restricted")
APPROVALS_MAX = 10
_MOVES_MAX = 10_000
_DIFFERENCES_MAX = 1000


@dataclass(frozen=True, slots=True)
class Registry:
    project_id: int
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


@dataclass(frozen=True, slots=True)
class Comparison:
    """`metrics`: {name, candidate, baseline, delta} of numbers in the summaries of the runs that made
    them; `config` and `metadata`: {name, candidate, baseline} that differ; `files`: counts."""

    candidate: Member
    baseline: Member
    metrics: list[dict[str, Any]]
    config: list[dict[str, Any]]
    metadata: list[dict[str, Any]]
    files: dict[str, int]
    same_content: bool


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
        collections: Collections,
        artifacts: Artifacts,
        places: Places,
    ) -> None:
        self._records = records
        self._access = access
        self._projects = projects
        self._collections = collections
        self._artifacts = artifacts
        self._places = places

    # -- registries themselves

    def find(self, actor: Actor, organization: str) -> list[Registry]:
        """Those of an organisation that the actor may see, by name."""
        self._access.check_signed_in(actor)
        with self._records.read() as conn:
            owner = account_statements.entity(conn, organization)
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
            found = account_statements.entity(conn, member)
            if found is None or not statements.drop_member(conn, row.project_id, found.id):
                raise NotFound(f"{member[:200]!r} has no role in the registry {name!r}.", member=member[:200])
            detail = {"member": found.name, "role": ""}
            self._log(conn, actor, "registry.member", row, detail, time.time())

        self._records.write(work)

    # -- aliases: forth and back

    def promote(
        self,
        actor: Actor,
        entity: str,
        project: str,
        collection: str,
        version: str,
        alias: str,
        *,
        reason: str,
        force: bool = False,
        evidence: dict[str, Any] | None = None,
    ) -> Member:
        """Point `alias` of the collection to `version` (`v3`, another alias, a digest), with a reason.
        A protected alias moves by an admin of the registry, or by an approval. A model without a
        traceable past is refused unless `force`."""
        check_alias(alias)
        said = _reason(reason)
        member = self._artifacts.get(actor, entity, project, f"{collection}:{version}")

        def work(conn: Connection) -> None:
            row = self._target(conn, actor, member.collection.id)
            check_protected(self._access, conn, actor, row, [alias])
            source = artifact_statements.version(conn, member.version.id)
            if source is None or source.state != "committed":
                raise Conflict(f"{member.name} was deleted meanwhile.")
            check_lineage(conn, source, reason=said, force=force)
            self._move(conn, actor, row, member.version.id, alias, "promote", said, evidence or {})

        self._records.write(work)
        return self._artifacts.get(actor, entity, project, f"{collection}:{alias}")

    def rollback(
        self, actor: Actor, entity: str, project: str, collection: str, alias: str, *, reason: str
    ) -> Member:
        """Point the alias to the version it pointed to before, of those that are still there; once
        more goes one further back. Needs no approval: where it goes, it was approved before."""
        check_alias(alias)
        said = _reason(reason)

        def work(conn: Connection) -> None:
            kept = self._collections.resolve(conn, actor, entity, project, collection, Permission.WRITE)
            row = self._target(conn, actor, kept.id)
            check_protected(self._access, conn, actor, row, [alias], approvals=False)
            moves = collection_statements.moves(conn, row.id, alias=alias, limit=_MOVES_MAX)
            now_at = collection_statements.version_of_alias(conn, row.id, alias)
            for candidate in before(list(reversed(moves)), now_at):
                version = artifact_statements.version(conn, candidate)
                if (
                    version is not None
                    and version.state == "committed"
                    and collection_statements.index_in(conn, row.id, candidate) is not None
                ):
                    self._move(conn, actor, row, candidate, alias, "rollback", said, {})
                    return
            raise Conflict(
                f"There is no earlier version that {collection}:{alias} pointed to and that is still there.",
                alias=alias,
            )

        self._records.write(work)
        return self._artifacts.get(actor, entity, project, f"{collection}:{alias}")

    def log(
        self,
        actor: Actor,
        entity: str,
        project: str,
        collection: str,
        *,
        alias: str = "",
        after: str = "",
        limit: int = 100,
    ) -> Page:
        """AliasMoves of a collection, the newest first: what was where when, by whom, why."""
        limit = max(1, min(limit, 1000))
        cursor = parse_cursor(after)
        with self._records.read() as conn:
            row = self._collections.resolve(conn, actor, entity, project, collection, Permission.READ)
            rows = collection_statements.moves(
                conn, row.id, alias=alias, before=None if cursor is None else cursor[1], limit=limit
            )
        items: list[AliasMove] = [move_of(found) for found in rows]
        return Page(items, cursor_of(0, items[-1].id) if len(items) == limit else "")

    def compare(self, actor: Actor, entity: str, project: str, candidate: str, baseline: str) -> Comparison:
        """Two versions by name: the numbers of the runs that made them, what differs in their configs
        and metadata, and how many files differ."""
        new = self._artifacts.get(actor, entity, project, candidate)
        old = self._artifacts.get(actor, entity, project, baseline)
        new_config, new_summary = self._run(actor, new)
        old_config, old_summary = self._run(actor, old)
        files = {"added": 0, "removed": 0, "changed": 0}
        same = new.version.sha256 == old.version.sha256
        if not same:
            for change in self._artifacts.diff(actor, old.version.id, new.version.id):
                kind = "added" if change.old is None else "removed" if change.new is None else "changed"
                files[kind] += 1
        return Comparison(
            new,
            old,
            _numbers(new_summary, old_summary),
            _differences(new_config, old_config),
            _differences(new.version.metadata, old.version.metadata),
            files,
            same,
        )

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
        found = account_statements.entity(conn, name)
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

    def _target(self, conn: Connection, actor: Actor, collection_id: int) -> AnyRow:
        """The collection, held, checked for WRITE."""
        collection_statements.lock_collection(conn, collection_id)
        row = collection_statements.collection_by_id(conn, collection_id)
        if row is None or row.deleted_at is not None:
            raise NotFound("The collection was deleted meanwhile.")
        check_place(
            self._access,
            conn,
            actor,
            Permission.WRITE,
            entity_id=row.entity_id,
            project_id=row.project_id,
            project=row.project,
        )
        return row

    def _move(
        self,
        conn: Connection,
        actor: Actor,
        row: AnyRow,
        version_id: int,
        alias: str,
        act: str,
        reason: str,
        evidence: dict[str, Any],
    ) -> None:
        move_alias(
            conn, actor, row, version_id, alias, act=act, reason=reason, evidence=evidence, now=time.time()
        )

    def _run(self, actor: Actor, member: Member) -> tuple[dict[str, Any], dict[str, Any]]:
        """config and summary of the run that made it; empty where there is none to be seen."""
        key = member.version.run_key
        if key is None:
            return {}, {}
        try:
            self._places.checked(actor, key, Permission.READ)
        except RunstoneError:
            return {}, {}
        with self._records.read() as conn:
            summary, _ = run_statements.summary(conn, key)
            return run_statements.config(conn, key), summary

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


def move_alias(
    conn: Connection,
    actor: Actor,
    row: AnyRow,
    version_id: int,
    alias: str,
    *,
    act: str,
    reason: str,
    evidence: dict[str, Any],
    now: float,
) -> None:
    """Within the caller's transaction, which holds the collection."""
    old = collection_statements.alias(conn, row.id, alias)
    was = None if old is None else collection_statements.index_in(conn, row.id, old.version_id)
    index = collection_statements.index_in(conn, row.id, version_id)
    set_aliases(conn, actor, row.id, version_id, [alias], act=act, reason=reason, evidence=evidence, now=now)
    audit.append(
        conn,
        actor,
        f"alias.{act}",
        subject=f"{row.entity}/{row.project}/{row.name}:v{index}",
        entity_id=row.entity_id,
        detail={
            "alias": alias,
            "from": None if was is None else f"v{was}",
            "version_id": version_id,
            "reason": reason,
            "evidence": evidence,
        },
        now=now,
    )


def before(moves: Sequence[AnyRow], now_at: int | None) -> list[int]:
    """Versions an alias pointed to before the one it points to, the latest first. moves: oldest first.
    What was rolled back from is not good any more and is passed over."""
    stack: list[int] = []
    for move in moves:
        if move.act == "rollback":
            while stack and stack[-1] != move.version_id:
                stack.pop()
        if move.version_id is not None and (not stack or stack[-1] != move.version_id):
            stack.append(move.version_id)
    if stack and stack[-1] == now_at:
        stack.pop()
    return [version for version in reversed(stack) if version != now_at]


def _reason(reason: str) -> str:
    said = check_text(reason.strip(), what="Reason", chars_max=10_000)
    if not said:
        raise Invalid("Say why: a reason is kept with every promotion and rollback.")
    return said


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


def _flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, dict) and item:
            out.update(_flat(item, f"{prefix}{key}."))
        else:
            out[prefix + key] = item
    return out


def _numbers(new: dict[str, Any], old: dict[str, Any]) -> list[dict[str, Any]]:
    left, right = _flat(new), _flat(old)
    found = []
    for name in sorted(left.keys() | right.keys()):
        one, other = left.get(name), right.get(name)
        if name.startswith("_") or not (_is_number(one) or _is_number(other)):
            continue
        both = _is_number(one) and _is_number(other)
        delta = float(one) - float(other) if both else None  # type: ignore[arg-type]
        if delta is not None and math.isnan(delta):
            delta = None
        found.append({"name": name, "candidate": one, "baseline": other, "delta": delta})
    return found[:_DIFFERENCES_MAX]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _differences(new: dict[str, Any], old: dict[str, Any]) -> list[dict[str, Any]]:
    left, right = _flat(new), _flat(old)
    return [
        {"name": name, "candidate": left.get(name), "baseline": right.get(name)}
        for name in sorted(left.keys() | right.keys())
        if left.get(name) != right.get(name)
    ][:_DIFFERENCES_MAX]
