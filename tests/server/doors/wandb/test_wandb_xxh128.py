"""Artifacts whose files are told by XXH128, request by request (wandb-core of 0.29 on)."""

from __future__ import annotations

import hashlib
import json
import os

import httpx
import pytest
import xxhash
from tests.server.doors.wandb.test_wandb_artifacts import JOIN, unique
from tests.support.wandb_artifacts import COMMIT, Artifacts, b64_xxh128, digest_of, manifest_of
from tests.support.wandb_wire import Wire

FIELDS = "id digest digestAlgorithm files { edges { node { directUrl digest } } }"
# The first bytes of the secret that XXH3 takes where none is given (xxhash.h, XXH3_kSecret).
SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
)


@pytest.fixture
def artifacts(wire: Wire) -> Artifacts:
    return Artifacts(wire)


def manifest_at(artifacts: Artifacts, name: str) -> dict[str, dict[str, object]]:
    found = artifacts.project(f'artifact(name: "{name}") {{ currentManifest {{ file {{ directUrl }} }} }}')
    contents: dict[str, dict[str, object]] = httpx.get(
        found["artifact"]["currentManifest"]["file"]["directUrl"]
    ).json()["contents"]
    return contents


def test_the_manifest_comes_back_with_the_digests_it_was_sent_with(artifacts: Artifacts) -> None:
    files = unique(a="1", b="2")
    made = artifacts.log("ds", files, xxh128=True)
    found = artifacts.project(f'artifact(name: "ds:v0") {{ {FIELDS} }}')["artifact"]
    assert found["digest"] == digest_of(files, xxh128=True) == made["digest"]
    assert found["digestAlgorithm"] == "MANIFEST_XXH128"
    nodes = [edge["node"] for edge in found["files"]["edges"]]
    assert [node["digest"] for node in nodes] == [b64_xxh128(files["a"]), b64_xxh128(files["b"])]
    assert [httpx.get(node["directUrl"]).content for node in nodes] == [files["a"], files["b"]]
    for path, entry in manifest_at(artifacts, "ds:v0").items():
        assert entry["digest"] == b64_xxh128(files[path]) and entry["extra"] == {"alg": "XXH128"}


def test_the_same_content_is_the_same_version_and_the_same_files_need_not_come_again(
    artifacts: Artifacts,
) -> None:
    files, more = unique(a="1"), unique(b="2")
    first = artifacts.log("ds", files, xxh128=True)
    again = artifacts.create("ds", digest_of(files, xxh128=True), digestAlgorithm="MANIFEST_XXH128")
    assert (again["id"], again["state"]) == (first["id"], "COMMITTED")
    other = artifacts.create("other", digest_of({**files, **more}, xxh128=True))
    nodes = artifacts.files(other["id"], {**files, **more}, xxh128=True)
    assert [node["uploadUrl"] is None for node in nodes] == [True, False]
    assert nodes[0]["artifact"]["id"] == first["id"]


def test_bytes_sent_before_with_md5_alone_come_once_more_and_are_kept_once(
    artifacts: Artifacts, wire: Wire
) -> None:
    files = {"a": os.urandom(2_000_000)}
    artifacts.log("plain", files)
    made = artifacts.create("told", digest_of(files, xxh128=True), digestAlgorithm="MANIFEST_XXH128")
    (node,) = artifacts.files(made["id"], files, xxh128=True)
    assert httpx.put(node["uploadUrl"], content=files["a"]).status_code == 200
    artifacts.manifest(made["id"], manifest_of(files, xxh128=True))
    artifacts.commit(made["id"])
    assert artifacts.files(made["id"], files, xxh128=True)[0]["uploadUrl"] is None
    assert artifacts.files(made["id"], files)[0]["uploadUrl"] is None
    used = wire.http.get(f"/api/v1/projects/{wire.entity}/{wire.project}/storage").json()
    assert 2_000_000 <= used["stored_bytes"] < 2_100_000, used


def test_a_digest_that_lies_is_refused(artifacts: Artifacts) -> None:
    files = unique(a="right")
    made = artifacts.create("ds", digest_of(files, xxh128=True), digestAlgorithm="MANIFEST_XXH128")
    (node,) = artifacts.files(made["id"], files, xxh128=True, digest=b64_xxh128(b"other bytes"))
    answer = httpx.put(node["uploadUrl"], content=files["a"])
    assert answer.status_code == 400 and "XXH128" in answer.json()["error"]["message"]
    artifacts.put_files(made["id"], files, xxh128=True)
    lying = json.loads(manifest_of(files, xxh128=True))
    lying["contents"]["a"]["digest"] = b64_xxh128(b"other bytes")
    artifacts.manifest(made["id"], json.dumps(lying).encode())
    answer = artifacts.wire.post(COMMIT, {"id": made["id"]})
    assert answer.status_code == 409 and "'a'" in answer.text, answer.text
    assert artifacts.project('artifact(name: "ds:latest") { id }') == {"artifact": None}


def test_an_announcement_without_the_digest_is_refused(artifacts: Artifacts) -> None:
    files = unique(a="1")
    made = artifacts.create("ds", digest_of(files, xxh128=True), digestAlgorithm="MANIFEST_XXH128")
    spec = {"artifactID": made["id"], "name": "a", "md5": "XUFAKrxLKna5cZ2REBfFkg=="}
    answer = artifacts.wire.post(
        "mutation F($i: CreateArtifactFilesInput!) { createArtifactFiles(input: $i) { clientMutationId } }",
        {"i": {"artifactFiles": [spec], "digestAlgorithm": "MANIFEST_XXH128"}},
    )
    assert answer.status_code == 400 and "XXH128 of 'a'" in answer.text


def test_a_large_file_comes_in_parts(artifacts: Artifacts, wire: Wire) -> None:
    whole = os.urandom(300_000)
    parts = [whole[at : at + 100_000] for at in range(0, len(whole), 100_000)]
    files = {"big.bin": whole}
    artifacts.log("plain", files)  # known by its MD5: the parts must come for all that
    made = artifacts.create("big", digest_of(files, xxh128=True), digestAlgorithm="MANIFEST_XXH128")
    wanted = [
        {"partNumber": number, "hexMD5": hashlib.md5(part).hexdigest()}
        for number, part in enumerate(parts, 1)
    ]
    (node,) = artifacts.files(made["id"], files, xxh128=True, uploadPartsInput=wanted)
    etags = [
        httpx.put(one["uploadUrl"], content=part).headers["ETag"]
        for one, part in zip(node["uploadMultipartUrls"]["uploadUrlParts"], parts, strict=True)
    ]
    given = {
        "completeMultipartAction": "Complete",
        "artifactID": made["id"],
        "storagePath": node["storagePath"],
        "uploadID": node["uploadMultipartUrls"]["uploadID"],
        "completedParts": [{"partNumber": n, "hexMD5": etag} for n, etag in enumerate(etags, 1)],
    }
    for _ in range(2):
        answered = wire.graphql(JOIN, i=given)["completeMultipartUploadArtifact"]
        assert answered["digest"] == b64_xxh128(whole)
    artifacts.manifest(made["id"], manifest_of(files, xxh128=True))
    artifacts.commit(made["id"])
    found = artifacts.project('artifact(name: "big:v0") { files { edges { node { directUrl } } } }')
    assert httpx.get(found["artifact"]["files"]["edges"][0]["node"]["directUrl"]).content == whole


def test_patches_and_incremental_manifests_keep_the_algorithm(artifacts: Artifacts) -> None:
    one, other, later = unique(a="1"), unique(b="2"), unique(c="3")
    given = {"distributedID": "group", "digestAlgorithm": "MANIFEST_XXH128"}
    made = artifacts.create("all", digest_of(one, xxh128=True), **given)
    for files in (one, other):
        artifacts.put_files(made["id"], files, xxh128=True)
        artifacts.manifest(made["id"], manifest_of(files, xxh128=True), kind="PATCH")
    assert artifacts.commit(made["id"])["digest"] == digest_of({**one, **other}, xxh128=True)
    over = artifacts.create("all", digest_of(later, xxh128=True), digestAlgorithm="MANIFEST_XXH128")
    artifacts.put_files(over["id"], later, xxh128=True)
    artifacts.manifest(over["id"], manifest_of(later, xxh128=True), kind="INCREMENTAL", base=made["id"])
    whole = {**one, **other, **later}
    assert artifacts.commit(over["id"])["digest"] == digest_of(whole, xxh128=True)
    assert {path: entry["digest"] for path, entry in manifest_at(artifacts, "all:v1").items()} == {
        path: b64_xxh128(data) for path, data in whole.items()
    }


def test_a_collection_tells_the_algorithm_of_its_latest_version(artifacts: Artifacts) -> None:
    query = (
        'artifactType(name: "dataset") { artifactCollection(name: "ds") '
        "{ ... on ArtifactSequence { digestAlgorithm } } }"
    )
    artifacts.log("ds", unique(a="1"))
    found = artifacts.project(query)["artifactType"]["artifactCollection"]
    assert found == {"digestAlgorithm": "MANIFEST_MD5"}
    artifacts.log("ds", unique(a="1"), xxh128=True)
    found = artifacts.project(query)["artifactType"]["artifactCollection"]
    assert found == {"digestAlgorithm": "MANIFEST_XXH128"}


def test_a_file_is_fetched_by_the_address_that_clients_make_themselves(
    artifacts: Artifacts, wire: Wire
) -> None:
    files = unique(a="1")
    made = artifacts.log("ds", files, xxh128=True)
    hexadecimal = xxhash.xxh128(files["a"]).hexdigest()
    place = f"/artifactsV2/default/{wire.entity}/{wire.project}/ds/{made['id']}"
    assert wire.http.get(f"{place}/{made['id']}/{hexadecimal}/a").content == files["a"]
    assert httpx.get(f"{wire.http.base_url}{place}/{hexadecimal}/a").status_code == 401


def alike(first: int, second: int) -> bytes:
    """64 bytes whose XXH128 hangs on `first ^ second` alone: each product of the rounds for that length
    has a factor of zero, where the bytes are those of the algorithm's own secret."""
    zero = [SECRET[32:40], SECRET[0:8], SECRET[48:56], SECRET[16:24]]
    rest = [
        ((value - int.from_bytes(known, "little")) % 2**64).to_bytes(8, "little")
        for value, known in ((first, zero[0]), (second, zero[1]))
    ]
    return zero[1] + rest[1] + zero[0] + rest[0] + zero[2] + bytes(8) + zero[3] + bytes(8)


def test_bytes_that_share_an_xxh128_never_stand_in_for_each_other(artifacts: Artifacts) -> None:
    """XXH128 is no cryptographic digest: whoever means harm makes bytes that share one."""
    seed = int.from_bytes(os.urandom(7), "little")
    one, other = {"a": alike(seed, 1)}, {"a": alike(1, seed)}
    assert one != other and b64_xxh128(one["a"]) == b64_xxh128(other["a"])
    artifacts.log("bad", one, xxh128=True)
    made = artifacts.create("good", digest_of(other, xxh128=True), digestAlgorithm="MANIFEST_XXH128")
    (node,) = artifacts.put_files(made["id"], other, xxh128=True)
    assert node["uploadUrl"], "the other's bytes were taken for these"
    artifacts.manifest(made["id"], manifest_of(other, xxh128=True))
    answer = artifacts.wire.post(COMMIT, {"id": made["id"]})
    assert answer.status_code == 400 and "MD5" in answer.text, answer.text
    assert artifacts.project('artifact(name: "good:latest") { id }') == {"artifact": None}
    artifacts.log("good", other)
    assert artifacts.paths("good:v0") == ["a"]
