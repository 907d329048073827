"""The other commands, as a person types them."""

from __future__ import annotations

import json
import netrc
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.server import RunningServer, clean_environment, free_port
from tests.support.written_runs import WrittenRun

from runstone.cli.main import app

RUNSTONE = (sys.executable, "-m", "runstone.cli")


def call(*words: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUNSTONE, *words],
        env=clean_environment(**env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


def signed_in(server: RunningServer, home: Path) -> dict[str, str]:
    return {
        "RUNSTONE_BASE_URL": server.base_url,
        "RUNSTONE_API_KEY": server.admin_key,
        "RUNSTONE_DATA": str(home),
    }


@pytest.fixture(scope="module")
def project(shared_server: RunningServer) -> str:
    """A project with three runs, made over the API."""
    with shared_server.client() as client:
        entity = client.me().default_entity
        for at in range(3):
            client.put_run(
                "",
                "cli",
                f"run{at}",
                display_name=f"run number {at}",
                config={"lr": 0.1 / (at + 1), "opt": {"name": "adam"}},
                summary={"acc": at / 10, "bad": float("nan")},
                tags=["a", "b"] if at else [],
            )
    return f"{entity}/cli"


def test_login_keeps_the_key_for_both_clients(shared_server: RunningServer, tmp_path: Path) -> None:
    env = {"RUNSTONE_DATA": str(tmp_path / "home"), "NETRC": str(tmp_path / "netrc")}
    done = call("login", shared_server.base_url, shared_server.admin_key, **env)
    assert done.returncode == 0, done.stderr
    assert shared_server.admin_key not in done.stdout + done.stderr
    host = shared_server.base_url.removeprefix("http://")
    assert netrc.netrc(tmp_path / "netrc").hosts[host][2] == shared_server.admin_key
    # And from now on nothing else need be said.
    assert call("projects", "--json", **env).returncode == 0


def test_login_reads_a_key_from_standard_input(shared_server: RunningServer, tmp_path: Path) -> None:
    env = {"RUNSTONE_DATA": str(tmp_path / "home"), "NETRC": str(tmp_path / "netrc")}
    done = call("login", shared_server.base_url, "--json", stdin=shared_server.admin_key + "\n", **env)
    assert json.loads(done.stdout)["username"]


def test_login_with_a_wrong_key_changes_nothing(shared_server: RunningServer, tmp_path: Path) -> None:
    env = {"RUNSTONE_DATA": str(tmp_path / "home"), "NETRC": str(tmp_path / "netrc")}
    done = call("login", shared_server.base_url, "local-" + "0" * 40, **env)
    assert done.returncode == 3
    assert not (tmp_path / "netrc").exists()
    assert not (tmp_path / "home" / "login.json").exists()


def test_login_to_nothing_says_that_it_is_away(tmp_path: Path) -> None:
    done = call("login", f"127.0.0.1:{free_port()}", "k" * 40, NETRC=str(tmp_path / "netrc"))
    assert done.returncode == 5
    assert "cannot be reached" in done.stderr


def test_runs_as_a_table_and_as_json(shared_server: RunningServer, project: str, tmp_path: Path) -> None:
    env = signed_in(shared_server, tmp_path)
    table = call("runs", project, "--column", "config.lr", "--column", "summary.acc", **env)
    assert table.returncode == 0, table.stderr
    assert table.stdout.splitlines()[0].split() == [
        "ID",
        "NAME",
        "STATE",
        "CREATED",
        "CONFIG.LR",
        "SUMMARY.ACC",
    ]
    assert len(table.stdout.splitlines()) == 4
    found = call(
        "runs", project, "--json", "--filter", '{"config.lr": {"$lt": 0.09}}', "--order=-summary.acc", **env
    )
    answer = json.loads(found.stdout)
    assert [run["id"] for run in answer["runs"]] == ["run2", "run1"]
    assert answer["total"] == 2
    assert answer["runs"][0]["summary"]["bad"] == "NaN"


def test_one_run_shown(shared_server: RunningServer, project: str, tmp_path: Path) -> None:
    env = signed_in(shared_server, tmp_path)
    shown = call("run", "show", f"{project}/run1", **env)
    assert "run number 1" in shown.stdout
    assert "opt.name" in shown.stdout
    assert json.loads(call("run", "show", f"{project}/run1", "--json", **env).stdout)["tags"] == ["a", "b"]


def test_projects_are_listed(shared_server: RunningServer, project: str, tmp_path: Path) -> None:
    env = signed_in(shared_server, tmp_path)
    names = [item["name"] for item in json.loads(call("projects", "--json", **env).stdout)]
    assert "cli" in names
    assert "cli" in call("projects", **env).stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("runs", "no-such-project"), 4),
        (("run", "show", "cli/none"), 4),
        (("run", "show", "nonsense"), 2),
        (("runs", "cli", "--filter", "{half"), 2),
        (("runs",), 2),
        (("no-such-command",), 2),
    ],
)
def test_exit_codes_tell_what_went_wrong(
    words: tuple[str, ...], code: int, shared_server: RunningServer, project: str, tmp_path: Path
) -> None:
    done = call(*words, **signed_in(shared_server, tmp_path))
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_errors_as_json_have_the_servers_shape(
    shared_server: RunningServer, project: str, tmp_path: Path
) -> None:
    done = call("run", "show", "cli/none", "--json", **signed_in(shared_server, tmp_path))
    said = json.loads(done.stdout)["error"]
    assert said["code"] == "not_found" and said["request_id"]


def test_a_reader_that_leaves_early_is_no_error(
    shared_server: RunningServer, project: str, tmp_path: Path
) -> None:
    env = clean_environment(**signed_in(shared_server, tmp_path))
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{' '.join(RUNSTONE)} runs {project} --json | head -c 1"],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr


def test_export_writes_the_whole_history(shared_server: RunningServer, tmp_path: Path) -> None:
    run = WrittenRun(tmp_path, project="cli-export").rows(100).end()
    env = signed_in(shared_server, tmp_path / "home")
    assert call("sync", str(tmp_path / "runstone"), **env).returncode == 0
    target = tmp_path / "out.jsonl"
    done = call("export", f"cli-export/{run.run}", "-o", str(target), **env)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert [row["_step"] for row in rows] == list(range(100))
    parquet = tmp_path / "out.parquet"
    assert call("export", f"cli-export/{run.run}", "-o", str(parquet), **env).returncode == 0
    import pyarrow.parquet

    assert pyarrow.parquet.read_table(parquet).num_rows == 100
    assert call("export", f"cli-export/{run.run}", "-o", str(tmp_path / "out.xyz"), **env).returncode == 2


def test_status_tells_what_waits(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run = WrittenRun(tmp_path).rows(1)
    run.enqueue(home, pid=os.getpid())
    said = json.loads(call("status", "--json", RUNSTONE_DATA=str(home)).stdout)
    assert said["server"] == "" and said["uplink"] is False
    assert [(item["run"], item["process"]) for item in said["queue"]] == [(f"uplink/{run.run}", "runs")]
    text = call("status", RUNSTONE_DATA=str(home)).stdout
    assert run.run in text and "none is known" in text


def test_doctor_finds_a_wrong_key_and_an_open_netrc(shared_server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine x login y password z\n")
    (tmp_path / "netrc").chmod(0o644)
    env = {
        "RUNSTONE_DATA": str(tmp_path / "home"),
        "NETRC": str(tmp_path / "netrc"),
        "RUNSTONE_BASE_URL": shared_server.base_url,
        "RUNSTONE_API_KEY": "local-" + "0" * 40,
    }
    done = call("doctor", "--json", **env)
    assert done.returncode == 1
    bad = {item["check"] for item in json.loads(done.stdout) if not item["ok"]}
    assert bad == {"netrc", "key"}
    (tmp_path / "netrc").chmod(0o600)
    env["RUNSTONE_API_KEY"] = shared_server.admin_key
    assert call("doctor", **env).returncode == 0


def test_verify_journal_tells_sound_from_damaged(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path).rows(50).end()
    assert call("verify-journal", str(tmp_path)).returncode == 0
    data = bytearray(run.path.read_bytes())
    data[len(data) // 2] ^= 1
    run.path.write_bytes(bytes(data))
    done = call("verify-journal", str(tmp_path), "--json")
    assert done.returncode == 1
    (report,) = json.loads(done.stdout)
    assert report["sound"] is False and report["problems"]
    assert call("verify-journal", str(tmp_path / "none")).returncode == 1


def test_the_version_is_printed() -> None:
    assert json.loads(call("version", "--json").stdout)["version"] == call("version").stdout.strip()


def test_help_is_quick_and_loads_no_server() -> None:
    code = (
        "import sys; sys.argv = ['runstone', '--help']\n"
        "from runstone.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "known = {'httpx', 'fastapi', 'sqlalchemy', 'numpy', 'pyarrow', 'psutil', 'pandas'}\n"
        "heavy = known & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


def test_every_command_is_described_in_the_docs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()
    for command in app.registered_commands:
        assert f"`runstone {command.name}" in text, command.name
    for group in app.registered_groups:
        assert f"`runstone {group.name} " in text, group.name
