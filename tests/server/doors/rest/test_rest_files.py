"""Files of runs by the API."""

from __future__ import annotations

import hashlib
import os

import httpx
import pytest


@pytest.fixture
def run(api: httpx.Client, project: str) -> str:
    assert api.put(f"{project}/runs/one", json={}).is_success
    return f"{project}/runs/one"


def test_a_file_comes_back_as_it_went_in(api: httpx.Client, run: str) -> None:
    body = os.urandom(3_000_000)
    put = api.put(f"{run}/files/model/weights.bin", content=body)
    assert put.status_code == 201, put.text
    told = put.json()
    assert told["size"] == len(body)
    assert told["sha256"] == hashlib.sha256(body).hexdigest()
    assert told["md5"] == hashlib.md5(body, usedforsecurity=False).hexdigest()
    got = api.get(f"{run}/files/model/weights.bin")
    assert got.content == body
    assert got.headers["content-length"] == str(len(body))
    assert got.headers["etag"] == f'"{told["sha256"]}"'
    again = api.get(f"{run}/files/model/weights.bin", headers={"If-None-Match": got.headers["etag"]})
    assert again.status_code == 304


def test_names_may_hold_anything_that_is_no_way_out(api: httpx.Client, run: str) -> None:
    for name in ("a b.txt", "ü/日本.txt", "x?y#z&%.txt", "deep/er/and/deeper.json", "…", "a:b"):
        quoted = "".join(f"%{byte:02X}" if chr(byte) not in "/" else "/" for byte in name.encode())
        put = api.put(f"{run}/files/{quoted}", content=name.encode())
        if put.status_code == 400:
            assert name == "a:b"  # reads like a drive
            continue
        assert put.status_code == 201, (name, put.text)
        assert put.json()["name"] == name
        assert api.get(f"{run}/files/{quoted}").content == name.encode()


def test_an_empty_file_is_a_file(api: httpx.Client, run: str) -> None:
    assert api.put(f"{run}/files/empty", content=b"").status_code == 201
    got = api.get(f"{run}/files/empty")
    assert (got.status_code, got.content) == (200, b"")


@pytest.mark.parametrize(
    ("asked", "status", "span"),
    [
        ("bytes=0-9", 206, (0, 10)),
        ("bytes=10-", 206, (10, 1000)),
        ("bytes=-5", 206, (995, 1000)),
        ("bytes=990-5000", 206, (990, 1000)),
        ("bytes=-5000", 206, (0, 1000)),
        ("bytes=1000-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=5-2", 200, (0, 1000)),
        ("bytes=0-1,5-6", 200, (0, 1000)),
        ("lines=1-2", 200, (0, 1000)),
        ("bytes=" + "9" * 40 + "-", 200, (0, 1000)),
    ],
)
def test_ranges(api: httpx.Client, run: str, asked: str, status: int, span: tuple[int, int] | None) -> None:
    body = bytes(number % 251 for number in range(1000))
    assert api.put(f"{run}/files/ranged", content=body).is_success
    got = api.get(f"{run}/files/ranged", headers={"Range": asked})
    assert got.status_code == status
    if span is not None:
        assert got.content == body[span[0] : span[1]]
    if status == 206 and span is not None:
        assert got.headers["content-range"] == f"bytes {span[0]}-{span[1] - 1}/1000"
    if status == 416:
        assert got.headers["content-range"] == "bytes */1000"


def test_a_digest_that_is_another_keeps_nothing(api: httpx.Client, run: str) -> None:
    wrong = api.put(f"{run}/files/a", content=b"a", headers={"X-Sha256": "0" * 64})
    assert wrong.status_code == 400
    assert api.get(f"{run}/files/a").status_code == 404
    right = {"X-Sha256": hashlib.sha256(b"a").hexdigest()}
    assert api.put(f"{run}/files/a", content=b"a", headers=right).status_code == 201
    assert api.put(f"{run}/files/a", content=b"a", headers={"X-Sha256": "zz"}).status_code == 400


def test_a_name_written_again_holds_the_later_bytes(api: httpx.Client, run: str) -> None:
    api.put(f"{run}/files/a", content=b"first")
    api.put(f"{run}/files/a", content=b"second")
    assert api.get(f"{run}/files/a").content == b"second"
    assert len(api.get(f"{run}/files").json()["files"]) == 1


def test_listing_pages_by_name_and_prefix(api: httpx.Client, run: str) -> None:
    for name in ("b/1", "b/2", "b/3", "a", "c"):
        api.put(f"{run}/files/{name}", content=name.encode())
    first = api.get(f"{run}/files", params={"limit": 2}).json()
    rest = api.get(f"{run}/files", params={"after": first["next"]}).json()
    assert [file["name"] for file in first["files"] + rest["files"]] == ["a", "b/1", "b/2", "b/3", "c"]
    assert rest["next"] == ""
    under = api.get(f"{run}/files", params={"prefix": "b/"}).json()["files"]
    assert [file["name"] for file in under] == ["b/1", "b/2", "b/3"]


def test_a_deleted_file_is_gone(api: httpx.Client, run: str) -> None:
    api.put(f"{run}/files/a", content=b"x")
    assert api.delete(f"{run}/files/a").status_code == 204
    assert api.get(f"{run}/files/a").status_code == 404
    assert api.delete(f"{run}/files/a").status_code == 404


def test_harmless_types_are_shown_in_place_only_when_asked(api: httpx.Client, run: str) -> None:
    api.put(f"{run}/files/a.png", content=b"\x89PNG", headers={"Content-Type": "image/png"})
    assert api.get(f"{run}/files/a.png").headers["content-disposition"].startswith("attachment")
    shown = api.get(f"{run}/files/a.png", params={"inline": "1"})
    assert shown.headers["content-disposition"].startswith("inline")
    assert shown.headers["content-type"] == "image/png"
    api.put(f"{run}/files/a.json", content=b"{}", headers={"Content-Type": "application/json"})
    text = api.get(f"{run}/files/a.json", params={"inline": "1"})
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
