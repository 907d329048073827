"""A model's whole life: dataset, training, evaluation on data it never saw, registry, promotion with the
evaluation as evidence; and from the model in use back to the data it was made of.

    runstone server &
    python examples/artifacts.py                          # the whole of it
    RUNSTONE_MODE=offline python examples/artifacts.py    # as far as the model; `runstone sync` sends it

Needs what `pip install runstone` brings. The data are scikit-learn's handwritten digits: nothing is fetched.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import sklearn
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import runstone

if TYPE_CHECKING:
    from runstone.client.artifacts import ArtifactVersion

PROJECT = "artifacts-example"
REGISTRY = "example-models"


def scale(pixels: np.ndarray, brightest: float) -> np.ndarray:
    return pixels / brightest


def prepare(folder: Path) -> tuple[runstone.Artifact, runstone.Artifact]:
    """Two datasets, so that what training read and what it did not is told apart for good."""
    digits = load_digits()
    pixels = scale(digits.data, 16.0)
    parts = train_test_split(pixels, digits.target, test_size=0.3, random_state=0)
    made = []
    with runstone.init(project=PROJECT, job_type="prepare") as run:
        for name, x, y in (("digits-train", parts[0], parts[2]), ("digits-held-out", parts[1], parts[3])):
            columns = {f"pixel_{n}": x[:, n] for n in range(x.shape[1])}
            pq.write_table(pa.table({**columns, "label": y}), folder / f"{name}.parquet")
            dataset = runstone.Artifact(
                name, type="dataset", description="Handwritten digits, 8×8, scaled to 0…1."
            )
            dataset.add_file(folder / f"{name}.parquet", "digits.parquet")
            dataset.preprocessing.add(scale, {"brightest": 16.0})
            made.append(run.log_artifact(dataset))
    columns = made[0].schema[0]["columns"]  # read from the file by itself
    print(f"datasets: {len(parts[0])} rows to train on, {len(parts[1])} held out, {len(columns)} columns")
    return made[0], made[1]


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    table = pq.read_table(path)
    names = [name for name in table.column_names if name != "label"]
    return np.stack([table[name].to_numpy() for name in names], axis=1), table["label"].to_numpy()


def train(dataset: runstone.Artifact, folder: Path, *, strength: float) -> tuple[runstone.Artifact, bool]:
    """A model, of a run that says what it read; and whether a server is to hear of it now."""
    with runstone.init(project=PROJECT, job_type="train", config={"C": strength}) as run:
        run.use_artifact(dataset)
        x, y = read(folder / "digits-train.parquet")
        fitted = LogisticRegression(C=strength, tol=1e-2, max_iter=500).fit(x, y)
        run.log({"accuracy/train": float(fitted.score(x, y))})
        model = runstone.Artifact("digits-model", type="model", metadata={"C": strength})
        np.savez(folder / "weights.npz", weights=fitted.coef_, bias=fitted.intercept_)  # arrays: no pickle
        model.add_file(folder / "weights.npz")
        model.add_file(__file__, "train.py")
        with model.new_file("environment.json") as file:
            json.dump({"python": platform.python_version(), "scikit-learn": sklearn.__version__}, file)
        run.log_artifact(model, aliases=["candidate"])
        print(f"model: of C={strength}, still missing: {', '.join(model.roles['missing'])}")
    return model, run.mode == "online"


def evaluate(folder: Path) -> dict[str, Any]:
    """Another run, as another person or machine would do it: both come by name, checked byte by byte."""
    with runstone.init(project=PROJECT, job_type="evaluate") as run:
        model = run.use_artifact("digits-model:candidate")
        held_out = run.use_artifact("digits-held-out:latest")
        with np.load(Path(model.download(folder / "model"), "weights.npz")) as arrays:
            weights, bias = arrays["weights"], arrays["bias"]
        x, y = read(Path(held_out.download(folder / "held-out"), "digits.parquet"))
        told = (x @ weights.T + bias).argmax(axis=1)
        accuracy = float((told == y).mean())
        worst = {str(digit): float((told[y == digit] == digit).mean()) for digit in range(10)}
        run.log({"accuracy": accuracy})
        run.summary["recall"] = worst
        evidence = {
            "kind": "evaluation",
            "run": f"{run.project}/{run.id}",
            "dataset": f"{held_out.name}",
            "accuracy": round(accuracy, 4),
            "lowest_recall": round(min(worst.values()), 4),
        }
    print(f"evaluation: accuracy {accuracy:.3f} on {held_out.name}, which {model.name} has never seen")
    return evidence


def register(api: runstone.Api, evidence: dict[str, Any]) -> ArtifactVersion:
    """Into a registry of the organisation, and into use there, with what speaks for it: kept with who, when
    and why, and rolled back by one command."""
    registries = api.client.registries
    mine = [entity.name for entity in api.viewer.entities if entity.kind == "organization"]
    organization = mine[0] if mine else registries.create_organization("example-org")
    if REGISTRY not in [one.name for one in registries.list(organization)]:
        registries.create(organization, REGISTRY, artifact_types=["model"])
    at = registries.in_registry(f"{organization}/{REGISTRY}/digits")
    place = f"{at.entity}/{at.project}/{at.collection}"
    candidate = api.artifact(f"{PROJECT}/digits-model:candidate")
    linked = candidate.link(place, reason="trained and evaluated by examples/artifacts.py")
    why = f"{evidence['accuracy']:.1%} of the held-out digits are read rightly"
    registries.promote(at, linked.version, "production", reason=why, evidence=evidence)
    move = next(iter(registries.log(at, alias="production")))
    print(f"promotion: {place}:{move.alias} is {move.to_version}, by {move.by}: {move.reason}")
    return api.artifact(f"{place}:production")


def trace(in_use: ArtifactVersion) -> list[str]:
    """What the model in use was made of, and what has been done with it: asked when it has done something
    odd."""
    graph = in_use.lineage(direction="both", depth=10)
    name = {node.key: f"{node.kind} {node.name or node.id}" for node in graph.nodes}
    steps = [f"{name[edge.source]} -{edge.kind}-> {name[edge.target]}" for edge in graph.edges]
    print("\n".join(["lineage:", *(f"  {step}" for step in sorted(steps))]))
    return steps


def main(strength: float = 1.0) -> list[str]:
    """The steps by which the model in use came about; none without a server."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        training, held_out = prepare(folder)
        model, online = train(training, folder, strength=strength)
        if not online:
            print("no server: evaluation, registry and lineage come after `runstone sync`")
            return []
        for made in (training, held_out, model):
            made.wait(timeout=60)  # what comes next asks for them by name
        with runstone.Api() as api:
            return trace(register(api, evaluate(folder)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("-C", type=float, default=1.0, help="how freely weights may grow")
    main(parser.parse_args().C)
