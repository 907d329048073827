"""The few acts on files that a shared directory is kept with: those that are whole or not at all on
network file systems too.

No locks (flock means little over NFS) and no clocks of others. A name is given once by `os.link`, which
fails where it is taken, also across hosts; a reader meets all of a file or nothing of it.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

# A link whose answer got lost is sent again by the NFS client, and then fails for its own success:
# whoever gives a name looks at what is there before it believes that another was faster.


class Files:
    """One writer's. `step` is called before each act, with its name: tests end the process there."""

    def __init__(self, root: Path, writer: str) -> None:
        self.root = root
        self._writer = writer
        self._made = 0
        self._folders: set[Path] = set()

    def step(self, name: str) -> None:
        """About to do that."""

    def read(self, path: Path) -> bytes | None:
        """None where there is no such file."""
        self.step("read")
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def create(self, path: Path, content: bytes) -> bool:
        """Give the name to this content, on the disk before it can be seen; False where it is taken."""
        temporary = self._stored(content)
        try:
            self._folder(path.parent)
            self.step("link")
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
                    raise OSError(
                        error.errno,
                        f"{self.root} is on a file system without hard links, which a sweep is kept "
                        "safe by. Use a local disk, NFS, Lustre, GPFS or CephFS",
                    ) from None
                raise
            self.sync_folder(path.parent)
            return True
        finally:
            with suppress(OSError):
                temporary.unlink()

    def replace(self, path: Path, content: bytes) -> None:
        """Put this content in the place of whatever has the name."""
        temporary = self._stored(content)
        self._folder(path.parent)
        self.step("rename")
        temporary.replace(path)
        self.sync_folder(path.parent)

    def alias(self, source: Path, path: Path) -> None:
        """Let the name `path` mean `source`, in one act, whatever it meant before."""
        temporary = self._temporary()
        self.step("link")
        os.link(source, temporary)
        self.step("rename")
        temporary.replace(path)

    def overwrite(self, path: Path, content: bytes) -> None:
        """Not whole, not on the disk: for what matters only while it changes."""
        self.step("write")
        with path.open("wb") as file:
            file.write(content)

    def remove(self, path: Path) -> None:
        self.step("unlink")
        with suppress(FileNotFoundError):
            path.unlink()

    def sync_folder(self, folder: Path) -> None:
        """Until then a new name may be gone after a power cut."""
        self.step("fsync folder")
        if os.name == "nt":
            return
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _stored(self, content: bytes) -> Path:
        temporary = self._temporary()
        self.step("write")
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            self.step("fsync")
            os.fsync(file.fileno())
        return temporary

    def _temporary(self) -> Path:
        self._made += 1
        return self.root / "tmp" / f"{self._writer}-{self._made}"

    def _folder(self, folder: Path) -> None:
        if folder in self._folders:
            return
        if not folder.is_dir():
            self.step("mkdir")
            folder.mkdir(parents=True, exist_ok=True)
            self.sync_folder(folder.parent)
        self._folders.add(folder)
