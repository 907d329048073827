"""A dataset, a model made from it, and the model's way into use: what was made from what stays known.

runstone server &
python examples/artifacts.py
"""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path

import runstone

PROJECT = "artifacts-example"


def normalise(values: list[float], low: float, high: float) -> list[float]:
    return [(value - low) / (high - low) for value in values]


def prepare(folder: Path) -> None:
    """A dataset with its columns and how it was prepared."""
    values = normalise([random.uniform(-1, 5) for _ in range(1000)], -1, 5)
    rows = "\n".join(f"{value:.6f},{int(value > 0.5)}" for value in values)
    (folder / "points.csv").write_text(f"value,label\n{rows}\n")
    with runstone.init(project=PROJECT, job_type="prepare") as run:
        dataset = runstone.Artifact("points", type="dataset")
        dataset.add_file(folder / "points.csv")
        dataset.preprocessing.add(normalise, {"low": -1, "high": 5})
        run.log_artifact(dataset, aliases=["clean"]).wait(timeout=60)
        print(dataset.name, [column["name"] for column in dataset.schema[0]["columns"]])


def train(folder: Path) -> None:
    """A model of the dataset: the run that makes it names what it read."""
    with runstone.init(project=PROJECT, job_type="train") as run:
        data = Path(run.use_artifact("points:clean").download(folder / "data"), "points.csv")
        labels = [line.rsplit(",", 1)[1] for line in data.read_text().splitlines()[1:]]
        share = labels.count("1") / len(labels)
        run.log({"share": share})
        model = runstone.Artifact("threshold", type="model")
        with model.new_file("model.json") as file:
            json.dump({"threshold": 0.5, "share": share}, file)
        with model.new_file("evaluation.json") as file:
            json.dump({"accuracy": 1.0}, file)
        model.add_file(__file__, "train.py")
        model.set_role("weights", "model.json")
        run.log_artifact(model, aliases=["candidate"]).wait(timeout=60)
        print(model.name, "lacks", model.roles["missing"])


def use(folder: Path) -> None:
    """Whoever deploys it fetches it by name, checked, and can ask where it is from."""
    with runstone.Api() as api:
        version = api.artifact(f"{PROJECT}/threshold:candidate")
        model = json.loads(Path(version.download(folder / "deploy"), "model.json").read_text())
        maker = version.logged_by()
        read = [used.name for used in maker.used_artifacts()] if maker is not None else []
        print(version.qualified_name, model, "made from", read)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name))
        train(Path(name))
        use(Path(name))
