"""Artifacts over the wire, request by request: what clients rely on and would not notice missing."""

from __future__ import annotations

import hashlib
import json
import os
from base64 import b64encode

import httpx
import pytest
from tests.support.wandb_artifacts import (
    CREATE_ARTIFACT_FILES,
    Artifacts,
    b64_md5,
    digest_of,
    manifest_of,
    members,
)
from tests.support.wandb_wire import Wire

FILES = {"b.txt": b"bbb", "a.txt": b"aaa", "deep/ü c.bin": os.urandom(3000)}
JOIN = """mutation J($i: CompleteMultipartUploadArtifactInput!) {
  completeMultipartUploadArtifact(input: $i) { digest } }"""


@pytest.fixture
def artifacts(wire: Wire) -> Artifacts:
    return Artifacts(wire)


def unique(**files: str) -> dict[str, bytes]:
    """Files whose bytes nobody has sent before."""
    return {name: os.urandom(16) + text.encode() for name, text in files.items()}


def test_files_are_answered_in_their_order_and_known_bytes_need_not_come_again(
    artifacts: Artifacts,
) -> None:
    old, new = unique(x="old"), unique(y="new", a="newer")
    first = artifacts.log("one", old)
    made = artifacts.create("two", digest_of({**new, **old}))
    mixed = {"y": new["y"], "x2": old["x"], "a": new["a"]}
    nodes = artifacts.files(made["id"], mixed)
    assert [node["name"] for node in nodes] == ["y", "x2", "a"]
    assert [node["uploadUrl"] is None for node in nodes] == [False, True, False]
    assert [node["artifact"]["id"] for node in nodes] == [made["id"], first["id"], made["id"]]
    assert all(node["uploadUrl"].startswith("http") for node in nodes if node["uploadUrl"])


def test_bytes_that_are_not_those_announced_are_refused(artifacts: Artifacts) -> None:
    files = unique(x="right")
    made = artifacts.create("ds", digest_of(files))
    (node,) = artifacts.files(made["id"], files)
    answer = httpx.put(node["uploadUrl"], content=b"something else")
    assert answer.status_code == 400 and "MD5" in answer.json()["error"]["message"]
    assert artifacts.files(made["id"], files)[0]["uploadUrl"]  # still wanted


def test_a_version_is_not_seen_before_all_of_its_files_have_come(artifacts: Artifacts, wire: Wire) -> None:
    files = unique(here="1", missing="2")
    made = artifacts.create("ds", digest_of(files))
    artifacts.put_files(made["id"], {"here": files["here"]})
    artifacts.manifest(made["id"], manifest_of(files))
    answer = wire.post(
        "mutation C($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { id } } }",
        {"id": made["id"]},
    )
    assert answer.status_code == 409 and "'missing'" in answer.json()["errors"][0]["message"]
    assert artifacts.project('artifact(name: "ds:latest") { id }') == {"artifact": None}
    artifacts.put_files(made["id"], {"missing": files["missing"]})
    assert artifacts.commit(made["id"])["state"] == "COMMITTED"
    assert artifacts.paths("ds:v0") == ["here", "missing"]


def test_a_large_file_comes_in_parts(artifacts: Artifacts, wire: Wire) -> None:
    whole = os.urandom(300_000)
    parts = [whole[at : at + 100_000] for at in range(0, len(whole), 100_000)]
    files = {"big.bin": whole}
    made = artifacts.create("big", digest_of(files))
    wanted = [
        {"partNumber": number, "hexMD5": hashlib.md5(part).hexdigest()}
        for number, part in enumerate(parts, 1)
    ]
    (node,) = artifacts.files(made["id"], files, uploadPartsInput=wanted)
    urls = node["uploadMultipartUrls"]["uploadUrlParts"]
    assert [one["partNumber"] for one in urls] == [1, 2, 3]
    etags = {}
    for one, part in reversed(list(zip(urls, parts, strict=True))):  # in whatever order
        answer = httpx.put(one["uploadUrl"], content=part)
        etags[one["partNumber"]] = answer.headers["ETag"]
    given = {
        "completeMultipartAction": "Complete",
        "artifactID": made["id"],
        "storagePath": node["storagePath"],
        "uploadID": node["uploadMultipartUrls"]["uploadID"],
    }
    swapped = [{"partNumber": n, "hexMD5": etags[4 - n]} for n in (1, 2, 3)]
    assert wire.post(JOIN, {"i": {**given, "completedParts": swapped}}).status_code == 400
    for _ in range(2):  # a client asks again where the answer was lost
        done = [{"partNumber": n, "hexMD5": etags[n]} for n in (3, 1, 2)]
        answered = wire.graphql(JOIN, i={**given, "completedParts": done})
        assert answered["completeMultipartUploadArtifact"]["digest"] == b64_md5(whole)
    artifacts.manifest(made["id"], manifest_of(files))
    artifacts.commit(made["id"])
    found = artifacts.project('artifact(name: "big:v0") { size files { edges { node { directUrl } } } }')
    url = found["artifact"]["files"]["edges"][0]["node"]["directUrl"]
    assert httpx.get(url).content == whole and found["artifact"]["size"] == len(whole)
    some = httpx.get(url, headers={"Range": "bytes=99999-200000"})
    assert some.status_code == 206 and some.content == whole[99_999:200_001]
    of_these = {"Range": "bytes=1-2", "If-Range": some.headers["ETag"]}
    assert httpx.get(url, headers=of_these).content == whole[1:3]
    of_others = httpx.get(url, headers={**of_these, "If-Range": '"another"'})
    assert of_others.status_code == 200 and of_others.content == whole
    assert httpx.get(url, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416


def test_patches_of_several_writers_make_one_version(artifacts: Artifacts) -> None:
    one, other = unique(a="1", shared="old"), unique(b="2", shared="new")
    made = [artifacts.create("all", digest_of(files), distributedID="group") for files in (one, other)]
    assert made[0]["id"] == made[1]["id"]
    for files in (one, other):
        artifacts.put_files(made[0]["id"], files)
        artifacts.manifest(made[0]["id"], manifest_of(files), kind="PATCH")
    done = artifacts.commit(made[0]["id"])
    assert artifacts.paths("all:latest") == ["a", "b", "shared"]
    assert done["digest"] == digest_of({**one, **other})


def test_an_incremental_version_is_laid_over_its_base(artifacts: Artifacts) -> None:
    base, more = unique(a="1", b="2"), unique(b="changed", c="3")
    first = artifacts.log("inc", base)
    made = artifacts.create("inc", digest_of(more))
    assert made["artifactSequence"]["latestArtifact"] == {"id": first["id"], "versionIndex": 0}
    artifacts.put_files(made["id"], more)
    artifacts.manifest(made["id"], manifest_of(more), kind="INCREMENTAL", base=first["id"])
    assert artifacts.commit(made["id"])["digest"] == digest_of({**base, **more})
    assert artifacts.paths("inc:v1") == ["a", "b", "c"]
    # What was announced told of the new files only: the same again is no older version.
    assert artifacts.create("inc", digest_of(more))["state"] == "PENDING"


def test_the_same_content_is_the_same_version_and_takes_the_aliases(artifacts: Artifacts, wire: Wire) -> None:
    first = artifacts.log("ds", FILES)
    artifacts.log("ds", unique(x="between"))
    alias = [{"artifactCollectionName": "ds", "alias": "good"}]
    again = artifacts.create("ds", digest_of(FILES), aliases=alias)
    assert (again["id"], again["state"]) == (first["id"], "COMMITTED")
    seen = {one["versionIndex"]: {a["alias"] for a in one["aliases"]} for one in members(wire, "ds")}
    assert seen == {1: {"v1"}, 0: {"v0", "good", "latest"}}


def test_two_that_send_the_same_at_once_both_keep_the_id_they_were_given(artifacts: Artifacts) -> None:
    files = unique(x="same")
    made = [artifacts.create("ds", digest_of(files)) for _ in range(2)]
    assert made[0]["id"] != made[1]["id"]
    for one in made:
        artifacts.put_files(one["id"], files)
        artifacts.manifest(one["id"], manifest_of(files))
    assert [artifacts.commit(one["id"])["id"] for one in made] == [one["id"] for one in made]
    assert artifacts.paths("ds:v0") == artifacts.paths("ds:v1") == ["x"]
    assert artifacts.create("ds", digest_of(files))["id"] == made[1]["id"]


def test_the_manifest_is_read_back_as_clients_write_it(artifacts: Artifacts) -> None:
    made = artifacts.log("ds", {**FILES, "own.txt": os.urandom(20)})
    found = artifacts.project('artifact(name: "ds:v0") { currentManifest { file { directUrl } } }')
    answer = httpx.get(found["artifact"]["currentManifest"]["file"]["directUrl"])
    manifest = json.loads(answer.content)
    assert manifest["version"] == 1 and manifest["storagePolicyConfig"] == {"storageLayout": "V2"}
    assert list(manifest["contents"]) == ["a.txt", "b.txt", "deep/ü c.bin", "own.txt"]
    entry = manifest["contents"]["deep/ü c.bin"]
    assert (entry["digest"], entry["size"]) == (b64_md5(FILES["deep/ü c.bin"]), 3000)
    assert manifest["contents"]["own.txt"]["birthArtifactID"] == made["id"]


def test_addresses_that_old_clients_make_want_a_key_that_may_read(
    artifacts: Artifacts, wire: Wire, stranger: httpx.Client
) -> None:
    files = unique(x="content")
    made = artifacts.log("ds", files)
    md5 = hashlib.md5(files["x"]).hexdigest()
    place = f"{wire.entity}/{wire.project}/ds"
    for path in (
        f"/artifacts/{wire.entity}/{md5}",
        f"/artifactsV2/default/{wire.entity}/{made['id']}/{md5}",
        f"/artifactsV2/default/{place}/{made['id']}/{md5}/x",
        f"/artifactsV2/default/{place}/{made['id']}/{made['id']}/{md5}/x",
    ):
        assert wire.http.get(path).content == files["x"], path
        assert wire.http.get(path, headers={"Range": "bytes=3-5"}).content == files["x"][3:6]
        assert stranger.get(path).status_code == 404
        assert httpx.get(f"{wire.http.base_url}{path}").status_code == 401
    assert wire.http.get(f"/artifacts/{wire.entity}/nonsense").status_code == 404


def test_an_address_for_one_act_is_good_for_no_other(artifacts: Artifacts) -> None:
    files = unique(x="1")
    made = artifacts.create("ds", digest_of(files))
    (node,) = artifacts.files(made["id"], files)
    assert httpx.get(node["uploadUrl"]).status_code == 403
    artifacts.put_files(made["id"], files)
    artifacts.manifest(made["id"], manifest_of(files))
    artifacts.commit(made["id"])
    found = artifacts.project('artifact(name: "ds:v0") { files { edges { node { directUrl uploadUrl } } } }')
    (edge,) = found["artifact"]["files"]["edges"]
    assert edge["node"]["uploadUrl"] is None
    token = edge["node"]["directUrl"].split("/storage/")[1].split("/")[0]
    base = edge["node"]["directUrl"].split("/storage/")[0]
    assert httpx.put(f"{base}/storage/{token}", content=b"x").status_code == 403


def test_nobody_else_sees_or_changes_an_artifact(
    artifacts: Artifacts, wire: Wire, stranger: httpx.Client
) -> None:
    made = artifacts.log("ds", unique(x="1"), clientID="client-1")
    asked = {
        "query": """query Q($id: ID!) {
          artifact(id: $id) { digest } clientIDMapping(clientID: "client-1") { serverID } }""",
        "variables": {"id": made["id"]},
    }
    assert stranger.post("/graphql", json=asked).json()["data"] == {"artifact": None, "clientIDMapping": None}
    spec = {"artifactID": made["id"], "name": "y", "md5": b64encode(bytes(16)).decode()}
    sent = stranger.post(
        "/graphql",
        json={"query": CREATE_ARTIFACT_FILES, "variables": {"i": {"artifactFiles": [spec]}}},
    )
    assert sent.status_code == 404


def test_pages_of_versions_and_files_hold_each_once(artifacts: Artifacts, wire: Wire) -> None:
    for n in range(5):
        artifacts.log("ds", {f"f{i:02}": f"{wire.project}-{n}-{i}".encode() for i in range(7)})

    def walk(field: str, inner: str) -> list[str]:
        names, cursor, total = [], "", None
        for _ in range(20):
            found = artifacts.project(
                f'artifactCollection(name: "ds") {{ {field.replace("$after", json.dumps(cursor))} }}'
            )["artifactCollection"]
            page = found.get("artifacts") or found["artifactMembership"]["files"]
            names += [edge[inner] if inner in edge else edge["node"][inner] for edge in page["edges"]]
            total, cursor = page["totalCount"], page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert total == len(names)
        return names

    page = "{ totalCount pageInfo { endCursor hasNextPage } edges { version node { id } } }"
    assert walk(f"artifacts(first: 2, after: $after) {page}", "version") == ["v4", "v3", "v2", "v1", "v0"]
    files = "{ totalCount pageInfo { endCursor hasNextPage } edges { node { name } } }"
    asked = f'artifactMembership(aliasName: "v2") {{ files(first: 3, after: $after) {files} }}'
    assert walk(asked, "name") == [f"f{i:02}" for i in range(7)]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"name": "b"}, ["b"]),
        ({"name": {"$in": ["a", "c"]}}, ["c", "a"]),
        ({"name": {"$regex": "^[ab]$"}}, ["b", "a"]),
        ({"$or": [{"name": "a"}, {"name": {"$contains": "c"}}]}, ["c", "a"]),
        ({"$nor": [{"name": "a"}]}, ["c", "b"]),
        ({"name": {"$not": {"$eq": "c"}}, "created_at": {"$gt": "2020-01-01T00:00:00Z"}}, ["b", "a"]),
        ({"created_at": {"$lt": "2020-01-01"}}, []),
        ({"tags": None}, ["c", "b", "a"]),
    ],
)
def test_collections_are_found_by_filter(
    artifacts: Artifacts, filters: dict[str, object], names: list[str]
) -> None:
    for name in "abc":
        artifacts.log(name, unique(x=name))
    text = json.dumps(json.dumps(filters))
    found = artifacts.project(
        f"artifactCollections(filters: {text}) {{ totalCount edges {{ node {{ name }} }} }}"
    )
    found = found["artifactCollections"]
    assert [edge["node"]["name"] for edge in found["edges"]] == names and found["totalCount"] == len(names)


def test_manifests_that_are_none_are_refused_in_words(artifacts: Artifacts, wire: Wire) -> None:
    made = artifacts.create("ds", "0" * 32)
    for body, words in (
        (b"not json", "no artifact manifest"),
        (b'{"version": 7, "contents": {}}', "version 7"),
        (b'{"version": 1, "contents": {"x": {"digest": "short", "size": 1}}}', "base64 of 16 bytes"),
        (
            b'{"version": 1, "contents": {"../x": {"digest": "%s", "size": 1}}}' % (b"A" * 22 + b"=="),
            "'../x'",
        ),
    ):
        with pytest.raises(AssertionError) as refused:
            artifacts.manifest(made["id"], body)
        assert words in str(refused.value)
    wrong = wire.graphql(
        """mutation M($i: CreateArtifactManifestInput!) { createArtifactManifest(input: $i) {
          artifactManifest { file { uploadUrl } } } }""",
        i={
            "artifactID": made["id"],
            "name": "wandb_manifest.json",
            "digest": b64_md5(b"other"),
            "entityName": wire.entity,
            "projectName": wire.project,
            "type": "FULL",
        },
    )["createArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"]
    answer = httpx.put(wrong, content=manifest_of(FILES))
    assert answer.status_code == 400 and "as announced" in answer.json()["error"]["message"]


def test_bytes_whose_first_artifact_was_deleted_are_of_the_one_they_come_for(
    artifacts: Artifacts, wire: Wire
) -> None:
    """Never of none: clients from 0.25 on read its id without a look whether it is there."""
    files = unique(x="same bytes")
    first = artifacts.log("first", files)
    made = artifacts.create("second", digest_of({"y": files["x"]}))
    deletion = "deleteArtifact(input: {artifactID: $id, deleteAliases: true}) { artifact { id } }"
    wire.graphql(f"mutation D($id: ID!) {{ {deletion} }}", id=first["id"])
    (node,) = artifacts.files(made["id"], {"y": files["x"]})
    assert node["artifact"] == {"id": made["id"]}
    if node["uploadUrl"]:
        assert httpx.put(node["uploadUrl"], content=files["x"]).status_code == 200
    artifacts.manifest(made["id"], manifest_of({"y": files["x"]}, births={"y": node["artifact"]["id"]}))
    artifacts.commit(made["id"])
    listed = artifacts.project('artifact(name: "second:v0") { files { edges { node { artifact { id } } } } }')
    assert listed["artifact"]["files"]["edges"] == [{"node": {"artifact": {"id": made["id"]}}}]


def test_an_empty_description_is_told_from_none_but_not_to_clients_that_end_at_it(
    artifacts: Artifacts, wire: Wire
) -> None:
    made = artifacts.log("plain", unique(x="1"))
    read = 'artifactCollection(name: "plain") { id description }'
    found = artifacts.project(read)["artifactCollection"]
    assert found["description"] is None
    change = """mutation U($i: UpdateArtifactSequenceInput!) {
      updateArtifactSequence(input: $i) { clientMutationId } }"""
    place = made["artifactSequence"]["id"]
    for said in ("words", ""):
        wire.graphql(change, i={"artifactSequenceID": place, "description": said})
        assert artifacts.project(read)["artifactCollection"]["description"] == said
    wire.graphql(change, i={"artifactSequenceID": place, "description": None})  # says nothing of it
    assert artifacts.project(read)["artifactCollection"]["description"] == ""
    for release, told in (("0.22.3", None), ("0.23.0", None), ("0.23.1", ""), ("0.31.0", "")):
        wire.http.headers["User-Agent"] = f"W&B Public Client {release}"
        assert artifacts.project(read)["artifactCollection"]["description"] == told


def test_a_time_to_live_is_told_as_it_holds_and_as_whose_it_is(artifacts: Artifacts, wire: Wire) -> None:
    """The version's own, then the collection's, then that of a policy which says nothing but a time."""
    made = artifacts.log("kept", unique(a="1"))
    ask = (
        "query T($id: ID!) { artifact(id: $id) { ttlDurationSeconds ttlIsInherited "
        "artifactSequence { artifactCollectionID: id } } }"
    )
    change = """mutation U($i: UpdateArtifactInput!) {
      updateArtifact(input: $i) { artifact { ttlDurationSeconds ttlIsInherited } } }"""

    def told() -> tuple[int, bool]:
        found = wire.graphql(ask, id=made["id"])["artifact"]
        return found["ttlDurationSeconds"], found["ttlIsInherited"]

    def policy(rule: dict[str, object], type_name: str = "") -> None:
        path = f"/api/v1/projects/{wire.entity}/{wire.project}/retention"
        answer = wire.http.put(path, json={"type": type_name, "rule": rule})
        assert answer.status_code == 200, answer.text

    def own(seconds: int) -> None:
        wire.graphql(change, i={"artifactID": made["id"], "ttlDurationSeconds": seconds})

    assert told() == (-2, True)
    policy({"ttl_seconds": 900})
    policy({"ttl_seconds": 600}, "dataset")
    assert told() == (600, True)
    policy({"last": 3, "ttl_seconds": 600}, "dataset")
    assert told() == (-2, True)  # no time of its own: it goes by counts
    collection = f"/api/v1/projects/{wire.entity}/{wire.project}/collections/kept"
    assert wire.http.patch(collection, json={"ttl_seconds": 300}).status_code == 200
    assert told() == (300, True)
    own(60)
    assert told() == (60, False)
    own(-2)
    assert told() == (-2, False)
    own(-1)
    assert told() == (300, True)
