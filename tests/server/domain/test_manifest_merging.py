"""Manifests laid over each other, and what two versions differ in: nothing is lost, whatever the order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from runstone.server.domain import manifests
from runstone.server.domain.artifact_model import Entry

# Few paths, so that pages meet; some that begin alike, and some beyond ASCII.
PATHS = st.sampled_from(
    ["a", "a/b", "a!", "b", "b/c/d", "ä", "z\U0001f600", "z\uffff", *(f"n{n}" for n in range(9))]
)
CONTENT = st.integers(0, 4)


def file(path: str, content: int) -> Entry:
    digest = hashlib.sha256(b"%d" % content).hexdigest()
    if content == 3:
        return Entry(path, 7, ref="s3://bucket/x", digest="etag")
    xxh128 = digest[32:] if content == 4 else ""
    return Entry(path, content, sha256=digest, md5=digest[:32], xxh128=xxh128)


def removal(path: str) -> Entry:
    return Entry(path, 0, removed=True)


FULL = st.dictionaries(PATHS, CONTENT)
# None: the page takes the path away.
PAGE = st.dictionaries(PATHS, st.none() | CONTENT, min_size=1)


def entries(wanted: dict[str, int] | dict[str, int | None]) -> list[Entry]:
    return [
        removal(path) if (content := wanted[path]) is None else file(path, content) for path in sorted(wanted)
    ]


def merged(base: Iterable[Entry], pages: Sequence[list[Entry]], *, order: Sequence[int] = ()) -> list[Entry]:
    """As a commit does it. order: in which the rows of the pages are found; their numbers stay."""
    infos = [
        manifests.PageInfo(number, page[0].path, page[-1].path) for number, page in enumerate(pages) if page
    ]
    infos = [infos[at] for at in order] if order else infos
    return list(
        manifests.merge(base, infos, lambda number: manifests.decode(manifests.encode(pages[number])))
    )


def laid_over(base: dict[str, int], pages: Sequence[dict[str, int | None]]) -> list[Entry]:
    """What it means, by a dictionary."""
    whole: dict[str, int | None] = dict(base)
    for page in pages:
        whole.update(page)
    return entries({path: content for path, content in whole.items() if content is not None})


@given(FULL, st.lists(PAGE, max_size=6))
def test_pages_laid_over_a_base_are_a_dictionary_updated_in_their_order(
    base: dict[str, int], pages: list[dict[str, int | None]]
) -> None:
    assert merged(entries(base), [entries(page) for page in pages]) == laid_over(base, pages)


@given(FULL, st.lists(PAGE, max_size=6), st.data())
def test_it_does_not_matter_in_which_order_pages_are_found(
    base: dict[str, int], pages: list[dict[str, int | None]], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(pages))))
    sent = [entries(page) for page in pages]
    assert merged(entries(base), sent, order=order) == merged(entries(base), sent)


@given(FULL, st.integers(1, 5), st.data())
def test_helpers_that_send_disjoint_shares_may_come_in_any_order(
    whole: dict[str, int], helpers: int, data: st.DataObject
) -> None:
    shares: list[dict[str, int]] = [{} for _ in range(helpers)]
    for path, content in whole.items():
        shares[data.draw(st.integers(0, helpers - 1))][path] = content
    sent = data.draw(st.permutations([entries(share) for share in shares if share]))
    assert merged([], sent) == entries(whole)


@given(FULL, FULL)
def test_a_difference_laid_over_the_old_version_is_the_new_one(
    old: dict[str, int], new: dict[str, int]
) -> None:
    changes = list(manifests.diff(entries(old), entries(new)))
    page = [removal(change.path) if change.new is None else change.new for change in changes]
    assert merged(entries(old), [page]) == entries(new)
    assert [change.path for change in changes] == sorted(
        path for path in old.keys() | new.keys() if old.get(path) != new.get(path)
    )
    back = list(manifests.diff(entries(new), entries(old)))
    assert [(change.path, change.new, change.old) for change in back] == [
        (change.path, change.old, change.new) for change in changes
    ]


@given(FULL)
def test_a_version_does_not_differ_from_itself(whole: dict[str, int]) -> None:
    assert list(manifests.diff(entries(whole), entries(whole))) == []


@given(st.lists(st.integers(0, 10**6), unique=True, max_size=3000))
def test_parts_hold_every_entry_once_in_order(numbers: list[int]) -> None:
    whole = [file(f"{number:07d}", number % 4) for number in sorted(numbers)]
    parts = list(manifests.cut(whole))
    assert [entry for part in parts for entry in part] == whole
    assert all(0 < len(part) <= manifests.PART_ENTRIES_MAX for part in parts)
    digests = manifests.Digests()
    for part in parts:
        digests.add(part)
    at_once = manifests.Digests()
    at_once.add(whole)
    assert (digests.sha256, digests.wandb, digests.count) == (at_once.sha256, at_once.wandb, len(whole))
