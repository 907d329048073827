"""A version's files as a script sees them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from runstone.content.manifest import NO_DIGEST, Entry

if TYPE_CHECKING:
    from runstone.sdk.artifacts.state import ArtifactState


class ArtifactManifestEntry:
    """One file. path: its name in the artifact. digest: SHA-256 (hex), or what a reference's own place
    says. ref: where a reference points. size: bytes."""

    def __init__(self, artifact: ArtifactState, path: str, entry: Entry | None = None) -> None:
        self._artifact = artifact
        self._found = entry
        self.path = path

    def _entry(self) -> Entry:
        if self._found is None:
            self._found = self._artifact.manifest.entry(self.path)._found
        assert self._found is not None
        return self._found

    @property
    def name(self) -> str:
        return self.path

    @property
    def size(self) -> int | None:
        size = self._entry().size
        return size if size >= 0 else None

    @property
    def sha256(self) -> str:
        """ "" for a reference whose bytes were not read."""
        entry = self._entry()
        return entry.sha256.hex() if entry.sha256 != NO_DIGEST else ""

    @property
    def digest(self) -> str:
        entry = self._entry()
        return entry.reference.digest if entry.reference is not None else entry.sha256.hex()

    @property
    def ref(self) -> str | None:
        entry = self._entry()
        return entry.reference.uri if entry.reference is not None else None

    @property
    def extra(self) -> dict[str, Any]:
        entry = self._entry()
        return dict(entry.reference.extra) if entry.reference is not None else {}

    @property
    def local_path(self) -> str | None:
        draft = self._artifact._draft
        return draft.local_of(self.path) if draft is not None else None

    def ref_target(self) -> str:
        """Raises ValueError for what is no reference."""
        ref = self.ref
        if ref is None:
            raise ValueError(f"File {self.path!r} lies in the artifact itself.")
        return ref

    def ref_url(self) -> str:
        return f"runstone-artifact://{self._artifact._logged('ref_url()').id}/{self.path}"

    def download(self, root: str | None = None, skip_cache: bool | None = None) -> str:
        """Bring this file to `root`; its path there."""
        version = self._artifact._logged("download()")
        return version.download_file(self.path, root, use_cache=not skip_cache)

    def __repr__(self) -> str:
        return f"<ArtifactManifestEntry {self.path!r}>"


class ArtifactManifest:
    """Entries by path."""

    def __init__(self, artifact: ArtifactState, entries: Iterable[Entry]) -> None:
        self._artifact = artifact
        self._entries = {entry.path: entry for entry in entries}

    @property
    def entries(self) -> dict[str, ArtifactManifestEntry]:
        return {
            path: ArtifactManifestEntry(self._artifact, path, entry)
            for path, entry in sorted(self._entries.items())
        }

    def entry(self, path: str) -> ArtifactManifestEntry:
        """Raises KeyError."""
        entry = self._entries.get(path)
        if entry is None:
            raise KeyError(f"Artifact {self._artifact.name!r} has no file {path!r}.")
        return ArtifactManifestEntry(self._artifact, path, entry)

    def get_entry_by_path(self, path: str) -> ArtifactManifestEntry | None:
        entry = self._entries.get(path)
        return ArtifactManifestEntry(self._artifact, path, entry) if entry is not None else None

    def get_entries_in_directory(self, folder: str) -> list[ArtifactManifestEntry]:
        prefix = folder.rstrip("/") + "/"
        return [entry for path, entry in self.entries.items() if path.startswith(prefix)]

    def __len__(self) -> int:
        return len(self._entries)
