"""A version browsed by folder, searched and compared by folder, beside a plain count over all its paths."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from tests.support.artifact_world import ArtifactWorld, open_artifacts
from tests.support.world import World

from runstone.server.domain import artifact_folders, manifests, outlines
from runstone.server.domain.artifact_model import Entry, VersionWanted
from runstone.server.domain.errors import Invalid, NotFound
from runstone.server.stores.records.schema.artifacts import part_outlines

Tree = dict[str, int]  # size by path


@pytest.fixture
def house(world: World, tmp_path: Path) -> ArtifactWorld:
    return open_artifacts(world, tmp_path / "blobs")


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a few entries, and pages that end early: every seam is met with few files."""
    monkeypatch.setattr(manifests, "PART_ENTRIES_MIN", 1)
    monkeypatch.setattr(manifests, "PART_ENTRIES_AIM", 3)
    monkeypatch.setattr(manifests, "PART_ENTRIES_MAX", 5)
    monkeypatch.setattr(outlines, "GROUPS_MAX", 2)
    monkeypatch.setattr(artifact_folders, "OUTLINES_AT_ONCE", (1, 2))
    monkeypatch.setattr(artifact_folders, "OUTLINES_MAX", 4)
    monkeypatch.setattr(artifact_folders, "OPENED_MAX", 2)


def commit(house: ArtifactWorld, tree: Tree, name: str = "set") -> int:
    """References, so that no bytes have to be sent."""
    ada = house.world.ada
    made = house.artifacts.create(ada, "ml", "p", VersionWanted("dataset", name))
    entries = [Entry(path, size, ref="s3://b/x", digest=f"e{size}") for path, size in tree.items()]
    if entries:
        house.artifacts.add_entries(ada, made.version.id, entries)
    return house.artifacts.commit(ada, made.version.id).version.id


def walk(
    house: ArtifactWorld, version: int, prefix: str, limit: int
) -> tuple[list[tuple[str, int, int]], list[str]]:
    """Folders and files over all pages."""
    folders: list[tuple[str, int, int]] = []
    files: list[str] = []
    after = ""
    for _ in range(1000):
        page = house.artifacts.folder(house.world.vic, version, prefix=prefix, after=after, limit=limit)
        assert len(page.folders) + len(page.files) <= limit
        assert not (page.folders and files), "folders come before files"
        folders += [(one.path, one.files, one.bytes) for one in page.folders]
        files += [one.path for one in page.files]
        if not page.next:
            return folders, files
        assert page.next != after
        after = page.next
    raise AssertionError("the pages never end")


def expected(tree: Tree, prefix: str) -> tuple[list[tuple[str, int, int]], list[str]]:
    base = prefix[: prefix.rfind("/") + 1]
    folders: dict[str, list[int]] = {}
    files = []
    for path in sorted(tree):
        if not path.startswith(prefix):
            continue
        name, slash, _ = path[len(base) :].partition("/")
        if not slash:
            files.append(path)
            continue
        counted = folders.setdefault(f"{base}{name}/", [0, 0])
        counted[0] += 1
        counted[1] += tree[path]
    return [(folder, n, size) for folder, (n, size) in sorted(folders.items())], files


# Names around the slash (which sorts between "." and "0"), signs that LIKE would take for its own, and
# letters of two, three and four bytes.
NAMES = ["a", "a-", "a.b", "a0", "b", "%", "_", "é", "\u2028", "日", "😀", "\uffff", "B"]
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=5).map("/".join)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Where a path is a file it is no folder."""
    tree: Tree = {}
    for path, size in draw(st.lists(st.tuples(paths, st.integers(0, 9)), min_size=1, max_size=30)):
        parts = path.split("/")
        above = any("/".join(parts[:n]) in tree for n in range(1, len(parts)))
        if not above and not any(other.startswith(path + "/") for other in tree):
            tree[path] = size
    # One folder that goes on over many parts, as those do that are passed over unread.
    for number in range(draw(st.sampled_from([0, 0, 24]))):
        tree[f"long/{number:02}/x"] = number
    return tree


def prefixes(tree: Tree) -> Iterator[str]:
    yield from ("", "nothing/", "a", "long/1", "\U0010ffff")
    folders = sorted({path[: at + 1] for path in tree for at, sign in enumerate(path) if sign == "/"})
    yield from folders[:: max(1, len(folders) // 5)]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=trees(), limit=st.sampled_from([2, 7, 1000]))
def test_every_folder_is_told_as_a_count_over_all_paths_would(
    house: ArtifactWorld, small_steps: None, tree: Tree, limit: int
) -> None:
    version = commit(house, tree)
    for prefix in prefixes(tree):
        assert walk(house, version, prefix, limit) == expected(tree, prefix), prefix
        below = [size for path, size in tree.items() if path.startswith(prefix)]
        assert house.artifacts.below(house.world.vic, version, prefix) == (len(below), sum(below)), prefix


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=trees(), text=st.sampled_from([*NAMES, "A", "/", "a/", "É", "nowhere"]), limit=st.integers(1, 5))
def test_a_search_finds_each_path_that_holds_the_text_once(
    house: ArtifactWorld, small_steps: None, tree: Tree, text: str, limit: int
) -> None:
    version = commit(house, tree)
    for prefix in ("", "a/", "long/"):
        found: list[str] = []
        searched, after = 0, ""
        while True:
            page = house.artifacts.search_files(
                house.world.vic, version, text, prefix=prefix, after=after, limit=limit
            )
            found += [entry.path for entry in page.files]
            searched += page.searched
            after = page.next
            if not after:
                break
        assert found == [p for p in sorted(tree) if p.startswith(prefix) and text.lower() in p.lower()]
        assert searched == sum(path.startswith(prefix) for path in tree)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(old=trees(), new=trees(), keep=st.booleans(), limit=st.sampled_from([1, 3, 1000]))
def test_a_comparison_by_folder_counts_what_a_plain_one_lists(
    house: ArtifactWorld, small_steps: None, old: Tree, new: Tree, keep: bool, limit: int
) -> None:
    if keep:  # most of it shared, in shared parts
        new = {**old, **{path: size for path, size in new.items() if path in old}, "zz": 1}
    one, other = commit(house, old, "one"), commit(house, new, "other")
    plain = {
        path: (old.get(path), new.get(path))
        for path in sorted({*old, *new})
        if old.get(path) != new.get(path)
    }
    vic = house.world.vic
    assert [change.path for change in house.artifacts.diff(vic, one, other)] == list(plain)
    for prefix in ("", "a/", "long/"):
        below = {path: sizes for path, sizes in plain.items() if path.startswith(prefix)}
        folders: dict[str, tuple[int, int, int]] = {}
        files: list[str] = []
        after = ""
        while True:
            page, after = house.artifacts.diff_folder(
                vic, one, other, prefix=prefix, after=after, limit=limit
            )
            assert page.counts.added + page.counts.removed + page.counts.changed == len(below)
            assert page.counts.old_bytes == sum(was or 0 for was, _ in below.values())
            for path, counted in page.folders.items():
                assert path not in folders
                folders[path] = (counted.added, counted.removed, counted.changed)
            files += [change.path for change in page.files]
            if not after:
                break
        told = expected(dict.fromkeys(below, 0), prefix)
        assert files == told[1]
        assert {path: sum(counts) for path, counts in folders.items()} == {f: n for f, n, _ in told[0]}


@settings(max_examples=60, deadline=None)
@given(tree=trees(), most=st.integers(1, 6))
def test_an_outline_counts_each_file_once_in_few_groups(tree: Tree, most: int) -> None:
    kept, outlines.GROUPS_MAX = outlines.GROUPS_MAX, most
    try:
        groups = outlines.outline(tree.items())
    finally:
        outlines.GROUPS_MAX = kept
    assert len(groups) <= most
    assert sum(group.files for group in groups) == len(tree)
    assert sum(group.bytes for group in groups) == sum(tree.values())
    for group in groups:
        inside = [path for path in tree if path.startswith(group.folder)]
        assert len(inside) >= group.files
        if not group.nested:
            assert group.files == sum("/" not in path[len(group.folder) :] for path in inside)
    assert outlines.decode(outlines.encode(groups)) == groups


def test_parts_from_before_there_were_outlines_get_them_when_they_are_listed(
    house: ArtifactWorld, small_steps: None
) -> None:
    tree = {f"{n % 3}/{n:03}": n for n in range(90)}
    version = commit(house, tree)
    house.world.records.write(lambda conn: conn.execute(delete(part_outlines)))
    assert house.artifacts.below(house.world.vic, version, "1/") == (30, sum(range(1, 90, 3)))
    assert walk(house, version, "", 1000) == expected(tree, "")
    assert walk(house, version, "2/", 7) == expected(tree, "2/")


def test_a_large_flat_folder_and_a_deep_tree_open_few_parts(
    house: ArtifactWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(3)
    tree = {f"flat/{n:06}.png": 1 for n in range(9_000)}
    tree |= {f"deep/{dice.randrange(30)}/{dice.randrange(30)}/{n}": 2 for n in range(9_000)}
    version = commit(house, tree)
    opened: list[int] = []
    whole = manifests.rows
    monkeypatch.setattr(manifests, "rows", lambda data: opened.append(1) or whole(data))
    page = house.artifacts.folder(house.world.vic, version)
    assert [(one.path, one.files, one.bytes) for one in page.folders] == [
        ("deep/", 9_000, 18_000),
        ("flat/", 9_000, 9_000),
    ]
    assert len(opened) <= 2
    opened.clear()
    page = house.artifacts.folder(house.world.vic, version, prefix="flat/", limit=100)
    assert [file.path for file in page.files] == [f"flat/{n:06}.png" for n in range(100)]
    assert len(opened) <= 2


@pytest.mark.parametrize("cursor", ["nonsense", "files", "else:a"])
def test_what_is_no_cursor_of_a_folder_is_refused(house: ArtifactWorld, cursor: str) -> None:
    version = commit(house, {"a/b": 1})
    with pytest.raises(Invalid, match="next"):
        house.artifacts.folder(house.world.vic, version, after=cursor)


def test_a_cursor_that_points_anywhere_only_leaves_things_out(
    house: ArtifactWorld, small_steps: None
) -> None:
    version = commit(house, {f"long/{n:02}/x": 1 for n in range(40)})
    page = house.artifacts.folder(house.world.vic, version, after="folders:long/2")
    assert page.folders == [] and page.files == []


def test_a_stranger_lists_no_folder(house: ArtifactWorld) -> None:
    version = commit(house, {"a/b": 1})
    strangers: Sequence[object] = [
        lambda: house.artifacts.folder(house.world.eve, version),
        lambda: house.artifacts.below(house.world.eve, version, "a/"),
        lambda: house.artifacts.search_files(house.world.eve, version, "b"),
        lambda: house.artifacts.diff_folder(house.world.eve, version, version),
    ]
    for ask in strangers:
        with pytest.raises(NotFound):
            ask()  # type: ignore[operator]
