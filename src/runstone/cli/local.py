"""`runstone status`, `doctor`, `verify-journal`: what is on this host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runstone.cli.options import JsonOption
from runstone.cli.output import LEFT, OK, USAGE, fail, note, print_json, print_table, reported

if TYPE_CHECKING:
    from runstone.uplink.queue import Queue


def status(as_json: JsonOption = False) -> None:
    """What waits on this host, and how its way to the server goes."""
    with reported(as_json=as_json):
        from runstone.client.credentials import find_base_url, find_credential, local_server
        from runstone.journal.home import home
        from runstone.uplink.launch import is_running
        from runstone.uplink.queue import Queue

        root = home()
        queue = Queue(root)
        address = find_base_url()
        credential = find_credential(address) if address else None
        waiting = _entries(queue)
        refused = sorted(path.stem for path in queue.refused.glob("*.json"))
        if as_json:
            print_json(
                {
                    "home": str(root),
                    "server": address,
                    "local_server": local_server(root),
                    "key": credential.source if credential else "",
                    "uplink": is_running(root),
                    "queue": waiting,
                    "refused": refused,
                }
            )
            return
        print(f"home    {root}")
        print(f"server  {address or 'none is known; runs wait here'}")
        print(f"key     {'from ' + credential.source if credential else 'none'}")
        print(f"uplink  {'runs' if is_running(root) else 'is not needed now'}")
        print()
        print_table(
            ("run", "mode", "process", "state", "message"),
            [
                (item["run"], item["mode"], item["process"], item["state"], item["message"])
                for item in waiting
            ],
            empty="No runs wait to be sent.",
        )
        if refused:
            note(f"{len(refused)} journals were refused: see {queue.refused}, and `runstone doctor`.")


def doctor(as_json: JsonOption = False) -> None:
    """Look for what is wrong: server, key, queue, refused journals. The exit status is 1 if anything is."""
    with reported(as_json=as_json):
        from runstone.journal.home import home

        checks = list(_checks(home()))
        if as_json:
            print_json([{"check": name, "ok": good, "message": words} for name, good, words in checks])
        else:
            for name, good, words in checks:
                print(f"{'ok  ' if good else 'BAD '} {name}: {words}")
        raise SystemExit(OK if all(good for _, good, _ in checks) else LEFT)


def verify_journal(
    paths: Annotated[list[Path], typer.Argument(help="Journals, or folders of them.")],
    as_json: JsonOption = False,
) -> None:
    """Read journals with all their checksums. The exit status is 1 when one is damaged."""
    with reported(as_json=as_json):
        from runstone.journal.check import check, journals_in

        files = journals_in([str(path) for path in paths])
        if not files:
            fail("runstone verify-journal: no journal is there.", USAGE)
        reports: list[dict[str, Any]] = []
        for path in files:
            try:
                report = check(path)
            except OSError as error:
                reports.append({"journal": str(path), "sound": False, "problems": [str(error)]})
                continue
            reports.append(
                {
                    "journal": str(path),
                    "sound": report.sound,
                    "run": report.run.run if report.run else "",
                    "project": report.run.project if report.run else "",
                    "records": report.counts,
                    "bytes": report.end,
                    "torn_bytes": report.torn_bytes,
                    "exit_code": report.ended.exit_code if report.ended else None,
                    "ended": report.ended is not None,
                    "problems": report.problems,
                }
            )
        if as_json:
            print_json(reports)
        else:
            for item in reports:
                _tell(item)
        raise SystemExit(OK if all(item["sound"] for item in reports) else LEFT)


def _tell(item: dict[str, Any]) -> None:
    counts = ", ".join(f"{count} {name}" for name, count in item.get("records", {}).items()) or "nothing"
    state = f"exit code {item['exit_code']}" if item.get("ended") else "no end"
    torn = f", {item['torn_bytes']} torn bytes at the end" if item.get("torn_bytes") else ""
    print(f"{item['journal']}: {'sound' if item['sound'] else 'DAMAGED'}: {counts}; {state}{torn}")
    for problem in item["problems"]:
        note(f"  {problem}")


def _entries(queue: Queue) -> list[dict[str, Any]]:
    from runstone.journal.format import JournalError
    from runstone.uplink.processes import Watched
    from runstone.uplink.reading import JournalFile

    found = []
    for name in queue.names():
        entry = queue.read(name)
        if entry is None:
            continue
        said = queue.read_status(name)
        run = ""
        try:
            with JournalFile(Path(entry.journal)) as journal:
                fields = journal.fields()
                run = f"{fields.project}/{fields.run}" if fields else ""
        except (OSError, JournalError):
            pass
        alive = Watched(entry.pid, entry.pid_started, entry.journal).is_alive()
        found.append(
            {
                "run": run,
                "journal": entry.journal,
                "mode": entry.mode,
                "process": "runs" if alive else "gone",
                "state": said.state if said else "waiting",
                "message": said.message if said else "",
            }
        )
    return found


def _checks(root: Path) -> list[tuple[str, bool, str]]:
    """(what, whether it is well, words) of each check."""
    import os

    from runstone.client import errors, netrc_file
    from runstone.client.connection import Retries
    from runstone.client.credentials import find_base_url
    from runstone.client.native import Client
    from runstone.uplink.queue import Queue

    found: list[tuple[str, bool, str]] = []
    try:
        queue = Queue(root)
        writable = os.access(root, os.W_OK)
        found.append(("home", writable, f"{root}{'' if writable else ' cannot be written to'}"))
    except OSError as error:
        return [("home", False, f"{root}: {error}")]
    path = netrc_file.netrc_path()
    if path.exists():
        loose = bool(path.stat().st_mode & 0o077)
        found.append(("netrc", not loose, f"{path}{': others may read it; chmod 600' if loose else ''}"))
    try:
        address = find_base_url()
    except errors.Misuse as error:
        address = ""
        found.append(("server", False, str(error)))
    else:
        words = address or "none is known: runs wait until `runstone server` or `runstone login`"
        found.append(("server", True, words))
    if address:
        try:
            with Client(address, retries=Retries(attempts=1)) as client:
                me = client.me()
            rights = "; it may only read" if me.read_only else ""
            found.append(("key", True, f"signed in as {me.username} (key from {client.key_source}{rights})"))
        except errors.ClientError as error:
            found.append(("key", False, str(error)))
    entries = _entries(queue)
    stuck = [item for item in entries if item["state"] in ("away", "refused", "damaged")]
    words = "; ".join(f"{item['run']}: {item['message']}" for item in stuck[:5])
    found.append(("queue", not stuck, words or f"{len(entries)} journals are cared for"))
    refused = sorted(queue.refused.glob("*.status"))
    found.append(
        (
            "refused",
            not refused,
            f"{len(refused)} in {queue.refused}" if refused else "no journal was refused",
        )
    )
    return found
