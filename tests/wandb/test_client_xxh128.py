"""Artifacts of the published client whose files are told by XXH128 (0.29 on), and older ones that fetch
them."""

from __future__ import annotations

import pytest
from tests.support.wandb_clients import NEWEST, WandbClient
from tests.wandb.test_client_artifacts import FOLDER

MAKE = """
def artifact(name, made, kind="XXH128"):
    one = wandb.Artifact(name, "dataset", digest_algorithm=kind)
    one.add_dir(made)
    return one
"""


def test_made_found_again_changed_verified_and_fetched(client: WandbClient, project: str) -> None:
    if client.version < (0, 29):
        pytest.skip("These know MD5 only.")
    found = client.run(
        FOLDER
        + MAKE
        + """
made = folder("made")
with wandb.init(project=project) as run:
    first = run.log_artifact(artifact("ds", made)).wait()
    again = run.log_artifact(artifact("ds", made), aliases=["again"]).wait()
    elsewhere = run.log_artifact(artifact("other", made)).wait()
api = wandb.Api()
read = api.artifact(f"{project}/ds:v0")
fetched = read.download("fetched")
read.verify(fetched)
draft = read.new_draft()
pathlib.Path("more.txt").write_text("more")
draft.add_file("more.txt")
draft.remove("a.txt")
with wandb.init(project=project) as run:
    later = run.log_artifact(draft).wait()
    used = run.use_artifact("ds:v1")
    used.verify(used.download("fetched-later"))
pathlib.Path(fetched, "empty").write_text("changed")
try:
    read.verify(fetched)
except ValueError as error:
    changed = str(error)
algorithms = {name: str(entry.digest_algorithm()) for name, entry in used.manifest.entries.items()}
result({
    "versions": [first.version, again.version, elsewhere.version, later.version],
    "same": first.id == again.id, "aliases": sorted(api.artifact(f"{project}/ds:v0").aliases),
    "algorithm": [str(read.digest_algorithm), str(used.digest_algorithm)],
    "digest": [read.digest == artifact("ds", made).digest, len(read.digest)],
    "content": content("fetched") | {"empty": ""}, "later": content("fetched-later"),
    "source": content(made) | {"empty": ""}, "changed": changed, "algorithms": algorithms,
})
        """,
        project=project,
    ).result
    assert found["versions"] == ["v0", "v0", "v0", "v1"] and found["same"]
    assert found["aliases"] == ["again"]
    assert found["algorithm"] == ["ArtifactDigestAlgorithm.MANIFEST_XXH128"] * 2
    assert found["digest"] == [True, 32]
    assert found["content"] == found["source"]
    assert sorted(found["later"]) == ["empty", "more.txt", "sub/b ü.bin"]
    assert set(found["algorithms"].values()) == {"ArtifactDigestAlgorithm.MANIFEST_XXH128"}
    assert "empty" in found["changed"]


def test_a_collection_of_md5_stays_one(client: WandbClient, project: str) -> None:
    if client.version < (0, 29):
        pytest.skip("These know MD5 only.")
    found = client.run(
        FOLDER
        + MAKE
        + """
with wandb.init(project=project) as run:
    run.log_artifact(artifact("ds", folder("one"), "MD5")).wait()
    run.log_artifact(artifact("ds", folder("two", more="2"))).wait()
read = wandb.Api().artifact(f"{project}/ds:v1")
read.verify(read.download("fetched"))
result([str(read.digest_algorithm), {str(one.digest_algorithm()) for one in read.manifest.entries.values()}])
        """,
        project=project,
    ).result
    assert found[0] == "ArtifactDigestAlgorithm.MANIFEST_MD5"
    assert "XXH128" not in found[1]


def test_an_older_client_fetches_what_a_newer_one_has_made(client: WandbClient, project: str) -> None:
    newer = WandbClient(NEWEST, client.server, client.folder / "newer")
    source = newer.run(
        FOLDER
        + MAKE
        + """
made = folder("made")
with wandb.init(project=project) as run:
    run.log_artifact(artifact("ds", made)).wait()
result(content(made))
        """,
        project=project,
    ).result
    found = client.run(
        FOLDER
        + """
with wandb.init(project=project) as run:
    fetched = run.use_artifact("ds:latest").download("fetched")
result(content(fetched))
        """,
        project=project,
    ).result
    assert found == source
