from __future__ import annotations

import netrc
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.client import netrc_file
from runstone.client.errors import Misuse

KEY = "local-" + "a1b2c3d4e5" * 4


def test_a_new_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "netrc"
    netrc_file.write("http://127.0.0.1:8080", KEY, path=path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert netrc_file.read("http://127.0.0.1:8080", path=path) == KEY


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "netrc"
    path.write_text("machine other login me password secret\n")
    path.chmod(0o644)
    netrc_file.write("http://127.0.0.1:8080", KEY, path=path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_entries_comments_and_macros_of_others_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "netrc"
    before = (
        "# my servers\n"
        'machine ftp.example.com\n\tlogin me\n\tpassword "p w"\n\n'
        "macdef init\ncd /pub\nmget *\n\n"
        "machine a.example.com login b password c # the old one\n"
        "default login anonymous password me@example.com\n"
    )
    path.write_text(before)
    netrc_file.write("https://runs.example.com", KEY, path=path)
    entry = f"machine runs.example.com\n  login user\n  password {KEY}\n"
    assert path.read_text().replace(entry, "") == before
    assert path.read_text().index(entry) < path.read_text().index("default login")


def test_writing_again_replaces_the_key_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "netrc"
    path.write_text("machine x login a password b\n")
    for key in (KEY, KEY[:-1] + "z", KEY):
        netrc_file.write("http://localhost:8080", key, path=path)
    assert path.read_text().count("machine localhost:8080") == 1
    assert path.read_text().startswith("machine x login a password b\n")
    assert netrc_file.read("http://localhost:8080", path=path) == KEY


def test_an_entry_on_one_line_among_others_is_replaced_alone(tmp_path: Path) -> None:
    path = tmp_path / "netrc"
    path.write_text(
        "machine a login b password c machine h:1 login u password old machine z login y password x"
    )
    netrc_file.write("http://h:1", KEY, path=path)
    hosts = netrc.netrc(path).hosts
    assert hosts["a"][2] == "c"
    assert hosts["z"][2] == "x"
    assert hosts["h:1"][2] == KEY


def test_ports_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "netrc"
    netrc_file.write("http://localhost:8080", KEY, path=path)
    assert netrc_file.read("http://localhost:8081", path=path) is None
    assert netrc_file.read("http://localhost", path=path) is None


def test_the_default_entry_is_nobodys_key(tmp_path: Path) -> None:
    path = tmp_path / "netrc"
    path.write_text("default login anonymous password me@example.com\n")
    assert netrc_file.read("http://localhost:8080", path=path) is None


def test_a_file_that_is_no_netrc_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "netrc"
    path.write_text("export TOKEN=abc\n")
    with pytest.raises(Misuse, match="line 1"):
        netrc_file.write("http://localhost:8080", KEY, path=path)
    assert path.read_text() == "export TOKEN=abc\n"


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", 'quo"te', "a\\b", "x" * 600])
def test_a_key_that_would_break_the_file_is_refused(tmp_path: Path, key: str) -> None:
    path = tmp_path / "netrc"
    with pytest.raises(Misuse):
        netrc_file.write("http://localhost:8080", key, path=path)
    assert not path.exists()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    target = tmp_path / "dotfiles" / "netrc"
    target.write_text("machine x login a password b\n")
    link = tmp_path / "netrc"
    link.symlink_to(target)
    netrc_file.write("http://localhost:8080", KEY, path=link)
    assert link.is_symlink()
    assert "localhost:8080" in target.read_text()


def test_nothing_is_left_behind_when_the_folder_cannot_be_written(tmp_path: Path) -> None:
    if os.getuid() == 0:
        pytest.skip("root writes anywhere")
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o500)
    with pytest.raises(OSError):
        netrc_file.write("http://localhost:8080", KEY, path=folder / "netrc")
    assert list(folder.iterdir()) == []


def test_the_published_wandb_client_finds_the_same_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wbauth = pytest.importorskip("wandb.sdk.lib.wbauth")
    path = tmp_path / "netrc"
    monkeypatch.setenv("NETRC", str(path))
    netrc_file.write("http://127.0.0.1:18081", KEY)
    assert wbauth.read_netrc_auth(host="http://127.0.0.1:18081") == KEY
    wbauth.write_netrc_auth(host="http://127.0.0.1:18082", api_key=KEY[::-1].replace("-", "x"))
    assert netrc_file.read("http://127.0.0.1:18082") == KEY[::-1].replace("-", "x")
    assert netrc_file.read("http://127.0.0.1:18081") == KEY


_words = st.text(
    st.characters(codec="ascii", min_codepoint=48, max_codepoint=122, exclude_characters="#\\\"'`"),
    min_size=1,
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(
    entries=st.lists(st.tuples(_words, _words, _words), max_size=5, unique_by=lambda entry: entry[0]),
    gap=st.sampled_from([" ", "\n", "\n\t", "  \n  "]),
    end=st.sampled_from(["", "\n", "\n\n"]),
)
def test_every_other_entry_survives(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[str, str, str]], gap: str, end: str
) -> None:
    path = tmp_path_factory.mktemp("netrc") / "netrc"
    text = "\n".join(
        gap.join((f"machine {host}", f"login {login}", f"password {word}")) for host, login, word in entries
    )
    path.write_text(text + end)
    netrc_file.write("http://runs.example.com:8080", KEY, path=path)
    hosts = netrc.netrc(path).hosts
    for host, login, word in entries:
        assert hosts[host] == (login, "", word)
    assert hosts["runs.example.com:8080"] == ("user", "", KEY)
