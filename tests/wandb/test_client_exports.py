"""Exports and console lines, with the newest client."""

from __future__ import annotations

from tests.support.wandb_clients import WandbClient


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
