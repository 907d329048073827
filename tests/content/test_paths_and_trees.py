"""Names as data, and folders as trees that nothing leads out of."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.content import trees
from runstone.content.errors import ContentError
from runstone.content.paths import entry_path, inside
from runstone.content.trees import one_file, stamp_of, walk

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


# Names whose order among their siblings is another one with the slash of a folder behind them.
_names = st.sampled_from(["a", "a-b", "a.b", "a b", "b", "B", "ab", "ä", "z"])


@settings(max_examples=150, deadline=None)
@given(st.sets(st.lists(_names, min_size=1, max_size=4).map("/".join), max_size=25), st.booleans())
def test_any_tree_is_walked_by_path_and_each_file_is_the_one_that_is_there(
    wished: set[str], within: bool
) -> None:
    with tempfile.TemporaryDirectory() as top, pytest.MonkeyPatch.context() as patch:
        if not within:
            patch.setattr(trees, "_WITHIN", False)  # as on systems that know no open folders
        expected = {}
        for path in sorted(wished):
            local = Path(top, path)
            if not any(parent.is_file() for parent in local.parents) and not local.is_dir():
                local.parent.mkdir(parents=True, exist_ok=True)
                local.write_text(path)
                expected[path] = local
        linked = sorted(expected)[: len(expected) // 4]
        for number, path in enumerate(linked):
            link = expected[path].with_name(f"{number}~")
            link.symlink_to(expected[path].name)
            expected[str(link.relative_to(top))] = Path(os.path.realpath(link))
        found = walk(top)
        assert found.paths == sorted(expected)
        assert [file.path for file in found] == found.paths and len(found) == len(expected)
        for at, file in enumerate(found):
            local = expected[file.path]
            assert os.path.samefile(file.local, local) and file.local == found.local(at) == found[at].local
            assert file.size == local.stat().st_size == found.sizes[at]
            assert file.stamp == stamp_of(local.stat()) == found.stamps[at]
        assert [file.path for file in found.below("in/")] == [f"in/{path}" for path in found.paths]
        assert [file.local for file in found.below("in/")] == [file.local for file in found]


def test_a_file_of_a_time_before_1970_or_after_2262_has_a_stamp(tmp_path: Path) -> None:
    for name, seconds in (("old", -5), ("new", 2**33)):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (seconds, seconds))
    for file in walk(str(tmp_path)):
        assert file.stamp == stamp_of(os.stat(file.local))


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
