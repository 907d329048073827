"""Fork, rewind, several writers, stop, exports and console, with the newest client."""

from __future__ import annotations

import time

import pytest
from tests.support.wandb_clients import WandbClient

LOG = """
    def log(run, steps, value):
        for n in steps:
            run.log({"x": value(n)}, step=n)
        run.finish()

    def rows(id):
        run = wandb.Api().run(f"admin/{project}/{id}")
        return [(row["_step"], row["x"]) for row in run.scan_history(use_cache=False)]
"""


def test_a_fork_and_a_rewound_run_go_on_from_their_step(newest: WandbClient, project: str) -> None:
    found = newest.run(
        LOG
        + """
    log(wandb.init(project=project, id="parent"), range(6), lambda n: n)
    log(wandb.init(project=project, id="child", fork_from="parent?_step=3"), range(4, 7), lambda n: 10 * n)
    forked = [rows("parent"), rows("child")]
    log(wandb.init(project=project, id="parent", resume_from="parent?_step=2"), range(3, 5), lambda n: -n)
    result([*forked, rows("parent"), rows("child")])
    """,
        project=project,
    ).result
    parent, child, rewound, child_after = found
    assert parent == [[n, n] for n in range(6)]
    assert child == child_after == [[0, 0], [1, 1], [2, 2], [3, 3], [4, 40], [5, 50], [6, 60]]
    assert rewound == [[0, 0], [1, 1], [2, 2], [3, -3], [4, -4]]


def test_several_writers_of_one_run_add_up(newest: WandbClient, project: str) -> None:
    script = """
    run = wandb.init(project=project, id="shared", settings=wandb.Settings(
        mode="shared", x_label=label, x_primary=label == "zero", x_update_finish_state=label == "zero"))
    for n in range(20):
        run.log({label: n})
    print("from " + label)
    run.finish()
    """
    writers = [newest.start(script, project=project, label=label) for label in ("zero", "one", "two")]
    for writer in writers:
        output, _ = writer.communicate(timeout=120)
        assert writer.returncode == 0, output
    found = newest.run(
        """
        run = wandb.Api().run(f"admin/{project}/shared")
        keys = run.history_keys["keys"]
        counts = {key: keys[key]["typeCounts"][0]["count"] for key in ("zero", "one", "two")}
        result([run.state, counts, {key: run.summary[key] for key in ("zero", "one", "two")}])
        """,
        project=project,
    ).result
    assert found == [
        "finished",
        dict.fromkeys(("zero", "one", "two"), 20),
        dict.fromkeys(("zero", "one", "two"), 19),
    ]


@pytest.mark.slow
def test_a_run_is_stopped_by_the_public_api(newest: WandbClient, project: str) -> None:
    process = newest.start(
        """
        run = wandb.init(project=project, id="stopped", settings=wandb.Settings(
            x_file_stream_transmit_interval=0.5))
        result("running")
        for n in range(600):
            run.log({"x": n})
            time.sleep(0.1)
        """,
        project=project,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("RESULT"):
            break
    newest.run('wandb.Api().run(f"admin/{project}/stopped").stop()', project=project)
    began = time.monotonic()
    process.communicate(timeout=60)
    assert process.returncode != 0 and time.monotonic() - began < 30
    found = newest.run('result(wandb.Api().run(f"admin/{project}/stopped").state)', project=project)
    assert found.result == "killed"


def test_exports_and_console_are_read_back(newest: WandbClient, project: str) -> None:
    found = newest.run(
        """
        run = wandb.init(project=project, id="whole")
        for n in range(1500):
            run.log({"x": n / 2, **({"y": n} if n % 100 == 0 else {})})
        print("one")
        for n in range(3):
            sys.stdout.write(f"\\r{n}%")
        print("\\ntwo")
        run.finish()
        run = wandb.Api().run(f"admin/{project}/whole")
        done = run.download_history_exports(".")
        # From Parquet the client gives None where a row has no value.
        rows = list(run.scan_history(keys=["y"], use_cache=False))
        scan = [(row["_step"], row["y"]) for row in rows if row["y"] is not None]
        pages = [row["_step"] for row in run.scan_history(min_step=990, max_step=1010)]
        lines = [(line.number, line.content) for line in run.console_logs()]
        last = [line.content for line in run.console_logs(last=1)]
        result([len(done.paths), bool(done.errors), done.contains_live_data, scan, pages, lines, last])
        """,
        project=project,
    ).result
    paths, errors, live, scan, pages, lines, last = found
    assert (paths, errors, live) == (1, False, False)
    assert scan == [[n, n] for n in range(0, 1500, 100)]
    assert pages == list(range(990, 1010))
    texts = [text for _, text in lines]
    assert texts.index("one") + 2 == texts.index("two") and texts[texts.index("one") + 1] == "2%"
    assert [number for number, _ in lines] == sorted(number for number, _ in lines)
    assert last == texts[-1:]
