"""Files and media of a run: the bytes first, then the record that names them."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import wave
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.journals import journals, records, rows

import runstone
from runstone.journal.kinds import Kind


def kept(folder: Path | str, name: str) -> bytes:
    """The bytes of a run's file, by its FILE record."""
    found = [(path, value) for path, items in journals(folder).items() for kind, value in items
             if kind == Kind.FILE and value.name == name]  # fmt: skip
    assert found, name
    path, value = found[-1]
    return (Path(path).parent / value.path).read_bytes()


def names(folder: Path | str) -> list[str]:
    return [file.name for file in records(folder, Kind.FILE)]


# --- save


def test_saved_files_keep_their_names_below_the_base(
    run: runstone.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    (work / "deep").mkdir(parents=True)
    (work / "a.txt").write_text("A")
    (work / "deep" / "b.txt").write_text("B")
    monkeypatch.chdir(work)
    run.save("a.txt")
    run.save("**/b.txt", policy="now")
    run.save(str(work / "deep" / "*.txt"), base_path=str(work / "deep"))
    assert names(run.folder) == ["a.txt", "deep/b.txt", "b.txt"]
    assert kept(run.folder, "a.txt") == b"A"
    assert kept(run.folder, "b.txt") == b"B"
    (work / "a.txt").write_text("changed later")
    assert kept(run.folder, "a.txt") == b"A"


def test_policies_live_and_end_keep_the_last_state(run: runstone.Run, tmp_path: Path) -> None:
    live, end = tmp_path / "live.txt", tmp_path / "end.txt"
    live.write_text("1")
    end.write_text("1")
    run.save(str(live), policy="live")
    run.save(str(end), policy="end")
    assert names(run.folder) == ["live.txt"]
    import os

    live.write_text("2")
    os.utime(live, (1, 1))
    end.write_text("2")
    run.finish()
    assert kept(run.folder, "live.txt") == kept(run.folder, "end.txt") == b"2"


def test_names_cannot_leave_the_run(run: runstone.Run, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    with pytest.raises(runstone.UsageError, match="parent"):
        run.save(str(tmp_path / "x"), base_path=str(tmp_path / "elsewhere"))
    with pytest.raises(runstone.UsageError, match="policy"):
        run.save("x", policy="sometimes")
    from runstone.sdk.files import check_file_name

    for wrong in ("../x", "/etc/passwd", "a/../../b", "", "a//b", ".", "a\0b"):
        with pytest.raises(runstone.UsageError):
            check_file_name(wrong)


def test_code_is_kept(run: runstone.Run, tmp_path: Path) -> None:
    source = tmp_path / "project"
    (source / "pkg").mkdir(parents=True)
    (source / ".git").mkdir()
    (source / "train.py").write_text("x = 1")
    (source / "pkg" / "model.py").write_text("y = 2")
    (source / "pkg" / "data.bin").write_bytes(b"\0")
    (source / ".git" / "hook.py").write_text("no")
    run.log_code(str(source))
    assert sorted(names(run.folder)) == ["code/pkg/model.py", "code/train.py"]
    run.log_code(str(source), include_fn=lambda path: path.endswith(".bin"))
    assert names(run.folder)[-1] == "code/pkg/data.bin"


# --- media


def decode_png(data: bytes) -> np.ndarray[Any, Any]:
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, parts = 8, {}
    while at < len(data):
        size = struct.unpack(">I", data[at : at + 4])[0]
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + body)
        parts[kind] = body
        at += 12 + size
    width, height, depth, colour = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    assert depth == 8
    channels = {0: 1, 2: 3, 6: 4}[colour]
    raw = np.frombuffer(zlib.decompress(parts[b"IDAT"]), dtype=np.uint8).reshape(height, 1 + width * channels)
    return raw[:, 1:].reshape(height, width, channels)


def test_an_image_is_a_file_and_a_map(run: runstone.Run, tmp_path: Path) -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    run.log({"val/im": runstone.Image(pixels, caption="c")}, step=7)
    [row] = rows(run.folder)
    value = row.values["val/im"]
    data = kept(run.folder, value["path"])
    assert value == {
        "_type": "image-file", "path": value["path"], "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data), "format": "png", "width": 4, "height": 2, "caption": "c",
    }  # fmt: skip
    assert value["path"].startswith("media/images/val/im_7_")
    assert (decode_png(data) == pixels).all()
    kinds = [kind for kind, _ in next(iter(journals(run.folder).values()))]
    assert kinds.index(Kind.FILE) < kinds.index(Kind.ROW)


@pytest.mark.parametrize(
    ("array", "shape", "top_left"),
    [
        (np.zeros((5, 4)), (5, 4, 1), 0),
        (np.ones((5, 4, 1)), (5, 4, 1), 255),
        (np.full((3, 5, 6), 0.5), (5, 6, 3), 128),
        (np.full((5, 4, 4), 300), (5, 4, 4), 255),
        (np.full((5, 4), 100.0), (5, 4, 1), 100),
        (np.array([[-1.0, 1.0]]), (1, 2, 1), 0),
        (np.ones((5, 4), dtype=bool), (5, 4, 1), 255),
        (np.array([[np.nan, 1.0]]), (1, 2, 1), 0),
        (np.ones((3, 2, 2, 3)), (2, 6, 3), 255),
    ],
)
def test_arrays_of_every_kind_are_pictures(
    run: runstone.Run, array: np.ndarray[Any, Any], shape: tuple[int, ...], top_left: int
) -> None:
    run.log({"im": runstone.Image(array)})
    pixels = decode_png(kept(run.folder, rows(run.folder)[0].values["im"]["path"]))
    assert pixels.shape == shape
    assert abs(int(pixels[0, 0, 0]) - top_left) <= 1


def test_a_list_of_images_is_one_map(run: runstone.Run) -> None:
    images = [runstone.Image(np.full((2, 2), n / 3), caption=f"n{n}") for n in range(3)]
    run.log({"ims": images})
    value = rows(run.folder)[0].values["ims"]
    assert (value["_type"], value["count"], value["width"]) == ("images/separated", 3, 2)
    assert value["captions"] == ["n0", "n1", "n2"]
    assert len({kept(run.folder, name) for name in value["filenames"]}) == 3


def test_boxes_and_masks(run: runstone.Run) -> None:
    run.log(
        {
            "im": runstone.Image(
                np.zeros((4, 4)),
                boxes={
                    "predictions": {"box_data": [{"class_id": 1}], "class_labels": {1: "a"}}
                },
                masks={"truth": {"mask_data": np.ones((4, 4)), "class_labels": {1: "a"}}},
            )
        }
    )  # fmt: skip
    value = rows(run.folder)[0].values["im"]
    boxes = json.loads(kept(run.folder, value["boxes"]["predictions"]["path"]))
    assert boxes["box_data"][0]["class_id"] == 1
    assert (decode_png(kept(run.folder, value["masks"]["truth"]["path"])) == 1).all()
    assert value["masks"]["truth"]["class_labels"] == {"1": "a"}


def test_a_picture_file_is_copied(run: runstone.Run, tmp_path: Path) -> None:
    from runstone.sdk.media.image import png

    path = tmp_path / "x.png"
    path.write_bytes(png(np.zeros((3, 5, 3), dtype=np.uint8)))
    run.log({"im": runstone.Image(path)})
    value = rows(run.folder)[0].values["im"]
    assert (value["width"], value["height"]) == (5, 3)
    assert kept(run.folder, value["path"]) == path.read_bytes()


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros((2, 2, 7)), "no.txt", 3, np.zeros((0, 2))])
def test_what_is_no_picture_is_refused(wrong: Any) -> None:
    with pytest.raises(runstone.UsageError):
        runstone.Image(wrong)


def test_a_table_with_media_in_it(run: runstone.Run) -> None:
    table = runstone.Table(columns=["id", "im", "score"])
    table.add_data(1, runstone.Image(np.zeros((2, 2))), 0.5)
    table.add_data(2, None, float("nan"))
    table.add_column("more", [3, 4])
    run.log({"t": table})
    value = rows(run.folder)[0].values["t"]
    assert (value["_type"], value["ncols"], value["nrows"]) == ("table-file", 4, 2)
    assert value["path"].endswith(".table.json")
    said = json.loads(kept(run.folder, value["path"]))
    assert said["columns"] == ["id", "im", "score", "more"]
    assert said["data"][0][1]["_type"] == "image-file"
    assert kept(run.folder, said["data"][0][1]["path"])
    assert said["data"][1] == [2, None, "NaN", 4]
    assert table.get_column("id") == [1, 2]


def test_tables_say_what_does_not_fit() -> None:
    table = runstone.Table(columns=["a"], data=[[1]])
    for wrong in (
        lambda: table.add_data(1, 2),
        lambda: table.add_column("b", [1, 2]),
        lambda: table.get_column("z"),
    ):
        with pytest.raises(runstone.UsageError):
            wrong()


def test_histograms_stay_in_the_row(run: runstone.Run) -> None:
    run.log({"h": runstone.Histogram([1, 2, 2, float("nan")], num_bins=4),
             "g": runstone.Histogram(np_histogram=np.histogram([1, 2, 3], bins=2))})  # fmt: skip
    value = rows(run.folder)[0].values
    assert sum(value["h"]["values"]) == 3
    assert len(value["h"]["bins"]) == 5
    assert value["g"]["values"] == [1, 2]
    with pytest.raises(runstone.UsageError):
        runstone.Histogram(np_histogram=([1, 2], [1, 2]))


def test_sound(run: runstone.Run) -> None:
    run.log({"a": runstone.Audio(np.sin(np.linspace(0, 100, 800)), sample_rate=8000, caption="beep")})
    value = rows(run.folder)[0].values["a"]
    assert (value["_type"], value["sample_rate"], value["duration"], value["caption"]) == (
        "audio-file", 8000, 0.1, "beep",
    )  # fmt: skip
    with wave.open(io.BytesIO(kept(run.folder, value["path"]))) as file:
        assert (file.getnframes(), file.getframerate(), file.getnchannels()) == (800, 8000, 1)
    with pytest.raises(runstone.UsageError, match="sample_rate"):
        runstone.Audio(np.zeros(3))


def test_documents_scenes_and_videos(run: runstone.Run, tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"not really")
    (tmp_path / "m.pdb").write_text("ATOM")
    run.log(
        {
            "html": runstone.Html("<b>x</b>"),
            "plotly": runstone.Plotly({"data": [{"x": np.arange(3)}]}),
            "points": runstone.Object3D(np.zeros((4, 3))),
            "lidar": runstone.Object3D({"type": "lidar/beta", "points": np.zeros((2, 3))}),
            "mol": runstone.Molecule(str(tmp_path / "m.pdb")),
            "video": runstone.Video(str(tmp_path / "v.mp4"), caption="v"),
        }
    )
    value = rows(run.folder)[0].values
    assert {k: v["_type"] for k, v in value.items()} == {
        "html": "html-file", "plotly": "plotly-file", "points": "object3D-file", "lidar": "object3D-file",
        "mol": "molecule-file", "video": "video-file",
    }  # fmt: skip
    assert kept(run.folder, value["html"]["path"]) == b"<b>x</b>"
    assert json.loads(kept(run.folder, value["plotly"]["path"])) == {"data": [{"x": [0, 1, 2]}]}
    assert json.loads(kept(run.folder, value["points"]["path"])) == [[0, 0, 0]] * 4
    assert kept(run.folder, value["video"]["path"]) == b"not really"


def test_hostile_keys_stay_below_media(run: runstone.Run) -> None:
    for key in ("../../etc/passwd", "/abs/olute", "a\0b", "..", "ü/💡", "x" * 500, "a//b"):
        run.log({key: runstone.Html("x")})
    for name in names(run.folder):
        assert name.startswith("media/html/")
        assert ".." not in name.split("/")
    files = Path(run.folder) / "files"
    assert all(files.resolve() in path.resolve().parents for path in files.rglob("*"))


def test_charts_are_tables_that_say_how_to_draw_them(run: runstone.Run) -> None:
    plot = runstone.plot
    truth, scores = [0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]]
    run.log(
        {
            "confusion": plot.confusion_matrix(y_true=truth, preds=[0, 1, 0, 0], class_names=["no", "yes"]),
            "roc": plot.roc_curve(truth, scores),
            "pr": plot.pr_curve(truth, scores, classes_to_plot=[1]),
            "lines": plot.line_series([0, 1], [[1, 2], [3, 4]], keys=["a", "b"], title="t"),
            "bar": plot.bar(runstone.Table(columns=["l", "v"], data=[["a", 1]]), "l", "v", title="b"),
        }
    )
    value = rows(run.folder)[0].values
    matrix = json.loads(kept(run.folder, value["confusion"]["path"]))["data"]
    assert ["yes", "no", 1] in matrix
    assert ["no", "no", 2] in matrix
    roc = [row for row in json.loads(kept(run.folder, value["roc"]["path"]))["data"] if row[0] == "1"]
    assert roc[-1][1:] == [1.0, 1.0]
    area = sum((b[1] - a[1]) * b[2] for a, b in zip([[0, 0, 0], *roc], roc, strict=False))
    assert area == 1.0  # every positive scores above every negative
    assert value["lines"]["chart"] == {
        "kind": "line", "title": "t", "fields": {"x": "x", "y": "lineVal", "stroke": "lineKey"},
    }  # fmt: skip
    with pytest.raises(runstone.UsageError, match="no column"):
        plot.bar(runstone.Table(columns=["l"]), "l", "v")


def test_a_file_that_cannot_be_kept_is_said_and_counted(
    run: runstone.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(run.folder) / "files").write_text("in the way")
    run.log({"im": runstone.Html("x"), "loss": 1.0})
    assert rows(run.folder)[0].values["loss"] == 1.0
    assert "could not be kept" in capsys.readouterr().err
    run.finish()
    assert "1 file" in capsys.readouterr().err


def test_watch_logs_histograms_of_gradients(run: runstone.Run) -> None:
    """A stand-in with torch's two methods: torch itself is no dependency."""

    class Parameter:
        requires_grad = True

        def __init__(self) -> None:
            self.hooks: list[Any] = []

        def register_hook(self, hook: Any) -> Any:
            self.hooks.append(hook)
            owner = self

            class Handle:
                def remove(self) -> None:
                    owner.hooks.remove(hook)

            return Handle()

    parameter = Parameter()

    class Model:
        def named_parameters(self) -> list[tuple[str, Any]]:
            return [("w", parameter)]

    run.watch(Model(), log_freq=2)
    for _ in range(4):
        parameter.hooks[0](np.arange(10.0))
    assert [sorted(row.values) for row in rows(run.folder)] == [["gradients/w"], ["gradients/w"]]
    run.unwatch()
    assert parameter.hooks == []
    with pytest.raises(runstone.UsageError, match="torch"):
        run.watch(3)
