"""Artifacts as the published client makes, finds, changes and fetches them."""

from __future__ import annotations

from typing import Any

import httpx
from tests.support.wandb_clients import WandbClient

# A folder of files, the same each time, and what a downloaded folder holds.
FOLDER = """
import hashlib, pathlib

def folder(name, **files):
    root = pathlib.Path(name)
    for path, text in {"a.txt": "hello", "sub/b ü.bin": "x" * 5000, "empty": "", **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return str(root)

def content(path):
    root = pathlib.Path(path)
    return {p.relative_to(root).as_posix(): hashlib.md5(p.read_bytes()).hexdigest()
            for p in sorted(root.rglob("*")) if p.is_file()}
"""


def test_a_folder_comes_back_equal_and_the_same_again_is_the_same_version(
    client: WandbClient, project: str
) -> None:
    found = client.run(
        FOLDER
        + """
made = folder("made")
(pathlib.Path("elsewhere.txt")).write_text("far away")
def artifact():
    one = wandb.Artifact("ds", "dataset", description="what it is", metadata={"k": {"deep": [1, None]}})
    one.add_dir(made)
    one.add_reference(pathlib.Path("elsewhere.txt").resolve().as_uri(), name="far.txt")
    return one
with wandb.init(project=project) as run:
    first = run.log_artifact(artifact(), aliases=["best", "nightly"])
    first.wait()
    again = run.log_artifact(artifact(), aliases=["again"])
    again.wait()
    pathlib.Path(made, "a.txt").write_text("changed")
    later = run.log_artifact(artifact())
    later.wait()
with wandb.init(project=project) as run:
    used = run.use_artifact("ds:best")
    fetched = used.download("fetched")
    user = run.id
api = wandb.Api()
read = api.artifact(f"{project}/ds:v0")
read.verify(fetched)
result({
    "versions": [first.version, again.version, later.version],
    "ids": first.id == again.id != later.id,
    "aliases": {n: sorted(api.artifact(f"{project}/ds:v{n}").aliases) for n in (0, 1)},
    "named": [read.name, read.type, read.description, dict(read.metadata), read.state, read.size],
    "digest": read.digest == first.digest, "commit": len(read.commit_hash),
    "content": content(fetched), "source": content(folder("source")),
    "far": pathlib.Path(fetched, "far.txt").read_text(),
    "entries": sorted(read.manifest.entries), "files": sorted(f.name for f in read.files()),
    "used by": [r.id for r in read.used_by()] == [user],
    "latest": api.artifact(f"{project}/ds").version,
})
        """,
        project=project,
    ).result
    assert found["versions"] == ["v0", "v0", "v1"] and found["ids"]
    assert found["aliases"] == {"0": ["again", "best", "nightly"], "1": ["latest"]}
    name, kind, description, metadata, state, size = found["named"]
    assert (name, kind, description, state) == ("ds:v0", "dataset", "what it is", "COMMITTED")
    assert metadata == {"k": {"deep": [1, None]}} and size == 5 + 5000 + 8
    assert found["digest"] and found["commit"] == 20
    assert {path: found["content"][path] for path in found["source"]} == found["source"]
    assert found["far"] == "far away"
    assert found["entries"] == ["a.txt", "empty", "far.txt", "sub/b ü.bin"] == found["files"]
    assert found["used by"] and found["latest"] == "v1"


def test_a_draft_keeps_what_it_does_not_change(client: WandbClient, project: str) -> None:
    found = client.run(
        FOLDER
        + """
with wandb.init(project=project) as run:
    one = wandb.Artifact("ds", "dataset")
    one.add_dir(folder("made"))
    run.log_artifact(one).wait()
    draft = run.use_artifact("ds:latest").new_draft()
    with draft.new_file("new.txt") as file:
        file.write("new in " + project)
    draft.remove("empty")
    run.log_artifact(draft).wait()
    made = run.id
api = wandb.Api()
first, second = api.artifact(f"{project}/ds:v0"), api.artifact(f"{project}/ds:v1")
births = {path: entry.birth_artifact_id for path, entry in second.manifest.entries.items()}
run = api.run(f"{project}/{made}")
result([content(first.download("first")), content(second.download("second")),
        births["a.txt"] == first.manifest.entries["a.txt"].birth_artifact_id, births["new.txt"] == second.id,
        sorted(a.name for a in run.logged_artifacts()), [a.name for a in run.used_artifacts()],
        first.logged_by().id == made])
        """,
        project=project,
    ).result
    first, second, kept, own, logged, used, by = found
    assert set(first) == {"a.txt", "empty", "sub/b ü.bin"}
    assert set(second) == {"a.txt", "new.txt", "sub/b ü.bin"} and second["a.txt"] == first["a.txt"]
    assert kept and own and by
    assert logged == ["ds:v0", "ds:v1"] and used == ["ds:v0"]


def test_several_runs_add_to_one_version(client: WandbClient, project: str) -> None:
    found = client.run(
        """
        for n in range(3):
            with wandb.init(project=project, group="all") as run:
                one = wandb.Artifact("shards", "dataset")
                with one.new_file(f"part-{n}.txt") as file:
                    file.write(f"part {n}")
                run.upsert_artifact(one)
        unseen = [t.name for t in wandb.Api().artifact_types(project)]
        try:
            wandb.Api().artifact(f"{project}/shards:latest")
            early = True
        except (ValueError, wandb.errors.CommError):
            early = False
        with wandb.init(project=project, group="all") as run:
            one = wandb.Artifact("shards", "dataset")
            with one.new_file("part-3.txt") as file:
                file.write("part 3")
            run.finish_artifact(one)
        read = wandb.Api().artifact(f"{project}/shards:latest")
        result([early, read.version, sorted(read.manifest.entries), read.file_count])
        """,
        project=project,
    ).result
    assert found == [False, "v0", [f"part-{n}.txt" for n in range(4)], 4]


def test_what_is_said_of_a_version_changes_and_its_content_does_not(
    client: WandbClient, project: str
) -> None:
    found = client.run(
        """
        from datetime import timedelta
        with wandb.init(project=project) as run:
            one = wandb.Artifact("m", "model", description="old")
            with one.new_file("w.bin") as file:
                file.write("weights")
            run.log_artifact(one, aliases=["a", "b"]).wait()
            two = wandb.Artifact("m", "model")
            with two.new_file("w.bin") as file:
                file.write("better weights")
            run.log_artifact(two).wait()
        api = wandb.Api()
        one = api.artifact(f"{project}/m:v0")
        one.description = "new"
        one.metadata["score"] = 0.5
        one.aliases.remove("a")
        one.aliases.append("c")
        if hasattr(one, "tags"):
            one.tags = ["gold", "two words"]
        one.ttl = timedelta(days=3)
        one.save()
        again = wandb.Api().artifact(f"{project}/m:v0")
        seen = [again.description, dict(again.metadata), sorted(again.aliases),
                sorted(getattr(again, "tags", ["gold", "two words"])), again.ttl.total_seconds()]
        again.ttl = wandb.ArtifactTTL.INHERIT if hasattr(wandb, "ArtifactTTL") else None
        again.save()
        inherited = wandb.Api().artifact(f"{project}/m:v0").ttl
        try:
            api.artifact(f"{project}/m:v0").delete()
            refused = False
        except (ValueError, wandb.errors.CommError):
            refused = True
        api.artifact(f"{project}/m:v0").delete(delete_aliases=True)
        left = [v.version for v in api.artifacts("model", f"{project}/m")]
        try:
            wandb.Api().artifact(f"{project}/m:v0")
            gone = False
        except (ValueError, wandb.errors.CommError):
            gone = True
        result([seen, inherited, refused, left, gone])
        """,
        project=project,
    ).result
    seen, inherited, refused, left, gone = found
    assert seen == ["new", {"score": 0.5}, ["b", "c"], ["gold", "two words"], 3 * 86400]
    assert inherited is None and refused and gone
    assert left == ["v1"]


def test_versions_and_collections_are_listed(client: WandbClient, project: str) -> None:
    found = client.run(
        """
        with wandb.init(project=project) as run:
            for name, kind, count in [("a", "dataset", 3), ("b", "dataset", 1), ("c", "model", 1)]:
                for n in range(count):
                    one = wandb.Artifact(name, kind)
                    with one.new_file("n.txt") as file:
                        file.write(str(n))
                    run.log_artifact(one).wait()
        api = wandb.Api()
        path = f"{api.default_entity}/{project}"
        types = sorted(t.name for t in api.artifact_types(path) if t.name not in ("wandb-history", "job"))
        collections = sorted(c.name for c in api.artifact_type("dataset", path).collections())
        versions = [v.version for v in api.artifacts("dataset", f"{path}/a", per_page=2)]
        exists = [True, False, True, False]
        if hasattr(api, "artifact_exists"):
            exists = [api.artifact_exists(f"{path}/a:v2"), api.artifact_exists(f"{path}/a:v9"),
                      api.artifact_collection_exists(f"{path}/b", "dataset"),
                      api.artifact_collection_exists(f"{path}/zz", "dataset")]
        one = api.artifact_collection("dataset", f"{path}/b")
        renamed = True
        if hasattr(one, "save"):
            one.name = "renamed"
            one.description = "said"
            one.save()
            renamed = wandb.Api().artifact_collection("dataset", f"{path}/renamed").description == "said"
        else:
            one.change_type("dataset")
        api.artifact_collection("model", f"{path}/c").delete()
        result([types, collections, versions, exists, renamed,
                [c.name for c in api.artifact_type("model", path).collections()]])
        """,
        project=project,
    ).result
    types, collections, versions, exists, renamed, left = found
    assert types == ["dataset", "model"] and collections == ["a", "b"]
    assert versions == ["v2", "v1", "v0"]
    assert exists == [True, False, True, False] and renamed and left == []


def test_a_linked_version_has_a_name_in_each_place(client: WandbClient, project: str) -> None:
    found = client.run(
        """
        with wandb.init(project=project) as run:
            one = wandb.Artifact("net", "model")
            with one.new_file("w.bin") as file:
                file.write("weights")
            run.log_artifact(one).wait()
            run.link_artifact(one, f"{run.entity}/{project}/chosen", aliases=["staging"])
            entity = run.entity
        api = wandb.Api()
        linked = api.artifact(f"{entity}/{project}/chosen:staging")
        path = linked.download("chosen")
        again = wandb.Artifact("net", "model")
        text = open(path + "/w.bin").read()
        result([linked.name.partition(":")[0], linked.version, sorted(linked.aliases), text,
                linked.source_name if hasattr(linked, "source_name") else "net:v0",
                sorted(api.artifact(f"{entity}/{project}/net:v0").aliases)])
        """,
        project=project,
    ).result
    assert found == ["chosen", "v0", ["latest", "staging"], "weights", "net:v0", ["latest"]]


def test_tables_and_media_in_artifacts_read_back(client: WandbClient, project: str) -> None:
    found = client.run(
        """
        import math
        with wandb.init(project=project) as run:
            table = wandb.Table(columns=["n", "text"], data=[[1, "a"], [2, None], [3.5, "ü"]])
            run.log({"t": table})
            one = wandb.Artifact("holder", "tables")
            one.add(wandb.Table(columns=["x"], data=[[math.pi]]), "inner")
            run.log_artifact(one).wait()
            made = run.id
        api = wandb.Api()
        logged = api.artifact(f"{project}/run-{made}-t:latest")
        back = logged.get("t")
        inner = api.artifact(f"{project}/holder:latest").get("inner")
        result([logged.type, back.columns, back.data, inner.data])
        """,
        project=project,
    ).result
    kind, columns, data, inner = found
    assert kind == "run_table" and columns == ["n", "text"]
    assert data == [[1, "a"], [2, None], [3.5, "ü"]]
    assert inner == [[3.141592653589793]]


def test_an_artifact_of_an_offline_run_comes_with_its_sync(client: WandbClient, project: str) -> None:
    client.run(
        """
        with wandb.init(project=project, id="later") as run:
            one = wandb.Artifact("ds", "dataset")
            with open("x.txt", "w") as file:  # what `new_file` makes is gone when the script has ended
                file.write("kept for later")
            one.add_file("x.txt")
            run.log_artifact(one, aliases=["offline"])
        """,
        project=project,
        env={"WANDB_MODE": "offline"},
    )
    folder = next((client.folder / "wandb").glob("offline-run-*"))
    client.command("sync", str(folder))
    found: Any = client.run(
        """
        read = wandb.Api().artifact(f"{project}/ds:offline")
        result([open(read.download("got") + "/x.txt").read(), read.logged_by().id, read.version])
        """,
        project=project,
    ).result
    assert found == ["kept for later", "later", "v0"]


def test_a_collection_that_was_deleted_is_in_the_trash_and_comes_back_for_the_client(
    client: WandbClient, project: str
) -> None:
    made = client.run(
        """
        with wandb.init(project=project) as run:
            for n in range(2):
                one = wandb.Artifact("net", "model")
                with one.new_file("w.txt") as f:
                    f.write(str(n))
                run.log_artifact(one, aliases=["best"] if n == 0 else []).wait()
        api = wandb.Api()
        path = f"{api.default_entity}/{project}"
        api.artifact_collection("model", f"{path}/net").delete()
        result([path, [c.name for c in api.artifact_type("model", path).collections()]])
        """,
        project=project,
    ).result
    path, left = made
    assert left == []
    server = client.server
    headers = {"Authorization": f"Bearer {server.admin_key}"}
    with httpx.Client(base_url=f"{server.base_url}/api/v1/projects/{path}", headers=headers) as api:
        (told,) = api.get("/collections", params={"trash": True}).json()["collections"]
        assert (told["name"], told["version_count"], told["bytes"]) == ("net", 2, 2)
        assert told["deleted_by"] == path.split("/")[0]
        api.post("/collections/restore", json={"id": told["id"]}).raise_for_status()
    found = client.run(
        """
        api = wandb.Api()
        path = f"{api.default_entity}/{project}"
        result([[v.version for v in api.artifacts("model", f"{path}/net")],
                api.artifact(f"{path}/net:best").version, api.artifact(f"{path}/net:latest").version])
        """,
        project=project,
    ).result
    assert found == [["v1", "v0"], "v0", "v1"]
