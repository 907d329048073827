"""Files of a run, fetched whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from runstone.client.errors import BadAnswer, Misuse
from runstone.client.models import FileRecord
from runstone.client.native import Client


class File:
    """One file; `record` has its size and digests."""

    def __init__(self, client: Client, address: tuple[str, str, str], record: FileRecord) -> None:
        self._client = client
        self._address = address
        self.record = record

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def size(self) -> int:
        """Bytes."""
        return self.record.size

    @property
    def sha256(self) -> str:
        return self.record.sha256

    def __repr__(self) -> str:
        return f"<File {self.name} ({self.size} bytes)>"

    def read(self) -> bytes:
        """All of it. Raises BadAnswer where its digest is not the one promised."""
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Its bytes as they come; the digest is checked at the end. Raises BadAnswer."""
        digest = hashlib.sha256()
        with self._client.get_file(*self._address, self.name) as answer:
            for chunk in answer.iter_bytes():
                digest.update(chunk)
                yield chunk
        if self.sha256 and digest.hexdigest() != self.sha256:
            raise BadAnswer(f"File {self.name!r} came damaged: its SHA-256 is not {self.sha256}.")

    def download(self, root: str | Path = ".", *, replace: bool = False, exist_ok: bool = False) -> Path:
        """Into `root`, under its own name, folders and all; it appears when it is whole. A file that
        is there already: an error, or left (exist_ok), or replaced. Raises Misuse."""
        target = inside(Path(root), self.name)
        if target.exists() and not replace:
            if exist_ok:
                return target
            raise Misuse(f"{target} is there already. Pass replace=True or exist_ok=True.")
        target.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
        part = Path(name)
        try:
            with os.fdopen(number, "wb") as file:
                for chunk in self.chunks():
                    file.write(chunk)
            part.chmod(0o666 & ~_umask())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return target

    def delete(self) -> None:
        self._client.delete_file(*self._address, self.name)


def inside(root: Path, name: str) -> Path:
    """Where a file of this name goes below `root`. The name came from a server, and whoever wrote
    it: it must not lead out, by dots, by links that lie there, or as a drive. Raises Misuse."""
    parts = PurePosixPath(name).parts
    bad = not parts or name.startswith("/") or "\\" in name or "\0" in name
    if bad or any(part in ("..", ".") or (os.name == "nt" and ":" in part) for part in parts):
        raise Misuse(f"File name {name!r} leads out of the folder it should go to.")
    target = root.joinpath(*parts)
    if not Path(os.path.realpath(target)).is_relative_to(os.path.realpath(root)):
        raise Misuse(f"File name {name!r} leads out of {root} by a link that lies there.")
    return target


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
