"""`runstone runs`, `run show`, `projects`, `export`: questions to a server."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from runstone.cli.asking import filter_of, open_api
from runstone.cli.options import HostOption, JsonOption
from runstone.cli.output import print_json, print_table

run_app = typer.Typer(help="One run.", no_args_is_help=True, rich_markup_mode=None)


def projects(
    entity: Annotated[str, typer.Argument(help="Whose; all that you may see if not given.")] = "",
    search: Annotated[str, typer.Option(help="Only names that contain this.")] = "",
    limit: Annotated[int, typer.Option(min=1)] = 100,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """List projects, by last activity."""
    with open_api(host, as_json=as_json) as api:
        import msgspec

        found = []
        for project in api.projects(entity, search=search):
            found.append(project)
            if len(found) >= limit:
                break
        if as_json:
            print_json([msgspec.to_builtins(project) for project in found])
            return
        print_table(
            ("entity", "project", "runs", "updated"),
            [(item.entity, item.name, item.run_count, when(item.updated_at)) for item in found],
            empty="No projects.",
        )


def runs(
    project: Annotated[str, typer.Argument(help="entity/project, or project of your own.")],
    filters: Annotated[
        str, typer.Option("--filter", help='Mongo-like JSON: {"config.lr": {"$lt": 0.1}}')
    ] = "",
    order: Annotated[
        list[str] | None, typer.Option(help="Key with a sign: -summary.acc (repeatable).")
    ] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--column", help="config.lr, summary.acc (repeatable).")
    ] = None,
    search: Annotated[str, typer.Option(help="Text in the name or id.")] = "",
    limit: Annotated[int, typer.Option(min=1)] = 50,
    trash: Annotated[bool, typer.Option("--trash", help="Those in the trash.")] = False,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the runs of a project."""
    wanted = filter_of(filters, "runstone runs")
    with open_api(host, as_json=as_json) as api:
        import msgspec

        found = api.runs(
            project,
            wanted,
            order or "-created_at",
            per_page=min(limit, 1000),
            search=search,
            select=columns,
            trash=trash,
        )
        total = len(found)
        shown = found[:limit]
        if as_json:
            rows = [msgspec.to_builtins(run.record) for run in shown]
            print_json({"runs": rows, "total": total})
            return
        names = columns or []
        print_table(
            ("id", "name", "state", "created", *names),
            [
                (
                    run.id,
                    run.name,
                    run.state,
                    when(run.created_at),
                    *(_at(run.record, name) for name in names),
                )
                for run in shown
            ],
            empty="No runs.",
        )
        if total > len(shown):
            typer.echo(f"{len(shown)} of {total} runs; --limit shows more.", err=True)


@run_app.command("show")
def show(
    run: Annotated[str, typer.Argument(help="entity/project/run, or project/run of your own.")],
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one run: state, config, summary."""
    with open_api(host, as_json=as_json) as api:
        import msgspec

        found = api.run(run)
        if as_json:
            print_json(msgspec.to_builtins(found.record))
            return
        record = found.record
        facts = [
            ("run", "/".join(found.path)),
            ("name", record.display_name),
            ("state", record.state),
            ("by", record.username),
            ("created", when(record.created_at)),
            ("seconds", record.duration),
            ("host", record.host),
            ("tags", record.tags),
            ("notes", record.notes),
            ("page", found.url),
        ]
        print_table(("field", "value"), facts, empty="")
        for title, values in (("config", record.config), ("summary", record.summary)):
            print()
            rows = [(name, _short(value)) for name, value in sorted(_flat(values).items())]
            print_table((title, "value"), rows, empty=f"No {title}.")


def export(
    run: Annotated[str, typer.Argument(help="entity/project/run, or project/run of your own.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="FILE.parquet, FILE.csv or FILE.jsonl.")],
    keys: Annotated[list[str] | None, typer.Option("--key", help="Only this metric (repeatable).")] = None,
    system: Annotated[bool, typer.Option("--system", help="What was sampled of the machine.")] = False,
    host: HostOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the whole history of a run to a file: every row, exact."""
    with open_api(host, as_json=as_json) as api:
        path = api.run(run).export(output, keys=keys, space="system" if system else "history")
        size = path.stat().st_size
        if as_json:
            print_json({"path": str(path), "bytes": size})
        else:
            typer.echo(f"{path}: {size} bytes")


def when(seconds: float | None) -> str:
    """Unix seconds as local time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) if seconds else ""


def _at(record: Any, name: str) -> Any:
    """`config.optimizer.lr` of a run; keys may hold dots themselves, so the longest literal key wins."""
    space, _, rest = name.partition(".")
    value = getattr(record, space, None)
    if not rest:
        return value
    return _flat(value).get(rest) if isinstance(value, dict) else None


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict) and value and "_type" not in value:
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def _short(value: Any) -> Any:
    text = json.dumps(value) if isinstance(value, (dict, list)) else value
    return text if not isinstance(text, str) or len(text) <= 200 else text[:197] + "..."
