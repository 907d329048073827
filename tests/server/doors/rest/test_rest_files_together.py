"""Many small files of a version in one answer: what single requests give, for whom they give it."""

from __future__ import annotations

import hashlib
import json
import random
import struct
from typing import Any

import httpx
import pytest
from tests.support.artifacts import log_artifact
from tests.support.rest import People, client, new_name
from tests.support.server import RunningServer

MIB = 1 << 20
FILES = {
    **{f"d{number % 7}/{number:03}.bin": bytes([number]) * (number * 37 % 900) for number in range(200)},
    "twice/a": b"the same",
    "twice/b": b"the same",
    "empty": b"",
    "name with space, ü and 語.txt": b"name",
    "read": b"called as the route",
}
REFS = {"away": {"size": 3, "ref": "https://example.org/x", "digest": "e1"}}


def read(api: httpx.Client, project: str, artifact: str, paths: Any) -> httpx.Response:
    return api.post(f"{project}/artifacts/{artifact}/files/read", json={"paths": paths})


def split(body: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(body):
        index, size = struct.unpack_from("<II", body, at)
        at += 8
        assert index not in found
        found[index] = body[at : at + size]
        assert len(found[index]) == size
        at += size
    return found


@pytest.fixture
def version(api: httpx.Client, project: str) -> dict[str, Any]:
    """Of two packs, and of a blob that lies on its own."""
    entity = project.split("/")[2]
    alone = b"alone" * 5000
    assert api.put(f"/entities/{entity}/blobs", content=alone).status_code == 201
    log_artifact(api, project, "other", {path: FILES[path] for path in sorted(FILES)[::3]})
    return log_artifact(api, project, "set", {**FILES, "alone": alone}, refs=REFS)


def test_any_choice_of_files_in_any_order_is_what_single_requests_give(
    api: httpx.Client, project: str, version: dict[str, Any]
) -> None:
    single = {path: api.get(f"{project}/artifacts/set/files/{path}").content for path in [*FILES, "alone"]}
    assert single == {**FILES, "alone": b"alone" * 5000}
    for seed in range(20):
        chance = random.Random(seed)
        paths = chance.sample(sorted(single), chance.randint(1, len(single)))
        for name in ("set", f"@{version['id']}"):
            answer = read(api, project, name, paths)
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == "application/octet-stream"
            assert int(answer.headers["content-length"]) == len(answer.content)
            found = split(answer.content)
            assert {paths[index]: data for index, data in found.items()} == {
                path: single[path] for path in paths
            }


def test_a_path_that_is_not_there_or_has_no_bytes_here_is_named_and_nothing_is_sent(
    api: httpx.Client, project: str, version: dict[str, Any]
) -> None:
    for path, status, words in (
        ("d0/none", 404, "has no file 'd0/none'"),
        ("d0", 404, "has no file 'd0'"),
        ("away", 400, "'away' is a reference to 'https://example.org/x'"),
        ("empty", 400, "A path comes twice"),
    ):
        answer = read(api, project, "set", ["empty", "d0/000.bin", path])
        assert answer.status_code == status, answer.text
        assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "/etc/passwd",
        "a/../empty",
        "a\\b",
        "c:/x",
        "",
        "a\0b",
        "a\nb",
        "\ud800",
        "x" * 1025,
        "ü" * 600,
    ],
)
def test_a_name_that_tries_to_be_a_path_is_refused(
    api: httpx.Client, project: str, version: dict[str, Any], path: str
) -> None:
    body = json.dumps({"paths": ["empty", path]})
    answer = api.post(
        f"{project}/artifacts/set/files/read", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["error"]["code"] == "invalid"


@pytest.mark.parametrize("paths", [[], [f"{number}" for number in range(20_001)], "empty", [3], None])
def test_what_is_no_list_of_paths_or_too_long_a_one_is_refused(
    api: httpx.Client, project: str, version: dict[str, Any], paths: Any
) -> None:
    answer = read(api, project, "set", paths)
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "invalid"


def test_more_bytes_than_one_answer_holds_are_refused_before_any_is_read(
    api: httpx.Client, project: str
) -> None:
    entity = project.split("/")[2]
    large = bytes(MIB + 1)
    assert api.put(f"/entities/{entity}/blobs", content=large).status_code == 201
    datas = {f"{number:02}": bytes([number]) * MIB for number in range(33)}
    for data in datas.values():
        assert api.put(f"/entities/{entity}/blobs", content=data).status_code == 201
    files = {**datas, "large": large}
    made = api.post(f"{project}/artifacts", json={"type": "dataset", "name": "big"}).json()["artifact"]
    entries = [
        {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for path, data in files.items()
    ]
    place = f"{project}/artifacts/@{made['id']}"
    assert api.post(f"{place}/entries", json={"entries": entries}).status_code == 200
    assert read(api, project, f"@{made['id']}", ["00"]).status_code == 404  # pending: nothing lies in it yet
    assert api.post(f"{place}/commit").status_code == 200
    for paths, words in ((list(datas), "34,603,008 bytes"), (["00", "large"], "'large' has 1,048,577 bytes")):
        answer = read(api, project, "big", paths)
        assert answer.status_code == 413 and words in answer.json()["error"]["message"]
    whole = read(api, project, "big", list(datas)[:32])
    assert split(whole.content) == dict(enumerate(list(datas.values())[:32]))


def test_who_may_not_read_a_version_gets_none_of_it_and_a_viewer_all(
    rest: RunningServer, people: People
) -> None:
    project = f"/projects/{people.team}/{new_name('secret')}"
    made = log_artifact(people.member.api, project, "set", {"notes.txt": b"secret words"})
    own = f"/projects/{people.stranger.name}/{new_name('own')}"
    log_artifact(people.stranger.api, own, "set", {"x": b"x"})
    for place in (project, own):  # the version's number through a project of one's own opens nothing
        answer = read(people.stranger.api, place, f"@{made['id']}", ["notes.txt"])
        assert answer.status_code == 404 and "secret words" not in answer.text
    with client(rest, "") as nobody:
        assert read(nobody, project, "set", ["notes.txt"]).status_code == 401
    assert split(read(people.viewer.api, project, "set", ["notes.txt"]).content) == {0: b"secret words"}
    assert people.member.api.delete(f"{project}/artifacts/set", params={"aliases": True}).is_success
    assert read(people.member.api, project, f"@{made['id']}", ["notes.txt"]).status_code == 404


def test_a_file_called_as_the_route_is_still_read_by_its_name(
    api: httpx.Client, project: str, version: dict[str, Any]
) -> None:
    assert api.get(f"{project}/artifacts/set/files/read").content == FILES["read"]
