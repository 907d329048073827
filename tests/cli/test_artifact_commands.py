"""`runstone artifact`, `pull`, `registry`, `audit`: real commands against a real server."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.artifacts import log_artifact
from tests.support.server import RunningServer
from typer.testing import CliRunner

from runstone.cli.main import app

Call = Callable[..., Any]


@pytest.fixture
def call(shared_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """A command in this process: a hundred interpreters would take a minute to start."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUNSTONE_BASE_URL", shared_server.base_url)

    def run(*arguments: str, status: int = 0, key: str = "", plain: bool = False) -> Any:
        monkeypatch.setenv("RUNSTONE_API_KEY", key or shared_server.admin_key)
        done = CliRunner().invoke(app, [*arguments, *([] if plain else ["--json"])])
        assert done.exit_code == status, (done.exit_code, done.output, done.exception)
        return done.stdout if plain else json.loads(done.stdout or "null")

    return run


def admin(server: RunningServer, method: str, path: str, **body: Any) -> Any:
    answer = httpx.request(
        method,
        f"{server.base_url}/api/v1/admin/{path}",
        json=body,
        headers={"Authorization": f"Bearer {server.admin_key}"},
    )
    answer.raise_for_status()
    return answer.json() if answer.content else None


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data" / "sub").mkdir(parents=True)
    (tmp_path / "data" / "t.csv").write_text("a,b\n1,x\n")
    (tmp_path / "data" / "sub" / "w.bin").write_bytes(os.urandom(300_000))
    return tmp_path / "data"


def test_a_folder_is_put_listed_shown_fetched_and_checked(call: Call, data: Path, tmp_path: Path) -> None:
    made = call("artifact", "put", "data", "-n", "cli/cats", "-a", "clean", "--tag", "t", "-d", "said")
    assert (made["name"], made["state"], sorted(made["aliases"])) == (
        "cats:v0",
        "committed",
        ["clean", "latest"],
    )
    assert call("artifact", "put", "data", "-n", "cli/cats")["name"] == "cats:v0"
    (data / "t.csv").write_text("a,b\n2,x\n")
    assert call("artifact", "put", "data", "-n", "cli/cats")["name"] == "cats:v1"
    assert [item["name"] for item in call("artifact", "ls", "cli")] == ["cats"]
    versions = call("artifact", "ls", "cli/cats")
    assert [version["version"] for version in versions] == ["v1", "v0"]
    assert len({version["sha256"] for version in versions}) == 2
    shown = call("artifact", "show", "cli/cats:clean", "--contents")
    assert shown["description"] == "said" and [f["path"] for f in shown["files"]] == ["sub/w.bin", "t.csv"]
    found = call("artifact", "diff", "cli/cats:v0", "cats:v1")
    assert (found["changed"], [change["path"] for change in found["changes"]]) == (1, ["t.csv"])
    got = call("artifact", "get", "cli/cats:v1", "-o", "out")
    assert got["files_fetched"] + got["files_from_cache"] == 2
    assert (tmp_path / "out" / "sub" / "w.bin").read_bytes() == (data / "sub" / "w.bin").read_bytes()
    assert call("artifact", "get", "cli/cats:v1", "-o", "out")["files_there"] == 2
    assert call("artifact", "verify", "cli/cats:v1")["ok"]
    assert call("artifact", "verify", "cli/cats:v1", "--root", "out")["ok"]
    target = tmp_path / "out" / "sub" / "w.bin"
    content = bytearray(target.read_bytes())
    content[1000] ^= 1
    target.unlink()
    target.write_bytes(content)
    told = call("artifact", "verify", "cli/cats:v1", "--root", "out", status=1)
    assert told["changed"] == ["sub/w.bin"]


def test_what_is_put_is_known_by_its_columns_and_roles(call: Call, data: Path) -> None:
    made = call("artifact", "put", "data", "-n", "known/table")
    (table,) = made["facts"]["schema"]
    assert [column["name"] for column in table["columns"]] == ["a", "b"] and table["rows"] == 1
    (data / "t.csv").write_text("a,c\n1,x\n")
    call("artifact", "put", "data", "-n", "known/table")
    changes = call("artifact", "diff", "known/table:v0", "table:v1")["schema"]
    assert [(change["change"], change["column"]) for change in changes] == [
        ("column removed", "b"),
        ("column added", "c"),
    ]
    roles = call("artifact", "put", "data", "-n", "known/net", "-t", "model")["facts"]["roles"]
    assert roles["missing"] == ["training_script", "evaluation", "environment"]
    assert roles["pickles"] == ["sub/w.bin"]


def test_a_byte_that_the_server_lost_is_told(call: Call, data: Path, shared_server: RunningServer) -> None:
    (data / "big.bin").write_bytes(os.urandom(1_500_000))
    call("artifact", "put", "data", "-n", "rot/cats")
    stored = [
        path for path in shared_server.data.rglob("*") if path.is_file() and path.stat().st_size == 1_500_000
    ]
    assert len(stored) == 1
    content = bytearray(stored[0].read_bytes())
    content[700_000] ^= 1
    stored[0].chmod(0o600)
    stored[0].write_bytes(content)
    assert call("artifact", "verify", "rot/cats:v0", status=1)["changed"] == ["big.bin"]
    call("artifact", "get", "rot/cats:v0", "-o", "out", status=1)
    assert not (Path("out") / "big.bin").exists()


def test_aliases_tags_and_the_trash(call: Call, data: Path) -> None:
    call("artifact", "put", "data", "-n", "bin/cats")
    assert "prod" in call("artifact", "alias", "bin/cats:v0", "--add", "prod", "--reason", "good")["aliases"]
    assert call("artifact", "tag", "bin/cats", "--add", "x", "--add", "y")["tags"] == ["x", "y"]
    assert call("artifact", "tag", "bin/cats", "--remove", "x")["tags"] == ["y"]
    call("artifact", "rm", "bin/cats:v0", status=1)  # an alias points to it
    gone = call("artifact", "rm", "bin/cats:v0", "--aliases")
    call("artifact", "show", "bin/cats:v0", status=4)
    assert call("artifact", "restore", f"@{gone['id']}")["name"] == "cats:v0"
    call("artifact", "show", "bin/cats:v0")


def test_a_whole_artifact_is_listed_in_the_trash_and_restored(call: Call, data: Path) -> None:
    for name in ("cats", "cats", "dogs"):
        (data / "t.csv").write_text(os.urandom(4).hex())
        call("artifact", "put", "data", "-n", f"whole/{name}", "-a", "best")
    call("artifact", "rm", "whole/cats", "--all")
    (told,) = call("artifact", "ls", "whole", "--trash")
    assert (told["name"], told["version_count"], told["deleted_by"]) == ("cats", 2, "admin")
    text = call("artifact", "ls", "whole", "--trash", plain=True)
    assert "GONE FOR GOOD" in text and "cats" in text and "dogs" not in text
    assert "No artifacts in the trash" in call("artifact", "ls", "whole", "--trash", "-t", "x", plain=True)
    call("artifact", "put", "data", "-n", "whole/cats")
    call("artifact", "restore", "whole/cats", status=1, plain=True)  # the name was taken meanwhile
    assert "old-cats: 2 versions are back." in call(
        "artifact", "restore", "whole/cats", "--as", "old-cats", plain=True
    )
    assert call("artifact", "show", "whole/old-cats:best")["version"] == "v1"
    gone = call("artifact", "rm", "whole/old-cats:v0")
    (version,) = call("artifact", "ls", "whole/old-cats", "--trash")
    assert (version["id"], version["version"]) == (gone["id"], "v0") and version["deleted_at"]
    assert f"@{gone['id']}" in call("artifact", "ls", "whole/old-cats", "--trash", plain=True)
    for _ in range(2):
        call("artifact", "rm", "whole/cats", "--all")
        (data / "t.csv").write_text(os.urandom(4).hex())
        call("artifact", "put", "data", "-n", "whole/cats")
    call("artifact", "rm", "whole/cats", "--all")
    call("artifact", "restore", "whole/cats", status=1, plain=True)  # which of them?
    listed = call("artifact", "ls", "whole", "--trash")
    assert call("artifact", "restore", "whole/cats", "--id", str(listed[0]["id"]))["name"] == "cats"


def test_what_is_wrong_is_said_with_a_status(call: Call, data: Path) -> None:
    call("artifact", "put", "data", "-n", "a/b/c/d", status=2, plain=True)
    call("artifact", "put", "none", "-n", "p/x", status=1, plain=True)
    call("artifact", "put", "data", "-n", "p/x", "--metadata", "{", status=2, plain=True)
    call("artifact", "put", "data", "-n", "p/x", "--metadata", "[1]", status=2, plain=True)
    call("artifact", "put", "data", "-n", "wrong/x")
    call("artifact", "get", "wrong/x:v0", "--prefix", "none/", status=4, plain=True)
    call("artifact", "ls", "wrong/x:v0", "none", status=4, plain=True)
    told = call("artifact", "get", "wrong/x:v0", "-o", "data/t.csv", status=1)  # a file is there
    assert "data/t.csv" in told["error"]["message"]
    call("artifact", "get", "p/none:v0", status=4)
    call("artifact", "restore", "x", status=2, plain=True)
    call("artifact", "restore", status=2, plain=True)
    call("artifact", "restore", "p/x:v0", status=2, plain=True)
    call("artifact", "restore", "@1", "--as", "y", status=2, plain=True)
    call("artifact", "restore", "@1", "--deletion", "1", status=2, plain=True)
    call("artifact", "restore", "--deletion", "999999", status=4)
    call("artifact", "restore", "p/none", status=4)
    call("artifact", "ls", "p/x:v0", "--trash", status=2, plain=True)
    (data / "leak").symlink_to("/etc/hostname")
    call("artifact", "put", "data", "-n", "p/x", status=1, plain=True)


def test_a_registry_from_link_to_rollback(
    call: Call, data: Path, shared_server: RunningServer, tmp_path: Path
) -> None:
    admin(shared_server, "POST", "organizations", name="acme", owner="admin")
    admin(shared_server, "POST", "users", username="reader", api_key="r" * 40)
    admin(shared_server, "POST", "organizations/acme/members", username="reader", role="viewer")
    assert call("registry", "create", "models", "--type", "model")["organization"] == "acme"
    assert [found["name"] for found in call("registry", "ls")] == ["models"]
    for number in range(2):
        (data / "t.csv").write_text(str(number))
        call("artifact", "put", "data", "-n", "team/net", "-t", "model")
    call("registry", "link", "team/net:v0", "models/net", status=1)  # no run, so no dataset
    for number in range(2):
        linked = call("registry", "link", f"team/net:v{number}", "models/net", "--allow-unlinked", "by hand")
        assert linked["version"] == f"v{number}"
    for version in ("v0", "v1"):
        to = ("models/net", version, "production", "-r", f"try {version}", "--force")
        call("registry", "promote", *to, "--evidence", "accuracy=0.9", "--evidence", f"run=eval/{version}")
    call("registry", "promote", *to, "--evidence", "much", status=2)
    points = call("registry", "ls", "models")[0]["aliases"]
    assert points["production"] == "v1"
    back = call("registry", "rollback", "models/net", "production", "-r", "worse")
    assert back["version"] == "v0"
    log = call("registry", "log", "models/net", "--alias", "production")
    assert [(move["act"], move["to_version"], move["reason"]) for move in log] == [
        ("rollback", "v0", "worse"),
        ("promote", "v1", "try v1"),
        ("promote", "v0", "try v0"),
    ]
    assert [move["evidence"] for move in log] == [
        {},
        {"accuracy": 0.9, "run": "eval/v1"},
        {"accuracy": 0.9, "run": "eval/v0"},
    ]
    at = "acme/wandb-registry-models/net"
    compared = call("registry", "compare", f"{at}:v1", f"{at}:production")
    assert not compared["same_content"] and compared["files"]["changed"] == 1
    assert call("registry", "compare", "models/net:v1", "models/net:production") == compared
    assert call("registry", "compare", "team/net:v1", "net:production")["files"] == compared["files"]
    pulled = call("pull", f"{at}:production", "-o", "deploy", key="r" * 40)
    assert pulled["version"] == "v0" and (tmp_path / "deploy" / "t.csv").read_text() == "0"
    call(
        "registry", "promote", "models/net", "v1", "production", "-r", "x", "--force", status=3, key="r" * 40
    )
    verdict = call("audit", "verify")
    assert verdict["ok"] and verdict["rows"] > 0
    lines = call("audit", "export", plain=True).splitlines()
    assert len(lines) >= verdict["rows"] and all(json.loads(line)["hash"] for line in lines)


def rows(server: RunningServer) -> dict[str, list[Any]]:
    """All that the server's records hold, but for when keys were last used and its own jobs ran."""
    with contextlib.closing(sqlite3.connect(f"file:{server.data}/records.db?mode=ro", uri=True)) as found:
        names = [name for (name,) in found.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        names = [name for name in names if not name.startswith("sqlite_")]
        names = [name for name in names if name not in ("api_keys", "job_leases")]
        return {name: sorted(map(repr, found.execute(f'SELECT * FROM "{name}"'))) for name in names}


@pytest.mark.parametrize("whose", ["a viewer's key", "a key that may only read"])
def test_a_model_is_pulled_to_deploy_it_without_the_right_to_write_and_nothing_is_written(
    call: Call, data: Path, shared_server: RunningServer, tmp_path: Path, whose: str
) -> None:
    organization, registry = f"deploy-{len(whose)}", f"live-{len(whose)}"
    admin(shared_server, "POST", "organizations", name=organization, owner="admin")
    if whose == "a viewer's key":
        key = "v" * 40
        admin(shared_server, "POST", "users", username="deployer", api_key=key)
        place = f"organizations/{organization}/members"
        admin(shared_server, "POST", place, username="deployer", role="viewer")
    else:
        with shared_server.client() as client:
            made = client.create_api_key("deploy", read_only=True)
        key = made.key
        assert made.read_only
    at, project = f"{organization}/{registry}/net", f"of-{len(whose)}"
    call("registry", "create", registry, "--organization", organization, "--type", "model")
    for number in range(2):
        (data / "t.csv").write_text(str(number))
        call("artifact", "put", "data", "-n", f"{project}/net-{registry}", "-t", "model")
        source = f"{project}/net-{registry}:v{number}"
        call("registry", "link", source, at, "--allow-unlinked", "by hand")
    call("registry", "promote", at, "v0", "production", "-r", "good", "--force")

    before = rows(shared_server)
    said = f"{registry}/net:production" if whose == "a viewer's key" else f"{at}:production"
    pulled = call("pull", said, "-o", "deploy", key=key)
    assert (pulled["version"], pulled["files_fetched"] + pulled["files_from_cache"]) == ("v0", 2)
    assert (tmp_path / "deploy" / "t.csv").read_text() == "0"
    assert call("pull", said, "-o", "deploy", key=key)["files_there"] == 2
    assert call("artifact", "verify", pulled["qualified_name"], "--root", "deploy", key=key)["ok"]
    call("lineage", pulled["qualified_name"], key=key)
    for refused in (
        ["artifact", "put", "data", "-n", f"{project}/net-{registry}", "-t", "model"],
        ["artifact", "put", "data", "-n", f"{organization}/new/net"],
        ["artifact", "alias", pulled["qualified_name"], "--add", "mine"],
        ["artifact", "rm", pulled["qualified_name"], "--aliases"],
        ["registry", "link", pulled["qualified_name"], f"{organization}/{registry}/other"],
        ["registry", "promote", at, "v1", "production", "-r", "x", "--force"],
        ["registry", "rollback", at, "production", "-r", "x"],
        ["registry", "create", "another", "--organization", organization],
    ):
        if whose == "a viewer's key" and refused[-1].endswith(("model", "new/net")):
            continue  # in an entity of his own he may
        # What lies in a project that he may not see is not there for him.
        hidden = whose == "a viewer's key" and refused[1] == "rm"
        assert "error" in call(*refused, key=key, status=4 if hidden else 3)
    after = rows(shared_server)
    assert {name for name in before if before[name] != after[name]} == set()


def test_a_name_to_deploy_is_looked_for_in_registries_and_projects_and_never_guessed(
    call: Call, data: Path, shared_server: RunningServer, tmp_path: Path
) -> None:
    admin(shared_server, "POST", "organizations", name="guess", owner="admin")
    for registry in ("left", "right"):
        call("registry", "create", registry, "--organization", "guess", "--type", "model")
    call("artifact", "put", "data", "-n", "src/one", "-t", "model")
    call("registry", "link", "src/one:v0", "guess/left/only", "--allow-unlinked", "x", "-a", "production")
    assert call("pull", "only:production", "-o", "a")["version"] == "v0"
    assert call("pull", "left/only:production", "-o", "a")["version"] == "v0"
    assert call("pull", "guess/left/only:production", "-o", "a")["version"] == "v0"
    assert call("pull", "wandb-registry-left/only:production", "-o", "a")["version"] == "v0"
    assert call("pull", "src/one:v0", "-o", "a")["version"] == "v0"
    # The same version by two ways is no question; another one is.
    call("registry", "link", "src/one:v0", "guess/right/only", "--allow-unlinked", "x", "-a", "production")
    assert call("pull", "only:production", "-o", "a")["version"] == "v0"
    (data / "t.csv").write_text("other")
    call("artifact", "put", "data", "-n", "left/only", "-t", "model", "-a", "production")
    told = call("pull", "left/only:production", "-o", "a", status=2)
    assert "may be any of" in told["error"]["message"]
    told = call("pull", "left/absent:production", "-o", "a", status=4)
    assert "neither in a registry nor in a project" in told["error"]["message"]


def test_a_reference_that_is_away_stops_a_download_unless_it_may_be_missing(
    call: Call, shared_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNSTONE_DATA", str(tmp_path / "home"))
    oid = hashlib.sha256(b"big").hexdigest()
    away = {
        "ref": f"lfs://sha256/{oid}",
        "digest": oid,
        "size": 3,
        "extra": {"kind": "git-lfs", "sha256": oid},
    }
    with httpx.Client(
        base_url=f"{shared_server.base_url}/api/v1",
        headers={"Authorization": f"Bearer {shared_server.admin_key}"},
    ) as api:
        log_artifact(api, "/projects/admin/pointing", "set", {"own.txt": b"own"}, refs={"big.bin": away})
    told = call("artifact", "get", "pointing/set", "-o", "out", status=1)
    assert told["error"]["code"] == "reference_away"
    assert "git lfs fetch" in told["error"]["message"]
    done = call("artifact", "get", "pointing/set", "-o", "out", "--allow-missing-references")
    assert len(done["missing_references"]) == 1 and done["missing_references"][0].startswith("big.bin: ")
    assert (tmp_path / "out" / "own.txt").read_bytes() == b"own"
    store = tmp_path / "store" / "objects" / oid[:2] / oid[2:4]
    store.mkdir(parents=True)
    (store / oid).write_bytes(b"big")
    monkeypatch.setenv("RUNSTONE_REFERENCE_ROOTS", str(tmp_path / "store"))
    assert call("artifact", "get", "pointing/set", "-o", "out")["missing_references"] == []
    assert call("artifact", "verify", "pointing/set", "--root", "out")["ok"]


def test_lineage_storage_and_collection(
    call: Call, data: Path, shared_server: RunningServer, tmp_path: Path
) -> None:
    from runstone.client.artifacts import ArtifactVersion

    (data / "t.csv").write_text(f"{os.urandom(8).hex()}")  # what another test has too would not be freed
    raw = call("artifact", "put", "data", "-n", "line/raw")
    with shared_server.client() as client:
        client.put_run("", "line", "train1")
        client.artifacts.use("", "line", "train1", f"@{raw['id']}")
        made = client.artifacts.create("", "line", name="net", type="model", run="train1").artifact
        client.artifacts.commit("", "line", made.id)
        assert [run.id for run in ArtifactVersion.by_id(client, raw["id"]).used_by()] == ["train1"]
        deployed = client.deployments.record("", site="berlin", name="net", artifact=f"@{made.id}")
        assert deployed.version_id == made.id
        client.deployments.add_prediction("", "p1", deployment=deployed.id)
    up = call("lineage", "line/net:v0", "--direction", "up")
    kinds = {(node["kind"], node["depth"]) for node in up["nodes"]}
    assert {("artifact", 0), ("run", -1), ("artifact", -2)} <= kinds
    assert call("lineage", "--run", "line/train1", "--direction", "up")["edges"][0]["kind"] == "used"
    down = call("impact", "line/raw:v0")
    assert "deployment" in {node["kind"] for node in down["graph"]["nodes"]}
    traced = call("trace-back", "p1")
    assert traced["run"].endswith("/line/train1") and traced["artifact"]["name"] == "net:v0"
    assert [node["label"] for node in traced["inputs"]] == ["raw:v0"]
    before = call("du", "line")
    assert before["versions"] == 2 and before["stored_bytes"] == 300_016
    of_all = {one["name"]: one for one in call("du")["projects"]}
    assert of_all["line"]["stored_bytes"] == before["stored_bytes"] and call("du", "admin/")["projects"]
    call("artifact", "rm", "line/raw:v0", "--aliases")
    assert call("du", "line")["trash_bytes"] == before["stored_bytes"]
    told = call("gc", "--dry-run", "--spared-seconds", "0", "--trash-seconds", "0")
    assert told["dry_run"] and told["bytes"] >= before["stored_bytes"]
    done = call("gc", "--spared-seconds", "0", "--trash-seconds", "0")
    assert (done["blobs"], done["bytes"]) == (told["blobs"], told["bytes"])
    assert call("du", "line")["trash_versions"] == 0
    for words in (
        ("lineage", "line/net:v0"),
        ("du", "line"),
        ("du",),
        ("gc", "--dry-run"),
        ("trace-back", "p1"),
    ):
        assert call(*words, plain=True)
    call("lineage", "line/net:v0", "--direction", "sideways", status=2, plain=True)


def test_a_version_is_listed_like_a_folder(call: Call, tmp_path: Path) -> None:
    for name, text in (("a.txt", "1"), ("img/1.png", "22"), ("img/x/2.png", "333"), ("img/x/3.png", "4444")):
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(text)
    call("artifact", "put", "tree", "-n", "lsfolder/set")
    top = call("artifact", "ls", "lsfolder/set:v0")
    assert top["folders"] == [{"path": "img/", "files": 3, "bytes": 9}]
    assert [file["path"] for file in top["files"]] == ["a.txt"]
    shown = call("artifact", "ls", "lsfolder/set", "img", plain=True)
    assert [line.split()[:3] for line in shown.splitlines()[1:]] == [["x/", "2", "7"], ["1.png", "-", "2"]]
    one = call("artifact", "ls", "lsfolder/set:v0", "img/x", "--limit", "1")
    assert [file["path"] for file in one["files"]] == ["img/x/2.png"] and one["next"]
    assert [file["path"] for file in call("artifact", "ls", "lsfolder/set", "a.txt")["files"]] == ["a.txt"]
    call("artifact", "ls", "lsfolder/set", "nowhere", status=4, plain=True)
