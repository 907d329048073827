"""Bytes on their way in: in pieces, cut and gone on with, and what is refused."""

from __future__ import annotations

import hashlib
import os
import struct

import httpx
import pytest
from tests.support.artifacts import frames
from tests.support.rest import People, new_name

ENTITY = "/entities/admin"


def test_a_large_blob_comes_in_pieces_and_is_checked_at_the_end(api: httpx.Client) -> None:
    data = os.urandom(3_000_001)
    digest = hashlib.sha256(data).hexdigest()
    begun = api.post(f"{ENTITY}/uploads", json={"size": len(data), "sha256": digest}).json()
    path = f"{ENTITY}/uploads/{begun['id']}"
    for at in range(0, len(data), 1_000_000):
        sent = api.patch(path, params={"offset": at}, content=data[at : at + 1_000_000])
        assert sent.status_code == 200, sent.text
    assert api.get(path).json()["offset"] == len(data)
    done = api.post(f"{path}/finish")
    assert done.status_code == 201 and done.json()["sha256"] == digest
    assert api.get(path).status_code == 404
    found = api.post(f"{ENTITY}/blobs/find", json={"sha256": [digest]}).json()["found"]
    assert found[digest]["size"] == len(data)


def test_a_cut_upload_tells_where_to_go_on(api: httpx.Client) -> None:
    begun = api.post(f"{ENTITY}/uploads", json={"size": 10}).json()
    path = f"{ENTITY}/uploads/{begun['id']}"
    api.patch(path, params={"offset": 0}, content=b"12345")
    wrong = api.patch(path, params={"offset": 3}, content=b"xx")
    assert wrong.status_code == 409
    assert wrong.json()["error"]["code"] == "offset_mismatch"
    assert wrong.json()["error"]["fields"]["next_offset"] == 5
    early = api.post(f"{path}/finish")
    assert early.status_code == 409 and early.json()["error"]["fields"]["next_offset"] == 5
    much = api.patch(path, params={"offset": 5}, content=b"678901")
    assert much.status_code in (400, 413)
    begun = api.post(f"{ENTITY}/uploads", json={"size": 3}).json()
    assert api.delete(f"{ENTITY}/uploads/{begun['id']}").status_code == 204
    assert api.get(f"{ENTITY}/uploads/{begun['id']}").status_code == 404


def test_bytes_that_are_not_those_announced_are_refused(api: httpx.Client) -> None:
    lie = {"sha256": "0" * 64}
    begun = api.post(f"{ENTITY}/uploads", json={"size": 5, **lie}).json()
    path = f"{ENTITY}/uploads/{begun['id']}"
    api.patch(path, params={"offset": 0}, content=b"12345")
    assert api.post(f"{path}/finish").status_code == 400
    assert api.get(path).status_code == 404
    put = api.put(f"{ENTITY}/blobs", content=b"12345", headers={"X-Sha256": "0" * 64})
    assert put.status_code == 400
    put = api.put(f"{ENTITY}/blobs", content=b"12345", headers={"X-Md5": "0" * 32})
    assert put.status_code == 400
    digest = hashlib.sha256(b"12345").hexdigest()
    assert api.post(f"{ENTITY}/blobs/find", json={"sha256": [digest]}).json()["found"] == {}


def test_another_tenants_upload_is_not_there(people: People) -> None:
    mine = f"/entities/{people.team}/uploads"
    begun = people.member.api.post(mine, json={}).json()["id"]
    stranger = people.stranger
    for path in (f"{mine}/{begun}", f"/entities/{stranger.name}/uploads/{begun}"):
        assert stranger.api.get(path).status_code == 404
        assert stranger.api.patch(path, params={"offset": 0}, content=b"x").status_code == 404
        assert stranger.api.post(f"{path}/finish").status_code == 404
        assert stranger.api.delete(path).status_code == 404
    assert people.member.api.get(f"{mine}/{begun}").json()["offset"] == 0


def test_many_small_blobs_in_one_body_are_answered_in_order(api: httpx.Client) -> None:
    datas = [f"{new_name()}-{number}".encode() for number in range(2000)]
    datas += [datas[0], b""]
    answer = api.post(f"{ENTITY}/blobs", content=frames(datas))
    assert answer.status_code == 201
    told = answer.json()["blobs"]
    assert [blob["sha256"] for blob in told] == [hashlib.sha256(data).hexdigest() for data in datas]
    assert [blob["md5"] for blob in told] == [hashlib.md5(data).hexdigest() for data in datas]
    assert api.post(f"{ENTITY}/blobs", content=frames(datas)).json() == answer.json()


@pytest.mark.parametrize("body", [b"\x01", struct.pack("<I", 9) + b"short", struct.pack("<I", 2**32 - 1)])
def test_a_body_that_ends_too_early_is_refused(api: httpx.Client, body: bytes) -> None:
    assert api.post(f"{ENTITY}/blobs", content=body).status_code == 400
