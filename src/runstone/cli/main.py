"""The command line: one small module per group of commands, each a thin layer over client,
uplink or server. A command imports what it needs when it runs, so that `runstone --help` is quick.

Exit status: 0 well; 1 something failed or is left; 2 the command is wrong; 3 not signed in, or not
allowed; 4 not found; 5 the server is away.
"""

from __future__ import annotations

import typer

from runstone.cli import (
    agent,
    artifact,
    artifact_transfer,
    deployments,
    lineage,
    local,
    login,
    pareto,
    query,
    registry,
    registry_approvals,
    retention,
    serve,
    sweep,
    sync,
)
from runstone.cli.options import JsonOption

app = typer.Typer(
    name="runstone",
    help="Runstone: the open system of record for machine-learning experiments.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("server")(serve.server)
app.command("worker")(serve.worker)
app.command("login")(login.login)
app.command("sync")(sync.sync)
app.command("projects")(query.projects)
app.command("runs")(query.runs)
app.add_typer(query.run_app, name="run")
app.command("export")(query.export)
app.command("pareto")(pareto.pareto)
app.add_typer(artifact.artifact_app, name="artifact")
app.command("pull")(artifact_transfer.pull)
registry.registry_app.command("ask")(registry_approvals.ask)
registry.registry_app.command("approvals")(registry_approvals.approvals)
registry.registry_app.command("approve")(registry_approvals.approve)
registry.registry_app.command("reject")(registry_approvals.reject)
app.add_typer(registry.registry_app, name="registry")
app.add_typer(deployments.deployments_app, name="deployments")
app.add_typer(retention.retention_app, name="retention")
app.add_typer(registry.audit_app, name="audit")
app.command("agent")(agent.agent)
app.add_typer(sweep.sweep_app, name="sweep")
app.command("lineage")(lineage.lineage)
app.command("trace-back")(lineage.trace_back)
app.command("impact")(lineage.impact)
app.command("du")(lineage.du)
app.command("gc")(lineage.gc)
app.command("status")(local.status)
app.command("doctor")(local.doctor)
app.command("verify-journal")(local.verify_journal)


@app.command("version")
def version(as_json: JsonOption = False) -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    from runstone.cli.output import print_json

    number = installed("runstone")
    if as_json:
        print_json({"version": number})
    else:
        print(number)


def main() -> None:
    app(prog_name="runstone")
