"""`runstone pareto`: the runs of a project that no other beats in every objective."""

from __future__ import annotations

from typing import Annotated

import typer

from runstone.cli.asking import filter_of, open_api
from runstone.cli.options import HostOption, JsonOption
from runstone.cli.output import USAGE, fail, note, print_json, print_table

_GOALS = ("min", "max", "minimize", "maximize")


def pareto(
    project: Annotated[str, typer.Argument(help="entity/project, or project of your own.")],
    objectives: Annotated[
        list[str] | None,
        typer.Option("--objective", "-o", help="KEY:min or KEY:max (2 or 3): loss:min, config.layers:min."),
    ] = None,
    minimize: Annotated[list[str] | None, typer.Option("--min", help="The same as KEY:min.")] = None,
    maximize: Annotated[list[str] | None, typer.Option("--max", help="The same as KEY:max.")] = None,
    constraints: Annotated[
        list[str] | None,
        typer.Option("--constraint", "-c", help="'latency_p95 < 80' (repeatable)."),
    ] = None,
    filters: Annotated[
        str, typer.Option("--filter", help='Mongo-like JSON: {"config.lr": {"$lt": 0.1}}')
    ] = "",
    search: Annotated[str, typer.Option(help="Text in the name or id.")] = "",
    every: Annotated[
        bool, typer.Option("--all", help="The others, too, with why they are not on it.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 2_000,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs on the Pareto front: those that none beats in all the objectives at once."""
    wanted = _wanted(objectives or [], minimize or [], maximize or [])
    found_filter = filter_of(filters, "runstone pareto")
    with open_api(host, as_json=as_json) as api:
        import msgspec

        found = api.pareto(
            project,
            wanted,
            constraints=constraints or [],
            filters=found_filter,
            search=search,
            limit=limit,
        )
        if as_json:
            document = msgspec.to_builtins(found)
            document["objectives"] = [{"key": key, "goal": goal} for key, goal in wanted.items()]
            if not every:
                document["points"] = [p for p in document["points"] if p["place"] == "front"]
            print_json(document)
            return
        points = found.points if every else found.on("front")
        more = ("place", "breaks") if every else ()
        print_table(
            ("run", "name", *wanted, *more),
            [
                (
                    point.run,
                    point.name,
                    *point.values,
                    *((point.place, "; ".join(found.constraints[n] for n in point.broken)) if every else ()),
                )
                for point in points
            ],
            empty="No run has a number in every objective."
            if not found.compared
            else "No run keeps the constraints.",
        )
        left = found.total - found.compared
        shown = (
            f", {found.front} on the front"
            if len(found.on("front")) == found.front
            else (f", {len(found.on('front'))} of {found.front} on the front shown; --limit shows more")
        )
        note(
            f"{found.compared} of {found.total} runs compared{shown}, {found.dominated} beaten"
            + (f", {found.infeasible} break a constraint" if found.constraints else "")
            + (f", {left} without a number in every objective" if left else "")
            + (f". Hypervolume {found.hypervolume:.6g}." if found.hypervolume is not None else ".")
        )


def _wanted(objectives: list[str], minimize: list[str], maximize: list[str]) -> dict[str, str]:
    """By key. Keys may hold colons themselves: the last one parts the goal."""
    wanted: dict[str, str] = {}
    for text in (*objectives, *(f"{key}:min" for key in minimize), *(f"{key}:max" for key in maximize)):
        key, colon, goal = text.rpartition(":")
        if not colon or not key or goal not in _GOALS:
            fail(f"runstone pareto: {text!r} is no objective. Write KEY:min or KEY:max.", USAGE)
        if key in wanted:
            fail(f"runstone pareto: {key!r} is named twice. Name each objective once.", USAGE)
        wanted[key] = goal
    if not 2 <= len(wanted) <= 3:
        fail(
            f"runstone pareto: a front is of 2 or 3 objectives, met {len(wanted)}. "
            "Name them: --objective loss:min --objective accuracy:max.",
            USAGE,
        )
    return wanted
