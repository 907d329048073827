"""Files of runs: names are data, bytes lie in the blob store by digest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from runstone.server.domain.identity import Actor, RunKey


@dataclass(frozen=True, slots=True)
class RunFile:
    name: str  # slashes make folders; never a path on the server
    sha256: str
    md5: str  # hexadecimal
    size: int
    mimetype: str
    updated_at: float


def check_file_name(name: str) -> str:
    """A run file's name, `./` in front removed: relative, no `..` or empty part, no backslash, NUL
    or control character, no drive letter, at most 1,024 bytes. Raises Invalid."""
    raise NotImplementedError


class Files:
    async def put(
        self,
        actor: Actor,
        run: RunKey,
        name: str,
        chunks: AsyncIterator[bytes],
        *,
        mimetype: str = "",
        sha256: str | None = None,
    ) -> RunFile:
        """Store and list; a file of the same name is replaced."""
        raise NotImplementedError

    def get(self, actor: Actor, run: RunKey, name: str) -> RunFile:
        raise NotImplementedError

    def find(
        self,
        actor: Actor,
        run: RunKey,
        *,
        prefix: str = "",
        pattern: str = "",
        names: Sequence[str] | None = None,
        after: str = "",
        limit: int = 1000,
    ) -> list[RunFile]:
        """By name. `pattern` is SQL LIKE."""
        raise NotImplementedError

    def count(self, actor: Actor, run: RunKey) -> int:
        raise NotImplementedError

    def read(self, actor: Actor, file: RunFile, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        raise NotImplementedError

    def delete(self, actor: Actor, run: RunKey, names: Sequence[str]) -> int:
        raise NotImplementedError
