"""Bringing the bytes of a reference from the first place that has them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from runstone.client.errors import ReferenceAway
from runstone.client.pointers.proofs import Proof
from runstone.content.manifest import Reference

# (path in the artifact, bytes or -1, reference, SHA-256 or NO_DIGEST)
Found = tuple[str, int, Reference, bytes]
CHUNK_BYTES = 1 << 20
_WHERE_MAX = 6


@dataclass(frozen=True, slots=True)
class Source:
    """A place where the bytes may be. where: in words. open: gives them; raises ReferenceAway or OSError
    where they are not there."""

    where: str
    open: Callable[[], AbstractContextManager[Iterator[bytes]]]


def bring(
    sources: Sequence[Source],
    target: str,
    *,
    what: str,
    size: int,
    proof: Proof,
    hint: str,
    most: int = -1,
) -> int:
    """Write the file `target` from the first source whose bytes are right; how many there are. size, most:
    -1 where they are not known. what, hint: of the message. Raises ReferenceAway, of all places, where none
    has them."""
    tried = []
    for source in sources:
        try:
            return _from(source, target, size, size if size >= 0 else most, proof)
        except FileNotFoundError:
            tried.append(f"{source.where} (not there)")
        except ReferenceAway as error:
            tried.append(f"{source.where} ({error.message})")
        except OSError as error:
            if error.filename == target or error.filename is None:  # what is written, not what is read
                raise
            tried.append(f"{source.where} ({error.strerror})")
    more = f"; and {len(tried) - _WHERE_MAX} more" if len(tried) > _WHERE_MAX else ""
    looked = "; ".join(tried[:_WHERE_MAX]) + more if tried else "nowhere, as no place is known"
    raise ReferenceAway(f"{what} is not at hand. Looked in: {looked}. {hint}")


def _from(source: Source, target: str, size: int, most: int, proof: Proof) -> int:
    check = proof.begin(size)
    count = 0
    with source.open() as chunks, open(target, "wb") as file:
        for chunk in chunks:
            count += len(chunk)
            if 0 <= most < count:
                raise ReferenceAway(f"longer than the {most} bytes it should be")
            check.update(chunk)
            file.write(chunk)
    if 0 <= size != count:
        raise ReferenceAway(f"{count} bytes long, not {size}")
    if not check.right():
        raise ReferenceAway(f"its {proof.name} is not {proof.digest}")
    return count


def file_source(path: str, where: str | None = None) -> Source:
    """A regular file of this machine."""

    @contextmanager
    def opened() -> Iterator[Iterator[bytes]]:
        # Not blocking: what lies there may be a pipe, which would be waited for.
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(number, "rb") as file:
            if not os.path.isfile(path):
                raise ReferenceAway("no regular file")
            yield iter(lambda: file.read(CHUNK_BYTES), b"")

    return Source(where or path, opened)


def shown(text: object) -> str:
    """What somebody else wrote, fit for a line on a terminal."""
    line = "".join(char if char.isprintable() else "?" for char in str(text))
    return line if len(line) <= 300 else line[:297] + "..."
