"""What else a script does with the client, under every release that tests are asked to cover: media,
stop, kill, fork, rewind, several writers, preemption, partial and live sync; each read back."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.server import RunningServer
from tests.support.wandb_clients import NEWEST, RELEASES, WandbClient, end, graphql

STOP = "mutation S($id: ID!) { stopRun(input: {id: $id}) { success } }"
RUN = """query R($p: String!, $r: String!) { project(name: $p) { run(name: $r) {
  id state exitcode historyLineCount stopped } } }"""

RESULT = "RESULT"


def run_of(server: RunningServer, project: str, run: str) -> dict[str, object]:
    found = graphql(server, RUN, {"p": project, "r": run})["project"]["run"]
    assert isinstance(found, dict)
    return found


def since(client: WandbClient, release: str) -> None:
    """Skip where the client is older."""
    if client.version < tuple(map(int, release.split("."))):
        pytest.skip(f"wandb {client.release} has none of this; it came with {release}")


def newest_for_every_change(client: WandbClient) -> None:
    """What takes an old client half a minute is left to `make test-clients`."""
    if len(RELEASES) < 3 and client.release != NEWEST:
        pytest.skip("an old client takes too long for this; make test-clients has it")


def quick(client: WandbClient) -> dict[str, float]:
    """Settings by which lines are sent each second, in place of each 15."""
    return {"x_file_stream_transmit_interval": 1.0} if client.version >= (0, 19) else {}


def until_told(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if line.startswith(RESULT):
            return line
    raise AssertionError("The script ended early:\n" + "".join(seen))


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Scripts that a test starts; none outlives it."""
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        if process.poll() is None:
            end(process)


def test_media_are_stored_and_read_back(client: WandbClient, project: str) -> None:
    found = client.run(
        """
        import numpy
        from PIL import Image

        run = wandb.init(project=project, id="media")
        pixels = numpy.zeros((8, 6, 3), dtype=numpy.uint8)
        pixels[2:4] = (255, 0, 10)
        run.log({
            "picture": wandb.Image(pixels, caption="red"),
            "page": wandb.Html("<p>hello</p>"),
            "bars": wandb.Histogram(numpy.array([1.0, 2.0, 2.0, 9.0])),
            "table": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2.5, None]]),
        })
        run.log({"many": [wandb.Image(pixels), wandb.Image(pixels[:4])]})
        run.finish()
        again = wandb.Api().run(f"admin/{project}/media")
        first, second = again.scan_history()
        names = sorted(file.name for file in again.files() if file.name.startswith("media/"))
        picture = again.file(first["picture"]["path"]).download(replace=True)
        result({
            "types": {key: first[key]["_type"] for key in ("picture", "page", "bars", "table")},
            "caption": first["picture"].get("caption"), "many": second["many"]["count"], "names": names,
            "pixels": numpy.array(Image.open(picture.name))[2, 0].tolist(),
            "page": again.file(first["page"]["path"]).download(replace=True).read(),
            "table": json.load(again.file(first["table"]["path"]).download(replace=True))["data"],
            "bins": sum(first["bars"]["values"]),
        })
        """,
        project=project,
    ).result
    assert found["types"] == {
        "picture": "image-file",
        "page": "html-file",
        "bars": "histogram",
        "table": "table-file",
    }
    assert found["caption"] == "red" and found["many"] == 2
    assert found["pixels"] == [255, 0, 10] and "<p>hello</p>" in found["page"]
    assert found["table"] == [[1, "x"], [2.5, None]] and found["bins"] == 4
    images = [name for name in found["names"] if name.startswith("media/images/")]
    assert len(images) == 3 and any(name.startswith("media/table/") for name in found["names"])


def test_auto_resume_finds_the_run_that_died(client: WandbClient, project: str) -> None:
    script = """
        run = wandb.init(project=project, resume="auto")
        run.log({"x": 1})
        result(run.id)
        if die:
            time.sleep(600)
        run.finish()
        """
    first = client.start(script, project=project, die=True)
    told = until_told(first)
    end(first)
    second = client.run(script, project=project, die=False)
    assert json.loads(told.removeprefix(RESULT)) == second.result
    found = client.run(
        'run = wandb.Api().run(f"admin/{project}/{id}")\n'
        'result([run.state, [row["_step"] for row in run.scan_history()]])',
        project=project,
        id=second.result,
    ).result
    assert found[0] == "finished" and found[1] in ([0, 1], [0])


@pytest.mark.slow
def test_a_run_is_stopped_from_the_server(
    client: WandbClient,
    project: str,
    shared_server: RunningServer,
    started: list[subprocess.Popen[str]],
) -> None:
    """Up to 0.22 the client asks every 15 s; later ones hear it with the next lines they send."""
    newest_for_every_change(client)
    process = client.start(
        """
        run = wandb.init(project=project, id="stopped", settings=wandb.Settings(**quick))
        result("running")
        for n in range(1200):
            run.log({"x": n})
            time.sleep(0.1)
        """,
        project=project,
        quick=quick(client),
    )
    started.append(process)
    until_told(process)
    assert graphql(shared_server, STOP, {"id": run_of(shared_server, project, "stopped")["id"]})
    began = time.monotonic()
    process.wait(timeout=90)
    end(process)
    assert process.returncode != 0 and time.monotonic() - began < 60
    found = run_of(shared_server, project, "stopped")
    assert found["state"] == "killed"
    client.run(
        """
        run = wandb.init(project=project, id="stopped", resume="must")
        for n in range(3):
            run.log({"y": n})
        time.sleep(2)
        run.finish()
        """,
        project=project,
    )
    again = run_of(shared_server, project, "stopped")
    assert again["state"] == "finished" and not again["stopped"]


@pytest.mark.faults
def test_what_a_killed_client_had_sent_is_kept(
    client: WandbClient,
    project: str,
    shared_server: RunningServer,
    started: list[subprocess.Popen[str]],
) -> None:
    newest_for_every_change(client)
    process = client.start(
        """
        run = wandb.init(project=project, id="victim", settings=wandb.Settings(**quick))
        for n in range(50):
            run.log({"x": n})
        result("logged")
        time.sleep(600)
        """,
        project=project,
        quick=quick(client),
    )
    started.append(process)
    until_told(process)
    # Until then the client itself may hold rows in memory alone: its own file is written in blocks,
    # and what it loses there no server can keep. The last row waits for the next one to be complete.
    deadline = time.monotonic() + 60
    while (told := run_of(shared_server, project, "victim")["historyLineCount"]) < 49:
        assert time.monotonic() < deadline, f"{told} lines came"
        time.sleep(0.5)
    end(process)
    folder = next((client.folder / "wandb").glob("run-*victim"))
    kept = run_of(shared_server, project, "victim")
    assert kept["state"] == "running"
    synced = client.command("sync", str(folder), check=False)
    found = client.run(
        'result([row["x"] for row in wandb.Api().run(f"admin/{project}/victim").scan_history()])',
        project=project,
    ).result
    # What lay in the client's file when it died comes with the sync, nothing twice.
    assert found == list(range(len(found))) and len(found) >= 49, synced.output


def test_preempted_is_what_a_preempting_run_becomes(
    client: WandbClient, project: str, shared_server: RunningServer
) -> None:
    client.run(
        """
        run = wandb.init(project=project, id="spot")
        run.log({"x": 1})
        run.mark_preempting()
        run.finish(exit_code=1)
        """,
        project=project,
    )
    assert run_of(shared_server, project, "spot")["state"] == "preempted"


FORKS = """
    def log(run, steps, value):
        for n in steps:
            run.log({"x": value(n)}, step=n)
        run.finish()

    def rows(id):
        run = wandb.Api().run(f"admin/{project}/{id}")
        return [(row["_step"], row["x"]) for row in run.scan_history()]

    log(wandb.init(project=project, id="parent"), range(6), lambda n: n)
"""


def test_a_fork_reads_its_parent_up_to_the_step(client: WandbClient, project: str) -> None:
    since(client, "0.18.0")
    found = client.run(
        FORKS
        + """
    log(wandb.init(project=project, id="child", fork_from="parent?_step=3"), range(4, 7), lambda n: 10 * n)
    result([rows("parent"), rows("child")])
    """,
        project=project,
    ).result
    assert found == [
        [[n, n] for n in range(6)],
        [[0, 0], [1, 1], [2, 2], [3, 3], [4, 40], [5, 50], [6, 60]],
    ]


def test_a_rewound_run_goes_on_from_the_step(client: WandbClient, project: str) -> None:
    since(client, "0.18.0")
    found = client.run(
        FORKS
        + """
    log(wandb.init(project=project, id="parent", resume_from="parent?_step=2"), range(3, 5), lambda n: -n)
    result(rows("parent"))
    """,
        project=project,
    ).result
    assert found == [[0, 0], [1, 1], [2, 2], [3, -3], [4, -4]]


def test_two_writers_of_a_shared_run_add_up(
    client: WandbClient, project: str, started: list[subprocess.Popen[str]]
) -> None:
    newest_for_every_change(client)
    since(client, "0.19.9")  # the settings' names
    script = """
    run = wandb.init(project=project, id="shared", settings=wandb.Settings(
        mode="shared", x_label=label, x_primary=label == "zero", x_update_finish_state=label == "zero"))
    for n in range(20):
        run.log({label: n})
    print("from " + label)
    run.finish()
    """
    for label in ("zero", "one"):  # the second begins as the first one has ended: it was slow to start
        writer = client.start(script, project=project, label=label)
        started.append(writer)
        output, _ = writer.communicate(timeout=120)
        assert writer.returncode == 0, output
    found = client.run(
        """
        run = wandb.Api().run(f"admin/{project}/shared")
        rows = list(run.scan_history())
        seen = {key: [row[key] for row in rows if row.get(key) is not None] for key in ("zero", "one")}
        result([run.state, seen, {key: run.summary[key] for key in seen}])
        """,
        project=project,
    ).result
    state, seen, summary = found
    assert state == "finished" and summary == {"zero": 19, "one": 19}
    assert {key: sorted(values) for key, values in seen.items()} == {
        "zero": list(range(20)),
        "one": list(range(20)),
    }


OFFLINE = """
    run = wandb.init(project=project, id="later", mode="offline", config={"a": 1})
    for n in range(steps):
        run.log({"x": n * 1.5})
    print("offline words")
    with open("kept.txt", "w") as file:
        file.write("kept")
    run.save("kept.txt")
    run.finish()
"""
READ = """
    run = wandb.Api().run(f"admin/{project}/later")
    fresh = {"use_cache": False} if modern else {}  # of a run that had ended it would not ask again
    rows = [(row["_step"], row["x"]) for row in run.scan_history(**fresh)]
    result([run.state, run.config, rows, [file.name for file in run.files(names=["kept.txt"])]])
"""


def test_a_run_that_was_cut_off_offline_is_synced_as_far_as_it_goes(
    client: WandbClient, project: str
) -> None:
    """First a part of the file, as when the machine died; later all of it. Nothing is doubled."""
    newest_for_every_change(client)
    client.run(OFFLINE, project=project, steps=600, env={"WANDB_MODE": "offline"})
    folder = next((client.folder / "wandb").glob("offline-run-*"))
    (whole,) = folder.glob("*.wandb")
    part = client.folder / "part" / folder.name
    shutil.copytree(folder, part)
    data = whole.read_bytes()
    (part / whole.name).write_bytes(data[: len(data) * 2 // 3])
    client.command("sync", str(part), check=False)
    state, _, rows, _ = client.run(READ, project=project, modern=client.modern).result
    assert 0 < len(rows) < 600 and rows == [[n, n * 1.5] for n in range(len(rows))]
    client.command("sync", str(folder))
    state, config, rows, files = client.run(READ, project=project, modern=client.modern).result
    assert (state, config, files) == ("finished", {"a": 1}, ["kept.txt"])
    assert rows == [[n, n * 1.5] for n in range(600)]


def test_beta_sync_brings_an_offline_run(client: WandbClient, project: str) -> None:
    since(client, "0.22.0")
    client.run(OFFLINE, project=project, steps=5, env={"WANDB_MODE": "offline"})
    folder = next((client.folder / "wandb").glob("offline-run-*"))
    client.command("beta", "sync", "--yes" if client.version < (0, 22) else "--no-skip-synced", str(folder))
    state, config, rows, files = client.run(READ, project=project, modern=client.modern).result
    assert (state, config, files) == ("finished", {"a": 1}, ["kept.txt"])
    assert rows == [[n, n * 1.5] for n in range(5)]


def test_live_sync_follows_a_run_that_is_still_written(
    client: WandbClient, project: str, shared_server: RunningServer, started: list[subprocess.Popen[str]]
) -> None:
    since(client, "0.25.0")
    process = client.start(
        """
        run = wandb.init(project=project, id="later", mode="offline", config={"a": 1})
        for n in range(2000):  # the file gets nothing before a block of 32 KiB is full
            run.log({"x": n * 1.5})
        result("begun")
        sys.stdin.readline()
        for n in range(2000, 2010):
            run.log({"x": n * 1.5})
        run.finish()
        """,
        project=project,
        env={"WANDB_MODE": "offline"},
        stdin=True,
    )
    started.append(process)
    until_told(process)
    folder = next((client.folder / "wandb").glob("offline-run-*"))
    follower = subprocess.Popen(
        [client.python, "-m", "wandb", "beta", "sync", "--live", str(folder)],
        cwd=client.folder,
        env=client.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    started.append(follower)
    deadline = time.monotonic() + 60
    while not (graphql(shared_server, RUN, {"p": project, "r": "later"})["project"] or {}).get("run"):
        assert time.monotonic() < deadline and follower.poll() is None, "the run never came"
        time.sleep(0.5)
    assert process.stdin is not None
    process.stdin.write("go on\n")
    process.stdin.close()
    process.wait(60)
    process.stdin = None
    output, _ = follower.communicate(timeout=120)
    assert follower.returncode == 0, output
    state, _, rows, _ = client.run(READ, project=project, modern=client.modern).result
    assert state == "finished" and rows == [[n, n * 1.5] for n in range(2010)]


def test_a_run_of_nothing_but_a_name_is_there(client: WandbClient, project: str, tmp_path: Path) -> None:
    """Neither rows nor summary: it began and ended."""
    found = client.run(
        """
        wandb.init(project=project, id="bare").finish()
        run = wandb.Api().run(f"admin/{project}/bare")
        result([run.state, list(run.scan_history()), run.history(pandas=False), run.lastHistoryStep])
        """,
        project=project,
    ).result
    assert found == ["finished", [], [], -1]


def test_a_console_in_parts_is_whole_in_its_files_and_its_lines(client: WandbClient, project: str) -> None:
    """`console_multipart`: in place of one `output.log` at the end, files of some lines each on the way."""
    since(client, "0.19.0")
    parts = {"console_chunk_max_bytes": 4096} if client.version >= (0, 22) else {}
    told = client.run(
        """
        run = wandb.init(project=project, settings=wandb.Settings(console_multipart=True, **parts))
        for n in range(400):
            print(f"line {n} of the console")
            time.sleep(7 if n == 199 else 0)  # what is printed in one go may stay in one part
        run.log({"x": 1})
        run.finish()
        found = wandb.Api().run(run.path)
        names = sorted(file.name for file in found.files() if file.name.startswith("logs/"))
        texts = [found.file(name).download(root="got", replace=True).read() for name in names]
        result([run.id, names, "".join(texts)])
        """,
        project=project,
        parts=parts,
    ).result
    run, names, text = told
    assert len(names) >= (2 if parts else 1)
    printed = [f"line {n} of the console" for n in range(400)]
    assert [line for line in text.splitlines() if line.startswith("line ")] == printed
    url = f"{client.server.base_url}/api/v1/projects/admin/{project}/runs/{run}/console"
    answer = httpx.get(url, params={"limit": 1000}, auth=("api", client.key), timeout=30)
    lines = [line[3] for line in answer.raise_for_status().json()["lines"]]
    assert [line for line in lines if line.startswith("line ")] == printed
