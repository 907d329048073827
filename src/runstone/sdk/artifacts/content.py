"""What lies in an artifact: files, references, tables and media; added, removed and given back."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from runstone.sdk.artifacts.draft import Policy
from runstone.sdk.artifacts.facts import ArtifactFacts
from runstone.sdk.errors import UsageError

if TYPE_CHECKING:
    from runstone.sdk.artifacts.manifest import ArtifactManifestEntry

_NEW_MODES = ("x", "w", "xb", "wb", "xt", "wt", "x+", "w+", "xb+", "wb+", "x+b", "w+b")


class ArtifactContent(ArtifactFacts):
    """Part of `Artifact`."""

    def add_file(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        is_tmp: bool | None = False,
        skip_cache: bool | None = False,
        policy: Policy | None = None,
        overwrite: bool = False,
    ) -> ArtifactManifestEntry:
        """A file, under its own name unless another is given. Raises UsageError where it cannot be
        read, or the name could leave the folder it is placed in."""
        local = os.fspath(local_path)
        draft = self._drafting()
        path = draft.add_file(
            local, name or os.path.basename(local), self._policy_of(policy), replace=overwrite
        )
        return self._entry(path)

    def add_dir(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        skip_cache: bool | None = False,
        policy: Policy | None = None,
        merge: bool = False,
        *,
        follow_links: bool = False,
    ) -> None:
        """All files below a folder, under their paths there, within the folder `name` if given. Links
        that lead out of it are refused, unless follow_links."""
        self._drafting().add_dir(
            os.fspath(local_path),
            name or "",
            self._policy_of(policy),
            replace=merge,
            follow_links=follow_links,
        )

    @contextmanager
    def new_file(
        self, name: str, mode: str = "x", encoding: str | None = None, policy: Policy | None = None
    ) -> Iterator[IO[Any]]:
        """A file to be written: `with artifact.new_file("notes.txt") as file: file.write(…)`. It is
        added when the block ends well."""
        if mode not in _NEW_MODES:
            raise UsageError(
                f"new_file() writes a new file: mode is one of {', '.join(_NEW_MODES)}; met {mode!r}."
            )
        draft = self._drafting()
        binary = "b" in mode
        buffer: IO[Any] = io.BytesIO() if binary else io.StringIO(newline="")
        yield buffer
        content = buffer.getvalue()  # type: ignore[attr-defined]
        data = content if binary else content.encode(encoding or "utf-8")
        draft.add_bytes(data, name, replace="x" not in mode, scratch=self._folder())

    def add_bytes(self, data: bytes, name: str, *, overwrite: bool = False) -> ArtifactManifestEntry:
        """`data` as the file `name`."""
        path = self._drafting().add_bytes(data, name, replace=overwrite, scratch=self._folder())
        return self._entry(path)

    def add_reference(
        self,
        uri: str | ArtifactManifestEntry,
        name: str | None = None,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> Sequence[ArtifactManifestEntry]:
        """Point at files that stay where they are: file:, s3:, gs:, az:, http(s):, hf: (a Hugging Face
        revision), or a .dvc file or file of Git LFS by its path. With checksum, what the place says of
        them (version id, etag, size, checksum) is asked with this user's own rights and kept."""
        from runstone.client.references import resolve

        target = uri if isinstance(uri, str) else uri.ref_url()
        draft = self._drafting()
        added = []
        for path, size, reference, digest in resolve(
            target, name, checksum=checksum, objects_max=max_objects, cache=draft.cache
        ):
            added.append(self._entry(draft.add_reference(path, size, reference, digest)))
        return added

    def add(self, obj: Any, name: str, overwrite: bool = False) -> ArtifactManifestEntry:
        """A table or a medium (Image, Audio, …) as an entry that `get` gives back; a data frame as
        Parquet, with its schema."""
        from runstone.sdk.artifacts.objects import add_object

        path = add_object(self, obj, name, overwrite)
        self._added[id(obj)] = (obj, path)
        return self._entry(path)

    def __setitem__(self, name: str, obj: Any) -> None:
        self.add(obj, name)

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def get(self, name: str) -> Any:
        """What `add` was given under this name: a Table, an Image, …; None where there is none."""
        from runstone.sdk.artifacts.objects import get_object

        for obj, path in self._added.values():
            if path == name or path.startswith(name + "."):
                return obj
        return get_object(self, name)

    def remove(self, item: str | os.PathLike[str] | ArtifactManifestEntry) -> None:
        """An entry, or all below a folder. Raises FileNotFoundError."""
        path = item if isinstance(item, str) else getattr(item, "path", None) or os.fspath(item)  # type: ignore[arg-type]
        if not self._drafting().remove(str(path)):
            raise FileNotFoundError(f"Artifact {self._name!r} has no file {path!r}.")

    def get_added_local_path_name(self, local_path: str) -> str | None:
        """The entry's path of a file that was added from `local_path`; None for none."""
        return self._draft.path_of(os.path.abspath(local_path)) if self._draft is not None else None

    def get_entry(self, name: str | os.PathLike[str]) -> ArtifactManifestEntry:
        """Raises KeyError."""
        return self.manifest.entry(os.fspath(name))

    get_path = get_entry

    def _folder(self) -> str:
        """For files that have no other place yet; gone with this object."""
        if not self._scratch:
            import shutil
            import tempfile
            import weakref

            self._scratch = tempfile.mkdtemp(prefix="runstone-artifact-")
            weakref.finalize(self, shutil.rmtree, self._scratch, True)
        return self._scratch
