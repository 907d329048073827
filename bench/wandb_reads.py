"""What readers through the published wandb client cost the server, beside our own API.

    python bench/wandb_reads.py [scan] [graphql] [--rows 1000000] [--json FILE]

scan     one finished run of --rows steps x 3 keys: `scan_history` of the published client (one Parquet
         export, made on the first read), with two keys of it, live pages (a run that has not ended),
         and `runstone.Api`'s rows of the same run. Rows a second of the reader's wall clock, CPU of
         the reader and of the server
graphql  server CPU of one request: Viewer, a page of 50 runs light and with config and summary (30 and
         40 keys each), one run, a file_stream heartbeat

A real server process; CPU is read from each process's own clock, so that it does not matter who else
uses the machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.servers import Meter
from tests.support.server import RunningServer, clean_environment, running_server

CHUNK = 20_000
PAGE = """query Runs($project: String!, $entity: String, $order: String, $filters: JSONString) {
  project(name: $project, entityName: $entity) { internalId runCount(filters: $filters) readOnly
    runs(filters: $filters, first: 50, order: $order) {
      edges { node { projectId id tags name displayName sweepName state group jobType commit readOnly
        createdAt heartbeatAt description notes historyLineCount user { name username } FULL } cursor }
      pageInfo { endCursor hasNextPage } } } }"""
VIEWER = """query Viewer { viewer { id entity username email flags teams { edges { node { name } } } } }"""
READ = """
import json, sys, time
how, server, key, entity, project, run, keys = json.loads(sys.argv[1])
if how == "native":
    import runstone
    found = runstone.Api(base_url=server, api_key=key).run(f"{entity}/{project}/{run}")
    begin, cpu = time.perf_counter(), time.process_time()
    count = sum(1 for _ in found.scan_history(**({"keys": keys} if keys else {})))
else:
    import wandb
    found = wandb.Api().run(f"{entity}/{project}/{run}")
    begin, cpu = time.perf_counter(), time.process_time()
    given = {"keys": keys} if keys else {}
    count = sum(1 for _ in found.scan_history(page_size=10_000, use_cache=False, **given))
print(json.dumps([count, time.perf_counter() - begin, time.process_time() - cpu]))
"""


def write_run(server: RunningServer, run: str, count: int, *, ended: bool) -> None:
    """Through the wandb door, as its client would."""
    auth = ("api", server.admin_key)
    with httpx.Client(base_url=server.base_url, auth=auth, timeout=120) as http:
        upsert = """mutation U($n: String, $p: String) { upsertBucket(input: {name: $n, modelName: $p,
          host: "h"}) { bucket { id } } }"""
        http.post(
            "/graphql", json={"query": upsert, "variables": {"n": run, "p": "bench"}}
        ).raise_for_status()
        path = f"/files/admin/bench/{run}/file_stream"
        for first in range(0, count, CHUNK):
            lines = [
                json.dumps(
                    {
                        "_step": n,
                        "_runtime": n / 10,
                        "_timestamp": 1.7e9 + n / 10,
                        "loss": 1 / (n + 1),
                        "acc": n,
                    }
                )
                for n in range(first, min(count, first + CHUNK))
            ]
            body = {"files": {"wandb-history.jsonl": {"offset": first, "content": lines}}}
            http.post(path, json=body).raise_for_status()
        if ended:
            http.post(path, json={"complete": True, "exitcode": 0}).raise_for_status()


def scan(server: RunningServer, count: int) -> list[dict[str, Any]]:
    write_run(server, "ended", count, ended=True)
    write_run(server, "live", count // 10, ended=False)
    meter = Meter(server)
    folder = tempfile.mkdtemp()
    found = []
    for label, how, run, keys in (
        ("published client, first read", "wandb", "ended", None),
        ("published client, again", "wandb", "ended", None),
        ("published client, one key", "wandb", "ended", ["loss"]),
        ("published client, live run", "wandb", "live", None),
        ("our API", "native", "ended", None),
        ("our API, one key", "native", "ended", ["loss"]),
    ):
        asked = json.dumps([how, server.base_url, server.admin_key, "admin", "bench", run, keys])
        before = meter.cpu()
        done = subprocess.run(
            [sys.executable, "-c", READ, asked],
            env=clean_environment(
                WANDB_BASE_URL=server.base_url,
                WANDB_API_KEY=server.admin_key,
                WANDB_SILENT="true",
                HOME=folder,
                WANDB_CACHE_DIR=folder,
                WANDB_ERROR_REPORTING="false",
            ),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        rows_read, wall, cpu = json.loads(done.stdout.strip().splitlines()[-1])
        spent = meter.cpu() - before
        found.append(
            {
                "what": label,
                "rows": rows_read,
                "rows_per_second": round(rows_read / wall),
                "reader_cpu_seconds": round(cpu, 2),
                "server_cpu_seconds": round(spent, 2),
            }
        )
        print(
            f"{label:32} {rows_read:>9,} rows  {rows_read / wall:>9,.0f} rows/s  "
            f"reader {cpu:6.2f} s CPU  server {spent:6.2f} s CPU",
            flush=True,
        )
    return found


def graphql(server: RunningServer, repeats: int = 200) -> list[dict[str, Any]]:
    meter = Meter(server)
    config = json.dumps({f"c{n}": {"value": n * 0.1} for n in range(30)})
    summary = json.dumps({f"m{n}": n / 7 for n in range(40)})
    upsert = """mutation U($n: String, $c: JSONString, $s: JSONString) { upsertBucket(input: {name: $n,
      modelName: "page", config: $c, summaryMetrics: $s, tags: ["a", "b"], host: "h"}) { bucket { id } } }"""
    full = PAGE.replace("FULL", "config systemMetrics summaryMetrics historyKeys")
    mid = PAGE.replace("FULL", "config summaryMetrics")
    light = PAGE.replace("FULL", "")
    one = """query Run($project: String!) { project(name: $project) { run(name: "r1") { id name state config
      summaryMetrics historyLineCount user { username } } } }"""
    given = {"project": "page", "entity": "admin", "order": "-created_at", "filters": "{}"}
    found = []
    with httpx.Client(base_url=server.base_url, auth=("api", server.admin_key), timeout=60) as http:

        def ask(query: str, variables: dict[str, Any]) -> Any:
            answer = http.post("/graphql", json={"query": query, "variables": variables})
            assert answer.status_code == 200 and "errors" not in answer.json(), answer.text
            return answer.json()["data"]

        for n in range(60):
            ask(upsert, {"n": f"r{n}", "c": config, "s": summary})
            line = json.dumps({"_step": 0, "_timestamp": 1.7e9, "_runtime": 1.0, "loss": n})
            http.post(
                f"/files/admin/page/r{n}/file_stream",
                json={"files": {"wandb-history.jsonl": {"offset": 0, "content": [line]}}},
            ).raise_for_status()
        assert len(ask(full, given)["project"]["runs"]["edges"]) == 50
        acts = {
            "Viewer": lambda: ask(VIEWER, {}),
            "50 runs, light": lambda: ask(light, given),
            "50 runs, config and summary": lambda: ask(mid, given),
            "50 runs, all that 0.19 asks": lambda: ask(full, given),
            "one run": lambda: ask(one, given),
            "file_stream heartbeat": lambda: http.post("/files/admin/page/r1/file_stream", json={}),
        }
        for label, act in acts.items():
            for _ in range(5):
                act()
            before = meter.cpu()
            for _ in range(repeats):
                act()
            spent = (meter.cpu() - before) / repeats * 1000
            found.append({"what": label, "server_cpu_ms": round(spent, 2)})
            print(f"{label:32} {spent:7.2f} ms of server CPU", flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", nargs="*", default=["graphql", "scan"], metavar="PART")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the rows")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    answers: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
        if "graphql" in args.which:
            answers["graphql"] = graphql(server)
        if "scan" in args.which:
            answers["scan"] = scan(server, args.rows // 20 if args.quick else args.rows)
    if args.json:
        args.json.write_text(json.dumps(answers, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
