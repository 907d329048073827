"""`runstone sweep trials`, `best`, `pareto`, `importance`: what came of a sweep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runstone.cli.options import HostOption, JsonOption
from runstone.cli.output import NOT_FOUND, fail, print_json, print_table
from runstone.cli.sweep_named import SweepArgument, short, sweep_named

if TYPE_CHECKING:
    from runstone.client.sweep_models import Combination, Objective


def trials(
    name: SweepArgument,
    states: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            help="queued, running, finished, failed, pruned, stopped, crashed, oom (repeatable).",
        ),
    ] = None,
    newest: Annotated[bool, typer.Option("--newest", help="Last proposed first.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="All if not given.")] = None,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """List trials in the order in which they were proposed, and why each was."""
    with sweep_named(name, host, as_json=as_json) as sweep:
        found = list(islice(sweep.trials(*(states or ()), newest=newest), limit))
        if as_json:
            print_json(found)
            return
        goals = [one["name"] for one in sweep.read()["objectives"]]
        names = _names(one["params"] for one in found)
        print_table(
            ("trial", "state", *names, *goals, "run", "why"),
            [
                (
                    one["number"],
                    one["state"],
                    *(short(one["params"].get(key)) for key in names),
                    *_padded(one["objective"], len(goals)),
                    one["run"],
                    _why(one["error"], one["stop"], one["reason"]),
                )
                for one in found
            ],
            empty="No trials.",
        )


def best(
    name: SweepArgument,
    robust: Annotated[
        bool,
        typer.Option(
            "--robust/--best-single",
            help="By the bad end of the mean's interval over repeats, or by the luckiest trial.",
        ),
    ] = True,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 1,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """The best combinations; those that break a constraint come last."""
    with sweep_named(name, host, as_json=as_json) as sweep:
        found, record = sweep.best(robust=robust, limit=limit), sweep.read()
        if as_json:
            print_json({"robust": robust, "objectives": record["objectives"], "combinations": found})
        elif not found:
            fail(f"No trial of {sweep.path} has finished with a number yet.", NOT_FOUND)
        else:
            print_combinations(found, record["objectives"], repeats=record["repeats"])


def pareto(name: SweepArgument, host: HostOption = None, as_json: JsonOption = False) -> None:
    """The combinations that no other beats in every objective."""
    with sweep_named(name, host, as_json=as_json) as sweep:
        front = sweep.pareto()
        if as_json:
            print_json(front)
            return
        print_combinations(front["points"], front["objectives"], repeats=1)
        facts = [f"{front['dominated']} dominated", f"{len(front['infeasible'])} break a constraint"]
        if isinstance(front["hypervolume"], float):
            facts.append(f"hypervolume {front['hypervolume']:.6g}")
        typer.echo("; ".join(facts), err=True)


def importance(name: SweepArgument, host: HostOption = None, as_json: JsonOption = False) -> None:
    """Which parameters the first objective depends on, each with its uncertainty."""
    with sweep_named(name, host, as_json=as_json) as sweep:
        found = sweep.importance()
        if as_json:
            print_json(found)
            return
        print_table(
            ("parameter", "fanova", "±", "permutation", "±", "correlation"),
            [
                (
                    one["name"],
                    round(one["fanova"], 4),
                    round(one["fanova_std"], 4),
                    round(one["permutation"], 4),
                    round(one["permutation_std"], 4),
                    one["correlation"],
                )
                for one in found["parameters"]
            ],
            empty=found["why"] or "No parameters.",
        )
        if found["parameters"]:
            typer.echo(f"of {found['objective']}, over {found['trials']} trials", err=True)


def print_combinations(
    found: Sequence[Combination], objectives: Sequence[Objective], *, repeats: int
) -> None:
    """A table: parameters, and per objective its mean, with the bound where there are repeats."""
    goals = [one["name"] for one in objectives]
    names = _names(one["params"] for one in found)
    columns = [column for goal in goals for column in ((goal, "bound") if repeats > 1 else (goal,))]
    print_table(
        ("trial", *names, *columns, "feasible", "runs"),
        [
            (
                one["number"],
                *(short(one["params"].get(key)) for key in names),
                *(
                    value
                    for place in range(len(goals))
                    for value in (
                        (one["mean"][place], one["bound"][place]) if repeats > 1 else (one["mean"][place],)
                    )
                ),
                "yes" if one["feasible"] else "no",
                [run for run in one["runs"] if run],
            )
            for one in found
        ],
        empty="None.",
    )


def _names(params: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for one in params for name in one))


def _padded(values: Sequence[Any], count: int) -> list[Any]:
    return [*values, *[None] * (count - len(values))][:count]


def _why(error: str, stop: str, reason: str) -> str:
    """One line: what went wrong or stopped it, else why it was proposed."""
    lines = (error or stop or reason).strip().splitlines()
    return short(lines[-1]) if lines else ""
