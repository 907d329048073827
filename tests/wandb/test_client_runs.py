"""A run logged by the published client, read back by its public API: the newest release and an old one."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.server import RunningServer
from tests.support.wandb_clients import WandbClient
from tests.support.wandb_wire import Wire


def test_everything_logged_is_read_back(client: WandbClient, project: str) -> None:
    path = client.run(
        """
        with open("notes.txt", "w") as file:
            file.write("kept\\n")
        run = wandb.init(
            project=project, name="first", group="g", job_type="train", notes="why", tags=["a", "b"],
            config={
                "lr": 0.1, "net": {"width": 8, "act": "relu"}, "none": None, "list": [1, "x"], "big": 2**60,
            },
        )
        run.define_metric("epoch")
        run.define_metric("val/*", step_metric="epoch")
        run.define_metric("best", summary="min")
        for n in range(5):
            run.log({
                "loss": 1 / (n + 1), "val/acc": n / 10, "epoch": n, "best": [3, 1, 2, 5, 4][n],
                "bad": [math.nan, math.inf, -math.inf, 1.0, math.nan][n], "text": f"t{n}",
                "flag": n % 2 == 0, "deep": {"a": n, "b": {"c": n * 2.5}}, "whole": 2**53 + n,
            })
            print(f"step {n}")
        print("to the error stream", file=sys.stderr)
        run.log({"hist": wandb.Histogram(np_histogram=([1, 2, 1], [0, 1, 2, 3]))})
        run.config.update({"late": True})
        run.summary["extra"] = {"x": 1}
        run.save("notes.txt")
        run.alert(title="look", text="here", level=wandb.AlertLevel.WARN)
        where = f"{run.entity}/{run.project}/{run.id}"
        run.finish()
        result(where)
        """,
        project=project,
    ).result
    found = client.run(
        """
        run = wandb.Api().run(path)
        result({
            "state": run.state, "name": run.name, "group": run.group, "job_type": run.job_type,
            "notes": run.notes, "tags": run.tags, "config": run.config,
            "summary": dict(run.summary._json_dict),
            "history": run.history(pandas=False), "scan": list(run.scan_history()),
            "some": list(run.scan_history(keys=["loss", "epoch"])),
            "sampled": run.history(keys=["loss"], x_axis="epoch", pandas=False),
            "keys": run.history_keys, "files": {file.name: file.size for file in run.files()},
            "text": run.file("notes.txt").download(replace=True).read(),
            "log": run.file("output.log").download(replace=True).read(),
            "missing": [file.name for file in run.files(names=["no-such-file"])],
            "metadata": (run.metadata or {}).get("os"), "m": run.rawconfig["_wandb"].get("m"),
            "user": run.user.username, "last": run.lastHistoryStep,
        })
        """,
        path=path,
    ).result
    assert found["state"] == "finished"
    assert (found["name"], found["group"], found["job_type"], found["notes"]) == (
        "first",
        "g",
        "train",
        "why",
    )
    assert found["tags"] == ["a", "b"]
    assert found["config"] == {
        "lr": 0.1,
        "net": {"width": 8, "act": "relu"},
        "none": None,
        "list": [1, "x"],
        "big": 2**60,
        "late": True,
    }
    if client.release.startswith("0.16"):  # leaves nested values out of a summary that has definitions
        found["summary"]["deep"] = {"a": 4, "b": {"c": 10.0}}
    check_summary(found["summary"])
    check_rows(found["history"])
    check_rows(found["scan"])
    assert [(row["loss"], row["epoch"]) for row in found["some"]] == [(1 / (n + 1), n) for n in range(5)]
    assert [row["epoch"] for row in found["sampled"]] == list(range(5))
    check_keys(found["keys"])
    assert found["text"] == "kept\n"
    assert "step 4\n" in found["log"]
    assert found["missing"] == []
    assert {
        "notes.txt",
        "output.log",
        "requirements.txt",
        "wandb-metadata.json",
        "wandb-summary.json",
    } <= set(found["files"])
    assert found["files"]["notes.txt"] == 5
    assert found["metadata"]
    assert any(entry.get("1") == "val/acc" for entry in found["m"])
    assert found["last"] == 5


def check_summary(summary: dict[str, Any]) -> None:
    assert (summary["loss"], summary["epoch"], summary["text"], summary["flag"]) == (0.2, 4, "t4", True)
    assert summary["best"] == {"min": 1}
    assert summary["deep"] == {"a": 4, "b": {"c": 10.0}}
    assert summary["whole"] == 2**53 + 4
    assert summary["extra"] == {"x": 1}
    assert is_nan(summary["bad"])
    assert summary["_step"] == 5 and type(summary["_step"]) is int


def check_rows(rows: list[dict[str, Any]]) -> None:
    assert [row["_step"] for row in rows] == list(range(6))
    for n, row in enumerate(rows[:5]):
        assert row["loss"] == 1 / (n + 1) and row["val/acc"] == n / 10 and row["text"] == f"t{n}"
        assert row["flag"] is (n % 2 == 0)
        assert row["whole"] == 2**53 + n
        assert row["deep.a"] == n and row["deep.b.c"] == n * 2.5
        assert row["_timestamp"] > 1.7e9 and row["_runtime"] >= 0
    bad = [row["bad"] for row in rows[:5]]
    assert is_nan(bad[0]) and is_nan(bad[4]) and float(bad[1]) == math.inf and float(bad[2]) == -math.inf
    assert rows[5]["hist"]["_type"] == "histogram"


def check_keys(keys: dict[str, Any]) -> None:
    assert keys["lastStep"] == 5
    assert keys["keys"]["loss"]["previousValue"] == 0.2
    assert keys["keys"]["loss"]["typeCounts"] == [{"type": "number", "count": 5}]
    assert keys["keys"]["text"]["typeCounts"] == [{"type": "string", "count": 5}]
    assert keys["keys"]["deep.b.c"]["previousValue"] == 10.0
    assert keys["keys"]["hist"]["typeCounts"] == [{"type": "histogram", "count": 1}]


def is_nan(value: Any) -> bool:
    return value == "NaN" or (isinstance(value, float) and math.isnan(value))


def test_resume_takes_up_where_the_run_ended(client: WandbClient, project: str) -> None:
    found = client.run(
        """
        def steps():
            return [(row["_step"], row["x"]) for row in wandb.Api().run(path).scan_history()]

        run = wandb.init(project=project, id="again", name="kept", tags=["t"], config={"a": 1})
        path = f"{run.entity}/{run.project}/{run.id}"
        for n in range(3):
            run.log({"x": n})
        run.summary["own"] = 7
        run.finish(exit_code=3)
        first = wandb.Api().run(path).state
        run = wandb.init(project=project, id="again", resume="must", config={"b": 2})
        begun = run.starting_step
        seen = [run.resumed, begun, run.name, list(run.tags), dict(run.config), run.summary["own"]]
        for n in range(3, 5):
            run.log({"x": n})
        run.finish()
        result([first, seen, steps(), wandb.Api().run(path).state, wandb.Api().run(path).config])
        """,
        project=project,
    ).result
    first, seen, steps, state, config = found
    assert first == "failed"
    assert seen == [True, 3, "kept", ["t"], {"a": 1, "b": 2}, 7]
    assert steps == [[n, n] for n in range(5)]
    assert state == "finished"
    assert config == {"a": 1, "b": 2}


def test_resume_modes_hold_to_their_word(client: WandbClient, project: str) -> None:
    def attempt(run: str, resume: str) -> str:
        done = client.run(
            """
            with wandb.init(project=project, id=id, resume=resume) as run:
                run.log({"x": 1})
            """,
            check=False,
            project=project,
            id=run,
            resume=resume,
        )
        return "ran" if done.returncode == 0 else done.output

    # Starting the client is most of the time. Two services of 0.16 at once take each other's port file.
    with ThreadPoolExecutor(1 if client.release.startswith("0.16") else 2) as pool:
        absent, fresh = pool.map(attempt, ("absent", "fresh"), ("must", "never"))
        assert "UsageError" in absent and fresh == "ran"
        again, allowed = pool.map(attempt, ("fresh", "fresh"), ("never", "allow"))
        assert "UsageError" in again and allowed == "ran"


def test_an_offline_run_is_synced_once_however_often(client: WandbClient, project: str) -> None:
    offline = client.run(
        """
        run = wandb.init(project=project, id="later", mode="offline", config={"a": 1})
        for n in range(4):
            run.log({"x": n * 1.5})
        run.summary["done"] = True
        run.finish()
        """,
        project=project,
        env={"WANDB_MODE": "offline"},
    )
    folder = next((client.folder / "wandb").glob("offline-run-*"))
    for again in ([], ["--include-synced"]):
        synced = client.command("sync", *again, str(folder))
        assert "rror" not in synced.output, offline.output + synced.output
    found = client.run(
        """
        api = wandb.Api()
        run = api.run(f"{api.default_entity}/{project}/later")
        rows = [(row["_step"], row["x"]) for row in run.scan_history()]
        result([run.state, run.config, run.summary["done"], rows])
        """,
        project=project,
    ).result
    assert found == ["finished", {"a": 1}, True, [[n, n * 1.5] for n in range(4)]]


def test_runs_are_changed_and_deleted_by_the_public_api(client: WandbClient, project: str) -> None:
    found = client.run(
        """
        run = wandb.init(project=project, id="mine", config={"a": 1}, tags=["old"])
        run.log({"x": 1})
        run.finish()
        api = wandb.Api()
        path = f"{run.entity}/{project}/mine"
        one = api.run(path)
        one.config["a"] = 2
        one.config["new"] = {"deep": [1]}
        one.tags = ["new", "newer"]
        one.name = "renamed"
        one.notes = "seen"
        one.update()
        one.summary["x"] = 9
        one.summary["added"] = 1
        one.summary.update()
        with open("more.txt", "w") as file:
            file.write("more")
        one.upload_file("more.txt")
        again = wandb.Api().run(path)
        summary = dict(again.summary._json_dict)
        seen = [again.config, again.tags, again.name, again.notes, summary, again.state,
                sorted(f.name for f in again.files(names=["more.txt"]))]
        again.file("more.txt").delete()
        left = [f.name for f in wandb.Api().run(path).files(names=["more.txt"])]
        raw = wandb.Api().run(path).rawconfig["_wandb"].keys() >= {"t", "cli_version"}
        again.delete()
        try:
            wandb.Api().run(path)
            gone = False
        except (ValueError, wandb.errors.CommError):
            gone = True
        result([seen, left, raw, gone, len(list(wandb.Api().runs(f"{run.entity}/{project}")))])
        """,
        project=project,
    ).result
    seen, left, raw, gone, count = found
    config, tags, name, notes, summary, state, files = seen
    assert config == {"a": 2, "new": {"deep": [1]}}
    assert (tags, name, notes, state) == (["new", "newer"], "renamed", "seen", "finished")
    assert summary["x"] == 9 and summary["added"] == 1
    assert files == ["more.txt"] and left == []
    assert raw and gone and count == 0


def test_runs_are_found_by_filter_and_in_order(
    client: WandbClient, project: str, shared_server: RunningServer
) -> None:
    wire = Wire(shared_server, project)
    for n in range(10):
        wire.upsert(
            f"r{n:02}",
            displayName=f"run {n}",
            config=json.dumps({"lr": {"value": n / 10}, "net": {"value": {"w": n}}, "a.b": {"value": n}}),
            summaryMetrics=json.dumps({"loss": 1 / (n + 1), "nested": {"v": n}}),
            tags=["even"] if n % 2 == 0 else ["odd", "x"],
            state="finished" if n < 6 else "failed",
        )
    wire.http.close()
    found = client.run(
        """
        api = wandb.Api()
        path = f"{api.default_entity}/{project}"

        def ids(filters=None, order="+created_at"):
            runs = api.runs(path, filters=filters, order=order, per_page=3)
            found = [run.id for run in runs]
            assert len(runs) == len(found), (len(runs), found)
            return found

        result({
            "all": ids(), "newest": ids(order="-created_at"),
            "lr": ids({"config.lr": {"$gte": 0.7}}), "lr.value": ids({"config.lr.value": {"$lt": 0.2}}),
            "nested": ids({"config.net.w": 4}), "dotted": ids({"config.a.b": 5}),
            "summary": ids({"summary_metrics.loss": {"$gt": 0.4}}),
            "tags": ids({"tags": "x"}), "in": ids({"tags": {"$in": ["even"]}, "state": "failed"}),
            "regex": ids({"display_name": {"$regex": "run [12]$"}}),
            "or": ids({"$or": [{"name": "r01"}, {"displayName": "run 8"}]}),
            "not": ids({"$and": [{"state": {"$ne": "finished"}}, {"config.lr": {"$nin": [0.6, 0.7]}}]}),
            "by": ids(order="-summary_metrics.nested.v")[:3], "by config": ids(order="+config.lr.value")[-2:],
            "exists": ids({"config.none": {"$exists": True}}),
        })
        """,
        project=project,
    ).result
    everything = [f"r{n:02}" for n in range(10)]
    assert found["all"] == everything and found["newest"] == everything[::-1]
    assert found["lr"] == ["r07", "r08", "r09"] and found["lr.value"] == ["r00", "r01"]
    assert found["nested"] == ["r04"] and found["dotted"] == ["r05"]
    assert found["summary"] == ["r00", "r01"]
    assert found["tags"] == ["r01", "r03", "r05", "r07", "r09"] and found["in"] == ["r06", "r08"]
    assert found["regex"] == ["r01", "r02"] and found["or"] == ["r01", "r08"]
    assert found["not"] == ["r08", "r09"]
    assert found["by"] == ["r09", "r08", "r07"] and found["by config"] == ["r08", "r09"]
    assert found["exists"] == []
