"""Files by signed address."""

from __future__ import annotations

import httpx
import pytest
from tests.support.server import RunningServer
from tests.support.wandb_wire import CREATE, FILES, Wire, put_files


def test_files_are_put_and_fetched_by_signed_address(wire: Wire) -> None:
    wire.upsert()
    files = {"a b/ü%ML _1.html": b"<script>x</script>", "empty": b"", "config.yaml": b"a: 1\n"}
    put_files(wire, files)
    listed = wire.run(FILES)
    assert listed["fileCount"] == 3
    for edge in listed["files"]["edges"]:
        node = edge["node"]
        fetched = httpx.get(node["directUrl"])
        assert fetched.content == files[node["name"]] and node["sizeBytes"] == len(fetched.content)
        assert "attachment" in fetched.headers["content-disposition"]
        assert "sandbox" in fetched.headers["content-security-policy"]
    found = wire.run('files(names: ["./config.yaml", "nope", "../x"]) { edges { node { name } } }')
    assert [edge["node"]["name"] for edge in found["files"]["edges"]] == ["config.yaml"]
    found = wire.run('files(pattern: "%.html") { edges { node { name } } }')
    assert [edge["node"]["name"] for edge in found["files"]["edges"]] == ["a b/ü%ML _1.html"]


def test_a_file_put_again_is_replaced(wire: Wire) -> None:
    wire.upsert()
    url = put_files(wire, {"live.txt": b"one"})["live.txt"]
    assert httpx.put(url, content=b"second").status_code == 200
    (edge,) = wire.run(FILES)["files"]["edges"]
    assert httpx.get(edge["node"]["url"]).content == b"second"


def test_files_are_paged_by_cursor(wire: Wire) -> None:
    wire.upsert()
    put_files(wire, {f"f{n}": b"x" for n in range(5)})
    seen: list[str] = []
    after = ""
    for _ in range(5):
        page = wire.run(
            f'files(first: 2, after: "{after}") {{ edges {{ node {{ name }} cursor }} '
            "pageInfo { hasNextPage endCursor } }"
        )["files"]
        seen += [edge["node"]["name"] for edge in page["edges"]]
        after = page["edges"][-1]["cursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [f"f{n}" for n in range(5)]


def test_a_signed_address_is_good_for_what_it_says_only(wire: Wire) -> None:
    wire.upsert()
    put_url = put_files(wire, {"a": b"x"})["a"]
    get_url = wire.run(FILES)["files"]["edges"][0]["node"]["url"]
    assert httpx.get(put_url).status_code == 403
    assert httpx.put(get_url, content=b"y").status_code == 403
    token = get_url.rpartition("/")[2]
    for spoilt in (token[:-2] + "AA", "A" + token[1:], token.replace(".", "x"), "a.b", "%00", token + "A"):
        assert httpx.get(get_url.replace(token, spoilt)).status_code in (400, 403, 404)
    assert httpx.get(get_url).content == b"x"


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a/../../b", "a\\b", "", "a\x00b", "C:x", "x" * 2000]
)
def test_a_file_name_that_would_be_a_path_is_refused(wire: Wire, name: str) -> None:
    wire.upsert()
    answer = wire.post(CREATE, {"e": wire.entity, "p": wire.project, "r": "r1", "f": [name]})
    assert answer.status_code == 400


def test_files_are_deleted_by_id(wire: Wire) -> None:
    wire.upsert()
    put_files(wire, {"a": b"x", "b": b"y"})
    ids = [edge["node"]["id"] for edge in wire.run(FILES)["files"]["edges"]]
    number = int(wire.run("projectId")["projectId"])
    mutation = (
        "mutation D($f: [ID!]!, $p: Int) { deleteFiles(input: {files: $f, projectId: $p}) { success } }"
    )
    assert wire.graphql(mutation, f=ids[:1], p=number)["deleteFiles"]["success"]
    assert wire.run("fileCount")["fileCount"] == 1


def test_a_preflight_is_answered_for_our_own_pages(wire: Wire, shared_server: RunningServer) -> None:
    wire.upsert()
    put_files(wire, {"a": b"x"})
    url = wire.run(FILES)["files"]["edges"][0]["node"]["url"]
    headers = {"Origin": shared_server.base_url, "Access-Control-Request-Method": "GET"}
    assert (
        httpx.options(url, headers=headers).headers["access-control-allow-origin"] == shared_server.base_url
    )
