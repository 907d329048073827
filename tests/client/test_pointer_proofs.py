"""Digests of other tools, made piece by piece."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.client.pointers.proofs import Algorithm, Proof, folder_digest


@given(
    content=st.lists(st.sampled_from([b"a", b"\r\n", b"\r", b"\n", b"text and more ", b"\xff" * 3])).map(
        b"".join
    ),
    cuts=st.lists(st.integers(0, 400)),
)
def test_a_proof_does_not_depend_on_how_the_bytes_come(content: bytes, cuts: list[int]) -> None:
    text = len(content[:512].replace(b"\xff", b"")) >= 0.7 * len(content[:512])
    unix = content.replace(b"\r\n", b"\n") if text else content
    wanted: dict[Algorithm, str] = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "md5": hashlib.md5(content).hexdigest(),
        "md5-dos2unix": hashlib.md5(unix).hexdigest(),
        "git-blob": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(),
    }
    edges = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    for algorithm, digest in wanted.items():
        check = Proof(algorithm, digest).begin(len(content))
        other = Proof(algorithm, digest).begin(len(content) + 1)
        for start, end in itertools.pairwise(edges):
            check.update(content[start:end])
            other.update(content[start:end])
        assert check.right()
        other.update(b"x")
        assert not other.right()


@pytest.mark.parametrize(
    ("content", "md5"),
    [
        # As `dvc_data.hashfile.hash.file_md5(…, name="md5-dos2unix")` of dvc-data gives them.
        (b"a\r\nb\r\n", "dd8c6a395b5dd36c56d23275028f526c"),
        (b"x" * (2**20 - 1) + b"\r\n" + b"y\r\n", "e1825541a28894307881fc219afcc49f"),
        (b"\0a\r\n", "c2a5b9617479ff7c69c7b78434b5784a"),
    ],
)
def test_text_of_dvc_2_is_read_as_dvc_read_it(content: bytes, md5: str) -> None:
    check = Proof("md5-dos2unix", md5).begin(len(content))
    check.update(content)
    assert check.right()


def test_a_folder_is_known_by_its_files_and_their_names(tmp_path: Path) -> None:
    for path, content in {"1.txt": b"1\n", "2.txt": b"2\n", "3.txt": b"3\n", "sub/x.txt": b"x\n"}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    # As DVC 3.67 wrote it into `images.dvc`.
    assert folder_digest(str(tmp_path)) == "cc46c6ca7c6c15c42ba605a28dd3dcee.dir"
    (tmp_path / "3.txt").rename(tmp_path / "4.txt")
    assert folder_digest(str(tmp_path)) != "cc46c6ca7c6c15c42ba605a28dd3dcee.dir"
