"""Names as data, and folders as trees that nothing leads out of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.content.errors import ContentError
from runstone.content.paths import entry_path, inside
from runstone.content.trees import one_file, walk

BAD = [
    "", "/etc/passwd", "..", "../x", "a/../b", "a//b", "a/./b", "a/", "C:x", "c:\\x", "a\\b", "a\0b",
    "a\nb", "x" * 1025, "\udcff",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_names_that_could_lead_out_are_refused(name: str) -> None:
    with pytest.raises(ContentError, match="cannot be named"):
        entry_path(name)


@given(st.text(max_size=40))
def test_whatever_is_accepted_stays_below_the_root(name: str) -> None:
    try:
        path = entry_path(name)
    except ContentError:
        return
    target = os.path.normpath(os.path.join("/root", *path.split("/")))
    assert target.startswith("/root/") and entry_path(path) == path


def test_a_link_that_lies_in_the_target_is_not_followed_out(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "root" / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ContentError, match="leads out"):
        inside(str(tmp_path / "root"), "out/x")
    assert inside(str(tmp_path / "root"), "a/x").endswith("/root/a/x")


def test_a_tree_is_walked_by_path(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.bin", "a/b/c.txt", "ä ö.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    os.mkfifo(tmp_path / "pipe")
    found = walk(str(tmp_path))
    assert [file.path for file in found] == ["a/b/c.txt", "a/z.bin", "b.txt", "ä ö.txt"]
    assert [file.size for file in found] == [len(file.path.encode()) for file in found]


def test_links_inside_the_tree_are_followed_and_links_out_of_it_refused(tmp_path: Path) -> None:
    tree, other = tmp_path / "tree", tmp_path / "secret"
    (tree / "d").mkdir(parents=True)
    (tree / "d" / "x").write_text("x")
    (tree / "also").symlink_to("d")
    (tree / "y").symlink_to("d/x")
    assert [file.path for file in walk(str(tree))] == ["also/x", "d/x", "y"]
    other.write_text("secret")
    (tree / "leak").symlink_to(other)
    with pytest.raises(ContentError, match=r"leads out.*follow_links"):
        walk(str(tree))
    assert "leak" in [file.path for file in walk(str(tree), follow_links=True)]


def test_a_link_in_a_circle_ends_with_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "up").symlink_to("..")
    with pytest.raises(ContentError, match="circle"):
        walk(str(tmp_path))


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"a folder; use add_dir"):
        one_file(str(tmp_path))
    with pytest.raises(ContentError, match="cannot be read"):
        one_file(str(tmp_path / "none"))
    with pytest.raises(ContentError, match="not a folder"):
        walk(str(tmp_path / "none"))
