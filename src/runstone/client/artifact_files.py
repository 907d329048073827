"""Files of a version: listed, fetched to a folder, held against what was committed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from runstone.client.artifact_models import ArtifactRecord, EntryRecord
from runstone.client.errors import Misuse
from runstone.content.manifest import NO_DIGEST, Entry, Reference

if TYPE_CHECKING:
    from runstone.client.artifact_differences import Differences
    from runstone.client.artifact_download import Downloaded
    from runstone.client.native import Client


_LINKS = ("auto", "copy")


class ArtifactFile:
    """One file of a version. size: bytes."""

    def __init__(self, version: VersionFiles, entry: Entry) -> None:
        self._version = version
        self._entry = entry
        self.name = entry.path
        self.size = max(entry.size, 0)
        self.sha256 = entry.sha256.hex() if entry.sha256 != NO_DIGEST else ""
        self.ref = entry.reference.uri if entry.reference is not None else ""

    def download(self, root: str | None = None, *, use_cache: bool = True) -> str:
        """The path it has then."""
        return self._version.download_file(self.name, root, use_cache=use_cache)

    def __repr__(self) -> str:
        return f"<ArtifactFile {self.name} ({self.size} bytes)>"


class VersionFiles:
    """Part of `ArtifactVersion`."""

    record: ArtifactRecord
    entity: str
    project: str
    _client: Client
    _entries: list[Entry] | None
    _roots: list[str]

    def entries(self) -> list[Entry]:
        """By path; asked for once."""
        if self._entries is None:
            found = self._client.artifacts.manifest(self.entity, self.project, f"@{self.record.id}")
            self._entries = [entry_of(record) for record in found]
        return self._entries

    def files(self, names: Sequence[str] | None = None) -> list[ArtifactFile]:
        wanted = None if names is None else set(names)
        return [
            ArtifactFile(self, entry) for entry in self.entries() if wanted is None or entry.path in wanted
        ]

    @cached_property
    def default_root(self) -> str:
        """Where `download` puts it: $RUNSTONE_ARTIFACT_DIR or ./artifacts, and NAME:vN there."""
        folder = (
            os.environ.get("RUNSTONE_ARTIFACT_DIR") or os.environ.get("WANDB_ARTIFACT_DIR") or "artifacts"
        )
        name = self.record.name.replace(":", "-") if os.name == "nt" else self.record.name
        return os.path.join(os.path.abspath(folder), name)

    def download(
        self,
        root: str | os.PathLike[str] | None = None,
        *,
        path_prefix: str = "",
        allow_missing_references: bool = False,
        use_cache: bool = True,
        links: str | None = None,
    ) -> str:
        """Its files in `root`, whole and checked; the folder. links: "auto" (share blocks, else hard links,
        which are read-only, else copies) or "copy"; RUNSTONE_LINKS where it is not given."""
        target = os.path.abspath(os.fspath(root)) if root is not None else self.default_root
        entries = [entry for entry in self.entries() if entry.path.startswith(path_prefix)]
        self.fetch(
            entries,
            target,
            allow_missing_references=allow_missing_references,
            use_cache=use_cache,
            links=links,
        )
        if target not in self._roots:
            self._roots.append(target)
        return target

    def fetch(
        self,
        entries: Sequence[Entry],
        root: str,
        *,
        allow_missing_references: bool = False,
        use_cache: bool = True,
        links: str | None = None,
    ) -> Downloaded:
        """Some of its files into `root`; what was done. Raises BadAnswer where bytes are not right."""
        from runstone.client.artifact_download import Download

        chosen = links or os.environ.get("RUNSTONE_LINKS") or "auto"
        if chosen not in _LINKS:
            raise Misuse(f"links is one of {', '.join(_LINKS)}; met {chosen!r}.")
        calls, name = self._client.artifacts, f"@{self.record.id}"
        work = Download(
            lambda path, start, etag: calls.file(
                self.entity, self.project, name, path, start=start, etag=etag
            ),
            open_files=lambda paths: calls.files_together(self.entity, self.project, name, paths),
            links=chosen,  # type: ignore[arg-type]
            use_cache=use_cache,
            allow_missing_references=allow_missing_references,
        )
        return work.run(entries, root)

    def download_file(self, path: str, root: str | None = None, *, use_cache: bool = True) -> str:
        """One file; where it is then. Raises KeyError."""
        entry = next((entry for entry in self.entries() if entry.path == path), None)
        if entry is None:
            raise KeyError(f"{self.record.name} has no file {path!r}.")
        target = os.path.abspath(root) if root is not None else self.default_root
        self.fetch([entry], target, use_cache=use_cache)
        return os.path.join(target, *path.split("/"))

    def file(self, root: str | os.PathLike[str] | None = None) -> str:
        """Its only file. Raises ValueError."""
        entries = self.entries()
        if len(entries) != 1:
            raise ValueError(
                f"{self.record.name} holds {len(entries)} files, not one. Use download() or get_entry()."
            )
        return self.download_file(entries[0].path, os.fspath(root) if root is not None else None)

    def checkout(self, root: str | os.PathLike[str] | None = None) -> str:
        """As `download`; files there that it does not hold are removed. Raises ValueError for a folder
        that one works or lives in, of which that is never meant: the current one, the home, and above."""
        from runstone.client.artifact_differences import holding
        from runstone.content.trees import walk

        if root is not None:
            _check_may_be_emptied(os.path.realpath(root))
        target = self.download(root)
        is_mine = holding(self.entries())
        for found in walk(target):
            if not is_mine(found.path):
                os.unlink(found.local)
        for folder, _, _ in os.walk(target, topdown=False):
            if folder != target and not os.listdir(folder):
                os.rmdir(folder)
        return target

    def differences(self, root: str | os.PathLike[str] | None = None) -> Differences:
        """Between a folder it was downloaded to and what it holds, every file hashed anew."""
        from runstone.client.artifact_differences import compare

        place = root if root is not None else (self._roots[-1] if self._roots else self.default_root)
        return compare(os.path.abspath(os.fspath(place)), self.entries())

    def verify(self, root: str | os.PathLike[str] | None = None) -> None:
        """Raises ValueError naming the files that differ, lack, or are too many."""
        different = self.differences(root)
        if different:
            raise ValueError(f"{self.record.name} is not what lies there: {different.words()}")

    def damaged(self) -> list[str]:
        """Read every file from the server and hash it; paths whose bytes are not right."""
        import hashlib

        from runstone.client.errors import ClientError, ServerAway

        bad = []
        for entry in self.entries():
            if entry.reference is not None:
                continue
            digest = hashlib.sha256()
            try:
                with self._client.artifacts.file(
                    self.entity, self.project, f"@{self.record.id}", entry.path
                ) as answer:
                    for chunk in answer.iter_bytes():
                        digest.update(chunk)
            except ClientError as error:
                if isinstance(error, ServerAway) or getattr(error, "status", 0) in (401, 403, 429):
                    raise
                bad.append(entry.path)
                continue
            if digest.digest() != entry.sha256:
                bad.append(entry.path)
        return bad


def _check_may_be_emptied(folder: str) -> None:
    for kept in (os.getcwd(), os.path.expanduser("~")):
        if Path(os.path.realpath(kept)).is_relative_to(folder):
            raise ValueError(
                f"checkout() removes all other files of the folder, and {kept} lies in {folder}. Give it a "
                "folder of its own, or use download(), which removes nothing."
            )


def entry_of(record: EntryRecord) -> Entry:
    """A server's entry as this host's."""
    if not record.ref:
        return Entry(record.path, record.size, bytes.fromhex(record.sha256) if record.sha256 else NO_DIGEST)
    extra = dict(record.extra or {})
    size = -1 if extra.pop("size_unknown", False) else record.size
    sha256 = extra.pop("sha256", "") or record.sha256
    digest = bytes.fromhex(sha256) if sha256 else NO_DIGEST
    return Entry(record.path, size, digest, Reference(record.ref, record.digest, extra))
