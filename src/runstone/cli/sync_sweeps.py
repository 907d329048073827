"""Sweeps that were kept in directories, brought to a server beside their runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runstone.cli.output import note

if TYPE_CHECKING:
    from runstone.client.native import Client
    from runstone.uplink.sync import Outcome

# What a directory keeps of a trial and a server does not take: agents there are not agents here.
_OWN = ("agent", "avoid_host")


def find_sweeps(places: Sequence[Path]) -> list[Path]:
    """Directories of sweeps among these folders, and just below them."""
    found: dict[Path, None] = {}
    for place in places:
        if not place.is_dir():
            continue
        for file in [place / "sweep.json", place.parent / "sweep.json", *sorted(place.glob("*/sweep.json"))]:
            if file.is_file() and (file.parent / "log").is_dir():
                found[file.parent.absolute()] = None
    return list(found)


def bring_sweeps(client: Client, places: Sequence[Path], outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """{path, sweep, entity, project, state, trials, message} of each; message: why it was not brought, or
    "". A sweep that names no project is where its runs went."""
    from runstone.agents.folder import FolderError, open_folder
    from runstone.client import sweep_copies
    from runstone.client.errors import ClientError

    told = []
    for root in find_sweeps(places):
        one: dict[str, Any] = {"path": str(root), "sweep": "", "state": "", "trials": 0, "message": ""}
        told.append(one)
        try:
            sweep = open_folder(root)
            kept, state = sweep.kept, sweep.follow()
            mine = [outcome for outcome in outcomes if outcome.project and root in outcome.path.parents]
            project = kept["project"] or next((outcome.project for outcome in mine), "")
            entity = kept["entity"] or next((outcome.entity for outcome in mine), "")
            one |= {"sweep": kept["id"], "entity": entity, "project": project}
            if not project:
                one["message"] = "it names no project, and none of its runs has come"
                continue
            trials = [
                {name: value for name, value in asdict(state.trials[number]).items() if name not in _OWN}
                for number in sorted(state.trials)
                if number >= 0
            ]
            said = {
                "config": kept["config"],
                "config_text": kept["text"],
                "seed": kept["seed"],
                "state": state.sweep["state"],
                "created_at": kept["created_at"],
                "finished_at": state.sweep.get("finished_at"),
            }
            answer = sweep_copies.bring(client, entity, project, kept["id"], said, trials)
            one |= {"state": answer["state"], "trials": len(trials)}
        except (FolderError, ClientError) as error:
            one["message"] = str(error)
    return told


def tell_sweep(one: dict[str, Any]) -> None:
    if one["message"]:
        note(f"sweep {one['sweep'] or one['path']}: NOT BROUGHT: {one['message']}")
        return
    paused = "; it is paused there, and goes on here" if one["state"] == "paused" else ""
    note(f"sweep {one['project']}/{one['sweep']}: {one['state']}, {one['trials']} trials{paused}")
