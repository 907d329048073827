"""Which server and which key, from where."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from runstone.client import netrc_file
from runstone.client.credentials import (
    check_base_url,
    credentials,
    find_base_url,
    find_credential,
    local_server,
    remember_server,
)
from runstone.client.errors import Misuse


def local(home: Path, url: str = "http://127.0.0.1:8080", pid: int | None = None) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "server.json").write_text(json.dumps({"url": url, "pid": pid or os.getpid()}))
    (home / "admin.key").write_text("the-admins-key\n")


def test_the_nearest_name_of_a_server_wins(tmp_path: Path) -> None:
    assert find_base_url(home=tmp_path, environ={}) == ""
    local(tmp_path)
    assert find_base_url(home=tmp_path, environ={}) == "http://127.0.0.1:8080"
    remember_server("https://runs.example.com", home=tmp_path)
    assert find_base_url(home=tmp_path, environ={}) == "https://runs.example.com"
    env = {"RUNSTONE_BASE_URL": "https://env.example.com/"}
    assert find_base_url(home=tmp_path, environ=env) == "https://env.example.com"
    assert find_base_url("https://arg.example.com", home=tmp_path, environ=env) == "https://arg.example.com"


def test_what_a_killed_server_left_behind_is_no_server(tmp_path: Path) -> None:
    local(tmp_path, pid=2**22 + 1)
    assert local_server(tmp_path) == ""


@pytest.mark.parametrize("text", ["", "{half", "[]", '{"url": 3}', '{"url": ""}'])
def test_an_unreadable_address_file_is_no_server(tmp_path: Path, text: str) -> None:
    (tmp_path / "server.json").write_text(text)
    assert local_server(tmp_path) == ""


def test_the_local_servers_own_key_goes_before_one_that_lies_about(tmp_path: Path) -> None:
    local(tmp_path)
    env = {"WANDB_API_KEY": "somebody-elses", "NETRC": str(tmp_path / "netrc")}
    found = [item.api_key for item in credentials("http://127.0.0.1:8080", home=tmp_path, environ=env)]
    assert found == ["the-admins-key", "somebody-elses"]
    other = [item.api_key for item in credentials("https://runs.example.com", home=tmp_path, environ=env)]
    assert other == ["somebody-elses"]


def test_the_order_of_keys(tmp_path: Path) -> None:
    env = {"RUNSTONE_API_KEY": "env", "WANDB_API_KEY": "wandb", "NETRC": str(tmp_path / "netrc")}
    netrc_file.write("https://runs.example.com", "kept", path=tmp_path / "netrc")
    (tmp_path / "key").write_text(" file \n")
    found = credentials(
        "https://runs.example.com",
        api_key="given",
        api_key_file=str(tmp_path / "key"),
        home=tmp_path,
        environ=env,
    )
    assert [item.api_key for item in found] == ["given", "file", "env", "wandb", "kept"]
    assert find_credential("https://other.example.com", home=tmp_path, environ={"NETRC": "/no"}) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:8080", "http://localhost:8080"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("runs.example.com", "https://runs.example.com"),
        ("http://runs.example.com:81/prefix/", "http://runs.example.com:81/prefix"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_addresses_as_people_write_them(text: str, address: str) -> None:
    assert check_base_url(text) == address


@pytest.mark.parametrize(
    "text", ["", "ftp://x", "http://", "http://x:99999", "http://x:abc", "http://u:secret@x", "http://x/?k=v"]
)
def test_what_is_no_address_is_refused_without_repeating_a_secret(text: str) -> None:
    with pytest.raises(Misuse) as raised:
        check_base_url(text)
    assert "secret" not in str(raised.value)
