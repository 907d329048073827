"""`runstone sweep …`: the group, and its commands in the order that help lists them."""

from __future__ import annotations

import typer

from runstone.cli import sweep_control, sweep_create, sweep_promote, sweep_results, sweep_run, sweep_show

sweep_app = typer.Typer(help="Sweeps: searches over parameters.", no_args_is_help=True, rich_markup_mode=None)
sweep_app.command("create")(sweep_create.create)
sweep_app.command("list")(sweep_show.list_sweeps)
sweep_app.command("show")(sweep_show.show)
sweep_app.command("pause")(sweep_control.pause)
sweep_app.command("resume")(sweep_control.resume)
sweep_app.command("stop")(sweep_control.stop)
sweep_app.command("cancel")(sweep_control.cancel)
sweep_app.command("retry")(sweep_control.retry)
sweep_app.command("run")(sweep_run.run)
sweep_app.command("trials")(sweep_results.trials)
sweep_app.command("best")(sweep_results.best)
sweep_app.command("pareto")(sweep_results.pareto)
sweep_app.command("importance")(sweep_results.importance)
sweep_app.command("promote")(sweep_promote.promote)
