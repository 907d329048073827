"""A training that logs every kind of media: `python media_training.py runstone|wandb PROJECT RUN`.

Both clients are used the same way; what only one of them takes is logged by that one.
"""

from __future__ import annotations

import io
import json
import math
import os
import struct
import sys
import tempfile
import wave
import zlib
from pathlib import Path
from typing import Any

import numpy as np

SIZE = 48
STEPS = 6

PDB = """\
HEADER    ETHANOL
HETATM    1  C1  EOH A   1      -1.168   0.402   0.000  1.00  0.00           C
HETATM    2  C2  EOH A   1       0.000  -0.570   0.000  1.00  0.00           C
HETATM    3  O   EOH A   1       1.190   0.218   0.000  1.00  0.00           O
HETATM    4  H1  EOH A   1      -2.120  -0.140   0.000  1.00  0.00           H
HETATM    5  H2  EOH A   1      -1.130   1.040   0.886  1.00  0.00           H
HETATM    6  H3  EOH A   1      -1.130   1.040  -0.886  1.00  0.00           H
HETATM    7  H4  EOH A   1      -0.040  -1.213   0.886  1.00  0.00           H
HETATM    8  H5  EOH A   1      -0.040  -1.213  -0.886  1.00  0.00           H
HETATM    9  HO  EOH A   1       1.938  -0.393   0.000  1.00  0.00           H
END
"""

PAGE = """<!doctype html><body style="font: 14px sans-serif"><h2 id="t">not run</h2><script>
document.getElementById("t").textContent = "a page with a script";
try { parent.document.title = "taken over"; } catch (error) { document.body.append("kept apart") }
</script></body>"""

OBJ = """\
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
v 0.5 0.5 1
f 1 2 3
f 1 3 4
f 1 2 5
f 2 3 5
f 3 4 5
f 4 1 5
"""


def picture(step: int, phase: float) -> np.ndarray[Any, Any]:
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    ring = np.sin(12 * np.hypot(x - 0.5, y - 0.5) + step + phase)
    return (np.stack([ring * 0.5 + 0.5, x, y * (step + 1) / STEPS], axis=2) * 255).astype("uint8")


def mask(step: int) -> np.ndarray[Any, Any]:
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    inside = np.hypot(x - SIZE / 2, y - SIZE / 2)
    return np.where(inside < 6 + step, 2, np.where(inside < 16, 1, 0)).astype("uint8")


def boxes(step: int) -> dict[str, Any]:
    return {
        "found": {
            "box_data": [
                {
                    "position": {"minX": 0.1, "maxX": 0.5, "minY": 0.2, "maxY": 0.6},
                    "class_id": 1,
                    "box_caption": "ring",
                    "scores": {"p": 0.5 + step / 20},
                },
                {
                    "position": {"minX": 24, "maxX": 44, "minY": 26, "maxY": 44},
                    "domain": "pixel",
                    "class_id": 2,
                    "box_caption": "core",
                    "scores": {"p": 0.25},
                },
            ],
            "class_labels": {1: "ring", 2: "core"},
        }
    }


def tone(folder: Path, step: int) -> str:
    path = folder / f"tone{step}.wav"
    t = np.arange(11_025) / 11_025
    sound = np.sin(2 * math.pi * (220 + 40 * step) * t) * np.exp(-3 * t) * 30_000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(11_025)
        file.writeframes(sound.astype("<i2").tobytes())
    return str(path)


def gif(folder: Path) -> str:
    from PIL import Image

    frames = [Image.fromarray(picture(n, n / 3)) for n in range(6)]
    path = folder / "clip.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=200, loop=0)
    return str(path)


def glb(folder: Path) -> str:
    """A pyramid in colours."""
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1], [0.5, 1, 0.5]], "<f4")
    faces = np.array([0, 1, 2, 0, 2, 3, 0, 4, 1, 1, 4, 2, 2, 4, 3, 3, 4, 0], "<u2")
    data = corners.tobytes() + faces.tobytes()
    accessors = [
        {
            "bufferView": 0,
            "componentType": 5126,
            "count": 5,
            "type": "VEC3",
            "min": [0, 0, 0],
            "max": [1, 1, 1],
        },
        {"bufferView": 1, "componentType": 5123, "count": len(faces), "type": "SCALAR"},
    ]
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "material": 0}]}],
        "materials": [
            {"pbrMetallicRoughness": {"baseColorFactor": [0.9, 0.45, 0.1, 1]}, "doubleSided": True}
        ],
        "accessors": accessors,
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": corners.nbytes},
            {"buffer": 0, "byteOffset": corners.nbytes, "byteLength": faces.nbytes},
        ],
        "buffers": [{"byteLength": len(data)}],
    }
    head = json.dumps(document).encode()
    head += b" " * (-len(head) % 4)
    data += b"\0" * (-len(data) % 4)
    out = io.BytesIO()
    out.write(struct.pack("<III", 0x46546C67, 2, 28 + len(head) + len(data)))
    out.write(struct.pack("<II", len(head), 0x4E4F534A) + head)
    out.write(struct.pack("<II", len(data), 0x004E4942) + data)
    path = folder / "pyramid.glb"
    path.write_bytes(out.getvalue())
    return str(path)


def cloud() -> dict[str, Any]:
    draw = np.random.default_rng(3)
    points = [[*draw.normal(0, 1, 3).tolist(), float(n % 3 + 1)] for n in range(2000)]
    corners = [[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    return {
        "type": "lidar/beta",
        "points": np.array(points),
        "boxes": np.array([{"corners": corners, "label": "car", "color": [0, 255, 0]}]),
    }


def plots(wandb: Any) -> dict[str, Any]:
    draw = np.random.default_rng(5)
    truth = draw.integers(0, 3, 300)
    scores = draw.dirichlet([1, 1, 1], 300)
    scores[np.arange(300), truth] += 0.6
    scores /= scores.sum(1, keepdims=True)
    names = ["ant", "bee", "cat"]
    points = wandb.Table(columns=["height", "weight"], data=draw.normal([170, 70], 9, (200, 2)).tolist())
    bars = wandb.Table(columns=["class", "count"], data=[["ant", 12], ["bee", 7], ["cat", 19]])
    xs = list(range(40))
    ys = [[math.sin(x / 6) for x in xs], [math.cos(x / 6) for x in xs]]
    found = {
        "plots/confusion": wandb.plot.confusion_matrix(
            y_true=truth.tolist(), preds=scores.argmax(1).tolist(), class_names=names
        ),
        "plots/scatter": wandb.plot.scatter(points, "height", "weight", title="Height and weight"),
        "plots/bars": wandb.plot.bar(bars, "class", "count", title="Counts"),
        "plots/spread": wandb.plot.histogram(points, "height", title="Heights"),
        "plots/series": wandb.plot.line_series(xs, ys, keys=["sin", "cos"], title="Waves", xname="t"),
    }
    try:
        found["plots/roc"] = wandb.plot.roc_curve(truth, scores, labels=names)
        found["plots/pr"] = wandb.plot.pr_curve(truth, scores, labels=names)
    except Exception as error:  # of a client that needs scikit-learn for these
        print("no curves:", error)
    return found


def figure() -> dict[str, Any]:
    return {
        "data": [{"type": "scatter", "x": [1, 2, 3], "y": [2, 1, 4], "mode": "lines+markers", "name": "one"}],
        "layout": {"title": {"text": "A figure"}},
    }


def main(client: str, project: str, name: str) -> None:
    if client == "wandb":
        import wandb
    else:
        import runstone as wandb  # type: ignore[no-redef]
    folder = Path(tempfile.mkdtemp())
    run = wandb.init(project=project, id=name, name=f"{name} by {client}", dir=str(folder))
    phase = zlib.crc32(name.encode()) % 7
    (folder / "ethanol.pdb").write_text(PDB)
    (folder / "pyramid.obj").write_text(OBJ)
    draw = np.random.default_rng(phase)
    for step in range(STEPS):
        run.log({"loss": 1 / (step + 1), "seen": wandb.Image(picture(step, phase), caption=f"ring {step}")})
        run.log(
            {
                "marked": wandb.Image(
                    picture(step, phase),
                    masks={"truth": {"mask_data": mask(step), "class_labels": {1: "ring", 2: "core"}}},
                    boxes=boxes(step),
                ),
                "several": [wandb.Image(picture(step, n), caption=f"number {n}") for n in range(4)],
                "weights": wandb.Histogram(draw.normal(step / 3, 1 + step / 4, 2000)),
                "sound": wandb.Audio(tone(folder, step), caption=f"{220 + 40 * step} Hz"),
            }
        )
    rows = [[n, math.sin(n / 50), f"row {n}", n % 2 == 0] for n in range(5000)]
    run.log(
        {
            "answers": wandb.Table(columns=["n", "value", "text", "even"], data=rows),
            "page": wandb.Html(PAGE, inject=False),
            "clip": wandb.Video(gif(folder), format="gif"),
            "molecule": wandb.Molecule(str(folder / "ethanol.pdb")),
            "cloud": wandb.Object3D(cloud()),
            "mesh/obj": wandb.Object3D(str(folder / "pyramid.obj")),
            "mesh/glb": wandb.Object3D(glb(folder)),
            **plots(wandb),
        }
    )
    if client == "runstone":
        gallery = wandb.Table(
            columns=["id", "picture", "score"],
            data=[[n, wandb.Image(picture(n % STEPS, n)), n / 20] for n in range(20)],
        )
        run.log({"figure": wandb.Plotly(figure()), "gallery": gallery})
    run.finish()


if __name__ == "__main__":
    os.environ.setdefault("WANDB_SILENT", "true")
    main(*sys.argv[1:4])
