"""What a person names a sweep by: `ID`, `PROJECT/ID`, `ENTITY/PROJECT/ID`, or its page's address."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from runstone.client.errors import Misuse, NotFound
from runstone.client.native import Client
from runstone.client.sweeps import Sweep

PROJECTS_MAX = 200  # that are looked through for a bare id


class SweepName(NamedTuple):
    """base_url, entity, project: "" where the name does not tell."""

    id: str
    project: str = ""
    entity: str = ""
    base_url: str = ""


def parse_sweep_name(text: str) -> SweepName:
    """Raises Misuse."""
    name = text.strip()
    base_url = ""
    if "://" in name:
        address = urlsplit(name)
        front, sweeps, rest = address.path.strip("/").rpartition("/sweeps/")
        owner = front.split("/")
        if not sweeps or len(owner) < 2:
            raise _unknown(text)
        # Whatever comes before entity and project is the prefix that the server lies under.
        prefix = "/".join(["", *owner[:-2]]) if len(owner) > 2 else ""
        base_url = f"{address.scheme}://{address.netloc}{prefix}"
        parts = [unquote(part) for part in (*owner[-2:], rest.split("/")[0])]
    else:
        parts = name.split("/")
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise _unknown(text)
    own_id, project, entity = ([*reversed(parts), "", ""])[:3]
    return SweepName(own_id, project, entity, base_url)


def find_sweep(
    client: Client,
    name: SweepName,
    *,
    entity: str = "",
    project: str = "",
    environ: Mapping[str, str] | None = None,
) -> Sweep:
    """The sweep, asked of the server. entity, project: for what the name leaves out; else the
    environment's (RUNSTONE_PROJECT, WANDB_PROJECT, …). A bare id is looked for in the entity's projects.
    Raises NotFound, and Misuse where several have it."""
    env = os.environ if environ is None else environ
    entity = name.entity or entity or env.get("RUNSTONE_ENTITY") or env.get("WANDB_ENTITY") or ""
    named = name.project or project
    likely = named or env.get("RUNSTONE_PROJECT") or env.get("WANDB_PROJECT") or ""
    if likely:
        try:
            return _existing(client, entity, likely, name.id)
        except NotFound:
            if named:
                raise
    found: list[Sweep] = []
    for candidate in islice(client.projects(entity), PROJECTS_MAX):
        if candidate.name == likely:
            continue
        try:
            found.append(_existing(client, candidate.entity, candidate.name, name.id))
        except NotFound:
            continue
    if not found:
        raise NotFound(
            f"No sweep {name.id!r} in {f'the projects of {entity!r}' if entity else 'any project'}. "
            "Name it ENTITY/PROJECT/ID; `runstone sweep list PROJECT` shows which there are.",
            status=404,
        )
    if len(found) > 1:
        raise Misuse(f"Several sweeps are called {name.id!r}: {', '.join(sweep.path for sweep in found)}.")
    return found[0]


def _existing(client: Client, entity: str, project: str, sweep_id: str) -> Sweep:
    record = Sweep(sweep_id, project, entity=entity or "-", client=client).read()
    return Sweep(record["id"], record["project"], entity=record["entity"], client=client)


def _unknown(text: str) -> Misuse:
    return Misuse(
        f"{text[:200]!r} names no sweep. Write ID, PROJECT/ID, ENTITY/PROJECT/ID, or the address of its page."
    )
