"""Artifacts through the native API: the whole way, what may be asked, and what is refused."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest
from tests.support.artifacts import entry, frames, log_artifact
from tests.support.rest import People, log_run, new_name
from tests.support.written_runs import wait_until

FILES = {"a.txt": b"first", "data/b.bin": bytes(range(256)) * 40, "empty": b""}


def test_what_was_logged_is_found_by_name_and_read_back(api: httpx.Client, project: str) -> None:
    made = log_artifact(api, project, "set", FILES, aliases=["raw"], metadata={"rows": 3})
    assert (made["version"], made["state"], made["file_count"]) == ("v0", "committed", 3)
    assert {alias["alias"] for alias in made["aliases"]} == {"latest", "raw"}
    assert made["size"] == sum(map(len, FILES.values()))
    for name in ("set", "set:latest", "set:raw", "set:v0", f"set:{made['sha256'][:12]}", f"@{made['id']}"):
        assert api.get(f"{project}/artifacts/{name}").json()["id"] == made["id"], name
    for path, data in FILES.items():
        answer = api.get(f"{project}/artifacts/set/files/{path}")
        assert answer.content == data
        assert answer.headers["etag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    part = api.get(f"{project}/artifacts/set/files/data/b.bin", headers={"Range": "bytes=10-19"})
    assert part.status_code == 206 and part.content == FILES["data/b.bin"][10:20]
    listed = api.get(f"{project}/artifacts/set/files").json()["files"]
    assert [file["path"] for file in listed] == sorted(FILES)


def test_the_same_content_is_the_same_version_and_one_byte_makes_the_next(
    api: httpx.Client, project: str
) -> None:
    first = log_artifact(api, project, "set", FILES)
    again = log_artifact(api, project, "set", FILES, aliases=["again"])
    assert again["id"] == first["id"]
    named = api.get(f"{project}/artifacts/set:again").json()
    assert named["id"] == first["id"]
    other = log_artifact(api, project, "set", {**FILES, "a.txt": b"firsT"})
    assert other["version"] == "v1"
    back = log_artifact(api, project, "set", FILES)
    assert back["id"] == first["id"]
    assert api.get(f"{project}/artifacts/set").json()["version"] == "v0"


def test_a_version_is_found_by_its_number_a_piece_of_an_alias_or_of_its_description(
    api: httpx.Client, project: str
) -> None:
    for number in range(13):
        said = {"description": "Without the 50% that is noise"} if number == 3 else {}
        named = {"aliases": ["Release-candidate"]} if number == 5 else {}
        log_artifact(api, project, "set", {"n": b"%d" % number}, **said, **named)

    def found(text: str) -> list[str]:
        answer = api.get(f"{project}/collections/set/versions", params={"search": text})
        return [one["version"] for one in answer.json()["versions"]]

    assert found("v12") == ["v12"] and found("1") == ["v1"]
    assert found("release-cand") == ["v5"] and found("latest") == ["v12"]
    assert found("50% that") == ["v3"] and found("50_ that") == []
    assert found("v99") == [] and found("v9999999999999999999999") == []


def test_known_content_needs_one_request(api: httpx.Client, project: str) -> None:
    first = log_artifact(api, project, "set", FILES)
    told = api.post(
        f"{project}/artifacts", json={"type": "dataset", "name": "set", "sha256": first["sha256"]}
    ).json()
    assert told["existed"] and told["artifact"]["id"] == first["id"]


def test_an_uncommitted_version_is_not_seen(api: httpx.Client, project: str) -> None:
    made = api.post(f"{project}/artifacts", json={"type": "dataset", "name": "set"}).json()["artifact"]
    assert api.get(f"{project}/artifacts/set").status_code == 404
    assert api.get(f"{project}/collections/set/versions").json()["versions"] == []
    assert api.get(f"{project}/artifacts/@{made['id']}").json()["state"] == "pending"


def test_a_commit_names_what_has_not_come(api: httpx.Client, project: str) -> None:
    made = api.post(f"{project}/artifacts", json={"type": "dataset", "name": "set"}).json()["artifact"]
    path = f"{project}/artifacts/@{made['id']}"
    wanted = entry("missing.bin", new_name().encode())
    assert api.post(f"{path}/entries", json={"entries": [wanted]}).json() == {"taken": 1}
    refused = api.post(f"{path}/commit")
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "missing_file"
    assert refused.json()["error"]["fields"]["paths"] == ["missing.bin"]
    assert api.get(f"{project}/artifacts/set").status_code == 404


def test_another_tenants_digest_opens_nothing(project: str, api: httpx.Client, people: People) -> None:
    secret = new_name("secret").encode()
    entity = people.team
    assert people.member.api.post(f"/entities/{entity}/blobs", content=frames([secret])).status_code == 201
    digest = hashlib.sha256(secret).hexdigest()
    stranger = people.stranger
    asked = stranger.api.post(f"/entities/{stranger.name}/blobs/find", json={"sha256": [digest]})
    assert asked.json() == {"found": {}}
    place = f"/projects/{stranger.name}/mine"
    made = stranger.api.post(f"{place}/artifacts", json={"type": "dataset", "name": "set"}).json()
    path = f"{place}/artifacts/@{made['artifact']['id']}"
    stranger.api.post(f"{path}/entries", json={"entries": [entry("stolen", secret)]})
    assert stranger.api.post(f"{path}/commit").status_code == 409


@pytest.mark.parametrize(
    "path", ["../up", "/etc/passwd", "a/../b", "a//b", "C:/x", "a\\b", "", ".", "nul\x00", "a/", "x" * 1025]
)
def test_a_name_that_tries_to_be_a_path_is_refused(api: httpx.Client, project: str, path: str) -> None:
    made = api.post(f"{project}/artifacts", json={"type": "dataset", "name": "set"}).json()["artifact"]
    answer = api.post(f"{project}/artifacts/@{made['id']}/entries", json={"entries": [entry(path, b"x")]})
    assert answer.status_code == 400, answer.text


def test_a_run_knows_what_it_used_and_made(api: httpx.Client, project: str) -> None:
    log_run(api, project, "train", {"loss": [1.0]})
    data = log_artifact(api, project, "set", FILES)
    used = api.post(f"{project}/runs/train/artifacts", json={"artifact": "set:v0", "used_as": "training"})
    assert used.status_code == 200, used.text
    model = log_artifact(api, project, "net", {"w": b"weights"}, type="model", run="train")
    inputs = api.get(f"{project}/runs/train/artifacts?role=input").json()["artifacts"]
    outputs = api.get(f"{project}/runs/train/artifacts?role=output").json()["artifacts"]
    assert [(one["artifact"]["id"], one["used_as"]) for one in inputs] == [(data["id"], "training")]
    assert [one["artifact"]["id"] for one in outputs] == [model["id"]]
    assert model["run"].endswith("/train")


def test_a_version_is_browsed_by_folder_searched_and_compared(api: httpx.Client, project: str) -> None:
    log_artifact(api, project, "set", {"a.txt": b"1", "img/1.png": b"22", "img/x/2.png": b"333"})
    log_artifact(
        api, project, "set", {"a.txt": b"1", "img/1.png": b"2222", "img/x/2.png": b"333", "z/n": b""}
    )
    files = f"{project}/artifacts/set:v0/files"
    top = api.get(files, params={"delimiter": "/"}).json()
    assert top["folders"] == [{"path": "img/", "files": 2, "bytes": 5}]
    assert [file["path"] for file in top["files"]] == ["a.txt"]
    assert top["below"] == {"files": 3, "bytes": 6} and top["next"] == ""
    first = api.get(files, params={"delimiter": "/", "prefix": "img/", "limit": 1}).json()
    assert [folder["path"] for folder in first["folders"]] == ["img/x/"] and first["files"] == []
    then = api.get(files, params={"delimiter": "/", "prefix": "img/", "after": first["next"]}).json()
    assert then["folders"] == [] and [file["path"] for file in then["files"]] == ["img/1.png"]
    found = api.get(files, params={"search": "PNG"}).json()
    assert [file["path"] for file in found["files"]] == ["img/1.png", "img/x/2.png"]
    assert found["searched"] == 3 and found["next"] == ""
    both = api.get(files, params={"search": "png", "delimiter": "/"})
    assert both.status_code == 400 and "delimiter" in both.json()["error"]["message"]
    assert api.get(files, params={"delimiter": "%"}).status_code == 422
    changed = api.get(f"{project}/artifacts/set:v0/diff", params={"to": "set:v1", "delimiter": "/"}).json()
    assert (changed["added"], changed["removed"], changed["changed"]) == (1, 0, 1)
    assert [(one["path"], one["added"], one["changed"]) for one in changed["folders"]] == [
        ("img/", 0, 1),
        ("z/", 1, 0),
    ]
    assert changed["changes"] == [] and (changed["old_bytes"], changed["new_bytes"]) == (2, 4)


def test_a_list_of_versions_is_read_by_place_from_an_alias_on_and_counted_where_asked(
    api: httpx.Client, project: str
) -> None:
    for number in range(12):
        named = {"aliases": ["picked"]} if number == 9 else {}
        log_artifact(api, project, "set", {"n": b"%d" % number}, tags=["even"] * (number % 2 == 0), **named)
    place = f"{project}/collections/set/versions"

    def asked(**params: Any) -> tuple[list[str], int | None, int]:
        answer = api.get(place, params=params)
        assert answer.is_success, answer.text
        body = answer.json()
        return [one["version"] for one in body["versions"]], body["total"], body["skip"]

    assert asked(limit=2) == (["v11", "v10"], None, 0)
    assert asked(limit=2, skip=9, count=True) == (["v2", "v1"], 12, 9)
    assert asked(limit=2, at="picked") == (["v9", "v8"], None, 2)
    assert asked(limit=3, at="v4", tag="even", sort="version_index") == (["v4", "v6", "v8"], None, 2)
    assert api.get(place, params={"at": "nobody"}).status_code == 404
    assert api.get(place, params={"at": "v1", "skip": 3}).status_code == 400
    assert api.get(place, params={"skip": -1}).status_code == 422
    ids = [one["id"] for one in api.get(place, params={"limit": 3}).json()["versions"]]
    begun = api.post(f"{project}/deletions", json={"collection": "set", "versions": ids})
    assert begun.status_code == 202
    deletion = f"{project}/deletions/{begun.json()['id']}"
    wait_until(lambda: api.get(deletion).json()["state"] == "done", what="the deletion")
    assert asked(trash=True, count=True) == (["v11", "v10"], 2, 0)  # v9 is picked, and stays
    back = api.post(f"{place}/restore", json={"versions": ids})
    assert back.json() == {"count": 2}
    assert asked(trash=True, count=True) == ([], 0, 0) and asked(count=True, limit=1)[1] == 12
