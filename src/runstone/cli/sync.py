"""`runstone sync`: brings journals to a server, and says what arrived."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runstone.cli.options import HostOption
from runstone.cli.output import LEFT, USAGE, fail, note, reported
from runstone.cli.sync_sweeps import bring_sweeps, tell_sweep

if TYPE_CHECKING:
    from runstone.uplink.sync import Outcome


def sync(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders given to init(dir=…), run folders, journals; without any, the home."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on while runs are being written, until all have ended.")
    ] = False,
    include_synced: Annotated[
        bool, typer.Option("--include-synced/--no-include-synced", help="Also those marked as arrived.")
    ] = False,
    include_offline: Annotated[
        bool, typer.Option("--include-offline/--no-include-offline", help="Runs logged in offline mode.")
    ] = True,
    include_online: Annotated[
        bool,
        typer.Option("--include-online/--no-include-online", help="Runs that an uplink is to send anyway."),
    ] = True,
    host: HostOption = None,
    jobs: Annotated[int, typer.Option(min=1, max=32, help="Runs sent at once.")] = 4,
    trust_paths: Annotated[
        bool,
        typer.Option("--trust-paths", help="Also send files outside the run folders of other users' runs."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, a line per journal.")] = False,
) -> None:
    """Send runs that have not (wholly) arrived. Doing it again is harmless; it goes on where it was.

    Ends with what was sent and what the server says it has; the exit status is 1 when anything is left.
    """
    with reported(as_json=as_json):
        from runstone.client.native import Client
        from runstone.journal.home import home
        from runstone.uplink.sync import Sync, find_journals, is_queued

        places = [folder.expanduser() for folder in folders] if folders else [home() / "runs"]
        if not folders:
            places = [place for place in places if place.exists()]

        def find() -> list[Path]:
            found = find_journals(places)
            if include_offline and include_online:
                return found
            root = home()
            return [path for path in found if (include_online if is_queued(root, path) else include_offline)]

        try:
            journals = find()
        except FileNotFoundError as error:
            fail(f"runstone sync: {error} is not there.", USAGE)
        with Client(host) as client:
            work = Sync(
                client,
                again=include_synced,
                follow=follow,
                trusted=True if trust_paths else None,
                jobs=jobs,
                told=note,
            )
            if follow:
                # The first interrupt ends the following, the second everything.
                def stop(number: int, _frame: object) -> None:
                    work.stop()
                    signal.signal(number, signal.default_int_handler)

                signal.signal(signal.SIGINT, stop)
                signal.signal(signal.SIGTERM, stop)
            outcomes = []
            for outcome in work.run(journals, find=find):
                outcomes.append(outcome)
                _tell(outcome, as_json)
            sweeps = bring_sweeps(client, places, outcomes)
            for sweep in sweeps:
                print(json.dumps(sweep), flush=True) if as_json else tell_sweep(sweep)
            _sum_up(outcomes, client.base_url, as_json)
        if any(outcome.left for outcome in outcomes) or any(sweep["message"] for sweep in sweeps):
            raise SystemExit(LEFT)


def _tell(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_described(outcome)), flush=True)
        return
    name = f"{outcome.project}/{outcome.run}" if outcome.run else str(outcome.path)
    words = {
        "sent": f"{outcome.sent_rows} rows sent",
        "there": "was there already",
        "open": f"{outcome.sent_rows} rows sent; the run has not ended",
        "empty": "nothing in it yet",
    }.get(outcome.state, f"NOT SENT: {outcome.message}")
    note(f"{name} ({outcome.path.stem[:8]}): {words}")
    for missing in outcome.missing_files:
        note(f"  file {missing!r} is gone from this host: it was left out")
    for trouble in outcome.troubles:
        note(f"  NOT DONE: {trouble}")


def _sum_up(outcomes: list[Outcome], base_url: str, as_json: bool) -> None:
    """Rows of journals the server confirmed to have up to their end are on the server."""
    sent = sum(outcome.sent_rows for outcome in outcomes)
    there = sum(outcome.rows for outcome in outcomes if outcome.confirmed_offset >= outcome.end_offset > 0)
    left = [outcome for outcome in outcomes if outcome.left]
    runs = len({(outcome.entity, outcome.project, outcome.run) for outcome in outcomes if outcome.run})
    if as_json:
        total = {"runs": runs, "rows_sent": sent, "rows_on_server": there, "left": len(left)}
        print(json.dumps(total), flush=True)
        return
    note(f"Rows of {runs} runs, {base_url}:")
    if left:
        note(f"{len(left)} journals are not (wholly) there: run `runstone sync` again.")
    print(f"{sent} sent, {there} on the server", flush=True)


def _described(outcome: Outcome) -> dict[str, Any]:
    return {
        "journal": str(outcome.path),
        "state": outcome.state,
        "entity": outcome.entity,
        "project": outcome.project,
        "run": outcome.run,
        "rows": outcome.rows,
        "rows_sent": outcome.sent_rows,
        "records": outcome.records,
        "files": outcome.files,
        "offset": outcome.confirmed_offset,
        "missing_files": outcome.missing_files,
        "troubles": outcome.troubles,
        "message": outcome.message,
    }
