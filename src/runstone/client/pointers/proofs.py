"""Whether bytes are those that a reference was made of, by whatever digest its place gives."""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import Literal

from runstone.content.manifest import NO_DIGEST, Entry
from runstone.content.trees import walk

Algorithm = Literal["sha256", "md5", "md5-dos2unix", "git-blob"]
_BLOCK_BYTES = 1 << 20
_TEXT = bytes(range(32, 127)) + b"\n\r\t\f\b"
_HEX = {"sha256": 64, "md5": 32, "md5-dos2unix": 32, "git-blob": 40}


class Proof:
    """A digest and how it is made. digest: in hex; "" proves nothing, and all bytes are right."""

    __slots__ = ("algorithm", "digest")

    def __init__(self, algorithm: Algorithm, digest: str) -> None:
        self.algorithm: Algorithm = algorithm
        self.digest = digest

    @property
    def name(self) -> str:
        return {"sha256": "SHA-256", "git-blob": "Git blob id"}.get(self.algorithm, "MD5")

    def begin(self, size: int) -> Check:
        """size: bytes to come; -1 where that is not known."""
        return Check(self, size)

    def holds_for(self, path: str) -> bool:
        """Of a file that lies there. Raises OSError."""
        with open(path, "rb") as file:
            check = self.begin(os.fstat(file.fileno()).st_size)
            while chunk := file.read(_BLOCK_BYTES):
                check.update(chunk)
        return check.right()


class Check:
    """One reading of the bytes, in order."""

    def __init__(self, proof: Proof, size: int) -> None:
        self._proof = proof
        self._digests = []
        self._waiting = bytearray()
        self._text = None
        if not proof.digest:
            return
        if proof.algorithm == "sha256":
            self._digests.append(hashlib.sha256())
        elif proof.algorithm == "git-blob":
            digest = hashlib.sha1(usedforsecurity=False)
            digest.update(b"blob %d\0" % size)
            self._digests.append(digest)
        else:
            self._digests.append(hashlib.md5(usedforsecurity=False))
            if proof.algorithm == "md5-dos2unix":
                self._text = hashlib.md5(usedforsecurity=False)

    def update(self, chunk: bytes) -> None:
        for digest in self._digests:
            digest.update(chunk)
        if self._text is not None:
            self._waiting += chunk
            while len(self._waiting) >= _BLOCK_BYTES:
                self._text.update(_unix(bytes(self._waiting[:_BLOCK_BYTES])))
                del self._waiting[:_BLOCK_BYTES]

    def right(self) -> bool:
        if not self._digests:
            return True
        found = [digest.hexdigest() for digest in self._digests]
        if self._text is not None:
            self._text.update(_unix(bytes(self._waiting)))
            self._waiting.clear()
            found.append(self._text.hexdigest())
        return self._proof.digest in found


def _unix(block: bytes) -> bytes:
    """As DVC before 3 read text: each block of 1 MiB whose first 512 bytes look like text has its line ends
    made those of Unix. Source: dvc-data, `hashfile/hash.py` and `istextfile.py`."""
    head = block[:512]
    text = b"\0" not in head and len(head.translate(None, _TEXT)) <= 0.3 * len(head)
    return block.replace(b"\r\n", b"\n") if text else block


def proof_of(entry: Entry) -> Proof | None:
    """How a file is known to be this entry's; None where nothing tells, or it stands for a folder."""
    if entry.sha256 != NO_DIGEST:
        return Proof("sha256", entry.sha256.hex())
    reference = entry.reference
    if reference is None:
        return None
    algorithm: Algorithm
    if reference.uri.startswith("dvc:"):
        algorithm = "md5-dos2unix" if reference.extra.get("hash") == "md5-dos2unix" else "md5"
    elif reference.uri.startswith("hf:"):
        algorithm = "git-blob"
    else:
        return None
    if not re.fullmatch(f"[0-9a-f]{{{_HEX[algorithm]}}}", reference.digest):
        return None
    return Proof(algorithm, reference.digest)


def folder_digest(root: str, algorithm: Algorithm = "md5") -> str:
    """What DVC calls a folder with these files: the MD5 of a list of their MD5s and paths. Raises OSError,
    ContentError. Source: dvc-data, `hashfile/tree.py`."""
    listed = []
    for file in walk(root):
        digest = hashlib.md5(usedforsecurity=False)
        with open(file.local, "rb") as opened:
            while block := opened.read(_BLOCK_BYTES):
                digest.update(_unix(block) if algorithm == "md5-dos2unix" else block)
        listed.append({"md5": digest.hexdigest(), "relpath": file.path})
    listed.sort(key=lambda item: item["relpath"])
    said = json.dumps(listed, sort_keys=True).encode()
    return hashlib.md5(said, usedforsecurity=False).hexdigest() + ".dir"
