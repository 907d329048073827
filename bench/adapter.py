"""Runstone as a peer of the trackers' comparison: give this file as PEERS_EXTRA.

    UI_BUILD=skip PEERS_EXTRA=bench/adapter.py python peers.py setup --only runstone
    PEERS_EXTRA=bench/adapter.py python peers.py client --only "runstone offline,trackio,wandb offline"

As with the other products, console, system and git capture are off, and the run goes nowhere.
"""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Any

from peers import Adapter  # type: ignore[import-not-found]


class Runstone(Adapter):  # type: ignore[misc]
    name, venv, module, dist = "runstone offline", "runstone", "runstone", "runstone"
    requires = (str(Path(__file__).resolve().parents[1]), "numpy", "psutil")

    def init(self, run: str, config: dict[str, Any] | None = None) -> None:
        import runstone

        settings = runstone.Settings(
            console="off", system=False, git=False, packages=False, code=False, environment=False, silent=True
        )
        self.run = runstone.init(
            project="bench", id=run, mode="offline", dir=self.root, config=config, settings=settings
        )

    def log(self, metrics: dict[str, float], step: int) -> None:
        self.run.log(metrics, step=step)

    def finish(self) -> None:
        self.run.finish()

    def readback(self) -> list[int]:
        """The journal's own reader, which refuses damage."""
        import msgspec

        from runstone.journal.kinds import Kind, Row
        from runstone.journal.reader import read_records

        decode = msgspec.msgpack.Decoder(Row).decode
        return [
            row.step
            for path in glob.glob(f"{self.root}/**/*.journal", recursive=True)
            for record in read_records(path)
            if record.kind == Kind.ROW and "m0" in (row := decode(record.payload)).values
        ]

    def log_dir(self, path: str, name: str) -> None:
        """Offline, with the default policy: what is logged is safe from later edits, as with the peers."""
        import runstone

        artifact = runstone.Artifact(name, type="dataset")
        artifact.add_dir(path)
        self.run.log_artifact(artifact)

    def env(self) -> dict[str, str]:
        return {"RUNSTONE_DATA": f"{self.root}/home"}
