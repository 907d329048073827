"""From a sweep to a registry: the best trial's artifact, with the sweep as evidence of why it is that one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from runstone.search.config import SweepConfig
from runstone.search.ranking import Ranked, ranked
from runstone.search.records import Record
from runstone.server.domain.approvals import Approval, Approvals
from runstone.server.domain.artifact_model import Member, Version
from runstone.server.domain.artifact_names import check_alias
from runstone.server.domain.artifacts import Artifacts
from runstone.server.domain.errors import Conflict, Invalid, NotFound
from runstone.server.domain.identity import Actor, check_text
from runstone.server.domain.registry import Registries
from runstone.server.domain.registry_access import REGISTRY_PREFIX
from runstone.server.domain.registry_rules import MODEL_TYPE, REASON_CHARS_MAX, SWEEP_EVIDENCE
from runstone.server.domain.runs import Runs
from runstone.server.domain.sweep_model import Sweep
from runstone.server.domain.sweep_results import SweepResults

Rule = Literal["robust", "single", "chosen"]

_OUTPUTS_MAX = 1_000
# What clients keep beside what a person made: nobody promotes these without naming them.
_OWN_TYPES = ("job", "code", "run_table", "wandb-history", "wandb-events")


@dataclass(frozen=True, slots=True)
class Promotable:
    """A trial that would be promoted and why it is that one; `artifacts` are what its run made, models
    first where it made some; `problem` says why none of them can be taken without more being said, or ""."""

    sweep: Sweep
    combination: Ranked
    trial: int
    run: str
    rule: Rule
    rank: int
    evidence: dict[str, Any]
    artifacts: Sequence[Version]
    problem: str


@dataclass(frozen=True, slots=True)
class Promoted:
    member: Member
    alias: str
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a trial's artifact is to go: the alias of a registry's collection. reason: what the ranking says
    where it is "". force: a trial that breaks a constraint, and a model without a traceable past, too."""

    organization: str
    registry: str
    collection: str
    alias: str
    reason: str = ""
    force: bool = False


class SweepPromotions:
    """All need READ on the sweep's project, and raise what `Sweeps.get` does."""

    def __init__(
        self,
        results: SweepResults,
        runs: Runs,
        artifacts: Artifacts,
        registries: Registries,
        approvals: Approvals,
    ) -> None:
        self._results = results
        self._runs = runs
        self._artifacts = artifacts
        self._registries = registries
        self._approvals = approvals

    def find(
        self,
        actor: Actor,
        sweep: Sweep,
        *,
        robust: bool = True,
        trial: int | None = None,
        artifact: str = "",
        type_name: str = "",
    ) -> Promotable:
        """Of the best combination, robust or by its luckiest trial, the best of its repeats; or the
        trial that is named. artifact: `NAME` or `NAME:v3` of those its run made; type_name: only of that
        type. Raises Conflict where no trial has a result, NotFound for a trial that has none."""
        config = self._results.config(sweep)
        if not config.metrics:
            raise Invalid(
                f"Sweep {sweep.id!r} names no metric, so none of its trials is the best. Name a trial.",
                sweep=sweep.id,
            )
        records = self._results.records(sweep)
        order = ranked(config, records, robust=robust)
        if not order:
            raise Conflict(f"No trial of sweep {sweep.id!r} has a result yet.", sweep=sweep.id)
        if trial is None:
            rule: Rule = "robust" if robust else "single"
            combination = order[0]
            number = _best_of(config, records, combination)
        else:
            rule, number = "chosen", trial
            found = next((item for item in order if trial in item.trials), None)
            if found is None:
                raise NotFound(
                    f"Sweep {sweep.id!r} has no trial {trial} with a result. Its page lists those that have.",
                    trial=trial,
                )
            combination = found
        run = self._results.run_of(sweep, number)
        made = self._made(actor, sweep, run)
        chosen, problem = _chosen(made, number, run, artifact, type_name)
        rank = order.index(combination) + 1
        evidence = _evidence(sweep, config, records, combination, number, run, rule, rank, len(order))
        return Promotable(sweep, combination, number, run, rule, rank, evidence, chosen, problem)

    def promote(self, actor: Actor, found: Promotable, to: Destination) -> Promoted:
        """Link the artifact into the registry's collection and point the alias to it, in one transaction;
        the evidence is kept with the alias's move and in the audit log. Raises Conflict where there is not
        exactly one artifact, where the alias wants others' approval first; NotAllowed for a protected
        alias."""
        check_alias(to.alias)
        return Promoted(self._link(actor, found, to, aliases=[to.alias]), to.alias, found.evidence)

    def ask(self, actor: Actor, found: Promotable, to: Destination) -> Approval:
        """Link the artifact, and ask those who approve there that the alias move to it: they are shown the
        sweep's evidence, which is kept with the move. As `promote` raises, and Invalid for an alias that
        needs nobody's word."""
        check_alias(to.alias)
        member = self._link(actor, found, to, aliases=[])
        said = to.reason.strip() or _because(found)
        return self._approvals.ask_for(
            actor, member, to.alias, reason=said, force=to.force, evidence=found.evidence
        )

    # -- inside

    def _link(self, actor: Actor, found: Promotable, to: Destination, *, aliases: Sequence[str]) -> Member:
        said = check_text(to.reason.strip(), what="Reason", chars_max=REASON_CHARS_MAX)
        if found.problem:
            raise Conflict(found.problem, artifacts=[version.name for version in found.artifacts])
        if not found.combination.feasible and not to.force:
            raise Conflict(
                f"Trial {found.trial} breaks a constraint of the sweep"
                + (", as does every other with a result" if found.rule != "chosen" else "")
                + ". Name another trial, or force it with a reason.",
                trial=found.trial,
            )
        try:
            place = self._registries.get(actor, to.organization, to.registry)
        except NotFound:
            name = to.registry.removeprefix(REGISTRY_PREFIX)[:200]
            raise NotFound(
                f"{to.organization[:200]!r} has no registry {name!r}, or you may not see it. "
                "`runstone registry create` makes one.",
                registry=name,
            ) from None
        return self._artifacts.link(
            actor,
            found.artifacts[0].id,
            place.organization,
            place.project,
            to.collection,
            aliases=aliases,
            reason=said or _because(found),
            force=to.force,
            evidence=found.evidence,
        )

    def _made(self, actor: Actor, sweep: Sweep, run: str) -> list[Version]:
        if not run:
            return []
        try:
            kept = self._runs.get(actor, sweep.entity, sweep.project, run)
        except NotFound:
            return []
        page = self._artifacts.of_run(actor, kept.key, "output", limit=_OUTPUTS_MAX)
        return [usage.version for usage in page.items if usage.version.state == "committed"]


def _best_of(config: SweepConfig, records: Sequence[Record], item: Ranked) -> int:
    """Of a combination's repeats that keep the constraints, the one best in the first objective."""
    sign = config.metrics[0].sign
    own = [record for record in records if record.number in item.trials]
    kept = [record for record in own if record.is_feasible] or own
    return min(kept, key=lambda record: (sign * float(record.values[0] or 0.0), record.number)).number


def _chosen(
    made: Sequence[Version], trial: int, run: str, artifact: str, type_name: str
) -> tuple[list[Version], str]:
    """The artifacts that could be meant, the newest version of each, and why it is not clear which."""
    if not run:
        return [], f"Trial {trial} has no run, so no artifact can be known of it. Name another trial."
    name, _, version = artifact.partition(":")
    found = [
        one
        for one in made
        if (not name or one.collection == name)
        and (not version or f"v{one.index}" == version)
        and (not type_name or one.type == type_name)
        and (bool(name or type_name) or one.type not in _OWN_TYPES)
    ]
    if not (name or type_name) and any(one.type == MODEL_TYPE for one in found):
        found = [one for one in found if one.type == MODEL_TYPE]
    newest: dict[str, Version] = {}
    for one in found:
        held = newest.get(one.collection)
        if held is None or (one.index or 0) > (held.index or 0):
            newest[one.collection] = one
    versions = sorted(newest.values(), key=lambda one: one.collection)
    if len(versions) == 1:
        return versions, ""
    what = f" called {artifact!r}" if artifact else f" of type {type_name!r}" if type_name else ""
    if versions:
        names = ", ".join(f"{one.name} ({one.type})" for one in versions)
        return versions, f"Run {run} of trial {trial} made several: {names}. Say which one is meant."
    others = sorted({one.name for one in made})
    rest = f" It made {', '.join(others[:20])}." if others else ""
    how = "Log the model there (run.log_artifact), or name another trial."
    return [], f"Run {run} of trial {trial} made no artifact{what}.{rest} {how}"


def _evidence(
    sweep: Sweep,
    config: SweepConfig,
    records: Sequence[Record],
    item: Ranked,
    trial: int,
    run: str,
    rule: Rule,
    rank: int,
    of: int,
) -> dict[str, Any]:
    own = next(record for record in records if record.number == trial)
    return {
        "kind": SWEEP_EVIDENCE,
        "sweep": f"{sweep.entity}/{sweep.project}/{sweep.id}",
        "name": sweep.title,
        "state": sweep.state,
        "trial": trial,
        "run": run,
        "rule": rule,
        "rank": rank,
        "of": of,
        "repeats": len(item.trials),
        "objectives": [
            {
                "name": metric.name,
                "goal": metric.goal,
                "value": _said(own.values[place]),
                "mean": _said(item.mean[place]),
                "std": _said(item.std[place]),
                "bound": _said(item.bound[place]),
            }
            for place, metric in enumerate(config.metrics)
        ],
        "constraints": [bound.text for bound in config.constraints],
        "feasible": item.feasible,
        "params": dict(item.params),
    }


def _said(value: float | None) -> float | str | None:
    """As JSON can hold it; infinities are words."""
    return value if value is None or math.isfinite(value) else str(value)


def _because(found: Promotable) -> str:
    metric = found.evidence["objectives"][0]
    value = metric["value"]
    reached = f"{value:.6g}" if isinstance(value, (int, float)) else str(value)
    how = {
        "robust": "the best by the bad end of its repeats" if found.evidence["repeats"] > 1 else "the best",
        "single": "the best single trial",
        "chosen": "chosen by hand",
    }[found.rule]
    return (
        f"Trial {found.trial} of sweep {found.sweep.title}, {how}: {metric['name']} {reached}, "
        f"{found.rank} of {found.evidence['of']}."
    )
