"""`runstone sweep promote`: the best trial's artifact into a registry, with the sweep as evidence."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from runstone.cli.options import HostOption, JsonOption
from runstone.cli.output import print_json, print_table, reported
from runstone.cli.sweep_named import SweepArgument, short


def promote(
    name: SweepArgument,
    to: Annotated[
        str, typer.Option("--to", metavar="COLLECTION", help="[ORGANISATION/]REGISTRY/COLLECTION.")
    ],
    alias: Annotated[
        str, typer.Option("--alias", "-a", help="The alias that is to point to it.")
    ] = "candidate",
    robust: Annotated[
        bool,
        typer.Option(
            "--robust/--best-single",
            help="By the bad end of the mean's interval over repeats, or by the luckiest trial.",
        ),
    ] = True,
    trial: Annotated[int | None, typer.Option("--trial", help="This trial instead of the best.")] = None,
    artifact: Annotated[
        str, typer.Option("--artifact", help="NAME or NAME:v3, where its run made several.")
    ] = "",
    type_name: Annotated[str, typer.Option("--type", help="Only an artifact of this type.")] = "",
    reason: Annotated[
        str, typer.Option("--reason", "-r", help="Why, for the log; else what the ranking says.")
    ] = "",
    allow_unlinked: Annotated[
        str,
        typer.Option(
            "--allow-unlinked",
            help="Why a model of no named dataset, or a trial that breaks a constraint, may go in.",
        ),
    ] = "",
    ask: Annotated[
        bool,
        typer.Option(
            "--ask", help="Ask for the approval that a protected alias needs, with the sweep as evidence."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be promoted, and do nothing.")
    ] = False,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Link the best trial's model into a registry's collection and point an alias to it. The sweep, the
    trial, its objective and the ranking are kept with the alias."""
    with reported(as_json=as_json):
        import msgspec

        from runstone.client import promotion
        from runstone.client.native import Client
        from runstone.client.sweep_names import find_sweep, parse_sweep_name

        parsed = parse_sweep_name(name)
        with Client(host or parsed.base_url or None) as client:
            sweep = find_sweep(client, parsed)
            at = client.registries.in_registry(to)
            if dry_run:
                found = promotion.promotable(
                    client,
                    sweep.entity,
                    sweep.project,
                    sweep.id,
                    robust=robust,
                    trial=trial,
                    artifact=artifact,
                    type_name=type_name,
                )
                if as_json:
                    print_json(msgspec.to_builtins(found))
                    return
                _say(found.evidence, [("artifact", ", ".join(one.source for one in found.artifacts))])
                typer.echo(found.problem or "Nothing was promoted.", err=True)
                return
            wanted: dict[str, Any] = {
                "alias": alias,
                "robust": robust,
                "trial": trial,
                "artifact": artifact,
                "type_name": type_name,
                "reason": allow_unlinked or reason,
                "force": bool(allow_unlinked),
            }
            place = (sweep.entity, sweep.project, sweep.id)
            if ask:
                asked = promotion.ask_approval(client, *place, at, **wanted)
                if as_json:
                    print_json(msgspec.to_builtins(asked))
                else:
                    waits = f"{asked.needed} must approve of content {asked.sha256[:12]}"
                    _say(asked.evidence, [("request", asked.id), ("alias", asked.alias), ("waits", waits)])
                return
            done = promotion.promote(client, *place, at, **wanted)
        if as_json:
            print_json(msgspec.to_builtins(done))
            return
        one = done.artifact
        points = f"{one.within}/{one.collection}:{done.alias} is {one.version}"
        _say(done.evidence, [("artifact", one.source), ("promoted", points)])


_RULES = {"single": "best single trial", "chosen": "chosen by hand"}


def _say(evidence: dict[str, object], more: list[tuple[str, object]]) -> None:
    objectives = evidence.get("objectives")
    ranked = "best trial" if evidence.get("repeats") == 1 else "best over its repeats"
    rule = _RULES.get(str(evidence.get("rule")), ranked)
    rows: list[tuple[str, object]] = [
        ("sweep", evidence.get("sweep")),
        ("trial", evidence.get("trial")),
        ("run", evidence.get("run")),
        (
            "why",
            f"{rule}, {evidence.get('rank')} of {evidence.get('of')}",
        ),
    ]
    if isinstance(objectives, list):
        rows += [(one["name"], short(one["value"])) for one in objectives]
    print_table(("field", "value"), [*rows, *more], empty="")
